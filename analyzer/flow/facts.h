/*
 * facts.h - what the files of the flow layer share; nothing above includes it.
 */
#ifndef LEASH_FACTS_H
#define LEASH_FACTS_H

#include "flow/flow.h"

/* Everywhere that recursion follows the user's program, it stops at these. */
enum {
    DEPTH_MAX = 48,          /* of resolving */
    FRAME_DEPTH_MAX = 8,     /* callers above a function */
    FRAMES_MAX = 48,         /* of one function */
    CALLERS_DEPTH_MAX = 200, /* callers looked at to find them */
    TARGETS_DEPTH_MAX = 12,
    TARGETS_STEPS_MAX = 2000, /* of one search for what a pointer may be */
};

/* A temp as a variable, so that resolved expressions of several functions do not mix up their
 * temps, nor what two calls of one function make.  The path holds the calls on the way to the
 * function, from the inside, up to a function that keeps what was made. */
struct temp_var {
    struct ir_var var; /* first: an ir_var whose id is TEMP_VAR_ID */
    const struct ir_func *func;
    const struct ir_op *op; /* the call that makes it; NULL for a merged value */
    uint32_t temp;
    const struct ir_op *const *path;
    size_t path_length;
    bool is_cut; /* the path is longer, but not known */
};
#define TEMP_VAR_ID UINT32_MAX

/* An assignment to a field, an element or a static object. */
struct store {
    const struct ir_func *func;
    const struct ir_op *op;
    const struct ir_expr *place, *value;
};

struct store_list {
    VEC(struct store) stores;
};

struct call_list {
    VEC(const struct ir_op *) at;
};

struct flow_frame_list;

/* Facts about one function, behind ir_func.facts. */
struct func_facts {
    const struct ir_expr *
        *temp_value; /* by temp: what its only assignment copies; NULL: call or merge */
    const struct ir_op **temp_call;   /* by temp: the call it is the result of */
    const struct ir_expr **temp_base; /* by temp: what its object starts from, once asked for */
    const struct ir_expr *
        *var_value;         /* by var: the value of its only assignment, NULL nulls apart */
    uint32_t *var_assigned; /* by var: how many assignments */
    bool *var_kept; /* by var: its address is copied, or handed to a task, and may be used later */
    bool *var_has_parts;         /* by var: a field or an element of it is assigned */
    signed char *var_written[2]; /* by writer and var: written through its address? 0: not looked
                                    yet, -1: no */
    const struct ir_expr
        *returned; /* what every return gives back; NULL: they differ, or nothing */
    VEC(const struct ir_op *) calls;   /* all of its own, in the order of blocks */
    VEC(const struct ir_op *) raisers; /* those that may raise a wait group; filled by counts.c */
    bool has_raisers;
    VEC(struct flow_site) callers;
    VEC(const struct frame *) frames; /* filled by flow_frames */
    bool has_frames, in_frames;
    signed char gives_out; /* 0: not looked yet, -1: no; see flow_gives_out */
    bool can_end;          /* see flow_can_end; once flow.has_ends */
    uint64_t can;        /* bit by act_kind: what a call of it can do, once flow.can has that bit */
    struct map *asked;   /* by hash of an expression: how often it is asked for; made by known.c */
    struct graph *graph; /* made by graph.c when first asked for */
    uint32_t first_temp_object; /* of the points-to analysis; owned by solve.c */
};

_Static_assert(ACT_WATCH < 64, "act kinds fit the bits of func_facts.can");

struct flow {
    struct arena *arena;
    const struct model_set *models;
    struct ir_unit *const *units;
    size_t unit_count;
    VEC(struct ir_func *) funcs;
    struct map bodies;        /* "name" and "name\1scope" → struct ir_func */
    struct map field_stores;  /* record and offset → struct store_list */
    struct map own_stores;    /* record, offset and function → struct store_list */
    struct map symbol_stores; /* as bodies → struct store_list */
    struct map calls;         /* by caller and callee → struct call_list */
    VEC(struct flow_use) uses[ACT_WATCH + 1];
    uint64_t can;          /* bit by act_kind: func_facts.can is filled in */
    struct map targets;    /* by operation, the indirect ones → struct flow_targets */
    struct map temp_vars;  /* by function, temp and path → struct temp_var */
    struct map runners;    /* by function → the map of those that run it, once asked */
    struct map use_frames; /* by flow_use → struct flow_use_frames, once asked for */
    struct map use_names;  /* by flow_use → struct use_names, once asked for */
    struct map privates;   /* by symbol: whether flow_is_private, once asked */
    bool has_ends;         /* func_facts.can_end is filled in */
    size_t resolve_steps;  /* of the expression that is being resolved */
    size_t resolve_steps_in_all;
    int frames_depth;         /* how deep flow_frames is in itself */
    void *executions;         /* owned by the explore layer */
    struct solver *solution;  /* of the points-to analysis; made by points.c when first asked for */
    struct map points;        /* by what decides about it → struct points, once asked for */
    struct map *used_outside; /* by symbol; made by outside.c when first asked for */
    struct flow_frame_list *tasks; /* made by tasks.c when first asked for */
};

struct func_facts *facts_of(const struct ir_func *);
const char *symbol_key(struct arena *, const struct ir_symbol *);
/* What is stored in the field that a place names, anywhere in the program, or by one function;
 * NULL: nothing. */
const struct store_list *own_stores_of_field(const struct flow *, const struct ir_expr *field,
                                             const struct ir_func *);
const struct store_list *stores_of_field(const struct flow *, const struct ir_expr *field);
const struct store_list *stores_of_symbol(const struct flow *, const struct ir_symbol *);
/* The operations of `caller` that run `callee` themselves, spawns apart; NULL: none do. */
const struct call_list *calls_between(const struct flow *, const struct ir_func *caller,
                                      const struct ir_func *callee);

/* May what the function makes belong to its caller: does it return a pointer to it, or store one
 * where its parameters lead? */
bool flow_gives_out(struct flow *, const struct ir_func *);
/* The value of a variable that is set once, of a temp that copies; NULL: neither. */
const struct ir_expr *only_value(const struct ir_func *, const struct ir_expr *);
/* What a handle starts from: a variable, a static object, a constant. */
const struct ir_expr *base_of(const struct ir_expr *handle);
/* The same as the function sees it alone, whoever calls it. */
const struct ir_expr *own_base(struct flow *, const struct ir_func *, const struct ir_expr *handle);
bool is_param_of(const struct ir_expr *base, const struct ir_func *);
/* Where a function has an object from.  A handle that names it by way of the function's own struct
 * is put in terms of the parameters where it came in by one. */
enum origin { ORIGIN_CALLER, ORIGIN_OWN, ORIGIN_ELSEWHERE };
enum origin flow_origin(struct flow *, const struct ir_func *, const struct ir_expr **handle);
/* What a caller names such a handle, as far as it does; NULL: not at all. */
const struct ir_expr *flow_handle_at_caller(struct flow *, const struct ir_func *,
                                            const struct ir_expr *handle, const struct ir_op *call);
/* A variable of the function, or what it or a function that it calls made. */
bool is_own(struct flow *, const struct ir_func *, const struct ir_expr *base);

/* Is the variable written by its address as well? */
bool is_written_through(struct flow *, const struct ir_func *, const struct ir_var *);
/* The arguments that an operation hands to the function it runs. */
const struct ir_expr *const *site_args(const struct ir_op *, size_t *count);

#endif
