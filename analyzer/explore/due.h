/*
 * due.h - whether what a task waits for at a condition is so already.
 *
 * A wait in a loop over a test may end at any time without a signal: the test is then made again.
 * Where that would let a task go on which is stuck, nobody told it what it waits for: its wake-up
 * was lost.
 */
#ifndef LEASH_DUE_H
#define LEASH_DUE_H

#include "explore/machine.h"

/* Would the task, which is parked for a condition, get past the loop if it were woken now?  false
 * where that is not sure.  The world is the same afterwards. */
bool due_goes_on(struct machine *, uint8_t task);

#endif
