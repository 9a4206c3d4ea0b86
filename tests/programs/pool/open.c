/* open.c - the tasks that open connections. */
#include "internal.h"

#include <stdlib.h>

static struct connection *try_open(struct pool *pool)
{
    const struct pool_options *options = &pool->options;
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection && options->open(options->user, &connection->handle) == 0)
        return connection;
    free(connection);
    tell(pool, POOL_OPEN_FAILED);
    return NULL;
}

/* Tries until it works or the pool is being drained: then NULL. */
static struct connection *open_one(struct pool *pool)
{
    struct connection *connection;

    while (!(connection = try_open(pool)))
        if (chan_select(DONE(pool->closing), AFTER_MS(PAUSE_MS)) == 0)
            return NULL;
    return connection;
}

static void run(struct pool *pool)
{
    int one;

    while (chan_recv(pool->orders, &one)) {
        struct connection *connection = open_one(pool);
        if (!connection) {
            forget_order(pool);
            continue;
        }
        tell(pool, POOL_OPENED);
        hand_out(pool, connection);
    }
}

void openers_start(struct pool *pool)
{
    pool->orders = chan_make(int, (size_t)pool->options.size);
    for (int i = 0; i < pool->options.openers; i++)
        wg_spawn(&pool->openers, run, pool);
}

void openers_stop(struct pool *pool)
{
    chan_close(pool->orders);
    wg_wait(&pool->openers);
    chan_free(pool->orders);
}
