/*
 * line_server.c - a TCP server that answers each line with the same line in capitals.
 *
 * The pattern: one task per connection, and a shutdown in three steps on SIGINT or SIGTERM:
 *
 *  1. Stop accepting.  The accept loop has a context of its own, so connections live on; only after
 *     that loop has ended can nobody be added to the connections, and waiting for them makes sense.
 *  2. Give the connections a grace period to finish by themselves.
 *  3. Cancel those that are left, and wait for them: each of their calls ends then.
 *
 * A connection cannot last for ever either: every read and write has a time limit, and the whole
 * conversation another one, by a context derived from the server's.
 */
#include <leash.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { IDLE_MS = 30 * 1000, CONVERSATION_MS = 600 * 1000, GRACE_MS = 5 * 1000, RETRY_MS = 100 };
enum { LINE_MAX_BYTES = 1024 };

static bool write_all(ctx_t *ctx, int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = io_write(ctx, fd, bytes, length, IDLE_MS);
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* Answers the whole lines in the buffer; the bytes of an unfinished one are left, or -1 on failure.
 */
static ssize_t answer_lines(ctx_t *ctx, int fd, char *buffer, size_t length)
{
    char *line = buffer;
    char *const end = buffer + length;
    char *newline;

    while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
        for (char *c = line; c < newline; c++)
            *c = (char)toupper((unsigned char)*c);
        if (!write_all(ctx, fd, line, (size_t)(newline + 1 - line)))
            return -1;
        line = newline + 1;
    }
    memmove(buffer, line, (size_t)(end - line));
    return end - line;
}

static void converse(ctx_t *ctx, int fd)
{
    char buffer[LINE_MAX_BYTES];
    size_t kept = 0;

    while (kept < sizeof buffer) {
        ssize_t got = io_read(ctx, fd, buffer + kept, sizeof buffer - kept, IDLE_MS);
        if (got <= 0)
            return;
        ssize_t rest = answer_lines(ctx, fd, buffer, kept + (size_t)got);
        if (rest < 0)
            return;
        kept = (size_t)rest;
    }
}

/* Owns the descriptor. */
static void serve(ctx_t *server, int fd)
{
    ctx_t *ctx = ctx_with_timeout_ms(server, CONVERSATION_MS);
    defer_ctx_free(ctx);
    converse(ctx, fd);
    io_close(fd);
}

/* Ends when its context does, or ends it when the listener is beyond hope. */
static void accept_connections(ctx_t *accepting, ctx_t *server, int listener, wg_t *connections)
{
    defer_cancel(accepting);
    while (ctx_err(accepting) == 0) {
        int fd = io_accept(accepting, listener, NO_TIMEOUT);
        if (fd >= 0)
            wg_spawn(connections, serve, server, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            (void)task_sleep_ctx(accepting, RETRY_MS);
        else if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (const struct sockaddr *)&address, size) == 0 && listen(fd, 64) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
        return fd;
    }
    io_close(fd);
    return -1;
}

static void run(ctx_t *parent, int listener, chan_t *signals)
{
    ctx_t *server = ctx_with_cancel(parent);
    defer_ctx_free(server);
    ctx_t *accepting = ctx_with_cancel(server);
    defer_ctx_free(accepting);
    wg_t acceptor = {0};
    wg_t connections = {0};

    wg_spawn(&acceptor, accept_connections, accepting, server, listener, &connections);
    (void)chan_select(RECV(signals, NULL), DONE(accepting));
    ctx_cancel(accepting);
    wg_wait(&acceptor);
    printf("stopping\n");

    ctx_t *grace = ctx_with_timeout_ms(parent, GRACE_MS);
    defer_ctx_free(grace);
    if (wg_wait_ctx(grace, &connections) != 0) {
        ctx_cancel(server);
        wg_wait(&connections);
    }
}

static int entry(int argc, char **argv)
{
    chan_t *signals = signal_notify(SIGINT, SIGTERM); /* before anybody can know that we are here */
    int listener = listen_on((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 7000));

    if (listener >= 0) {
        run(ctx_background(), listener, signals);
        io_close(listener);
        printf("stopped\n");
    } else {
        perror("listen");
    }
    signal_stop(signals);
    return listener >= 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of the write */
    return leash_run(entry, argc, argv);
}
