/* mu.h - locks, for condition variables. */
#ifndef LEASH_RT_MU_H
#define LEASH_RT_MU_H

#include "base.h"
#include "leash.h"

struct task;

/* Gives the lock up.  Returns the task that has it now, to be made ready, or NULL.  `call` and
 * `site` are for the message that the lock is not locked: "mu_unlock of". */
struct task *mu_release(leash_mu_t *mu, const char *call, const char *site);

#endif
