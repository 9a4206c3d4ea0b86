/* counts.h - how many tasks there are, and were. */
#ifndef LEASH_RT_COUNTS_H
#define LEASH_RT_COUNTS_H

#include "base.h"

/* Since leash_run began.  Read while tasks run, so the parts may be a moment out of step. */
struct counts {
    uint64_t spawned;
    uint64_t finished;
    uint64_t running; /* those of now, by state */
    uint64_t runnable;
    uint64_t parked;
};

/* Within leash_run; from any thread.  Takes time in the number of tasks. */
struct counts counts_read(void);

#endif
