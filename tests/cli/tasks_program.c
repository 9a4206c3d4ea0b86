/* A service for tasks_test.c: three tasks at one channel, and one that sleeps and whose parent has
 * ended.  It ends with stdin. */
#include <leash.h>

#include <unistd.h>

static void worker(chan_t *jobs)
{
    int job;

    while (chan_recv(jobs, &job))
        ;
}

static void sleeper(ctx_t *ctx)
{
    task_sleep_ctx(ctx, 3600000);
}

static void starter(ctx_t *ctx, wg_t *wg)
{
    wg_spawn(wg, sleeper, ctx);
}

static int serve(int argc, char **argv)
{
    chan_t *jobs = chan_make(int, 0);
    ctx_t *ctx = ctx_with_cancel(ctx_background());
    wg_t wg = {0};
    char end;

    (void)argc, (void)argv;
    for (int i = 0; i < 3; i++)
        wg_spawn(&wg, worker, jobs);
    wg_spawn(&wg, starter, ctx, &wg);
    if (debug_serve(":0"))
        return 1;
    io_read(ctx, STDIN_FILENO, &end, 1, NO_TIMEOUT);
    ctx_cancel(ctx);
    chan_close(jobs);
    wg_wait(&wg);
    chan_free(jobs);
    ctx_free(ctx);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(serve, argc, argv);
}
