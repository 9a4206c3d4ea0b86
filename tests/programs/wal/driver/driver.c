/* driver.c - a run of the log: many threads append, tails follow, the disk
 * fails in the end. */
#include "wal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { APPENDERS = 6, TAILS = 2 };

struct disk {
    int writes_left; /* then it fails; -1: never */
    size_t bytes;
};

static int disk_write(void *device, const void *bytes, size_t length)
{
    struct disk *disk = device;

    (void)bytes;
    if (disk->writes_left == 0)
        return ENOSPC;
    disk->writes_left -= disk->writes_left > 0;
    disk->bytes += length;
    return 0;
}

static int disk_sync(void *device)
{
    (void)device;
    nanosleep(&(struct timespec){0, 100000}, NULL);
    return 0;
}

struct appender {
    wal_t *wal;
    int records;
    int failed;
};

static void *append(void *arg)
{
    struct appender *appender = arg;

    for (int i = 0; i < appender->records; i++) {
        uint64_t lsn = wal_append(appender->wal, "record", 6);
        if (!lsn)
            appender->failed++;
        else if (!wal_wait(appender->wal, lsn, 0))
            abort();
        if (i % 10 == 9)
            wal_checkpoint(appender->wal);
    }
    return NULL;
}

static void *follow(void *arg)
{
    while (wal_tail_next(arg))
        ;
    return NULL;
}

static void on_checkpoint(void *user, uint64_t lsn)
{
    atomic_store((_Atomic uint64_t *)user, lsn);
}

static int run(int records, int writes, unsigned checkpoint_ms)
{
    struct disk disk = {.writes_left = writes};
    struct wal_device device = {disk_write, disk_sync, &disk};
    _Atomic uint64_t checkpoint = 0;
    struct wal_options options = {64, 4, checkpoint_ms, on_checkpoint, &checkpoint};
    struct appender appenders[APPENDERS] = {0};
    pthread_t threads[APPENDERS];
    pthread_t followers[TAILS];
    wal_tail_t *tails[TAILS];
    wal_t *wal;
    int failed = 0;

    if (wal_open(&device, &options, &wal))
        return EXIT_FAILURE;
    for (int i = 0; i < TAILS; i++) {
        tails[i] = wal_tail_open(wal);
        if (!tails[i] || pthread_create(&followers[i], NULL, follow, tails[i]))
            return EXIT_FAILURE;
    }
    for (int i = 0; i < APPENDERS; i++) {
        appenders[i] = (struct appender){wal, records, 0};
        if (pthread_create(&threads[i], NULL, append, &appenders[i]))
            return EXIT_FAILURE;
    }
    wal_wait(wal, (uint64_t)records * APPENDERS + 1, writes < 0 ? 5 : 0);
    for (int i = 0; i < APPENDERS; i++) {
        pthread_join(threads[i], NULL);
        failed += appenders[i].failed;
    }
    for (int i = 0; i < TAILS; i++) {
        wal_tail_shut(tails[i]);
        pthread_join(followers[i], NULL);
        wal_tail_close(tails[i]);
    }
    wal_close(wal);
    printf("%zu bytes, %d failed, checkpoint at %llu\n", disk.bytes, failed,
           (unsigned long long)checkpoint);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int records = argc > 1 ? atoi(argv[1]) : 40;
    int writes = argc > 2 ? atoi(argv[2]) : -1;

    return run(records, writes, argc > 3 ? (unsigned)atoi(argv[3]) : 2);
}
