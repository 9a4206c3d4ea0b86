/*
 * table.h - things that are found by a number, kept for good.
 *
 * Not tsearch(3): it marks the pointers of its nodes, and valgrind then takes all that hangs on
 * them for lost.
 */
#ifndef LEASH_RT_TABLE_H
#define LEASH_RT_TABLE_H

#include "base.h"

#include <stdlib.h>

/* The first member of a thing.  Several may have the same number. */
struct entry {
    struct entry *next; /* in the same bucket */
    uint64_t number;
};

/* Zero-initialised is empty. */
struct table {
    struct entry **buckets; /* room of them, a power of two */
    size_t room;
    size_t count;
};

static inline size_t table_bucket(const struct table *table, uint64_t number)
{
    return (size_t)(number * 0x9e3779b97f4a7c15u >> 32) & (table->room - 1);
}

/* The first thing with the number, or the next after `last`; NULL: there is none. */
static inline struct entry *table_find(const struct table *table, uint64_t number,
                                       const struct entry *last)
{
    if (!table->room)
        return NULL;
    struct entry *entry = last ? last->next : table->buckets[table_bucket(table, number)];
    while (entry && entry->number != number)
        entry = entry->next;
    return entry;
}

static inline void table_link(struct table *table, struct entry *entry)
{
    struct entry **bucket = &table->buckets[table_bucket(table, entry->number)];

    entry->next = *bucket;
    *bucket = entry;
}

static inline bool table_grow(struct table *table)
{
    enum { ROOM_LEAST = 64 };
    struct table grown = {.room = table->room ? 2 * table->room : ROOM_LEAST};

    grown.buckets = calloc(grown.room, sizeof(struct entry *));
    if (!grown.buckets)
        return false;
    for (size_t i = 0; i < table->room; i++) {
        for (struct entry *entry = table->buckets[i]; entry;) {
            struct entry *next = entry->next;
            table_link(&grown, entry);
            entry = next;
        }
    }
    free(table->buckets);
    grown.count = table->count;
    *table = grown;
    return true;
}

/* False: no memory. */
static inline bool table_add(struct table *table, struct entry *entry)
{
    if (table->count == table->room && !table_grow(table))
        return false;
    table_link(table, entry);
    table->count++;
    return true;
}

#endif
