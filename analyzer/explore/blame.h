/*
 * blame.h - which of the stuck tasks of a state is the cause, and in the words of which rule.
 *
 * A task that waits for another stuck one is a consequence, unless the wait closes a circle.  Of a
 * circle one place is named: the one whose rule is the most specific.
 */
#ifndef LEASH_BLAME_H
#define LEASH_BLAME_H

#include "explore/explore.h"
#include "explore/search.h"

/* A stuck task of the state that search.machine.world is in, and why. */
struct blame {
    uint8_t task;
    enum cause cause;
    const struct ir_func *func; /* where it is parked */
    const struct ir_op *op;
    struct value handle; /* what it waits for */
    uint32_t would;      /* bit by task: stuck ones that would wake it later */
    bool is_silent;      /* somebody who still moves may wake it */
    bool is_handed;      /* the lock it waits for goes from task to task */
    bool is_own;         /* it has the lock itself */
    uint16_t ends;       /* bit by task: those that can still end */
    bool is_for_endless; /* it waits for a task that goes round for ever */
    bool is_due;         /* what it waits for is so, and nobody told it: see due.h */
    bool tells_later;    /* it would tell those it waits for to stop, after the wait */
    /* They go round until they are told to stop; by this rule it is wrong if nobody does it.  Else
     * CAUSE_COUNT. */
    enum cause untold;
};

struct blames {
    struct blame at[TASKS_MAX];
    size_t count;
};

/* The causes in a state, for the tasks of `stuck`.  `ends`: those that can still end. */
void blame_state(struct search *, uint16_t stuck, uint16_t ends, struct blames *);
/* What the task's operation waits for: one of its operands. */
struct value blame_handle(const struct machine *, uint8_t task);
/* The call that made what the task waits for, or the context that would end the wait; NULL: not
 * made by a call. */
const struct site *blame_maker(struct machine *, const struct blame *);
/* The expression of the object that the operation waits for. */
const struct ir_expr *blame_object(const struct ir_op *, size_t arm);
/* The outermost function of a task. */
const struct ir_func *blame_entry(const struct machine *, uint8_t task);

#endif
