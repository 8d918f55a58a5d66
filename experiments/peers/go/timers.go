// Sleeps in Go: what they cost the processor, what making and stopping costs, and how late they are; and senders that
// are parked on one channel. Usage: go_peer sleeps N | timeout ready/yield COUNT | cancel COUNT | lateness COUNT
// | parked CAPACITY SENDERS
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func cpu() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return float64(used.Utime.Nano() + used.Stime.Nano())
}

// The same sequence in every contender: numbers in 0 … 2^31 - 1.
type numbers uint64

func (n *numbers) next() uint64 {
	*n = *n*6364136223846793005 + 1442695040888963407
	return uint64(*n) >> 33
}

func sleepsOf(count int, sleeps bool) (float64, int64) {
	random := numbers(1)
	var all sync.WaitGroup
	var sum int64
	all.Add(count)
	start := cpu()
	for i := 0; i < count; i++ {
		duration := time.Duration(random.next() * 1_000_000_000 >> 31)
		go func() {
			if sleeps {
				time.Sleep(duration)
			}
			atomic.AddInt64(&sum, 1)
			all.Done()
		}()
	}
	all.Wait()
	return (cpu() - start) / float64(count), sum
}

func sleeps(count int) {
	sleepsOf(count, false)
	bare, _ := sleepsOf(count, false)
	each, sum := sleepsOf(count, true)
	fmt.Printf("{\"value\": %g, \"answer\": %d, \"also\": {\"cpu_ns_without_the_sleep\": %g}}\n", each, sum, bare)
}

func timeouts(kind string, count int) {
	ready := make(chan int, 1)
	direct(count, func() int {
		limit := time.NewTimer(time.Second)
		if kind == "yield" {
			runtime.Gosched()
		}
		ready <- 1
		got := 0
		select {
		case got = <-ready:
		case <-limit.C:
		}
		limit.Stop()
		return got
	})
}

func cancels(count int) {
	direct(count, func() int {
		if time.NewTimer(time.Hour).Stop() {
			return 1
		}
		return 0
	})
}

func lateness(count int) {
	random := numbers(1)
	late := make([]float64, 0, count)
	early := 0
	for i := 0; i < count; i++ {
		duration := time.Duration(500_000 + random.next()%1_000_000)
		start := time.Now()
		time.Sleep(duration)
		by := float64((time.Since(start) - duration).Nanoseconds()) / 1000
		if by < 0 {
			early++
		}
		late = append(late, by)
	}
	sort.Float64s(late)
	at := func(share float64) float64 { return late[int(float64(count-1)*share)] }
	fmt.Printf("{\"value\": %g, \"answer\": %d, \"also\": {\"p99_us\": %g, \"most_us\": %g, \"early\": %d}}\n",
		at(0.5), count, at(0.99), at(1), early)
}

func residentBytes() float64 {
	file, err := os.Open("/proc/self/smaps_rollup")
	if err != nil {
		panic(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if words := strings.Fields(lines.Text()); words[0] == "Rss:" {
			kilobytes, _ := strconv.ParseFloat(words[1], 64)
			return kilobytes * 1024
		}
	}
	panic("no Rss")
}

// Senders that all wait on one full channel; then one goroutine receives as many messages as there are senders.
func parked(capacity, senders int) {
	through := make(chan uint64, capacity)
	for i := 0; i < capacity; i++ {
		through <- 1
	}
	var all sync.WaitGroup
	var arrived int64
	all.Add(senders)
	before := residentBytes()
	for i := 0; i < senders; i++ {
		go func() {
			atomic.AddInt64(&arrived, 1)
			through <- 1
			all.Done()
		}()
	}
	for atomic.LoadInt64(&arrived) < int64(senders) {
		runtime.Gosched()
	}
	bytes := (residentBytes() - before) / float64(senders)
	messages := senders + capacity
	sum := uint64(0)
	start := time.Now()
	for i := 0; i < messages; i++ {
		sum += <-through
	}
	drained := float64(time.Since(start).Nanoseconds()) / float64(messages)
	all.Wait()
	ended := float64(time.Since(start).Nanoseconds()) / float64(messages)
	fmt.Printf("{\"value\": %g, \"answer\": %d, \"also\": {\"resident_bytes_per_sender\": %g, \"until_all_ended_ns\": %g}}\n",
		drained, sum, bytes, ended)
}
