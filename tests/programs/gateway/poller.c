/* poller.c */
#include "poller.h"

#include <string.h>

enum { FAILURES_MAX = 5, ANSWER_MS = 2 };

static int take_sample(struct poller *poller, long *milli)
{
    int error = poller->device.driver->sample(&poller->device, milli);
    if (error)
        poller->failures++;
    return error;
}

/* The reply has room for one, so this never waits. */
static void answer(struct poller *poller, const struct request *request)
{
    struct status status = {.failures = poller->failures};

    switch (request->verb) {
    case VERB_SAMPLE:
        status.error = take_sample(poller, &status.milli);
        break;
    case VERB_PERIOD:
        if (request->argument < 1)
            status.error = EINVAL;
        else
            poller->period_ms = request->argument;
        break;
    case VERB_STATUS: {
        unsigned long seen;
        status.milli = hub_latest(poller->hub, poller->id, &seen);
        break;
    }
    }
    chan_send(request->reply, &status);
    chan_free(request->reply);
}

/* Until it is called off or has failed too often. */
static void serve(struct poller *poller)
{
    struct request request;
    int period_ms = poller->period_ms;
    ticker_t *ticker = ticker_start_ms(period_ms);

    while (poller->failures < FAILURES_MAX) {
        long milli;
        int which = chan_select(DONE(poller->ctx), RECV(poller->requests, &request),
                                RECV(ticker_chan(ticker), NULL));
        if (which == 0)
            break;
        if (which == 1)
            answer(poller, &request);
        else if (!take_sample(poller, &milli) &&
                 !hub_put(poller->hub, poller->ctx, poller->id, milli))
            break;
        if (poller->period_ms != period_ms) {
            period_ms = poller->period_ms;
            ticker_stop(ticker);
            ticker = ticker_start_ms(period_ms);
        }
    }
    ticker_stop(ticker);
}

/* The last one to try says that all have. */
static void count_attached(struct fleet *fleet, bool is_attached)
{
    mu_lock(&fleet->lock);
    fleet->attached += is_attached;
    if (++fleet->tried == fleet->count)
        cv_broadcast(&fleet->changed);
    mu_unlock(&fleet->lock);
}

/* Requests that nobody took any more are given back unanswered. */
static void turn_away(struct poller *poller)
{
    struct request request;

    chan_close(poller->requests);
    while (chan_recv(poller->requests, &request)) {
        struct status status = {.error = ENODEV};
        chan_send(request.reply, &status);
        chan_free(request.reply);
    }
}

static void poller_task(struct fleet *fleet, struct poller *poller)
{
    const struct driver *driver = poller->device.driver;
    int error = driver->attach(&poller->device);

    count_attached(fleet, !error);
    if (!error) {
        serve(poller);
        driver->detach(&poller->device);
    }
    turn_away(poller);
    wg_done(&fleet->running);
}

static void poller_free(struct poller *poller)
{
    chan_free(poller->requests);
    ctx_free(poller->ctx);
}

int fleet_start(struct fleet *fleet, ctx_t *ctx, struct hub *hub, const struct site_device *site,
                int count)
{
    memset(fleet, 0, sizeof *fleet);
    for (int i = 0; i < count; i++) {
        struct poller *poller = &fleet->pollers[i];
        const struct driver *driver = driver_find(site[i].kind);
        if (!driver) {
            while (i-- > 0)
                poller_free(&fleet->pollers[i]);
            return ENOENT;
        }
        *poller = (struct poller){
            .device = {driver, site[i].name, site[i].unit, 0},
            .id = i,
            .period_ms = 3 + i,
            .hub = hub,
            .requests = chan_make(struct request, 1),
            .ctx = ctx_with_cancel(ctx),
        };
    }
    fleet->count = count;
    wg_add(&fleet->running, count);
    for (int i = 0; i < count; i++)
        spawn(poller_task, fleet, &fleet->pollers[i]);
    return 0;
}

int fleet_wait_attached(struct fleet *fleet)
{
    mu_lock(&fleet->lock);
    while (fleet->tried < fleet->count)
        cv_wait(&fleet->changed, &fleet->lock);
    int attached = fleet->attached;
    mu_unlock(&fleet->lock);
    return attached;
}

int fleet_ask(struct fleet *fleet, ctx_t *ctx, int id, enum verb verb, int argument,
              struct status *status)
{
    ctx_t *patience = ctx_with_timeout_ms(ctx, ANSWER_MS);
    chan_t *reply = chan_make(struct status, 1);
    struct request request = {verb, argument, chan_ref(reply)};

    int error = chan_send_ctx(patience, fleet->pollers[id].requests, &request);
    if (error)
        chan_free(request.reply);
    else
        error = chan_recv_ctx(patience, reply, status);
    chan_free(reply);
    ctx_free(patience);
    return error ? error : status->error;
}

void fleet_stop(struct fleet *fleet)
{
    for (int i = 0; i < fleet->count; i++)
        ctx_cancel(fleet->pollers[i].ctx);
    wg_wait(&fleet->running);
    for (int i = 0; i < fleet->count; i++)
        poller_free(&fleet->pollers[i]);
}
