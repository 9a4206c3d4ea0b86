/*
 * blocks.h - strings of words that are much alike, each kept as a list of blocks, and every block
 * once.
 *
 * A block ends where its content says so and not at a fixed length, so that what is put in moves no
 * end but its own (A. Muthitacharoen, B. Chen, D. Mazières, "A Low-bandwidth Network File System",
 * 2001).  Two strings are equal when their lists are.
 */
#ifndef LEASH_BLOCKS_H
#define LEASH_BLOCKS_H

#include "base/base.h"

enum { BLOCK_WORDS_MIN = 8, BLOCK_WORDS_MAX = 64 };

struct block {
    const uint64_t *words;
    uint32_t count;
};

/* Zero-initialised but for the arena, which holds all of it. */
struct blocks {
    struct arena *arena;
    VEC(struct block) at;
    uint32_t *table; /* by hash: block + 1 */
    size_t table_size;
};

/* Writes the list of the string to `ids`, which has room for count / BLOCK_WORDS_MIN + 1; returns
 * its length.  Linear. */
size_t blocks_put(struct blocks *, const uint64_t *words, size_t count, uint32_t *ids);
/* Writes the string out that the list stands for; returns its length. */
size_t blocks_get(const struct blocks *, const uint32_t *ids, size_t count, uint64_t *words);

#endif
