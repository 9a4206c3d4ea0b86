/*
 * outside.h - what code out of sight does by the functions that it was handed.
 *
 * A callback, a signal handler or what is registered with atexit runs at a time that nothing in
 * sight tells.  The static objects it uses may be used at any time.
 */
#ifndef LEASH_OUTSIDE_H
#define LEASH_OUTSIDE_H

#include "flow/flow.h"

/* Does a function that code out of sight may call, or one that such a function calls or spawns,
 * name the static object: in the arguments of a call, or in what it assigns? */
bool flow_is_used_outside(struct flow *, const struct ir_symbol *);

#endif
