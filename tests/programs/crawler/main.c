/*
 * main.c - crawls a site with a pool of tasks and sums up what it found.
 *
 *     crawler [PAGES [LIMIT]]
 *
 * The order of the end: the fetchers end when the frontier is empty or closed; the last one's
 * closer closes `outcomes`; so the sum ends; then progress and the guard are told; the site goes
 * last, when nobody can ask any more.
 */
#include "fetcher.h"
#include "frontier.h"
#include "progress.h"
#include "site.h"
#include "stats.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERVERS = 3, FETCHERS = 4, CRAWL_MS = 5000 };

struct crawl {
    ctx_t *ctx;
    struct stats stats;
    struct frontier frontier;
    struct site site;
    struct fetcher fetcher;
    struct progress progress;
    chan_t *over; /* closed when the guard is to go */
    wg_t guard;
};

/* Calls the crawl off at SIGINT.  Who waits for the frontier is woken by those who work. */
static void guard(struct crawl *crawl)
{
    chan_t *signals = signal_notify(SIGINT, SIGTERM);
    int signal_number;

    if (chan_select(RECV(signals, &signal_number), DONE(crawl->over)) == 0)
        ctx_cancel(crawl->ctx);
    signal_stop(signals);
}

/* Until the last fetcher has gone.  The number of pages that could not be had. */
static int sum_up(struct crawl *crawl)
{
    struct outcome outcome;
    int missing = 0, tried_again = 0;

    while (chan_recv(crawl->fetcher.outcomes, &outcome)) {
        if (outcome.attempts > 1)
            tried_again++;
        if (outcome.status != 200) {
            missing++;
            printf("%s: %d\n", outcome.path.text, outcome.status);
        }
    }
    printf("%d missing, %d tried again\n", missing, tried_again);
    return missing;
}

/* 0, or ENOMEM with nothing started. */
static int start(struct crawl *crawl, int pages, int limit)
{
    static const struct path home = {"/0"};

    frontier_init(&crawl->frontier, &crawl->stats);
    int error = frontier_add(&crawl->frontier, &home);
    if (error)
        return error;
    site_start(&crawl->site, SERVERS, pages);
    crawl->over = done_make();
    wg_spawn(&crawl->guard, guard, crawl);
    progress_start(&crawl->progress, &crawl->frontier, &crawl->stats, stderr);
    crawl->fetcher = (struct fetcher){.ctx = crawl->ctx,
                                      .site = &crawl->site,
                                      .frontier = &crawl->frontier,
                                      .stats = &crawl->stats,
                                      .page_limit = limit};
    fetcher_start(&crawl->fetcher, FETCHERS);
    return 0;
}

static void finish(struct crawl *crawl)
{
    fetcher_release(&crawl->fetcher);
    progress_stop(&crawl->progress);
    chan_close(crawl->over);
    wg_wait(&crawl->guard);
    chan_free(crawl->over);
    site_stop(&crawl->site);
    frontier_release(&crawl->frontier);
}

static int entry(int argc, char **argv)
{
    int pages = argc > 1 ? atoi(argv[1]) : 40;
    int limit = argc > 2 ? atoi(argv[2]) : 30;
    ctx_t *ctx = ctx_with_timeout_ms(ctx_background(), CRAWL_MS);
    defer_ctx_free(ctx);
    struct crawl crawl = {.ctx = ctx};

    if (pages < 1 || limit < 1) {
        (void)fprintf(stderr, "usage: crawler [PAGES [LIMIT]]\n");
        return 2;
    }
    if (start(&crawl, pages, limit) != 0) {
        (void)fprintf(stderr, "crawler: no memory\n");
        return 1;
    }
    sum_up(&crawl);
    finish(&crawl);
    printf("%d pages, %zu bytes\n", crawl.stats.fetched, crawl.stats.bytes);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
