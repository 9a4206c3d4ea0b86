/*
 * or_channel.c - searches for large prime numbers until there are enough, the time is up, or
 * Ctrl-C.
 *
 * The pattern: several reasons to stop, known to different parts of a program, and a task that
 * should not need to know them all.  chan_or makes one channel of them, which counts as closed as
 * soon as any of them is.  It costs a little memory and no task.
 *
 *  - Each of the channels has one owner who closes it: a task that waits for signals, an alarm, the
 *    collector of results.  None of them is ever closed by two.
 *  - The searchers see a single channel `done`.
 *  - Who wants to know the reason afterwards asks the channels themselves.
 */
#include <leash.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEARCHERS = 4, WANTED = 5, LIMIT_MS = 10 * 1000, YIELD_EVERY = 1024 };

static bool is_prime(uint64_t candidate)
{
    for (uint64_t i = 2; i * i <= candidate; i++) {
        if (candidate % i == 0)
            return false;
        if (i % YIELD_EVERY == 0)
            task_yield(); /* nobody takes a thread from a task that computes */
    }
    return candidate > 1;
}

/* Looks at every `step`th number from `from` on. */
static void search(chan_t *done, uint64_t from, uint64_t step, chan_t *primes)
{
    for (uint64_t candidate = from;; candidate += step) {
        if (is_prime(candidate) && chan_select(SEND(primes, &candidate), DONE(done)) != 0)
            return;
        if (chan_select(DONE(done), DEFAULT()) == 0)
            return;
    }
}

static void watch_signals(chan_t *done, chan_t *signals, chan_t *interrupted)
{
    if (chan_select(RECV(signals, NULL), DONE(done)) == 0)
        chan_close(interrupted);
}

/* The alarm's function, in a task of its own. */
static void close_channel(void *channel)
{
    chan_close(channel);
}

static bool is_closed(chan_t *done)
{
    return chan_select(DONE(done), DEFAULT()) == 0;
}

/* Prints primes and closes `enough` when `wanted` of them have come. */
static void collect(chan_t *done, chan_t *primes, long wanted, chan_t *enough)
{
    uint64_t prime = 0;

    for (long found = 0; found < wanted; found++) {
        if (chan_select(RECV(primes, &prime), DONE(done)) != 0)
            return;
        printf("%" PRIu64 "\n", prime);
    }
    chan_close(enough);
}

static int entry(int argc, char **argv)
{
    long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : WANTED;
    long limit_ms = argc > 2 ? strtol(argv[2], NULL, 10) : LIMIT_MS;
    chan_t *interrupted = done_make();
    defer_free(interrupted);
    chan_t *time_is_up = done_make();
    defer_free(time_is_up);
    chan_t *enough = done_make();
    defer_free(enough);
    chan_t *done = chan_or(interrupted, time_is_up, enough);
    defer_free(done);
    chan_t *primes = chan_make(uint64_t, 0);
    defer_free(primes);
    wg_t tasks = {0};

    chan_t *signals = signal_notify(SIGINT, SIGTERM);
    alarm_t *alarm = alarm_after_ms(limit_ms, close_channel, time_is_up);
    wg_spawn(&tasks, watch_signals, done, signals, interrupted);
    for (uint64_t i = 0; i < SEARCHERS; i++)
        wg_spawn(&tasks, search, done, UINT64_C(1000000000) + i, (uint64_t)SEARCHERS, primes);
    collect(done, primes, wanted, enough);

    wg_wait(&tasks);
    (void)alarm_stop(alarm);
    signal_stop(signals);
    printf("stopped: %s\n", is_closed(enough)        ? "found enough"
                            : is_closed(interrupted) ? "interrupted"
                                                     : "the time is up");
    return 0;
}

int main(int argc, char **argv)
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* shown as they are found, into a pipe too */
    return leash_run(entry, argc, argv);
}
