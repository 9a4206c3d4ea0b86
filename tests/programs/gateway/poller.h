/* poller.h - one task for each device: samples it, and does what it is asked. */
#ifndef POLLER_H
#define POLLER_H

#include "device.h"
#include "hub.h"

enum verb { VERB_SAMPLE, VERB_PERIOD, VERB_STATUS };

struct status {
    int error;
    long milli;
    int failures;
};

struct request {
    enum verb verb;
    int argument;
    chan_t *reply; /* of struct status, with room for one; the poller gives this reference back */
};

struct poller {
    struct device device;
    int id;
    int period_ms;
    int failures;
    struct hub *hub;
    chan_t *requests; /* of struct request */
    ctx_t *ctx;       /* of this poller alone: who fails too often is called off */
};

struct fleet {
    struct poller pollers[HUB_DEVICES];
    int count;
    mu_t lock; /* for what follows */
    int tried;
    int attached;
    cv_t changed; /* all have tried */
    wg_t running;
};

struct site_device {
    const char *kind;
    const char *name;
    unsigned unit;
    long limit;
};

/* A poller for each of the devices; 0 or an errno, and then none runs. */
int fleet_start(struct fleet *fleet, ctx_t *ctx, struct hub *hub, const struct site_device *site,
                int count);

/* Waits until each device has been attached or has failed to; the number of those attached. */
int fleet_wait_attached(struct fleet *fleet);

/* Asks a poller; its error, or ETIMEDOUT or ECANCELED when it does not answer in time. */
int fleet_ask(struct fleet *fleet, ctx_t *ctx, int id, enum verb verb, int argument,
              struct status *status);

/* Calls all pollers off and waits for them. */
void fleet_stop(struct fleet *fleet);

#endif
