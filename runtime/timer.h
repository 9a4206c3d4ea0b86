/*
 * timer.h - points in time: a hierarchical timing wheel for each worker.
 *
 * (G. Varghese, A. Lauck, "Hashed and hierarchical timing wheels", 1987.)  Starting and stopping
 * take constant time.  Time is counted in ticks of half a millisecond; a timer never fires
 * early, and at most one tick late where the thread is free.  Timers of one wheel fire in the order
 * of their ticks, those of one tick in the order in which they were started.
 *
 * A timer belongs to the wheel of the worker it was started on.  Any worker may fire or stop it,
 * under the wheel's lock.
 *
 * The wheel reads a tick as six digits of eight bits.  A timer stands on the level of the highest
 * digit in which its tick differs from the wheel's now, in the slot of its own digit there.  So all
 * of a level comes before all of the next one, what is due next lies in the first slot in use, and
 * a slot of a higher level is dealt out to lower ones when now reaches its first tick.  Six
 * digits reach farther than the clock does: what lies beyond never fires.
 *
 * A slot holds pointers, in blocks, and is not a list through the timers: most of these lie in the
 * stacks of parked tasks, each on a page that no cache has, and a list leads from one to the next
 * only after the wait for it; pointers let the machine fetch many at a time.
 *
 * Who stops a timer and who fires it decide by timer_stop alone which of them was first:
 *
 *   - true: `fire` will not be called, and the memory is the caller's at once
 *   - false: `fire` has been called, or is about to be, on another thread perhaps; so the memory
 *     is for `fire` to give back, or for whoever it tells
 *
 * A timer with a `waiter` lies in the frame of the task that waits.  That task stops it, or goes on
 * because of it; in both cases the wheel is through with it.
 */
#ifndef LEASH_RT_TIMER_H
#define LEASH_RT_TIMER_H

#include "base.h"
#include "clock.h"
#include "lock.h"

struct source;
struct waiter;
struct wheel;

enum {
    TICK_NS = 500000,
    TICKS_PER_MS = 2,
    WHEEL_LEVELS = 6,
    WHEEL_DIGIT = 8, /* so that most waits are dealt out once at most */
    WHEEL_SLOTS = 1 << WHEEL_DIGIT,
    WHEEL_WORDS = WHEEL_SLOTS / 64,
    BLOCK_TIMERS = 61 /* makes a block 512 bytes */
};

#define NEVER INT64_MAX

/* All zero but for `waiter` or `fire` is ready to be started. */
struct timer {
    struct timer_block *block;     /* while it runs: where the pointer to it is */
    _Atomic(struct wheel *) wheel; /* where it runs; NULL: it does not */
    int64_t when_tick;             /* when it fires */
    /* Who is to go on: claimed under the wheel's lock.  NULL: `fire` is called. */
    struct waiter *waiter;
    /* Called after the lock was released, on the worker that fires, outside of tasks; the timer no
     * longer runs then and the wheel does not touch it again.  It must not park.  It may start the
     * timer again, and until it was called nobody else may. */
    void (*fire)(struct timer *timer);
    /* Called in place of `fire` when the runtime ends before the time comes.  NULL: nothing is. */
    void (*drop)(struct timer *timer);
    uint32_t place; /* in the block */
};

/* Some timers of a slot. */
struct timer_block {
    struct timer_block *next;          /* in the slot, or of the wheel's free ones */
    struct timer_block *prev;          /* in the slot */
    uint16_t slot;                     /* level * WHEEL_SLOTS + digit */
    uint16_t filled;                   /* places in use, from the first on */
    uint16_t live;                     /* ... that hold a timer still; never 0 in a slot */
    struct timer *timer[BLOCK_TIMERS]; /* in the order of their starts; NULL: taken out */
};

/* A slot of a wheel: its blocks, the oldest first. */
struct wheel_slot {
    struct timer_block *first;
    struct timer_block *last;
    int64_t earliest_tick; /* while in use: none of its timers fires before */
};

/* All but next_tick is guarded by the lock. */
struct wheel {
    struct lock lock;
    uint16_t dealing;                         /* the slot that is being dealt out; 0: none */
    int64_t now_tick;                         /* all timers before it have fired */
    _Atomic int64_t next_tick;                /* no timer fires before; NEVER when none ever does */
    struct timer_block *free;                 /* blocks without timers */
    uint32_t used_words[WHEEL_LEVELS];        /* bit: the word of `used` is not zero */
    uint64_t used[WHEEL_LEVELS][WHEEL_WORDS]; /* bit: the slot has timers */
    struct wheel_slot slot[WHEEL_LEVELS * WHEEL_SLOTS];
};

/* The first tick at or after now + ms; with 0 or less one that is due already.  Saturates. */
int64_t timer_tick_after_ms(int64_t ms);
/* The tick at which the clock reads when_ms.  Saturates. */
int64_t timer_tick_at_ms(int64_t when_ms);

void wheel_init(struct wheel *wheel, int64_t now_ns);

/* After the workers have ended and before the stacks go, where timers may lie: takes all timers
 * out, calling `drop` of those that have it. */
void wheel_release(struct wheel *wheel);

/* Starts a timer that does not run.  The caller holds the wheel's lock.  May allocate, for `site`.
 */
void timer_start_locked(struct wheel *wheel, struct timer *timer, int64_t when_tick,
                        const char *site);
/* The same on the calling thread's worker, in a task or not, taking the lock. */
void timer_start(struct timer *timer, int64_t when_tick, const char *site);

/* True: it ran, and will not fire.  False: it has fired, or is about to, or never ran. */
bool timer_stop(struct timer *timer);

/* The same for one that was started on a wheel whose lock the caller holds. */
bool timer_stop_locked(struct timer *timer);

/* Makes `source` the passing of time until when_tick, by `timer`, on the calling task's worker.
 * Starts nothing: sources_park does, under the source's lock, which is the wheel's. */
void timer_source(struct source *source, struct timer *timer, int64_t when_tick);

/* Fires what is due, however late: claims waiters and makes their tasks ready, calls the others.
 * On a worker, outside of tasks.  Returns whether anything fired. */
bool wheel_advance(struct wheel *wheel, int64_t now_ns);

/* The earliest time in nanoseconds at which something may fire; NEVER. */
int64_t wheel_next_ns(const struct wheel *wheel);

#endif
