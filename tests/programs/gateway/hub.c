/* hub.c */
#include "hub.h"

/* True when the reading is out of bounds; then *alert tells of it. */
static bool note(struct hub *hub, const struct reading *reading, struct alert *alert)
{
    bool is_over;

    rw_lock(&hub->lock);
    hub->latest[reading->device] = reading->milli;
    hub->seen++;
    is_over = reading->milli > hub->limits[reading->device];
    if (is_over) {
        alert->device = reading->device;
        alert->milli = reading->milli;
        alert->limit = hub->limits[reading->device];
    }
    rw_unlock(&hub->lock);
    return is_over;
}

static void hub_task(struct hub *hub)
{
    struct reading reading;
    struct alert alert;

    while (chan_recv(hub->readings, &reading))
        if (note(hub, &reading, &alert))
            chan_send(hub->alerts, &alert);
    chan_close(hub->alerts);
}

void hub_start(struct hub *hub, const long *limits, int count)
{
    *hub = (struct hub){
        .readings = chan_make(struct reading, 8),
        .alerts = chan_make(struct alert, 2),
    };
    for (int i = 0; i < count; i++)
        hub->limits[i] = limits[i];
    wg_spawn(&hub->running, hub_task, hub);
}

bool hub_put(struct hub *hub, ctx_t *ctx, int device, long milli)
{
    struct reading reading = {device, milli};

    return chan_send_ctx(ctx, hub->readings, &reading) == 0;
}

long hub_latest(struct hub *hub, int device, unsigned long *seen)
{
    rw_rlock(&hub->lock);
    long latest = hub->latest[device];
    *seen = hub->seen;
    rw_runlock(&hub->lock);
    return latest;
}

void hub_finish(struct hub *hub)
{
    chan_close(hub->readings);
    wg_wait(&hub->running);
    chan_free(hub->readings);
}
