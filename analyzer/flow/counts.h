/*
 * counts.h - which wait groups count a task.
 *
 * A group counts a task when it is raised before the spawn, in the function that spawns, in one
 * that calls it, or in a helper that either calls, and the raise is for this task: by one beside
 * the spawn, or by more than one before a loop of spawns.  Silent are raises for something else:
 * one for several tasks in a row (the last of them lowers it), one for each item that is sent to
 * tasks started elsewhere.
 */
#ifndef LEASH_COUNTS_H
#define LEASH_COUNTS_H

#include "flow/flow.h"

struct flow_count {
    const struct frame *spawner; /* runs the spawn */
    const struct ir_op *spawn;
    const struct frame *task;
    const struct frame *base;      /* the spawner, or the caller that raises the group ... */
    const struct ir_op *raised_at; /* ... at this operation: the add, or a helper's call */
    const struct frame *raiser;    /* runs the add: base, or the helper */
    const struct ir_op *add;
    const struct ir_expr *group; /* resolved */
};

typedef void flow_count_visit(void *context, const struct flow_count *);

/* Visits each group, once, that counts the task `body` spawned from that frame. */
void flow_counts_of(struct flow *, const struct frame *spawner, const struct ir_op *spawn,
                    const struct ir_func *body, flow_count_visit *, void *context);

#endif
