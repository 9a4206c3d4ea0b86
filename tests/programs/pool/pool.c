/* pool.c - the pool's beginning and end. */
#include "internal.h"

#include <stdlib.h>

/* All tasks, or none of them and an error. */
static int start(struct pool *pool)
{
    pool->closing = done_make();
    teller_start(pool);
    openers_start(pool);
    int error = health_start(pool);
    if (error) {
        openers_stop(pool);
        teller_stop(pool);
        chan_free(pool->closing);
    }
    return error;
}

int pool_create(const struct pool_options *options, struct pool **created)
{
    if (!options->open || !options->close || options->size < 1 || options->openers < 1)
        return EINVAL;
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return ENOMEM;
    pool->options = *options;
    int error = start(pool);
    if (error) {
        free(pool);
        return error;
    }
    *created = pool;
    return 0;
}

/* Openers and probers bring connections until they have ended, and tell of them. */
void pool_destroy(struct pool *pool)
{
    int count;

    pool_drain(pool);
    openers_stop(pool);
    health_stop(pool);
    struct connection *idle = take_idle(pool, &count);
    while (idle) {
        struct connection *next = idle->next;
        discard(pool, idle);
        idle = next;
    }
    teller_stop(pool);
    chan_free(pool->closing);
    free(pool);
}
