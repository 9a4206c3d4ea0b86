/*
 * wal.h - a log that is written ahead: an append returns when what it wrote is
 * safe.
 *
 * Appends of many threads go to the disk together.  All calls are for any
 * thread, wal_close for the last one.
 */
#ifndef WAL_H
#define WAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wal wal_t;

/* Where the bytes go.  0 or an errno each; `write` may be called while `sync`
 * is under way. */
struct wal_device {
    int (*write)(void *device, const void *bytes, size_t length);
    int (*sync)(void *device);
    void *device;
};

struct wal_options {
    size_t batch_bytes;     /* so much goes to the disk at a time, at most */
    size_t pending_max;     /* so many records may wait for the disk; further appends
                               wait */
    unsigned checkpoint_ms; /* a checkpoint each so often; 0: on demand alone */
    void (*on_checkpoint)(void *user, uint64_t lsn); /* or NULL */
    void *user;
};

int wal_open(const struct wal_device *device, const struct wal_options *options, wal_t **opened);

/* Writes what is pending, stops the threads and frees the log. */
void wal_close(wal_t *wal);

/* Returns when the record is safe; its number, or 0 with errno set. */
uint64_t wal_append(wal_t *wal, const void *bytes, size_t length);

/* Waits until the record of that number is safe, whoever appends it; false: the
 * log has failed, or `timeout_ms` has passed (0: there is no limit). */
bool wal_wait(wal_t *wal, uint64_t lsn, unsigned timeout_ms);

/* Keeps new records out while it says how far the log was; waits for those that
 * are on their way. */
uint64_t wal_checkpoint(wal_t *wal);

/* Readers of the log's end: each gets the numbers of records as they get safe.
 */
typedef struct wal_tail wal_tail_t;
wal_tail_t *wal_tail_open(wal_t *wal);
/* The next number, or 0 when the log has failed or the tail was shut. */
uint64_t wal_tail_next(wal_tail_t *tail);
/* Lets go who waits in wal_tail_next; for another thread than that. */
void wal_tail_shut(wal_tail_t *tail);
void wal_tail_close(wal_tail_t *tail);

#endif
