/*
 * journal.h - the log: one task writes, all others send it lines.
 *
 * Lines that come in while it writes wait in a channel; when that is full the sender waits.  The
 * last lines are kept for the summary.
 */
#ifndef BUILDER_JOURNAL_H
#define BUILDER_JOURNAL_H

#include <leash.h>
#include <stdio.h>

enum { LINE_BYTES = 80, LINES_WAITING = 4, LINES_KEPT = 8 };

struct line {
    int number;
    char text[LINE_BYTES];
};

struct journal {
    FILE *out;
    chan_t *lines; /* of struct line; closed by journal_stop */
    wg_t writer;
    mu_t lock;
    int said, written;            /* under lock */
    struct line kept[LINES_KEPT]; /* under lock: a ring */
};

void journal_start(struct journal *journal, FILE *out);
/* Parks while the writer has enough to do. */
__attribute__((format(printf, 2, 3))) void journal_say(struct journal *journal, const char *format,
                                                       ...);
int journal_written(struct journal *journal);
/* When nobody says anything any more: writes what is left. */
void journal_stop(struct journal *journal);

#endif
