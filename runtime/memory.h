/* memory.h - the memory of the process, as the search for lost tasks sees it. */
#ifndef LEASH_RT_MEMORY_H
#define LEASH_RT_MEMORY_H

#include "base.h"

#include <sys/uio.h>
#include <unistd.h>

/* Memory from low to high - 1. */
struct range {
    uintptr_t low;
    uintptr_t high;
};

static inline bool range_holds(struct range range, uintptr_t address)
{
    return address >= range.low && address < range.high;
}

/* Copies what can be read, from the beginning on; returns how much that is. */
static inline size_t peek(uintptr_t address, void *to, size_t bytes)
{
    struct iovec here = {to, bytes};
    struct iovec there = {(void *)address, bytes};
    ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

    return got > 0 ? (size_t)got : 0;
}

#endif
