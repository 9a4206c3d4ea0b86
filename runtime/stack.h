/*
 * stack.h - where tasks' stacks come from.
 *
 * Stacks are slots of equal size in chunks of address space.  The lowest pages of a slot are its
 * guard; the control block lies at the top, moved down by a few cache lines that differ from slot
 * to slot, so that the control blocks of many tasks do not meet in the same cache sets.
 *
 * Free stacks are kept by the worker that ended the task, for the next spawn, and beyond a number
 * in one pool for all.  What lies unused in the pool for a while is given back to the system.
 */
#ifndef LEASH_RT_STACK_H
#define LEASH_RT_STACK_H

#include "base.h"
#include "task.h"

enum { STACK_CACHE = 256 };

struct stack_cache {
    uint32_t count;
    struct task *free[STACK_CACHE]; /* the latest last */
};

/* Sizes and settings, LEASH_STACK_KIB among them.  Ends the program with a message on bad ones. */
void stack_start(void);
/* Gives all stacks back; no task runs.  With `leave` their memory stays as it is, for good:
 * somebody may still write there. */
void stack_stop(bool leave);

/* The control block of a free stack.  NULL and errno ENOMEM: none to be had. */
struct task *stack_get(struct stack_cache *cache);
/* Gives the stack of a task that has ended back.  Not called on that stack. */
void stack_put(struct stack_cache *cache, struct task *task);
/* Moves all of the cache to the pool. */
void stack_cache_release(struct stack_cache *cache);

/* The usable part of a task's stack, from the lowest byte up to the control block. */
void *stack_low(const struct task *task);

/* The task in whose stack's guard the address lies, or NULL.  Only for a thread that is lost. */
struct task *stack_of_guard(const void *address);

/* Calls visit(task, arg) for every control block that may hold a task; those with TASK_FREE do
 * not.  Tasks come and go meanwhile; memory does not. */
void stack_each(void (*visit)(struct task *task, void *arg), void *arg);

/* Until stack_release no chunk comes or goes, and stack_each must not be called. */
void stack_hold(void);
void stack_release(void);

/* While they are held: where a chunk of slots begins, *bytes long; NULL after the last. */
char *stack_chunk(size_t index, size_t *bytes);
size_t stack_bytes(void); /* of a slot; a power of two, which slots are aligned to */
struct task *stack_task(const void *slot); /* the control block of the slot that begins there */

#endif
