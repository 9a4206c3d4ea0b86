/* replay.h - under LEASH_SCHEDULE, whatever ends the program says how to bring it about again. */
#ifndef LEASH_RT_REPLAY_H
#define LEASH_RT_REPLAY_H

#include "base.h"

/* `schedule` is as in LEASH_SCHEDULE.  Until replay_stop() a signal for a failure of the program's
 * own, an assert() say, is told of too, where nobody else takes it. */
void replay_start(const char *schedule, uint32_t threads);
void replay_stop(void);

/* Writes one line to stderr, the first time; nothing where no schedule is set.  A signal handler
 * may call it. */
void replay_say(void);

#endif
