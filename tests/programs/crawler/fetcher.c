/* fetcher.c - see fetcher.h. */
#include "fetcher.h"

enum { REQUEST_MS = 20, ATTEMPTS_MAX = 2, PAUSE_MS = 2 };

static int fetch_once(struct fetcher *fetcher, const struct path *path, struct page *page)
{
    ctx_t *request = ctx_with_timeout_ms(fetcher->ctx, REQUEST_MS);
    defer_ctx_free(request);

    return site_get(request, fetcher->site, path, page);
}

/* Whether it makes sense to ask once more. */
static bool is_passing(int error, const struct page *page)
{
    return error == ETIMEDOUT || (error == 0 && page->status >= 500);
}

/* 0, or the reason why there is no page. */
static int fetch(struct fetcher *fetcher, const struct path *path, struct page *page, int *attempts)
{
    int error = fetch_once(fetcher, path, page);

    for (*attempts = 1; *attempts < ATTEMPTS_MAX && is_passing(error, page); ++*attempts) {
        stats_count_retry(fetcher->stats);
        error = task_sleep_ctx(fetcher->ctx, PAUSE_MS);
        if (error)
            return error;
        error = fetch_once(fetcher, path, page);
    }
    return error;
}

static int add_links(struct fetcher *fetcher, const struct page *page)
{
    for (int i = 0; i < page->link_count; i++) {
        int error = frontier_add(fetcher->frontier, &page->links[i]);
        if (error)
            return error;
    }
    return 0;
}

/* false: the crawl was called off. */
static bool visit(struct fetcher *fetcher, const struct path *path)
{
    struct page page = {0};
    struct outcome outcome = {.path = *path};
    int error = fetch(fetcher, path, &page, &outcome.attempts);

    if (error == ECANCELED || error == EPIPE) {
        frontier_finished(fetcher->frontier);
        return false;
    }
    if (!error && add_links(fetcher, &page) != 0)
        page.status = 507;
    outcome.status = page.status;
    outcome.bytes = page.bytes;
    stats_count_page(fetcher->stats, page.status, page.bytes);
    chan_send(fetcher->outcomes, &outcome);
    frontier_finished(fetcher->frontier);
    return true;
}

static void run(struct fetcher *fetcher)
{
    struct path path;

    while (frontier_next(fetcher->frontier, &path)) {
        if (stats_pages(fetcher->stats) >= fetcher->page_limit) {
            frontier_finished(fetcher->frontier);
            frontier_close(fetcher->frontier);
            wg_done(&fetcher->tasks);
            return;
        }
        if (!visit(fetcher, &path)) {
            frontier_close(fetcher->frontier);
            break;
        }
    }
    wg_done(&fetcher->tasks);
}

static void close_outcomes(struct fetcher *fetcher)
{
    wg_wait(&fetcher->tasks);
    chan_close(fetcher->outcomes);
}

void fetcher_start(struct fetcher *fetcher, int tasks)
{
    fetcher->outcomes = chan_make(struct outcome, 0);
    wg_add(&fetcher->tasks, tasks);
    for (int i = 0; i < tasks; i++)
        spawn(run, fetcher);
    wg_spawn(&fetcher->closer, close_outcomes, fetcher);
}

void fetcher_release(struct fetcher *fetcher)
{
    wg_wait(&fetcher->closer);
    chan_free(fetcher->outcomes);
}
