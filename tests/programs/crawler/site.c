/* site.c - see site.h. */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>

enum { QUICK_MS = 1, SLOW_MS = 40, SLOW_EVERY = 7, BROKEN_EVERY = 11 };

struct request {
    struct path path;
    chan_t *reply; /* of struct page, with room for one; a reference of the server's own */
};

static void add_link(struct page *page, int number)
{
    struct path *link = &page->links[page->link_count++];

    (void)snprintf(link->text, sizeof link->text, "/%d", number);
}

/* The site is a binary tree with links back to the parents. */
static struct page render(const struct site *site, const struct path *path)
{
    struct page page = {.status = 404};
    int number = (int)strtol(path->text + 1, NULL, 10);

    if (path->text[0] != '/' || number < 0 || number >= site->page_count)
        return page;
    if (number % BROKEN_EVERY == BROKEN_EVERY - 1) {
        page.status = 500;
        return page;
    }
    page.status = 200;
    page.bytes = (size_t)(1000 + 17 * number);
    for (int child = 2 * number + 1; child <= 2 * number + 2; child++)
        if (child < site->page_count)
            add_link(&page, child);
    add_link(&page, number / 2);
    return page;
}

/* The client may have left meanwhile; its reply then stays in the channel and goes with it. */
static void answer(const struct site *site, const struct request *request)
{
    struct page page = render(site, &request->path);

    task_sleep_ms(page.bytes % SLOW_EVERY == 1 ? SLOW_MS : QUICK_MS);
    chan_send(request->reply, &page);
    chan_free(request->reply);
}

static void serve(struct site *site)
{
    struct request request;

    while (chan_recv(site->requests, &request))
        answer(site, &request);
}

void site_start(struct site *site, int servers, int page_count)
{
    *site = (struct site){.requests = chan_make(struct request, 0), .page_count = page_count};
    for (int i = 0; i < servers; i++)
        wg_spawn(&site->servers, serve, site);
}

int site_get(ctx_t *ctx, struct site *site, const struct path *path, struct page *page)
{
    chan_t *reply = chan_make(struct page, 1);
    defer_free(reply);
    struct request request = {.path = *path, .reply = chan_ref(reply)};
    int error = chan_send_ctx(ctx, site->requests, &request);

    if (error) {
        chan_free(request.reply);
        return error;
    }
    return chan_recv_ctx(ctx, reply, page);
}

void site_stop(struct site *site)
{
    chan_close(site->requests);
    wg_wait(&site->servers);
    chan_free(site->requests);
}
