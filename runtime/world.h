/* world.h - stopping all other threads of the process, those of the program too. */
#ifndef LEASH_RT_WORLD_H
#define LEASH_RT_WORLD_H

#include "base.h"

#include <signal.h>

/* What stops a thread.  Ignored by default, so one that comes late does no harm. */
enum { WORLD_SIGNAL = SIGURG };

/* Stops the others in a signal handler, their registers on their stacks.  False: one of them could
 * not be stopped, and all go on.  Until world_go nothing may be called that takes a lock which
 * another thread may hold: no malloc, no stdio.  One caller at a time. */
bool world_stop(void);
void world_go(void);

/* Up to where a stopped thread uses the stack that it is on; NULL after the last. */
char *world_stack_pointer(uint32_t index);

#endif
