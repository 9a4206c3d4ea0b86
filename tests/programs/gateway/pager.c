/* pager.c */
#include "pager.h"

static void flush(struct pager *pager, const struct alert *batch, int *count)
{
    if (*count == 0)
        return;
    int error = pager->page(pager->user, batch, *count);
    mu_lock(&pager->lock);
    if (error)
        pager->lost += *count;
    else
        pager->paged += *count;
    mu_unlock(&pager->lock);
    *count = 0;
}

/* The first alert of a batch is waited for without end, the others for a while only. */
static void pager_task(struct pager *pager)
{
    struct alert batch[PAGER_BATCH];
    struct alert alert;
    int count = 0;
    bool is_open = true;

    while (is_open) {
        if (count == 0) {
            is_open = chan_recv(pager->alerts, &alert);
        } else {
            int which =
                chan_select(RECV_OK(pager->alerts, &alert, &is_open), AFTER_MS(PAGER_PATIENCE_MS));
            if (which == 1) {
                flush(pager, batch, &count);
                continue;
            }
        }
        if (is_open)
            batch[count++] = alert;
        if (count == PAGER_BATCH || !is_open)
            flush(pager, batch, &count);
    }
    chan_free(pager->alerts);
}

void pager_start(struct pager *pager, chan_t *alerts, page_fn page, void *user)
{
    *pager = (struct pager){.alerts = alerts, .page = page, .user = user};
    wg_spawn(&pager->running, pager_task, pager);
}

void pager_finish(struct pager *pager, int *paged, int *lost)
{
    wg_wait(&pager->running);
    mu_lock(&pager->lock);
    *paged = pager->paged;
    *lost = pager->lost;
    mu_unlock(&pager->lock);
}
