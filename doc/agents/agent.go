// An agent that speaks PIPE/2 (doc/protocol.md, section 7), as an example: connects a public mapping's visitors to a
// target. HTTP/2 is golang.org/x/net's server. On Debian 12, with golang-go and golang-golang-x-net-dev:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build agent.go
//	IOFOG_AGENT_PASSCODE=... ./agent --host connector.example --port 6000 --target localhost:8080
//
// --plain is for a Connector without TLS; with SSL_CERT_FILE=ca.pem in the environment, that CA is trusted. What the
// library can't do: when the target closes its sending side, the stream is over, and what its visitor still says is
// lost; and RST_STREAM has INTERNAL_ERROR, not CANCEL, which is all the same to Connector. Its requests aren't checked.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os"
	"regexp"
	"time"

	"golang.org/x/net/http2"
)

var (
	timeout          = 8 * time.Second // for Connector's greeting, and for the target: Connector waits 10 s for the answer
	host             = flag.String("host", "", "Connector's `address`")
	port             = flag.String("port", "", "`port` of the mapping's agents")
	target           = flag.String("target", "", "`HOST:PORT` that visitors are connected to")
	plain            = flag.Bool("plain", false, "without TLS")
	errWrongPasscode = errors.New("Connector answers: wrong passcode")
	authorized       = regexp.MustCompile(`^AUTHORIZED/2 (?:.* )?heartbeat=(\d+)`)
	// A stream is held up by its own window only: the connection's is as large as can be.
	server = http2.Server{MaxUploadBufferPerStream: 256 << 10, MaxUploadBufferPerConnection: 1<<31 - 1}
)

func main() {
	flag.Parse()
	rand.Seed(time.Now().UnixNano())
	for pause := time.Second; ; pause *= 2 {
		c, err := connect()
		if err == nil {
			log.Print("authorized")
			pause = time.Second
			go func() { server.ServeConn(c, &http2.ServeConnOpts{Handler: http.HandlerFunc(serve)}); c.over <- io.EOF }()
			err = <-c.over
		}
		log.Print("dials again: ", err)
		if pause > time.Minute || err == errWrongPasscode { // which won't become right by itself
			pause = time.Minute
		}
		time.Sleep(pause/2 + time.Duration(rand.Int63n(int64(pause/2))))
	}
}

// connect returns when Connector has said AUTHORIZED/2.
func connect() (*connection, error) {
	socket, err := net.DialTimeout("tcp", net.JoinHostPort(*host, *port), timeout)
	if err != nil {
		return nil, err
	} else if !*plain {
		socket = tls.Client(socket, &tls.Config{ServerName: *host})
	}
	socket.SetDeadline(time.Now().Add(timeout))
	fmt.Fprintf(socket, "PIPE/2 %s\n", os.Getenv("IOFOG_AGENT_PASSCODE"))
	reader := bufio.NewReader(socket)
	line, err := reader.ReadString('\n')
	answer := authorized.FindStringSubmatch(line)
	if answer == nil {
		socket.Close()
		if line == "REFUSED wrong passcode\n" {
			return nil, errWrongPasscode
		}
		return nil, fmt.Errorf("Connector answers %q, %v", line, err)
	}
	socket.SetDeadline(time.Time{})
	silence, err := time.ParseDuration(answer[1] + "ms")
	return &connection{Conn: socket, reader: reader, silence: silence, over: make(chan error, 2)}, err
}

// connection does what the library's server doesn't: it sends PING, and tells of GOAWAY.
type connection struct {
	net.Conn
	reader  io.Reader
	silence time.Duration // after which the connection is given up; 0: any
	over    chan error    // says why another connection is needed
	unsent  []byte        // a frame's beginning
	pinged  time.Time
}

func (c *connection) Read(buffer []byte) (int, error) {
	if c.silence > 0 {
		c.SetReadDeadline(time.Now().Add(c.silence))
	}
	return c.reader.Read(buffer)
}

// Write sends whole frames, and PING between two, now and then. While nothing is written, PING comes from Connector.
func (c *connection) Write(data []byte) (int, error) {
	c.unsent = append(c.unsent, data...)
	for {
		frame, err := http2.ReadFrameHeader(bytes.NewReader(c.unsent))
		size := 9 + int(frame.Length)
		if err != nil || size > len(c.unsent) {
			return len(data), nil
		}
		if frame.Type == http2.FrameGoAway { // the server's answer to Connector's; streams that are open go on
			c.over <- fmt.Errorf("GOAWAY")
		}
		if _, err := c.Conn.Write(c.unsent[:size]); err != nil {
			return 0, err
		}
		c.unsent = c.unsent[size:]
		if c.silence > 0 && time.Since(c.pinged) > c.silence/3 {
			c.pinged = time.Now()
			http2.NewFramer(c.Conn, nil).WritePing(false, [8]byte{})
		}
	}
}

// serve connects one visitor to the target.
func serve(answer http.ResponseWriter, request *http.Request) {
	connection, err := net.DialTimeout("tcp", *target, timeout)
	if err != nil {
		answer.Header().Set("Pipe-Reason", "the target can't be reached: "+err.Error())
		answer.WriteHeader(502)
		return
	}
	tcp := connection.(*net.TCPConn)
	reset := func() { tcp.SetLinger(0); tcp.Close() }
	go func() { <-request.Context().Done(); reset() }() // when the visitor breaks off, and when all is over
	go func() {
		if _, err := io.Copy(tcp, request.Body); err != nil {
			reset()
		}
		tcp.CloseWrite()
	}()
	buffer := make([]byte, 32<<10)
	for n := 0; err == nil; n, err = tcp.Read(buffer) { // at first nothing, with status 200
		answer.Write(buffer[:n])
		answer.(http.Flusher).Flush()
	}
	if err != io.EOF {
		panic(http.ErrAbortHandler) // resets the stream
	}
	tcp.Close()
}
