/* blocking.h - the helper threads of task_blocking. */
#ifndef LEASH_RT_BLOCKING_H
#define LEASH_RT_BLOCKING_H

#include "base.h"

/* Before the workers start. */
void blocking_start(void);

/* After the workers have ended: ends the helpers.  False: one of them is still in a call of the
 * user's and was left alone.  It touches nothing of the runtime any more, but the call may go on
 * using the stack of the task that made it. */
bool blocking_stop(void);

#endif
