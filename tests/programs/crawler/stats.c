/* stats.c - see stats.h. */
#include "stats.h"

void stats_count_duplicate(struct stats *stats)
{
    mu_lock(&stats->lock);
    stats->duplicates++;
    mu_unlock(&stats->lock);
}

void stats_count_retry(struct stats *stats)
{
    mu_lock(&stats->lock);
    stats->retries++;
    mu_unlock(&stats->lock);
}

void stats_count_page(struct stats *stats, int status, size_t bytes)
{
    mu_lock(&stats->lock);
    if (status == 200)
        stats->fetched++;
    else
        stats->failed++;
    stats->bytes += bytes;
    mu_unlock(&stats->lock);
}

int stats_pages(struct stats *stats)
{
    mu_lock(&stats->lock);
    int pages = stats->fetched + stats->failed;
    mu_unlock(&stats->lock);
    return pages;
}
