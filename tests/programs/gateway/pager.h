/* pager.h - tells the people on duty of alerts, several at a time. */
#ifndef PAGER_H
#define PAGER_H

#include "hub.h"

enum { PAGER_BATCH = 4, PAGER_PATIENCE_MS = 15 };

/* Sends a page of up to PAGER_BATCH alerts; 0 or an errno. */
typedef int (*page_fn)(void *user, const struct alert *alerts, int count);

struct pager {
    chan_t *alerts; /* given back by the pager's task, which receives until it is closed */
    page_fn page;
    void *user;
    wg_t running;
    mu_t lock; /* for what follows */
    int paged;
    int lost;
};

void pager_start(struct pager *pager, chan_t *alerts, page_fn page, void *user);

/* Waits until the last alert has been paged; the numbers of those paged and lost. */
void pager_finish(struct pager *pager, int *paged, int *lost);

#endif
