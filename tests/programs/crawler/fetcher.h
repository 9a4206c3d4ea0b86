/*
 * fetcher.h - the pool of tasks that fetch.
 *
 * Each takes paths from the frontier, asks the site with a time limit for each request, tries again
 * a few times, adds the links it found and sends what became of the path to `outcomes`.
 */
#ifndef CRAWLER_FETCHER_H
#define CRAWLER_FETCHER_H

#include "frontier.h"
#include "site.h"
#include "stats.h"

#include <leash.h>

struct fetcher {
    ctx_t *ctx; /* the crawl's; the caller's */
    struct site *site;
    struct frontier *frontier;
    struct stats *stats;
    chan_t *outcomes; /* of struct outcome; closed when the last task of the pool has ended */
    wg_t tasks;
    wg_t closer;
    int page_limit; /* a task that finds so many pages dealt with closes the frontier and ends */
};

/* The fields that are the caller's have been set. */
void fetcher_start(struct fetcher *fetcher, int tasks);

/* After `outcomes` has been drained. */
void fetcher_release(struct fetcher *fetcher);

#endif
