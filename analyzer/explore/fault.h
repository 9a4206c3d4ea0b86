/*
 * fault.h - is it the library's fault that a task of a made-up client is stuck?
 *
 * A client proves less than a program: what it waits for may never come because it did not ask for
 * it.  So only some of its stuck tasks count: those that no call could help.
 */
#ifndef LEASH_FAULT_H
#define LEASH_FAULT_H

#include "explore/blame.h"
#include "explore/client.h"

/* Has the client no more to do with its object, but for what waits of those tasks (bits)? */
bool fault_is_ended(const struct machine *, uint16_t stuck);
/* Is it the library's fault that the task is stuck, as others (bits) are, in the state that
 * search.machine.world is in? */
bool fault_counts(struct search *, const struct clients *, const struct blame *, uint16_t stuck);

#endif
