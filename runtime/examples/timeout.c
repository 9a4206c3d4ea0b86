/*
 * timeout.c - answers that must come in time, from work that can be told to stop and from work that
 * cannot.
 *
 * The pattern: never wait longer than you want to, and leave nothing behind when you give up.
 *
 *  - Work of our own gets a context with a timeout.  Where it parks, its calls end with the
 *    context; where it only computes, it looks at ctx_err now and then.
 *  - A C function that knows nothing of contexts (a resolver, a database) runs by task_blocking in
 *    a task of its own and cannot be stopped.  We stop waiting.  Its answer comes late, when nobody
 *    is there: so the channel has room for it, else the task would stay parked in its send; and it
 *    belongs to both sides, so that whoever leaves last frees it.
 */
#include <leash.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLICE = 1000, LIMIT_MS = 100, QUICK_MS = 1, SLOW_MS = 400 };

/* ---- work that can be told ------------------------------------------------------------------- */

static unsigned collatz_steps(uint64_t number)
{
    unsigned steps = 0;

    for (; number != 1; steps++)
        number = number % 2 ? 3 * number + 1 : number / 2;
    return steps;
}

/* The number below `end` with the longest way to 1.  0, or why there is no answer. */
static int longest_way(ctx_t *ctx, uint64_t end, uint64_t *answer)
{
    unsigned longest = 0;

    for (uint64_t number = 1; number < end; number++) {
        unsigned steps = collatz_steps(number);
        if (steps > longest) {
            longest = steps;
            *answer = number;
        }
        if (number % SLICE == 0) {
            if (ctx_err(ctx) != 0)
                return ctx_err(ctx);
            task_yield();
        }
    }
    return 0;
}

static void compute(ctx_t *parent, uint64_t end)
{
    ctx_t *ctx = ctx_with_timeout_ms(parent, LIMIT_MS);
    defer_ctx_free(ctx); /* also when the answer came early: else the timer would go on */
    uint64_t answer = 0;
    int error = longest_way(ctx, end, &answer);

    if (error == 0)
        printf("below %" PRIu64 ": %" PRIu64 "\n", end, answer);
    else
        printf("below %" PRIu64 ": %s\n", end,
               error == ETIMEDOUT ? "not in time" : strerror(error));
}

/* ---- work that cannot ------------------------------------------------------------------------ */

/* Stands for any function that blocks its thread.  On a helper thread. */
static void *look_up(void *argument)
{
    const int *takes_ms = argument;
    static char answer[] = "found";

    (void)usleep((useconds_t)*takes_ms * 1000);
    return answer;
}

/* Owns a share of `answers`. */
static void ask(chan_t *answers, int takes_ms)
{
    defer_free(answers);
    const char *answer = task_blocking(look_up, &takes_ms);

    (void)chan_send(answers, &answer); /* there is room for the only one: does not park */
}

static void ask_with_limit(wg_t *asking, int takes_ms)
{
    chan_t *answers = chan_make(const char *, 1);
    defer_free(answers);
    const char *answer;

    wg_spawn(asking, ask, chan_ref(answers), takes_ms);
    switch (chan_select(RECV(answers, &answer), AFTER_MS(LIMIT_MS))) {
    case 0:
        printf("a lookup of %d ms: %s\n", takes_ms, answer);
        break;
    default:
        printf("a lookup of %d ms: gave up\n", takes_ms);
    }
}

static int entry(int argc, char **argv)
{
    wg_t asking = {0};

    (void)argc;
    (void)argv;
    compute(ctx_background(), 1000);
    compute(ctx_background(), UINT64_C(1000000000000));
    ask_with_limit(&asking, QUICK_MS);
    ask_with_limit(&asking, SLOW_MS);
    wg_wait(&asking); /* a server would go on; a program that ends waits for the late ones */
    printf("nobody is left behind\n");
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
