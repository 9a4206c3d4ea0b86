/* stripped_program.c - a deadlock some calls deep, for stripped_test.sh to read the dump of. */
#include <leash.h>

static _Atomic int after; /* what comes after the calls, so that they stay on the stack */

static __attribute__((noinline)) void receive(chan_t *never)
{
    chan_recv(never, NULL); // leash:ignore unbounded-receive -- to be seen in the dump
    after = 1;
}

static void work(chan_t *never)
{
    receive(never);
    after = 2;
}

static int entry(int argc, char **argv)
{
    chan_t *never = chan_make(int, 0);

    (void)argc, (void)argv;
    spawn(work, never); // leash:ignore spawn-without-done -- as above
    receive(never);
    return 0;
}

int main(int argc, char **argv)
{
    debug_stacks();
    return leash_run(entry, argc, argv);
}
