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

#include "flow/flow.h"

struct flow_frame_list {
    VEC(const struct frame *) at;
    bool is_cut; /* there are more, or some did not compile in full */
};

/* Every task that the program starts, in the order of the spawns. */
const struct flow_frame_list *flow_tasks(struct flow *);

/* The functions that a task runs, its own first: each once, in the frame of its first call that can
 * be reached.  What it spawns is not among them. */
struct flow_frame_list flow_task_runs(struct flow *, const struct frame *task);

/* Does the type lead to a context: itself, pointed to, or in a field? */
bool flow_leads_to_context(const struct flow *, const struct ir_type *);
/* Does somebody cancel the thread by its id?  What is done to contexts and descriptors is another
 * matter, though all of them are cancelled. */
bool flow_is_cancelled(struct flow *, const struct frame *task);

#endif
