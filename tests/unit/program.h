/*
 * program.h - small C programs and their flow facts, for the tests of the flow layer.
 *
 * The programs speak leash.h, since objects are what the models say they are.
 */
#ifndef LEASH_PROGRAM_H
#define LEASH_PROGRAM_H

#include "flow/flow.h"

struct program {
    struct arena arena;
    struct ir_unit *unit;
    struct flow *flow;
};

/* Fails the test where the text does not compile.  Unload in any case. */
void load(struct program *, const char *text);
void unload(struct program *);
/* Fail the test where there is none. */
const struct ir_func *func(const struct program *, const char *name);
const struct ir_op *act_in(const struct ir_func *, enum act_kind);
/* The object of the first act of that kind, as resolved in the function's only frame. */
const struct ir_expr *object(const struct program *, const char *name, enum act_kind);
/* Asked both ways round. */
void assert_compare(const struct program *, enum flow_same expected, const struct ir_expr *a,
                    const struct ir_expr *b);

#endif
