/*
 * http_server.c - an HTTP/1.1 server on the loopback address.
 *
 *     http_server [-p PORT] [-r READ_MS] [-w WRITE_MS] [-i IDLE_MS] [-g GRACE_MS]
 *
 *     GET  /             a greeting
 *     POST /echo         the body back
 *     GET  /offer?ms=N   a page from two sources that take N milliseconds each (default 1000)
 *
 * The pattern: a task for each connection, written as if it were alone in the world, and a context
 * for everything that can be called off:
 *
 *     life                    the server; cancelled when the grace period is over
 *     +-- intake              taking in connections and requests; cancelled by SIGINT and SIGTERM
 *     +-- reading, writing    one request, one response: each with its time limit
 *     +-- hangup              one request being worked on; ends when its client hangs up
 *
 * Between requests a connection waits under `intake`, so the signal ends it at once; in the middle
 * of one it hangs on `life` and may finish.  Time limits are for the whole of a request or response
 * and not for each read or write: a client that sends a byte now and then would never meet those.
 *
 * request.c turns bytes into a request, within bounds, on http-parser (libhttp-parser-dev).
 */
#include "request.h"

#include <leash.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINGER_MS = 500, LINGER_BYTES_MAX = 1024 * 1024, RETRY_MS = 100, WORK_MS_MAX = 60 * 1000 };
enum { GONE = -1 }; /* a refusal nobody is left to read */

struct limits {
    int64_t read_ms;  /* a request, from its first byte to its last */
    int64_t write_ms; /* a response */
    int64_t idle_ms;  /* from a response to the next request */
    int64_t grace_ms; /* what is under way when the signal comes */
};

struct server {
    ctx_t *life;
    ctx_t *intake;
    struct limits limits;
    wg_t connections;
};

struct response {
    int status;
    const char *allow; /* for 405: what would be allowed */
    const char *body;
    size_t length;
    char text[256]; /* room for short bodies */
};

/* On the heap: a task's stack is small, and this is all a connection keeps. */
struct connection {
    struct server *server;
    int fd;
    size_t length; /* bytes received and not yet parsed */
    char bytes[4096];
    struct request request;
};

/* ---- reading a request ----------------------------------------------------------------------- */

static void parse(struct connection *connection)
{
    size_t used = request_parse(&connection->request, connection->bytes, connection->length);

    connection->length -= used;
    memmove(connection->bytes, connection->bytes + used, connection->length);
}

static bool receive(ctx_t *ctx, struct connection *connection, int64_t timeout_ms)
{
    ssize_t got = io_read(ctx, connection->fd, connection->bytes + connection->length,
                          sizeof connection->bytes - connection->length, timeout_ms);

    if (got > 0)
        connection->length += (size_t)got;
    return got > 0;
}

static bool write_all(ctx_t *ctx, int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = io_write(ctx, fd, bytes, length, NO_TIMEOUT);
        if (written <= 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* Before more of the body can come. */
static void consent(ctx_t *ctx, struct connection *connection)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct request *request = &connection->request;

    if (!request->wants_consent)
        return;
    request->wants_consent = false;
    if (!write_all(ctx, connection->fd, go_on, sizeof go_on - 1))
        request->refusal = GONE;
}

/* Until it is complete or has a refusal. */
static void read_request(struct connection *connection)
{
    struct server *server = connection->server;
    struct request *request = &connection->request;
    ctx_t *reading = ctx_with_timeout_ms(server->life, server->limits.read_ms);
    defer_ctx_free(reading);

    request_start(request);
    parse(connection);
    while (!request->complete && request->refusal == 0) {
        consent(reading, connection);
        if (request->refusal == 0 && receive(reading, connection, NO_TIMEOUT))
            parse(connection);
        else
            request->refusal = ctx_err(reading) == ETIMEDOUT ? HTTP_STATUS_REQUEST_TIMEOUT : GONE;
    }
}

/* Between requests.  What came along with the last one needs no waiting. */
static bool await_request(struct connection *connection)
{
    struct server *server = connection->server;

    return connection->length > 0 || receive(server->intake, connection, server->limits.idle_ms);
}

/* ---- answering it ---------------------------------------------------------------------------- */

static void say(struct response *response, int status, const char *text)
{
    response->status = status;
    response->length = (size_t)snprintf(response->text, sizeof response->text, "%s\n", text);
    response->body = response->text;
}

static void greet(ctx_t *ctx, const struct request *request, struct response *response)
{
    (void)ctx;
    (void)request;
    say(response, HTTP_STATUS_OK, "Hello from a task.");
}

static void echo(ctx_t *ctx, const struct request *request, struct response *response)
{
    (void)ctx;
    response->status = HTTP_STATUS_OK;
    response->body = request->body ? request->body : "";
    response->length = request->body_length;
}

struct source {
    const char *name;
    int64_t takes_ms;
    int value; /* 0 while it is not known */
};

/* Stands for a database or another server. */
static void ask(ctx_t *ctx, struct source *source)
{
    if (task_sleep_ctx(ctx, source->takes_ms) == 0)
        source->value = (int)strlen(source->name);
}

/* Two tasks of our own, both under the request's context.  When that ends they end, and so does the
 * wait for them: no select and no channel are needed, and what they write to may be a local. */
static void make_offer(ctx_t *ctx, const struct request *request, struct response *response)
{
    const char *query = strstr(request->url, "?ms=");
    int64_t takes_ms = query ? strtol(query + 4, NULL, 10) : 1000;
    wg_t asking = {0};

    if (takes_ms < 0 || takes_ms > WORK_MS_MAX) {
        say(response, HTTP_STATUS_BAD_REQUEST, "ms is out of range");
        return;
    }
    struct source stock = {"stock", takes_ms, 0};
    struct source price = {"the price", takes_ms, 0};
    wg_spawn(&asking, ask, ctx, &stock);
    wg_spawn(&asking, ask, ctx, &price);
    wg_wait(&asking);
    if (ctx_err(ctx) != 0)
        return;
    say(response, HTTP_STATUS_OK, "");
    response->length = (size_t)snprintf(response->text, sizeof response->text, "%d at %d each\n",
                                        stock.value, price.value);
}

static const struct route {
    const char *path;
    enum http_method method;
    const char *allow;
    void (*handle)(ctx_t *ctx, const struct request *request, struct response *response);
} routes[] = {
    {"/", HTTP_GET, "GET, HEAD", greet},
    {"/echo", HTTP_POST, "POST", echo},
    {"/offer", HTTP_GET, "GET, HEAD", make_offer},
};

static const struct route *find_route(const char *url)
{
    size_t length = strcspn(url, "?#");

    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strlen(routes[i].path) == length && strncmp(routes[i].path, url, length) == 0)
            return &routes[i];
    return NULL;
}

static void respond(ctx_t *ctx, const struct request *request, struct response *response)
{
    const struct route *route = find_route(request->url);

    if (!route) {
        say(response, HTTP_STATUS_NOT_FOUND, "no such page");
    } else if (request->parser.method == route->method ||
               (request->parser.method == HTTP_HEAD && route->method == HTTP_GET)) {
        route->handle(ctx, request, response);
    } else {
        say(response, HTTP_STATUS_METHOD_NOT_ALLOWED, "not that way");
        response->allow = route->allow;
    }
}

static int format_head(char *head, size_t size, const struct response *response, bool keep)
{
    char date[64];
    struct tm now;
    time_t seconds = time(NULL);

    if (strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &now)) == 0)
        date[0] = '\0';
    return snprintf(head, size,
                    "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: text/plain\r\n"
                    "Content-Length: %zu\r\n%s%s%sConnection: %s\r\n\r\n",
                    response->status, http_status_str((enum http_status)response->status), date,
                    response->length, response->allow ? "Allow: " : "",
                    response->allow ? response->allow : "", response->allow ? "\r\n" : "",
                    keep ? "keep-alive" : "close");
}

static bool send_response(struct connection *connection, const struct response *response, bool keep)
{
    struct server *server = connection->server;
    ctx_t *writing = ctx_with_timeout_ms(server->life, server->limits.write_ms);
    defer_ctx_free(writing);
    char head[512];
    int length = format_head(head, sizeof head, response, keep);
    bool wants_body = connection->request.parser.method != HTTP_HEAD;

    return write_all(writing, connection->fd, head, (size_t)length) &&
           (!wants_body || write_all(writing, connection->fd, response->body, response->length));
}

static void note(const struct request *request, int status, const char *remark)
{
    printf("%s %s %d%s\n", http_method_str((enum http_method)request->parser.method), request->url,
           status, remark);
}

/* false when the connection has to end. */
static bool answer_request(struct connection *connection)
{
    struct request *request = &connection->request;
    struct response response = {0};
    ctx_t *hangup = ctx_with_hangup(connection->server->life, connection->fd);
    defer_ctx_free(hangup);

    respond(hangup, request, &response);
    if (response.status == 0) {
        note(request, 0, ctx_err(connection->server->life) ? " cut off" : " client gone");
        return false;
    }
    bool keep = request->keep_connection && ctx_err(connection->server->intake) == 0;
    bool sent = send_response(connection, &response, keep);
    note(request, response.status, sent ? "" : " not taken");
    return sent && keep;
}

/* Closing a socket with unread bytes resets the connection, and then the client may never see the
 * answer.  So we end our side, and take in for a while what is still on its way. */
static void linger(struct connection *connection)
{
    ctx_t *ctx = ctx_with_timeout_ms(connection->server->life, LINGER_MS);
    defer_ctx_free(ctx);
    size_t taken = 0;

    (void)shutdown(connection->fd, SHUT_WR);
    connection->length = 0;
    while (taken < LINGER_BYTES_MAX && receive(ctx, connection, NO_TIMEOUT)) {
        taken += connection->length;
        connection->length = 0;
    }
}

static void send_refusal(struct connection *connection)
{
    struct request *request = &connection->request;
    struct response response = {0};

    if (request->refusal == GONE)
        return;
    say(&response, request->refusal, http_status_str((enum http_status)request->refusal));
    printf("refused %d\n", request->refusal);
    if (send_response(connection, &response, false))
        linger(connection);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void converse(struct connection *connection)
{
    bool again = true;

    while (again && await_request(connection)) {
        read_request(connection);
        again = connection->request.complete && answer_request(connection);
        if (!connection->request.complete)
            send_refusal(connection);
        request_end(&connection->request);
    }
}

/* Owns the descriptor. */
static void serve(struct server *server, int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection) {
        connection->server = server;
        connection->fd = fd;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        converse(connection);
    }
    free(connection);
    io_close(fd);
}

/* Ends when the intake does, or ends it when the listener is beyond hope. */
static void accept_connections(struct server *server, int listener)
{
    defer_cancel(server->intake);
    while (ctx_err(server->intake) == 0) {
        int fd = io_accept(server->intake, listener, NO_TIMEOUT);
        if (fd >= 0)
            wg_spawn(&server->connections, serve, server, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            (void)task_sleep_ctx(server->intake, RETRY_MS);
        else if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

/* First nobody may be added to the connections; only then does waiting for them make sense. */
static void run(ctx_t *parent, const struct limits *limits, int listener, chan_t *signals)
{
    ctx_t *life = ctx_with_cancel(parent);
    defer_ctx_free(life);
    ctx_t *intake = ctx_with_cancel(life);
    defer_ctx_free(intake);
    struct server server = {.life = life, .intake = intake, .limits = *limits};
    wg_t acceptor = {0};

    wg_spawn(&acceptor, accept_connections, &server, listener);
    (void)chan_select(RECV(signals, NULL), DONE(intake));
    ctx_cancel(intake);
    wg_wait(&acceptor);
    printf("stopping\n");

    ctx_t *grace = ctx_with_timeout_ms(parent, limits->grace_ms);
    defer_ctx_free(grace);
    if (wg_wait_ctx(grace, &server.connections) != 0) {
        ctx_cancel(life);
        wg_wait(&server.connections);
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
    if (bind(fd, (const struct sockaddr *)&address, size) == 0 && listen(fd, 128) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
        return fd;
    }
    io_close(fd);
    return -1;
}

static bool parse_options(int argc, char **argv, struct limits *limits, long *port)
{
    int option;

    while ((option = getopt(argc, argv, "p:r:w:i:g:")) != -1) {
        long value = option == '?' ? -1 : strtol(optarg, NULL, 10);
        if (value < 0)
            return false;
        switch (option) {
        case 'p':
            *port = value;
            break;
        case 'r':
            limits->read_ms = value;
            break;
        case 'w':
            limits->write_ms = value;
            break;
        case 'i':
            limits->idle_ms = value;
            break;
        default:
            limits->grace_ms = value;
        }
    }
    return optind == argc && *port <= UINT16_MAX;
}

static int entry(int argc, char **argv)
{
    struct limits limits = {10 * 1000, 10 * 1000, 120 * 1000, 30 * 1000};
    long port = 8080;

    if (!parse_options(argc, argv, &limits, &port)) {
        (void)fprintf(stderr,
                      "usage: %s [-p PORT] [-r READ_MS] [-w WRITE_MS] [-i IDLE_MS]"
                      " [-g GRACE_MS]\n",
                      argv[0]);
        return 2;
    }
    chan_t *signals = signal_notify(SIGINT, SIGTERM); /* before anybody can know that we are here */
    int listener = listen_on((uint16_t)port);
    if (listener >= 0) {
        run(ctx_background(), &limits, listener, signals);
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
    /* A client that is gone is an error of the write, not the end of the program. */
    (void)signal(SIGPIPE, SIG_IGN);
    request_set_up();
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    return leash_run(entry, argc, argv);
}
