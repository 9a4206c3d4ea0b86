#!/usr/bin/env python3
"""One file of 20 MB: leash's time and memory against clang's own syntax check.

    big_file.py [--rounds N] [--limit RATIO]

Two files are generated, the same every time (out/bench): functions with branches, loops and
switches, and one table of numbers.  A is `leash check FILE --`, B is `clang-19 -fsyntax-only -w`;
they alternate.  Time is the CPU of all processes of a run, memory the highest sum over all of them,
looked at every few milliseconds.  Exit status 1: a median ratio
is above the limit.  2: a run failed.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILE_BYTES = 20 * 1000 * 1000
SAMPLE_SECONDS = 0.02
FUNCTIONS = """
struct item{0} {{ int kind; long value; struct item{0} *next; char name[32]; }};
static int helper{0}(struct item{0} *item, int depth)
{{
    if (!item || depth > {1})
        return -1;
    for (int i = 0; i < item->kind; i++) {{
        switch (item->kind % 4) {{
        case 0: item->value += i * {2}; break;
        case 1: item->value -= depth; /* fall through */
        case 2: if (item->next && item->next->value > {3}) return helper{0}(item->next, depth + 1);
            break;
        default: item->name[i % 32] = (char)(i + depth); continue;
        }}
        while (item->value > 1000 && depth < 3)
            item->value /= 2;
    }}
    return (int)item->value;
}}
int entry{0}(struct item{0} *a, struct item{0} *b) {{ return helper{0}(a, 0) + helper{0}(b, 1); }}
"""


def functions():
    i = 0
    while True:
        yield FUNCTIONS.format(i, i % 50, i % 7, i % 1000)
        i += 1


def table():
    yield "const int table[] = {\n"
    i = 0
    while True:
        yield ",".join(str((i * 7 + j) % 10007) for j in range(20)) + ",\n"
        i += 1


def generate(name, pieces, end):
    path = f"{ROOT}/out/bench/{name}"
    size = 0
    with open(path, "w", encoding="ascii") as file:
        for piece in pieces:
            size += file.write(piece)
            if size >= FILE_BYTES:
                break
        file.write(end)
    return path


def fail(text):
    print(f"big_file.py: {text}", file=sys.stderr)
    sys.exit(2)


def processes_of(group):
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.getpgid(int(name)) == group:
                    yield name
            except OSError:
                pass


def memory_of(group):
    """KiB of all processes of the group.  The files they map, libclang above all, are the same ones
    and count once."""
    own, mapped = 0, 0
    for name in processes_of(group):
        try:
            with open(f"/proc/{name}/smaps_rollup", encoding="ascii") as file:
                sizes = {line.split()[0]: int(line.split()[1]) for line in file if "kB" in line}
        except OSError:
            continue
        own += sizes.get("Pss_Anon:", 0)
        mapped = max(mapped, sizes.get("Rss:", 0) - sizes.get("Anonymous:", 0))
    return own + mapped


def measure(command):
    """CPU seconds and peak MiB of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, start_new_session=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(SAMPLE_SECONDS)
        said = process.stderr.read().decode(errors="replace")
    if process.returncode != 0:
        fail(f"status {process.returncode} from {' '.join(command)}:\n{said}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, peak / 1024


def compare(path, rounds, limit):
    times, memories = [], []
    for number in range(rounds):
        commands = [[f"{ROOT}/build/leash", "check", path, "--"],
                    ["clang-19", "-fsyntax-only", "-w", path]]
        order = (0, 1) if number % 2 == 0 else (1, 0)
        results = {which: measure(commands[which]) for which in order}
        (leash_time, leash_memory), (clang_time, clang_memory) = results[0], results[1]
        print(f"{os.path.basename(path)}: leash {leash_time:.2f} s, {leash_memory:.0f} MiB; "
              f"clang {clang_time:.2f} s, {clang_memory:.0f} MiB")
        times.append(leash_time / clang_time)
        memories.append(leash_memory / clang_memory)
    time_ratio, memory_ratio = statistics.median(times), statistics.median(memories)
    print(f"{os.path.basename(path)}: time {time_ratio:.2f}, memory {memory_ratio:.2f} (medians), "
          f"limit {limit}")
    return time_ratio <= limit and memory_ratio <= limit


def main():
    parser = argparse.ArgumentParser(usage="./dev bench big-file [--rounds N] [--limit R]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=2.0)
    options = parser.parse_args()
    os.makedirs(f"{ROOT}/out/bench", exist_ok=True)
    files = [generate("functions.c", functions(), ""), generate("table.c", table(), "};\n")]
    held = [compare(path, options.rounds, options.limit) for path in files]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
