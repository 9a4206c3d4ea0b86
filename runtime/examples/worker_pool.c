/*
 * worker_pool.c - checksums of the files named on the command line, by a fixed number of workers.
 *
 * The pattern: one task feeds a channel of jobs, a few workers share it, one task collects results.
 *
 *  - The feeder is the only sender of jobs, so it closes them, and the workers' loops end.
 *  - Results have several senders, so none of them may close: whoever waits for all of them does.
 *  - Everybody takes the context first and gives up each send and receive when it ends.  So a
 * worker whose collector has gone does not stay behind with its result.
 *  - Channels and wait groups belong to entry, which leaves only after the last task has.
 */
#include <leash.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORKERS = 4, TIME_LIMIT_MS = 60 * 1000 };

struct result {
    const char *path; /* from the command line, nobody's to free */
    uint32_t sum;
    int error; /* an errno, and then the sum means nothing */
};

static uint32_t add_bytes(uint32_t sum, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ bytes[i]) * UINT32_C(16777619);
    return sum;
}

/* Plain C that may wait for a disk: runs on a helper thread, not in a task. */
static void *checksum(void *argument)
{
    struct result *result = argument;
    unsigned char buffer[4096];
    size_t length;
    FILE *file = fopen(result->path, "rb");

    if (!file) {
        result->error = errno;
        return NULL;
    }
    result->sum = UINT32_C(2166136261);
    do {
        length = fread(buffer, 1, sizeof buffer, file);
        result->sum = add_bytes(result->sum, buffer, length);
    } while (length == sizeof buffer);
    result->error = ferror(file) ? EIO : 0;
    (void)fclose(file);
    return NULL;
}

static void feed(ctx_t *ctx, chan_t *jobs, char **paths)
{
    defer_close(jobs);
    for (; *paths; paths++)
        if (chan_send_ctx(ctx, jobs, paths) != 0)
            return;
}

static void work(ctx_t *ctx, chan_t *jobs, chan_t *results)
{
    const char *path;

    while (chan_recv_ctx(ctx, jobs, &path) == 0) {
        struct result result = {.path = path};
        task_blocking(checksum, &result);
        if (chan_send_ctx(ctx, results, &result) != 0)
            return;
    }
}

static void collect(ctx_t *ctx, chan_t *results, int *failures)
{
    struct result result;

    while (chan_recv_ctx(ctx, results, &result) == 0) {
        if (result.error == 0) {
            printf("%08" PRIx32 "  %s\n", result.sum, result.path);
        } else {
            (void)fprintf(stderr, "%s: %s\n", result.path, strerror(result.error));
            ++*failures;
        }
    }
}

static int entry(int argc, char **argv)
{
    ctx_t *ctx = ctx_with_timeout_ms(ctx_background(), TIME_LIMIT_MS);
    defer_ctx_free(ctx);
    chan_t *jobs = chan_make(char *, WORKERS);
    defer_free(jobs);
    chan_t *results = chan_make(struct result, WORKERS);
    defer_free(results);
    wg_t senders = {0};
    wg_t collector = {0};
    int failures = 0;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s FILE...\n", argv[0]);
        return 2;
    }
    wg_spawn(&senders, feed, ctx, jobs, argv + 1);
    for (int i = 0; i < WORKERS; i++)
        wg_spawn(&senders, work, ctx, jobs, results);
    wg_spawn(&collector, collect, ctx, results, &failures);

    wg_wait(&senders);
    chan_close(results);
    wg_wait(&collector);
    if (ctx_err(ctx) != 0) {
        (void)fprintf(stderr, "stopped after %d s\n", TIME_LIMIT_MS / 1000);
        return 1;
    }
    return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
