/*
 * slice.h - what of a program is kept to be executed: the operations of one scope, the branches
 * that decide about them, and the data on which those rest (M. Weiser, "Program Slicing", 1984).
 *
 * Slicing decides whether the space of states is finite at all, so everything else stands on it.  A
 * branch whose sides meet again before anything that is kept is no branch any more: execution goes
 * on where they meet.  A side from which control never returns (exit, abort) is no side.
 */
#ifndef LEASH_SLICE_H
#define LEASH_SLICE_H

#include "explore/initial.h"
#include "explore/keys.h"
#include "explore/written.h"

/* What is looked at together. */
struct scope {
    const struct ir_func *root;
    /* The objects, as flow_points has them, ascending; operations on others go on, whatever they
     * do.  count == 0: all there are. */
    const uint64_t *objects;
    size_t count;
};

#define SLICE_NO_BLOCK UINT32_MAX /* the end of the function */
enum { SLICE_NO_SLOT = 0xffff };

/* A call of a function, and what it can run. */
struct slice_call {
    const struct ir_op *op;
    struct flow_targets targets;
};

/* What is known of a function whatever the root is. */
struct slice_facts {
    bool *hands_over, *is_head, *var_in_memory; /* see slice_func */
    bool *is_atomic;                            /* by operation: see flow_is_atomic */
    bool *takes_address;                        /* by operation: of something, in its operands */
    uint32_t *meet;
    VEC(struct slice_call) calls;
    bool never_returns; /* every way through it ends the process, as exit does */
};

/* What the slices of one program share. */
struct slicer {
    struct flow *flow;
    struct map by_func; /* → struct slice_facts */
    struct keys keys;
    struct initials initials;
    struct texts texts;
};

struct slice_callees {
    struct slice_func **at;
    size_t count;
    bool has_unknown; /* it may also run a function that is not in the program */
};

/* What is kept of one function. */
struct slice_func {
    const struct ir_func *func;
    const struct slice_facts *facts;
    uint32_t index;                   /* in slice.funcs */
    bool *keeps_op;                   /* by operation */
    bool *is_marked;                  /* by operation: what it rests on matters already */
    bool *is_in_scope;                /* by operation: it works on an object of the scope */
    const bool *hands_over;           /* by operation: it gives an argument away for good */
    struct slice_callees *callees;    /* by operation: what it can run */
    VEC(struct slice_func *) callers; /* those of which it is a callee */
    bool *keeps_branch;               /* by block: its end decides about something */
    /* By operation and by block: it reads or writes a number that other tasks may see, so without a
     * lock it is a step of its own. */
    bool *op_touches, *end_touches;
    const bool *is_head;       /* by block: a loop comes round to it */
    const uint32_t *meet;      /* by block: where its ways meet again, or SLICE_NO_BLOCK */
    uint16_t *var_slot;        /* by variable; SLICE_NO_SLOT: its value does not matter */
    uint16_t *temp_slot;       /* by temp */
    const bool *var_in_memory; /* by variable: it is an object, and its slot holds the address */
    uint16_t slot_count;
    uint64_t *live_before; /* by operation: the slots below 64 whose values are still asked for */
    uint64_t *live_at_end; /* by block: when its end is reached */
    bool is_active;        /* keeps any operation */
    bool *has_kept_op;     /* by block: it has a call or an assignment that is kept */
    bool returns_value;    /* what it returns matters */
    bool must_look;        /* while the slice is made: something changed on which it rests */
};

struct slice {
    struct flow *flow;
    struct slicer *slicer;
    struct arena *arena;
    const struct scope *scope;
    VEC(struct slice_func *) funcs; /* what the root can run, itself first */
    struct map by_func;             /* → struct slice_func */
    VEC(int64_t)
    bounds;                       /* the constants above 2 that bound loops, counts and capacities,
                                     ascending */
    bool has_two;                 /* 2 is a bound as well */
    bool has_room;                /* a semaphore or a channel has places for two or more */
    int64_t largest;              /* of the constants that anything kept rests on, at least 8 */
    VEC(struct key_state *) keys; /* of memory, by number, as far as they were asked for */
    bool has_changed;
    struct slice_func *looks_at; /* while the slice is made */
};

/* All memory is in the arena.  Linear in the size of the functions the root can run; a function is
 * looked at again only when something changed on which it rests. */
struct slice *slice_new(struct slicer *, struct arena *, const struct scope *);

/* NULL: not one of them. */
const struct slice_func *slice_find(const struct slice *, const struct ir_func *);
/* Does the content matter, of an object of that type at that offset? */
bool slice_keeps_part(const struct slice *, const struct ir_type *, int64_t offset);
/* Is it a call of code out of sight that is handed two threads' ids and tells whether they are the
 * same, as pthread_equal does? */
bool slice_compares_threads(const struct flow *, const struct ir_op *);
/* Are there several numbers that are made small at scale, or a 2 beside them that is not?  Numbers
 * that belong together, as 6 = 2 * 3 tickets do, may then no longer fit. */
bool slice_scales_apart(const struct slice *);
/* Does the content of a place of that function matter? */
bool slice_keeps_place(const struct slice *, const struct slice_func *, const struct ir_expr *);
#endif
