/* main.c - customers of a bank, until it closes. */
#include "bank.h"

#include <stdlib.h>

enum { CUSTOMERS = 5 };

struct customer {
    struct bank *bank;
    ctx_t *ctx;
    int number;
    int visits;
    chan_t *tallies; /* of struct tally */
};

struct tally {
    int customer;
    int served;
    int refused;
};

static void visit(struct customer *customer)
{
    struct tally tally = {.customer = customer->number};
    struct actor *teller = bank_teller(customer->bank, customer->number % BANK_TELLERS);
    long balance;

    for (int i = 0; i < customer->visits && !ctx_err(customer->ctx); i++) {
        enum order order = i % 3 == 2 ? PAY_OUT : PAY_IN;
        if (actor_ask(teller, customer->ctx, order, 10 + i, &balance))
            tally.refused++;
        else
            tally.served++;
    }
    chan_send(customer->tallies, &tally);
}

static int run(int argc, char **argv)
{
    int visits = argc > 1 ? atoi(argv[1]) : 5;
    int open_ms = argc > 2 ? atoi(argv[2]) : 100;
    ctx_t *day = ctx_with_timeout_ms(ctx_background(), open_ms);
    chan_t *tallies = chan_make(struct tally, 0);
    struct customer customers[CUSTOMERS];
    struct bank bank;
    struct tally tally;
    int served = 0;
    int refused = 0;

    int error = bank_open(&bank, day);
    if (error)
        goto closed;
    for (int i = 0; i < CUSTOMERS; i++) {
        customers[i] = (struct customer){&bank, day, i, visits, tallies};
        spawn(visit, &customers[i]);
    }
    for (int i = 0; i < CUSTOMERS; i++) {
        chan_recv(tallies, &tally);
        served += tally.served;
        refused += tally.refused;
    }
    printf("%d served, %d refused, %ld in the book\n", served, refused, bank_book(&bank));
    bank_close(&bank);
closed:
    chan_free(tallies);
    ctx_free(day);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    return leash_run(run, argc, argv);
}
