// How deep a goroutine's stack grows, and how many sleep at once.
// Usage: go_peer depth BYTES | waits N MILLISECONDS
package main

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Not inlined: the statistics would be in the frame of who recurses.
//
//go:noinline
func stackBytes() uint64 {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	return now.StackInuse
}

// A recursion that is neither a loop nor a tail call. `first` points into the stack that it began on.
type descent struct {
	until   uint64 // Bytes of stack in use.
	calls   uint64
	reached uint64
	moved   bool
}

const callsBetweenReadings = 1 << 16 // A reading stops the world.

func (to *descent) down(call uint64, first *byte, began uintptr) uint64 {
	if call%callsBetweenReadings == 0 {
		if to.reached = stackBytes(); to.reached >= to.until {
			to.calls = call
			to.moved = uintptr(unsafe.Pointer(first)) != began
			return 1
		}
	}
	return to.down(call+1, first, began)*3 + call
}

func depth(bytes int) {
	limit := debug.SetMaxStack(bytes)
	debug.SetMaxStack(limit)
	size := 1
	for size < bytes {
		size *= 2
	}
	if size > limit {
		refuse("a stack grows by doubling: name a power of two that is at most Go's limit")
	}
	before := stackBytes()
	to := &descent{until: before + uint64(bytes)}
	got := make(chan uint64)
	go func() {
		var first byte
		got <- to.down(1, &first, uintptr(unsafe.Pointer(&first)))
	}()
	result, expected := <-got, uint64(1)
	for call := to.calls - 1; call > 0; call-- {
		expected = expected*3 + call
	}
	truth := map[bool]float64{true: 1}
	reportAlso(float64(to.calls), int64(truth[result == expected]), figures{
		"limit_bytes":   float64(limit),
		"reached_bytes": float64(to.reached - before),
		"moved":         truth[to.moved],
	})
}

func waits(count, milliseconds int) {
	var all sync.WaitGroup
	var ended int64
	all.Add(count)
	start := time.Now()
	for i := 0; i < count; i++ {
		go func() {
			time.Sleep(time.Duration(milliseconds) * time.Millisecond)
			atomic.AddInt64(&ended, 1)
			all.Done()
		}()
	}
	all.Wait()
	reportAlso(float64(time.Since(start).Nanoseconds())/1e6, ended, nil)
}
