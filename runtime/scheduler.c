#include "scheduler.h"
#include "clock.h"
#include "context.h"
#include "fiber.h"
#include "park.h"
#include "pct.h"
#include "wait.h"

#include <errno.h>
#include <sched.h>

struct runtime runtime;

/* ---- the thread's worker --------------------------------------------------------------------- */

static _Thread_local struct worker *this_worker;

/* By threads that run no tasks. */
static _Atomic uint64_t counted_elsewhere[COUNT_KINDS];

/* Used by count_one() in assembly, which no compiler looks into. */
__attribute__((used)) _Thread_local _Atomic uint64_t *this_counts = counted_elsewhere;

RT_OPAQUE _Atomic uint64_t *counts_of_thread(void)
{
    __asm__ volatile("" ::: "memory");
    return this_counts;
}

RT_OPAQUE struct worker *worker_self(void)
{
    __asm__ volatile("" ::: "memory");
    return this_worker;
}

RT_OPAQUE void worker_enter(struct worker *worker)
{
    this_worker = worker;
    this_counts = worker ? worker->counts : counted_elsewhere;
    if (worker)
        worker->errno_place = &errno;
}

struct task *task_self(void)
{
    struct worker *worker = worker_self();

    return worker ? worker->task : NULL;
}

static _Noreturn __attribute__((cold)) void refuse_outside(const char *what, const char *site)
{
    fatal(site,
          "%s outside of tasks: call it from the function given to leash_run, or from what "
          "that spawns",
          what);
}

struct worker *worker_of_task(const char *what, const char *site)
{
    struct worker *worker = worker_self();

    if (unlikely(!worker || !worker->task))
        refuse_outside(what, site);
    return worker;
}

/* ---- spin locks ------------------------------------------------------------------------------ */

void spin(int spins)
{
    enum { SPINS = 64 };

    if (spins >= SPINS) {
        /* The one that is waited for may have lost its core. */
        sched_yield();
        return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

bool lock_alone;

void lock_contend(struct lock *lock)
{
    for (int spins = 0; !lock_try(lock); spins++)
        spin(spins);
}

/* ---- switching ------------------------------------------------------------------------------- */

void worker_forget(struct worker *worker, struct task *task)
{
    fiber_destroy(task->sanitizer_fiber);
    task_set_state(task, TASK_FREE);
    stack_put(&worker->stacks, task);
}

void park(struct lock *held, const char *state, const void *object, const char *site)
{
    struct worker *worker = worker_of_task(state, site);

    task_describe(worker->task, state, object, site);
    park_until_ready(worker, held);
}

void park_in(struct waitq *queue, struct waiter *waiter, void *data, struct lock *held,
             const char *state, const void *object, const char *site)
{
    park_in_line(queue, waiter, data, held, state, object, site);
}

/* Lets others run.  `after` says where the task waits for its turn. */
static void yield(struct worker *worker, enum after after)
{
    struct task *task = worker->task;

    task_set_state(task, TASK_READY);
    worker->after = after;
    worker->left = task;
    leave(worker, task, choose(worker), false);
}

static void yield_now(struct worker *worker)
{
    if (unlikely(runtime.has_priorities))
        pct_fall_behind(worker, worker->task);
    yield(worker, AFTER_QUEUE);
}

void leash_task_yield(void)
{
    struct worker *worker = worker_of_task("task_yield", NULL);

    /* Alone, with nothing to look at: there is nobody to let go first. */
    yield_now(worker);
}

void schedule_point_slow(void)
{
    struct worker *worker = worker_self();

    if (!worker || !worker->task)
        return;
    if (runtime.has_priorities ? pct_step(worker) : random_below(worker, 2))
        yield(worker, AFTER_QUEUE);
}

void poll_point(void)
{
    struct worker *worker = worker_self();

    if (worker && ++worker->polls % POLLS == 0 && worker->task)
        yield_now(worker);
}

/* ---- waking ---------------------------------------------------------------------------------- */

void ready(struct task *task)
{
    struct worker *worker = worker_self();

    task_set_state(task, TASK_READY);
    if (unlikely(!worker)) {
        inject(&task, 1);
        return;
    }
    count_for(worker, COUNT_WAKES);
    if (unlikely(!worker->task || runtime.random_schedule)) {
        queue_push(worker, task);
        idle_offer();
        return;
    }
    /* Only this worker fills the place, so where it is empty it stays so. */
    if (atomic_load_explicit(&worker->queue.next, memory_order_relaxed))
        queue_push(worker, task);
    else
        atomic_store_explicit(&worker->queue.next, task, memory_order_release);
    idle_offer();
}

void ready_list(struct task *list)
{
    struct worker *worker = worker_self();

    if (!list)
        return;
    while (list) {
        struct task *task = list;
        list = task->next;
        task_set_state(task, TASK_READY);
        if (worker) {
            count_for(worker, COUNT_WAKES);
            queue_push(worker, task);
        } else {
            inject(&task, 1);
        }
    }
    if (worker)
        idle_offer();
}

/* ---- a task's life --------------------------------------------------------------------------- */

typedef void words_6(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

/*
 * Calls the user's function with its words.
 *
 * On the machines this runs on, integers and pointers travel in registers, a function leaves those
 * alone that it has no parameter for, and a result that nobody reads does no harm; so one call with
 * six words serves all.
 */
__attribute__((no_sanitize("undefined"))) static void call_entry(const struct task *task)
{
    ((words_6 *)task->entry)(task->args[0], task->args[1], task->args[2], task->args[3],
                             task->args[4], task->args[5]);
}

_Noreturn void task_main(struct worker *worker, struct task *task)
{
    fiber_arrive(NULL);
    after_switch(worker);
    *worker->errno_place = 0;
    call_entry(task);
    /* Before the wait group: who waited for it counts the tasks without this one. */
    count_up(&worker_self()->ended);
    if (task->wg)
        leash_wg_done(task->wg, atomic_load_explicit(&task->spawn, memory_order_relaxed));
    worker = worker_self();
    worker->after = AFTER_END;
    worker->left = task;
    leave(worker, task, choose(worker), true);
    __builtin_unreachable();
}

/* A later task has a higher number, whichever worker spawns it. */
static inline uint64_t take_id(void)
{
    if (!lock_alone)
        return atomic_fetch_add_explicit(&runtime.id_next, 1, memory_order_relaxed);
    uint64_t id = atomic_load_explicit(&runtime.id_next, memory_order_relaxed);
    atomic_store_explicit(&runtime.id_next, id + 1, memory_order_relaxed);
    return id;
}

int task_spawn(void (*fn)(void), const leash_args *args, const char *name, leash_wg_t *wg,
               const char *site)
{
    struct worker *worker = worker_self();

    if (unlikely(!worker))
        refuse_outside("spawn", site);
    struct task *task = stack_get(&worker->stacks);
    if (unlikely(!task))
        return ENOMEM;
    task->entry = fn;
    for (int i = 0; i < 6; i++)
        task->args[i] = args->value[i];
    task->wg = wg;
    task_set_origin(task, take_id(), worker->task, name, site);
    task_describe(task, NULL, NULL, NULL);
    task->sanitizer_fiber = fiber_make();
    task->sp = NULL;
    if (unlikely(runtime.has_priorities))
        pct_admit(worker, task);
    task_set_state(task, TASK_READY);
    count_up(&worker->spawned);
    queue_push_fresh(worker, task);
    idle_offer();
    return 0;
}

/* Who spawns faster than the tasks run waits a turn behind them, so that those that end give their
 * stacks to the next ones, and a loop of spawns needs some hundred stacks and not one for each. */
static inline void let_spawned_run(void)
{
    struct worker *worker = worker_self();

    if (unlikely(ring_length(&worker->queue.fresh) >= FRESH_MAX) && worker->task)
        yield(worker, AFTER_BEHIND_FRESH);
}

void leash_spawn(void (*fn)(void), leash_args args, const char *name, const char *site)
{
    schedule_point();
    int error = task_spawn(fn, &args, name, NULL, site);
    if (unlikely(error))
        fatal(site, "no memory for the stack of a new task (%s)", name);
    let_spawned_run();
}

int leash_try_spawn(void (*fn)(void), leash_args args, const char *name, const char *site)
{
    schedule_point();
    int error = task_spawn(fn, &args, name, NULL, site);
    if (likely(!error))
        let_spawned_run();
    return error;
}

void leash_wg_spawn(leash_wg_t *wg, void (*fn)(void), leash_args args, const char *name,
                    const char *site)
{
    leash_wg_add(wg, 1, site);
    if (unlikely(task_spawn(fn, &args, name, wg, site)))
        fatal(site, "no memory for the stack of a new task (%s)", name);
    let_spawned_run();
}

uint64_t leash_task_id(void)
{
    return worker_of_task("task_id", NULL)->task->id;
}

/* ---- a worker's loop ------------------------------------------------------------------------- */

/* The thread is in its own context again, where there is time to ask the clock for the task that
 * was left. */
static void come_back(struct worker *worker)
{
    struct task *task = worker->task;

    worker->task = NULL;
    worker->now = clock_stamp(clock_now_ns());
    if (worker->after == AFTER_UNLOCK || worker->after == AFTER_UNLOCK_SOURCES)
        task_set_since(task, worker->now);
    after_switch(worker);
}

void worker_loop(struct worker *worker)
{
    struct task *task;

    while ((task = idle_find(worker))) {
        void *kept = announce(task, false);
        worker->after = AFTER_NOTHING;
        worker = go_on(worker, &worker->base_sp, task);
        fiber_arrive(kept);
        come_back(worker);
    }
}
