// Senders that are parked on one channel of Go: drained, and beside one that gives up.
// Usage: go_peer parked CAPACITY SENDERS | given_up SENDERS RACES
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A full channel, and goroutines that each wait to send one value to it.
func park(capacity, senders int, all *sync.WaitGroup) chan uint64 {
	through := make(chan uint64, capacity)
	for i := 0; i < capacity; i++ {
		through <- 1
	}
	var arrived int64
	all.Add(senders)
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
	return through
}

// Once all wait, one goroutine receives what they and the channel hold.
func parked(capacity, senders int) {
	var all sync.WaitGroup
	before := residentBytes()
	through := park(capacity, senders, &all)
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
	also := fmt.Sprintf("\"resident_bytes_per_sender\": %g, \"until_all_ended_ns\": %g", bytes, ended)
	fmt.Printf("{\"value\": %g, \"answer\": %d, \"also\": {%s}}\n", drained, sum, also)
}

// One more that waits to send, in a select whose other arm wins once both wait: another goroutine makes it ready then.
func givenUp(senders, races int) {
	var all sync.WaitGroup
	through := park(1, senders, &all)
	ask, other := make(chan struct{}, 1), make(chan struct{})
	go func() {
		for range ask {
			other <- struct{}{}
		}
	}()
	sent := 0
	race := func(count int) {
		for i := 0; i < count; i++ {
			ask <- struct{}{}
			select {
			case through <- 1:
				sent++
			case <-other:
			}
		}
	}
	race(races / 10)
	start := time.Now()
	race(races)
	elapsed := time.Since(start)
	close(ask)
	sum := 0
	for i := 0; i < senders+1; i++ {
		sum += int(<-through)
	}
	all.Wait()
	if sent != 0 {
		sum = 0
	}
	report(elapsed, races, sum)
}
