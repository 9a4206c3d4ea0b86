package main

import (
	"bufio"
	"log"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var programStart = time.Now()

// The clock on the wall, in ns; time.Since reads the monotonic one.
func wallNs() float64 {
	return float64(time.Since(programStart))
}

// The CPU that all threads of the process have used, in ns.
func cpuNs() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

// A field of /proc/self/status, such as "VmRSS".
func statusKib(field string) int {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if words[0] == field+":" {
			kib, err := strconv.Atoi(words[1])
			if err != nil {
				log.Fatal(err)
			}
			return kib
		}
	}
	log.Fatal("/proc/self/status has no ", field)
	return 0
}
