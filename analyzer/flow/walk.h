/*
 * walk.h - the ways through a function, and what happens on them.
 *
 * A walk follows every way from a function's entry to its ends, into the functions of the program
 * that it calls, and counts on each way how often the question's effect happens.  A condition that
 * was decided on a way stays decided until something in it changes.  Loops close because a state
 * that was seen is not entered again.
 */
#ifndef LEASH_WALK_H
#define LEASH_WALK_H

#include "flow/flow.h"

enum walk_effect {
    WALK_NOTHING,
    WALK_DOES,     /* what is counted happens */
    WALK_BEGINS,   /* from here on it counts; see starts_idle */
    WALK_ENDS,     /* what counted so far is over: that is an exit of its own, and idle again */
    WALK_RENEWS,   /* both: one message is done with and the next one is there */
    WALK_HANDS_ON, /* somebody else may do it from here on */
    WALK_GIVES_UP, /* no answer can be had */
};

struct walk_question {
    void *context;
    /* What an operation does; for calls of functions in the program, whose bodies are walked when
     * `matters` says so, what the call does beside that. */
    enum walk_effect (*effect)(void *context, const struct frame *, const struct ir_op *);
    bool (*matters)(void *context, const struct ir_func *);
    /* Is a pointer that a condition tests sure to point to something?  NULL: nothing is known. */
    bool (*is_nonzero)(void *context, const struct frame *, const struct ir_expr *);
    /* The outcome that an operation is taken to have; NULL: any.  May itself be NULL. */
    const struct act_outcome *(*assume)(void *context, const struct frame *, const struct ir_op *);
    /* The outcome that it is taken not to have; NULL: it may have any.  May itself be NULL. */
    const struct act_outcome *(*rule_out)(void *context, const struct frame *,
                                          const struct ir_op *);
    /* Does the loop do it for each of several objects?  Then no round at all means that there are
     * none.  NULL: never. */
    bool (*does_in_loop)(void *context, const struct frame *, uint32_t loop);
    bool starts_idle; /* nothing counts before WALK_BEGINS */
};

/* A branch on a way, and which way was taken. */
struct walk_turn {
    const struct walk_turn *before;
    const struct ir_func *func;
    const struct ir_block *block;
    const struct ir_edge *edge;
};

/* One kind of way from the entry to an end of the function. */
struct walk_exit {
    struct ir_pos pos; /* the return, the closing brace, or the call that ends the task */
    const struct ir_block *block;
    unsigned count; /* how often it happened: 0, 1, or 2 for more */
    bool is_handed_on;
    bool is_idle;      /* it never began to count */
    bool ends_task;    /* not by returning */
    bool is_over;      /* not the function's end: it goes on with the next message */
    int64_t low, high; /* what the function returns lies in low … high, as far as is known, */
    bool is_nonzero;   /* and is not zero */
    const struct walk_turn *turns; /* the last one first; NULL: no branch was on the way */
};

struct walk_result {
    VEC(struct walk_exit) exits; /* in the arena of the flow, the shortest way first */
    bool is_incomplete; /* gave up, or the bound was hit: nothing may rest on what is missing */
};

/* All ways through frame->func when it runs in that frame.  Bounded: after twenty thousand states
 * in all, a state being a place and what is known there, the result is incomplete. */
struct walk_result flow_walk(struct flow *, const struct frame *, const struct walk_question *);

/* The branch that decided, of those of `func` on the way to the exit: on the other ways from there
 * an operation that `can` do it may still come, on this one no longer.  NULL: there was none. */
typedef bool walk_can(void *context, const struct ir_op *);
const struct walk_turn *flow_decisive_turn(struct flow *, const struct ir_func *func,
                                           const struct walk_exit *, walk_can *can, void *context);

#endif
