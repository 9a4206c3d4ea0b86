/*
 * watch.c - linked into each mutant: who is parked for good, and where.
 *
 * A mutant shows a stuck task in one of three ways.  All are parked: the runtime ends the program
 * itself, with a dump and status 24.  The first task returns and others stay: they are looked for
 * here after a grace, which is longer than the runtime's own.  Or the first task never returns
 * while something else can still happen: then a thread dumps all tasks some times and ends the
 * program.
 *
 * The runtime's clock goes faster here, so that programs which sleep for seconds are done soon.
 *
 * The linker's --wrap=leash_run puts this around the program's own calls of leash_run, and so on.
 */
#include <leash.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* As in programs.py. */
enum { STATUS_LEFT = 25, STATUS_LATE = 26 };
enum { SPEED = 10, DUMPS = 8, BETWEEN_DUMPS_MS = 40 };
enum { NS_PER_S = 1000 * 1000 * 1000 };

int __real_leash_run(int (*entry)(int argc, char **argv), int argc, char **argv);
int __wrap_leash_run(int (*entry)(int argc, char **argv), int argc, char **argv);

static int (*users_entry)(int argc, char **argv);
static atomic_bool has_returned;

/* ---- time ------------------------------------------------------------------------------------ */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_epoll_pwait2(int epoll, struct epoll_event *events, int room,
                        const struct timespec *timeout, const sigset_t *mask);
int __wrap_epoll_pwait2(int epoll, struct epoll_event *events, int room,
                        const struct timespec *timeout, const sigset_t *mask);

static int64_t in_ns(const struct timespec *time)
{
    return (int64_t)time->tv_sec * NS_PER_S + time->tv_nsec;
}

static struct timespec of_ns(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    static _Atomic int64_t start_ns;
    int64_t unset = 0;
    int error = __real_clock_gettime(clock, now);

    if (error || clock != CLOCK_MONOTONIC)
        return error;
    atomic_compare_exchange_strong(&start_ns, &unset, in_ns(now));
    *now = of_ns(start_ns + (in_ns(now) - start_ns) * SPEED);
    return 0;
}

int __wrap_epoll_pwait2(int epoll, struct epoll_event *events, int room,
                        const struct timespec *timeout, const sigset_t *mask)
{
    struct timespec shorter;

    if (timeout) {
        shorter = of_ns(in_ns(timeout) / SPEED);
        timeout = &shorter;
    }
    return __real_epoll_pwait2(epoll, events, room, timeout, mask);
}

/* ---- chance ---------------------------------------------------------------------------------- */

int step_fails(void);

/* What the operator return-sometimes asks: yes and no in turns that the schedule's seed decides. */
int step_fails(void)
{
    static _Atomic uint32_t calls;
    const char *schedule = getenv("LEASH_SCHEDULE"); /* random:SEED */
    uint32_t seed =
        schedule ? (uint32_t)strtoul(schedule + strcspn(schedule, ":") + 1, NULL, 10) : 0;
    uint32_t mixed = (seed * 64 + atomic_fetch_add(&calls, 1)) * 2654435761U;

    return (int)(mixed >> 20 & 1);
}

/* ---- the first task -------------------------------------------------------------------------- */

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
    for (int i = 0; i < DUMPS && !atomic_load(&has_returned); i++) {
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
    if (leash_leak_report(stderr, (leash_leak_mark_t){0}, setting_ms("WATCH_GRACE_MS") * SPEED) > 0)
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
