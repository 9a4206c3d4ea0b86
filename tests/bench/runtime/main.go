// The benchmarks of runtime_leash, with Go's runtime: `runtime_go NAME COUNT` prints one number.
//
// Each file has the benchmarks of the C file of its name, in the same order and of the same form, so
// that the two can be read side by side; where they are not quite alike, the C file says it.
package main

import (
	"fmt"
	"os"
	"strconv"
)

var benches = map[string]func(count int) float64{
	"spawn":           benchSpawn,
	"yield":           benchYield,
	"pingpong":        benchPingpong,
	"stream":          benchStream,
	"select":          benchSelect,
	"select-buffered": benchSelectBuffered,
	"fan-in":          benchFanIn,
	"timers":          benchTimers,
	"memory":          benchMemory,
	"echo":            benchEcho,
	"tree":            benchTree,
}

func main() {
	if len(os.Args) == 3 {
		count, err := strconv.Atoi(os.Args[2])
		if run, known := benches[os.Args[1]]; known && err == nil && count > 0 {
			fmt.Printf("%.3f\n", run(count))
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: runtime_go NAME COUNT")
	os.Exit(2)
}
