/*
 * waits.h - what ends a wait, and what tells a task to stop, as far as the code in sight goes.
 *
 * A wait ends when somebody else is sure to do the other half: to send or close for a receive, to
 * receive for a send, to close the descriptor for a read without a deadline.  Sure is who waits for
 * that alone, or comes back to it in a loop; somebody out of sight who was handed the object may do
 * it as well.  Locks, wait groups and joins are taken to end with those they wait for.
 */
#ifndef LEASH_WAITS_H
#define LEASH_WAITS_H

#include "flow/flow.h"

/* All operations are of frame->func and have an act; they are judged as they run in that frame. */

/* Is the operation, which may park, sure to end?  Nothing speaks against it where the channel or
 * the arms are not known. */
bool flow_wait_ends(struct flow *, const struct frame *, const struct ir_op *);
/* Does the call take a time limit, whatever it is, or a context that can end? */
bool flow_is_bounded(struct flow *, const struct frame *, const struct act *);
/* Does it wait for what comes from outside, for as long as it takes: for a connection, for one of
 * several descriptors, for a signal? */
bool flow_waits_for_outside(struct flow *, const struct frame *, const struct ir_op *);
/* Does the operation hear when the task is told to stop: by a done channel, a context, a flag? */
bool flow_watches(struct flow *, const struct frame *, const struct ir_op *);
/* Does somebody close the resolved channel, for who waits in that frame, on every way? */
bool flow_is_surely_closed(struct flow *, const struct frame *, const struct ir_expr *channel);
/* Can the resolved context end: is it there, and not the background? */
bool flow_context_can_end(const struct ir_expr *resolved);
/* A channel that carries nothing: made without room for a value, or only ever closed. */
bool flow_is_done_channel(struct flow *, const struct ir_expr *resolved);

/* What ends the loop around a receive. */
enum flow_until {
    FLOW_UNTIL_ANY,    /* not in a loop, or other things end it as well */
    FLOW_UNTIL_CLOSED, /* nothing but the channel's close */
};
enum flow_until flow_receives_until(struct flow *, const struct frame *, const struct ir_op *);

#endif
