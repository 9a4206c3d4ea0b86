/*
 * leaf_work.h - the work of one leaf of the tree, for tasks and for plain threads.
 *
 * A chain of multiplications, each of which needs the one before: some tens of microseconds, no
 * memory, and nothing that one compiler could do better than another.
 */
#ifndef LEAF_WORK_H
#define LEAF_WORK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEAF_STEPS = 15000 };

static inline uint64_t leaf_work(uint64_t seed)
{
    uint64_t value = seed;

    for (int i = 0; i < LEAF_STEPS; i++)
        value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return value;
}

/*
 * Ends the program unless `sum` is that of the leaves 0 .. count - 1.  With a the factor to the
 * power of the steps and b the value of leaf 0, leaf n is n * a + b.
 */
static inline void leaf_check(long count, uint64_t sum)
{
    uint64_t b = leaf_work(0);
    uint64_t a = leaf_work(1) - b;
    uint64_t leaves = (uint64_t)count;

    if (sum != a * (leaves * (leaves - 1) / 2) + b * leaves) {
        fputs("the sum over the leaves is wrong\n", stderr);
        exit(1);
    }
}

#endif
