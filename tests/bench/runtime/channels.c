/*
 * channels.c - benchmarks of channels and select.
 */
#include "bench.h"

#include <leash.h>

enum { ROOM = 128, PRODUCERS = 1000 };

/* ---- ping-pong ------------------------------------------------------------------------------- */

static void answer(chan_t *calls, chan_t *answers)
{
    int value;

    defer_close(answers);
    while (chan_recv(calls, &value))
        chan_send(answers, &value);
}

double bench_pingpong(long count)
{
    chan_t *calls = chan_make(int, 0);
    chan_t *answers = chan_make(int, 0);
    int value = 0;

    spawn(answer, calls, answers);
    double start = wall_ns();
    for (long i = 0; i < count; i++) {
        chan_send(calls, &value);
        chan_recv(answers, &value);
    }
    double end = wall_ns();
    chan_close(calls);
    chan_recv(answers, NULL);
    chan_free(calls);
    chan_free(answers);
    return (end - start) / (double)count;
}

/* ---- stream ---------------------------------------------------------------------------------- */

static void produce(chan_t *values, long count)
{
    defer_close(values);
    for (int i = 0; i < count; i++)
        chan_send(values, &i);
}

double bench_stream(long count)
{
    chan_t *values = chan_make(int, ROOM);
    int value;
    double start = wall_ns();

    spawn(produce, values, count);
    while (chan_recv(values, &value)) {
    }
    double end = wall_ns();
    chan_free(values);
    return (end - start) / (double)count;
}

/* ---- select ---------------------------------------------------------------------------------- */

/* The loop of every worker that can be told to stop. */
static void receive_until_done(chan_t *values, chan_t *done, long count)
{
    int value;

    for (long i = 0; i < count; i++) {
        switch (chan_select(RECV(values, &value), DONE(done))) {
        case 0:
            break;
        default:
            return;
        }
    }
}

static double select_from(size_t room, long count)
{
    chan_t *values = chan_make(int, room);
    chan_t *done = done_make();
    double start = wall_ns();

    spawn(produce, values, count);
    receive_until_done(values, done, count);
    double end = wall_ns();
    chan_recv(values, NULL); /* its close: the producer has ended */
    chan_close(done);
    chan_free(done);
    chan_free(values);
    return (end - start) / (double)count;
}

double bench_select(long count)
{
    return select_from(0, count);
}

double bench_select_buffered(long count)
{
    return select_from(ROOM, count);
}

/* ---- fan-in ---------------------------------------------------------------------------------- */

static void produce_some(chan_t *values, wg_t *producers, long count)
{
    for (int i = 0; i < count; i++)
        chan_send(values, &i);
    wg_done(producers);
}

static void close_after(chan_t *values, wg_t *producers)
{
    wg_wait(producers);
    chan_close(values);
}

double bench_fan_in(long count)
{
    chan_t *values = chan_make(int, 0);
    wg_t producers = {0};
    int value;
    double start = wall_ns();

    wg_add(&producers, PRODUCERS);
    for (int i = 0; i < PRODUCERS; i++)
        spawn(produce_some, values, &producers, count / PRODUCERS);
    spawn(close_after, values, &producers);
    while (chan_recv(values, &value)) {
    }
    double end = wall_ns();
    chan_free(values);
    return (end - start) / (double)count;
}
