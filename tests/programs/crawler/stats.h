/* stats.h - what is counted while the crawl goes on. */
#ifndef CRAWLER_STATS_H
#define CRAWLER_STATS_H

#include <leash.h>
#include <stddef.h>

struct stats {
    mu_t lock; /* for all below; no other lock is taken while it is held */
    int fetched, failed, duplicates, retries;
    size_t bytes;
};

void stats_count_duplicate(struct stats *stats);
void stats_count_retry(struct stats *stats);
void stats_count_page(struct stats *stats, int status, size_t bytes);

/* Pages dealt with so far, fetched or not. */
int stats_pages(struct stats *stats);

#endif
