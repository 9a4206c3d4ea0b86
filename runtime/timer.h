/*
 * timer.h - points in time: a hierarchical timing wheel for each worker.
 *
 * (G. Varghese, A. Lauck, "Hashed and hierarchical timing wheels", 1987.)  Starting and stopping
 * take constant time.  Time is counted in ticks of a quarter of a millisecond; a timer never fires
 * early, and at most one tick late where the thread is free.
 *
 * A timer belongs to the wheel of the worker it was started on.  Any worker may fire or stop it,
 * under the wheel's lock.
 */
#ifndef LEASH_RT_TIMER_H
#define LEASH_RT_TIMER_H

#include "base.h"
#include "lock.h"

struct task;
struct waiter;
struct worker;
struct source;

enum { TICK_NS = 250000, TICKS_PER_MS = 4, WHEEL_LEVELS = 7, WHEEL_SLOTS = 64 };

#define NEVER INT64_MAX

struct timer {
    struct timer *next; /* in its slot */
    struct timer *prev;
    struct wheel *wheel; /* where it runs; NULL: it does not */
    int64_t when_tick;   /* when it fires */
    uint16_t slot;       /* level * WHEEL_SLOTS + place, while it runs */
    /* Who is to go on: claimed under the wheel's lock.  NULL: `fire` is called. */
    struct waiter *waiter;
    /* Called after the lock was released, on the worker that fires, outside of tasks; the timer no
     * longer runs then and the wheel does not touch it again.  It must not park. */
    void (*fire)(struct timer *timer);
};

struct wheel {
    struct lock lock;
    int64_t now_tick;            /* all timers before it have fired */
    _Atomic int64_t next_tick;   /* no timer fires before; NEVER when there is none */
    uint64_t used[WHEEL_LEVELS]; /* bit: the slot has timers */
    struct timer *slot[WHEEL_LEVELS * WHEEL_SLOTS];
};

/* The clock of task_now_ms() in nanoseconds.  Opaque to the compiler as it may be virtual. */
int64_t clock_now_ns(void);

/* The first tick at or after now + ms; `ms` below 0 counts as 0.  Saturates. */
int64_t timer_tick_after_ms(int64_t ms);
/* The tick at which the clock reads when_ms. */
int64_t timer_tick_at_ms(int64_t when_ms);

void wheel_init(struct wheel *wheel, int64_t now_ns);

/* Starts a timer that does not run.  The caller holds the wheel's lock. */
void timer_start_locked(struct wheel *wheel, struct timer *timer, int64_t when_tick);
/* The same on the calling thread's worker, in a task or not, taking the lock. */
void timer_start(struct timer *timer, int64_t when_tick, const char *site);

/* True: it ran, and will not fire.  False: it has fired, or is about to, or never ran. */
bool timer_stop(struct timer *timer);

/* The same for one whose wheel's lock the caller holds; it may have fired. */
void timer_stop_locked(struct timer *timer);

/* Makes `source` the passing of time until when_tick, by `timer`, on the calling task's worker. */
void timer_source(struct source *source, struct timer *timer, int64_t when_tick);

/* Fires what is due, however late: claims waiters and makes their tasks ready, calls the others.
 * On a worker, outside of tasks.  Returns whether anything fired. */
bool wheel_advance(struct wheel *wheel, int64_t now_ns);

/* The earliest time in nanoseconds at which something may fire; NEVER. */
int64_t wheel_next_ns(const struct wheel *wheel);

#endif
