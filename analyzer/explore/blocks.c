#include "explore/blocks.h"

#include <string.h>

static uint64_t hash_of(const struct block *block)
{
    return hash_bytes(block->words, block->count * sizeof *block->words);
}

static void grow_table(struct blocks *blocks)
{
    size_t size = blocks->table_size ? blocks->table_size * 2 : 256;
    uint32_t *table = arena_array(blocks->arena, uint32_t, size);
    for (size_t i = 0; i < blocks->at.count; i++) {
        size_t at = hash_of(&blocks->at.at[i]) & (size - 1);
        while (table[at])
            at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i + 1;
    }
    blocks->table = table;
    blocks->table_size = size;
}

static uint32_t find_or_add(struct blocks *blocks, const uint64_t *words, uint32_t count)
{
    struct block wanted = {words, count};
    if (blocks->at.count * 2 >= blocks->table_size)
        grow_table(blocks);
    size_t at = hash_of(&wanted) & (blocks->table_size - 1);
    for (; blocks->table[at]; at = (at + 1) & (blocks->table_size - 1)) {
        const struct block *block = &blocks->at.at[blocks->table[at] - 1];
        if (block->count == count && memcmp(block->words, words, count * sizeof *words) == 0)
            return blocks->table[at] - 1;
    }
    wanted.words = arena_copy(blocks->arena, words, count * sizeof *words);
    *vec_add(blocks->arena, &blocks->at) = wanted;
    blocks->table[at] = (uint32_t)blocks->at.count;
    return (uint32_t)blocks->at.count - 1;
}

/* One word of eight ends a block, by its bits mixed (D. Knuth's multiplicative hashing). */
static bool is_end(uint64_t word)
{
    return (word ^ word >> 32) * 0x9e3779b97f4a7c15u >> 61 == 0;
}

static size_t length_of_block(const uint64_t *words, size_t count)
{
    size_t most = count < BLOCK_WORDS_MAX ? count : BLOCK_WORDS_MAX;
    for (size_t length = BLOCK_WORDS_MIN; length < most; length++)
        if (is_end(words[length - 1]))
            return length;
    return most;
}

size_t blocks_put(struct blocks *blocks, const uint64_t *words, size_t count, uint32_t *ids)
{
    size_t found = 0;
    for (size_t at = 0; at < count;) {
        size_t length = length_of_block(words + at, count - at);
        ids[found++] = find_or_add(blocks, words + at, (uint32_t)length);
        at += length;
    }
    return found;
}

size_t blocks_get(const struct blocks *blocks, const uint32_t *ids, size_t count, uint64_t *words)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        const struct block *block = &blocks->at.at[ids[i]];
        memcpy(words + length, block->words, block->count * sizeof *words);
        length += block->count;
    }
    return length;
}
