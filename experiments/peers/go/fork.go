// Work that forks into goroutines and joins them.
// Usage: go_peer fork fibonacci/skynet/queens/matrix/tree SIZE PROCESSORS
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

func fibonacci(place uint64) uint64 {
	if place < 2 {
		return place
	}
	before := make(chan uint64, 1)
	go func() { before <- fibonacci(place - 1) }()
	second := fibonacci(place - 2)
	return <-before + second
}

func skynet(first, leaves uint64) uint64 {
	const children = 10
	if leaves == 1 {
		return first
	}
	all := make(chan uint64, children)
	part := leaves / children
	for n := uint64(0); n < children; n++ {
		go func(first uint64) { all <- skynet(first, part) }(first + n*part)
	}
	sum := uint64(0)
	for n := 0; n < children; n++ {
		sum += <-all
	}
	return sum
}

type board struct {
	columns [16]int8
	placed  int8
	rows    int8
}

func (at *board) isFree(column int8) bool {
	for row := int8(0); row < at.placed; row++ {
		across := at.columns[row] - column
		down := at.placed - row
		if across == 0 || across == down || across == -down {
			return false
		}
	}
	return true
}

func queens(at board) uint64 {
	if at.placed == at.rows {
		return 1
	}
	all := make(chan uint64, len(at.columns))
	tried := 0
	for column := int8(0); column < at.rows; column++ {
		if !at.isFree(column) {
			continue
		}
		next := at
		next.columns[next.placed] = column
		next.placed++
		tried++
		go func() { all <- queens(next) }()
	}
	solutions := uint64(0)
	for ; tried > 0; tried-- {
		solutions += <-all
	}
	return solutions
}

type factors struct {
	product, left, right []float32
	rows, stride         int
}

func (of factors) quarter(down, across, along int) factors {
	half := of.rows / 2
	return factors{of.product[(down*of.stride+across)*half:], of.left[(down*of.stride+along)*half:],
		of.right[(along*of.stride+across)*half:], half, of.stride}
}

func multiply(of factors) {
	const leafRows = 64
	if of.rows <= leafRows {
		for i := 0; i < of.rows; i++ {
			into := of.product[i*of.stride : i*of.stride+of.rows]
			for k := 0; k < of.rows; k++ {
				one := of.left[i*of.stride+k]
				row := of.right[k*of.stride : k*of.stride+of.rows]
				for j := range into {
					into[j] += one * row[j]
				}
			}
		}
		return
	}
	for along := 0; along < 2; along++ {
		var others sync.WaitGroup
		others.Add(3)
		for n := 0; n < 3; n++ {
			part := of.quarter(n/2, n%2, along)
			go func() {
				multiply(part)
				others.Done()
			}()
		}
		multiply(of.quarter(1, 1, along))
		others.Wait()
	}
}

func matrix(rows uint64) uint64 {
	count := int(rows)
	of := factors{make([]float32, count*count), make([]float32, count*count), make([]float32, count*count), count, count}
	for i := 0; i < count; i++ {
		for j := 0; j < count; j++ {
			of.left[i*count+j] = float32((i + 2*j) % 3)
			of.right[i*count+j] = float32((3*i + j) % 4)
		}
	}
	multiply(of)
	sum := uint64(0)
	for _, one := range of.product {
		sum += uint64(one)
	}
	return sum
}

func childOf(node, n uint64) uint64 {
	mixed := node + (n+1)*0x9e3779b97f4a7c15
	mixed = (mixed ^ mixed>>30) * 0xbf58476d1ce4e5b9
	mixed = (mixed ^ mixed>>27) * 0x94d049bb133111eb
	return mixed ^ mixed>>31
}

func childrenOf(node uint64) uint64 {
	if (node>>32)%1000 < 124 {
		return 8
	}
	return 0
}

func tree(node, children uint64) uint64 {
	if children == 0 {
		return 1
	}
	all := make(chan uint64, children)
	for n := uint64(0); n < children; n++ {
		child := childOf(node, n)
		go func() { all <- tree(child, childrenOf(child)) }()
	}
	nodes := uint64(1)
	for ; children > 0; children-- {
		nodes += <-all
	}
	return nodes
}

func forkOnce(name string, size uint64) uint64 {
	switch name {
	case "fibonacci":
		return fibonacci(size)
	case "skynet":
		return skynet(0, size)
	case "queens":
		return queens(board{rows: int8(size)})
	case "matrix":
		return matrix(size)
	case "tree":
		return tree(size, 2000)
	}
	refuse("nothing forks that is called " + name)
	return 0
}

func forks(name string, size, processors int) {
	runtime.GOMAXPROCS(processors)
	cold := time.Now()
	forkOnce(name, uint64(size))
	start := time.Now()
	answer := forkOnce(name, uint64(size))
	fmt.Printf("{\"value\": %g, \"answer\": %d, \"also\": {\"cold_ms\": %g}}\n",
		float64(time.Since(start).Nanoseconds())/1e6, answer, float64(start.Sub(cold).Nanoseconds())/1e6)
}
