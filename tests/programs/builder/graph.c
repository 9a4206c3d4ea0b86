/* graph.c - see graph.h. */
#include "graph.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int graph_add(struct graph *graph, const char *name, int cost_ms)
{
    if (graph->count == graph->room) {
        size_t room = graph->room ? 2 * graph->room : 16;
        struct job *jobs = realloc(graph->jobs, room * sizeof *jobs);
        if (!jobs)
            return -1;
        graph->jobs = jobs;
        graph->room = room;
    }
    struct job *job = &graph->jobs[graph->count];
    *job = (struct job){.cost_ms = cost_ms};
    (void)snprintf(job->name, sizeof job->name, "%s", name);
    return (int)graph->count++;
}

int graph_depend(struct graph *graph, int job, int dependency)
{
    struct job *needed = &graph->jobs[dependency];
    size_t count = needed->dependent_count + 1;
    size_t *dependents = realloc(needed->dependents, count * sizeof *dependents);

    if (!dependents)
        return ENOMEM;
    dependents[count - 1] = (size_t)job;
    needed->dependents = dependents;
    needed->dependent_count = count;
    graph->jobs[job].missing++;
    return 0;
}

/* Takes away what waits for nothing until nothing is left, or only a cycle. */
bool graph_has_cycle(const struct graph *graph)
{
    int *missing = calloc(graph->count + 1, sizeof *missing);
    size_t left = graph->count;
    bool changed = missing != NULL;

    for (size_t i = 0; missing && i < graph->count; i++)
        missing[i] = graph->jobs[i].missing;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < graph->count; i++) {
            if (missing[i] != 0)
                continue;
            missing[i] = -1;
            left--;
            changed = true;
            for (size_t k = 0; k < graph->jobs[i].dependent_count; k++)
                missing[graph->jobs[i].dependents[k]]--;
        }
    }
    free(missing);
    return left > 0;
}

void graph_release(struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        free(graph->jobs[i].dependents);
    free(graph->jobs);
    *graph = (struct graph){0};
}
