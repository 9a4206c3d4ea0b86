/*
 * scheduler.h - tasks on threads: who runs next, who parks, who is woken.
 *
 * Each thread is a worker with ready tasks of its own (queue.h), among them the one that is to run
 * next: the last that a task let go.  A pair that talks through a channel so stays on one thread,
 * where the line between two cores would cost more than the talk.  What does not fit, and what
 * comes from other threads, goes through one shared list, the injected tasks.
 *
 * A task that parks switches straight to the next one.  Only when there is none, and every
 * LOOK_AROUND-th time, it switches to the thread's own context, where the loop looks around:
 * timers, descriptors, injected tasks, other workers' queues, and at last rest (idle.c).
 *
 * No wake-up is lost: whatever is in a worker's own queue is run by that worker, which looks there
 * before it rests.  Other workers only help.  What is injected is looked for after a worker has
 * said that it rests, and who injects looks for resting workers afterwards.
 */
#ifndef LEASH_RT_SCHEDULER_H
#define LEASH_RT_SCHEDULER_H

#include "base.h"
#include "counts.h"
#include "lock.h"
#include "queue.h"
#include "stack.h"
#include "task.h"
#include "timer.h"

#include <pthread.h>

enum {
    LOOK_AROUND = 64, /* switches between looks at timers, descriptors and injected tasks */
    POLLS = 64,       /* looks at what is not there yet between two turns of others */
    WORKERS_MAX = 1024
};

/* What a context does first after it was switched to, for the one that was left. */
enum after {
    AFTER_NOTHING,
    AFTER_UNLOCK,
    AFTER_UNLOCK_SOURCES,
    AFTER_QUEUE,
    AFTER_BEHIND_FRESH,
    AFTER_END
};

/* What a worker does. */
enum rest { REST_NOT, REST_SLEEPS, REST_POLLS };

struct sources;
struct waiter;
struct waitq;

struct worker {
    /* its own */
    struct task *task;    /* running; NULL in the thread's own context */
    void *base_sp;        /* the thread's own context, while a task runs */
    const void *base_low; /* its stack, where the runtime has started it; or for sanitizers */
    size_t base_size;
    int *errno_place;        /* of this thread */
    enum after after;        /* see above, for `left` */
    struct lock *held;       /* AFTER_UNLOCK */
    struct task *left;       /* AFTER_QUEUE, AFTER_BEHIND_FRESH, AFTER_END */
    struct sources *sources; /* AFTER_UNLOCK_SOURCES */
    uint64_t switches;       /* counts up */
    uint32_t polls;          /* counts up, see poll_point */
    uint64_t random;         /* state of random_next */
    uint64_t turn_id;        /* see pct.c: the task whose turn it is, ... */
    uint32_t turn_steps;     /* ... and its steps since it began */
    uint32_t now;            /* clock_stamp() when it last looked around: parks are too many to ask
                              * the clock each time */
    struct stack_cache stacks;
    int64_t looked_ns; /* when it last asked for descriptors */
    int64_t stole_ns;  /* when it got the stolen task that its work came from; 0: not stolen */
    bool may_steal;    /* it watched for a while: time to look at the others' queues */
    bool was_woken;    /* for an offer, or it studied a victim, and has no task of it */
    bool trusts;       /* its last steal paid: the next one goes unstudied */
    bool rested;       /* since it last found a task */
    bool watches;      /* it is the one that watches */
    uint32_t looks;    /* rests in a row that began when all others rested */
    uint32_t number;   /* 0: the thread that called leash_run */
    pthread_t thread;
    void *signal_stack;    /* where a stack overflow is reported from */
    void *sanitizer_fiber; /* the thread's own context */

    /* read by others now and then */
    alignas(CACHE_LINE) _Atomic uint64_t ticks; /* a copy of switches, for those who watch */
    _Atomic uint64_t spawned;                   /* counts up */
    _Atomic uint64_t ended;                     /* counts up */
    _Atomic uint64_t counts[COUNT_KINDS];       /* see count_one() */
    /* written by others */
    alignas(CACHE_LINE) _Atomic uint32_t rest; /* enum rest; a futex */
    alignas(CACHE_LINE) struct wheel wheel;    /* its timers */
    struct queue queue;                        /* its ready tasks */
};

/* One for the program; valid while leash_run runs. */
struct runtime {
    struct worker **workers; /* worker_count of them */
    uint32_t worker_count;
    bool random_schedule;    /* LEASH_SCHEDULE is set */
    bool has_priorities;     /* and to pct:SEED:DEPTH */
    bool has_membarrier;     /* see raid_begin */
    _Atomic bool running;    /* within leash_run */
    _Atomic bool first_left; /* the thread of leash_run runs no more tasks, or was told of */
    _Atomic bool stopping;   /* the first task has returned */
    alignas(CACHE_LINE) _Atomic uint64_t id_next; /* the number of the next task */
    alignas(CACHE_LINE) struct lock inject_lock;
    struct task **inject_ring;      /* injected tasks; with a random schedule all that are ready */
    uint32_t inject_room;           /* of the ring; a power of two */
    uint32_t inject_head;           /* counts up: the oldest */
    _Atomic uint64_t highest_ready; /* with priorities: the highest of them; 0: none */
    _Atomic uint32_t injected;      /* their number */
    alignas(CACHE_LINE) _Atomic uint32_t resting; /* workers whose rest is not REST_NOT */
    /* What may wake a task from outside: parked I/O, calls on helper threads, signal channels,
     * contexts that watch a peer.  Where there is none, and no timer, all parked is a deadlock. */
    _Atomic uint32_t outside;
    /* Of these the calls on helper threads: a virtual clock waits for their end. */
    _Atomic uint32_t helped;
    _Atomic uint64_t lost;      /* tasks that leak_find told of last */
    _Atomic int64_t searched_s; /* when that was, in seconds since 1970; 0: not yet */
};

extern struct runtime runtime;

/* The calling thread's worker; NULL on threads that run no tasks.  Asked anew after every park. */
struct worker *worker_self(void);

/* count_one() where the calling thread's worker is at hand. */
static ALWAYS_INLINE void count_for(struct worker *worker, enum count what)
{
#if !defined(LEASH_WITHOUT_COUNTS)
    count_up(&worker->counts[what]);
#else
    (void)worker, (void)what;
#endif
}

/* ---- for the objects ------------------------------------------------------------------------- */

/* The worker of the calling task.  Ends the program outside of tasks: `what` is the call. */
struct worker *worker_of_task(const char *what, const char *site);

/*
 * Parks the calling task, which stands in a queue guarded by `held`, and releases that lock when
 * nothing of the task runs any more.  Returns when somebody made it ready.  `object` and `state`
 * are what a dump says.
 */
void park(struct lock *held, const char *state, const void *object, const char *site);

/* Stands in the queue by `waiter`, with `data`, and parks.  `held` guards the queue. */
void park_in(struct waitq *queue, struct waiter *waiter, void *data, struct lock *held,
             const char *state, const void *object, const char *site);

/* Makes a parked task ready: it is the next to run on this thread, if a task calls, or the last in
 * the thread's queue; on a thread without tasks it is injected.  The caller has claimed it. */
void ready(struct task *task);

/* The same for a list linked by `next`; all go to the end of the queue, in their order. */
void ready_list(struct task *list);

/* With a random schedule: maybe lets others run now.  Every operation starts with it. */
void schedule_point_slow(void);
static inline void schedule_point(void)
{
    if (unlikely(runtime.random_schedule))
        schedule_point_slow();
}

/* In operations that a computing task polls with: lets others run every POLLS-th time, so that what
 * it looks out for can come on the only thread too. */
void poll_point(void);

/* A cheap pseudo-random number. */
static inline uint64_t random_next(struct worker *worker)
{
    uint64_t x = worker->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    worker->random = x;
    return x;
}

/* One of 0 .. count - 1.  (D. Lemire, "Fast random integer generation in an interval", 2019,
 * without the correction: the bias is below count / 2^32.) */
static inline uint32_t random_below(struct worker *worker, uint32_t count)
{
    return (uint32_t)((random_next(worker) >> 32) * count >> 32);
}

/* ---- between scheduler.c, queue.c and idle.c ------------------------------------------------- */

/* What the thread runs next; parks the thread while there is nothing.  NULL: the runtime stops. */
struct task *idle_find(struct worker *worker);
/* Wakes a resting worker, if one rests. */
void idle_wake_one(void);
/* Called when a task was added to the worker's own queue, or set to be next: others may help. */
void idle_offer_slow(void);
static inline void idle_offer(void)
{
    if (unlikely(atomic_load_explicit(&runtime.resting, memory_order_relaxed)))
        idle_offer_slow();
}
/* Wakes all, to see that the runtime stops. */
void idle_wake_all(void);
/* Before the workers start. */
void idle_start(void);

/* ---- between scheduler.c and run.c ----------------------------------------------------------- */

/* Makes the worker the calling thread's. */
void worker_enter(struct worker *worker);
/* Runs tasks until the runtime stops. */
void worker_loop(struct worker *worker);

#endif
