#!/usr/bin/env python3
"""What the counters for /metrics cost: the same programs on a library with them and one without.

    counters.py [PAIRS]

Each benchmark runs in pairs, one run with each library, in the order AB, BA, AB, ...  A run's figure
is its processor time, so that other work on the machine counts little.  Printed are the medians, the
median of the pairs' ratios and its 95 % interval.  The target is ping-pong's: the interval ends below
1.05.

Exit status 1: the target is missed.  2: a run failed.  tests/bench/README.md says how to read it.
"""
import os
import statistics
import subprocess
import sys

from runtime import BIN, RunFailed, with_interval

PAIRS = 30
LIMIT = 1.05
# Name, operations of a run: some 0.3 s each.
BENCHES = [("pingpong", 6_000_000), ("stream", 40_000_000), ("select-buffered", 15_000_000)]
WITH, WITHOUT = "runtime_leash", "runtime_without_counts"


def processor_seconds(program, name, count):
    """Of one run with one thread, start and end included."""
    process = subprocess.Popen([f"{BIN}/{program}", name, str(count)], stdout=subprocess.DEVNULL,
                               env=os.environ | {"LEASH_THREADS": "1"})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RunFailed(f"{program} {name}: status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure(name, count, pairs):
    """Nanoseconds for each operation, with and without counters."""
    figures = {WITH: [], WITHOUT: []}
    for number in range(pairs + 1):
        for program in (WITH, WITHOUT) if number % 2 == 0 else (WITHOUT, WITH):
            seconds = processor_seconds(program, name, count)
            if number > 0:  # the first pair warms up
                figures[program].append(seconds * 1e9 / count)
    return figures


def main(arguments):
    pairs = int(arguments[0]) if arguments else PAIRS
    missed = False
    print("| benchmark | with | without | ratio [95 %] |\n| --- | ---: | ---: | ---: |")
    for name, count in BENCHES:
        figures = measure(name, count, pairs)
        ratios = [a / b for a, b in zip(figures[WITH], figures[WITHOUT])]
        median, low, high = with_interval(ratios)
        print(f"| {name} | {statistics.median(figures[WITH]):.2f} ns "
              f"| {statistics.median(figures[WITHOUT]):.2f} ns "
              f"| {median:.3f} [{low:.3f} .. {high:.3f}] |", flush=True)
        missed = missed or (name == "pingpong" and high >= LIMIT)
    print(f"\n{pairs} pairs; load {os.getloadavg()[0]:.1f}.  "
          f"Ping-pong below {LIMIT}: {'NO' if missed else 'yes'}")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (RunFailed, OSError) as failure:
        print(f"counters.py: {failure}", file=sys.stderr)
        sys.exit(2)
