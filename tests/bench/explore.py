#!/usr/bin/env python3
"""The search of the explore layer: how fast it goes, and what it costs beside parsing.

    explore.py [--every N] [--limit RATIO] [--scope-ms MS] [BUILD-DIR...]

Every N-th fixture is checked by itself: printed are the median, the 95th of 100 and the longest of
the times of one scope, and the states a second of all.  Then each BUILD-DIR (a folder with a
compile_commands.json, such as tests/realworld/fetch.sh prints) is checked by the rules that search,
with one process, so that both halves are CPU of one core: the milliseconds of parsing and of the
rules, their ratio, scopes, states, states a second, and the most memory.  Exit status 1: the median
scope or a ratio is above its limit.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEASH = os.path.join(ROOT, "build", "leash")


class Figures:
    """What --stats says of one run."""

    def __init__(self, arguments, folder):
        command = [LEASH, "check", "--stats", "--jobs", "1", "--fail-on", "never", *arguments]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as run:
            said = run.stderr.read()
            _, _, usage = os.wait4(run.pid, 0)
            run.returncode = 0
        times = dict(re.findall(r"^(\w+) +([0-9.]+) ms$", said, re.MULTILINE))
        if "rules" not in times:
            sys.exit(f"explore.py: leash failed:\n{said}")
        explored = re.search(r"(\d+) scopes? explored: (\d+) states(?:, (\d+) a second)?", said)
        self.parse_ms, self.rules_ms = float(times["collect"]), float(times["rules"])
        self.scopes, self.states, self.rate = (
            (int(number or 0) for number in explored.groups()) if explored else (0, 0, 0))
        self.peak_mb = usage.ru_maxrss / 1024

    def search_ms(self):
        return self.states / self.rate * 1000 if self.rate else 0


def fixtures(every):
    found = sorted(glob.glob(os.path.join(ROOT, "fixtures", "**", "*.c"), recursive=True))
    include = "-I" + os.path.join(ROOT, "runtime", "include")
    return [Figures([path, "--", include], ROOT) for path in found[::every]]


def report_fixtures(every):
    runs = [run for run in fixtures(every) if run.scopes and run.rate]
    if not runs:
        sys.exit("explore.py: no fixture was searched")
    times = sorted(run.search_ms() / run.scopes for run in runs)
    median = times[len(times) // 2]
    rate = sum(run.states for run in runs) / sum(run.search_ms() for run in runs) * 1000
    print(f"a scope of {len(runs)} fixtures: median {median:.2f} ms, 95th of 100 "
          f"{times[len(times) * 95 // 100]:.1f} ms, longest {times[-1]:.1f} ms; "
          f"{rate:.0f} states a second")
    return median


def report_program(folder):
    run = Figures(["--rules=leak,misuse", "-p", "."], folder)
    ratio = run.rules_ms / run.parse_ms
    print(f"{run.parse_ms:8.0f}  {run.rules_ms:8.0f}  {ratio:5.2f}  {run.scopes:6}  {run.states:6}  "
          f"{run.rate:8}  {run.peak_mb:7.0f}  {folder}", flush=True)
    return ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--every", type=int, default=4, help="which fixtures (4)")
    parser.add_argument("--limit", type=float, default=0.3, help="rules over parsing (0.3)")
    parser.add_argument("--scope-ms", type=float, default=2.0, help="of the median scope (2)")
    parser.add_argument("folders", nargs="*", metavar="BUILD-DIR")
    options = parser.parse_args()
    failed = report_fixtures(options.every) > options.scope_ms
    if options.folders:
        print("parse ms  rules ms  ratio  scopes  states  states/s  peak MB  program")
    for folder in options.folders:
        failed |= report_program(folder) > options.limit
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
