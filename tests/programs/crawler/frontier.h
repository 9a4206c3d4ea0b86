/*
 * frontier.h - the paths that are still to be visited.
 *
 * Each path is handed out once.  The crawl is over when no path is left and none is being worked
 * on, since only work finds new paths.
 */
#ifndef CRAWLER_FRONTIER_H
#define CRAWLER_FRONTIER_H

#include "page.h"
#include "stats.h"

#include <leash.h>

struct known_path {
    struct known_path *next_in_bucket;
    struct known_path *next_pending;
    struct path path;
};

enum { BUCKETS = 64 };

struct frontier {
    mu_t lock;    /* before the lock of stats */
    cv_t changed; /* a path was added, or there will be no more */
    struct known_path *buckets[BUCKETS];
    struct known_path *first, *last; /* pending, oldest first */
    int working;                     /* handed out and not yet given back */
    bool closed;
    struct stats *stats;
};

void frontier_init(struct frontier *frontier, struct stats *stats);
void frontier_release(struct frontier *frontier);

/* Adds a path unless it is known.  0 or ENOMEM. */
int frontier_add(struct frontier *frontier, const struct path *path);

/*
 * Takes the next path; the caller gives it back with frontier_finished.
 *
 * Parks while others may still find some.  false: the crawl is over.
 */
bool frontier_next(struct frontier *frontier, struct path *path);

/* The path that frontier_next gave has been dealt with, its links were added. */
void frontier_finished(struct frontier *frontier);

/* Hands out nothing more. */
void frontier_close(struct frontier *frontier);

/* The number of paths that wait or are worked on. */
int frontier_length(struct frontier *frontier);

#endif
