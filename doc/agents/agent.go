// An agent that speaks PIPE/2, as an example: connects the visitors of a public mapping to a target.
//
//	IOFOG_AGENT_PASSCODE=... agent --host connector.example --port 6000 --target localhost:8080 --cafile ca.pem
//
// The protocol: doc/protocol.md, section 7. On Debian 12, with golang-go and golang-golang-x-net-dev:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build agent.go streams.go
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"net"
	"os"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/net/http2"
)

const (
	connectTimeout = 10 * time.Second // until Connector has said AUTHORIZED/2
	targetTimeout  = 8 * time.Second  // Connector waits 10 s for the answer
)

var (
	host   = flag.String("host", "", "Connector's `address`")
	port   = flag.Int("port", 0, "port of the mapping's agents")
	target = flag.String("target", "", "`HOST:PORT` that visitors are connected to")
	plain  = flag.Bool("plain", false, "without TLS")
	caFile = flag.String("cafile", "", "`file` with the CA of Connector's certificate, instead of the system's")

	authorized = regexp.MustCompile(`^AUTHORIZED/2 (?:.* )?heartbeat=(\d+)`)
	forwarded  = regexp.MustCompile(`^for="(\[[0-9a-fA-F:.]+\]|[0-9.]+):[0-9]+"`)
)

func main() {
	flag.Parse()
	rand.Seed(time.Now().UnixNano())
	stayConnected()
	select {} // after GOAWAY another one stays connected
}

func stayConnected() {
	for pause := time.Second; ; pause *= 2 {
		s, err := connect()
		if err == nil {
			log.Print("authorized")
			pause = time.Second
			replaced := false
			s.serve = serve
			s.goaway = func() {
				replaced = true // those who are here stay; new ones come over another connection
				go stayConnected()
			}
			err = s.run()
			if replaced {
				return
			}
		}
		log.Print("not connected: ", err)
		if pause > time.Minute {
			pause = time.Minute
		}
		time.Sleep(pause/2 + time.Duration(rand.Int63n(int64(pause/2))))
	}
}

// connect returns when Connector has said AUTHORIZED/2.
func connect() (*session, error) {
	address, dialer := net.JoinHostPort(*host, strconv.Itoa(*port)), &net.Dialer{Timeout: connectTimeout}
	var connection net.Conn
	var err error
	if *plain {
		connection, err = dialer.Dial("tcp", address)
	} else {
		config := &tls.Config{}
		if *caFile != "" {
			pem, err := os.ReadFile(*caFile)
			if err != nil {
				return nil, err
			}
			config.RootCAs = x509.NewCertPool()
			config.RootCAs.AppendCertsFromPEM(pem)
		}
		connection, err = tls.DialWithDialer(dialer, "tcp", address, config)
	}
	if err != nil {
		return nil, err
	}
	connection.SetDeadline(time.Now().Add(connectTimeout))
	fmt.Fprintf(connection, "PIPE/2 %s\n", os.Getenv("IOFOG_AGENT_PASSCODE"))
	reader := bufio.NewReader(connection)
	line, err := reader.ReadSlice('\n')
	answer := authorized.FindSubmatch(line)
	if err != nil || answer == nil {
		connection.Close()
		return nil, fmt.Errorf("Connector answers %q: %v", line, err)
	}
	connection.SetDeadline(time.Time{})
	heartbeat, err := strconv.Atoi(string(answer[1]))
	return &session{Conn: connection, reader: reader, silence: time.Duration(heartbeat) * time.Millisecond}, err
}

// serve connects one visitor to the target.
func serve(st *stream) {
	defer st.forget()
	if st.method != "CONNECT" || !forwarded.MatchString(st.forwarded) {
		st.answer(400, `not CONNECT with forwarded: for="ADDRESS:PORT"`)
		return
	}
	connection, err := (&net.Dialer{Timeout: targetTimeout}).DialContext(st, "tcp", *target)
	if err != nil {
		status := 502
		if failure, ok := err.(net.Error); ok && failure.Timeout() {
			status = 504
		}
		st.answer(status, "the target can't be reached: "+err.Error())
		return
	}
	tcp := connection.(*net.TCPConn)
	defer tcp.Close()
	go func() { // what waits for the target wakes up when the stream is reset
		<-st.Done()
		tcp.SetLinger(0)
		tcp.Close()
	}()
	st.answer(200, "")
	results := make(chan error)
	go func() { results <- relay(tcp, st) }()
	go func() { results <- relay(st, tcp) }()
	for i := 0; i < 2; i++ {
		if err := <-results; err != nil {
			tcp.SetLinger(0) // closing resets it
			st.session.reset(st.id, http2.ErrCodeCancel)
		}
	}
}
