/*
 * pipeline.c - the first lines of the input that contain a text, in capitals: grep, tr and head as
 * tasks.
 *
 * The pattern: each stage is a task with an input and an output, and closes its output when it
 * leaves. Closing travels down the pipe; stopping early must travel up, and that is what the
 * context is for: the last stage has seen enough, cancels, and every stage before it falls out of
 * its send.
 *
 * The lines are on the heap.  The channels have no room, so a line is always in one pair of hands:
 * sent, and then it is the receiver's, or not sent, and then it is still the sender's to free.
 */
#include <leash.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIME_LIMIT_MS = 10 * 1000 };

struct reader {
    int fd;
    size_t length; /* bytes read and not yet taken */
    char bytes[1024];
};

/* Hands the line on, or frees it: false when nobody wants any more. */
static bool pass_on(ctx_t *ctx, chan_t *out, char *line)
{
    if (chan_send_ctx(ctx, out, &line) == 0)
        return true;
    free(line);
    return false;
}

/* The next `length` bytes on the heap; NULL when there is no memory. */
static char *take(struct reader *reader, size_t length)
{
    char *line = malloc(length + 1);

    if (line) {
        memcpy(line, reader->bytes, length);
        line[length] = '\0';
    }
    reader->length -= length;
    memmove(reader->bytes, reader->bytes + length, reader->length);
    return line;
}

/* A line for the caller to free, or a piece of one that is longer than the buffer; NULL at the end
 * of the input, on failure, or when the context ends. */
static char *next_line(ctx_t *ctx, struct reader *reader)
{
    for (;;) {
        char *newline = memchr(reader->bytes, '\n', reader->length);
        if (newline)
            return take(reader, (size_t)(newline + 1 - reader->bytes));
        size_t room = sizeof reader->bytes - reader->length;
        if (room == 0)
            return take(reader, reader->length);
        ssize_t got = io_read(ctx, reader->fd, reader->bytes + reader->length, room, NO_TIMEOUT);
        if (got <= 0)
            return reader->length > 0 ? take(reader, reader->length) : NULL;
        reader->length += (size_t)got;
    }
}

static void read_lines(ctx_t *ctx, int fd, chan_t *lines)
{
    struct reader reader = {.fd = fd};
    char *line;

    defer_close(lines);
    while ((line = next_line(ctx, &reader)))
        if (!pass_on(ctx, lines, line))
            return;
}

static void keep_matching(ctx_t *ctx, const char *text, chan_t *lines, chan_t *matches)
{
    char *line;

    defer_close(matches);
    while (chan_recv_ctx(ctx, lines, &line) == 0) {
        if (!strstr(line, text))
            free(line);
        else if (!pass_on(ctx, matches, line))
            return;
    }
}

static void capitalize(ctx_t *ctx, chan_t *matches, chan_t *capitals)
{
    char *line;

    defer_close(capitals);
    while (chan_recv_ctx(ctx, matches, &line) == 0) {
        for (char *c = line; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        if (!pass_on(ctx, capitals, line))
            return;
    }
}

/* The last stage, in the caller's own task. */
static void print_first(ctx_t *ctx, chan_t *capitals, long limit)
{
    char *line;

    while (limit-- > 0 && chan_recv_ctx(ctx, capitals, &line) == 0) {
        (void)fputs(line, stdout);
        free(line);
    }
}

static void run(ctx_t *parent, int fd, const char *text, long limit)
{
    ctx_t *ctx = ctx_with_timeout_ms(parent, TIME_LIMIT_MS);
    defer_ctx_free(ctx);
    chan_t *lines = chan_make(char *, 0);
    defer_free(lines);
    chan_t *matches = chan_make(char *, 0);
    defer_free(matches);
    chan_t *capitals = chan_make(char *, 0);
    defer_free(capitals);
    wg_t stages = {0};

    wg_spawn(&stages, read_lines, ctx, fd, lines);
    wg_spawn(&stages, keep_matching, ctx, text, lines, matches);
    wg_spawn(&stages, capitalize, ctx, matches, capitals);
    print_first(ctx, capitals, limit);
    ctx_cancel(ctx);
    wg_wait(&stages);
}

static int entry(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s TEXT LIMIT < FILE\n", argv[0]);
        return 2;
    }
    run(ctx_background(), STDIN_FILENO, argv[1], strtol(argv[2], NULL, 10));
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
