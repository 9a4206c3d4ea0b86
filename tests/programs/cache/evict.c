/* evict.c - the way out: a task that looks for old values, and one that hands them back. */
#include "internal.h"

#include <stdlib.h>

void evict(struct cache *cache, struct entry *entry)
{
    chan_send(cache->evictions, &entry);
}

static void sweep(struct cache *cache)
{
    ticker_t *ticker = ticker_start_ms(cache->options.sweep_ms);
    int64_t now_ms;

    while (chan_select(RECV(ticker_chan(ticker), &now_ms), DONE(cache->closing)) == 0)
        table_sweep(cache, now_ms);
    ticker_stop(ticker);
    table_sweep(cache, INT64_MAX);
}

static void hand_back(struct cache *cache)
{
    const struct cache_options *options = &cache->options;
    struct entry *entry;

    while (chan_recv(cache->evictions, &entry)) {
        count(cache, &cache->numbers.evictions);
        options->evicted(options->user, entry->key, entry->value);
        table_handed_back(cache, entry->key);
        free(entry);
    }
}

int sweeper_start(struct cache *cache)
{
    if (cache->options.sweep_ms <= 0)
        return EINVAL;
    cache->closing = done_make();
    wg_spawn(&cache->sweeper, sweep, cache);
    return 0;
}

int evictor_start(struct cache *cache)
{
    if (!cache->options.evicted)
        return EINVAL;
    cache->evictions = chan_make(struct entry *, EVICTIONS_WAITING);
    wg_spawn(&cache->evictor, hand_back, cache);
    return 0;
}
