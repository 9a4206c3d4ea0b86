/*
 * scope.h - which objects are looked at together.
 *
 * A scope grows from one object, the anchor, by what tasks wait for together with it: the other
 * cases of a select, the lock of a condition and the conditions of a lock, the context that would
 * end a wait and those above it; then by the wait groups and joins of the tasks that are left, and
 * by the locks under which they keep the numbers that decide.  Everything else goes on, whatever it
 * does.
 */
#ifndef LEASH_SCOPE_H
#define LEASH_SCOPE_H

#include "explore/slice.h"

struct scopes {
    VEC(struct scope) at;
};

/* The scopes of the program that `whole` is a slice of, each set of objects once, in the order of
 * their anchors. */
void scopes_find(struct flow *, const struct slice *whole, struct scopes *);

#endif
