/*
 * driver.c - a run of the cache: many readers of few keys, some of which are slow or cannot be
 * loaded, with drops and prefetches between.
 */
#include "cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READERS = 6, ROUNDS = 25, KEYS = 31, LOAD_MS = 1, SLOW_MS = 25, PATIENCE_MS = 4 };

static int load_number(void *user, const char *key, void **value)
{
    int number = (int)strtol(key, NULL, 10);
    int *loaded;

    (void)user;
    task_sleep_ms(number == 3 ? SLOW_MS : LOAD_MS);
    if (number % 4 == 2)
        return ENOENT;
    loaded = malloc(sizeof *loaded);
    if (!loaded)
        return ENOMEM;
    *loaded = number;
    *value = loaded;
    return 0;
}

static void give_back(void *user, const char *key, void *value)
{
    (void)user;
    (void)key;
    task_sleep_ms(LOAD_MS);
    free(value);
}

static void add_up(void *argument, const void *value)
{
    *(long *)argument += *(const int *)value;
}

static void read_keys(struct cache *cache, int reader, long *sum)
{
    char key[16];

    for (int round = 0; round < ROUNDS; round++) {
        (void)snprintf(key, sizeof key, "%d", (reader + round * (1 + reader % 2)) % KEYS);
        if (round % 5 == 4)
            cache_prefetch(cache, key);
        if (round % 3 == 1)
            cache_get_within(cache, PATIENCE_MS, key, add_up, sum);
        else
            cache_get(cache, key, add_up, sum);
        if (round % 4 == 3)
            cache_drop(cache, key);
    }
}

static int entry(int argc, char **argv)
{
    struct cache_options options = {
        .load = load_number, .evicted = give_back, .loaders = 2, .lifetime_ms = 5, .sweep_ms = 0};
    struct cache *cache;
    wg_t readers = {0};
    long sums[READERS] = {0}, sum = 0;

    (void)argc;
    (void)argv;
    if (cache_create(&options, &cache) != EINVAL)
        return 1;
    options.sweep_ms = 3;
    if (cache_create(&options, &cache) != 0)
        return 1;
    for (int i = 0; i < READERS; i++)
        wg_spawn(&readers, read_keys, cache, i, &sums[i]);
    wg_wait(&readers);
    for (int i = 0; i < READERS; i++)
        sum += sums[i];
    struct cache_numbers numbers = cache_numbers(cache);
    printf("%ld: %u hits, %u misses, %u shared, %u loads, %u failures\n", sum, numbers.hits,
           numbers.misses, numbers.shared, numbers.loads, numbers.failures);
    cache_destroy(cache);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
