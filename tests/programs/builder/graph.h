/*
 * graph.h - what is to be built, and what waits for what.
 *
 * Before the build: graph_add and graph_depend, by one task.  Then the scheduler alone changes it,
 * under its lock.
 */
#ifndef BUILDER_GRAPH_H
#define BUILDER_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

enum { NAME_BYTES = 32 };

enum job_state { JOB_WAITS, JOB_READY, JOB_RUNS, JOB_BUILT, JOB_FAILED, JOB_SKIPPED };

struct job {
    char name[NAME_BYTES];
    int cost_ms;        /* how long its command takes */
    bool heavy;         /* its command needs a lot of memory: few of them at a time */
    bool broken;        /* its command fails */
    int missing;        /* dependencies that are not built yet */
    size_t *dependents; /* jobs that wait for this one */
    size_t dependent_count;
    enum job_state state;
    struct job *next_ready;
};

struct graph {
    struct job *jobs;
    size_t count, room;
};

/* The number of the new job, or -1 without memory. */
int graph_add(struct graph *graph, const char *name, int cost_ms);
/* `job` needs `dependency` built first.  0 or ENOMEM. */
int graph_depend(struct graph *graph, int job, int dependency);
/* Whether some job waits for itself: such a build would not end. */
bool graph_has_cycle(const struct graph *graph);
void graph_release(struct graph *graph);

#endif
