"""The oracle's oracle: runs generated programs on the real runtime, with random schedules.

Whoever is parked when the program ends must be parked where the exhaustive answer says so.  The
other way round nothing follows: a few runs need not meet the rare schedule.  To meet most, tasks pause for
a random time before many of their calls, so that timeouts too come early and late.
"""
import os
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "run"))
import libleash  # noqa: E402 found there

RUNS = 16
SECONDS_MAX = 3  # some programs rightly go on for ever
PAUSES = """
/* Included before the program: a pause in front of what other tasks can see. */
#include <leash.h>

void may_pause(void);

#undef chan_send
#undef chan_recv
#undef chan_close
#undef chan_select
#undef mu_lock
#undef mu_unlock
#undef rw_rlock
#undef rw_lock
#undef wg_wait
#undef cv_wait
#undef cv_signal
#undef cv_broadcast
#define chan_send(ch, ...)  (may_pause(), LEASH_CHAN_SEND(ch, __VA_ARGS__))
#define chan_recv(ch, out)  (may_pause(), LEASH_CHAN_RECV(ch, out))
#define chan_close(ch)      (may_pause(), LEASH_CHAN_CLOSE(ch))
#define chan_select(...)    (may_pause(), LEASH_CHAN_SELECT(__VA_ARGS__))
#define mu_lock(mu)         (may_pause(), LEASH_MU_LOCK(mu))
#define mu_unlock(mu)       (may_pause(), leash_mu_unlock(mu))
#define rw_rlock(rw)        (may_pause(), LEASH_RW_RLOCK(rw))
#define rw_lock(rw)         (may_pause(), LEASH_RW_LOCK(rw))
#define wg_wait(wg)         (may_pause(), LEASH_WG_WAIT(wg))
#define cv_wait(cv, mu)     (may_pause(), LEASH_CV_WAIT(cv, mu))
#define cv_signal(cv)       (may_pause(), leash_cv_signal(cv))
#define cv_broadcast(cv)    (may_pause(), leash_cv_broadcast(cv))
"""
COIN = """
#include <leash.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Either way, differently in each run, for any task on any thread. */
extern int coin(void);
extern void may_pause(void);

static _Atomic unsigned state;

static unsigned roll(void)
{
    if (!atomic_load(&state)) {
        const char *seed = getenv("COIN");
        atomic_store(&state, seed ? (unsigned)atoi(seed) * 2654435761u + 12345u : 1u);
    }
    unsigned next = atomic_fetch_add(&state, 2654435769u);
    next ^= next >> 15;
    next *= 2246822519u;
    next ^= next >> 13;
    return next >> 7;
}

int coin(void)
{
    return (int)(roll() & 1);
}

void may_pause(void)
{
    unsigned dice = roll();

    if (dice % 4 == 0)
        task_sleep_ms(dice / 4 % 4);
}
"""


def build(case, out, library):
    """The path of the executable."""
    coin, pauses = os.path.join(out, "coin.c"), os.path.join(out, "pauses.h")
    for path, text in ((coin, COIN), (pauses, PAUSES)):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return libleash.build(case.path[:-2], [case.path, coin], library, "-Wall", "-Wextra", "-Werror",
                          "-O1", "-include", pauses)


def run_once(executable, seed):
    return libleash.run(executable, *["x"] * (seed % 4), schedule=f"random:{seed}",
                        threads=os.cpu_count(), limit_s=SECONDS_MAX,
                        environment={"COIN": str(seed + 1)})


def check_one(case, executable):
    """(lines met, complaints); nothing is said of runs that do not end."""
    met, complaints = set(), []
    for seed in range(RUNS):
        end = run_once(executable, seed)
        if end.status is None:
            break
        if end.status != 0 and not end.is_stuck:
            complaints.append(f"{case.path}: ended with status {end.status} (seed {seed})")
        met.update(site.line for site in end.parked)
    for line in sorted(met):
        if not any(first <= line <= last for first, last in case.stuck + case.unsettled):
            complaints.append(f"{case.path}:{line}: a task was left parked here, and the "
                              "exhaustive answer knows nothing of it")
    return met, complaints


def check_runtime(cases, out, library, verbose):
    """Prints what differs, and with `verbose` the places that no run met; whether nothing differs."""
    places = places_met = 0
    complaints = []
    for case in cases:
        met, mine = check_one(case, build(case, out, library))
        complaints += mine
        unmet = [place for place in case.stuck
                 if not any(place[0] <= line <= place[1] for line in met)]
        places += len(case.stuck)
        places_met += len(case.stuck) - len(unmet)
        if verbose:
            for first, _ in unmet:
                print(f"{case.path}:{first}: no run left a task here")
    print("\n".join(complaints))
    print(f"on the runtime: {len(cases)} programs, {RUNS} runs each; {places_met} of {places} "
          f"stuck places met, {len(complaints)} contradictions")
    return not complaints
