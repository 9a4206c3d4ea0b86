package main

import "sync"

const (
	room          = 128
	producerCount = 1000
)

// ---- ping-pong ----------------------------------------------------------------------------------

func answer(calls, answers chan int32) {
	defer close(answers)
	for value := range calls {
		answers <- value
	}
}

func benchPingpong(count int) float64 {
	calls := make(chan int32)
	answers := make(chan int32)
	var value int32
	go answer(calls, answers)
	start := wallNs()
	for i := 0; i < count; i++ {
		calls <- value
		value = <-answers
	}
	end := wallNs()
	close(calls)
	<-answers
	return (end - start) / float64(count)
}

// ---- stream -------------------------------------------------------------------------------------

func produce(values chan int32, count int) {
	defer close(values)
	for i := 0; i < count; i++ {
		values <- int32(i)
	}
}

func benchStream(count int) float64 {
	values := make(chan int32, room)
	start := wallNs()
	go produce(values, count)
	for range values {
	}
	return (wallNs() - start) / float64(count)
}

// ---- select -------------------------------------------------------------------------------------

func receiveUntilDone(values chan int32, done chan struct{}, count int) {
	for i := 0; i < count; i++ {
		select {
		case <-values:
		case <-done:
			return
		}
	}
}

func selectFrom(capacity, count int) float64 {
	values := make(chan int32, capacity)
	done := make(chan struct{})
	start := wallNs()
	go produce(values, count)
	receiveUntilDone(values, done, count)
	end := wallNs()
	<-values
	close(done)
	return (end - start) / float64(count)
}

func benchSelect(count int) float64 {
	return selectFrom(0, count)
}

func benchSelectBuffered(count int) float64 {
	return selectFrom(room, count)
}

// ---- fan-in -------------------------------------------------------------------------------------

func produceSome(values chan int32, producers *sync.WaitGroup, count int) {
	for i := 0; i < count; i++ {
		values <- int32(i)
	}
	producers.Done()
}

func closeAfter(values chan int32, producers *sync.WaitGroup) {
	producers.Wait()
	close(values)
}

func benchFanIn(count int) float64 {
	values := make(chan int32)
	var producers sync.WaitGroup
	start := wallNs()
	producers.Add(producerCount)
	for i := 0; i < producerCount; i++ {
		go produceSome(values, &producers, count/producerCount)
	}
	go closeAfter(values, &producers)
	for range values {
	}
	return (wallNs() - start) / float64(count)
}
