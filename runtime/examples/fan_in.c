/*
 * fan_in.c - which of several servers answers first?  Connects to all of them at the same time.
 *
 * The pattern: many senders, one channel, one receiver who may have had enough before the last one
 * speaks.  With a plain channel each later sender would be parked on it for ever.  Three things
 * together prevent that, and any one of them alone would do here:
 *
 *  - the channel has room for one answer of each sender,
 *  - the senders give up when their context ends, and the receiver ends it when it leaves,
 *  - the receiver waits for all of them before the channel goes.
 *
 * Nobody closes the channel: the receiver counts the answers it may expect.
 */
#include <leash.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECT_MS = 2 * 1000, TOTAL_MS = 5 * 1000 };

struct answer {
    const char *server; /* from the command line, nobody's to free */
    int64_t took_ms;
    int error; /* 0 when it could be reached, else an errno */
};

/* "192.0.2.1:80", numbers only. */
static bool parse_server(const char *text, struct sockaddr_in *address)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : sizeof host;

    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    return inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

static int try_connect(ctx_t *ctx, const char *server)
{
    struct sockaddr_in address;

    if (!parse_server(server, &address))
        return EINVAL;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return errno;
    int error = io_connect(ctx, fd, &address, sizeof address, CONNECT_MS) == 0 ? 0 : errno;
    io_close(fd);
    return error;
}

static void probe(ctx_t *ctx, const char *server, chan_t *answers)
{
    int64_t start = task_now_ms();
    struct answer answer = {.server = server};

    answer.error = try_connect(ctx, server);
    answer.took_ms = task_now_ms() - start;
    (void)chan_send_ctx(ctx, answers, &answer); /* refused: nobody is interested any more */
}

/* The first good answer of at most `expected`; false when there is none in time. */
static bool first_answer(ctx_t *ctx, chan_t *answers, int expected, struct answer *answer)
{
    for (int i = 0; i < expected; i++) {
        if (chan_recv_ctx(ctx, answers, answer) != 0)
            return false;
        if (answer->error == 0)
            return true;
        (void)fprintf(stderr, "%s: %s\n", answer->server, strerror(answer->error));
    }
    return false;
}

static bool race(ctx_t *parent, char **servers, int count, struct answer *winner)
{
    ctx_t *ctx = ctx_with_timeout_ms(parent, TOTAL_MS);
    defer_ctx_free(ctx);
    chan_t *answers = chan_make(struct answer, (size_t)count);
    defer_free(answers);
    wg_t probes = {0};

    for (int i = 0; i < count; i++)
        wg_spawn(&probes, probe, ctx, servers[i], answers);
    bool found = first_answer(ctx, answers, count, winner);
    ctx_cancel(ctx);
    wg_wait(&probes);
    return found;
}

static int entry(int argc, char **argv)
{
    struct answer winner;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s ADDRESS:PORT...\n", argv[0]);
        return 2;
    }
    if (!race(ctx_background(), argv + 1, argc - 1, &winner)) {
        (void)fprintf(stderr, "nobody answers\n");
        return 1;
    }
    printf("%s after %lld ms\n", winner.server, (long long)winner.took_ms);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
