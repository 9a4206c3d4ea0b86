/*
 * Reading, writing, accepting, connecting, waiting and closing, on sockets, pipes, terminals and
 * files: what each call returns, how it ends early, and that no byte and no wake-up is lost.
 */
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOON_MS = 20, LONG_MS = 20 * 1000 };

/* ---- sockets to test with -------------------------------------------------------------------- */

static int listen_somewhere(struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof(*address);

    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(fd, (struct sockaddr *)address, size) == 0);
    CHECK(listen(fd, 128) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)address, &size) == 0);
    return fd;
}

static int connect_to(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(io_connect(NULL, fd, address, sizeof(*address), LONG_MS) == 0);
    return fd;
}

/* Both ends of a TCP connection. */
static void connection(int end[2])
{
    struct sockaddr_in address;
    int listener = listen_somewhere(&address);

    end[0] = connect_to(&address);
    end[1] = io_accept(NULL, listener, LONG_MS);
    CHECK(end[1] >= 0);
    CHECK(io_close(listener) == 0);
}

static bool is_nonblocking(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

static void write_soon(int fd)
{
    task_sleep_ms(SOON_MS);
    CHECK(io_write(NULL, fd, "hello", 5, LONG_MS) == 5);
}

/* ---- many connections ------------------------------------------------------------------------ */

enum { CONNECTIONS = 100, REQUESTS = 50, REQUEST_BYTES = 64 };

static void echo_all(int fd)
{
    char buffer[REQUEST_BYTES * 3];
    ssize_t length;

    while ((length = io_read(NULL, fd, buffer, sizeof(buffer), LONG_MS)) > 0)
        CHECK(io_write(NULL, fd, buffer, (size_t)length, LONG_MS) == length);
    CHECK(length == 0);
    CHECK(io_close(fd) == 0);
}

static void accept_all(int listener, wg_t *wg)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = io_accept(NULL, listener, NO_TIMEOUT);
        CHECK(fd >= 0);
        wg_spawn(wg, echo_all, fd);
    }
    wg_done(wg);
}

static void read_whole(int fd, char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t part = io_read(NULL, fd, bytes, length, NO_TIMEOUT);
        CHECK(part > 0);
        bytes += part;
        length -= (size_t)part;
    }
}

static void request_all(const struct sockaddr_in *address, int number, wg_t *wg)
{
    char request[REQUEST_BYTES];
    char answer[REQUEST_BYTES];
    int fd = connect_to(address);

    for (int i = 0; i < REQUESTS; i++) {
        memset(request, 'a' + (number + i) % 26, sizeof(request));
        CHECK(io_write(NULL, fd, request, sizeof(request), LONG_MS) == REQUEST_BYTES);
        read_whole(fd, answer, sizeof(answer));
        CHECK(memcmp(request, answer, sizeof(answer)) == 0);
    }
    CHECK(io_close(fd) == 0);
    wg_done(wg);
}

static void echo(void)
{
    struct sockaddr_in address;
    int listener = listen_somewhere(&address);
    wg_t wg = {0};

    wg_add(&wg, CONNECTIONS + 1);
    spawn(accept_all, listener, &wg);
    for (int i = 0; i < CONNECTIONS; i++)
        spawn(request_all, &address, i, &wg);
    wg_wait(&wg);
    CHECK(io_close(listener) == 0);
}

/* ---- much at once ---------------------------------------------------------------------------- */

enum { BULK_BYTES = 2 * 1000 * 1000 };

static char bulk_byte(size_t place)
{
    return (char)(place * 31 >> 3);
}

static void write_bulk(int fd, wg_t *wg)
{
    char buffer[5000];
    size_t place = 0;

    while (place < BULK_BYTES) {
        size_t length = 0;
        for (; length < sizeof(buffer) && place + length < BULK_BYTES; length++)
            buffer[length] = bulk_byte(place + length);
        ssize_t part = io_write(NULL, fd, buffer, length, LONG_MS);
        CHECK(part > 0);
        place += (size_t)part;
    }
    CHECK(io_close(fd) == 0);
    wg_done(wg);
}

static void read_bulk(int fd, wg_t *wg)
{
    char buffer[3333];
    size_t place = 0;
    ssize_t part;

    while ((part = io_read(NULL, fd, buffer, sizeof(buffer), LONG_MS)) > 0) {
        for (ssize_t i = 0; i < part; i++)
            CHECK(buffer[i] == bulk_byte(place + (size_t)i));
        place += (size_t)part;
    }
    CHECK(part == 0 && place == BULK_BYTES);
    CHECK(io_close(fd) == 0);
    wg_done(wg);
}

static void bulk(void)
{
    int end[2];
    wg_t wg = {0};

    wg_add(&wg, 6);
    connection(end);
    spawn(write_bulk, end[0], &wg);
    spawn(read_bulk, end[1], &wg);
    CHECK(pipe2(end, O_CLOEXEC) == 0);
    spawn(write_bulk, end[1], &wg);
    spawn(read_bulk, end[0], &wg);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
    spawn(write_bulk, end[1], &wg);
    spawn(read_bulk, end[0], &wg);
    wg_wait(&wg);
}

/* ---- ending early ---------------------------------------------------------------------------- */

static void times(void)
{
    int end[2];
    char byte;

    connection(end);
    int64_t start_ms = task_now_ms();
    CHECK_FAILS(io_read(NULL, end[0], &byte, 1, 30), ETIMEDOUT);
    CHECK(task_now_ms() - start_ms >= 30);
    CHECK_FAILS(io_read(NULL, end[0], &byte, 1, 0), ETIMEDOUT);
    CHECK_FAILS(io_read(NULL, end[0], &byte, 1, -5), ETIMEDOUT);
    CHECK(io_write(NULL, end[1], "x", 1, 0) == 1);
    CHECK(io_read(NULL, end[0], &byte, 1, LONG_MS) == 1 && byte == 'x');
    CHECK(io_close(end[0]) == 0 && io_close(end[1]) == 0);
}

static void full(void)
{
    static char much[1 << 20];
    int end[2];
    size_t total = 0;
    ssize_t part;

    connection(end);
    while ((part = io_write(NULL, end[0], much, sizeof(much), SOON_MS)) > 0)
        total += (size_t)part;
    CHECK_FAILS(part, ETIMEDOUT);
    CHECK_FAILS(io_wait(NULL, end[0], IO_WRITE, SOON_MS), ETIMEDOUT);
    while (total > 0) {
        part = io_read(NULL, end[1], much, sizeof(much), LONG_MS);
        CHECK(part > 0);
        total -= (size_t)part;
    }
    CHECK(io_wait(NULL, end[0], IO_WRITE, LONG_MS) == IO_WRITE);
    CHECK(io_close(end[0]) == 0 && io_close(end[1]) == 0);
}

static void cancel_soon(ctx_t *ctx)
{
    task_sleep_ms(SOON_MS);
    ctx_cancel(ctx);
    ctx_unref(ctx);
}

static void cancelled(void)
{
    int end[2];
    char byte = 0;
    ctx_t *ctx = ctx_with_cancel(NULL);

    connection(end);
    spawn(cancel_soon, ctx_ref(ctx));
    CHECK_FAILS(io_read(ctx, end[0], &byte, 1, NO_TIMEOUT), ECANCELED);
    CHECK_FAILS(io_read(ctx, end[0], &byte, 1, LONG_MS), ECANCELED);
    CHECK_FAILS(io_write(ctx, end[0], &byte, 1, LONG_MS), ECANCELED);
    CHECK_FAILS(io_wait(ctx, end[0], IO_WRITE, LONG_MS), ECANCELED);
    ctx_free(ctx);
    ctx = ctx_with_timeout_ms(NULL, SOON_MS);
    CHECK_FAILS(io_read(ctx, end[0], &byte, 1, LONG_MS), ETIMEDOUT);
    ctx_free(ctx);
    CHECK(io_close(end[0]) == 0 && io_close(end[1]) == 0);
}

static void read_until_closed(int fd, int64_t timeout_ms, wg_t *wg)
{
    char byte;

    CHECK_FAILS(io_read(NULL, fd, &byte, 1, timeout_ms), ECANCELED);
    wg_done(wg);
}

static void wait_until_closed(int fd, wg_t *wg)
{
    CHECK_FAILS(io_wait(NULL, fd, IO_HANGUP, NO_TIMEOUT), ECANCELED);
    wg_done(wg);
}

static void accept_until_closed(int fd, wg_t *wg)
{
    CHECK_FAILS(io_accept(NULL, fd, NO_TIMEOUT), ECANCELED);
    wg_done(wg);
}

static void closed(void)
{
    struct sockaddr_in address;
    int end[2];
    char byte;
    int listener = listen_somewhere(&address);
    wg_t wg = {0};

    connection(end);
    wg_add(&wg, 5);
    spawn(read_until_closed, end[0], NO_TIMEOUT, &wg);
    spawn(read_until_closed, end[0], NO_TIMEOUT, &wg);
    spawn(read_until_closed, end[0], (int64_t)LONG_MS, &wg);
    spawn(wait_until_closed, end[0], &wg);
    spawn(accept_until_closed, listener, &wg);
    task_sleep_ms(SOON_MS);
    CHECK(io_close(end[0]) == 0 && io_close(listener) == 0);
    wg_wait(&wg);
    CHECK(io_read(NULL, end[1], &byte, 1, LONG_MS) == 0);
    CHECK(io_close(end[1]) == 0);
}

static void bad(void)
{
    char byte = 0;
    int fd = dup(0);

    close(fd);
    CHECK_FAILS(io_read(NULL, fd, &byte, 1, LONG_MS), EBADF);
    CHECK_FAILS(io_write(NULL, fd, &byte, 1, LONG_MS), EBADF);
    CHECK_FAILS(io_accept(NULL, fd, LONG_MS), EBADF);
    CHECK_FAILS(io_wait(NULL, fd, IO_READ, LONG_MS), EBADF);
    CHECK_FAILS(io_close(fd), EBADF);
    CHECK_FAILS(io_read(NULL, -1, &byte, 1, LONG_MS), EBADF);
    CHECK_FAILS(io_close(-1), EBADF);
    CHECK_FAILS(io_wait(NULL, 0, 0, LONG_MS), EINVAL);
    CHECK_FAILS(io_wait(NULL, 0, 64, LONG_MS), EINVAL);
}

/* ---- the end of a stream --------------------------------------------------------------------- */

/* The end may come with the last bytes, in the same event or a later one. */
static void end_of_stream(void)
{
    char buffer[100];
    int end[2];

    for (int i = 0; i < 60; i++) {
        connection(end);
        CHECK_FAILS(io_read(NULL, end[0], buffer, sizeof(buffer), 1), ETIMEDOUT);
        CHECK(write(end[1], "bye", 3) == 3);
        if (i % 2)
            task_sleep_ms(1);
        close(end[1]);
        if (i % 3)
            task_sleep_ms(1);
        CHECK(io_read(NULL, end[0], buffer, sizeof(buffer), LONG_MS) == 3);
        CHECK(io_read(NULL, end[0], buffer, sizeof(buffer), LONG_MS) == 0);
        CHECK(io_wait(NULL, end[0], IO_HANGUP, LONG_MS) == IO_HANGUP);
        CHECK(io_close(end[0]) == 0);
    }
}

/* A read stops short before urgent data although there is more. */
static void urgent(void)
{
    char buffer[100];
    int end[2];

    for (int i = 0; i < 20; i++) {
        connection(end);
        CHECK_FAILS(io_read(NULL, end[0], buffer, sizeof(buffer), 1), ETIMEDOUT);
        CHECK(send(end[1], "abc", 3, 0) == 3);
        CHECK(send(end[1], "U", 1, MSG_OOB) == 1);
        CHECK(send(end[1], "def", 3, 0) == 3);
        if (i % 2)
            task_sleep_ms(1);
        read_whole(end[0], buffer, 6);
        CHECK(memcmp(buffer, "abcdef", 6) == 0);
        close(end[1]);
        CHECK(io_close(end[0]) == 0);
    }
}

static void reset(void)
{
    struct linger at_once = {1, 0};
    char byte = 0;
    int end[2];

    connection(end);
    CHECK_FAILS(io_read(NULL, end[0], &byte, 1, 1), ETIMEDOUT);
    CHECK(setsockopt(end[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
    close(end[1]);
    CHECK_FAILS(io_read(NULL, end[0], &byte, 1, LONG_MS), ECONNRESET);
    CHECK_FAILS(io_write(NULL, end[0], &byte, 1, LONG_MS), EPIPE);
    CHECK(io_close(end[0]) == 0);
}

/* ---- hang-ups -------------------------------------------------------------------------------- */

static void close_soon(int fd)
{
    task_sleep_ms(SOON_MS);
    CHECK(io_close(fd) == 0);
}

static void hangup(void)
{
    char byte;
    int end[2];

    connection(end);
    ctx_t *early = ctx_with_hangup(NULL, end[0]);
    ctx_t *ctx = ctx_with_hangup(NULL, end[0]);
    ctx_t *child = ctx_with_cancel(ctx);
    ctx_free(early);
    spawn(write_soon, end[1]);
    CHECK(io_read(ctx, end[0], &byte, 1, LONG_MS) == 1);
    CHECK(ctx_err(ctx) == 0);
    spawn(close_soon, end[1]);
    CHECK(!chan_recv(ctx_done(child), NULL));
    CHECK(ctx_err(ctx) == ECANCELED && ctx_err(child) == ECANCELED);
    ctx_t *late = ctx_with_hangup(NULL, end[0]);
    CHECK(ctx_err(late) == ECANCELED);
    ctx_free(late);
    ctx_free(child);
    ctx_free(ctx);
    CHECK(io_close(end[0]) == 0);
}

/* ---- several tasks on one descriptor --------------------------------------------------------- */

static void accept_many(int listener, chan_t *accepted, wg_t *wg)
{
    int fd;

    while ((fd = io_accept(NULL, listener, LONG_MS)) >= 0)
        chan_send(accepted, &fd);
    CHECK(errno == ECANCELED || errno == EBADF);
    wg_done(wg);
}

static void acceptors(void)
{
    enum { ACCEPTORS = 8, CALLERS = 10, ROUNDS = 5 };
    struct sockaddr_in address;
    int listener = listen_somewhere(&address);
    chan_t *accepted = chan_make(int, 4);
    int caller[CALLERS];
    wg_t wg = {0};

    wg_add(&wg, ACCEPTORS);
    for (int i = 0; i < ACCEPTORS; i++)
        spawn(accept_many, listener, accepted, &wg);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CALLERS; i++)
            caller[i] = connect_to(&address);
        for (int i = 0; i < CALLERS; i++) {
            int fd;
            CHECK(chan_recv(accepted, &fd) && io_close(fd) == 0);
            CHECK(io_close(caller[i]) == 0);
        }
    }
    CHECK(io_close(listener) == 0);
    wg_wait(&wg);
    chan_free(accepted);
}

static void read_numbers(int fd, chan_t *out, wg_t *wg)
{
    int number;

    while (io_read(NULL, fd, &number, sizeof(number), NO_TIMEOUT) == sizeof(number))
        chan_send(out, &number);
    CHECK(errno == ECANCELED || errno == EBADF);
    wg_done(wg);
}

/* Each datagram goes to one reader; none stays while readers wait. */
static void readers(void)
{
    enum { READERS = 5, ROUNDS = 20 };
    chan_t *out = chan_make(int, 0);
    int end[2];
    int sum = 0;
    wg_t wg = {0};

    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, end) == 0);
    wg_add(&wg, READERS);
    for (int i = 0; i < READERS; i++)
        spawn(read_numbers, end[0], out, &wg);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 1; i <= READERS; i++)
            CHECK(io_write(NULL, end[1], &i, sizeof(i), LONG_MS) == sizeof(i));
        for (int i = 1; i <= READERS; i++) {
            int number;
            CHECK(chan_recv(out, &number));
            sum += number;
        }
    }
    CHECK(sum == ROUNDS * (1 + 2 + 3 + 4 + 5));
    CHECK(io_close(end[0]) == 0 && io_close(end[1]) == 0);
    wg_wait(&wg);
    chan_free(out);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void connecting(void)
{
    struct sockaddr_in address;
    int listener = listen_somewhere(&address);
    int fd = connect_to(&address);
    int accepted = io_accept(NULL, listener, LONG_MS);

    CHECK(!is_nonblocking(fd) && !is_nonblocking(accepted));
    CHECK(fcntl(accepted, F_GETFD) & FD_CLOEXEC);
    CHECK_FAILS(io_connect(NULL, fd, &address, sizeof(address), LONG_MS), EISCONN);
    CHECK(io_close(accepted) == 0 && io_close(fd) == 0 && io_close(listener) == 0);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_FAILS(io_connect(NULL, fd, &address, sizeof(address), LONG_MS), ECONNREFUSED);
    CHECK(io_close(fd) == 0);
}

static void accept_soon(int listener)
{
    task_sleep_ms(SOON_MS);
    int fd = io_accept(NULL, listener, LONG_MS);
    CHECK(fd >= 0 && io_close(fd) == 0);
}

/* A local listener without room: there is no event to wait for. */
static void connecting_locally(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    int fd[8];
    int count = 0;

    /* A name of the abstract kind: no file. */
    snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "leash-io-test-%d", getpid());
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(listener, 0) == 0);
    for (; count < 8; count++) {
        fd[count] = socket(AF_UNIX, SOCK_STREAM, 0);
        if (io_connect(NULL, fd[count], &address, sizeof(address), SOON_MS) < 0)
            break;
    }
    CHECK(count > 0 && count < 8 && errno == ETIMEDOUT);
    spawn(accept_soon, listener);
    CHECK(io_connect(NULL, fd[count], &address, sizeof(address), LONG_MS) == 0);
    for (int i = 0; i <= count; i++)
        CHECK(io_close(fd[i]) == 0);
    CHECK(io_close(listener) == 0);
}

/* Nothing is lost when there is no descriptor for a connection. */
static void no_descriptors(void)
{
    struct sockaddr_in address;
    struct rlimit usual;
    int listener = listen_somewhere(&address);
    int fd = connect_to(&address);

    CHECK(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    struct rlimit none = {.rlim_cur = 3, .rlim_max = usual.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    CHECK_FAILS(io_accept(NULL, listener, LONG_MS), EMFILE);
    CHECK(setrlimit(RLIMIT_NOFILE, &usual) == 0);
    int accepted = io_accept(NULL, listener, LONG_MS);
    CHECK(accepted >= 0);
    CHECK(io_close(accepted) == 0 && io_close(fd) == 0 && io_close(listener) == 0);
}

/* ---- other kinds of files -------------------------------------------------------------------- */

static void pipes(void)
{
    char buffer[10] = "";
    int end[2];

    CHECK(pipe(end) == 0);
    CHECK_FAILS(io_read(NULL, end[0], buffer, sizeof(buffer), SOON_MS), ETIMEDOUT);
    spawn(write_soon, end[1]);
    CHECK(io_read(NULL, end[0], buffer, sizeof(buffer), LONG_MS) == 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);
    CHECK(io_close(end[0]) == 0);
    CHECK(io_wait(NULL, end[1], IO_HANGUP, LONG_MS) == IO_HANGUP);
    /* And no SIGPIPE, which would end the program. */
    CHECK_FAILS(io_write(NULL, end[1], buffer, sizeof(buffer), LONG_MS), EPIPE);
    CHECK(io_close(end[1]) == 0);
}

static void fifos(void)
{
    char folder[] = "/tmp/leash-io-XXXXXX";
    char path[64];
    char buffer[10];

    CHECK(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/fifo", folder);
    CHECK(mkfifo(path, 0600) == 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    int same = dup(fd);
    CHECK_FAILS(io_read(NULL, fd, buffer, sizeof(buffer), SOON_MS), ETIMEDOUT);
    spawn(write_soon, fd);
    CHECK(io_read(NULL, fd, buffer, sizeof(buffer), LONG_MS) == 5);
    CHECK(io_close(fd) == 0);
    CHECK(!is_nonblocking(same));
    CHECK(close(same) == 0 && unlink(path) == 0 && rmdir(folder) == 0);
}

static void read_one(int fd)
{
    char byte;

    CHECK(io_read(NULL, fd, &byte, 1, LONG_MS) == 1);
}

/* What one reader leaves lets the next one go. */
static void readers_of_one(void)
{
    enum { READERS = 5 };
    char bytes[READERS] = "";
    wg_t wg = {0};
    int end[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
    for (int i = 0; i < READERS; i++)
        wg_spawn(&wg, read_one, end[0]);
    check_await_parked(READERS);
    CHECK(write(end[1], bytes, READERS) == READERS);
    wg_wait(&wg);
    CHECK(io_close(end[0]) == 0 && io_close(end[1]) == 0);
}

enum { ANSWERS = 20000 };

/* An ordinary thread, which waits for each answer. */
static void *ask_and_wait(void *arg)
{
    int fd = *(const int *)arg;
    char byte = 0;

    for (int i = 0; i < ANSWERS; i++)
        CHECK(write(fd, &byte, 1) == 1 && read(fd, &byte, 1) == 1);
    return NULL;
}

/* No event is lost, whenever it comes. */
static void answers(void)
{
    pthread_t thread;
    char byte;
    int end[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
    CHECK(pthread_create(&thread, NULL, ask_and_wait, &end[1]) == 0);
    for (int i = 0; i < ANSWERS; i++) {
        CHECK(io_read(NULL, end[0], &byte, 1, LONG_MS) == 1);
        CHECK(io_write(NULL, end[0], &byte, 1, LONG_MS) == 1);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(io_close(end[0]) == 0 && io_close(end[1]) == 0);
}

static void terminals(void)
{
    char buffer[100];
    wg_t written = {0};
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    CHECK(grantpt(master) == 0 && unlockpt(master) == 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    CHECK_FAILS(io_read(NULL, terminal, buffer, sizeof(buffer), SOON_MS), ETIMEDOUT);
    wg_spawn(&written, write_soon, master);
    /* A line is to be had when it has ended. */
    CHECK_FAILS(io_read(NULL, terminal, buffer, sizeof(buffer), 3 * SOON_MS), ETIMEDOUT);
    wg_wait(&written);
    CHECK(io_write(NULL, master, "\n", 1, LONG_MS) == 1);
    CHECK(io_read(NULL, terminal, buffer, sizeof(buffer), LONG_MS) == 6);
    CHECK(io_write(NULL, terminal, "x", 1, LONG_MS) == 1);
    CHECK(!is_nonblocking(terminal) && !is_nonblocking(master));
    CHECK(io_close(master) == 0 && io_close(terminal) == 0);
}

static void files(void)
{
    char path[] = "/tmp/leash-io-XXXXXX";
    char buffer[10];
    int fd = mkstemp(path);

    CHECK(io_write(NULL, fd, "abcdef", 6, NO_TIMEOUT) == 6);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK(io_read(NULL, fd, buffer, 4, LONG_MS) == 4 && memcmp(buffer, "abcd", 4) == 0);
    CHECK(io_read(NULL, fd, buffer, 4, LONG_MS) == 2);
    CHECK(io_read(NULL, fd, buffer, 4, LONG_MS) == 0);
    CHECK(io_wait(NULL, fd, IO_READ | IO_WRITE, LONG_MS) == (IO_READ | IO_WRITE));
    CHECK_FAILS(io_wait(NULL, fd, IO_HANGUP, SOON_MS), ETIMEDOUT);
    CHECK(io_close(fd) == 0 && unlink(path) == 0);
    fd = open("/proc/self/status", O_RDONLY);
    CHECK(io_read(NULL, fd, buffer, 5, LONG_MS) == 5 && memcmp(buffer, "Name:", 5) == 0);
    CHECK_FAILS(io_write(NULL, fd, buffer, 5, LONG_MS), EBADF);
    CHECK(io_close(fd) == 0);
    fd = open("/dev/null", O_RDWR);
    CHECK(io_write(NULL, fd, buffer, 5, LONG_MS) == 5 && io_read(NULL, fd, buffer, 5, 0) == 0);
    CHECK(io_close(fd) == 0);
}

static void read_zeros(const int *stop, wg_t *wg)
{
    int fd = open("/dev/zero", O_RDONLY);
    char bytes[10];

    while (!__atomic_load_n(stop, __ATOMIC_RELAXED))
        CHECK(io_read(NULL, fd, bytes, sizeof(bytes), LONG_MS) == sizeof(bytes));
    CHECK(io_close(fd) == 0);
    wg_done(wg);
}

/* A task that never has to wait leaves the thread to others nevertheless. */
static void fair(void)
{
    int stop = 0;
    wg_t wg = {0};

    wg_add(&wg, 1);
    spawn(read_zeros, &stop, &wg);
    for (int i = 0; i < 10; i++)
        task_sleep_ms(1);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    wg_wait(&wg);
}

/* ---- the end of the run ---------------------------------------------------------------------- */

static void read_for_ever(int fd)
{
    char byte;

    io_read(NULL, fd, &byte, 1, NO_TIMEOUT);
    CHECK(!"goes on after the end");
}

static int left_open[2];

static void leave_parked(void)
{
    CHECK(pipe(left_open) == 0);
    spawn(read_for_ever, left_open[0]);
    task_sleep_ms(SOON_MS);
}

#define TEST(name)                                                                                 \
    static void test_io__##name(void **state)                                                      \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }

TEST(echo)
TEST(bulk)
TEST(times)
TEST(full)
TEST(cancelled)
TEST(closed)
TEST(bad)
TEST(end_of_stream)
TEST(urgent)
TEST(reset)
TEST(hangup)
TEST(acceptors)
TEST(readers)
TEST(connecting)
TEST(connecting_locally)
TEST(pipes)
TEST(fifos)
TEST(readers_of_one)
TEST(answers)
TEST(terminals)
TEST(files)
TEST(fair)

static void test_io__no_descriptors(void **state)
{
    (void)state;
    /* valgrind has the connection accepted, and closes it, before it says that there is no room. */
    if (RUNNING_ON_VALGRIND)
        skip();
    check_run(no_descriptors);
}

/* The next run has nothing of it. */
static void test_io__parked_at_the_end(void **state)
{
    (void)state;
    check_run(leave_parked);
    close(left_open[0]);
    close(left_open[1]);
    check_run(closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_io__echo),
        cmocka_unit_test(test_io__bulk),
        cmocka_unit_test(test_io__times),
        cmocka_unit_test(test_io__full),
        cmocka_unit_test(test_io__cancelled),
        cmocka_unit_test(test_io__closed),
        cmocka_unit_test(test_io__bad),
        cmocka_unit_test(test_io__end_of_stream),
        cmocka_unit_test(test_io__urgent),
        cmocka_unit_test(test_io__reset),
        cmocka_unit_test(test_io__hangup),
        cmocka_unit_test(test_io__acceptors),
        cmocka_unit_test(test_io__readers),
        cmocka_unit_test(test_io__connecting),
        cmocka_unit_test(test_io__connecting_locally),
        cmocka_unit_test(test_io__no_descriptors),
        cmocka_unit_test(test_io__pipes),
        cmocka_unit_test(test_io__fifos),
        cmocka_unit_test(test_io__readers_of_one),
        cmocka_unit_test(test_io__answers),
        cmocka_unit_test(test_io__terminals),
        cmocka_unit_test(test_io__files),
        cmocka_unit_test(test_io__fair),
        cmocka_unit_test(test_io__parked_at_the_end),
    };
    return CHECK_ALL(tests);
}
