/*
 * duty.h - a task's duty towards an object, and what becomes of it.
 *
 * Whoever is counted by a wait group has to lower it; whoever takes a lock has to release it.  The
 * one who has the duty fulfils it, or hands it on: to another task, to a queue, to code out of
 * sight.  Handing on the object, or anything the object was reached by, may be handing on the duty.
 */
#ifndef LEASH_DUTY_H
#define LEASH_DUTY_H

#include "flow/walk.h"

struct flow_duty {
    struct flow *flow;
    enum act_kind fulfilment;              /* the act that fulfils it: ACT_DONE */
    const struct ir_expr *object;          /* resolved */
    const struct ir_expr *const *carriers; /* resolved: what was handed to the one with the duty */
    size_t carrier_count;
};

/* Does the handle, an operand of the frame's function, name the duty's object? */
enum flow_same flow_duty_names(const struct flow_duty *, const struct frame *,
                               const struct ir_expr *handle);
/* What an operation does to the duty: WALK_DOES where it, or a task it spawns, fulfils it,
 * WALK_HANDS_ON where it may give it to somebody else, WALK_NOTHING. */
enum walk_effect flow_duty_effect(const struct flow_duty *, const struct frame *,
                                  const struct ir_op *);
/* May the function fulfil the duty when it runs in that frame, itself or in what it calls? */
bool flow_duty_may_be_fulfilled(const struct flow_duty *, const struct frame *);

#endif
