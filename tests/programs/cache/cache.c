/* cache.c - the calls of cache.h. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

void count(struct cache *cache, unsigned *number)
{
    mu_lock(&cache->numbers_lock);
    defer_unlock(&cache->numbers_lock);
    ++*number;
}

struct cache_numbers cache_numbers(struct cache *cache)
{
    mu_lock(&cache->numbers_lock);
    struct cache_numbers numbers = cache->numbers;
    mu_unlock(&cache->numbers_lock);
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        mu_lock(&shard->lock);
        numbers.held += shard->held;
        mu_unlock(&shard->lock);
    }
    return numbers;
}

static void stop_evictor(struct cache *cache)
{
    chan_close(cache->evictions);
    wg_wait(&cache->evictor);
    chan_free(cache->evictions);
}

static void stop_loaders(struct cache *cache)
{
    chan_close(cache->jobs);
    wg_wait(&cache->loaders);
    chan_free(cache->jobs);
}

/* Starts the tasks, or none of them and an error. */
static int start(struct cache *cache)
{
    int error = evictor_start(cache);

    if (error)
        return error;
    cache->jobs = chan_make(struct flight *, 0);
    loader_start(cache);
    error = sweeper_start(cache);
    if (error) {
        stop_loaders(cache);
        stop_evictor(cache);
    }
    return error;
}

int cache_create(const struct cache_options *options, struct cache **created)
{
    if (!options->load || options->loaders < 1 || options->lifetime_ms <= 0)
        return EINVAL;
    struct cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return ENOMEM;
    cache->options = *options;
    int error = start(cache);
    if (error) {
        free(cache);
        return error;
    }
    *created = cache;
    return 0;
}

/* The loaders and the sweeper evict, so the evictor goes last. */
void cache_destroy(struct cache *cache)
{
    wg_wait(&cache->prefetchers);
    stop_loaders(cache);
    chan_close(cache->closing);
    wg_wait(&cache->sweeper);
    chan_free(cache->closing);
    stop_evictor(cache);
    free(cache);
}

/* Gives the flight to a loader.  false: none was free in time, and the flight is over. */
static bool hand_over(struct cache *cache, struct flight *flight, int64_t ms)
{
    if (ms < 0)
        return chan_send(cache->jobs, &flight);
    if (chan_select(SEND(cache->jobs, &flight), AFTER_MS(ms)) == 0)
        return true;
    flight_land(cache, flight, ETIMEDOUT);
    return false;
}

/* Waits for the end of the flight, or for so many milliseconds. */
static int wait_for(struct flight *flight, int64_t ms)
{
    if (ms < 0)
        chan_recv(flight->landed, NULL);
    else if (chan_select(DONE(flight->landed), AFTER_MS(ms)) != 0)
        return ETIMEDOUT;
    return flight->error;
}

/* Loads the key, or waits for whoever does; a negative time is none. */
static int load(struct cache *cache, const char *key, int64_t ms)
{
    bool begun;
    struct flight *flight = flight_join(cache, key, &begun);

    if (!flight)
        return ENOMEM;
    int error = ETIMEDOUT;
    if (!begun || hand_over(cache, flight, ms))
        error = wait_for(flight, ms);
    flight_leave(cache, flight);
    return error;
}

static int get(struct cache *cache, int64_t ms, const char *key,
               void (*use)(void *argument, const void *value), void *argument)
{
    if (strlen(key) >= KEY_BYTES_MAX)
        return EINVAL;
    /* What was loaded may be dropped before it is used: then once more. */
    while (!table_use(cache, key, use, argument)) {
        count(cache, &cache->numbers.misses);
        int error = load(cache, key, ms);
        if (error)
            return error;
    }
    count(cache, &cache->numbers.hits);
    return 0;
}

int cache_get(struct cache *cache, const char *key, void (*use)(void *argument, const void *value),
              void *argument)
{
    return get(cache, -1, key, use, argument);
}

int cache_get_within(struct cache *cache, int64_t ms, const char *key,
                     void (*use)(void *argument, const void *value), void *argument)
{
    return get(cache, ms > 0 ? ms : 0, key, use, argument);
}

/* Owns the key. */
static void prefetch(struct cache *cache, char *key)
{
    bool begun;
    struct flight *flight = flight_join(cache, key, &begun);

    free(key);
    if (!flight) {
        wg_done(&cache->prefetchers);
        return;
    }
    if (!begun) {
        flight_leave(cache, flight);
        wg_done(&cache->prefetchers);
        return;
    }
    chan_send(cache->jobs, &flight);
    flight_leave(cache, flight);
    wg_done(&cache->prefetchers);
}

int cache_prefetch(struct cache *cache, const char *key)
{
    if (strlen(key) >= KEY_BYTES_MAX)
        return EINVAL;
    if (table_has(cache, key))
        return 0;
    char *copy = strdup(key);
    if (!copy)
        return ENOMEM;
    wg_add(&cache->prefetchers, 1);
    spawn(prefetch, cache, copy);
    return 0;
}

void cache_drop(struct cache *cache, const char *key)
{
    table_drop(cache, key);
}
