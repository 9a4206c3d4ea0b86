/*
 * map.h - hash maps from byte strings to pointers, and interned strings.
 *
 * Open addressing over xxHash's XXH3; lookups are O(1) on average.  Iteration order is not offered
 * on purpose: output must not depend on it.
 */
#ifndef LEASH_MAP_H
#define LEASH_MAP_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct map_slot {
    const void *key; /* in the arena; NULL: free */
    size_t length;   /* of the key, bytes */
    uint64_t hash;
    void *value;
};

/* Zero-initialised but for `arena` is an empty map. */
struct map {
    struct arena *arena; /* holds the slots and copies of the keys */
    struct map_slot *slots;
    size_t count, capacity; /* capacity is 0 or a power of two */
};

/* The place of the value of `key`, new and NULL where there was none.  Valid until the next put. */
void **map_put(struct map *map, const void *key, size_t length);
/* The value, or NULL. */
void *map_get(const struct map *map, const void *key, size_t length);

void **map_put_str(struct map *map, const char *key);
void *map_get_str(const struct map *map, const char *key);

/* Strings that compare by pointer: equal text, equal pointer, as long as the arena lives. */
struct intern {
    struct map map;
};
const char *intern_str(struct intern *intern, const char *text);
const char *intern_strn(struct intern *intern, const char *text, size_t length);

uint64_t hash_bytes(const void *data, size_t length);

#endif
