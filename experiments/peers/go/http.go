package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
)

// "hello" by net/http with its defaults, on one processor. Says where it listens, and ends with a signal.
func serveHTTP(port string) {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, "go_peer:", err)
		os.Exit(2)
	}
	hello := []byte("hello")
	http.HandleFunc("/", func(to http.ResponseWriter, _ *http.Request) {
		to.Header().Set("Content-Type", "text/plain; charset=utf-8")
		to.Write(hello)
	})
	fmt.Printf("listening on %s\n", listener.Addr())
	http.Serve(listener, nil)
}
