/* progress.h - a task that says now and then how far the crawl is. */
#ifndef CRAWLER_PROGRESS_H
#define CRAWLER_PROGRESS_H

#include "frontier.h"
#include "stats.h"

#include <leash.h>
#include <stdio.h>

struct progress {
    chan_t *done; /* closed by progress_stop */
    wg_t task;
    struct frontier *frontier;
    struct stats *stats;
    FILE *out;
};

void progress_start(struct progress *progress, struct frontier *frontier, struct stats *stats,
                    FILE *out);
void progress_stop(struct progress *progress);

#endif
