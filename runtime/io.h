/* io.h - descriptors and epoll, for the workers that rest. */
#ifndef LEASH_RT_IO_H
#define LEASH_RT_IO_H

#include "base.h"

/* Before the workers start, and after they have ended.  Ends the program where the system refuses
 * an epoll descriptor. */
void io_start(void);
void io_stop(void);

/* Whether it is the runtime's own epoll descriptor. */
bool io_is_poller(int fd);

/* True once a descriptor was registered: looking for events makes sense. */
bool io_is_used(void);

/*
 * Waits up to timeout_ns (0: only looks, NEVER: without end) for events and makes the tasks ready
 * that they let go.  One worker at a time, outside of tasks.
 */
void io_poll(int64_t timeout_ns);

/* Ends an io_poll that is under way, or else the next one. */
void io_interrupt(void);

/* Has io_poll call signals_deliver() (signals.h) when something was written to the pipe. */
void io_watch_signals(int fd);

/* ---- who wants to know that a peer hangs up ---------------------------------------------------
 */

struct descriptor;

/* Lies in the memory of the one who watches; its first fields are io's own. */
struct hangup {
    struct hangup *next; /* of those that watch the same descriptor */
    struct hangup **link;
    struct descriptor *descriptor;
    /* Called once, on any thread, with no lock held, maybe before hangup_watch has returned; the
     * record is not touched any more.  It must not park. */
    void (*fire)(struct hangup *hangup);
};

/*
 * Calls hangup->fire when the peer of the connected socket `fd` hangs up (also: only shuts down its
 * sending half), or when the descriptor is given to io_close.
 *
 * 0; EPIPE when it has hung up already, or another errno, and then `fire` is not called.
 */
int hangup_watch(struct hangup *hangup, int fd, const char *site);

/* True: it was watching, and will not fire.  False: it has fired, or is about to. */
bool hangup_unwatch(struct hangup *hangup);

#endif
