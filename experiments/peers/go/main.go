// The same workloads in Go. One run, one sample: prints {"value": ns, "answer": n}.
// Usage: go_peer yield TASKS ROUNDS | sequential N | concurrent N | million N WORKERS
// | op NAME COUNT [PROCESSORS], see operations.go | channel TRIPS [PROCESSORS]
// | conversation CAPACITY PRODUCERS PAIRS MESSAGES PROCESSORS | mpmc CAPACITY MESSAGES PROCESSORS | held COUNT,
// see channels.go | sleeps N | timeout ready/yield COUNT | cancel COUNT | lateness COUNT, see timers.go
// | parked CAPACITY SENDERS | given_up SENDERS RACES, see parked.go | echo, see echo.go | http PORT [HOW…], see http.go
// | waiting N | initial N | run_through N | wake_all N, see memory.go | depth BYTES | waits N MILLISECONDS, see limits.go
// | let_go N | budget N | close N | select N, see scheduling.go | read FILE BYTES GOROUTINES READS | size FILE COUNT
// | lookup go/getaddrinfo COUNT, see blocking.go | fork NAME SIZE PROCESSORS, see fork.go.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Ends the process: the caller asked for what there is not.
func refuse(why string) {
	fmt.Fprintln(os.Stderr, "go_peer:", why)
	os.Exit(2)
}

func number(at int) int {
	if at >= len(os.Args) {
		refuse("too few arguments")
	}
	value, err := strconv.Atoi(os.Args[at])
	if err != nil {
		refuse("not a number: " + os.Args[at])
	}
	return value
}

func report(elapsed time.Duration, operations, answer int) {
	fmt.Printf("{\"value\": %g, \"answer\": %d}\n", float64(elapsed.Nanoseconds())/float64(operations), answer)
}

func yields(tasks, rounds int) {
	const warm = 2
	var all sync.WaitGroup
	var turns int
	var start, end time.Time
	open := make(chan struct{})
	all.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func(first bool) {
			<-open
			for round := 0; round <= warm+rounds; round++ {
				if round >= warm && round < warm+rounds {
					turns++
				}
				if first && round == warm {
					start = time.Now()
				}
				if first && round == warm+rounds {
					end = time.Now()
				}
				runtime.Gosched()
			}
			all.Done()
		}(i == 0)
	}
	runtime.Gosched()
	close(open)
	all.Wait()
	report(end.Sub(start), tasks*rounds, turns)
}

func sequential(count int) {
	run := func() int {
		sum := 0
		for i := 0; i < count; i++ {
			done := make(chan int, 1)
			go func() { done <- 1 }()
			sum += <-done
		}
		return sum
	}
	run()
	start := time.Now()
	sum := run()
	report(time.Since(start), count, sum)
}

func concurrent(count int) {
	run := func() int {
		var all sync.WaitGroup
		var sum int64
		all.Add(count)
		for i := 0; i < count; i++ {
			go func() {
				atomic.AddInt64(&sum, 1)
				all.Done()
			}()
		}
		all.Wait()
		return int(sum)
	}
	run()
	start := time.Now()
	sum := run()
	report(time.Since(start), count, sum)
}

func main() {
	if len(os.Args) < 3 && (len(os.Args) < 2 || os.Args[1] != "echo") {
		refuse("name a workload and its numbers")
	}
	runtime.GOMAXPROCS(1)
	switch os.Args[1] {
	case "echo":
		serveEcho()
	case "yield":
		yields(number(2), number(3))
	case "channel":
		if len(os.Args) > 3 {
			runtime.GOMAXPROCS(number(3))
		}
		channel(number(2))
	case "sequential":
		sequential(number(2))
	case "concurrent":
		concurrent(number(2))
	case "million":
		runtime.GOMAXPROCS(number(3))
		concurrent(number(2))
	case "conversation":
		runtime.GOMAXPROCS(number(6))
		conversation(number(2), number(3), number(4), number(5))
	case "mpmc":
		runtime.GOMAXPROCS(number(4))
		mpmc(number(2), number(3), false)
	case "read":
		readAll(os.Args[2], number(3), number(4), number(5))
	case "size":
		sizes(os.Args[2], number(3))
	case "lookup":
		lookups(os.Args[2], number(3))
	case "held":
		held(number(2))
	case "sleeps":
		sleeps(number(2))
	case "timeout":
		timeouts(os.Args[2], number(3))
	case "cancel":
		cancels(number(2))
	case "lateness":
		lateness(number(2))
	case "http":
		serveHTTP(os.Args[2], os.Args[3:])
	case "parked":
		parked(number(2), number(3))
	case "given_up":
		givenUp(number(2), number(3))
	case "waiting":
		waiting(number(2))
	case "initial":
		initial(number(2))
	case "run_through":
		runThrough(number(2))
	case "wake_all":
		wakeAll(number(2))
	case "depth":
		depth(number(2))
	case "waits":
		waits(number(2), number(3))
	case "let_go":
		letGo(number(2))
	case "budget":
		budget(number(2))
	case "close":
		closes(number(2))
	case "select":
		selects(number(2))
	case "fork":
		forks(os.Args[2], number(3), number(4))
	case "op":
		if len(os.Args) > 4 {
			runtime.GOMAXPROCS(number(4))
		}
		operation(os.Args[2], number(3))
	default:
		refuse("unknown workload " + os.Args[1])
	}
}
