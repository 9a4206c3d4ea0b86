/* journal.c - see journal.h. */
#include "journal.h"

#include <stdarg.h>

static void keep(struct journal *journal, const struct line *line)
{
    mu_lock(&journal->lock);
    journal->kept[journal->written % LINES_KEPT] = *line;
    journal->written++;
    mu_unlock(&journal->lock);
}

static void write_lines(struct journal *journal)
{
    struct line line;

    while (chan_recv(journal->lines, &line)) {
        (void)fprintf(journal->out, "%4d %s\n", line.number, line.text);
        keep(journal, &line);
    }
    (void)fflush(journal->out);
}

void journal_start(struct journal *journal, FILE *out)
{
    *journal = (struct journal){.out = out, .lines = chan_make(struct line, LINES_WAITING)};
    wg_spawn(&journal->writer, write_lines, journal);
}

void journal_say(struct journal *journal, const char *format, ...)
{
    struct line line;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line.text, sizeof line.text, format, arguments);
    va_end(arguments);
    mu_lock(&journal->lock);
    line.number = ++journal->said;
    mu_unlock(&journal->lock);
    chan_send(journal->lines, &line);
}

int journal_written(struct journal *journal)
{
    mu_lock(&journal->lock);
    int written = journal->written;
    mu_unlock(&journal->lock);
    return written;
}

void journal_stop(struct journal *journal)
{
    chan_close(journal->lines);
    wg_wait(&journal->writer);
    chan_free(journal->lines);
}
