// The eighteen operations in Go. Usage: go_peer op NAME COUNT [PROCESSORS]
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// once() count times, after a tenth of it to warm up; the answers are added up.
func direct(count int, once func() int) {
	for i := 0; i < count/10; i++ {
		once()
	}
	sum := 0
	start := time.Now()
	for i := 0; i < count; i++ {
		sum += once()
	}
	report(time.Since(start), count, sum)
}

func sends(count int, receive bool) {
	values := make(chan uint64, count)
	sum := 0
	start := time.Now()
	for i := 0; i < count; i++ {
		values <- 1
		sum++
	}
	if receive {
		sum = 0
		start = time.Now()
		for i := 0; i < count; i++ {
			sum += int(<-values)
		}
	}
	report(time.Since(start), count, sum)
}

func broadcasts(count int) {
	var subscribers [4]chan uint64
	for i := range subscribers {
		subscribers[i] = make(chan uint64, count)
	}
	sum := 0
	start := time.Now()
	for i := 0; i < count; i++ {
		for _, to := range subscribers {
			to <- 1
		}
	}
	for _, from := range subscribers {
		for i := 0; i < count; i++ {
			sum += int(<-from)
		}
	}
	report(time.Since(start), count, sum/4)
}

// Goroutines that each do body(me) so many times, started and joined in the timed part.
func together(counts []int, suspends bool, take func(int), give func(int)) {
	run := func() int64 {
		var counted int64
		var all sync.WaitGroup
		all.Add(len(counts))
		for me, count := range counts {
			go func(me, count int) {
				for i := 0; i < count; i++ {
					take(me)
					atomic.AddInt64(&counted, 1)
					if suspends {
						runtime.Gosched()
					}
					give(me)
				}
				all.Done()
			}(me, count)
		}
		all.Wait()
		return counted
	}
	run()
	start := time.Now()
	counted := run()
	report(time.Since(start), int(counted), int(counted))
}

func same(times, count int) []int {
	counts := make([]int, times)
	for i := range counts {
		counts[i] = count
	}
	return counts
}

func operation(name string, count int) {
	var mutex sync.Mutex
	var either sync.RWMutex
	const suffix = "_suspended"
	suspends := len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix
	switch name {
	case "mutex":
		direct(count, func() int { mutex.Lock(); mutex.Unlock(); return 1 })
	case "rwlock_read":
		direct(count, func() int { either.RLock(); either.RUnlock(); return 1 })
	case "rwlock_write":
		direct(count, func() int { either.Lock(); either.Unlock(); return 1 })
	case "semaphore":
		permits := make(chan struct{}, 10)
		direct(count, func() int { permits <- struct{}{}; <-permits; return 1 })
	case "once_get":
		var once sync.Once
		value := 0
		direct(count, func() int { once.Do(func() { value = 1 }); return value })
	case "once_set":
		direct(count, func() int { once := new(sync.Once); value := 0; once.Do(func() { value = 1 }); return value })
	case "notify":
		notice := make(chan struct{}, 1)
		direct(count, func() int { notice <- struct{}{}; <-notice; return 1 })
	case "notify_made":
		direct(count, func() int { notice := make(chan struct{}, 1); notice <- struct{}{}; <-notice; return 1 })
	case "send", "recv":
		sends(count, name == "recv")
	case "roundtrip":
		one := make(chan uint64, 1)
		direct(count, func() int { one <- 1; return int(<-one) })
	case "oneshot":
		direct(count, func() int { one := make(chan uint64, 1); one <- 1; return int(<-one) })
	case "broadcast":
		broadcasts(count)
	case "watch":
		var value atomic.Pointer[uint64]
		direct(count, func() int { next := uint64(1); value.Store(&next); return int(*value.Load()) })
	case "mpmc", "mpmc_suspended":
		mpmc(1000, count, suspends)
	case "mutex_contended", "mutex_contended_suspended":
		together(same(4, count/4), suspends, func(int) { mutex.Lock() }, func(int) { mutex.Unlock() })
	case "rwlock_contended", "rwlock_contended_suspended":
		together(same(6, 1666), suspends, func(me int) {
			if me < 4 {
				either.RLock()
			} else {
				either.Lock()
			}
		}, func(me int) {
			if me < 4 {
				either.RUnlock()
			} else {
				either.Unlock()
			}
		})
	case "semaphore_contended", "semaphore_contended_suspended":
		permits := make(chan struct{}, 2)
		together(same(8, count/8), suspends, func(int) { permits <- struct{}{} }, func(int) { <-permits })
	default:
		fmt.Fprintln(os.Stderr, "go_peer: unknown operation", name)
		os.Exit(2)
	}
}
