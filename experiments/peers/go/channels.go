// Messages through channels of Go, and what many channels take.
// Usage: go_peer channel TRIPS [PROCESSORS] | conversation CAPACITY PRODUCERS PAIRS MESSAGES PROCESSORS
// | mpmc CAPACITY MESSAGES PROCESSORS | held COUNT
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// One goroutine asks, another answers, each through a channel of one.
func channel(trips int) {
	requests, replies := make(chan int, 1), make(chan int, 1)
	go func() {
		for got := range requests {
			replies <- got + 1
		}
	}()
	converse := func(count int) int {
		sum := 0
		for i := 0; i < count; i++ {
			requests <- i
			sum += <-replies - i
		}
		return sum
	}
	converse(1000)
	start := time.Now()
	sum := converse(trips)
	report(time.Since(start), trips, sum)
}

// Four senders and four receivers on one channel; a receiver may let others run after each message.
func mpmc(capacity, count int, suspends bool) {
	run := func() int64 {
		through := make(chan uint64, capacity)
		var senders, receivers sync.WaitGroup
		var sum int64
		senders.Add(4)
		receivers.Add(4)
		for i := 0; i < 4; i++ {
			go func() {
				for m := 0; m < count/4; m++ {
					through <- 1
				}
				senders.Done()
			}()
			go func() {
				own := int64(0)
				for value := range through {
					own += int64(value)
					if suspends {
						runtime.Gosched()
					}
				}
				atomic.AddInt64(&sum, own)
				receivers.Done()
			}()
		}
		senders.Wait()
		close(through)
		receivers.Wait()
		return sum
	}
	run()
	start := time.Now()
	sum := run()
	report(time.Since(start), count, int(sum))
}

// Pairs of channels, each with producers and one consumer.
func conversation(capacity, producers, pairs, messages int) {
	run := func() int64 {
		var sum int64
		var sent, received sync.WaitGroup
		channels := make([]chan uint64, pairs)
		sent.Add(pairs * producers)
		received.Add(pairs)
		for i := range channels {
			channels[i] = make(chan uint64, capacity)
			go func(from chan uint64) {
				own := int64(0)
				for value := range from {
					own += int64(value)
				}
				atomic.AddInt64(&sum, own)
				received.Done()
			}(channels[i])
			for p := 0; p < producers; p++ {
				go func(to chan uint64) {
					for n := 0; n < messages/pairs/producers; n++ {
						to <- 1
					}
					sent.Done()
				}(channels[i])
			}
		}
		sent.Wait()
		for _, channel := range channels {
			close(channel)
		}
		received.Wait()
		return sum
	}
	run()
	start := time.Now()
	sum := run()
	report(time.Since(start), messages, int(sum))
}

// Channels of capacity 1, each with a pointer in it: what the resident memory grows by.
func held(count int) {
	one := 1
	same := make(chan *int, 1)
	channels := make([]chan *int, count)
	for i := range channels {
		channels[i] = same // Touched before the first reading.
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resident := residentBytes()
	for i := range channels {
		channels[i] = make(chan *int, 1)
		channels[i] <- &one
	}
	resident = residentBytes() - resident
	runtime.ReadMemStats(&after)
	each := func(total float64) float64 { return total / float64(count) }
	sum := 0
	for _, from := range channels {
		sum += *<-from
	}
	fmt.Printf("{\"value\": %g, \"answer\": %d, \"also\": {\"asked_for_bytes\": %g, \"asked_for_blocks\": %g}}\n",
		each(resident), sum, each(float64(after.TotalAlloc-before.TotalAlloc)), each(float64(after.Mallocs-before.Mallocs)))
}
