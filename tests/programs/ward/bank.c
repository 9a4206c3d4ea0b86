/* bank.c */
#include "bank.h"

#include <string.h>

static const char *const teller_names[BANK_TELLERS] = {"left", "right"};

/* Loses its head at each tenth letter, but not the money. */
static int vault_behave(struct actor *self, void *state, const struct letter *letter)
{
    struct vault *vault = state;
    int error = 0;

    (void)self;
    switch (letter->kind) {
    case PAY_IN:
        vault->balance += letter->value;
        break;
    case PAY_OUT:
        if (vault->balance < letter->value)
            error = ERANGE;
        else
            vault->balance -= letter->value;
        break;
    default:
        break;
    }
    actor_answer(letter, error, vault->balance);
    return ++vault->letters % 10 == 0 ? EFAULT : 0;
}

static void write_book(struct teller *teller, long moved)
{
    mu_lock(teller->book_lock);
    *teller->book += moved;
    mu_unlock(teller->book_lock);
}

/* Asks the vault, for so long; is tired of it after each sixth letter. */
static int teller_behave(struct actor *self, void *state, const struct letter *letter)
{
    struct teller *teller = state;
    ctx_t *patience = ctx_with_timeout_ms(teller->ctx, ASK_MS);
    long balance = 0;

    (void)self;
    int error = actor_ask(teller->vault, patience, letter->kind, letter->value, &balance);
    if (!error && letter->kind != BALANCE)
        write_book(teller, letter->value);
    actor_answer(letter, error, balance);
    ctx_free(patience);
    return ++teller->letters % 6 == 0 ? EIO : 0;
}

int bank_open(struct bank *bank, ctx_t *ctx)
{
    memset(bank, 0, sizeof *bank);
    bank->ctx = ctx_with_cancel(ctx);
    ward_open(&bank->ward, 3);
    struct actor *vault = ward_add(&bank->ward, "vault", vault_behave, &bank->vault, 4);
    if (!vault)
        goto failed;
    for (int i = 0; i < BANK_TELLERS; i++) {
        bank->tellers[i] = (struct teller){
            .ctx = bank->ctx, .vault = vault, .book_lock = &bank->book_lock, .book = &bank->book};
        if (!ward_add(&bank->ward, teller_names[i], teller_behave, &bank->tellers[i], 1))
            goto failed;
    }
    return 0;

failed:
    bank_close(bank);
    return ENOMEM;
}

struct actor *bank_teller(struct bank *bank, int number)
{
    if (number < 0 || number >= BANK_TELLERS)
        return NULL;
    return ward_find(&bank->ward, teller_names[number]);
}

long bank_book(struct bank *bank)
{
    mu_lock(&bank->book_lock);
    long book = bank->book;
    mu_unlock(&bank->book_lock);
    return book;
}

void bank_close(struct bank *bank)
{
    ctx_cancel(bank->ctx);
    ward_close(&bank->ward);
    ctx_free(bank->ctx);
}
