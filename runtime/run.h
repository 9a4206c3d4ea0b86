/* run.h - leash_run, and how it may end otherwise. */
#ifndef LEASH_RT_RUN_H
#define LEASH_RT_RUN_H

#include "names.h"

/* Calls stop() when the leash_run that is under way ends: after its last task, before what tasks
 * are made of is given back.  The latest one alone; NULL: none. */
void run_at_end(void (*stop)(void));

/* All tasks are parked and nothing can wake one: says so with a dump and ends the program with
 * status 24. */
_Noreturn void run_deadlock(void);

#endif
