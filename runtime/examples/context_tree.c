/*
 * context_tree.c - the orders of a shop: some are finished, one takes too long, one is called off,
 * and at closing time the rest ends.
 *
 * The pattern: contexts form the tree of the work.  Ending one ends all below it and nothing else.
 *
 *     shop                            ends at closing time
 *     +-- order "books"               nothing ends it early
 *     |   +-- pack, +-- bill
 *     +-- order "piano"               ends after its time
 *     +-- order "hat"                 ends when the customer calls it off
 *     +-- order "ship in a bottle"    ends with the shop
 *
 *  - Who derives a context gives it back on every path: defer_ctx_free right below.
 *  - A context is not stored away, it is handed down as the first argument.
 *  - The name of the order travels in the context, for messages.  What a function needs for its
 *    work is a parameter.
 */
#include <leash.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SHORT_MS = 20, ORDER_LIMIT_MS = 60, OPEN_MS = 200, LONG_MS = 60 * 1000 };

/* Its address is the key; only this file can name it. */
static const char order_key;

struct order {
    const char *name;
    int64_t takes_ms; /* each step of it */
    int64_t limit_ms; /* for the whole order */
};

static const char *outcome(int error)
{
    switch (error) {
    case 0:
        return "done";
    case ETIMEDOUT:
        return "took too long";
    case ECANCELED:
        return "called off";
    default:
        return strerror(error);
    }
}

/* A leaf: knows neither the shop nor the order, only its context. */
static void step(ctx_t *ctx, const char *what, int64_t takes_ms)
{
    int error = task_sleep_ctx(ctx, takes_ms);

    printf("%s, %s: %s\n", (const char *)ctx_value(ctx, &order_key), what, outcome(error));
}

/* Both steps at the same time.  They end with the order, so waiting for them needs no limit. */
static void fill_order(ctx_t *parent, struct order *order)
{
    ctx_t *limited = ctx_with_timeout_ms(parent, order->limit_ms);
    defer_ctx_free(limited);
    ctx_t *ctx = ctx_with_value(limited, &order_key, (void *)order->name);
    defer_ctx_free(ctx);
    wg_t steps = {0};

    wg_spawn(&steps, step, ctx, "pack", order->takes_ms);
    wg_spawn(&steps, step, ctx, "bill", order->takes_ms);
    wg_wait(&steps);
}

static void run_shop(ctx_t *parent)
{
    static struct order books = {"books", SHORT_MS, LONG_MS};
    static struct order piano = {"piano", LONG_MS, ORDER_LIMIT_MS};
    static struct order hat = {"hat", LONG_MS, LONG_MS};
    static struct order ship = {"ship in a bottle", LONG_MS, LONG_MS};
    ctx_t *shop = ctx_with_cancel(parent);
    defer_ctx_free(shop);
    ctx_t *customer = ctx_with_cancel(shop);
    defer_ctx_free(customer);
    wg_t orders = {0};

    wg_spawn(&orders, fill_order, shop, &books);
    wg_spawn(&orders, fill_order, shop, &piano);
    wg_spawn(&orders, fill_order, customer, &hat);
    wg_spawn(&orders, fill_order, shop, &ship);

    task_sleep_ms(SHORT_MS);
    ctx_cancel(customer); /* the hat, and no other */
    task_sleep_ms(OPEN_MS);
    printf("closing time\n");
    ctx_cancel(shop);
    wg_wait(&orders);
    printf("all orders have ended\n");
}

static int entry(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    run_shop(ctx_background());
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
