/* idle.h - what the end of leash_run asks of the workers. */
#ifndef LEASH_RT_IDLE_H
#define LEASH_RT_IDLE_H

#include "base.h"

/* Whether another task than the caller's runs, or is ready to. */
bool idle_others_run(void);

#endif
