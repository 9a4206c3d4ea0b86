/* world.h - stopping all other threads of the process, those of the program too. */
#ifndef LEASH_RT_WORLD_H
#define LEASH_RT_WORLD_H

#include "base.h"

#include <pthread.h>
#include <signal.h>

struct worker;

/* What stops a thread.  Ignored by default, so one that comes late does no harm. */
enum { WORLD_SIGNAL = SIGURG };

/* So many threads can be stopped. */
enum { WORLD_MAX = 1024 };

/* Stops the others in a signal handler, their registers on their stacks.  False: one of them could
 * not be stopped, and all go on.  Until world_go nothing may be called that takes a lock which
 * another thread may hold: no malloc, no stdio.  One caller at a time. */
bool world_stop(void);
void world_go(void);

/* A thread that stands. */
struct stopped {
    char *sp;              /* up to where it uses the stack that it was on */
    pthread_t self;        /* glibc: its record, which lies at the end of a stack that it made */
    struct worker *worker; /* NULL: it runs no tasks */
    const void *context;   /* a ucontext_t with its registers, on the stack that it is on now */
};

/* NULL after the last. */
const struct stopped *world_stopped(uint32_t index);

#endif
