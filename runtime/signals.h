/* signals.h - signals that arrive as values of a channel, for poll.c and the end of the run. */
#ifndef LEASH_RT_SIGNALS_H
#define LEASH_RT_SIGNALS_H

/* Offers the signals that have arrived to the channels that want them.  On a worker, outside of
 * tasks. */
void signals_deliver(void);

/* Restores the behaviour of all signals; after the workers have ended. */
void signals_stop(void);

#endif
