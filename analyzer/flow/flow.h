/*
 * flow.h - facts about one program: who calls whom, which object an expression names, who does what
 * to an object, and what happens on the ways through a function.
 *
 * Flow reports nothing; rules ask it.  This header has the questions that the others build on;
 * which of those answers what stands in README.md beside it.
 *
 * Three things tell objects apart:
 *
 *   - A resolved expression says which object an operand is.  flow_resolve follows it back through
 *     variables that are assigned once, through parameters into the frames that called, through
 *     fields that one store fills, and through what functions return, until it reaches where the
 *     object was made.  What it cannot follow stays a name of its own.
 *   - A frame is a function as entered by one chain of calls.  In different frames one operation
 *     has different objects: those that the callers hand in.
 *   - A points-to set (points.h) says which objects a pointer may lead to, whoever calls.
 *
 * flow_compare goes by the names of objects, each resolved in its frame, and by points-to sets. Its
 * MAYBE is no finding: a rule takes it for whatever keeps it silent.
 *
 *     struct flow_use_frames frames = flow_use_frames(flow, use);
 *     for (size_t i = 0; i < frames.at.count; i++) {
 *         const struct ir_expr *object = flow_resolve(flow, frames.at.at[i], use->object);
 *         ...                                      the other uses: flow_next_use, flow_use_matches
 *     }
 *
 * All that is returned lives as long as the flow.
 */
#ifndef LEASH_FLOW_H
#define LEASH_FLOW_H

#include "model/model.h"

struct flow;

/* ---- the program ----------------------------------------------------------------------------- */

/* The facts of a program: the units of one link group, to which model_apply was done.  Cheap facts
 * are computed here, once, in time linear in the size of the units; the others when first asked
 * for.  All memory is in `arena`.  One thread at a time. */
struct flow *flow_new(struct arena *arena, const struct model_set *models,
                      struct ir_unit *const *units, size_t unit_count);

/* The units of the program, in the order they were given. */
struct ir_unit *const *flow_units(const struct flow *, size_t *count);
const struct model_set *flow_models(const struct flow *);
struct arena *flow_arena(struct flow *);
/* A place for what the explore layer finds out, NULL at first: it is the flow's to keep, not to
 * look at. */
void **flow_executions(struct flow *);

/* The body behind a symbol: this unit's own, or that of the unit that defines it.  NULL: not in the
 * program. */
const struct ir_func *flow_body(const struct flow *, const struct ir_symbol *);

/* ---- calls ----------------------------------------------------------------------------------- */

enum site_kind { SITE_CALL, SITE_SPAWN, SITE_INVOKE };

/* An operation that runs a function: by a call, as a new task, or through a model (a deferred
 * call). */
struct flow_site {
    enum site_kind kind;
    const struct ir_func *func;
    const struct ir_op *op;
};

struct flow_targets {
    VEC(const struct ir_func *) bodies;
    bool has_unknown; /* it may also run a function that is not in the program */
};

/* What the pointer `callee` of `func` may be: itself, or all that is stored where it comes from. */
struct flow_targets flow_targets(struct flow *, const struct ir_func *func,
                                 const struct ir_expr *callee);
/* The functions an operation runs, whatever the kind of site; none for other operations. */
struct flow_targets flow_callees(struct flow *, const struct ir_func *, const struct ir_op *);
/* The sites that run `func`. */
const struct flow_site *flow_callers(struct flow *, const struct ir_func *func, size_t *count);

/* ---- frames ---------------------------------------------------------------------------------- */

/* A function as entered from a site; a root frame has no parent, its parameters are unknown. */
struct frame {
    const struct ir_func *func;
    const struct frame *parent;
    const struct ir_op *op; /* of the parent's function; NULL for a root */
    size_t depth;
};

/* A new one; `op` is an operation of parent->func that runs the function.  NULL, NULL: a root. */
struct frame *flow_frame(struct flow *, const struct ir_func *, const struct frame *parent,
                         const struct ir_op *);
/* The frames in which a function can run, up to its outermost callers in sight: at most a few
 * dozen, recursion is cut. */
const struct frame *const *flow_frames(struct flow *, const struct ir_func *, size_t *count);
/* Is `func` one of the functions that run in this frame and above it? */
bool flow_frame_has(const struct frame *, const struct ir_func *func);

/* ---- objects --------------------------------------------------------------------------------- */

/* The functions an operation of frame->func runs when it runs in that frame: what the spawner put
 * into the struct, not what all spawners put into such structs. */
struct flow_targets flow_callees_in(struct flow *, const struct frame *, const struct ir_op *);
/* An expression of the function for a message: "ctx_done(ctx)", where a call's result stands. */
const char *flow_text(struct arena *, const struct ir_func *, const struct ir_expr *);
/* The object of an operation as it was given: a deferred call has a variable of its own for that.
 */
const struct ir_expr *flow_written(const struct ir_func *, const struct ir_op *,
                                   const struct ir_expr *object);
/* The value of an operand of frame->func, followed back as far as it is certain.  Bounded in depth
 * and steps, beyond which it stays as it is. */
const struct ir_expr *flow_resolve(struct flow *, const struct frame *, const struct ir_expr *);
/* The call whose result a resolved expression is, and its function; NULL: it is no call's result.
 */
const struct ir_op *flow_made_by(const struct ir_expr *resolved, const struct ir_func **func);

enum flow_same { FLOW_DIFFERENT, FLOW_MAYBE, FLOW_SAME };
/* Do two resolved handles name one object?  MAYBE where it cannot be told. */
enum flow_same flow_compare(struct flow *, const struct ir_expr *, const struct ir_expr *);
/* Are they FLOW_SAME?  Cheaper than to ask what they are else. */
bool flow_is_same(struct flow *, const struct ir_expr *handle, const struct ir_expr *object);

/* ---- uses of objects ------------------------------------------------------------------------- */

/* Every operation of the program that does `kind` to an object, the arms of selects included (as
 * ACT_RECV and ACT_SEND). */
struct flow_use {
    const struct ir_func *func;
    const struct ir_op *op;
    const struct ir_expr *object; /* in the terms of func */
    const struct act_arm *arm;    /* NULL: a plain operation */
};
const struct flow_use *flow_uses(struct flow *, enum act_kind kind, size_t *count);
/* Can a call of the function do that, itself or in what it calls?  Tasks it spawns do not count. */
bool flow_can(struct flow *, const struct ir_func *, enum act_kind kind);
/* Does the function run `wanted`: is it that, calls it or spawns it, however far down? */
bool flow_runs(struct flow *, const struct ir_func *, const struct ir_func *wanted);
/* The frames in which the use is of different objects: each goes up to the function that has the
 * object as its own, or for static objects to that of the task. */
struct flow_use_frames {
    VEC(const struct frame *) at;
    bool is_cut; /* there are too many: more than these */
};
struct flow_use_frames flow_use_frames(struct flow *, const struct flow_use *);
/* The frames in which a spawn starts different tasks, or hands them different things: up to where
 * those come from. */
struct flow_use_frames flow_spawn_frames(struct flow *, const struct ir_func *,
                                         const struct ir_op *spawn);
/* The frames in which the use may be of that object. */
struct flow_match {
    const struct frame *frame;
    enum flow_same same;
};
struct flow_matches {
    VEC(struct flow_match) at;
    bool is_cut; /* there may be more */
};
struct flow_matches flow_use_matches(struct flow *, const struct flow_use *,
                                     const struct ir_expr *object);
/* May the use concern the object? */
bool flow_use_concerns(struct flow *, const struct flow_use *, const struct ir_expr *object);
/* The next use of that kind, after `after` (NULL: the first), that may concern the object; NULL:
 * none. */
const struct flow_use *flow_next_use(struct flow *, enum act_kind kind,
                                     const struct ir_expr *object, const struct flow_use *after);
/* Is it one of the compiler's atomic operations, __atomic_*, __c11_atomic_* or __sync_*? */
bool flow_is_atomic(const struct ir_op *);

/* ---- code out of sight ----------------------------------------------------------------------- */

/* Does this call run code that is neither in the program nor modelled nor the system's? */
bool flow_call_is_opaque(struct flow *, const struct ir_func *, const struct ir_op *);
/* Is a pointer to a record handed over that holds a function, as what timer_create is told?  The
 * system's code calls it then, with what lies beside it. */
bool flow_calls_back(const struct ir_op *);
/* The pointer, or the array of pointers, in a record whose address the argument is, for it to be
 * read or filled in; NULL: it is something else.  Who is handed that does not come by the rest of
 * the record. */
const struct ir_expr *flow_part_handed(const struct ir_expr *arg);
/* Is a function that this call runs said to take over its argument number `arg`, by a note or a
 * model? */
bool flow_call_takes(struct flow *, const struct ir_func *, const struct ir_op *, size_t arg);
/* Was the object, or what leads to it, handed to code out of sight: to an opaque function that is
 * not the system's? */
bool flow_is_handed_out(struct flow *, const struct ir_expr *object);
/* Are all holders of the object in sight: was it made here, and neither handed out nor returned to,
 * or stored where it is seen by, callers out of sight? */
bool flow_is_seen_whole(struct flow *, const struct ir_expr *object);

/* A static object of one unit whose address is never taken: only assignments in sight change it. */
bool flow_is_private(struct flow *, const struct ir_symbol *);
/* The value of the symbol's store number `index`, its initialiser included; NULL: there are no
 * more. */
const struct ir_expr *flow_stored(struct flow *, const struct ir_symbol *, size_t index);

/* ---- graphs ---------------------------------------------------------------------------------- */

/* Can control go from just behind `from` to `to`?  Both of `func`. */
bool flow_reaches(struct flow *, const struct ir_func *, const struct ir_op *from,
                  const struct ir_op *to);
/* Marks the blocks that control can reach from `block`, itself included. */
void flow_reach_from(struct flow *, const struct ir_func *, uint32_t block, bool *reached);
/* Marks the blocks that control can reach when the function runs in that frame: a branch on what
 * the caller hands in goes one way where that is a constant. */
void flow_reach_in(struct flow *, const struct frame *, bool *reached);
/* Does every way from the entry to `to` pass `from`? */
bool flow_dominates(struct flow *, const struct ir_func *, const struct ir_op *from,
                    const struct ir_op *to);
/* The innermost loop around a block, numbered from 1 per function; 0: none. */
uint32_t flow_loop_of(struct flow *, const struct ir_func *, uint32_t block);
/* Is loop `inner` the same as, or inside of, `outer`?  Everything is inside of 0. */
bool flow_loop_within(struct flow *, const struct ir_func *, uint32_t inner, uint32_t outer);

/* A loop from which control never leaves once it is in, when only the edges that `counts` accepts
 * lead anywhere; false: every loop has a way out.  Loops outside of the blocks `reached` are left
 * out (NULL: none is).  Linear in the size of the graph. */
typedef bool flow_edge_filter(void *context, const struct ir_func *, const struct ir_block *,
                              const struct ir_edge *);
struct flow_trap {
    const bool *in;    /* by block */
    struct ir_pos pos; /* of the loop as written */
};
bool flow_find_trap(struct flow *, const struct ir_func *, const bool *reached,
                    flow_edge_filter *counts, void *context, struct flow_trap *trap);

/* Can the value of the expression change while control stays in the loop? */
bool flow_varies(struct flow *, const struct ir_func *, const struct ir_expr *, uint32_t loop);

#endif
