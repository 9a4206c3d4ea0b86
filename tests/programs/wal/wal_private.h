/* wal_private.h */
#ifndef WAL_PRIVATE_H
#define WAL_PRIVATE_H

#include "wal.h"

#include <pthread.h>

struct record {
    struct record *next;
    uint64_t lsn;
    size_t length;
    const void *bytes; /* the appender's, who waits */
};

struct wal_tail {
    struct wal *wal;
    struct wal_tail *next;
    uint64_t seen;
    bool is_shut;
};

struct wal {
    struct wal_device device;
    struct wal_options options;

    pthread_rwlock_t gate; /* appends pass it as readers, a checkpoint shuts it;
                              before `lock` */

    pthread_mutex_t lock;  /* for what follows */
    pthread_cond_t queued; /* there is work for the writer */
    pthread_cond_t room;   /* fewer records are pending */
    pthread_cond_t safe;   /* safe_lsn has grown, or the log has failed; tails too */
    struct record *first;
    struct record *last;
    size_t pending;
    uint64_t next_lsn;
    uint64_t safe_lsn;
    int error;
    bool is_closing;
    struct wal_tail *tails;
    pthread_cond_t closing; /* for the checkpointer */

    pthread_t writer;
    pthread_t checkpointer;
    bool has_checkpointer;
};

/* writer.c */
int wal_writer_start(struct wal *wal);
void wal_writer_stop(struct wal *wal);

/* checkpoint.c */
int wal_checkpointer_start(struct wal *wal);
void wal_checkpointer_stop(struct wal *wal);

/* With the lock held: no record gets safe any more, and all who wait are told.
 */
void wal_fail(struct wal *wal, int error);

#endif
