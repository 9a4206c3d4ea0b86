/* io.h - descriptors and epoll, for the workers that rest. */
#ifndef LEASH_RT_IO_H
#define LEASH_RT_IO_H

#include "base.h"

/* Before the workers start, and after they have ended.  Ends the program where the system refuses
 * an epoll descriptor. */
void io_start(void);
void io_stop(void);

/* True once a descriptor was registered: looking for events makes sense. */
bool io_is_used(void);

/*
 * Waits up to timeout_ns (0: only looks, NEVER: without end) for events and makes the tasks ready
 * that they let go.  One worker at a time, outside of tasks.
 */
void io_poll(int64_t timeout_ns);

/* Ends an io_poll that is under way, or else the next one. */
void io_interrupt(void);

#endif
