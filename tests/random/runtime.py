"""The oracle's oracle: runs generated programs on the real runtime, with random schedules.

Whoever is parked when the program ends must be parked where the exhaustive answer says so.  The
other way round nothing follows: a few runs need not meet the rare schedule.
"""
import os
import re
import subprocess

RUNS = 12
SECONDS_MAX = 3               # some programs rightly go on for ever
DEADLOCK, LEAKS = 24, 23      # the runtime's exit statuses
COIN = """
#include <leash.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Either way, differently in each run, for any task on any thread. */
extern int coin(void);

static _Atomic unsigned state;

int coin(void)
{
    if (!atomic_load(&state)) {
        const char *seed = getenv("COIN");
        atomic_store(&state, seed ? (unsigned)atoi(seed) * 2654435761u + 12345u : 1u);
    }
    unsigned next = atomic_fetch_add(&state, 2654435769u);
    next ^= next >> 15;
    next *= 2246822519u;
    next ^= next >> 13;
    return (int)(next >> 7 & 1);
}
"""


def build(case, root, out, library):
    """The path of the executable."""
    coin = os.path.join(out, "coin.c")
    if not os.path.exists(coin):
        with open(coin, "w", encoding="utf-8") as file:
            file.write(COIN)
    executable = case.path[:-2]
    subprocess.run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O1",
                    "-I" + os.path.join(root, "runtime", "include"), case.path, coin, library,
                    "-pthread", "-o", executable], check=True)
    return executable


def run_once(executable, seed):
    """(exit status, lines where tasks were parked at the end)"""
    environment = dict(os.environ, LEASH_LEAKS="fail", LEASH_SCHEDULE=f"random:{seed}",
                       COIN=str(seed + 1))
    arguments = [executable] + ["x"] * (seed % 4)
    try:
        run = subprocess.run(arguments, capture_output=True, text=True, env=environment,
                             timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return None, []
    lines = [int(line) for line in re.findall(r"parked at \S*?:(\d+), spawned", run.stderr)]
    return run.returncode, lines


def check_one(case, executable):
    """(lines met, complaints); nothing is said of runs that do not end."""
    met, complaints = set(), []
    for seed in range(RUNS):
        status, lines = run_once(executable, seed)
        if status is None:
            break
        if status not in (0, DEADLOCK, LEAKS):
            complaints.append(f"{case.path}: ended with status {status} (seed {seed})")
        met.update(lines)
    for line in sorted(met):
        if not any(first <= line <= last for first, last in case.stuck + case.unsettled):
            complaints.append(f"{case.path}:{line}: a task was left parked here, and the "
                              "exhaustive answer knows nothing of it")
    return met, complaints


def check_runtime(cases, root, out, library):
    """Prints what differs; whether nothing did."""
    places = places_met = 0
    complaints = []
    for case in cases:
        met, mine = check_one(case, build(case, root, out, library))
        complaints += mine
        places += len(case.stuck)
        places_met += sum(any(first <= line <= last for line in met) for first, last in case.stuck)
    print("\n".join(complaints))
    print(f"on the runtime: {len(cases)} programs, {RUNS} runs each; {places_met} of {places} "
          f"stuck places met, {len(complaints)} contradictions")
    return not complaints
