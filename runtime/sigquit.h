/* sigquit.h - a dump whenever SIGQUIT comes, where LEASH_SIGQUIT asks for it. */
#ifndef LEASH_RT_SIGQUIT_H
#define LEASH_RT_SIGQUIT_H

#include "base.h"

/* From leash_run's thread: the first when tasks can be dumped, the second while they still can and
 * after signals_restore. */
void sigquit_start(void);
void sigquit_stop(void);

#endif
