// "hello" by Go's net/http, as a peer: http.Server with its defaults, GOMAXPROCS 1.
//
//	http_go <port>
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
)

func main() {
	runtime.GOMAXPROCS(1)
	port := "0"
	if len(os.Args) > 1 {
		port = os.Args[1]
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	hello := []byte("hello")
	http.HandleFunc("/", func(to http.ResponseWriter, _ *http.Request) {
		to.Header().Set("Content-Type", "text/plain; charset=utf-8")
		to.Write(hello)
	})
	fmt.Println("listening on", listener.Addr())
	http.Serve(listener, nil)
}
