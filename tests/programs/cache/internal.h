/*
 * internal.h - what the files of the cache share.
 *
 * Locks, outermost first: shard.lock, flights.lock, numbers.lock.  Nothing parks under them but for
 * each other: what has to go into a channel goes there when they are released.
 */
#ifndef CACHE_INTERNAL_H
#define CACHE_INTERNAL_H

#include "cache.h"

enum { SHARDS = 4, KEY_BYTES_MAX = 64, EVICTIONS_WAITING = 2 };

/* A value in the cache, or on its way out. */
struct entry {
    struct entry *next; /* in its shard */
    char key[KEY_BYTES_MAX];
    void *value;
    int64_t expires_ms;
};

struct shard {
    mu_t lock;
    struct entry *entries;
    unsigned held; /* entries in it and those that `evicted` has not had yet */
};

/* One load that some tasks wait for. */
struct flight {
    struct flight *next; /* among those that are under way */
    char key[KEY_BYTES_MAX];
    chan_t *landed; /* closed when the load is over; `error` is good then */
    int error;
    bool spoiled; /* under flights.lock: its key was dropped meanwhile */
    int holders;  /* under flights.lock: the loader and each who waits */
};

struct flights {
    mu_t lock;
    struct flight *first;
};

struct cache {
    struct cache_options options;
    struct shard shards[SHARDS];
    struct flights flights;
    mu_t numbers_lock;
    struct cache_numbers numbers;

    chan_t *jobs;      /* of struct flight *: to be loaded; closed by cache_destroy */
    chan_t *evictions; /* of struct entry *: for `evicted`; closed when nobody evicts any more */
    chan_t *closing;   /* a done channel, for the sweeper; closed by cache_destroy */
    wg_t loaders, sweeper, evictor, prefetchers;
};

/* table.c: the values. */
struct entry *entry_new(const char *key, void *value, int64_t expires_ms);
struct shard *shard_of(struct cache *cache, const char *key);
/* Calls use on the value if there is one that has not expired.  Whether there was. */
bool table_use(struct cache *cache, const char *key, void (*use)(void *argument, const void *value),
               void *argument);
bool table_has(struct cache *cache, const char *key);
/* Puts the entry in, and one of the same key leaves; when the flight is spoiled it leaves itself.
 */
void table_put(struct cache *cache, struct entry *entry, struct flight *flight);
/* The entry of the key leaves. */
void table_drop(struct cache *cache, const char *key);
/* An entry that left has been handed back. */
void table_handed_back(struct cache *cache, const char *key);
/* All that have expired by then leave. */
void table_sweep(struct cache *cache, int64_t now_ms);

/* flight.c: the loads. */
/* Joins the flight of the key, or begins one, and then *begun.  NULL without memory. */
struct flight *flight_join(struct cache *cache, const char *key, bool *begun);
/* The load is over: whoever waits goes on. */
void flight_land(struct cache *cache, struct flight *flight, int error);
void flight_leave(struct cache *cache, struct flight *flight);
/* What is being loaded for the key is outdated. */
void flight_spoil(struct cache *cache, const char *key);
bool flight_is_spoiled(struct cache *cache, struct flight *flight);

/* loader.c, evict.c: the tasks. */
void loader_start(struct cache *cache);
int sweeper_start(struct cache *cache);
int evictor_start(struct cache *cache);
/* Hands the entry over to the evictor.  Parks while that has enough to do. */
void evict(struct cache *cache, struct entry *entry);

/* numbers.c */
void count(struct cache *cache, unsigned *number);

#endif
