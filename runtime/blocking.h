/* blocking.h - the helper threads of task_blocking. */
#ifndef LEASH_RT_BLOCKING_H
#define LEASH_RT_BLOCKING_H

/* Before the workers start, and after they have ended: idle helpers are joined, one that is in a
 * call is left alone. */
void blocking_start(void);
void blocking_stop(void);

#endif
