/*
 * known.h - what a path knows: conditions that were decided decide the same condition again as long
 * as nothing in it has changed.
 */
#ifndef LEASH_KNOWN_H
#define LEASH_KNOWN_H

#include "flow/facts.h"

/* The value of `expr` lies in low … high, and is not zero where is_nonzero says so, nor `other`
 * where is_not_other does. */
struct fact {
    const struct ir_expr *expr; /* of one function, unresolved */
    int64_t low, high;
    bool is_nonzero, is_not_other;
    int64_t other;
};

enum { KNOWN_MAX = 12 };

/* Copied where ways part.  The oldest facts are forgotten where there are too many. */
struct known {
    size_t count;
    struct fact facts[KNOWN_MAX];
};

/* Which way a branch on the condition goes.  1: true, 0: false, -1: cannot be told.  The frame
 * helps with what callers hand in. */
int known_decide(struct flow *, const struct frame *, const struct known *,
                 const struct ir_expr *condition);
/* May the value be within low … high? */
bool known_allows(const struct known *, const struct ir_expr *, int64_t low, int64_t high);
/* The condition has gone that way, or the value was found within low … high, and not to be zero
 * where is_nonzero says so: that is now known as well. */
void known_narrow(struct known *, const struct ir_expr *condition, bool truth);
void known_add(struct known *, const struct ir_expr *, int64_t low, int64_t high, bool is_nonzero);
/* Will what the block's condition tests be asked for again: at another place, or by the same one in
 * the next round?  Else the fact would only tell ways apart that do the same. */
bool known_is_asked_again(struct flow *, const struct ir_func *, const struct ir_block *);
/* The expression that a condition tests, negations and comparisons with constants left out. */
const struct ir_expr *known_tested(const struct ir_expr *condition);
/* What is known of the expression; low … high is everything where nothing is. */
struct fact known_of(const struct known *, const struct ir_expr *);
/* What an operation of `func` leaves of it: facts about what it may change go, and what it assigns
 * is as known as what it assigns it from. */
void known_after(struct flow *, struct known *, const struct ir_func *, const struct ir_op *);
/* The same for the same facts, whatever their order. */
uint64_t known_hash(const struct known *);

#endif
