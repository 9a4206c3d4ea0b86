/*
 * leash tasks, on saved dumps, on a service with debug_serve, and on servers that mean no good.
 */
#include "run.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000 };

/* ---- saved dumps ----------------------------------------------------------------------------- */

static const char saved[] =
    "{\"tasks\": [\n"
    "{\"id\": 1, \"parent\": null, \"state\": \"running\", \"function\": \"main\", \"parked\": "
    "null, "
    "\"spawned\": \"leash_run\", \"object\": null},\n"
    "{\"id\": 2, \"parent\": 1, \"state\": \"chan receive\", \"function\": \"worker\", \"parked\": "
    "\"a.c:4\", \"spawned\": \"a.c:9\", \"object\": \"0x5c0\", \"parked_ms\": 61000,\n"
    " \"stack\": [{\"function\": \"take\", \"at\": \"a.c:4\"}]},\n"
    "{\"id\": 4, \"parent\": 3, \"state\": \"chan receive\", \"function\": \"worker\", \"parked\": "
    "\"a.c:4\", \"spawned\": \"a.c:9\", \"object\": \"0x5c0\", \"parked_ms\": 5,\n"
    " \"stack\": [{\"function\": \"take\", \"at\": \"a.c:4\"}]}\n"
    "]}\n";

static void test_tasks__views_of_a_file(void **state)
{
    put(*state, "dump.json", saved);
    struct outcome top = leash(*state, "tasks dump.json");
    assert_status(top, 0);
    assert_string_equal(top.out, "3 tasks: 2 chan receive, 1 running\n"
                                 "\n"
                                 "COUNT  LONGEST  STATE         FUNCTION  PARKED AT  SPAWNED AT\n"
                                 "    2    1m01s  chan receive  worker    a.c:4      a.c:9\n"
                                 "    1        -  running       main      -          leash_run\n");
    struct outcome list = leash(*state, "tasks dump.json list");
    assert_status(list, 0);
    assert_has(list.out, "task 4 [chan receive, 5ms]: worker, parked at a.c:4, spawned at a.c:9 by "
                         "task 3\n");
    assert_lacks(list.out, "take");
    struct outcome tree = leash(*state, "tasks --stacks tree dump.json");
    assert_status(tree, 0);
    assert_has(tree.out, "`-- task 2 [chan receive, 1m01s]: worker");
    assert_has(tree.out, "        take at a.c:4\ntask 3, which has ended\n`-- task 4 [");
    struct outcome objects = leash(*state, "tasks dump.json objects");
    assert_status(objects, 0);
    assert_has(objects.out, "2 tasks wait for 0x5c0\n      2 [chan receive, up to 1m01s]: worker");
}

static void test_tasks__standard_input_and_pipes(void **state)
{
    put(*state, "dump.json", saved);
    struct outcome direct = leash(*state, "tasks dump.json list");
    static const char *const ways[] = {
        "cat dump.json | \"$LEASH\" tasks - list",
        "\"$LEASH\" tasks --once - list <dump.json",
        "mkfifo pipe; cat dump.json >pipe & \"$LEASH\" tasks pipe list",
    };
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct outcome outcome = shell(*state, "%s", ways[i]);
        assert_status(outcome, 0);
        assert_string_equal(outcome.out, direct.out);
    }
}

static void test_tasks__wrong_input(void **state)
{
    static const struct {
        const char *words, *says;
    } cases[] = {
        {"", "leash tasks http://127.0.0.1:6060"},
        {"''", "leash tasks http://127.0.0.1:6060"},
        {"ftp://127.0.0.1/dump.json", "services are asked by http:// or https://"},
        {"dump.json forest", "'forest' is none of top, list, tree and objects"},
        {"dump.json tree list", "tree or list: one at a time"},
        {"--interval 0 dump.json", "--interval is a number of seconds from 1 to 3600, not '0'"},
        {"--timeout=1s dump.json", "--timeout is a number of seconds from 1 to 3600, not '1s'"},
        {"--stack dump.json", "did you mean '--stacks'?"},
        {"nothing.json", "leash: nothing.json: No such file"},
        {"localhost:6060",
         "there is no such file; for a service: leash tasks http://localhost:6060"},
        {"127.0.0.1:6060/debug/tasks", "leash tasks http://127.0.0.1:6060/debug/tasks"},
        {".", "leash: .: Is a directory"},
        {"/dev/null", "leash: /dev/null: line 1: it is empty"},
        {"- </dev/null", "leash: standard input: line 1: it is empty"},
        {"- <&-", "leash: standard input: "},
        {"/dev/zero", "it has more than 256 MiB"},
        {"text", "line 1: it is text, as a dump for people has it; wanted is the JSON"},
        {"cut.json", "leash: cut.json: line 3: it ends early; was it cut off?"},
        {"twice.json", "line 3: task 2 comes twice, first in line 2"},
        {"circle.json", "line 3: task 2: \"parent\" is task 3, which did not begin before it"},
        {"hostile.json", "line 1: task 7: \"state\" is missing"},
        {"http://127.0.0.1:1", "nobody listens there; does the program run, and has it called"},
        {"http://", "leash: http://: "},
        {"http://localhost:99999", "leash: http://localhost:99999: it is no URL"},
        {"http://no.such.host.invalid", "there is no host of that name"},
    };
    put(*state, "dump.json", saved);
    put(*state, "text", "task 1 [running]: main, spawned at leash_run\n");
    put_bytes(*state, "cut.json", saved, strlen(saved) / 2);
    put(*state, "twice.json",
        "{\"tasks\": [\n"
        "{\"id\": 2, \"state\": \"sleep\", \"function\": \"f\"},\n"
        "{\"id\": 2, \"state\": \"sleep\", \"function\": \"f\"}]}\n");
    put(*state, "circle.json",
        "{\"tasks\": [\n"
        "{\"id\": 3, \"parent\": 2, \"state\": \"sleep\", \"function\": \"f\"},\n"
        "{\"id\": 2, \"parent\": 3, \"state\": \"sleep\", \"function\": \"f\"}]}\n");
    put(*state, "hostile.json", "{\"tasks\": [{\"id\": 7, \"\\u001b[2J\": 1}]}");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = leash(*state, "tasks %s", cases[i].words);
        assert_status(outcome, 2);
        assert_has(outcome.err, cases[i].says);
        assert_lacks(outcome.err, "\033");
        assert_string_equal(outcome.out, "");
    }
}

/* ---- a service ------------------------------------------------------------------------------- */

struct service {
    pid_t process;
    int stdin_fd; /* closing it ends the service */
    char url[64];
};

/* Reads what `fd` says up to `wanted`, into `said`. */
static bool hear_until(int fd, const char *wanted, struct text *said)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char piece[4096];

    while (!said->at || !strstr(said->at, wanted)) {
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            return false;
        ssize_t got = read(fd, piece, sizeof piece);
        if (got <= 0)
            return false;
        text_add_bytes(said, piece, (size_t)got);
    }
    return true;
}

static void run_service(int in, int err)
{
    dup2(in, STDIN_FILENO);
    dup2(err, STDERR_FILENO);
    execl(TASKS_PROGRAM, TASKS_PROGRAM, (char *)NULL);
    _exit(127);
}

static struct service start_service(void)
{
    static const char begins[] = "leash: debug server at ";
    int in[2], err[2];
    struct service service = {0};
    struct text said = {0};

    if (!TASKS_PROGRAM[0])
        skip();
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    service.process = fork();
    assert_true(service.process >= 0);
    if (!service.process) {
        close(in[1]);
        run_service(in[0], err[1]);
    }
    close(in[0]);
    close(err[1]);
    service.stdin_fd = in[1];
    assert_true(hear_until(err[0], "/\n", &said));
    const char *at = strstr(said.at, begins);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(begins), "%63s", service.url), 1);
    service.url[strlen(service.url) - 1] = '\0';
    text_release(&said);
    close(err[0]);
    return service;
}

static void end_service(const struct service *service)
{
    int status = 0;

    close(service->stdin_fd);
    assert_int_equal(waitpid(service->process, &status, 0), service->process);
    assert_int_equal(status, 0);
}

/* Once all of the tasks have come to where they wait. */
static struct outcome top_of(struct folder *folder, const struct service *service)
{
    for (int i = 0; i < PATIENCE_MS / 100; i++) {
        struct outcome outcome = leash(folder, "tasks %s", service->url);
        assert_status(outcome, 0);
        if (strstr(outcome.out, "5 tasks: 3 chan receive, 1 io read, 1 sleep\n"))
            return outcome;
        usleep(100000);
    }
    fail_msg("the tasks of the service do not wait");
    return (struct outcome){0};
}

/* None of them is lost, nor does leash say so where nobody knows. */
static void check_lost(struct folder *folder, const struct service *service)
{
    struct outcome lost = leash(folder, "tasks %s/debug/tasks/lost", service->url);

    if (lost.status == 0) {
        assert_has(lost.out, "0 tasks\n");
    } else {
        assert_status(lost, 2);
        assert_has(lost.err, "the program cannot tell: a sanitizer");
    }
}

static void test_tasks__a_service(void **state)
{
    struct service service = start_service();
    struct outcome top = top_of(*state, &service);
    assert_has(top.out, "    3  ");
    assert_has(top.out, "chan receive  worker");
    struct outcome tree = leash(*state, "tasks %s/ tree", service.url);
    assert_status(tree, 0);
    assert_has(tree.out, "task 1 [io read");
    assert_has(tree.out, "\n`-- task 2 and 2 like it [chan receive");
    assert_has(tree.out, "\ntask 5, which has ended\n`-- task 6 [sleep");
    struct outcome list = leash(*state, "tasks %s/debug/tasks list", service.url);
    assert_status(list, 0);
    assert_int_equal(count_of(list.out, "\n"), 5);
    struct outcome objects =
        leash(*state, "tasks '%s/debug/tasks?format=json' objects", service.url);
    assert_status(objects, 0);
    assert_has(objects.out, "3 tasks wait for 0x");
    struct outcome safe = leash(*state, "tasks https%s", service.url + strlen("http"));
    assert_status(safe, 2);
    assert_has(safe.err, "debug_serve is for http://");
    struct outcome mark = leash(*state, "tasks '%s#here' list", service.url);
    assert_status(mark, 0);
    assert_int_equal(count_of(mark.out, "\n"), 5);
    assert_has(mark.out, "\ntask 6 [sleep");
    check_lost(*state, &service);
    put(*state, "libcurl.so.4", "");
    struct outcome bare = shell(*state, "LD_LIBRARY_PATH=. \"$LEASH\" tasks %s", service.url);
    assert_status(bare, 2);
    assert_has(bare.err, "to ask a service takes libcurl (Debian's libcurl4), but ");
    assert_has(bare.err, "without it: wget -qO- 'http://127.0.0.1:");
    /* A proxy is none of it. */
    struct outcome proxy =
        shell(*state, "http_proxy=http://127.0.0.1:1 \"$LEASH\" tasks %s", service.url);
    assert_status(proxy, 0);
    struct outcome wrong = leash(*state, "tasks %s/nothing", service.url);
    assert_status(wrong, 2);
    assert_has(wrong.err, "answered with status 404: no such page; leash tasks http://HOST:PORT");
    struct outcome no_dump = leash(*state, "tasks %s/metrics", service.url);
    assert_status(no_dump, 2);
    assert_has(no_dump.err, "it is no dump; wanted is the JSON");
    end_service(&service);
    struct outcome gone = leash(*state, "tasks %s", service.url);
    assert_status(gone, 2);
    assert_has(gone.err, "nobody listens there");
}

/* ---- on a terminal --------------------------------------------------------------------------- */

/* Runs the tool on a terminal of its own; *terminal is the other end. */
static pid_t start_on_terminal(const char *url, int *terminal)
{
    struct winsize size = {.ws_row = 12, .ws_col = 60};
    pid_t process = forkpty(terminal, NULL, NULL, &size);

    assert_true(process >= 0);
    if (!process) {
        setenv("TERM", "xterm", 1);
        setenv("NO_COLOR", "1", 1);
        execl(getenv("LEASH"), "leash", "tasks", url, (char *)NULL);
        _exit(127);
    }
    return process;
}

static void press(int terminal, const char *keys)
{
    assert_int_equal(write(terminal, keys, strlen(keys)), strlen(keys));
}

/* All that it still writes; then its status. */
static int end_on_terminal(pid_t process, int terminal, struct text *said)
{
    int status = 0;

    hear_until(terminal, "\033[?1049l", said);
    assert_int_equal(waitpid(process, &status, 0), process);
    close(terminal);
    assert_non_null(strstr(said->at, "\033[?25h\033[?1049l"));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_tasks__goes_on_on_a_terminal(void **state)
{
    struct service service = start_service();
    struct text said = {0};
    int terminal;

    top_of(*state, &service);
    pid_t process = start_on_terminal(service.url, &terminal);
    assert_true(hear_until(terminal, "chan receive  worker", &said));
    assert_true(hear_until(terminal, "s shows stacks", &said));
    press(terminal, "s");
    assert_true(hear_until(terminal, "s hides stacks", &said));
    press(terminal, "r\033[A");
    text_release(&said);
    assert_true(hear_until(terminal, "\033[H", &said)); /* the next picture, nobody asking */
    end_service(&service);
    assert_true(hear_until(terminal, "no answer: nobody listens there", &said));
    press(terminal, "q");
    assert_int_equal(end_on_terminal(process, terminal, &said), 0);
    text_release(&said);
}

static void test_tasks__signals_give_the_terminal_back(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct service service = start_service();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        struct text said = {0};
        int terminal;
        pid_t process = start_on_terminal(service.url, &terminal);
        assert_true(hear_until(terminal, "q ends", &said));
        kill(process, signals[i]);
        assert_int_equal(end_on_terminal(process, terminal, &said), 0);
        text_release(&said);
    }
    end_service(&service);
}

/* ---- servers that mean no good --------------------------------------------------------------- */

enum then { CLOSES, HANGS, GOES_ON, DRIPS };

struct server {
    pid_t process;
    in_port_t port;
};

static void send_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

/* Sends the answer to whoever comes, then does what it does. */
static _Noreturn void answer(int listener, const char *bytes, enum then then)
{
    static char more[1 << 16];
    char request[4096];

    memset(more, ' ', sizeof more);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0 || read(fd, request, sizeof request) < 0)
            _exit(1);
        send_all(fd, bytes, strlen(bytes));
        while (then == GOES_ON && send(fd, more, sizeof more, MSG_NOSIGNAL) > 0)
            ;
        while (then == DRIPS && send(fd, " ", 1, MSG_NOSIGNAL) > 0)
            usleep(10000);
        if (then == HANGS)
            while (read(fd, request, sizeof request) > 0)
                ;
        close(fd);
    }
}

static struct server start_server(const char *bytes, enum then then)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    struct server server = {.process = fork(), .port = ntohs(address.sin_port)};
    assert_true(server.process >= 0);
    if (!server.process)
        answer(listener, bytes, then);
    close(listener);
    return server;
}

static void end_server(const struct server *server)
{
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
}

#define OK "HTTP/1.1 200 OK\r\n"

static void test_tasks__bad_servers(void **state)
{
    static const struct {
        const char *answer;
        enum then then;
        const char *says;
    } cases[] = {
        {"", CLOSES, "the answer ends early; has the program ended?"},
        {"", HANGS, "no whole answer within 1 s; --timeout=SECONDS waits longer"},
        {OK, HANGS, "no whole answer within 1 s"},
        {OK "Content-Length: 500\r\n\r\n{\"tasks\": [", HANGS, "no whole answer within 1 s"},
        {OK "Content-Length: 500\r\n\r\n{\"tasks\": [", CLOSES, "the answer ends early"},
        {OK "\r\n{\"tasks\": [", CLOSES, "line 1: it ends early"},
        {OK "\r\n{\"tasks\": [", DRIPS, "no whole answer within 1 s"},
        {OK "\r\n", CLOSES, "it is empty"},
        {OK "Content-Length: 99999999999\r\n\r\n{", HANGS, "the answer has more than 256 MiB"},
        {OK "X-Long: ", GOES_ON, "leash: http://127.0.0.1:"},
        {OK "\r\n<!doctype html>", CLOSES, "it is a page of the web"},
        {"220 mail.example ESMTP\r\n", CLOSES, "does not speak HTTP"},
        {"\x16\x03\x01\x02", CLOSES, "does not speak HTTP"},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", CLOSES,
         "answered with status 302"},
        {"HTTP/1.1 403 Forbidden\r\n\r\nask \033[2J for localhost\nmore", CLOSES,
         "answered with status 403: ask \xEF\xBF\xBD[2J for localhost"},
        {"HTTP/1.1 503 No\r\n\r\n<html>", CLOSES, "answered with status 503"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct server server = start_server(cases[i].answer, cases[i].then);
        struct outcome outcome =
            leash(*state, "tasks --timeout 1 http://127.0.0.1:%u", server.port);
        end_server(&server);
        assert_status(outcome, 2);
        assert_has(outcome.err, cases[i].says);
        assert_lacks(outcome.err, "\033");
        assert_string_equal(outcome.out, "");
    }
}

static void test_tasks__an_answer_without_end(void **state)
{
    struct server server = start_server(OK "\r\n{", GOES_ON);
    struct outcome outcome = leash(*state, "tasks http://127.0.0.1:%u", server.port);

    end_server(&server);
    assert_status(outcome, 2);
    assert_has(outcome.err, "the answer has more than 256 MiB, too much for a dump");
}

/* Keys are heard while an answer is waited for. */
static void test_tasks__leaves_a_service_that_hangs(void **state)
{
    (void)state;
    struct server server = start_server("", HANGS);
    char url[64];
    int terminal, status = 0;

    snprintf(url, sizeof url, "http://127.0.0.1:%u", server.port);
    pid_t process = start_on_terminal(url, &terminal);
    usleep(300000);
    press(terminal, "q\n");
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
    close(terminal);
    end_server(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(test_tasks__views_of_a_file),
        folder_test(test_tasks__standard_input_and_pipes),
        folder_test(test_tasks__wrong_input),
        folder_test(test_tasks__a_service),
        folder_test(test_tasks__goes_on_on_a_terminal),
        folder_test(test_tasks__signals_give_the_terminal_back),
        folder_test(test_tasks__bad_servers),
        folder_test(test_tasks__an_answer_without_end),
        folder_test(test_tasks__leaves_a_service_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
