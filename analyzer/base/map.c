#include "base/base.h"

#include <string.h>
#include <xxhash.h>

uint64_t hash_bytes(const void *data, size_t length)
{
    return XXH3_64bits(data, length);
}

static struct map_slot *find_slot(const struct map *map, const void *key, size_t length,
                                  uint64_t hash)
{
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (!slot->key)
            return slot;
        if (slot->hash == hash && slot->length == length && memcmp(slot->key, key, length) == 0)
            return slot;
    }
}

static void grow(struct map *map)
{
    struct map old = *map;
    map->capacity = old.capacity ? old.capacity * 2 : 16;
    map->slots = arena_array(map->arena, struct map_slot, map->capacity);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].key)
            *find_slot(map, old.slots[i].key, old.slots[i].length, old.slots[i].hash) =
                old.slots[i];
}

void **map_put(struct map *map, const void *key, size_t length)
{
    if (map->count * 4 >= map->capacity * 3)
        grow(map);
    uint64_t hash = hash_bytes(key, length);
    struct map_slot *slot = find_slot(map, key, length, hash);
    if (!slot->key) {
        *slot = (struct map_slot){arena_strndup(map->arena, key, length), length, hash, NULL};
        map->count++;
    }
    return &slot->value;
}

void *map_get(const struct map *map, const void *key, size_t length)
{
    if (!map->capacity)
        return NULL;
    return find_slot(map, key, length, hash_bytes(key, length))->value;
}

void **map_put_str(struct map *map, const char *key)
{
    return map_put(map, key, strlen(key));
}

void *map_get_str(const struct map *map, const char *key)
{
    return map_get(map, key, strlen(key));
}

const char *intern_strn(struct intern *intern, const char *text, size_t length)
{
    /* The map's own copy of the key is the string. */
    void **value = map_put(&intern->map, text, length);
    const struct map_slot *slot =
        (const struct map_slot *)((const char *)value - offsetof(struct map_slot, value));
    return slot->key;
}

const char *intern_str(struct intern *intern, const char *text)
{
    return intern_strn(intern, text, strlen(text));
}
