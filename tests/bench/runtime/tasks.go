package main

import (
	"log"
	"runtime"
	"sync"
	"time"
)

const (
	batchSize    = 100
	yielderCount = 100
	sleepLimitMs = 100
	settleMs     = 50
)

// ---- spawn --------------------------------------------------------------------------------------

func finish(batch *sync.WaitGroup) {
	batch.Done()
}

func benchSpawn(count int) float64 {
	var batch sync.WaitGroup
	start := wallNs()
	for done := 0; done < count; done += batchSize {
		batch.Add(batchSize)
		for i := 0; i < batchSize; i++ {
			go finish(&batch)
		}
		batch.Wait()
	}
	return (wallNs() - start) / float64(count)
}

// ---- yield --------------------------------------------------------------------------------------

func yieldOften(yielders *sync.WaitGroup, times int) {
	for i := 0; i < times; i++ {
		runtime.Gosched()
	}
	yielders.Done()
}

func benchYield(count int) float64 {
	var yielders sync.WaitGroup
	start := wallNs()
	yielders.Add(yielderCount)
	for i := 0; i < yielderCount; i++ {
		go yieldOften(&yielders, count/yielderCount)
	}
	yielders.Wait()
	return (wallNs() - start) / float64(count)
}

// ---- timers -------------------------------------------------------------------------------------

func nextRandom(state *uint32) uint32 {
	*state ^= *state << 13
	*state ^= *state >> 17
	*state ^= *state << 5
	return *state
}

func sleepOnce(sleepers *sync.WaitGroup, ms int) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	sleepers.Done()
}

func benchTimers(count int) float64 {
	var sleepers sync.WaitGroup
	random := uint32(1)
	start := cpuNs()
	sleepers.Add(count)
	for i := 0; i < count; i++ {
		go sleepOnce(&sleepers, int(nextRandom(&random)%sleepLimitMs))
	}
	sleepers.Wait()
	return (cpuNs() - start) / 1e6
}

// ---- memory -------------------------------------------------------------------------------------

func parkOnce(gate chan struct{}, arrived, left *sync.WaitGroup) {
	arrived.Done()
	<-gate
	left.Done()
}

func benchMemory(count int) float64 {
	gate := make(chan struct{})
	var arrived, left sync.WaitGroup
	beforeKib := statusKib("VmRSS") + statusKib("VmPTE")
	arrived.Add(count)
	left.Add(count)
	for i := 0; i < count; i++ {
		go parkOnce(gate, &arrived, &left)
	}
	arrived.Wait()
	time.Sleep(settleMs * time.Millisecond)
	afterKib := statusKib("VmRSS") + statusKib("VmPTE")
	close(gate)
	left.Wait()
	return float64(afterKib-beforeKib) * 1024 / float64(count)
}

// ---- tree ---------------------------------------------------------------------------------------

const leafSteps = 15000

func leafWork(seed uint64) uint64 {
	value := seed
	for i := 0; i < leafSteps; i++ {
		value = value*6364136223846793005 + 1442695040888963407
	}
	return value
}

func leafCheck(count int, sum uint64) {
	b := leafWork(0)
	a := leafWork(1) - b
	leaves := uint64(count)
	if sum != a*(leaves*(leaves-1)/2)+b*leaves {
		log.Fatal("the sum over the leaves is wrong")
	}
}

func node(parent *sync.WaitGroup, leaves int, first uint64, sum *uint64) {
	defer parent.Done()
	if leaves == 1 {
		*sum = leafWork(first)
		return
	}
	var left, right uint64
	var both sync.WaitGroup
	half := leaves / 2
	both.Add(1)
	go node(&both, half, first, &left)
	both.Add(1)
	go node(&both, leaves-half, first+uint64(half), &right)
	both.Wait()
	*sum = left + right
}

func benchTree(count int) float64 {
	var root sync.WaitGroup
	var sum uint64
	start := wallNs()
	root.Add(1)
	go node(&root, count, 0, &sum)
	root.Wait()
	end := wallNs()
	leafCheck(count, sum)
	return (end - start) / float64(count)
}
