/* gdb_tasks_program.c - a task parked some calls deep, for gdb_tasks_test.sh to look at. */
#include <leash.h>

static void stop_here(chan_t *done)
{
    chan_close(done);
}

static void wait_deep(chan_t *done, int depth)
{
    if (depth > 0)
        wait_deep(done, depth - 1);
    else
        chan_recv(done, NULL);
}

static void work(chan_t *done, wg_t *ready)
{
    wg_done(ready);
    wait_deep(done, 2);
}

static int entry(int argc, char **argv)
{
    chan_t *done = done_make();
    wg_t ready = {0};
    wg_t work_done = {0};

    (void)argc, (void)argv;
    wg_add(&ready, 1);
    wg_spawn(&work_done, work, done, &ready);
    wg_wait(&ready);
    task_yield();
    stop_here(done);
    wg_wait(&work_done);
    chan_free(done);
    return 5;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
