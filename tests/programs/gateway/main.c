/* main.c - runs the gateway of a small plant for a while, with an operator at the console. */
#include "pager.h"
#include "poller.h"

#include <stdlib.h>

static const struct site_device site[] = {
    {"thermometer", "boiler", 1, 33000}, {"thermometer", "hall", 2, 32000},
    {"gauge", "unplugged", 77, 1000},    {"gauge", "inlet", 3, 1150},
    {"thermometer", "outlet", 4, 31000},
};

enum { DEVICES = sizeof site / sizeof *site };

struct gateway {
    struct hub hub;
    struct pager pager;
    struct fleet fleet;
    ctx_t *ctx;
    chan_t *console_left; /* closed when the operator is done */
};

static int page(void *user, const struct alert *alerts, int count)
{
    int *pages = user;

    ++*pages;
    task_sleep_ms(1);
    return alerts[0].milli > 34000 || count < 1 ? EAGAIN : 0;
}

/* What an operator types in a shift: looks at every device in turn and hurries the lazy ones. */
static void console(struct gateway *gateway, int rounds)
{
    struct status status;
    int refused = 0;

    for (int round = 0; round < rounds; round++) {
        for (int id = 0; id < DEVICES; id++) {
            enum verb verb = round % 3 == 0   ? VERB_STATUS
                             : round % 3 == 1 ? VERB_SAMPLE
                                              : VERB_PERIOD;
            if (fleet_ask(&gateway->fleet, gateway->ctx, id, verb, 2 + round, &status))
                refused++;
        }
        if (task_sleep_ctx(gateway->ctx, 5))
            break;
    }
    fprintf(stderr, "console: %d refused\n", refused);
    chan_close(gateway->console_left);
}

static int run(int argc, char **argv)
{
    int shift_ms = argc > 1 ? atoi(argv[1]) : 60;
    int rounds = argc > 2 ? atoi(argv[2]) : 4;
    static struct gateway gateway;
    long limits[DEVICES];
    int pages = 0;
    int paged;
    int lost;

    for (int i = 0; i < DEVICES; i++)
        limits[i] = site[i].limit;
    gateway.ctx = ctx_with_cancel(ctx_background());
    hub_start(&gateway.hub, limits, DEVICES);
    pager_start(&gateway.pager, gateway.hub.alerts, page, &pages);
    int error = fleet_start(&gateway.fleet, gateway.ctx, &gateway.hub, site, DEVICES);
    if (error)
        goto finish;
    printf("%d of %d devices attached\n", fleet_wait_attached(&gateway.fleet), DEVICES);

    gateway.console_left = done_make();
    spawn(console, &gateway, rounds);
    switch (chan_select(AFTER_MS(shift_ms), DONE(gateway.console_left))) {
    case 0:
        printf("end of shift\n");
        ctx_cancel(gateway.ctx);
        chan_recv(gateway.console_left, NULL);
        break;
    default:
        printf("the operator has left\n");
    }
    fleet_stop(&gateway.fleet);
    chan_free(gateway.console_left);
finish:
    hub_finish(&gateway.hub);
    pager_finish(&gateway.pager, &paged, &lost);
    ctx_free(gateway.ctx);
    printf("%lu readings, %d alerts in %d pages, %d lost\n", gateway.hub.seen, paged, pages, lost);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    return leash_run(run, argc, argv);
}
