/* dump.h - what is said of tasks when something went wrong. */
#ifndef LEASH_RT_DUMP_H
#define LEASH_RT_DUMP_H

#include "task.h"

#include <signal.h>
#include <stdio.h>

/* One line about a task that is alive. */
void dump_task(struct task *task, FILE *out);

/* The same as an element of a JSON array, of which others were written before where it has `begun`;
 * returns whether it has now. */
bool dump_task_json(struct task *task, FILE *out, bool begun);

/* stack_each() for a visit that writes to `out`: what others write there does not come in between.
 */
void dump_each(void (*visit)(struct task *task, void *arg), void *arg, FILE *out);

/* Writes the text to stderr by what a signal handler may call alone. */
void dump_say(const char *text);

/* Makes an overflow of a task's stack end with a message: for the process, and for the thread whose
 * worker is given (from its memory `signal_stack` of DUMP_SIGNAL_STACK bytes).  What the thread had
 * for signals before is kept in `former` and given back. */
enum { DUMP_SIGNAL_STACK = 64 * 1024 };
void overflow_start(void);
void overflow_stop(void);
void overflow_enter(void *signal_stack, stack_t *former);
void overflow_leave(const stack_t *former);

#endif
