/*
 * points.h - what a pointer may point to, anywhere in the program.
 *
 * An inclusion-based points-to analysis (Andersen, "Program Analysis and Specialization for the C
 * Programming Language", 1994), field-sensitive by byte offset (Pearce, Kelly and Hankin,
 * "Efficient Field-Sensitive Pointer Analysis of C", 2007), without regard to the order of
 * statements or to who calls.  Frames (flow.h) add the latter: they resolve a parameter to the
 * caller's expression before it is asked for here.
 *
 * Objects are named by allocation site: variables, static objects, functions, and what one call
 * makes (a heap block, a channel, a thread's id).  The elements of an array are one.  What code out
 * of sight hands in is known by its type alone: two pointers to a `struct job` from outside may be
 * the same job.
 *
 * constraints.c turns the program into constraints and solve.c solves them, in time linear in the
 * size of the program because sets are cut off at a few dozen targets; what lies beyond is
 * `has_unknown`.
 */
#ifndef LEASH_POINTS_H
#define LEASH_POINTS_H

#include "flow/flow.h"

/* Where a pointer may lead. */
struct points {
    const uint64_t *at; /* (object << 32 | offset), ascending; in the arena of `flow` */
    size_t count;
    bool has_unknown; /* and to something that is not known, */
    bool is_any;      /* which may be anything that code out of sight has come by */
};

/* Of the value of a resolved expression.  The first question solves the whole program; each new one
 * takes time in the square of the number of targets found, and its answer is kept. */
struct points flow_points(struct flow *, const struct ir_expr *resolved);
/* The same of what the expression says in the function, whoever calls that. */
struct points flow_points_in(struct flow *, const struct ir_func *, const struct ir_expr *);
/* Do both lead to one place?  SAME only where each leads to a single one, which exists once. */
enum flow_same flow_points_compare(struct flow *, const struct points *, const struct points *);
/* May both lead to one place, as far as objects are known? */
bool flow_points_meet(struct flow *, const struct points *, const struct points *);
/* Is one of the objects a static one? */
bool flow_points_static(struct flow *, const struct points *);
/* Was one of the objects, or what leads to it, handed to a function that is out of sight and not
 * the system's? */
bool flow_points_handed_out(struct flow *, const struct points *);
/* Are all holders of all the objects in sight: nothing from outside, nothing stored where code out
 * of sight looks, returned to it, or handed to it? */
bool flow_points_seen_whole(struct flow *, const struct points *);

/* Has code out of sight come by the function, so that it may call it? */
bool flow_is_called_outside(struct flow *, const struct ir_func *);

/* The operation that made the only object they lead to, and its function; NULL: there are several,
 * or it was not made by a call with a meaning. */
const struct ir_op *flow_points_maker(struct flow *, const struct points *,
                                      const struct ir_func **func);

#endif
