/*
 * constraints.h - from the operations of a program to the constraints of the points-to analysis.
 *
 * The order of statements and the caller of a function make no difference: every assignment, call,
 * return and message of the program is a constraint that always holds.
 */
#ifndef LEASH_CONSTRAINTS_H
#define LEASH_CONSTRAINTS_H

#include "flow/flow.h"
#include "flow/solve.h"

/* The whole program, solved; in the arena of `flow`.  For points.c, which asks once. */
struct solver *constraints_solve(struct flow *);

/* How constraints see an expression, so that questions about it see the same. */

/* The bytes that an IR_INDEX moves on by.  Elements of an array are one, so it is 0, but `p[k]`
 * with a constant on bytes goes from a member to its struct or back (container_of). */
int64_t constraints_index_offset(const struct ir_expr *index);
/* Does the expression name a place, whose content is its value? */
bool constraints_is_place(const struct ir_expr *);

#endif
