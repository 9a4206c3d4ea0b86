/* actor.c - letters. */
#include "actor.h"

static int deliver(struct actor *actor, ctx_t *ctx, const struct letter *letter)
{
    switch (chan_select(SEND(actor->mailbox, letter), DONE(actor->down), DONE(ctx),
                        DONE(actor->ward->stopping))) {
    case 0:
        return 0;
    case 2:
        return ctx_err(ctx);
    default:
        return ECONNREFUSED;
    }
}

int actor_tell(struct actor *actor, ctx_t *ctx, int kind, long value)
{
    return deliver(actor, ctx, &(struct letter){kind, value, NULL});
}

int actor_ask(struct actor *actor, ctx_t *ctx, int kind, long value, long *result)
{
    struct answer answer = {0};
    chan_t *reply = chan_make(struct answer, 1);
    defer_free(reply);

    struct letter letter = {kind, value, chan_ref(reply)};
    int error = deliver(actor, ctx, &letter);
    if (error) {
        chan_free(letter.reply);
        return error;
    }
    switch (chan_select(RECV(reply, &answer), DONE(actor->down), DONE(ctx),
                        DONE(actor->ward->stopping))) {
    case 0:
        *result = answer.value;
        return answer.error;
    case 2:
        return ctx_err(ctx);
    default:
        return ECONNREFUSED;
    }
}

void actor_answer(const struct letter *letter, int error, long value)
{
    if (!letter->reply)
        return;
    chan_send(letter->reply, &(struct answer){error, value});
    chan_free(letter->reply);
}
