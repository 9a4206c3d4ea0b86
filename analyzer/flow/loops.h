/*
 * loops.h - loops that a task cannot leave.
 *
 * A way out counts when it can be taken: not on a condition that does not change in the loop, not
 * on the close of a channel that nobody closes, not by ending the whole process because something
 * failed.
 */
#ifndef LEASH_LOOPS_H
#define LEASH_LOOPS_H

#include "flow/flow.h"

struct flow_endless {
    struct ir_pos pos; /* of the loop as written */
    const bool *in;    /* by block: those from which nothing leads out */
    const struct ir_op
        *unclosed; /* it would end when what this receives from is closed; else NULL */
};

/* The first loop of frame->func that has no way out and can be reached in that frame, or false. */
bool flow_find_endless(struct flow *, const struct frame *, struct flow_endless *);
/* The same when nobody closes a done channel or cancels a context that the function watches. */
bool flow_find_endless_untold(struct flow *, const struct frame *, struct flow_endless *);

/* Does some way through the function lead to a return or to the end of the process?  Not where
 * functions call each other, or themselves, on every way. */
bool flow_can_end(struct flow *, const struct ir_func *);

#endif
