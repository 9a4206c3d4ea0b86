/* tell.c - the owner is told what happens. */
#include "internal.h"

static void run(struct pool *pool)
{
    enum pool_event event;

    while (chan_recv(pool->events, &event)) {
        pool->options.event(pool->options.user, event);
        mu_lock(&pool->lock);
        pool->told++;
        mu_unlock(&pool->lock);
    }
}

void tell(struct pool *pool, enum pool_event event)
{
    if (pool->options.event)
        chan_send(pool->events, &event);
}

void teller_start(struct pool *pool)
{
    pool->events = chan_make(enum pool_event, EVENTS_WAITING);
    if (pool->options.event)
        wg_spawn(&pool->teller, run, pool);
}

void teller_stop(struct pool *pool)
{
    chan_close(pool->events);
    wg_wait(&pool->teller);
    chan_free(pool->events);
}
