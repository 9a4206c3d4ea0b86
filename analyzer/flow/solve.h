/*
 * solve.h - the constraint graph of the points-to analysis, and its solver.
 *
 * constraints.c builds the graph, points.c reads the solution; nobody else includes this.
 *
 * An object stands for one allocation site.  A target is an object and a byte offset in it: where a
 * pointer leads.  A node has a set of targets: it is a cell, which is what an object holds at one
 * offset, or a value on its way from one cell to another.  Constraints say which sets include which
 * others, and the solver finds the smallest sets that fit (Andersen 1994; with offsets: Pearce,
 * Kelly and Hankin 2007).
 *
 * Code out of sight is an object too, whose cells are all one.  Two nodes hold the objects that it
 * has come by, with all that can be reached from those: OUTSIDE_NODE in whatever way, and
 * HANDED_OUT_NODE, which is included in it, by a call of an unknown function.  What such code gives
 * back is known by its type alone: something that it made, or that had escaped to it, of that
 * record type.
 *
 * A node has at most TARGETS_MAX targets and each goes along each constraint once, so the cost is
 * linear in the number of constraints, those that loads and stores lead to included.  A node for
 * which that is not enough is "any": it may lead wherever code out of sight does.
 */
#ifndef LEASH_SOLVE_H
#define LEASH_SOLVE_H

#include "ir/ir.h"

enum { TARGETS_MAX = 48 };

enum alloc_site {
    ALLOC_OUTSIDE,  /* what code out of sight made: all of it, or all of one record type */
    ALLOC_VARIABLE, /* a local variable, a parameter or a temp */
    ALLOC_STATIC,
    ALLOC_CALL, /* made by a call: a heap block, a channel, a thread */
    ALLOC_FUNCTION,
};

struct object {
    enum alloc_site site;
    const struct ir_type *type; /* NULL: not known */
    const struct ir_func *func; /* whose variable, where made, or the function itself; else NULL */
    const struct ir_op *op;     /* ALLOC_CALL */
    bool is_many;               /* stands for several at once: the elements of an array */
    bool is_escaped;            /* OUTSIDE_NODE leads to it */
    bool is_handed_out;         /* HANDED_OUT_NODE leads to it */
    VEC(uint32_t) cells;        /* nodes, in the order in which they were asked for */
};

/* Nodes and objects are numbers.  These are there from the start. */
enum { NO_NODE, OUTSIDE_NODE, HANDED_OUT_NODE, FIRST_NODE };
enum { OUTSIDE_OBJECT };

/* ---- targets --------------------------------------------------------------------------------- */

static inline uint64_t target_at(uint32_t object, int64_t offset)
{
    return (uint64_t)object << 32 | (uint32_t)offset;
}

static inline uint32_t target_object(uint64_t target)
{
    return (uint32_t)(target >> 32);
}

static inline int64_t target_offset(uint64_t target)
{
    return (int32_t)(uint32_t)target;
}

/* ---- the graph ------------------------------------------------------------------------------- */

struct solver;

/* Without constraints.  All memory is in `arena`.  Of a library, others know the static objects
 * with external linkage. */
struct solver *solver_new(struct arena *arena, bool is_library);

uint32_t solver_new_node(struct solver *);
/* The cell at the target, made when first asked for; NO_NODE: a function has none. */
uint32_t solver_cell(struct solver *, uint64_t target);

/* Objects, made when first asked for. */
uint32_t solver_variable(struct solver *, const struct ir_func *, const struct ir_var *);
uint32_t solver_static(struct solver *, const struct ir_symbol *);
uint32_t solver_made_by(struct solver *, const struct ir_func *, const struct ir_op *);
uint32_t solver_function(struct solver *, const struct ir_func *);
/* Makes those for the function's variables and temps; the latter have no other way to come by
 * theirs.  Temp 0 is what the function returns. */
void solver_add_variables(struct solver *, const struct ir_func *);
uint32_t solver_temp(const struct ir_func *, uint32_t temp);

/* The caller may change is_many.  Valid until the next object is made. */
struct object *solver_object(const struct solver *, uint32_t object);

/* ---- constraints ----------------------------------------------------------------------------- */

/* Each does nothing where a node is NO_NODE.  Loads, stores and offsets come before solver_run. */

/* node ∋ target */
void solver_add_target(struct solver *, uint32_t node, uint64_t target);
/* to ⊇ from */
void solver_add_copy(struct solver *, uint32_t from, uint32_t to);
/* to ⊇ *(pointer + offset) */
void solver_add_load(struct solver *, uint32_t pointer, int64_t offset, uint32_t to);
/* *(pointer + offset) ⊇ from */
void solver_add_store(struct solver *, uint32_t pointer, int64_t offset, uint32_t from);
/* to ⊇ pointer + offset */
void solver_add_offset(struct solver *, uint32_t pointer, int64_t offset, uint32_t to);

/* The node is a pointer of that type: an object without a type that it leads to gets one. */
void solver_set_type(struct solver *, uint32_t node, const struct ir_type *pointer);
/* The node holds a pointer of that type from code out of sight. */
void solver_add_outside(struct solver *, uint32_t node, const struct ir_type *pointer);
/* Callers out of sight hand in the function's parameters, from number `first` on. */
void solver_add_outside_params(struct solver *, const struct ir_func *, size_t first);

/* ---- the solution ---------------------------------------------------------------------------- */

void solver_run(struct solver *);

struct target_set {
    const uint64_t *at; /* in the order in which they were found */
    size_t count;
    bool is_any;
};
struct target_set solver_targets(const struct solver *, uint32_t node);

/* As above, but nothing is made: false or NO_NODE where there is none yet. */
bool solver_find_variable(const struct solver *, const struct ir_var *, uint32_t *object);
bool solver_find_function(const struct solver *, const struct ir_func *, uint32_t *object);
uint32_t solver_find_cell(const struct solver *, uint64_t target);
/* The target that many bytes further on; functions and what is out of sight have no parts. */
uint64_t solver_moved(const struct solver *, uint64_t target, int64_t bytes);

#endif
