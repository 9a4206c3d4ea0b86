/*
 * ticker_shutdown.c - prints the machine's load every second and a summary when it is told to stop.
 *
 * The pattern: work that goes on until the program is asked to end.
 *
 *  - The loop receives from the ticker and, beside it, from the done channel: a ticker's channel is
 *    never closed, so a loop over the ticks alone could not end.
 *  - One done channel, closed once, reaches every task that watches it, however many there are.
 *  - The last words travel on a channel with room for them, sent before the task ends and received
 *    after it has: so nobody sleeps "long enough", and nobody is left behind.
 */
#include <leash.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { PERIOD_MS = 1000, LIMIT_S = 24 * 3600 };

struct summary {
    int samples;
    double highest;
};

/* A file of the kernel's, in memory: reading it does not block. */
static bool read_load(double *load)
{
    char text[64];
    FILE *file = fopen("/proc/loadavg", "r");

    if (!file)
        return false;
    bool got = fgets(text, sizeof text, file) != NULL;
    (void)fclose(file);
    if (got)
        *load = strtod(text, NULL);
    return got;
}

static void stop_ticker(void *ticker)
{
    ticker_stop(ticker);
}

static void take_sample(struct summary *summary)
{
    double load;

    if (!read_load(&load))
        return;
    summary->samples++;
    if (load > summary->highest)
        summary->highest = load;
    printf("load %.2f\n", load);
    (void)fflush(stdout);
}

static void watch_load(chan_t *done, chan_t *summaries)
{
    struct summary summary = {0};
    ticker_t *ticker = ticker_start_ms(PERIOD_MS);
    defer_call(stop_ticker, ticker);

    while (chan_select(RECV(ticker_chan(ticker), NULL), DONE(done)) == 0)
        take_sample(&summary);
    (void)chan_select(SEND(summaries, &summary), DEFAULT()); /* there is room for the only one */
}

/* Until a signal comes, or for `limit_ms` at most. */
static void wait_for_the_end(chan_t *signals, int64_t limit_ms)
{
    int number = 0;

    if (chan_select(RECV(signals, &number), AFTER_MS(limit_ms)) == 0)
        printf("signal %d, stopping\n", number);
}

static int entry(int argc, char **argv)
{
    long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : LIMIT_S;
    chan_t *done = done_make();
    defer_free(done);
    chan_t *summaries = chan_make(struct summary, 1);
    defer_free(summaries);
    struct summary summary = {0};
    wg_t watchers = {0};

    if (seconds < 1 || seconds > LIMIT_S) {
        (void)fprintf(stderr, "usage: %s [SECONDS, 1 to %d]\n", argv[0], LIMIT_S);
        return 2;
    }
    chan_t *signals = signal_notify(SIGINT, SIGTERM);
    wg_spawn(&watchers, watch_load, done, summaries);
    wait_for_the_end(signals, seconds * 1000);
    signal_stop(signals);

    chan_close(done);
    wg_wait(&watchers);
    if (chan_select(RECV(summaries, &summary), DEFAULT()) == 0)
        printf("%d samples, at most %.2f\n", summary.samples, summary.highest);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
