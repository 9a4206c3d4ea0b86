/*
 * watch.c - linked into each mutant: who is parked for good, and where.
 *
 * A mutant shows a stuck task in one of three ways.  All are parked: the runtime ends the program
 * itself, with a dump and status 24.  The first task returns and others stay: they are looked for
 * here after a grace, which is longer than the runtime's own.  Or the first task never returns
 * while something else can still happen: then a thread dumps all tasks twice and ends the program.
 *
 * The linker's --wrap=leash_run puts this around the program's own calls of leash_run.
 */
#include <leash.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* As in programs.py. */
enum { STATUS_LEFT = 25, STATUS_LATE = 26 };
enum { BETWEEN_DUMPS_MS = 300 };

int __real_leash_run(int (*entry)(int argc, char **argv), int argc, char **argv);
int __wrap_leash_run(int (*entry)(int argc, char **argv), int argc, char **argv);

static int (*users_entry)(int argc, char **argv);
static atomic_bool has_returned;

static int setting_ms(const char *name)
{
    const char *text = getenv(name);

    return text ? atoi(text) : 1000;
}

static void sleep_ms(int ms)
{
    for (; ms > 0 && !atomic_load(&has_returned); ms -= 10)
        usleep(10 * 1000);
}

/* An ordinary thread may not call the runtime; dumping only reads, and the program ends here. */
static void *watch(void *unused)
{
    sleep_ms(setting_ms("WATCH_LIMIT_MS"));
    for (int i = 0; i < 2 && !atomic_load(&has_returned); i++) {
        fprintf(stderr, "watch: dump %d\n", i + 1);
        leash_task_dump(stderr);
        sleep_ms(BETWEEN_DUMPS_MS);
    }
    if (!atomic_load(&has_returned))
        _exit(STATUS_LATE);
    return unused;
}

/* What runs as the first task in place of the program's entry. */
static int entry(int argc, char **argv)
{
    int result = users_entry(argc, argv);

    atomic_store(&has_returned, true);
    if (leash_leak_report(stderr, (leash_leak_mark_t){0}, setting_ms("WATCH_GRACE_MS")) > 0)
        _exit(STATUS_LEFT);
    return result;
}

int __wrap_leash_run(int (*entry_given)(int argc, char **argv), int argc, char **argv)
{
    pthread_t watcher;

    users_entry = entry_given;
    atomic_store(&has_returned, false);
    if (pthread_create(&watcher, NULL, watch, NULL))
        return EXIT_FAILURE;
    int result = __real_leash_run(entry, argc, argv);
    pthread_join(watcher, NULL);
    return result;
}
