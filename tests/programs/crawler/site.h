/*
 * site.h - the web site that is crawled: a few tasks that answer requests.
 *
 * It stands for the network: pages have different sizes and delays, and some never answer before
 * their client has lost patience.
 */
#ifndef CRAWLER_SITE_H
#define CRAWLER_SITE_H

#include "page.h"

#include <leash.h>

struct site {
    chan_t *requests; /* of struct request; closed by site_stop */
    wg_t servers;
    int page_count; /* pages are /0 to /page_count - 1 */
};

void site_start(struct site *site, int servers, int page_count);

/*
 * Asks for one page and waits for the answer until the context ends.  Parks.
 *
 * 0, ECANCELED or ETIMEDOUT, or EPIPE when the site was stopped.
 */
int site_get(ctx_t *ctx, struct site *site, const struct path *path, struct page *page);

/* When nobody asks any more: ends the servers and waits for them. */
void site_stop(struct site *site);

#endif
