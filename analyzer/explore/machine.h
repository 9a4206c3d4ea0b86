/*
 * machine.h - executes what a slice keeps, one step of one task after the other.
 *
 * A step begins and ends in a state in which every task stands before an operation that others can
 * see: it fires one such operation, then goes on with what only concerns the task itself.  Where
 * something is not known, the machine asks `machine_choose`, and whoever drives it runs the step
 * again for each answer.
 *
 *   value.  eval.c     what expressions, places and conditions are in a world
 *   step.c             what a task does by itself: assignments, calls, branches, returns
 *   sync.c             what tasks do to each other; with it go options.c, fire.c, local.c
 */
#ifndef LEASH_MACHINE_H
#define LEASH_MACHINE_H

#include "explore/world.h"

enum { CHOICES_MAX = 48 };

/* Where an object comes from, or a task. */
struct site {
    const struct ir_func *func;
    const struct ir_op *op;         /* made by a call, or spawned by it */
    const struct ir_var *var;       /* a local variable */
    const struct ir_symbol *symbol; /* a static one */
    const struct ir_type *type;     /* what it holds; NULL: not known */
    struct initial *initial;        /* what a static one begins with; NULL: zeros */
    bool is_escaped;                /* code out of sight has come by it */
};

/* What a step did, for who wants to tell of it. */
enum event_kind {
    EVENT_OP,     /* op of func, with result */
    EVENT_BRANCH, /* op is NULL; pos; taken: which way */
    EVENT_LEAVE,  /* func returns; pos */
    EVENT_RETURN, /* the task has ended */
    EVENT_TIME,   /* the context made at `op` runs out of time */
    EVENT_EXIT,   /* the process ends */
};

struct event {
    enum event_kind kind;
    uint8_t task, partner; /* partner + 1: the task that took part in it, 0: none */
    bool taken;
    uint8_t result; /* enum act_result */
    int8_t arm;     /* of a select; -1: none */
    bool is_guess;  /* nothing in sight says so: somebody outside, an unknown number */
    const struct ir_func *func;
    const struct ir_op *op;
    const struct ir_func *entry; /* of a spawn: what `partner` runs */
    struct ir_pos pos;
    uint16_t frame_depth;
};

/* Why what comes after a step is not known. */
enum bound {
    BOUND_STATES = 1,    /* too many states in all */
    BOUND_TASKS = 2,     /* too many tasks at once */
    BOUND_DEPTH = 4,     /* calls, or a recursion, too deep */
    BOUND_SIZE = 8,      /* a state that is too large, or too many choices in one step */
    BOUND_HANDLERS = 16, /* handlers at the end of a task, which are not looked into */
    BOUND_PROGRAM = 32,  /* other scopes have taken up all that the program may cost */
    BOUND_MEMORY = 64    /* the states take up too much memory */
};

enum misuse_kind {
    MISUSE_NONE,
    MISUSE_CLOSE_TWICE,
    MISUSE_SEND_CLOSED,
    MISUSE_NEGATIVE,  /* a wait group's count */
    MISUSE_UNSURE,    /* the same, of numbers that are not what the code says */
    MISUSE_ADD_LATE,  /* who waits for the group may have found a count of zero, and gone on */
    MISUSE_NOT_OWNED, /* an unlock of what is not locked */
};

/* What must not happen, and has. */
struct misuse {
    enum misuse_kind kind;
    bool is_end; /* the program ends with it */
    uint8_t task;
    const struct ir_func *func;
    const struct ir_op *op;
    size_t event_count; /* what was told up to it */
    uint8_t waiter;     /* MISUSE_ADD_LATE: who waits, */
    const struct ir_func *wait_func;
    const struct ir_op *wait; /* and where */
};

struct machine {
    struct slice *slice;
    struct flow *flow;
    struct arena *arena;
    struct world world;
    VEC(struct site) sites;
    struct map site_of;
    struct map parts_of; /* by type, see eval.c */
    uint8_t taken[CHOICES_MAX], choices[CHOICES_MAX];
    size_t choice_count, choice_at;
    uint64_t dice; /* not 0: new choices are thrown with these, for a walk */
    /* Of a walk through a program: how much seldomer than others what happens by itself does, and
     * how much sooner than others each task goes on. */
    uint32_t rarity, weights[TASKS_MAX];
    uint64_t inclination; /* of a walk through a program: which way it likes each branch to go */
    uint32_t branch;      /* the one that is decided, by a number that is its own */
    uint32_t moved;       /* bit by task: those that the step moved */
    bool is_pruned;       /* the step leads nowhere: what was assumed cannot be */
    unsigned bounds;      /* enum bound: those that were hit */
    bool asked_opened;    /* a branch went by what is not kept, see SYMBOL_OPENED; stays set */
    bool asked_link;      /* a branch went by how long a list from outside is; stays set */
    bool is_scaled;       /* the bounds of the slice are taken to be 2, 3, … */
    bool touched;         /* the step did something that others may see; stays set */
    bool is_library;      /* statics hold what others left in them */
    size_t ops;           /* carried out, of all steps */
    struct misuse misuse; /* of the step; of several, the one that ends the program */
    bool traces;
    VEC(struct event) events;
};

/* The machine before the first step: the root's task is to start. */
void machine_begin(struct machine *, struct slice *, struct arena *);

/* A number below `count`, each in turn when the step is run again. */
uint32_t machine_choose(struct machine *, uint32_t count);
/* The same, but on a walk each as often as its weight, of 1 or more, is part of them all. */
uint32_t machine_choose_weighted(struct machine *, const uint32_t *weights, uint32_t count);
/* What on a walk is to happen seldom does so once in that many times. */
enum { RARELY = 16 };
/* A failure that may happen, but on a walk seldom does. */
bool machine_choose_rare(struct machine *);
/* Which way a branch goes of which nothing is known.  A walk through a program has its own liking
 * for most of them: what takes many rounds of a loop, or an error at one place and nowhere else, is
 * hardly ever met by throws that are fair (A. Groce, C. Zhang, E. Eide, Y. Chen, J. Regehr, "Swarm
 * Testing", 2012). */
bool machine_ask(struct machine *);
/* The next choices of the same step; false: there are no others. */
bool machine_next_choices(struct machine *);

/* From now on choices are thrown.  On every other walk some tasks are a lot faster than others:
 * what takes a late task, or an early one, is hardly ever met else (S. Burckhardt, P. Kothari, M.
 * Musuvathi, S. Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of Finding
 * Bugs", 2010). */
void machine_begin_walk(struct machine *, uint64_t dice);

/* Before each step, and before it is run again. */
void machine_prepare(struct machine *);
/* One step of the world: false: no task can do any.  Which one is the first choice. */
bool machine_step(struct machine *);
/* The same of a task that only has to go on by itself, and nobody else: it starts, or turns in a
 * loop. */
void machine_step_alone(struct machine *, uint8_t task);

/* The operation must not happen as it does; `is_end`: the program ends here. */
void machine_misuse(struct machine *, enum misuse_kind, bool is_end, uint8_t task,
                    const struct ir_func *, const struct ir_op *);
/* The rest of the step is not known. */
void machine_cut(struct machine *, enum bound);
struct event *machine_tell(struct machine *, enum event_kind, uint8_t task, const struct ir_func *,
                           const struct ir_op *);
uint32_t machine_site(struct machine *, const void *key, struct site);

/* ---- eval.c ---------------------------------------------------------------------------------- */

enum lvalue_kind { L_NOWHERE, L_SLOT, L_CELL };
struct lvalue {
    enum lvalue_kind kind;
    uint16_t object;
    int32_t offset;
    struct value *slot;
};

/* Of the task's innermost frame, or of `frame` + 1. */
struct context {
    struct machine *machine;
    uint8_t task;
    struct world_frame *frame;
    const struct slice_func *in;
};
struct context machine_context(struct machine *, uint8_t task);

struct lvalue eval_place(struct context *, const struct ir_expr *place);
struct value eval(struct context *, const struct ir_expr *);
/* What is there, of that type; what is not known is kept, so that it is the same each time. */
struct value eval_load(struct context *, struct lvalue, const struct ir_type *);
/* The same of a place in memory, but what nobody has asked for stays as it is. */
struct value eval_part(struct context *, struct lvalue, const struct ir_type *);
/* What the operation, no comparison, makes of the two; of the same type. */
struct value eval_arithmetic(struct machine *, enum ir_operator, struct value a, struct value b,
                             const struct ir_type *);
/* Does it hold, or is it not zero?  Asks, and remembers the answer, where that is open. */
bool eval_condition(struct context *, const struct ir_expr *);
/* Is it `op` value?  The same. */
bool eval_compare(struct machine *, struct value a, enum ir_operator op, struct value b,
                  bool is_counted);
/* What a constant is taken for, see is_scaled. */
int64_t eval_scaled(const struct machine *, int64_t constant);
void eval_store(struct context *, struct lvalue, struct value);
void eval_assign(struct context *, const struct ir_expr *place, const struct ir_expr *value);
/* Copies the kept parts of a record or array. */
void eval_copy(struct context *, struct lvalue to, struct lvalue from, const struct ir_type *);
void eval_store_literal(struct context *, struct lvalue, const struct ir_type *,
                        const struct ir_expr *literal);
/* All of it is about to be written. */
void eval_drop(struct context *, struct lvalue, const struct ir_type *);
/* What the place holds is no longer known. */
void eval_forget(struct context *, struct lvalue, const struct ir_type *);
/* A value of that type of which nothing is known. */
struct value eval_unknown(struct machine *, const struct ir_type *);
/* The object a pointer leads to: what is not known of it is found now.  false: none. */
bool eval_target(struct context *, struct value pointer, const struct ir_type *target,
                 uint16_t *object, int32_t *offset);
/* Code out of sight gets at what the value leads to. */
void eval_escape(struct machine *, struct value);
/* The same of all that lies at the place, and not of the place itself; of one without a type, only
 * where it is a slot. */
void eval_escape_parts(struct context *, struct lvalue, const struct ir_type *);
struct value eval_pointer(uint16_t object, int32_t offset);
/* The place of a variable in memory, made when first asked for. */
uint16_t eval_var_object(struct context *, const struct ir_var *);
uint16_t eval_static_object(struct machine *, const struct ir_symbol *);

/* ---- step.c ---------------------------------------------------------------------------------- */

/* Runs the task from where it stands to the next operation that others can see, or to its end. */
void step_run(struct machine *, uint8_t task);
/* Runs what the task has just entered to its end, before anything else: the assignments of what
 * static variables begin with, which no other task sees. */
void step_through(struct machine *, uint8_t task);
/* Past the operation the task stands at. */
void step_advance(struct machine *, uint8_t task);
/* Calls a function in the task; false: too deep. */
bool step_enter(struct machine *, uint8_t task, const struct slice_func *, struct value *args,
                size_t count);
/* Has the task call what the operation runs; false: nothing is to be run, and it has gone on. */
bool step_call(struct machine *, uint8_t task, const struct ir_op *, const struct ir_expr *entry,
               const struct ir_expr *const *args, size_t count);
void step_end_task(struct machine *, uint8_t task);
/* What the caller can see of how it went. */
void step_outcome(struct machine *, uint8_t task, const struct ir_op *, enum act_result);
/* The same of one of several ways to tell it; NULL: something that none of the ways says. */
void step_tell(struct machine *, uint8_t task, const struct ir_op *, const struct act_outcome *);
/* Can the caller tell these results apart, and asks? */
bool step_tells(struct machine *, uint8_t task, const struct ir_op *, enum act_result);

/* ---- sync.c ---------------------------------------------------------------------------------- */

/* Is the operation one that the others can see, before which a task stands? */
bool sync_is_visible(struct machine *, const struct slice_func *, const struct ir_op *);
/* Looks at the operands when the task arrives. */
void sync_arrive(struct machine *, uint8_t task, const struct ir_op *);
/* What goes on in the same step: unlock, done, add, make. */
void sync_local(struct machine *, uint8_t task, const struct ir_op *);
void sync_group_add(struct machine *, uint8_t task, struct value group, int32_t count,
                    const struct ir_func *, const struct ir_op *);
void sync_group_done(struct machine *, uint8_t task, struct value group, int32_t count,
                     const struct ir_func *, const struct ir_op *);
/* What the operation runs once has returned. */
void sync_once_is_done(struct machine *, uint8_t task, const struct ir_op *);
/* The context or one above it has ended. */
bool sync_has_ended(struct world *, struct value context);
/* Wakes the task, which is parked for a condition with a lock, though nobody signals, and has it go
 * on; false: it cannot have its lock now. */
bool sync_wake_early(struct machine *, uint8_t task);
/* What can let the task go on from the operation it stands before: bits. */
enum outlook {
    OUTLOOK_GOES = 1,     /* it need not wait any more, or never had to */
    OUTLOOK_MEETS = 2,    /* another task stands before the other half */
    OUTLOOK_TIME = 4,     /* its own time limit */
    OUTLOOK_GIVES_UP = 8, /* it only tries */
    OUTLOOK_OUTSIDE = 16  /* somebody out of sight */
};
unsigned sync_outlook(struct machine *, uint8_t task);
/* Is there a context whose time will run out among those that end its wait? */
bool sync_can_time_out(struct machine *, uint8_t task);
/* The task has not begun, and who joins it now calls it off. */
bool sync_begins_later(const struct machine *, uint8_t task);
/* The operation the task stands before; NULL: it starts, or turns in a loop. */
const struct ir_op *sync_op(const struct machine *, uint8_t task, const struct ir_func **);

#endif
