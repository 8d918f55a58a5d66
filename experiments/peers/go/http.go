package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
)

func orEnd(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go_peer:", err)
		os.Exit(2)
	}
}

func answerWith(body []byte, kind string) http.HandlerFunc {
	length := strconv.Itoa(len(body))
	return func(to http.ResponseWriter, _ *http.Request) {
		to.Header().Set("Content-Type", kind)
		to.Header().Set("Content-Length", length)
		to.Write(body)
	}
}

// "hello" by net/http with its defaults, on one processor. Says where it listens, and ends with a signal.
// Or, by further words: body FILE, from memory; file FILE, opened for each request; tls FILE CERTIFICATE KEY, from
// memory over TLS 1.3, without tickets.
func serveHTTP(port string, how []string) {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	orEnd(err)
	hello := []byte("hello")
	handler := http.HandlerFunc(func(to http.ResponseWriter, _ *http.Request) {
		to.Header().Set("Content-Type", "text/plain; charset=utf-8")
		to.Write(hello)
	})
	if len(how) > 1 && how[0] == "file" {
		handler = func(to http.ResponseWriter, asked *http.Request) {
			to.Header().Set("Content-Type", "application/octet-stream")
			http.ServeFile(to, asked, how[1])
		}
	} else if len(how) > 1 {
		body, err := os.ReadFile(how[1])
		orEnd(err)
		handler = answerWith(body, "application/octet-stream")
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	if len(how) > 3 && how[0] == "tls" {
		with := &tls.Config{MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true}
		// The load goes while some shake hands.
		quiet := log.New(io.Discard, "", 0)
		server := http.Server{Handler: handler, TLSConfig: with, ErrorLog: quiet}
		orEnd(server.ServeTLS(listener, how[2], how[3]))
	}
	http.Serve(listener, handler)
}
