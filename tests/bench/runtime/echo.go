package main

import (
	"fmt"
	"log"
	"net"
	"sync"
)

const (
	connectionCount = 100
	messageBytes    = 64
)

func serve(connections *sync.WaitGroup, connection net.Conn) {
	defer connections.Done()
	var message [messageBytes]byte
	for {
		length, err := connection.Read(message[:])
		if err != nil {
			break
		}
		if _, err := connection.Write(message[:length]); err != nil {
			log.Fatal(err)
		}
	}
	connection.Close()
}

func listenSomewhere() net.Listener {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return listener
}

func benchEcho(count int) float64 {
	listener := listenSomewhere()
	var connections sync.WaitGroup
	start := cpuNs()
	for i := 0; i < connectionCount; i++ {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		connections.Add(1)
		go serve(&connections, connection)
	}
	connections.Wait()
	end := cpuNs()
	listener.Close()
	return (end - start) / float64(count)
}
