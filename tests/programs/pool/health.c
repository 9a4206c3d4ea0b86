/*
 * health.c - idle connections are probed now and then.
 *
 * Each probe is a task of its own, so that one that hangs does not hold up the others.  A prober
 * keeps its connection until it knows, and its verdict goes into a channel with room for all: the
 * health task waits for so long and no longer.
 */
#include "internal.h"

#include <stdlib.h>

static void probe(struct pool *pool, struct connection *connection, chan_t *verdicts)
{
    const struct pool_options *options = &pool->options;
    bool works = options->probe(options->user, connection->handle);

    chan_send(verdicts, &works);
    chan_free(verdicts);
    if (!works) {
        discard(pool, connection);
        wg_done(&pool->probers);
        return;
    }
    hand_out(pool, connection);
    wg_done(&pool->probers);
}

/* Spawns a prober for each of the list. */
static void probe_each(struct pool *pool, struct connection *idle, chan_t *verdicts)
{
    while (idle) {
        struct connection *next = idle->next;
        wg_add(&pool->probers, 1);
        spawn(probe, pool, idle, chan_ref(verdicts));
        idle = next;
    }
}

/* false: the pool is being drained. */
static bool collect(struct pool *pool, chan_t *verdicts, int count)
{
    int64_t until_ms = task_now_ms() + pool->options.probe_ms;
    bool works;

    while (count > 0) {
        switch (chan_select(RECV(verdicts, &works), DONE(pool->closing), UNTIL_MS(until_ms))) {
        case 0:
            count--;
            if (!works)
                tell(pool, POOL_PROBE_FAILED);
            break;
        case 1:
            return false;
        default:
            return true;
        }
    }
    return true;
}

static bool probe_idle(struct pool *pool)
{
    int count;
    struct connection *idle = take_idle(pool, &count);

    if (!idle)
        return true;
    chan_t *verdicts = chan_make(bool, (size_t)count);
    defer_free(verdicts);
    probe_each(pool, idle, verdicts);
    return collect(pool, verdicts, count);
}

static void look_after(struct pool *pool)
{
    ticker_t *ticker = ticker_start_ms(pool->options.probe_ms);
    int64_t now_ms;

    while (chan_select(RECV(ticker_chan(ticker), &now_ms), DONE(pool->closing)) == 0)
        if (!probe_idle(pool))
            break;
    ticker_stop(ticker);
}

int health_start(struct pool *pool)
{
    if (!pool->options.probe || pool->options.probe_ms <= 0)
        return EINVAL;
    wg_spawn(&pool->health, look_after, pool);
    return 0;
}

void health_stop(struct pool *pool)
{
    wg_wait(&pool->health);
    wg_wait(&pool->probers);
}
