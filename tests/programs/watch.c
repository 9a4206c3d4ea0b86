/*
 * watch.c - ends a program that hangs, with a dump of its tasks.
 *
 * Linked by slips.py with --wrap=leash_run.  The runtime itself notices when every task is parked
 * for good; this is for the others, where a ticker goes on.
 */
#include <leash.h>

#include <stdlib.h>

enum { LIMIT_MS = 3000, STATUS_HANGS = 25 };

/* The names that the linker gives them.
 * NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_leash_run(int (*entry)(int argc, char **argv), int argc, char **argv);
int __wrap_leash_run(int (*entry)(int argc, char **argv), int argc, char **argv);

static int (*watched)(int argc, char **argv);

static void give_up(void *unused)
{
    (void)unused;
    (void)task_dump(stderr);
    exit(STATUS_HANGS);
}

static int watch(int argc, char **argv)
{
    alarm_t *alarm = alarm_after_ms(LIMIT_MS, give_up, NULL);
    int status = watched(argc, argv);

    alarm_stop(alarm);
    return status;
}

int __wrap_leash_run(int (*entry)(int argc, char **argv), int argc, char **argv)
{
    watched = entry;
    return __real_leash_run(watch, argc, argv);
}
/* NOLINTEND(bugprone-reserved-identifier) */
