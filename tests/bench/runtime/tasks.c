/*
 * tasks.c - benchmarks of tasks: starting, taking turns, sleeping, being parked, sharing work.
 */
#include "bench.h"
#include "leaf_work.h"

#include <leash.h>

enum { BATCH = 100, YIELDERS = 100, SLEEP_LIMIT_MS = 100, SETTLE_MS = 50 };

/* ---- spawn ----------------------------------------------------------------------------------- */

static void finish(wg_t *batch)
{
    wg_done(batch);
}

double bench_spawn(long count)
{
    wg_t batch = {0};
    double start = wall_ns();

    for (long done = 0; done < count; done += BATCH) {
        wg_add(&batch, BATCH);
        for (int i = 0; i < BATCH; i++)
            spawn(finish, &batch);
        wg_wait(&batch);
    }
    return (wall_ns() - start) / (double)count;
}

/* ---- yield ----------------------------------------------------------------------------------- */

static void yield_often(wg_t *yielders, long times)
{
    for (long i = 0; i < times; i++)
        task_yield();
    wg_done(yielders);
}

double bench_yield(long count)
{
    wg_t yielders = {0};
    double start = wall_ns();

    wg_add(&yielders, YIELDERS);
    for (int i = 0; i < YIELDERS; i++)
        spawn(yield_often, &yielders, count / YIELDERS);
    wg_wait(&yielders);
    return (wall_ns() - start) / (double)count;
}

/* ---- timers ---------------------------------------------------------------------------------- */

/* The same numbers in every run and in Go: Marsaglia's xorshift. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void sleep_once(wg_t *sleepers, int64_t ms)
{
    task_sleep_ms(ms);
    wg_done(sleepers);
}

/* Not quite alike: a sleep of 0 ms, one in a hundred, lets others go first here and does nothing
 * in Go. */
double bench_timers(long count)
{
    wg_t sleepers = {0};
    uint32_t random = 1;
    double start = cpu_ns();

    wg_add(&sleepers, (int)count);
    for (long i = 0; i < count; i++)
        spawn(sleep_once, &sleepers, (int64_t)(next_random(&random) % SLEEP_LIMIT_MS));
    wg_wait(&sleepers);
    return (cpu_ns() - start) / 1e6;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void park_once(chan_t *gate, wg_t *arrived, wg_t *left)
{
    wg_done(arrived);
    chan_recv(gate, NULL);
    wg_done(left);
}

double bench_memory(long count)
{
    chan_t *gate = done_make();
    wg_t arrived = {0};
    wg_t left = {0};
    size_t before_kib = status_kib("VmRSS") + status_kib("VmPTE");

    wg_add(&arrived, (int)count);
    wg_add(&left, (int)count);
    for (long i = 0; i < count; i++)
        spawn(park_once, gate, &arrived, &left);
    wg_wait(&arrived);
    task_sleep_ms(SETTLE_MS); /* the last to arrive go on to park */
    size_t after_kib = status_kib("VmRSS") + status_kib("VmPTE");
    chan_close(gate);
    wg_wait(&left);
    chan_free(gate);
    return ((double)after_kib - (double)before_kib) * 1024 / (double)count;
}

/* ---- tree ------------------------------------------------------------------------------------ */

/* A task for each node: it halves its leaves until there is one. */
static void node(long leaves, uint64_t first, uint64_t *sum)
{
    uint64_t left;
    uint64_t right;
    wg_t both = {0};

    if (leaves == 1) {
        *sum = leaf_work(first);
        return;
    }
    long half = leaves / 2;
    wg_spawn(&both, node, half, first, &left);
    wg_spawn(&both, node, leaves - half, first + (uint64_t)half, &right);
    wg_wait(&both);
    *sum = left + right;
}

double bench_tree(long count)
{
    wg_t root = {0};
    uint64_t sum;
    double start = wall_ns();

    wg_spawn(&root, node, count, 0, &sum);
    wg_wait(&root);
    double end = wall_ns();
    leaf_check(count, sum);
    return (end - start) / (double)count;
}
