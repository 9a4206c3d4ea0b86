/* The smallest program on libleash-debug. */
#include <leash.h>
#include <stdio.h>
#include <string.h>

static int entry(int argc, char **argv)
{
    int error = debug_serve("127.0.0.1:0");

    (void)argc;
    (void)argv;
    if (error)
        fprintf(stderr, "served: %s\n", strerror(error));
    else
        puts(leash_version());
    debug_stop();
    return error != 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
