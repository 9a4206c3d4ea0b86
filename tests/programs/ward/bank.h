/* bank.h - a bank of actors: a vault with the money, tellers in front of it. */
#ifndef BANK_H
#define BANK_H

#include "actor.h"

enum { BANK_TELLERS = 2, ASK_MS = 20 };

enum order { PAY_IN, PAY_OUT, BALANCE };

struct vault {
    long balance;
    int letters;
};

struct teller {
    ctx_t *ctx;
    struct actor *vault;
    mu_t *book_lock; /* the book is for all tellers */
    long *book;
    int letters;
};

struct bank {
    struct ward ward;
    struct vault vault;
    struct teller tellers[BANK_TELLERS];
    mu_t book_lock;
    long book;
    ctx_t *ctx;
};

/* 0, or an errno, and then nothing is open. */
int bank_open(struct bank *bank, ctx_t *ctx);

/* The teller of that number, or NULL. */
struct actor *bank_teller(struct bank *bank, int number);

/* The sum that the book says was moved. */
long bank_book(struct bank *bank);

void bank_close(struct bank *bank);

#endif
