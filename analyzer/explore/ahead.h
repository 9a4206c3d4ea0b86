/*
 * ahead.h - what is ahead of a task, by what the code says: which operations on an object can it,
 * from where it stands, still come to?
 *
 * No execution is looked at: conditions go both ways, and an object is what points-to sets say.
 */
#ifndef LEASH_AHEAD_H
#define LEASH_AHEAD_H

#include "explore/machine.h"

/* The bit of an enum act_kind. */
#define KIND(kind) ((uint64_t)1 << (kind))

/* Can the task, or one that it spawns, still do one of these kinds (bits) to what may be `object`
 * in `func`?  Not by the operation it stands before.  `handle` leads to the object, if it is known:
 * what is part of a local variable is gone when the variable's function has returned, so what comes
 * after that is done to another one. */
bool ahead_can_still(struct machine *, uint8_t task, uint64_t kinds, const struct ir_func *func,
                     const struct ir_expr *object, struct value handle);
/* The same of the task itself, not of those it spawns. */
bool ahead_is_its_own(struct machine *, uint8_t task, uint64_t kinds, const struct ir_func *func,
                      const struct ir_expr *object);
/* Does a task that runs the function do one of these kinds to it, anywhere, itself? */
bool ahead_does(struct machine *, const struct ir_func *entry, uint64_t kinds,
                const struct ir_func *func, const struct ir_expr *object);
/* As ahead_can_still, with `scratch` for what it needs meanwhile, but false only where that is
 * certain: what is not known may be the object, and the operation that the task stands before
 * counts.  `object` NULL: any.  An unlock that every way reaches by a lock of the same is no unlock
 * to those who wait for the lock. */
bool ahead_may(struct machine *, struct arena *scratch, uint8_t task, uint64_t kinds,
               const struct ir_func *func, const struct ir_expr *object, struct value handle);

#endif
