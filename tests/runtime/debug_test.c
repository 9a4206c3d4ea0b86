/*
 * debug_serve, asked by a client that knows nothing of HTTP but what it sends.
 *
 * The client blocks its thread: the server must answer from its own.
 */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARKED = 3, CONNECTIONS = 32, ANSWER_BYTES = 64 * 1024, PATIENCE_SECONDS = 20 };

static in_port_t port; /* of the server, as it said */
static char answer[ANSWER_BYTES];

/* ---- the server ------------------------------------------------------------------------------ */

/* Serves, and returns the error; keeps what it said of itself in `said`. */
static int serve(const char *address, char *said, size_t size)
{
    FILE *file = tmpfile();
    int keep = dup(STDERR_FILENO);

    CHECK(file && keep >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    int error = debug_serve(address);
    CHECK(dup2(keep, STDERR_FILENO) >= 0);
    close(keep);
    CHECK(!fseek(file, 0, SEEK_SET));
    said[fread(said, 1, size - 1, file)] = '\0';
    fclose(file);
    return error;
}

/* Serves on a free port of loopback. */
static void serve_anywhere(void)
{
    static const char start[] = "leash: debug server at http://127.0.0.1:";
    char said[256];

    CHECK(serve(":0", said, sizeof(said)) == 0);
    CHECK(!strncmp(said, start, strlen(start)));
    port = (in_port_t)atoi(said + strlen(start));
    CHECK(port);
}

/* ---- the client ------------------------------------------------------------------------------ */

/* -1: nobody listens. */
static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    close(fd);
    return -1;
}

/* Sends what the other side still takes of it. */
static void say(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        length -= (size_t)sent;
    }
}

/* All that comes until the server closes, into `answer`.  Closes. */
static void hear(int fd)
{
    size_t length = 0;
    ssize_t got;

    /* A search for lost tasks interrupts what waits with a timeout. */
    while ((got = recv(fd, answer + length, sizeof(answer) - 1 - length, 0)) > 0 ||
           (got < 0 && errno == EINTR))
        length += got > 0 ? (size_t)got : 0;
    CHECK(got == 0 || errno == ECONNRESET);
    answer[length] = '\0';
    close(fd);
}

/* The status of the answer to these bytes; 0: closed without one. */
static int ask(const char *request)
{
    int fd = dial();

    CHECK(fd >= 0);
    say(fd, request);
    hear(fd);
    return strncmp(answer, "HTTP/1.", 7) != 0 ? 0 : atoi(answer + 9);
}

static int get(const char *path)
{
    char request[256];

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
    return ask(request);
}

static const char *body(void)
{
    const char *end = strstr(answer, "\r\n\r\n");

    CHECK(end);
    return end + 4;
}

static int occurrences(const char *part)
{
    int count = 0;

    for (const char *place = answer; (place = strstr(place, part)); place++)
        count++;
    return count;
}

static void check_serves(void)
{
    CHECK(get("/healthz") == 200);
    CHECK(!strcmp(body(), "ok\n"));
}

/* ---- metrics --------------------------------------------------------------------------------- */

/* Past a name of letters, digits and '_' that begins with leash_, kept in `name`. */
static const char *read_name(const char *text, char *name, size_t size)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

    CHECK(length < size && !strncmp(text, "leash_", 6));
    memcpy(name, text, length);
    name[length] = '\0';
    return text + length;
}

/* Past {label="value"}, if there is one. */
static const char *skip_label(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";

    if (*text != '{')
        return text;
    size_t name = strspn(++text, letters);
    CHECK(name && !strncmp(text + name, "=\"", 2));
    text += name + 2;
    size_t value = strspn(text, letters);
    CHECK(value && !strncmp(text + value, "\"}", 2));
    return text + value + 2;
}

/* Past the lines of one metric: its help, its type, and one sample or more of its name.  They come
 * once in a document.  A counter's name ends in _total, and no other's. */
static const char *skip_metric(const char *text)
{
    char name[64];
    char other[64];
    char line[128];

    CHECK(!strncmp(text, "# HELP ", 7));
    text = read_name(text + 7, name, sizeof(name));
    CHECK(*text == ' ' && text[1] != '\n');
    text = strchr(text, '\n') + 1;
    CHECK(!strncmp(text, "# TYPE ", 7));
    text = read_name(text + 7, other, sizeof(other));
    CHECK(!strcmp(name, other));
    snprintf(line, sizeof(line), "\n# TYPE %s ", name);
    CHECK(occurrences(line) == 1);
    bool counter = strlen(name) > 6 && !strcmp(name + strlen(name) - 6, "_total");
    const char *type = counter ? " counter\n" : " gauge\n";
    CHECK(!strncmp(text, type, strlen(type)));
    text += strlen(type);
    do {
        text = skip_label(read_name(text, other, sizeof(other)));
        CHECK(!strcmp(name, other) && *text++ == ' ');
        size_t digits = strspn(text, "0123456789");
        CHECK(digits && text[digits] == '\n');
        text += digits + 1;
    } while (!strncmp(text, "leash_", 6));
    return text;
}

/* The value of the sample with this name and label; it must be there, once. */
static unsigned long long metric(const char *sample)
{
    char line[128];

    snprintf(line, sizeof(line), "\n%s ", sample);
    CHECK(occurrences(line) == 1);
    return strtoull(strstr(answer, line) + strlen(line), NULL, 10);
}

static void ask_metrics(void)
{
    CHECK(get("/metrics") == 200 && strstr(answer, "text/plain; version=0.0.4"));
    const char *text = body();
    while (*text)
        text = skip_metric(text);
}

#define OPERATIONS "leash_channel_operations_total"

static void echo(chan_t *in, chan_t *out)
{
    int value;

    while (chan_recv(in, &value))
        chan_send(out, &value);
    chan_close(out);
}

static void metrics(void)
{
    enum { ROUNDS = 100, SELECTS = 7 };
    chan_t *in = chan_make(int, 0);
    chan_t *out = chan_make(int, 0);
    int value = 0;

    serve_anywhere();
    ask_metrics();
    CHECK(metric(OPERATIONS "{operation=\"send\"}") == 0);
    CHECK(metric(OPERATIONS "{operation=\"receive\"}") == 0);
    spawn(echo, in, out);
    for (int i = 0; i < ROUNDS; i++) {
        chan_send(in, &value);
        chan_recv(out, &value);
    }
    for (int i = 0; i < SELECTS; i++)
        chan_select(RECV(out, NULL), DEFAULT());
    chan_close(in);
    CHECK(!chan_recv(out, NULL));
    while (task_count() != 1)
        task_yield();
    ask_metrics();
    CHECK(metric(OPERATIONS "{operation=\"send\"}") == 2 * ROUNDS);
    CHECK(metric(OPERATIONS "{operation=\"receive\"}") == 2 * ROUNDS + 2);
    CHECK(metric(OPERATIONS "{operation=\"close\"}") == 2);
    CHECK(metric(OPERATIONS "{operation=\"select\"}") == SELECTS);
    unsigned long long parks = metric("leash_parks_total");
    unsigned long long switches = metric("leash_switches_total");
    /* Each value that is handed over parks one side; all that parked goes on by now. */
    CHECK(parks >= 2 * ROUNDS && parks <= 4 * ROUNDS + 3);
    CHECK(metric("leash_wakeups_total") == parks);
    CHECK(switches > parks);
    CHECK(metric("leash_steals_total") <= switches);
    unsigned long long polls = metric("leash_polls_total");
    do {
        task_sleep_ms(20); /* all threads rest, so one comes to wait for descriptors */
        ask_metrics();
    } while (metric("leash_polls_total") <= polls);
    CHECK(metric("leash_parks_total") > parks);
    debug_stop();
    chan_free(in);
    chan_free(out);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void stay(chan_t *done)
{
    chan_recv(done, NULL);
}

static void come_and_go(void)
{
}

static void pages(void)
{
    chan_t *done = done_make();
    wg_t wg = {0};

    for (int i = 0; i < PARKED; i++)
        wg_spawn(&wg, stay, done);
    check_await_parked(PARKED);
    spawn(come_and_go);
    while (task_count() != PARKED + 1)
        task_yield();
    serve_anywhere();

    check_serves();
    CHECK(get("/") == 200 && strstr(answer, "Content-Type: text/html"));
    CHECK(strstr(answer, "Content-Security-Policy: default-src 'none'; script-src 'self';"));
    CHECK(strstr(body(), "\"/page.css\"") && strstr(body(), "\"/page.js\""));
    CHECK(!strcmp(answer + strlen(answer) - 8, "</html>\n"));
    CHECK(get("/page.css") == 200 && strstr(answer, "Content-Type: text/css"));
    CHECK(get("/page.js") == 200 && strstr(answer, "Content-Type: text/javascript"));
    CHECK(strstr(body(), "fetch(\"/debug/tasks?format=json\")"));
    CHECK(strstr(body(), "fetch(\"/debug/tasks/lost\")"));
    CHECK(get("/debug/tasks") == 200 && strstr(answer, "text/plain"));
    CHECK(occurrences(" [chan receive") == PARKED);
    CHECK(occurrences("]: stay, parked at") == PARKED);
    CHECK(occurrences("[running]: main") == 1);
    CHECK(get("/debug/tasks?view=list") == 200 && occurrences("]: stay, parked at") == PARKED);
    CHECK(get("/debug/tasks?view=top") == 200 && strstr(answer, "text/plain"));
    CHECK(strstr(body(), "4 tasks: 3 chan receive, 1 running\n      3 [chan receive") == body());
    CHECK(get("/debug/tasks?view=tree") == 200);
    CHECK(occurrences("\n    task 2 and 2 like it [chan receive") == 1);
    CHECK(get("/debug/tasks?view=objects") == 200);
    CHECK(strstr(body(), "3 tasks wait for 0x") == body());
    CHECK(get("/debug/tasks?format=json") == 200 && strstr(answer, "application/json"));
    CHECK(!strncmp(body(), "{\"tasks\": [", 11));
    CHECK(occurrences("\"function\": \"stay\", \"parked\"") == PARKED);

    ask_metrics();
    CHECK(metric("leash_tasks{state=\"running\"}") == 1);
    CHECK(metric("leash_tasks{state=\"runnable\"}") == 0);
    CHECK(metric("leash_tasks{state=\"parked\"}") == PARKED);
    CHECK(metric("leash_tasks_spawned_total") == PARKED + 2);
    CHECK(metric("leash_tasks_finished_total") == 1);
    /* Nobody has searched since leash_run began, and no scrape does. */
    CHECK(!strstr(answer, "leash_tasks_lost") && !strstr(answer, "leash_leak_find"));

    CHECK(ask("HEAD /metrics HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n") == 200);
    CHECK(strstr(answer, "Content-Length: ") && !*body());
    CHECK(ask("GET /healthz HTTP/1.1\r\nHost: LocalHost\r\nConnection: close\r\n\r\n") == 200);
    debug_stop();
    chan_close(done);
    wg_wait(&wg);
    chan_free(done);
}

/* ---- lost tasks ------------------------------------------------------------------------------ */

/* Of these, some are in doubt, since old copies of pointers lie about on stacks: mostly up to 7. In
 * some builds it may be all, see find_test.c. */
#ifdef OLD_POINTERS
enum { LOST = 20, UNSEEN_MAX = LOST };
#else
enum { LOST = 20, UNSEEN_MAX = 15 };
#endif

static uintptr_t disguised[LOST]; /* the channels that nothing leads to */

static __attribute__((noinline)) void lose(int index)
{
    chan_t *ch = done_make();

    disguised[index] = ~(uintptr_t)ch;
    spawn(stay, ch);
}

static void end_stay(chan_t *done)
{
    size_t tasks = task_count();

    chan_close(done);
    while (task_count() == tasks)
        task_yield();
    chan_free(done);
}

static __attribute__((noinline)) void overwrite_frames(void)
{
    volatile char frames[4096];

    for (size_t i = 0; i < sizeof(frames); i++)
        frames[i] = 0;
}

static void check_found(unsigned found, unsigned tasks)
{
    CHECK(tasks == LOST + 2 && found <= LOST && LOST - found <= UNSEEN_MAX);
}

static void lost_as_text(void)
{
    unsigned found;
    unsigned tasks;

    CHECK(get("/debug/tasks/lost") == 200 && strstr(answer, "text/plain"));
    const char *last = strstr(body(), "leash: ");
    CHECK(last);
    if (sscanf(last, "leash: %u of %u tasks lost for good", &found, &tasks) == 2) {
        check_found(found, tasks);
        CHECK(occurrences("]: stay, parked") == (int)found);
    } else {
        CHECK(SANITIZED || RUNNING_ON_VALGRIND);
        CHECK(strstr(last, "cannot tell: a sanitizer or valgrind"));
    }
}

static void lost_as_json(void)
{
    unsigned found;
    unsigned tasks;

    CHECK(get("/debug/tasks/lost?format=json") == 200 && strstr(answer, "application/json"));
    if (sscanf(body(), "{\"lost\": %u, \"alive\": %u, ", &found, &tasks) == 2) {
        check_found(found, tasks);
        CHECK(occurrences("\"reason\": null, \"tasks\": [") == 1);
        CHECK(occurrences("\"function\": \"stay\", \"parked\"") == (int)found);
        ask_metrics();
        CHECK(metric("leash_tasks_lost") == found);
        CHECK(metric("leash_leak_find_timestamp_seconds") > 1700000000);
    } else {
        CHECK(SANITIZED || RUNNING_ON_VALGRIND);
        CHECK(!strcmp(body(), "{\"lost\": null, \"reason\": \"a sanitizer or valgrind runs the "
                              "program\", \"tasks\": []}\n"));
        ask_metrics();
        CHECK(!strstr(answer, "leash_tasks_lost"));
    }
}

/* The thread of the server can be stopped as well. */
static void lost_while_serving(void)
{
    FILE *out = tmpfile();
    char text[256] = "";

    CHECK(out);
    leak_find(out);
    rewind(out);
    while (fgets(text, sizeof(text), out))
        ;
    fclose(out);
    CHECK(strstr(text, " lost for good;") || strstr(text, "a sanitizer or valgrind"));
    check_serves();
}

static void lost(void)
{
    chan_t *done = done_make();

    spawn(stay, done);
    for (int i = 0; i < LOST; i++)
        lose(i);
    overwrite_frames();
    check_await_parked(LOST + 1);
    serve_anywhere();
    CHECK(get("/debug/tasks/lost?format=xml") == 400);
    lost_as_text();
    lost_as_json();
    lost_while_serving();
    debug_stop();
    for (int i = 0; i < LOST; i++)
        end_stay((chan_t *)~disguised[i]);
    end_stay(done);
}

/* ---- what is refused ------------------------------------------------------------------------- */

/* A request whose header is longer than a connection may need. */
static void check_oversized(const char *start)
{
    size_t size = 1 << 20;
    char *request = malloc(size + 1);

    CHECK(request);
    memset(request, 'x', size);
    memcpy(request, start, strlen(start));
    request[size] = '\0';
    int status = ask(request);
    CHECK(status == 0 || (status >= 400 && status < 500));
    free(request);
}

static void refusals(void)
{
    serve_anywhere();
    CHECK(get("/nothing") == 404);
    CHECK(get("/debug/tasks/") == 404);
    CHECK(get("/debug/tasks?format=xml") == 400);
    CHECK(get("/debug/tasks?view=groups") == 400);
    CHECK(get("/debug/tasks?format=json&view=top") == 400);
    CHECK(get("/metrics?view=top") == 400);
    CHECK(get("/metrics?format=json") == 400);
    CHECK(ask("POST /metrics HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 3\r\n"
              "Connection: close\r\n\r\nabc") == 405);
    CHECK(strstr(answer, "Allow: GET, HEAD\r\n"));
    CHECK(ask("DELETE / HTTP/1.0\r\n\r\n") == 405);
    CHECK(ask("GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n") == 403);
    CHECK(ask("GET /metrics HTTP/1.1\r\nHost: localhost.example\r\nConnection: close\r\n\r\n") ==
          403);
    CHECK(ask("GET /healthz HTTP/1.0\r\n\r\n") == 200);
    CHECK(ask("\x16\x03\x01\r\n\r\n\r\n") != 200);
    CHECK(ask("GET\r\n\r\n") != 200);
    check_oversized("GET /healthz HTTP/1.1\r\nX-Long: ");
    check_oversized("GET /");
    check_serves();
    debug_stop();
}

/* ---- clients that are slow or gone ----------------------------------------------------------- */

static void hold(int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        fds[i] = dial();
        CHECK(fds[i] >= 0);
        say(fds[i], i % 2 ? "GET /hea" : "");
    }
}

static void let_go(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

static void slow_clients(void)
{
    int fds[2 * CONNECTIONS];
    struct linger reset = {.l_onoff = 1};

    serve_anywhere();
    hold(fds, CONNECTIONS / 2);
    check_serves();
    for (int i = 0; i < CONNECTIONS; i++) { /* gone before the answer */
        int fd = dial();
        CHECK(fd >= 0);
        say(fd, "GET /debug/tasks HTTP/1.1\r\nHost: localhost\r\n\r\n");
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
    }
    while (get("/healthz") != 200) /* those have their places until the server sees it */
        ;
    let_go(fds, CONNECTIONS / 2);

    hold(fds, 2 * CONNECTIONS); /* more than there are places for */
    let_go(fds, 2 * CONNECTIONS);
    while (get("/healthz") != 200)
        ;
    hold(fds, 2); /* it stops all the same */
    debug_stop();
    let_go(fds, 2);
}

/* ---- start and stop -------------------------------------------------------------------------- */

static void restart(void)
{
    char address[32];
    char said[256];

    debug_stop();
    serve_anywhere();
    CHECK(serve(":0", said, sizeof(said)) == EALREADY && !*said);
    check_serves();
    debug_stop();
    debug_stop();
    CHECK(dial() < 0);
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    CHECK(serve(address, said, sizeof(said)) == 0);
    check_serves();
    /* The end of leash_run stops it. */
}

static void addresses(void)
{
    static const char *const wrong[] = {
        "",
        "6060",
        "localhost:6060",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:6o",
        "127.0.0.1:-1",
        ":000000",
        "1.2.3:0",
        "[::1:0",
        "[]:0",
        "[",
        "::1:0",
        "[127.0.0.1]:0",
    };
    struct sockaddr_in taken = {.sin_family = AF_INET};
    socklen_t length = sizeof(taken);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char address[32];
    char said[256];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        CHECK(debug_serve(wrong[i]) == EINVAL);
    taken.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&taken, sizeof(taken)) && !listen(fd, 1));
    CHECK(!getsockname(fd, (struct sockaddr *)&taken, &length));
    snprintf(address, sizeof(address), ":%u", ntohs(taken.sin_port));
    CHECK(debug_serve(address) == EADDRINUSE);
    close(fd);
    CHECK(debug_serve("192.0.2.1:0") == EADDRNOTAVAIL);
    int error = serve("[::1]:0", said, sizeof(said));
    CHECK(error ? !*said : !!strstr(said, "http://[::1]:")); /* there may be no IPv6 */
    debug_stop();
}

static void stuck(void)
{
    serve_anywhere();
    dup2(STDOUT_FILENO, STDERR_FILENO); /* the dump is meant */
    chan_recv(NULL, NULL);
}

static void run_pages(void **state)
{
    (void)state;
    check_run(pages);
}

static void run_metrics(void **state)
{
    (void)state;
    check_run(metrics);
}

static void run_lost(void **state)
{
    (void)state;
    check_run(lost);
}

static void run_refusals(void **state)
{
    (void)state;
    check_run(refusals);
}

static void run_slow_clients(void **state)
{
    (void)state;
    check_run(slow_clients);
}

static void run_restart(void **state)
{
    (void)state;
    assert_int_equal(debug_serve(NULL), EPERM);
    check_run(restart);
    assert_int_equal(dial(), -1);
    check_run(restart);
    debug_stop();
}

static void run_addresses(void **state)
{
    (void)state;
    check_run(addresses);
}

/* A server that could be asked at any time does not hide that all tasks are stuck. */
static void run_stuck(void **state)
{
    int status = 0;

    (void)state;
    /* It would find the thread of the server lost, and set the status for that. */
    if (RUNNING_ON_VALGRIND)
        skip();
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        check_run(stuck);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_pages),        cmocka_unit_test(run_metrics),
        cmocka_unit_test(run_lost),         cmocka_unit_test(run_refusals),
        cmocka_unit_test(run_slow_clients), cmocka_unit_test(run_restart),
        cmocka_unit_test(run_addresses),    cmocka_unit_test(run_stuck),
    };

    return CHECK_ALL(tests);
}
