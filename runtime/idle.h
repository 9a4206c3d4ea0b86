/* idle.h - what others ask of the workers that rest, and tell them. */
#ifndef LEASH_RT_IDLE_H
#define LEASH_RT_IDLE_H

#include "base.h"

/* Whether another task than the caller's runs, or is ready to. */
bool idle_others_run(void);

/* A task does I/O: a virtual clock gives what is sent a moment to arrive. */
void idle_note_io(void);

#endif
