/*
 * scheduler.h - hands out jobs whose dependencies are built to a few workers.
 */
#ifndef BUILDER_SCHEDULER_H
#define BUILDER_SCHEDULER_H

#include "command.h"
#include "graph.h"
#include "journal.h"

#include <leash.h>

struct scheduler {
    struct graph *graph;
    struct commands *commands;
    struct journal *journal;
    int failures_max; /* after so many no further job is begun */

    mu_t lock;           /* for all below and the jobs; before those of memory and journal */
    cv_t changed;        /* a job is ready, or there will be no more */
    struct job *ready;   /* the last that became ready is first */
    size_t left;         /* jobs that are neither built, failed nor skipped */
    int built, failures; /* jobs */
    int running;
    bool halted;

    wg_t workers;
    chan_t *finished; /* a done channel: closed when all workers have ended */
    wg_t closer;
};

struct scheduler_numbers {
    size_t left;
    int running, built, failures, waiting_for_memory;
};

/* The fields that are the caller's have been set. */
void scheduler_start(struct scheduler *scheduler, int workers);
/* No further job is begun; those that run go on to their end. */
void scheduler_halt(struct scheduler *scheduler);
struct scheduler_numbers scheduler_numbers(struct scheduler *scheduler);
/* Parks until all workers have ended. */
void scheduler_release(struct scheduler *scheduler);

#endif
