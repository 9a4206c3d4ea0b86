/*
 * forward.h - functions that do nothing but call one other function with what they are handed.
 *
 * A program that gives the calls of a library names of its own means those calls: `queue_take(q,
 * &j)` is `chan_recv(q, &j)`.  Such a function is looked through, so that what stands in the
 * arguments (the cases of a select, the arguments of a task) is seen where it is written, and
 * findings stand there. Longer helpers are functions like any other, for the flow layer to follow.
 */
#ifndef LEASH_FORWARD_H
#define LEASH_FORWARD_H

#include "ir/ir.h"

/* By symbol id: the call that a static function of the unit consists of; NULL: it is none of these,
 * or somebody keeps its address.  In `arena`. */
const struct ir_op **forward_find(struct arena *arena, const struct ir_unit *unit);
/* The call as if it named that function itself: `inner` with the arguments of `call`. */
struct ir_op forward_through(struct arena *arena, const struct ir_op *call,
                             const struct ir_op *inner);

#endif
