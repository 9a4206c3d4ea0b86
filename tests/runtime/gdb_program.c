/* gdb_program.c - a task for gdb_test.sh to stop in. */
#include <leash.h>

static void stop_here(chan_t *done)
{
    chan_close(done);
}

static void work(chan_t *done)
{
    stop_here(done);
    chan_free(done);
}

static int entry(int argc, char **argv)
{
    (void)argc, (void)argv;
    chan_t *done = done_make();
    spawn(work, chan_ref(done));
    chan_recv(done, NULL);
    chan_free(done);
    return 5;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
