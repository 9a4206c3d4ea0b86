/*
 * debug_serve: the state of the tasks by HTTP.
 *
 * libmicrohttpd's thread answers; it runs no task, so a program in which all tasks compute or are
 * stuck can still be looked at.  It reads what tasks are made of, and so has to be gone before
 * leash_run gives that back: run_at_end sees to it.
 */
#include "counts.h"
#include "page.h"
#include "run.h"
#include "task.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* What clients may cost.  On loopback all of them have the same address, so one of them may not
 * have all connections either way. */
enum {
    CONNECTIONS = 32,
    CONNECTIONS_PER_ADDRESS = 24,
    CONNECTION_BYTES = 16 * 1024, /* the request and the headers of the answer */
    IDLE_SECONDS = 10,
};

#define DEFAULT_ADDRESS "127.0.0.1:6060"

static struct {
    pthread_mutex_t lock;
    struct MHD_Daemon *daemon; /* NULL: none serves */
    bool loopback;             /* set before the daemon starts */
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- what is said ---------------------------------------------------------------------------- */

static void write_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP leash_%s %s\n# TYPE leash_%s %s\n", name, help, name, type);
}

static void write_counter(FILE *out, const char *name, const char *help, uint64_t value)
{
    write_head(out, name, "counter", help);
    fprintf(out, "leash_%s %" PRIu64 "\n", name, value);
}

static void write_tasks(FILE *out, const struct counts *counts)
{
    write_head(out, "tasks", "gauge", "Tasks that are alive, by state.");
    fprintf(out,
            "leash_tasks{state=\"running\"} %" PRIu64 "\n"
            "leash_tasks{state=\"runnable\"} %" PRIu64 "\n"
            "leash_tasks{state=\"parked\"} %" PRIu64 "\n",
            counts->running, counts->runnable, counts->parked);
}

static void write_channels(FILE *out, const uint64_t *total)
{
    write_head(out, "channel_operations_total", "counter",
               "Calls of chan_send, chan_recv, chan_close and chan_select.");
    fprintf(out,
            "leash_channel_operations_total{operation=\"send\"} %" PRIu64 "\n"
            "leash_channel_operations_total{operation=\"receive\"} %" PRIu64 "\n"
            "leash_channel_operations_total{operation=\"close\"} %" PRIu64 "\n"
            "leash_channel_operations_total{operation=\"select\"} %" PRIu64 "\n",
            total[COUNT_SENDS], total[COUNT_RECEIVES], total[COUNT_CLOSES], total[COUNT_SELECTS]);
}

/* A scrape must not stop the program to search, so this is of the last time that somebody did. */
static void write_search(FILE *out, const struct counts *counts)
{
    if (!counts->searched)
        return;
    write_head(out, "tasks_lost", "gauge", "Tasks that leak_find called lost for good, last time.");
    fprintf(out, "leash_tasks_lost %" PRIu64 "\n", counts->lost);
    write_head(out, "leak_find_timestamp_seconds", "gauge", "When that was.");
    fprintf(out, "leash_leak_find_timestamp_seconds %" PRId64 "\n", counts->searched);
}

static int write_metrics(FILE *out)
{
    struct counts counts = counts_read();

    write_tasks(out, &counts);
    write_counter(out, "tasks_spawned_total", "Tasks spawned since leash_run began.",
                  counts.spawned);
    write_counter(out, "tasks_finished_total", "Tasks that have returned.", counts.finished);
    write_channels(out, counts.total);
    write_counter(out, "switches_total",
                  "Times a task left its thread: it parked, yielded or ended.", counts.switches);
    write_counter(out, "parks_total", "Times a task parked.", counts.total[COUNT_PARKS]);
    write_counter(out, "wakeups_total", "Times a thread of tasks made a parked one ready.",
                  counts.total[COUNT_WAKES]);
    write_counter(out, "steals_total", "Times a thread took ready tasks from another.",
                  counts.total[COUNT_STEALS]);
    write_search(out, &counts);
    write_counter(out, "polls_total", "Times a thread asked for descriptors that are ready.",
                  counts.total[COUNT_POLLS]);
    return 0;
}

/* All that it could say of an error is in the text. */
static int write_lost(FILE *out)
{
    leash_leak_find(out);
    return 0;
}

static int write_lost_json(FILE *out)
{
    leash_leak_find_json(out);
    return 0;
}

static int write_top(FILE *out)
{
    return leash_task_dump_as(out, "top");
}

static int write_tree(FILE *out)
{
    return leash_task_dump_as(out, "tree");
}

static int write_objects(FILE *out)
{
    return leash_task_dump_as(out, "objects");
}

#define TEXT "text/plain; charset=utf-8"

/* A path, and what it says in a format or view; "" stands for none wanted. */
static const struct page {
    const char *path, *format, *view, *type;
    const char *text;        /* NULL: what the call writes instead */
    int (*write)(FILE *out); /* 0 or an errno */
} pages[] = {
    {"/", "", "", "text/html; charset=utf-8", page_html, NULL},
    {"/debug/tasks", "", "", TEXT, NULL, leash_task_dump},
    {"/debug/tasks", "", "list", TEXT, NULL, leash_task_dump},
    {"/debug/tasks", "", "top", TEXT, NULL, write_top},
    {"/debug/tasks", "", "tree", TEXT, NULL, write_tree},
    {"/debug/tasks", "", "objects", TEXT, NULL, write_objects},
    {"/debug/tasks", "json", "", "application/json", NULL, leash_task_dump_json},
    {"/debug/tasks/lost", "", "", TEXT, NULL, write_lost},
    {"/debug/tasks/lost", "json", "", "application/json", NULL, write_lost_json},
    {"/healthz", "", "", TEXT, "ok\n", NULL},
    {"/metrics", "", "", "text/plain; version=0.0.4; charset=utf-8", NULL, write_metrics},
    {"/page.css", "", "", "text/css; charset=utf-8", page_css, NULL},
    {"/page.js", "", "", "text/javascript; charset=utf-8", page_js, NULL},
};

/* The page loads its own parts and nothing else. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "                \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* ---- answers --------------------------------------------------------------------------------- */

/* Answers with `text`, which it frees, and ends the connection: an answer is ready before the body
 * would be read, so libmicrohttpd reads nothing more.  MHD_NO, when there is no memory, ends it
 * without one. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              char *text, size_t length)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);

    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Content-Security-Policy", POLICY);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
    char *text = strdup(why);

    return text ? answer(connection, status, TEXT, text, strlen(text)) : MHD_NO;
}

/* It has ended its side.  Who asks by HTTP and still waits does not. */
static bool client_is_gone(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd client = {.events = POLLRDHUP};

    if (!info)
        return true;
    client.fd = info->connect_fd;
    return poll(&client, 1, 0) == 1;
}

/* What holds the tasks up while it is written is written for nobody who has left: a crowd of
 * clients may have waited, and be gone. */
static enum MHD_Result answer_page(struct MHD_Connection *connection, const struct page *page)
{
    char *text = NULL;
    size_t length = 0;

    if (!page->text && client_is_gone(connection))
        return MHD_NO;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return MHD_NO;
    int error = page->text ? fputs(page->text, out) == EOF : page->write(out);
    if (fclose(out) || error) {
        free(text);
        return MHD_NO;
    }
    return answer(connection, MHD_HTTP_OK, page->type, text, length);
}

/* A page of the web could have a name of its own lead here, and then read the answers.  So on
 * loopback the request has to name an address, or localhost. */
static bool host_is_foreign(const char *host)
{
    if (!host || !server.loopback || *host == '[')
        return false;
    if (!strncasecmp(host, "localhost", 9) && (!host[9] || host[9] == ':'))
        return false;
    return host[strspn(host, "0123456789.:")] != '\0';
}

static enum MHD_Result handle(void *unused, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *body,
                              /* NOLINTNEXTLINE(readability-non-const-parameter): its type */
                              size_t *body_length, void **request)
{
    bool path_is_known = false;

    (void)unused, (void)version, (void)body, (void)body_length, (void)request;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD\n");
    if (host_is_foreign(
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST)))
        return refuse(connection, MHD_HTTP_FORBIDDEN, "ask for an address or localhost\n");
    const char *format = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "format");
    const char *view = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "view");
    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
        if (strcmp(path, pages[i].path) != 0)
            continue;
        path_is_known = true;
        if (!strcmp(format ? format : "", pages[i].format) &&
            !strcmp(view ? view : "", pages[i].view))
            return answer_page(connection, &pages[i]);
    }
    if (path_is_known)
        return refuse(connection, MHD_HTTP_BAD_REQUEST, "no such format or view\n");
    return refuse(connection, MHD_HTTP_NOT_FOUND, "no such page\n");
}

/* ---- where ----------------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* "6060": 0 to 65535, and nothing else. */
static bool read_port(const char *text, in_port_t *port)
{
    size_t digits = strspn(text, "0123456789");
    long number = strtol(text, NULL, 10);

    *port = htons((in_port_t)number);
    return digits && digits <= 5 && !text[digits] && number <= 65535;
}

/* As leash.h describes it; false: it is no address. */
static bool read_address(const char *text, union address *address)
{
    char host[INET6_ADDRSTRLEN + 2] = "";
    const char *colon = strrchr(text, ':');

    memset(address, 0, sizeof(*address));
    if (!colon || (size_t)(colon - text) >= sizeof(host))
        return false;
    memcpy(host, text, (size_t)(colon - text));
    size_t length = strlen(host);
    if (*host == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        address->v6.sin6_family = AF_INET6;
        return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1 &&
               read_port(colon + 1, &address->v6.sin6_port);
    }
    address->v4.sin_family = AF_INET;
    return inet_pton(AF_INET, *host ? host : "127.0.0.1", &address->v4.sin_addr) == 1 &&
           read_port(colon + 1, &address->v4.sin_port);
}

static bool is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static void tell(const union address *address)
{
    bool v6 = address->any.sa_family == AF_INET6;
    const void *host = v6 ? (const void *)&address->v6.sin6_addr : &address->v4.sin_addr;
    char text[INET6_ADDRSTRLEN];

    inet_ntop(address->any.sa_family, host, text, sizeof(text));
    fprintf(stderr, "leash: debug server at http://%s%s%s:%u/\n", v6 ? "[" : "", text,
            v6 ? "]" : "", MHD_get_daemon_info(server.daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
}

/* ---- start and stop -------------------------------------------------------------------------- */

/* 0 or an errno; under the lock. */
static int start(const union address *address)
{
    /* Not by epoll: it asks for edges, and libmicrohttpd (0.9.75) then does not see that a client
     * is gone whose last bytes came together with the end.  ITC wakes the thread for debug_stop,
     * also when there are too many connections for it to listen. */
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC;
    sigset_t all;
    sigset_t former;

    if (address->any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    server.loopback = is_loopback(address);
    /* Signals are for the threads of the tasks, and a client that is gone raises none.  By SIGURG
     * leak_find stops this thread too. */
    sigfillset(&all);
    sigdelset(&all, SIGURG);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    errno = 0;
    server.daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, &address->any,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (!server.daemon)
        return error ? error : EIO;
    run_at_end(leash_debug_stop);
    leash_debug_stacks();
    tell(address);
    return 0;
}

int leash_debug_serve(const char *address)
{
    union address where;

    if (!task_self())
        return EPERM;
    if (!read_address(address ? address : DEFAULT_ADDRESS, &where))
        return EINVAL;
    pthread_mutex_lock(&server.lock);
    int error = server.daemon ? EALREADY : start(&where);
    pthread_mutex_unlock(&server.lock);
    return error;
}

void leash_debug_stop(void)
{
    pthread_mutex_lock(&server.lock);
    if (server.daemon)
        MHD_stop_daemon(server.daemon);
    server.daemon = NULL;
    pthread_mutex_unlock(&server.lock);
}
