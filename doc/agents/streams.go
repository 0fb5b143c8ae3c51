package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	maxStreams   = 1000
	streamWindow = 256 << 10 // bytes that may be received on a stream before they are read
)

var errReset = errors.New("the stream was reset")

// session serves streams on a connection. Frames and HPACK are golang.org/x/net's; its http2.Server doesn't do, as a
// handler there can't end its stream and go on reading.
type session struct {
	net.Conn
	reader  io.Reader     // of the connection
	silence time.Duration // of the other end, after which the connection is lost; 0: never
	serve   func(*stream) // called for each, in a goroutine of its own
	goaway  func()        // called when the other end opens no more streams
	ping    *time.Timer

	writing sync.Mutex // for what writes frames
	framer  *http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder

	mutex    sync.Mutex // for what follows and in streams; nobody waits for the network with it
	changed  *sync.Cond
	streams  map[uint32]*stream
	last     uint32 // that was opened
	window   int    // bytes that may be sent
	initial  int    // the same on a new stream
	received uint32 // bytes, since the window for them was updated
}

// stream can be read, written, and closed for writing, like a TCP connection. Its context ends when it is reset.
type stream struct {
	context.Context
	cancel            func()
	session           *session
	id                uint32
	method, forwarded string
	window            int // bytes that may be sent
	received          bytes.Buffer
	read              uint32 // bytes, since the window for them was updated
	ended             bool   // by the other end
}

// run returns when the connection is lost.
func (s *session) run() error {
	s.changed, s.streams, s.window, s.initial = sync.NewCond(&s.mutex), map[uint32]*stream{}, 65535, 65535
	s.encoder, s.framer = hpack.NewEncoder(&s.block), http2.NewFramer(s.Conn, s)
	s.framer.ReadMetaHeaders, s.framer.MaxHeaderListSize = hpack.NewDecoder(4096, nil), 8<<10
	s.ping = time.AfterFunc(1<<63-1, func() { s.write(func() error { return s.framer.WritePing(false, [8]byte{}) }) })
	defer s.end()

	s.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow},
		http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: maxStreams})
	s.framer.WriteWindowUpdate(0, 1<<31-1-65535) // only a stream's own window holds it up
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(s, preface); err != nil || string(preface) != http2.ClientPreface {
		return fmt.Errorf("no HTTP/2: %q, %v", preface, err)
	}
	for {
		frame, err := s.framer.ReadFrame()
		if err == nil {
			err = s.handle(frame)
		}
		switch failure := err.(type) {
		case nil:
		case http2.StreamError:
			s.reset(failure.StreamID, failure.Code)
		case http2.ConnectionError:
			s.write(func() error { return s.framer.WriteGoAway(s.last, http2.ErrCode(failure), nil) })
			return err
		default:
			return err
		}
	}
}

func (s *session) end() {
	s.ping.Stop()
	s.Close()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, st := range s.streams {
		st.cancel()
	}
	s.changed.Broadcast()
}

// Read is the framer's.
func (s *session) Read(buffer []byte) (int, error) {
	if s.silence > 0 {
		s.SetDeadline(time.Now().Add(s.silence))
		s.ping.Reset(s.silence / 3)
	}
	return s.reader.Read(buffer)
}

func (s *session) write(frame func() error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return frame()
}

func (s *session) handle(frame http2.Frame) error {
	reply := func() error { return nil }
	s.mutex.Lock()
	var failure error
	st := s.streams[frame.Header().StreamID]
	switch f := frame.(type) {
	case *http2.MetaHeadersFrame:
		if f.StreamID > s.last && len(s.streams) == maxStreams {
			failure = http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeRefusedStream}
		} else if f.StreamID > s.last {
			st = s.open(f)
		}
		if st != nil {
			st.ended = f.StreamEnded()
		}
	case *http2.DataFrame:
		if s.received += f.Length; s.received >= 1<<20 {
			size := s.received
			s.received = 0
			reply = func() error { return s.framer.WriteWindowUpdate(0, size) }
		}
		if st != nil {
			st.received.Write(f.Data())
			st.read += f.Length - uint32(len(f.Data())) // padding
			st.ended = f.StreamEnded()
			if st.received.Len() > streamWindow {
				failure = http2.ConnectionError(http2.ErrCodeFlowControl)
			}
		}
	case *http2.RSTStreamFrame:
		if st != nil {
			st.cancel()
		}
	case *http2.WindowUpdateFrame:
		if st != nil {
			st.window += int(f.Increment)
		} else if f.StreamID == 0 {
			s.window += int(f.Increment)
		}
	case *http2.SettingsFrame:
		if size, ok := f.Value(http2.SettingInitialWindowSize); ok {
			for _, st := range s.streams {
				st.window += int(size) - s.initial
			}
			s.initial = int(size)
		}
		if !f.IsAck() {
			reply = s.framer.WriteSettingsAck
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			reply = func() error { return s.framer.WritePing(true, f.Data) }
		}
	case *http2.GoAwayFrame:
		if f.ErrCode == http2.ErrCodeNo && s.goaway != nil {
			s.goaway()
			s.goaway = nil
		}
	}
	s.changed.Broadcast()
	s.mutex.Unlock()
	if failure != nil {
		return failure
	}
	return s.write(reply)
}

func (s *session) open(f *http2.MetaHeadersFrame) *stream {
	st := &stream{session: s, id: f.StreamID, method: f.PseudoValue("method"), window: s.initial}
	st.Context, st.cancel = context.WithCancel(context.Background())
	for _, field := range f.RegularFields() {
		if field.Name == "forwarded" {
			st.forwarded = field.Value
		}
	}
	s.last = st.id
	s.streams[st.id] = st
	go s.serve(st)
	return st
}

// reset breaks a stream off, unless it has been reset already. It may be unknown.
func (s *session) reset(id uint32, code http2.ErrCode) {
	s.mutex.Lock()
	st := s.streams[id]
	isOver := st != nil && st.Err() != nil
	if st != nil {
		st.cancel()
	}
	s.changed.Broadcast()
	s.mutex.Unlock()
	if !isOver {
		s.write(func() error { return s.framer.WriteRSTStream(id, code) })
	}
}

func (st *stream) forget() {
	st.session.mutex.Lock()
	defer st.session.mutex.Unlock()
	delete(st.session.streams, st.id)
	st.cancel()
}

// write is for frames of the stream: none may follow RST_STREAM.
func (st *stream) write(frame func() error) error {
	return st.session.write(func() error {
		if st.Err() != nil {
			return errReset
		}
		return frame()
	})
}

// answer ends the stream when a reason is given.
func (st *stream) answer(status int, reason string) error {
	s := st.session
	return st.write(func() error {
		s.block.Reset()
		s.encoder.WriteField(hpack.HeaderField{Name: ":status", Value: strconv.Itoa(status)})
		if reason != "" {
			s.encoder.WriteField(hpack.HeaderField{Name: "pipe-reason", Value: reason})
		}
		return s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: st.id, BlockFragment: s.block.Bytes(),
			EndHeaders: true, EndStream: reason != ""})
	})
}

// Read gives the window what it returned before, as that has been used by now.
func (st *stream) Read(buffer []byte) (int, error) {
	s := st.session
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if size := st.read; size >= streamWindow/4 {
		st.read = 0
		s.mutex.Unlock()
		err := st.write(func() error { return s.framer.WriteWindowUpdate(st.id, size) })
		s.mutex.Lock()
		if err != nil {
			return 0, err
		}
	}
	for st.received.Len() == 0 && !st.ended && st.Err() == nil {
		s.changed.Wait()
	}
	if st.Err() != nil {
		return 0, errReset
	}
	size, err := st.received.Read(buffer) // io.EOF when it is empty
	st.read += uint32(size)
	return size, err
}

func (st *stream) Write(data []byte) (int, error) {
	for rest := data; len(rest) > 0; {
		st.awaitWindow()
		sent := 0
		err := st.write(func() error {
			if sent = st.reserve(len(rest)); sent == 0 { // others were faster
				return nil
			}
			return st.session.framer.WriteData(st.id, false, rest[:sent])
		})
		if err != nil {
			return len(data) - len(rest), err
		}
		rest = rest[sent:]
	}
	return len(data), nil
}

func (st *stream) awaitWindow() {
	st.session.mutex.Lock()
	defer st.session.mutex.Unlock()
	for st.Err() == nil && (st.window <= 0 || st.session.window <= 0) {
		st.session.changed.Wait()
	}
}

// reserve returns how many bytes may be sent now, and counts them as sent.
func (st *stream) reserve(size int) int {
	st.session.mutex.Lock()
	defer st.session.mutex.Unlock()
	for _, limit := range []int{16384, st.window, st.session.window} {
		if size > limit {
			size = limit
		}
	}
	if size < 0 {
		return 0
	}
	st.window -= size
	st.session.window -= size
	return size
}

func (st *stream) CloseWrite() error {
	return st.write(func() error { return st.session.framer.WriteData(st.id, true, nil) })
}

type duplex interface {
	io.ReadWriter
	CloseWrite() error
}

// relay passes on what comes, and its end.
func relay(to, from duplex) error {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	return err
}
