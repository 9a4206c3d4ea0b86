/*
 * main.c - a broker with a few publishers, until all is published or SIGINT comes.
 *
 *     broker [MESSAGES [LIMIT_MS]]
 */
#include "broker.h"
#include "publisher.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { PUBLISHERS = 4, LIMIT_MS = 60 * 1000 };

/* Calls the publishers off at SIGINT, until it is told that they have ended. */
static void watch_signals(chan_t *over, ctx_t *ctx)
{
    chan_t *signals = signal_notify(SIGINT, SIGTERM);
    int number;

    if (chan_select(RECV(signals, &number), DONE(over)) == 0)
        ctx_cancel(ctx);
    signal_stop(signals);
}

static void publish_all(ctx_t *ctx, struct broker *broker, struct publisher *publishers,
                        int messages)
{
    wg_t publishing = {0};

    for (int i = 0; i < PUBLISHERS; i++) {
        publishers[i] = (struct publisher){.broker = broker, .number = i, .messages = messages};
        wg_spawn(&publishing, publisher_run, ctx, &publishers[i]);
    }
    wg_wait(&publishing);
}

static void report(struct broker *broker, const struct publisher *publishers)
{
    int published = 0, confirmed = 0;

    for (int i = 0; i < PUBLISHERS; i++) {
        published += publishers[i].published;
        confirmed += publishers[i].confirmed;
    }
    printf("%d published, %d confirmed, %d thrown out\n", published, confirmed,
           broker->heartbeat.thrown_out);
    for (int i = 0; i < SUBSCRIBERS; i++)
        printf("subscriber %d: %d messages\n", i, broker->subscribers[i].received);
}

static int entry(int argc, char **argv)
{
    int messages = argc > 1 ? atoi(argv[1]) : 20;
    ctx_t *ctx = ctx_with_timeout_ms(ctx_background(), argc > 2 ? atoi(argv[2]) : LIMIT_MS);
    defer_ctx_free(ctx);
    chan_t *over = done_make();
    defer_free(over);
    struct publisher publishers[PUBLISHERS];
    struct broker broker;
    wg_t watcher = {0};

    if (broker_start(&broker) != 0) {
        (void)fprintf(stderr, "broker: too many subscribers\n");
        return 1;
    }
    wg_spawn(&watcher, watch_signals, over, ctx);
    publish_all(ctx, &broker, publishers, messages);
    chan_close(over);
    wg_wait(&watcher);
    broker_stop(&broker);
    report(&broker, publishers);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
