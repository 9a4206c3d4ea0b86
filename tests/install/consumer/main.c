/* The smallest program on an installed libleash. */
#include <leash.h>
#include <stdio.h>

static void say_version(chan_t *lines)
{
    const char *version = leash_version();

    defer_close(lines);
    chan_send(lines, &version);
}

static int entry(int argc, char **argv)
{
    chan_t *lines = chan_make(const char *, 0);
    defer_free(lines);
    const char *line;

    (void)argc;
    (void)argv;
    spawn(say_version, lines);
    while (chan_recv(lines, &line))
        puts(line);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
