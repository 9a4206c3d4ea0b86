#!/usr/bin/env python3
"""CPU of one leash run over a program, against clang's syntax check on the same units.

    parse.py [--pairs N] [--limit RATIO] [BUILD-DIR]

BUILD-DIR holds a compile_commands.json.  Without it the analyzer's own units are copied until
there are at least 100 (out/bench/parse), since leash would analyse equal entries only once.

A is `leash check -p DIR --jobs 1 --no-cache`, one process over all units; B is
`clang-19 -fsyntax-only -w`, a process per unit with the unit's own flags.  A and B alternate, in
the order AB, BA, AB, ..., and what counts is the user and system time of all their processes.
Exit status 1: the median ratio is above the limit.  2: a unit does not parse, or leash failed.
"""
import argparse
import json
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS_MIN = 100
CLANG = "clang-19"
# Flags that say what to write rather than what to read; the second set takes a value.
OUTPUT_FLAGS = {"-c", "-MD", "-MMD", "-MP", "-MM", "-M"}
OUTPUT_FLAGS_WITH_VALUE = {"-o", "-MF", "-MT", "-MQ"}


def fail(text):
    print(f"parse.py: {text}", file=sys.stderr)
    sys.exit(2)


def read_units(folder):
    path = os.path.join(folder, "compile_commands.json")
    try:
        with open(path, encoding="utf-8") as file:
            entries = json.load(file)
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")
    return [entry for entry in entries if entry["file"].endswith(".c")]


def arguments_of(entry):
    return entry.get("arguments") or shlex.split(entry["command"])


def copy_of_our_units(target):
    """The analyzer, copied as whole trees so that each copy reads its own headers."""
    own = [entry for entry in read_units(os.path.join(ROOT, "build"))
           if entry["file"].startswith((f"{ROOT}/analyzer/", f"{ROOT}/rules/"))]
    if not own:
        fail("build/compile_commands.json names no unit of the analyzer")
    shutil.rmtree(target, ignore_errors=True)
    entries = []
    while len(entries) < UNITS_MIN:
        tree = os.path.join(target, f"copy{len(entries) // len(own)}")
        for folder in ("analyzer", "rules"):
            if os.path.isdir(f"{ROOT}/{folder}"):
                shutil.copytree(f"{ROOT}/{folder}", f"{tree}/{folder}")
        os.makedirs(f"{tree}/build")
        entries += [{"directory": f"{tree}/build",
                     "file": entry["file"].replace(ROOT, tree),
                     "arguments": [argument.replace(ROOT, tree)
                                   for argument in arguments_of(entry)]} for entry in own]
    with open(f"{target}/compile_commands.json", "w", encoding="utf-8") as file:
        json.dump(entries, file, indent=1)
    return target


def syntax_check(entry):
    arguments = iter(arguments_of(entry)[1:])
    kept = []
    for argument in arguments:
        if argument in OUTPUT_FLAGS_WITH_VALUE:
            next(arguments, None)
        elif argument not in OUTPUT_FLAGS and not argument.startswith(("-Wp,", "-M")):
            kept.append(argument)
    return [CLANG, "-fsyntax-only", "-w", *kept]


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command, directory, allowed, log):
    status = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log,
                            stderr=log, check=False).returncode
    if status not in allowed:
        fail(f"status {status} from: {shlex.join(command)} (in {directory}); see {log.name}")


def measure_leash(folder, log):
    before = children_seconds()
    run([f"{ROOT}/build/leash", "check", "-p", folder, "--jobs", "1", "--no-cache"], ROOT, (0, 1),
        log)
    return children_seconds() - before


def measure_clang(units, log):
    before = children_seconds()
    for entry, command in units:
        run(command, entry["directory"], (0,), log)
    return children_seconds() - before


def main():
    parser = argparse.ArgumentParser(usage="./dev bench parse [--pairs N] [--limit R] [BUILD-DIR]")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--limit", type=float, default=1.15)
    parser.add_argument("folder", nargs="?")
    options = parser.parse_args()
    if options.pairs < 5:
        fail("fewer than 5 pairs say too little")

    os.makedirs(f"{ROOT}/out/bench", exist_ok=True)
    folder = os.path.abspath(options.folder) if options.folder else copy_of_our_units(
        f"{ROOT}/out/bench/parse")
    units = [(entry, syntax_check(entry)) for entry in read_units(folder)]
    print(f"{len(units)} units in {folder}, {options.pairs} pairs after one to warm up")

    ratios = []
    with open(f"{ROOT}/out/bench/parse.log", "w", encoding="utf-8") as log:
        for pair in range(options.pairs + 1):
            if pair % 2:
                leash, clang = measure_leash(folder, log), measure_clang(units, log)
            else:
                clang, leash = measure_clang(units, log), measure_leash(folder, log)
            print(f"{'warm-up' if pair == 0 else pair}: leash {leash:.2f} s, clang {clang:.2f} s,"
                  f" ratio {leash / clang:.3f}")
            if pair:
                ratios.append(leash / clang)
    median = statistics.median(ratios)
    print(f"ratio {median:.3f} (median; {min(ratios):.3f} to {max(ratios):.3f}), "
          f"limit {options.limit}")
    return 0 if median <= options.limit else 1


if __name__ == "__main__":
    sys.exit(main())
