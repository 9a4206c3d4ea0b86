/* publisher.h - a task that publishes. */
#ifndef BROKER_PUBLISHER_H
#define BROKER_PUBLISHER_H

#include "broker.h"

#include <leash.h>

struct publisher {
    struct broker *broker;
    int number;
    int messages; /* to be published */
    int published, confirmed;
};

/* Until all is published or the context ends. */
void publisher_run(ctx_t *ctx, struct publisher *publisher);

#endif
