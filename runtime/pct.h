/*
 * pct.h - schedules by priorities that change at a few random points: LEASH_SCHEDULE=pct.
 *
 * Each task gets a random priority, and of those that are ready the highest runs.  At DEPTH - 1
 * random steps of the run the task that runs falls below all that have not fallen yet.  An error
 * that needs DEPTH events in a certain order shows itself in a known share of such schedules.
 * (S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatti, "A randomized scheduler with
 * probabilistic guarantees of finding bugs", 2010.)
 *
 * There the length of the run is known.  Here it is not: each point is drawn from a random octave,
 * which costs a factor that grows with the logarithm of the length.  And a task that yields, or
 * runs on and on, falls behind all others, so that loops that wait for others end.
 */
#ifndef LEASH_RT_PCT_H
#define LEASH_RT_PCT_H

#include "base.h"

struct task;
struct worker;

enum { PCT_DEPTH_MAX = 64 };

/* Draws the steps at which priorities change.  Before the first task. */
void pct_start(struct worker *worker, uint32_t depth);

/* Gives a new task its priority. */
void pct_admit(struct worker *worker, struct task *task);

/* The worker's task is at a step.  Whether another one is to run now. */
bool pct_step(struct worker *worker);

/* The task lets all others go first. */
void pct_fall_behind(struct worker *worker, struct task *task);

#endif
