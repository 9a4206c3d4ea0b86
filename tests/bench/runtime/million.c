/*
 * million [COUNT]: a million tasks parked on receives, released, and the same once more.
 *
 * Says what the memory was, and whether all of this holds: every task ends; the second round peaks
 * within 5 % of the first; a second after it, resident memory is at most 64 MiB above what it was
 * at the start.  Exit status 1 where it does not.
 */
#include "bench.h"

#include <leash.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 2, SETTLE_MS = 200, GRACE_MS = 1000, ROUND_PERCENT = 5, REST_KIB = 64 * 1024 };

static atomic_long ended;

static void park_once(chan_t *gate, wg_t *arrived, wg_t *left)
{
    int value;

    wg_done(arrived);
    if (!chan_recv(gate, &value))
        atomic_fetch_add(&ended, 1);
    wg_done(left);
}

/* From now on VmHWM is the peak since now. */
static void forget_peak(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, "5", 1) != 1) {
        perror("/proc/self/clear_refs");
        exit(1);
    }
    close(fd);
}

/* The highest resident memory of the round, page tables included. */
static size_t play_round(long count)
{
    chan_t *gate = chan_make(int, 0);
    wg_t arrived = {0};
    wg_t left = {0};

    forget_peak();
    wg_add(&arrived, (int)count);
    wg_add(&left, (int)count);
    for (long i = 0; i < count; i++)
        spawn(park_once, gate, &arrived, &left);
    wg_wait(&arrived);
    task_sleep_ms(SETTLE_MS); /* the last to arrive go on to park */
    size_t tables_kib = status_kib("VmPTE");
    chan_close(gate);
    wg_wait(&left);
    chan_free(gate);
    return status_kib("VmHWM") + tables_kib;
}

static bool says(const char *what, bool holds)
{
    printf("%s: %s\n", what, holds ? "holds" : "DOES NOT HOLD");
    return holds;
}

static bool judge(long count, size_t start_kib, const size_t peak_kib[ROUNDS], size_t rest_kib)
{
    size_t limit_kib = peak_kib[0] + peak_kib[0] * ROUND_PERCENT / 100;
    bool holds = true;

    printf("start %zu MiB, peaks %zu and %zu MiB, at rest %zu MiB, tasks left %zu\n",
           start_kib / 1024, peak_kib[0] / 1024, peak_kib[1] / 1024, rest_kib / 1024,
           task_count() - 1);
    holds &= says("all tasks end", ended == ROUNDS * count && task_count() == 1);
    holds &= says("the second round peaks within 5 % of the first", peak_kib[1] <= limit_kib);
    holds &=
        says("a second later at most 64 MiB above the start", rest_kib <= start_kib + REST_KIB);
    return holds;
}

static int entry(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
    size_t start_kib = status_kib("VmRSS");
    size_t peak_kib[ROUNDS];

    for (int i = 0; i < ROUNDS; i++)
        peak_kib[i] = play_round(count);
    task_sleep_ms(GRACE_MS);
    return judge(count, start_kib, peak_kib, status_kib("VmRSS")) ? 0 : 1;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
