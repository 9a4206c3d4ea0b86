/*
 * task.h - a task's control block.
 *
 * It lies at the top of the task's own stack, so that a parked task touches one page: the control
 * block, the frames of its calls and the record it waits with.  See stack.h for the place.
 */
#ifndef LEASH_RT_TASK_H
#define LEASH_RT_TASK_H

#include "base.h"
#include "leash.h"

struct waiter;

/* FREE is zero: what a stack that was given back to the system reads as. */
enum task_state { TASK_FREE, TASK_READY, TASK_RUNNING, TASK_PARKED };

/* What dumps and leak reports say of a task.  Written by the task's own thread and read by others
 * while it runs, so each field is atomic; together they may be a moment out of step. */
struct task_note {
    _Atomic(const char *) state;  /* while parked: "chan receive", ... */
    _Atomic(const char *) site;   /* while parked: the line of the call */
    _Atomic(const void *) object; /* while parked: what it waits for; NULL: several, or time */
};

/* The first cache line is all that parking and waking touch. */
struct task {
    void *sp;                 /* saved stack pointer, while it does not run; NULL: it never ran */
    void **base_sp;           /* while it runs: worker->base_sp, for debuggers (arch/) */
    struct task *next;        /* in a list of the scheduler */
    _Atomic uint32_t claimed; /* of a wait for several things: somebody decided it */
    _Atomic uint32_t state;   /* enum task_state */
    int saved_errno;          /* while it does not run */
    _Atomic uint32_t since;   /* while parked: since when; see clock.h */
    struct task_note note;    /* what it is parked on */
    struct waiter *fired;     /* of a wait for several things: the one that came */
    leash_wg_t *wg;           /* told when it returns; or NULL */
    void (*entry)(void);      /* the user's function */
    uintptr_t args[6];        /* its arguments */
    /* Written by who spawns it.  Atomic, since a dump may come to a stack that is just used anew.
     */
    _Atomic uint64_t id;         /* counts up from 1 */
    _Atomic uint64_t parent_id;  /* 0: none */
    _Atomic(const char *) name;  /* of the function */
    _Atomic(const char *) spawn; /* the line that spawned it */
    void *sanitizer_fiber;       /* what a sanitizer knows it by; NULL without one */
    uint64_t priority;           /* the highest runs first, where runtime.has_priorities */
};

/* The task that the calling thread runs; NULL outside of tasks. */
struct task *task_self(void);

/* Starts fn(args) on behalf of the caller: 0, or ENOMEM or EAGAIN.  `wg` may be NULL. */
int task_spawn(void (*fn)(void), const leash_args *args, const char *name, leash_wg_t *wg,
               const char *site);

static inline void task_set_state(struct task *task, enum task_state state)
{
    atomic_store_explicit(&task->state, state, memory_order_relaxed);
}

/* For control blocks that stack_each finds: outdated already, unless it is the caller's. */
static inline bool task_is_alive(const struct task *task)
{
    return atomic_load_explicit(&task->state, memory_order_relaxed) != TASK_FREE;
}

/* Who it is, and where from; `parent` may be NULL. */
static inline void task_set_origin(struct task *task, uint64_t id, const struct task *parent,
                                   const char *name, const char *site)
{
    uint64_t parent_id = parent ? atomic_load_explicit(&parent->id, memory_order_relaxed) : 0;

    atomic_store_explicit(&task->id, id, memory_order_relaxed);
    atomic_store_explicit(&task->parent_id, parent_id, memory_order_relaxed);
    atomic_store_explicit(&task->name, name, memory_order_relaxed);
    atomic_store_explicit(&task->spawn, site, memory_order_relaxed);
}

static inline void task_set_since(struct task *task, uint32_t since)
{
    atomic_store_explicit(&task->since, since, memory_order_relaxed);
}

/* Says what the task is about to wait for. */
static inline void task_describe(struct task *task, const char *state, const void *object,
                                 const char *site)
{
    atomic_store_explicit(&task->note.state, state, memory_order_relaxed);
    atomic_store_explicit(&task->note.object, object, memory_order_relaxed);
    atomic_store_explicit(&task->note.site, site, memory_order_relaxed);
}

#endif
