/*
 * tasks.h - the tasks that a program starts, and what each of them runs.
 *
 * A task is a frame: its function as entered from a spawn, `op`, in the frame of who starts it,
 * `parent`.  So one spawn that starts different functions, or hands them different things, gives
 * several tasks.
 *
 * All that is returned is in the arena of the flow.
 */
#ifndef LEASH_TASKS_H
#define LEASH_TASKS_H

#include "flow/loops.h"

struct flow_frame_list {
    VEC(const struct frame *) at;
    bool is_cut; /* there are more */
};

/* Every task that the program starts, in the order of the spawns. */
const struct flow_frame_list *flow_tasks(struct flow *);

/* ---- what a task runs ------------------------------------------------------------------------ */

/* A call in what a task runs. */
struct flow_task_op {
    const struct frame *frame;
    const struct ir_op *op; /* of frame->func */
};

struct flow_runs {
    const struct frame *task;
    VEC(const struct frame *) frames; /* the functions, the task's own first */
    VEC(struct flow_task_op) ops;     /* their calls that can be reached */
    bool is_cut; /* there are more functions, or some did not compile in full */
};

/* The functions that a task runs, each once, in the frame of its first call that can be reached.
 * What it spawns is not among them. */
struct flow_runs flow_task_runs(struct flow *, const struct frame *task);

/* A loop in which a task goes round for ever. */
struct flow_round {
    const struct frame *frame; /* of the function with the loop */
    struct flow_endless endless;
    VEC(struct flow_task_op) ops;     /* the calls inside of it */
    const struct flow_task_op *watch; /* the first of them that hears when the task is told to
                                         stop; NULL: none does */
    bool stays; /* a task that does not leave it may get stuck at a channel of the program too */
};
/* Fills in the first such loop in frame->func, a frame of the runs.  None are loops whose rounds
 * wait for what comes from outside, as a server's do, those that get stuck at a channel of the
 * program, those that end when a channel is closed, and those in which something may end the
 * thread, or the program in good order.  None is found in functions that were not understood. */
bool flow_goes_round(struct flow *, const struct flow_runs *, const struct frame *,
                     struct flow_round *);
/* The same with those that get stuck at a channel: no task ever leaves them. */
bool flow_goes_round_or_stays(struct flow *, const struct flow_runs *, const struct frame *,
                              struct flow_round *);
/* As flow_goes_round, where nobody tells the task to stop. */
bool flow_goes_round_untold(struct flow *, const struct flow_runs *, const struct frame *,
                            struct flow_round *);

/* ---- being told to stop ---------------------------------------------------------------------- */

/* Does the type lead to a context: itself, pointed to, or in a field? */
bool flow_leads_to_context(const struct flow *, const struct ir_type *);
/* A field of a struct that the task is handed by its address, with its value where the task is
 * started, resolved; the first one that is `wanted`, or NULL. */
typedef bool flow_field_test(void *context, const struct ir_field *, const struct ir_expr *value);
const struct ir_field *flow_handed_field(struct flow *, const struct frame *task,
                                         flow_field_test *wanted, void *context);
/* Does somebody cancel the thread by its id?  What is done to contexts and descriptors is another
 * matter, though all of them are cancelled. */
bool flow_is_cancelled(struct flow *, const struct frame *task);

#endif
