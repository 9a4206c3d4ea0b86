/* table.c - the values, by key. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct entry *entry_new(const char *key, void *value, int64_t expires_ms)
{
    struct entry *entry = calloc(1, sizeof *entry);

    if (!entry)
        return NULL;
    strncpy(entry->key, key, sizeof entry->key - 1);
    entry->value = value;
    entry->expires_ms = expires_ms;
    return entry;
}

struct shard *shard_of(struct cache *cache, const char *key)
{
    unsigned hash = 0;

    for (; *key; key++)
        hash = hash * 31 + (unsigned char)*key;
    return &cache->shards[hash % SHARDS];
}

/* The place where the entry of the key hangs, or would.  Under the shard's lock. */
static struct entry **find(struct shard *shard, const char *key)
{
    struct entry **at = &shard->entries;

    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

/* Under the shard's lock. */
static struct entry *unlink_entry(struct entry **at)
{
    struct entry *entry = *at;

    if (entry)
        *at = entry->next;
    return entry;
}

bool table_use(struct cache *cache, const char *key, void (*use)(void *argument, const void *value),
               void *argument)
{
    struct shard *shard = shard_of(cache, key);

    mu_lock(&shard->lock);
    struct entry *entry = *find(shard, key);
    if (!entry || entry->expires_ms <= task_now_ms()) {
        mu_unlock(&shard->lock);
        return false;
    }
    use(argument, entry->value);
    mu_unlock(&shard->lock);
    return true;
}

bool table_has(struct cache *cache, const char *key)
{
    struct shard *shard = shard_of(cache, key);

    mu_lock(&shard->lock);
    defer_unlock(&shard->lock);
    return *find(shard, key) != NULL;
}

void table_put(struct cache *cache, struct entry *entry, struct flight *flight)
{
    struct shard *shard = shard_of(cache, entry->key);
    struct entry *leaving = entry;

    mu_lock(&shard->lock);
    shard->held++;
    if (!flight_is_spoiled(cache, flight)) {
        leaving = unlink_entry(find(shard, entry->key));
        entry->next = shard->entries;
        shard->entries = entry;
    }
    mu_unlock(&shard->lock);
    if (leaving)
        evict(cache, leaving);
}

void table_drop(struct cache *cache, const char *key)
{
    struct shard *shard = shard_of(cache, key);

    mu_lock(&shard->lock);
    struct entry *entry = unlink_entry(find(shard, key));
    flight_spoil(cache, key);
    mu_unlock(&shard->lock);
    if (entry)
        evict(cache, entry);
}

void table_handed_back(struct cache *cache, const char *key)
{
    struct shard *shard = shard_of(cache, key);

    mu_lock(&shard->lock);
    shard->held--;
    mu_unlock(&shard->lock);
}

/* Takes all that have expired out of the shard, as a list.  Under its lock. */
static struct entry *take_expired(struct shard *shard, int64_t now_ms)
{
    struct entry *expired = NULL;
    struct entry **at = &shard->entries;

    while (*at) {
        if ((*at)->expires_ms > now_ms) {
            at = &(*at)->next;
            continue;
        }
        struct entry *entry = unlink_entry(at);
        entry->next = expired;
        expired = entry;
    }
    return expired;
}

static void sweep_shard(struct cache *cache, struct shard *shard, int64_t now_ms)
{
    mu_lock(&shard->lock);
    struct entry *expired = take_expired(shard, now_ms);
    mu_unlock(&shard->lock);
    while (expired) {
        struct entry *next = expired->next;
        evict(cache, expired);
        expired = next;
    }
}

void table_sweep(struct cache *cache, int64_t now_ms)
{
    for (int i = 0; i < SHARDS; i++)
        sweep_shard(cache, &cache->shards[i], now_ms);
}
