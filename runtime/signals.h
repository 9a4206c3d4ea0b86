/* signals.h - signals that arrive as values of a channel, for poll.c and the end of the run. */
#ifndef LEASH_RT_SIGNALS_H
#define LEASH_RT_SIGNALS_H

#include "names.h"

/* Offers the signals that have arrived to the channels that want them.  On a worker, outside of
 * tasks. */
void signals_deliver(void);

/* The end of the run: restores the behaviour of all signals, and later, when no worker looks there
 * any more, gives back what is left. */
void signals_restore(void);
void signals_stop(void);

#endif
