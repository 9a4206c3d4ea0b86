/*
 * stay.h - who of the tasks of a state stays where it waits for good, whatever the others do.
 *
 * Where others go on for ever, and through more states than can be looked at, no search says that a
 * wait never ends.  The code may: of tasks that wait, each for what only another of them could do,
 * none goes on again.
 */
#ifndef LEASH_STAY_H
#define LEASH_STAY_H

#include "explore/machine.h"

/* Bit by task: those of the state that the machine's world is in which stay for certain. */
uint16_t stay_tasks(struct machine *);

#endif
