/*
 * atomic.h - the compiler's atomic operations, __atomic_*, __c11_atomic_* and __sync_*: reads and
 * writes that others can see.
 */
#ifndef LEASH_ATOMIC_H
#define LEASH_ATOMIC_H

#include "explore/machine.h"

/* Does it, and goes past it. */
void atomic_do(struct machine *, uint8_t task, const struct ir_op *);

#endif
