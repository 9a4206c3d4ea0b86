/*
 * counts.h - how many tasks there are, and were, and what they did.
 *
 * Each worker counts for itself, so counting shares no memory; who wants to know adds them up.
 * `./dev bench counters` tells what it costs.
 */
#ifndef LEASH_RT_COUNTS_H
#define LEASH_RT_COUNTS_H

#include "base.h"

/* What a worker counts.  Of channels the calls of users, also those that cannot go. */
enum count {
    COUNT_SENDS,
    COUNT_RECEIVES,
    COUNT_CLOSES,
    COUNT_SELECTS,
    COUNT_PARKS,
    COUNT_WAKES,  /* parked tasks made ready, by threads that run tasks */
    COUNT_STEALS, /* times a worker took tasks from another */
    COUNT_POLLS,  /* looks at descriptors */
    COUNT_KINDS
};

/* Since leash_run began.  Read while tasks run, so the parts may be a moment out of step. */
struct counts {
    uint64_t spawned;
    uint64_t finished;
    uint64_t running; /* those of now, by state */
    uint64_t runnable;
    uint64_t parked;
    uint64_t switches; /* times a task left its thread: it parked, yielded or ended */
    uint64_t total[COUNT_KINDS];
    int64_t searched; /* when leak_find told last, in seconds since 1970; 0: not yet */
    uint64_t lost;    /* tasks that it told of */
};

/* Within leash_run; from any thread.  Takes time in the number of tasks. */
struct counts counts_read(void);

/* leak_find has found so many.  From any thread. */
void counts_set_lost(uint64_t lost);

/* ---- counting -------------------------------------------------------------------------------- */

/* The counts of the thread's worker, or what nobody reads.  Written by worker_enter. */
extern _Thread_local _Atomic uint64_t *this_counts;
/* The same by a call. */
_Atomic uint64_t *counts_of_thread(void);

/* For counters that one thread writes. */
static ALWAYS_INLINE void count_up(_Atomic uint64_t *counter)
{
#if defined(__x86_64__)
    /* Compilers make three instructions of the below. */
    __asm__ volatile("incq %0" : "+m"(*counter)::"cc");
#else
    uint64_t count = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, count + 1, memory_order_relaxed);
#endif
}

/*
 * One more on the thread's worker.
 *
 * A task may be on another thread at its next count, and C cannot say that the address of a
 * thread-local is to be asked for anew.  A call that the compiler cannot look into does, but costs
 * as much as a step of an operation.
 */
static ALWAYS_INLINE void count_one(enum count what)
{
#if defined(LEASH_WITHOUT_COUNTS)
    (void)what;
#elif defined(__x86_64__) && defined(__LP64__)
    _Atomic uint64_t *counts;

    __asm__ volatile("movq leash_rt_this_counts@gottpoff(%%rip), %0\n\t"
                     "movq %%fs:(%0), %0"
                     : "=r"(counts));
    count_up(&counts[what]);
#else
    count_up(&counts_of_thread()[what]);
#endif
}

#endif
