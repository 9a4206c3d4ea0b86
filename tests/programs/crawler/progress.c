/* progress.c - see progress.h. */
#include "progress.h"

enum { EVERY_MS = 10 };

static void print_line(struct progress *progress)
{
    struct stats *stats = progress->stats;

    mu_lock(&stats->lock);
    int fetched = stats->fetched;
    int failed = stats->failed;
    int duplicates = stats->duplicates;
    mu_unlock(&stats->lock);
    int left = frontier_length(progress->frontier);
    (void)fprintf(progress->out, "%d fetched, %d failed, %d known already, %d to go\n", fetched,
                  failed, duplicates, left);
}

static void show(struct progress *progress)
{
    ticker_t *ticker = ticker_start_ms(EVERY_MS);
    int64_t now;

    while (chan_select(RECV(ticker_chan(ticker), &now), DONE(progress->done)) == 0)
        print_line(progress);
    ticker_stop(ticker);
}

void progress_start(struct progress *progress, struct frontier *frontier, struct stats *stats,
                    FILE *out)
{
    *progress =
        (struct progress){.done = done_make(), .frontier = frontier, .stats = stats, .out = out};
    wg_spawn(&progress->task, show, progress);
}

void progress_stop(struct progress *progress)
{
    chan_close(progress->done);
    wg_wait(&progress->task);
    chan_free(progress->done);
}
