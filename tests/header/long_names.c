/*
 * long_names.c - a program that has every short name taken by something of its own, and uses
 * leash.h all the same.
 */
#define LEASH_NO_SHORT_NAMES
#include <leash.h>

#include <stdio.h>

/* A game's: its names for its own things. */
typedef int chan_t;
typedef struct {
    int x, y;
} ctx_t;
enum { RECV, SEND, DONE, DEFAULT, IO_READ, IO_WRITE, NO_TIMEOUT };
struct monster {
    int (*spawn)(int where);
    int chan_send, done_make;
};

static int spawn(int where)
{
    return where + DONE;
}

static void mu_unlock(ctx_t *position)
{
    position->x = IO_READ;
}

static int chan_select(const chan_t *channels, int count)
{
    return count > 0 ? channels[0] : NO_TIMEOUT;
}

static void square(leash_ctx_t *ctx, leash_chan_t *in, leash_chan_t *out)
{
    int value = 0;

    LEASH_DEFER_CLOSE(out);
    while (LEASH_CHAN_RECV_CTX(ctx, in, &value) == 0)
        if (LEASH_CHAN_SELECT(LEASH_SEND(out, &(int){value * value}), LEASH_DONE(ctx)) != 0)
            return;
}

static int entry(int argc, char **argv)
{
    leash_ctx_t *ctx = LEASH_CTX_WITH_TIMEOUT_MS(leash_ctx_background(), 1000);
    LEASH_DEFER_CTX_FREE(ctx);
    leash_chan_t *in = LEASH_CHAN_MAKE(int, 1);
    LEASH_DEFER_FREE(in);
    leash_chan_t *out = LEASH_CHAN_MAKE(int, 0);
    LEASH_DEFER_FREE(out);
    leash_wg_t wg = {0};
    struct monster monster = {.spawn = spawn, .chan_send = SEND, .done_make = RECV};
    ctx_t position = {monster.chan_send, monster.done_make};
    int value = 0;

    mu_unlock(&position);
    LEASH_WG_SPAWN(&wg, square, ctx, in, out);
    LEASH_CHAN_SEND(in, &argc);
    LEASH_CHAN_CLOSE(in);
    switch (LEASH_CHAN_SELECT(LEASH_RECV(out, &value), LEASH_AFTER_MS(100))) {
    case 0:
        break;
    default:
        leash_ctx_cancel(ctx);
        break;
    }
    LEASH_WG_WAIT(&wg);
    printf("%s %d\n", argv[0], value);
    return monster.spawn(position.x) + chan_select(&(chan_t){DEFAULT}, 1) + IO_WRITE;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
