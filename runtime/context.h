/*
 * context.h - the one machine-dependent thing: leaving one stack and going on on another.
 *
 * In assembly for x86-64 and aarch64 (arch/), by ucontext elsewhere.  A context is what the callee
 * must preserve, pushed on its stack; the floating-point control words and the signal mask stay the
 * thread's.
 */
#ifndef LEASH_RT_CONTEXT_H
#define LEASH_RT_CONTEXT_H

#include "names.h"

struct task;
struct worker;

/*
 * Saves the calling context to *save and goes on in `to`.  Returns, in whatever was switched to,
 * the worker that was given: a context may go on on another thread than it was left on.
 */
struct worker *context_switch(void **save, void *to, struct worker *worker);

/* Saves the calling context likewise, and calls task_main(worker, task) on the stack that goes from
 * `low` up to the control block `task`.  task_main does not return. */
struct worker *context_begin(void **save, struct task *task, void *low, struct worker *worker);

_Noreturn void task_main(struct worker *worker, struct task *task);

#endif
