// Sleeps in Go: what they cost the processor, what making and stopping costs, and how late they are.
// Usage: go_peer sleeps N | timeout ready/yield COUNT | cancel COUNT | lateness COUNT
package main

import (
	"fmt"
	"runtime"
	"sort"
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
