/*
 * price_server.c [PORT [ADDRESS]] - a TCP server to be watched while it leaks.
 *
 * A client sends a line, for how many milliseconds it is willing to wait, and gets a price, or "too
 * late".  The store that knows the prices takes STORE_MS.
 *
 *     $ echo 1000 | nc -N 127.0.0.1 7000
 *     42
 *     $ echo 10 | nc -N 127.0.0.1 7000
 *     too late
 *     $ leash tasks http://127.0.0.1:6060
 *
 * The mistake, made on purpose: the answer travels on a channel without room.  Who does not wait
 * long enough leaves a task behind that is parked in its send for ever.  The dumps, the page at
 * http://127.0.0.1:6060/ and its button show it.  `leash check` tells of it before the program
 * runs; here it is asked to ignore it.  With room for one, and a reference of its own for the task
 * (chan_ref), nobody would be left.
 */
#include <leash.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STORE_MS = 200, CLIENT_MS = 5000, LINE_BYTES = 32, PRICE = 42 };

/* The store is slow. */
static void fetch_price(chan_t *answer)
{
    int price = PRICE;

    task_sleep_ms(STORE_MS);
    (void)chan_send(answer, &price); // leash:ignore abandoned-send -- it is what is to be seen
}

/* false: it does not come in time. */
static bool ask_price(int64_t patience_ms, int *price)
{
    chan_t *answer = chan_make(int, 0);

    spawn(fetch_price, answer); // leash:ignore spawn-without-done -- the same
    if (chan_select(RECV(answer, price), AFTER_MS(patience_ms)) != 0)
        return false; /* and nobody will receive any more */
    chan_free(answer);
    return true;
}

/* The number in the line that the client sends; -1: none. */
static long read_patience(ctx_t *ctx, int fd)
{
    char line[LINE_BYTES];
    size_t length = 0;

    while (length < sizeof line - 1) {
        ssize_t got = io_read(ctx, fd, line + length, sizeof line - 1 - length, CLIENT_MS);
        if (got <= 0)
            return -1;
        length += (size_t)got;
        if (!memchr(line, '\n', length))
            continue;
        line[length] = '\0';
        return strtol(line, NULL, 10);
    }
    return -1;
}

/* Owns the descriptor. */
static void serve(ctx_t *ctx, int fd)
{
    char line[LINE_BYTES] = "too late\n";
    long patience_ms = read_patience(ctx, fd);
    int price;

    if (patience_ms >= 0 && ask_price(patience_ms, &price))
        (void)snprintf(line, sizeof line, "%d\n", price);
    if (patience_ms >= 0)
        (void)io_write(ctx, fd, line, strlen(line), CLIENT_MS);
    (void)io_close(fd);
}

/* Until the context ends, or an error; line_server.c tells which of those pass. */
static void accept_clients(ctx_t *ctx, int listener, wg_t *clients)
{
    int fd;

    while ((fd = io_accept(ctx, listener, NO_TIMEOUT)) >= 0)
        wg_spawn(clients, serve, ctx, fd);
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
    (void)close(fd);
    return -1;
}

static void run(int listener, chan_t *signals)
{
    ctx_t *ctx = ctx_with_cancel(ctx_background());
    defer_ctx_free(ctx);
    wg_t acceptor = {0};
    wg_t clients = {0};

    wg_spawn(&acceptor, accept_clients, ctx, listener, &clients);
    (void)chan_recv(signals, NULL);
    ctx_cancel(ctx);
    wg_wait(&acceptor);
    wg_wait(&clients);
}

static int entry(int argc, char **argv)
{
    chan_t *signals = signal_notify(SIGINT, SIGTERM);
    int listener = listen_on((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 7000));
    int error = listener < 0 ? 1 : debug_serve(argc > 2 ? argv[2] : NULL);

    if (!error)
        run(listener, signals);
    else
        (void)fprintf(stderr, "%s: the ports cannot be had\n", argv[0]);
    if (listener >= 0)
        (void)io_close(listener);
    signal_stop(signals);
    return error ? 1 : 0;
}

int main(int argc, char **argv)
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    return leash_run(entry, argc, argv);
}
