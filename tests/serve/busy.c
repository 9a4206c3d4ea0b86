/*
 * busy.c PARKED - a program with work of its own that also serves debug_serve's pages.
 *
 * Two tasks play ping-pong, one wakes every PULSE_MS, PARKED others wait. Each half second there is
 * a line "work ROUNDS PAUSE_MS": the rounds of ping-pong since the last one, and the longest time
 * from one pulse to the next.  A byte on stdin stops the server, and "stopped MS" says how long
 * that took; the end of stdin ends the program.
 */
#include <leash.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PULSE_MS = 10, REPORT_MS = 500 };

struct work {
    chan_t *done; /* closed at the end */
    wg_t tasks;
    _Atomic long rounds;
    _Atomic int64_t pause_ms; /* the longest since the last report */
};

static void wait_for_end(struct work *work)
{
    chan_recv(work->done, NULL);
}

static void ping(struct work *work, chan_t *there, chan_t *back)
{
    int ball = 0;

    defer_close(there);
    while (chan_select(SEND(there, &ball), DONE(work->done)) == 0 && chan_recv(back, &ball))
        atomic_fetch_add(&work->rounds, 1);
}

static void pong(chan_t *there, chan_t *back)
{
    int ball;

    defer_close(back);
    while (chan_recv(there, &ball))
        chan_send(back, &ball);
}

static void pulse(struct work *work)
{
    int64_t last = task_now_ms();

    while (chan_select(AFTER_MS(PULSE_MS), DONE(work->done)) == 0) {
        int64_t now = task_now_ms();
        if (now - last > atomic_load(&work->pause_ms))
            atomic_store(&work->pause_ms, now - last);
        last = now;
    }
}

static void report(struct work *work)
{
    while (chan_select(AFTER_MS(REPORT_MS), DONE(work->done)) == 0) {
        long rounds = atomic_exchange(&work->rounds, 0);
        printf("work %ld %lld\n", rounds, (long long)atomic_exchange(&work->pause_ms, 0));
    }
}

static void stop_server(void)
{
    int64_t start = task_now_ms();

    debug_stop();
    printf("stopped %lld\n", (long long)(task_now_ms() - start));
}

static int entry(int argc, char **argv)
{
    struct work work = {.done = done_make()};
    defer_free(work.done);
    chan_t *there = chan_make(int, 0);
    defer_free(there);
    chan_t *back = chan_make(int, 0);
    defer_free(back);
    long parked = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    char byte;

    for (long i = 0; i < parked; i++)
        wg_spawn(&work.tasks, wait_for_end, &work);
    wg_spawn(&work.tasks, ping, &work, there, back);
    wg_spawn(&work.tasks, pong, there, back);
    wg_spawn(&work.tasks, pulse, &work);
    wg_spawn(&work.tasks, report, &work);
    int error = debug_serve(":0");
    while (!error && io_read(ctx_background(), STDIN_FILENO, &byte, 1, NO_TIMEOUT) == 1)
        stop_server();
    chan_close(work.done);
    wg_wait(&work.tasks);
    return error;
}

int main(int argc, char **argv)
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    return leash_run(entry, argc, argv);
}
