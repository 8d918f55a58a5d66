// What goroutines take: parked on one event, at their first wait, and while as many run through.
// Usage: go_peer waiting N | initial N | run_through N | wake_all N
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The line of a file in /proc that begins so, in bytes.
func bytesAfter(name, key string) float64 {
	file, err := os.Open(name)
	if err != nil {
		refuse(err.Error())
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == key {
			kilobytes, _ := strconv.ParseFloat(words[1], 64)
			return kilobytes * 1024
		}
	}
	refuse(name + " has no line " + key)
	return 0
}

func residentBytes() float64  { return bytesAfter("/proc/self/smaps_rollup", "Rss:") }
func pageTableBytes() float64 { return bytesAfter("/proc/self/status", "VmPTE:") }
func mostBytes() float64      { return bytesAfter("/proc/self/status", "VmHWM:") }

// Goroutines that all wait for one event: a channel that is closed.
type meeting struct {
	gate    chan struct{}
	arrived int64
	left    int64
	all     sync.WaitGroup
}

// Returns once all wait: with one processor, who arrived has run on into its wait.
func meet(count int) *meeting {
	at := &meeting{gate: make(chan struct{})}
	at.all.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			atomic.AddInt64(&at.arrived, 1)
			<-at.gate
			atomic.AddInt64(&at.left, 1)
			at.all.Done()
		}()
	}
	for atomic.LoadInt64(&at.arrived) < int64(count) {
		runtime.Gosched()
	}
	return at
}

func (at *meeting) release() int64 {
	close(at.gate)
	at.all.Wait()
	return at.left
}

func waiting(count int) {
	meet(64).release()
	runtime.GC()
	resident, tables := residentBytes(), pageTableBytes()
	at := meet(count)
	resident, tables = residentBytes()-resident, pageTableBytes()-tables
	each := float64(count)
	reportAlso((resident+tables)/each, at.release(), figures{
		"resident_bytes":    resident / each,
		"page_table_bytes":  tables / each,
		"resident_total_mb": resident / 1e6,
	})
}

// What of the stacks is in use: each begins with as much as Go gives a new goroutine.
func initial(count int) {
	meet(64).release()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	at := meet(count)
	runtime.ReadMemStats(&after)
	reportAlso(float64(after.StackInuse-before.StackInuse)/float64(count), at.release(), nil)
}

func runThrough(count int) {
	through := func(count int) (ended int64) {
		var all sync.WaitGroup
		all.Add(count)
		for i := 0; i < count; i++ {
			go func() {
				atomic.AddInt64(&ended, 1)
				all.Done()
			}()
		}
		all.Wait()
		return ended
	}
	through(64)
	runtime.GC()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // The peak begins anew.
		refuse(err.Error())
	}
	before := mostBytes()
	ended := through(count)
	grown := mostBytes() - before
	reportAlso(grown/float64(count), ended, figures{"resident_total_mb": grown / 1e6})
}

// From the event to the end of the last.
func wakeAll(count int) {
	meet(64).release()
	at := meet(count)
	start := time.Now()
	left := at.release()
	report(time.Since(start), count, int(left))
}

type figures map[string]float64

func reportAlso(value float64, answer int64, also figures) {
	further := make([]string, 0, len(also))
	for name, figure := range also {
		further = append(further, fmt.Sprintf("\"%s\": %g", name, figure))
	}
	fmt.Printf("{\"value\": %g, \"answer\": %d, \"also\": {%s}}\n", value, answer, strings.Join(further, ", "))
}
