#!/usr/bin/env python3
"""Deciding against parsing, and how it grows with the program.

    decide.py [--limit RATIO] [--growth LIMIT] [MODULES...]

Programs of 100, 200, 400 and 800 modules are generated (out/bench/decide): each has a queue of its
own, made, fed, drained and ended by one small library that all share, workers that lower a wait
group, and errors that leave early.  One module in a hundred forgets to end its queue.  leash parses
with one process, so that both halves are CPU of one core.  Printed are the milliseconds of both
(`--stats`), their ratio, and the microseconds for each module; every fault must be found, and
nothing else.  Exit status 1: a ratio or the growth from the smallest to the largest program is above
its limit, or the findings are not those planted.
"""
import argparse
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEASH = os.path.join(ROOT, "build", "leash")

HEADER = """
#include <leash.h>
struct queue { chan_t *items; wg_t workers; };
struct queue *queue_new(int room);
void queue_put(struct queue *queue, int item);
int queue_take(struct queue *queue, int *item);
void queue_end(struct queue *queue);
"""
LIBRARY = """
#include "queue.h"
#include <stdlib.h>
struct queue *queue_new(int room)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    queue->items = chan_make(int, room);
    return queue;
}
void queue_put(struct queue *queue, int item) { chan_send(queue->items, &item); }
int queue_take(struct queue *queue, int *item) { return chan_recv(queue->items, item) ? 0 : -1; }
void queue_end(struct queue *queue)
{
    chan_close(queue->items);
    wg_wait(&queue->workers);
    chan_free(queue->items);
    free(queue);
}
"""
MODULE = """
#include "queue.h"
int use{0}(int item);
int load{0}(const char *name);
static int seen{0};
static void work{0}(struct queue *queue)
{{
    int item;
    while (queue_take(queue, &item) == 0)
        if (use{0}(item))
            seen{0}++;
    wg_done(&queue->workers);
}}
static int sum{0}(int from, int to)
{{
    for (int i = from; i < to; i++) {{
        if (i % 3 == from)
            continue;
        seen{0} += use{0}(i);
    }}
    return seen{0};
}}
int run{0}(const char *name)
{{
    struct queue *queue = queue_new(4);
    if (!queue)
        return -1;
    for (int i = 0; i < 3; i++) {{
        wg_add(&queue->workers, 1);
        spawn(work{0}, queue);
    }}
    int count = load{0}(name);
    if (count < 0) {{
        {1}
        return -1;
    }}
    for (int i = 0; i < count; i++)
        queue_put(queue, sum{0}(i, count));
    queue_end(queue);
    return count;
}}
"""


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def generate(modules):
    folder = os.path.join(ROOT, "out", "bench", "decide", str(modules))
    os.makedirs(folder, exist_ok=True)
    write(folder, "queue.h", HEADER)
    write(folder, "queue.c", LIBRARY)
    names = ["queue.c", "main.c"]
    for i in range(modules):
        write(folder, f"m{i}.c", MODULE.format(i, "" if i % 100 == 50 else "queue_end(queue);"))
        names.append(f"m{i}.c")
    calls = "".join(f"    run{i}(argv[0]);\n" for i in range(modules))
    write(folder, "main.c",
          "#include <leash.h>\n"
          + "".join(f"int run{i}(const char *);\n" for i in range(modules))
          + "static int start(int argc, char **argv)\n{\n    (void)argc;\n" + calls
          + "    return 0;\n}\nint main(int argc, char **argv)\n"
          "{\n    return leash_run(start, argc, argv);\n}\n")
    include = "-I" + os.path.join(ROOT, "runtime", "include")
    write(folder, "compile_commands.json", json.dumps(
        [{"directory": folder, "file": name, "arguments": ["cc", include, "-c", name]}
         for name in names]))
    return folder


def measure(modules):
    run = subprocess.run([LEASH, "check", "-p", generate(modules), "--stats", "--jobs", "1",
                          "--format", "json"], capture_output=True, text=True, check=False)
    times = dict(re.findall(r"^(\w+) +([0-9.]+) ms$", run.stderr, re.MULTILINE))
    if "rules" not in times:
        sys.exit(f"decide.py: leash failed:\n{run.stderr}")
    decide = sum(float(times[stage]) for stage in ("models", "link", "rules"))
    rules = [finding["rule"] for finding in json.loads(run.stdout)["findings"]]
    return float(times["collect"]), decide, rules


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", type=float, default=0.3)
    parser.add_argument("--growth", type=float, default=2.0)
    parser.add_argument("modules", nargs="*", type=int, default=[100, 200, 400, 800])
    options = parser.parse_args()
    each, failed = [], False
    print("modules  parse ms  decide ms  ratio  us/module  found/planted")
    for modules in options.modules:
        parse, decide, found = measure(modules)
        planted = len(range(50, modules, 100))
        each.append(decide * 1000 / modules)
        print(f"{modules:7}  {parse:8.0f}  {decide:9.0f}  {decide / parse:5.2f}  {each[-1]:9.0f}"
              f"  {found.count('missing-close')}/{planted}")
        failed |= decide / parse > options.limit or found != ["missing-close"] * planted
    if each[-1] > options.growth * each[0]:
        print(f"decide.py: a module costs {each[-1] / each[0]:.1f} times as much in the largest "
              "program as in the smallest")
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
