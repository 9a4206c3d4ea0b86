/*
 * cache.h - values by key, loaded in the background and dropped when they are old.
 *
 * Several tasks that miss the same key at the same time cause one load.  What expires or is pushed
 * out is handed to a callback, in a task of the cache's own.
 */
#ifndef CACHE_H
#define CACHE_H

#include <leash.h>
#include <stddef.h>

struct cache;

struct cache_options {
    /* Loads the value of a key: 0 and the value, or an errno value.  May park. */
    int (*load)(void *user, const char *key, void **value);
    /* Takes a value that left the cache, or that never got in; called by one task at a time. */
    void (*evicted)(void *user, const char *key, void *value);
    void *user;
    int loaders;         /* loads at the same time; at least 1 */
    int64_t lifetime_ms; /* of a value; more than 0 */
    int64_t sweep_ms;    /* how often old values are looked for; more than 0 */
};

struct cache_numbers {
    unsigned hits, misses, shared, loads, failures, evictions;
    unsigned held; /* values in the cache, or on their way out of it */
};

/* 0 and the cache, for cache_destroy; or EINVAL or ENOMEM. */
int cache_create(const struct cache_options *options, struct cache **created);

/* When no other call is under way: ends all tasks, hands all values to `evicted`, frees the cache.
 * Parks. */
void cache_destroy(struct cache *cache);

/*
 * Calls use(argument, value) with the value of the key, which stays the cache's and is good until
 * that returns; `use` must neither park nor call the cache.  Parks while the value is loaded.
 *
 * 0, an error of the load, or ENOMEM.
 */
int cache_get(struct cache *cache, const char *key, void (*use)(void *argument, const void *value),
              void *argument);

/* The same, but waits no longer than so many milliseconds for the load: then ETIMEDOUT, and the
 * load goes on for those who come later. */
int cache_get_within(struct cache *cache, int64_t ms, const char *key,
                     void (*use)(void *argument, const void *value), void *argument);

/* Begins to load the key unless it is there.  Does not wait for the load. */
int cache_prefetch(struct cache *cache, const char *key);

/* Drops the value of the key, if there is one; what is being loaded will not get in. */
void cache_drop(struct cache *cache, const char *key);

struct cache_numbers cache_numbers(struct cache *cache);

#endif
