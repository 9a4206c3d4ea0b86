/*
 * done_channel.c - three numbers from a stream that never ends, and a reader whose news never come.
 *
 * The pattern: who starts a task must be able to stop it.  A channel that carries nothing and is
 * closed once is the signal; every task that watches it hears it, however many there are.
 *
 *  - `done` is the first parameter of every function that parks, so that nobody can forget it.
 *  - Both tasks select: what they are there for, or done.  Without the second case the stream would
 *    stay parked in its fourth send, and the reader in its first receive, for ever.
 *  - Stopping is a request.  That it was heeded tells the closing of `ended`, by a defer: whatever
 *    way the task takes out of its function, the channel is closed then.
 */
#include <leash.h>

#include <inttypes.h>
#include <stdio.h>

enum { WANTED = 3 };

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Sends random numbers for as long as somebody takes them. */
static void generate(chan_t *done, chan_t *numbers, uint32_t seed)
{
    defer_close(numbers);
    uint32_t number = next_random(&seed);

    while (chan_select(SEND(numbers, &number), DONE(done)) == 0)
        number = next_random(&seed);
    printf("generate: told to stop\n");
}

/* Prints news until there are no more of them, or until it is told to stop. */
static void print_news(chan_t *done, chan_t *news, chan_t *ended)
{
    const char *text = "";
    bool more = true;

    defer_close(ended);
    while (more && chan_select(RECV_OK(news, &text, &more), DONE(done)) == 0)
        if (more)
            printf("news: %s\n", text);
    printf("print_news: %s\n", more ? "told to stop" : "no more news");
}

static int entry(int argc, char **argv)
{
    chan_t *done = done_make();
    defer_free(done);
    chan_t *numbers = chan_make(uint32_t, 0);
    defer_free(numbers);
    chan_t *ended = done_make();
    defer_free(ended);
    uint32_t number;

    (void)argc;
    (void)argv;
    spawn(generate, done, numbers, 2463534242u);
    spawn(print_news, done, NULL, ended); /* a NULL channel: nothing ever comes from it */

    for (int i = 1; i <= WANTED && chan_recv(numbers, &number); i++)
        printf("%d: %" PRIu32 "\n", i, number);

    chan_close(done);
    /* The stream closes its channel when it ends; what it had in hand may still come. */
    while (chan_recv(numbers, NULL))
        ;
    (void)chan_recv(ended, NULL);
    printf("both have ended\n");
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
