// How Go's scheduler shares one processor, and whom a close and a select reach.
// Usage: go_peer let_go N | budget N | close N | select N
package main

import (
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Goroutines that nobody joins; the last that ends says so.
func letGo(count int) {
	run := func() int64 {
		left := int64(count)
		last := make(chan struct{})
		for i := 0; i < count; i++ {
			go func() {
				if atomic.AddInt64(&left, -1) == 0 {
					close(last)
				}
			}()
		}
		<-last
		return int64(count) - atomic.LoadInt64(&left)
	}
	run()
	start := time.Now()
	ended := run()
	report(time.Since(start), count, int(ended))
}

// A receiver whose channel is never empty beside a goroutine that yields: messages for each turn of the other.
func budget(count int) {
	from := make(chan uint64, count)
	for i := 0; i < count; i++ {
		from <- 1
	}
	close(from)
	var taken int64
	ended := make(chan struct{})
	go func() {
		for value := range from {
			atomic.AddInt64(&taken, int64(value))
		}
		close(ended)
	}()
	var turns []float64
	before := int64(0)
	for open := true; open; {
		runtime.Gosched()
		now := atomic.LoadInt64(&taken)
		turns = append(turns, float64(now-before))
		before = now
		select {
		case <-ended:
			open = false
		default:
		}
	}
	sort.Float64s(turns)
	reportAlso(turns[len(turns)/2], taken, figures{"turns": float64(len(turns))})
}

// Receivers that wait on a channel without messages, until it is closed: from then until the last has seen it.
func closes(count int) {
	run := func(count int) (time.Duration, int64) {
		from := make(chan uint64, 1)
		var arrived, saw int64
		var all sync.WaitGroup
		all.Add(count)
		for i := 0; i < count; i++ {
			go func() {
				atomic.AddInt64(&arrived, 1)
				if _, open := <-from; !open {
					atomic.AddInt64(&saw, 1)
				}
				all.Done()
			}()
		}
		for atomic.LoadInt64(&arrived) < int64(count) {
			runtime.Gosched()
		}
		start := time.Now()
		close(from)
		all.Wait()
		return time.Since(start), saw
	}
	run(count)
	elapsed, saw := run(count)
	report(elapsed, count, int(saw))
}

// So many choices between four channels that all have a message: percent that took the first.
func selects(count int) {
	var from [4]chan struct{}
	for i := range from {
		from[i] = make(chan struct{}, 1)
		from[i] <- struct{}{}
	}
	var chosen [4]int
	for i := 0; i < count; i++ {
		var took int
		select {
		case <-from[0]:
			took = 0
		case <-from[1]:
			took = 1
		case <-from[2]:
			took = 2
		case <-from[3]:
			took = 3
		}
		from[took] <- struct{}{} // All are ready again.
		chosen[took]++
	}
	expected, square, sum := float64(count)/4, 0.0, 0
	for _, times := range chosen {
		square += (float64(times) - expected) * (float64(times) - expected) / expected
		sum += times
	}
	reportAlso(float64(chosen[0])*100/float64(count), int64(sum), figures{"chi_square": square})
}
