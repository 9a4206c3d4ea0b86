/*
 * worker.h - one worker process: orders go in, bytes come out.
 */
#ifndef LEASH_WORKER_H
#define LEASH_WORKER_H

#include "project/collect.h"

#include <sys/types.h>
#include <time.h>

enum { WORKER_IDLE = -1 };

/* What precedes the bytes of an answer. */
struct answer_head {
    uint64_t length;  /* bytes that follow */
    uint64_t is_unit; /* 1: a unit; 0: the reason why there is none, as text */
};

struct worker {
    pid_t pid;           /* 0: not started */
    int orders, answers; /* our ends of the pipes */
    int log;             /* what it writes to stderr */
    int64_t unit;        /* index of the unit it is on, or WORKER_IDLE */
    unsigned served;     /* units so far */
    time_t deadline;     /* on the monotonic clock, for the unit it is on */
    bool is_late;        /* was killed for it */
    struct text bytes;   /* of the answer, head included, as far as it came */
};

enum answer_state { ANSWER_PARTIAL, ANSWER_WHOLE, ANSWER_BROKEN };

/* In a forked process: from now on it ends with the process that forked it, whatever ends that and
 * wherever it waits itself. */
void worker_end_with(pid_t parent);
/* Forks a worker that parses `units`. */
bool worker_start(struct worker *, const unit_list *units, const struct collect_options *);
/* Hands it a unit.  false: it is dead. */
bool worker_order(struct worker *, size_t unit);
/* Takes what there is to read.  ANSWER_BROKEN: it died, or sent nonsense. */
enum answer_state worker_read(struct worker *, struct answer_head *head, const char **data);
/* What it said on stderr about the unit it is on, as far as that tells something; NULL: nothing. */
const char *worker_words(struct arena *, const struct worker *);
/* Ends it, for taking too long. */
void worker_kill(struct worker *);
/* Waits until it is gone; the text of why it died, for `why` the unit failed, or NULL when it ended
 * as it should. */
const char *worker_stop(struct arena *, struct worker *);

#endif
