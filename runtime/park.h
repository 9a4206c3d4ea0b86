/*
 * park.h - leaving a task, step by step, for the places where tasks park most.
 *
 * All inline: a processor guesses where a return leads by the call that went before, and the task
 * that goes on mostly parked elsewhere than the one that is left, so each level of calls between
 * the switch and the user's code is a wrong guess.  Other places call park and park_in
 * (scheduler.h) or sources_park (wait.h), which are these in functions.
 */
#ifndef LEASH_RT_PARK_H
#define LEASH_RT_PARK_H

#include "context.h"
#include "fiber.h"
#include "scheduler.h"
#include "wait.h"

/* A task that has ended: gives back what it had. */
void worker_forget(struct worker *worker, struct task *task);

/* What remains to be done for the context that was left; the first thing in the new one. */
static ALWAYS_INLINE void after_switch(struct worker *worker)
{
    enum after after = worker->after;

    if (likely(after == AFTER_UNLOCK))
        lock_release(worker->held);
    else if (after == AFTER_UNLOCK_SOURCES)
        sources_unlock(worker->sources);
    else if (after == AFTER_QUEUE)
        queue_push(worker, worker->left);
    else if (after == AFTER_BEHIND_FRESH)
        queue_push_behind_fresh(worker, worker->left);
    else if (after == AFTER_END)
        worker_forget(worker, worker->left);
}

static inline void count_switch(struct worker *worker)
{
    atomic_store_explicit(&worker->ticks, ++worker->switches, memory_order_relaxed);
}

/* Goes from the context that is saved to *save on to a task. */
FIBER_INLINE struct worker *go_on(struct worker *worker, void **save, struct task *to)
{
    worker->task = to;
    task_set_state(to, TASK_RUNNING);
    to->base_sp = &worker->base_sp;
    if (likely(to->sp != NULL))
        return context_switch(save, to->sp, worker);
    return context_begin(save, to, stack_low(to), worker);
}

/* Tells the sanitizers of it beforehand. */
FIBER_INLINE void *announce(struct task *to, bool ending)
{
    void *low = RT_ASAN ? stack_low(to) : NULL;

    return fiber_leave(ending, low, (size_t)((char *)to - (char *)low), to->sanitizer_fiber);
}

/* Leaves the running task for `to`, or for the thread's own context when that is NULL. */
static ALWAYS_INLINE void leave(struct worker *worker, struct task *task, struct task *to,
                                bool ending)
{
    void *kept;

    task->saved_errno = *worker->errno_place;
    if (likely(to != NULL)) {
        kept = announce(to, ending);
        worker = go_on(worker, &task->sp, to);
    } else {
        kept = fiber_leave(ending, worker->base_low, worker->base_size, worker->sanitizer_fiber);
        worker = context_switch(&task->sp, worker->base_sp, worker);
    }
    fiber_arrive(kept);
    after_switch(worker);
    *worker->errno_place = task->saved_errno;
}

/* What the worker runs after the task that it leaves; NULL: the thread's own context decides. */
static ALWAYS_INLINE struct task *choose(struct worker *worker)
{
    count_switch(worker);
    if (unlikely(worker->switches % LOOK_AROUND == 0 || runtime.random_schedule))
        return NULL;
    return queue_take(worker);
}

static ALWAYS_INLINE void park_until_ready(struct worker *worker, struct lock *held)
{
    struct task *task = worker->task;

    count_for(worker, COUNT_PARKS);
    task_set_state(task, TASK_PARKED);
    task_set_since(task, worker->now);
    worker->after = AFTER_UNLOCK;
    worker->held = held;
    leave(worker, task, choose(worker), false);
}

/* Parks a task that stands in the queues of several sources, whose locks it holds. */
static ALWAYS_INLINE void park_until_fired(struct worker *worker, struct sources *sources)
{
    struct task *task = worker->task;

    count_for(worker, COUNT_PARKS);
    task_set_state(task, TASK_PARKED);
    task_set_since(task, worker->now);
    worker->after = AFTER_UNLOCK_SOURCES;
    worker->sources = sources;
    leave(worker, task, choose(worker), false);
}

/* See park_in. */
static ALWAYS_INLINE void park_in_line(struct waitq *queue, struct waiter *waiter, void *data,
                                       struct lock *held, const char *state, const void *object,
                                       const char *site)
{
    struct worker *worker = worker_of_task(state, site);

    waiter->task = worker->task;
    waiter->data = data;
    waiter->shared = false;
    waiter->ok = false;
    waitq_push(queue, waiter);
    task_describe(worker->task, state, object, site);
    park_until_ready(worker, held);
}

/* See sources_park. */
static ALWAYS_INLINE size_t park_in_sources(struct sources *sources, const char *state,
                                            const void *object, const char *site)
{
    struct worker *worker = worker_of_task(state, site);
    struct task *task = worker->task;

    task_describe(task, state, object, site);
    sources_enlist(sources, task, site);
    park_until_fired(worker, sources);
    return sources_withdraw(sources, task);
}

#endif
