/*
 * clock.h - the time of tasks, and the time of the machine.
 *
 * Tasks see one clock, that of task_now_ms() and of all timers.  It is the machine's, but under
 * LEASH_CLOCK=virtual: there it stands still, and leaps to the next timer when all tasks are parked
 * (idle.c).  What the runtime measures of itself, and what it waits for outside of tasks, goes by
 * the machine's clock.
 */
#ifndef LEASH_RT_CLOCK_H
#define LEASH_RT_CLOCK_H

#include "base.h"

/* Before the workers are made.  Ends the program with a message where LEASH_CLOCK says something
 * that it does not know.  A virtual clock goes on where that of the last leash_run stopped. */
void clock_start(void);

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t clock_real_ns(void);

bool clock_is_virtual(void);

/* The tasks' clock, in nanoseconds. */
int64_t clock_now_ns(void);
/* The same where clock_real_ns() was just asked, and said `real_ns`. */
int64_t clock_of_real_ns(int64_t real_ns);

/* A moment of the tasks' clock in units of CLOCK_STAMP_MS, of which the uppermost bits are left
 * out: what lies between two comes out right up to 248 days. */
enum { CLOCK_STAMP_MS = 10 };
static inline uint32_t clock_stamp(int64_t tasks_ns)
{
    return (uint32_t)((uint64_t)tasks_ns / (CLOCK_STAMP_MS * 1000000));
}

/* Sets the virtual clock on, never back.  Any thread. */
void clock_leap(int64_t when_ns);

#endif
