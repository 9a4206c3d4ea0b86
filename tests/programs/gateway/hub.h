/* hub.h - where all readings come together: the latest of each device, and who is out of bounds. */
#ifndef HUB_H
#define HUB_H

#include <leash.h>

enum { HUB_DEVICES = 16 };

struct reading {
    int device;
    long milli;
};

struct alert {
    int device;
    long milli;
    long limit;
};

struct hub {
    chan_t *readings; /* of struct reading; the pollers send */
    chan_t *alerts;   /* of struct alert; closed by the hub when there are no more */
    wg_t running;
    rw_t lock; /* for what follows */
    long latest[HUB_DEVICES];
    long limits[HUB_DEVICES];
    unsigned long seen;
};

/* Starts the hub's task. */
void hub_start(struct hub *hub, const long *limits, int count);

/* Hands a reading over; false when the context has ended first. */
bool hub_put(struct hub *hub, ctx_t *ctx, int device, long milli);

/* The latest of a device, and all that were seen of all devices. */
long hub_latest(struct hub *hub, int device, unsigned long *seen);

/* No more readings will be put: waits until all of them have been dealt with. */
void hub_finish(struct hub *hub);

#endif
