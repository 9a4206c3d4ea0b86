#!/usr/bin/env python3
"""libleash beside Go's runtime: the same small programs on both, in the same run.

    runtime.py [--only NAME] [--pairs N] [--threads 1,2]
    runtime.py --instructions [--only NAME]
    runtime.py --million

Without an option of another kind: every benchmark, with each number of threads, in pairs of a run on
libleash and one on Go, in the order AB, BA, AB, ... after a pair to warm up.  Each run waits a second at
most for other work on the machine to stop.  A row gives the medians of both, the median of the pairs' ratios (leash / Go, lower is better) with its 95 % interval, and
the target.  Memory of parked tasks, which hardly varies, has fewer pairs and a limit in bytes.
--instructions counts the instructions for one operation on libleash by callgrind, with one thread.
--million parks a million tasks, twice, and looks at the memory.

Exit status 1: a target is missed.  2: a run failed.  tests/bench/README.md says how to read it.
"""
import argparse
import functools
import math
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = f"{ROOT}/build/bench"
SOURCES = f"{ROOT}/tests/bench/runtime"
PAIRS_MIN = 15
MEMORY_PAIRS = 3
MEMORY_LIMIT_BYTES = 4.4 * 1024
GAIN_TARGET = 0.95
GAIN_SAYS_SOMETHING = 1.5  # what two pthreads gain on two cores that are free
TIME_LIMIT_SECONDS = 120
QUIET_WAIT_SECONDS = 1.0
QUIET_SAMPLE_SECONDS = 0.05
QUIET_IDLE_SHARE = 0.85


@dataclass
class Bench:
    name: str      # of the programs' own
    text: str
    count: int     # operations of a run; Go's takes some 0.3 s
    targets: dict  # number of threads -> ratio
    unit: str = "ns"


BENCHES = [
    Bench("spawn", "spawn + finish", 1_600_000, {1: 0.25, 2: 0.35}),
    Bench("yield", "yield, 100 tasks", 4_000_000, {1: 0.15, 2: 0.2}),
    Bench("pingpong", "ping-pong, unbuffered", 1_000_000, {1: 0.2, 2: 0.25}),
    Bench("stream", "stream, room for 128", 8_000_000, {1: 0.5, 2: 0.6}),
    Bench("select", "select data + done, unbuffered", 1_500_000, {1: 0.3, 2: 0.4}),
    Bench("select-buffered", "select data + done, room for 128", 4_000_000, {1: 0.5, 2: 0.6}),
    Bench("fan-in", "1000 producers, one unbuffered channel", 2_000_000, {1: 0.4, 2: 0.25}),
    Bench("timers", "100 000 timers, CPU", 100_000, {1: 0.6, 2: 0.7}, "ms"),
    Bench("echo", "TCP echo, server CPU per request", 40_000, {1: 0.9, 2: 0.95}),
    Bench("tree", "tree of tasks, per leaf", 16_384, {1: 1.0, 2: 1.0}),
]
MEMORY_COUNTS = [10_000, 100_000, 1_000_000]
# For callgrind, which is some fifty times as slow: the difference of two runs leaves start-up out.
INSTRUCTION_COUNTS = {
    "spawn": (10_000, 30_000), "yield": (20_000, 60_000), "pingpong": (10_000, 30_000),
    "stream": (50_000, 150_000), "select": (10_000, 30_000), "select-buffered": (30_000, 90_000),
    "fan-in": (20_000, 60_000), "timers": (2_000, 6_000), "echo": (1_000, 3_000),
}


RUNS = {"all": 0, "disturbed": 0}


class RunFailed(Exception):
    pass


# ---- running ------------------------------------------------------------------------------------

def processor_times():
    """All time of all cores so far, and how much of it they were idle."""
    with open("/proc/stat", encoding="ascii") as file:
        times = [int(word) for word in file.readline().split()[1:]]
    return sum(times), times[3] + times[4]


def is_quiet():
    total, idle = processor_times()
    time.sleep(QUIET_SAMPLE_SECONDS)
    total_after, idle_after = processor_times()
    return idle_after - idle >= QUIET_IDLE_SHARE * (total_after - total)


def wait_for_quiet(runs):
    """Counts in `runs` those that began and those that did so beside other work."""
    end = time.monotonic() + QUIET_WAIT_SECONDS
    runs["all"] += 1
    while not is_quiet():
        if time.monotonic() > end:
            runs["disturbed"] += 1
            return


def cores_of(threads):
    return sorted(os.sched_getaffinity(0))[:threads]


def start(command, cores, **settings):
    """A process held to some cores."""
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=os.environ | settings,
                            preexec_fn=lambda: os.sched_setaffinity(0, cores))


def finish(process):
    """What the process printed.  One that hangs is ended here."""
    try:
        out, err = process.communicate(timeout=TIME_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise RunFailed(f"{' '.join(process.args)}: no end after {TIME_LIMIT_SECONDS} s") from None
    if process.returncode != 0:
        raise RunFailed(f"{' '.join(process.args)}: status {process.returncode}\n{err.strip()}")
    return out, err


def program(side, name, count):
    return [f"{BIN}/runtime_{side}", name, str(count)]


def settings_of(side, threads):
    return {"LEASH_THREADS" if side == "leash" else "GOMAXPROCS": str(threads)}


def run_server(command, count, cores, settings):
    """An echo server under the load of the client, which has the last core."""
    server = start(command, cores, **settings)
    try:
        port = server.stdout.readline().strip()
        client = start([f"{BIN}/echo_client", port or "0", str(count)],
                       sorted(os.sched_getaffinity(0))[-1:])
        finish(client)
    except RunFailed:
        server.kill()
        server.communicate()
        raise
    return finish(server)


def measure(side, name, count, threads):
    command, settings = program(side, name, count), settings_of(side, threads)
    cores = cores_of(threads)
    if name == "echo":
        out, _ = run_server(command, count, cores, settings)
    else:
        out, _ = finish(start(command, cores, **settings))
    return float(out)


def measure_pthreads(threads, count):
    out, _ = finish(start([f"{BIN}/tree_pthreads", str(threads), str(count)], cores_of(threads)))
    return float(out)


def alternate(pairs, measures):
    """Lists of what each measure gave, run in turn and in reverse turn, without a first round."""
    results = {key: [] for key in measures}
    for number in range(pairs + 1):
        order = list(measures) if number % 2 == 0 else list(reversed(measures))
        for key in order:
            wait_for_quiet(RUNS)
            value = measures[key]()
            if number > 0:
                results[key].append(value)
    return results


# ---- figures ------------------------------------------------------------------------------------

def interval_rank(count):
    """How many of the sorted values lie outside at each end of an interval that holds the median
    with a chance of 95 %: each value is above it or below like a coin."""
    outside, chance = 0, 0.0
    while outside < count // 2:
        chance += math.comb(count, outside) / 2 ** count
        if 2 * chance > 0.05:
            break
        outside += 1
    return outside


def with_interval(values):
    values = sorted(values)
    outside = max(interval_rank(len(values)) - 1, 0)
    return statistics.median(values), values[outside], values[-1 - outside]


def figure(value, unit):
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


@dataclass
class Table:
    missed: list = field(default_factory=list)
    failed: list = field(default_factory=list)

    def head(self):
        self.row("benchmark", "threads", "leash", "Go", "ratio [95 %]", "target", "holds")
        self.row("---", "---:", "---:", "---:", "---:", "---:", "---")

    @staticmethod
    def row(*cells):
        print(f"| {' | '.join(cells)} |", flush=True)

    def verdict(self, what, low, high, holds, target):
        """The median decides; where the interval reaches over the target, that is said."""
        if not holds:
            self.missed.append(what)
        close = ", but the interval holds the target" if low <= target <= high else ""
        return ("yes" if holds else "NO") + close

    def ratio_row(self, bench, threads, leash, go):
        median, low, high = with_interval([a / b for a, b in zip(leash, go)])
        target = bench.targets.get(threads)
        verdict = "" if target is None else self.verdict(
            f"{bench.name} with {threads}", low, high, median <= target, target)
        self.row(bench.text, str(threads), figure(statistics.median(leash), bench.unit),
                 figure(statistics.median(go), bench.unit), f"{median:.2f} [{low:.2f} .. {high:.2f}]",
                 "" if target is None else f"≤ {target}", verdict)

    def memory_row(self, count, leash, go):
        last = count == MEMORY_COUNTS[-1]
        median = statistics.median(leash)
        verdict = self.verdict("memory", min(leash), max(leash),
                               median <= MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES) if last else ""
        self.row(f"memory of each of {count} parked tasks", "1", figure(median, "bytes"),
                 figure(statistics.median(go), "bytes"), f"{median / statistics.median(go):.2f}",
                 f"≤ {MEMORY_LIMIT_BYTES:.0f} bytes" if last else "", verdict)

    def gain_row(self, results):
        leash = [a / b for a, b in zip(results["leash", 1], results["leash", 2])]
        pthreads = [a / b for a, b in zip(results["pthreads", 1], results["pthreads", 2])]
        median, low, high = with_interval([a / b for a, b in zip(leash, pthreads)])
        verdict = "says nothing: the cores are not free"
        if statistics.median(pthreads) >= GAIN_SAYS_SOMETHING:
            verdict = self.verdict("gain of the tree", low, high, median >= GAIN_TARGET,
                                   GAIN_TARGET)
        self.row("tree of tasks: gain by a second thread, beside that of two pthreads", "1, 2",
                 figure(statistics.median(leash), "x"),
                 figure(statistics.median(pthreads), "x (pthreads)"),
                 f"{median:.2f} [{low:.2f} .. {high:.2f}]", f"≥ {GAIN_TARGET}", verdict)

    def failure(self, what, error):
        self.failed.append(what)
        self.row(what, "", "", "", "", "", "FAILED")
        print(f"runtime.py: {what}: {error}", file=sys.stderr)

    def status(self):
        print(f"\n{RUNS['disturbed']} of {RUNS['all']} runs began beside other work.")
        if self.missed:
            print(f"missed: {', '.join(self.missed)}")
        if self.failed:
            print(f"failed: {', '.join(self.failed)}")
        return 2 if self.failed else 1 if self.missed else 0


# ---- kinds of runs ------------------------------------------------------------------------------

def compare(table, bench, threads, pairs):
    results = alternate(pairs, {
        side: functools.partial(measure, side, bench.name, bench.count, threads)
        for side in ("leash", "go")})
    table.ratio_row(bench, threads, results["leash"], results["go"])


def compare_memory(table, count):
    results = alternate(MEMORY_PAIRS, {
        side: functools.partial(measure, side, "memory", count, 1) for side in ("leash", "go")})
    table.memory_row(count, results["leash"], results["go"])


def compare_gain(table, pairs):
    bench = next(bench for bench in BENCHES if bench.name == "tree")
    measures = {}
    for threads in (1, 2):
        measures["leash", threads] = functools.partial(measure, "leash", "tree", bench.count,
                                                       threads)
        measures["pthreads", threads] = functools.partial(measure_pthreads, threads, bench.count)
    table.gain_row(alternate(pairs, measures))


def compare_all(options):
    table = Table()
    jobs = []
    for bench in BENCHES:
        for threads in options.threads:
            jobs.append((bench.name, f"{bench.text}, {threads}", functools.partial(
                compare, table, bench, threads, options.pairs)))
    if options.threads == [1, 2]:
        jobs.append(("gain", "gain", functools.partial(compare_gain, table, options.pairs)))
    for count in MEMORY_COUNTS:
        jobs.append(("memory", f"memory, {count}", functools.partial(compare_memory, table, count)))
    table.head()
    for name, text, job in jobs:
        if options.only in (None, name):
            try:
                job()
            except RunFailed as error:
                table.failure(text, error)
    return table.status()


def count_instructions(name, count, folder):
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/{name}.{count}",
               *program("leash", name, count)]
    cores = cores_of(1)
    if name == "echo":
        _, said = run_server(command, count, cores, settings_of("leash", 1))
    else:
        _, said = finish(start(command, cores, **settings_of("leash", 1)))
    collected = re.search(r"Collected : (\d+)", said)
    if not collected:
        raise RunFailed(f"callgrind counted nothing:\n{said}")
    return int(collected[1])


def instructions(options):
    """The profiles of the larger runs stay, for callgrind_annotate."""
    folder = f"{ROOT}/out/bench/callgrind"
    os.makedirs(folder, exist_ok=True)
    print("| benchmark | instructions for each operation |\n| --- | ---: |")
    for name, (small, large) in INSTRUCTION_COUNTS.items():
        if options.only in (None, name):
            difference = (count_instructions(name, large, folder)
                          - count_instructions(name, small, folder))
            print(f"| {name} | {difference / (large - small):.1f} |", flush=True)
    return 0


def million():
    with start([f"{BIN}/million"], cores_of(len(os.sched_getaffinity(0)))) as process:
        out, err = process.communicate(timeout=TIME_LIMIT_SECONDS)
    print(out + err, end="")
    return process.returncode


# ---- the machine --------------------------------------------------------------------------------

def first_line(*command):
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout.split("\n", maxsplit=1)[0]


def setting_of_build(name):
    with open(f"{ROOT}/build/CMakeCache.txt", encoding="utf-8") as file:
        return re.search(rf"^{name}:\w+=(.*)$", file.read(), re.MULTILINE)[1]


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (f"{model[1] if model else 'unknown CPU'}, {len(os.sched_getaffinity(0))} cores; "
            f"Linux {os.uname().release}; "
            f"{first_line(setting_of_build('CMAKE_C_COMPILER'), '--version')}; "
            f"{first_line('go', 'version')}; load before: {load}")


def build_go():
    """Without modules and without C: plain files, plain Go."""
    files = sorted(f"{SOURCES}/{name}" for name in os.listdir(SOURCES) if name.endswith(".go"))
    settings = {"GO111MODULE": "off", "CGO_ENABLED": "0", "GOFLAGS": "",
                "GOCACHE": f"{ROOT}/out/bench/go-cache"}
    subprocess.run(["go", "build", "-o", f"{BIN}/runtime_go", *files], check=True,
                   env=os.environ | settings)


def parse_options():
    parser = argparse.ArgumentParser(
        usage="./dev bench runtime [--only NAME] [--pairs N] [--threads 1,2] "
              "[--instructions | --million]")
    parser.add_argument("--only", choices=[bench.name for bench in BENCHES] + ["gain", "memory"])
    parser.add_argument("--pairs", type=int, default=PAIRS_MIN)
    parser.add_argument("--threads", default="1,2",
                        type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--million", action="store_true")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    if options.pairs < 1 or any(not 1 <= threads <= cores for threads in options.threads):
        parser.error(f"at least one pair, and 1 to {cores} threads on these cores")
    return options


def main():
    options = parse_options()
    if options.million:
        return million()
    if options.instructions:
        return instructions(options)
    build_go()
    print(f"{machine()}; {options.pairs} pairs\n")
    return compare_all(options)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RunFailed, subprocess.SubprocessError) as failure:
        print(f"runtime.py: {failure}", file=sys.stderr)
        sys.exit(2)
