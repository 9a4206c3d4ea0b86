/* loader.c - the tasks that load. */
#include "internal.h"

static void load(struct cache *cache, struct flight *flight)
{
    const struct cache_options *options = &cache->options;
    void *value = NULL;
    int error = options->load(options->user, flight->key, &value);

    if (error) {
        count(cache, &cache->numbers.failures);
        flight_land(cache, flight, error);
        return;
    }
    struct entry *entry = entry_new(flight->key, value, task_now_ms() + options->lifetime_ms);
    if (!entry) {
        options->evicted(options->user, flight->key, value);
        flight_land(cache, flight, ENOMEM);
        return;
    }
    count(cache, &cache->numbers.loads);
    table_put(cache, entry, flight);
    flight_land(cache, flight, 0);
}

static void run(struct cache *cache)
{
    struct flight *flight;

    while (chan_recv(cache->jobs, &flight))
        load(cache, flight);
}

void loader_start(struct cache *cache)
{
    for (int i = 0; i < cache->options.loaders; i++)
        wg_spawn(&cache->loaders, run, cache);
}
