// Files in the page cache and names in Go, by goroutines: a call that blocks needs no pool of the program's own.
// Usage: go_peer read FILE BYTES GOROUTINES READS | size FILE COUNT | lookup go/getaddrinfo COUNT
package main

import (
	"context"
	"encoding/binary"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

func opened(path string) (*os.File, int) {
	file, err := os.Open(path)
	if err != nil {
		refuse(err.Error())
	}
	status, err := file.Stat()
	if err != nil {
		refuse(err.Error())
	}
	return file, int(status.Size())
}

// Bytes of so many reads that are those of their offsets. Each word of the file says where it stands.
func readOne(file *os.File, size, bytes, reads int, seed uint64) int {
	const page = 4096
	into := make([]byte, bytes)
	random := numbers(seed)
	sum := 0
	for i := 0; i < reads; i++ {
		offset := random.next() % uint64((size-bytes)/page+1) * page
		got, err := file.ReadAt(into, int64(offset))
		last := bytes - 8
		if err == nil && binary.LittleEndian.Uint64(into) == offset &&
			binary.LittleEndian.Uint64(into[last:]) == offset+uint64(last) {
			sum += got
		}
	}
	return sum
}

func readAll(path string, bytes, tasks, reads int) {
	file, size := opened(path)
	run := func(reads int) int {
		var all sync.WaitGroup
		var sum int64
		all.Add(tasks)
		for seed := 1; seed <= tasks; seed++ {
			go func(seed uint64) {
				atomic.AddInt64(&sum, int64(readOne(file, size, bytes, reads/tasks, seed)))
				all.Done()
			}(uint64(seed))
		}
		all.Wait()
		return int(sum)
	}
	run(reads / 10)
	start := time.Now()
	sum := run(reads)
	report(time.Since(start), reads, sum)
}

func sizes(path string, count int) {
	file, _ := opened(path)
	direct(count, func() int {
		status, err := file.Stat()
		if err != nil {
			return 0
		}
		return int(status.Size())
	})
}

func builtWithCgo() bool {
	built, known := debug.ReadBuildInfo()
	if !known {
		return false
	}
	for _, setting := range built.Settings {
		if setting.Key == "CGO_ENABLED" {
			return setting.Value == "1"
		}
	}
	return false
}

// "go": Go's own resolver, which keeps /etc/hosts in memory; "getaddrinfo": the C library's, each time.
func lookups(how string, count int) {
	wanted := map[string]string{"go": "netdns=go", "getaddrinfo": "netdns=cgo"}[how]
	if wanted == "" {
		refuse("lookup go or lookup getaddrinfo")
	}
	if how == "getaddrinfo" && !builtWithCgo() {
		refuse("this Go has no getaddrinfo: it was built without cgo")
	}
	os.Setenv("GODEBUG", wanted) // Read with the first lookup.
	direct(count, func() int {
		found, err := net.DefaultResolver.LookupHost(context.Background(), "localhost")
		if err != nil || len(found) == 0 {
			return 0
		}
		for _, one := range found {
			if !net.ParseIP(one).IsLoopback() {
				return 0
			}
		}
		return 1
	})
}
