/*
 * exhaustion_test.c - what happens when memory, descriptors, threads or guards cannot be had.
 *
 * Each trial runs in a process of its own.  The linker leads the runtime's calls to the functions
 * below (--wrap in CMakeLists.txt), which refuse on command.
 */
#include "require.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 20 * 1000 };

/* ---- refusing -------------------------------------------------------------------------------- */

static _Atomic bool refuse_memory;
/* So many allocations succeed before `refuse_memory` counts, ... */
static _Atomic int allocations_left;
static _Atomic bool refuse_one; /* ... and whether one alone fails */
static _Atomic int allocations_refused;
static _Atomic bool refuse_epoll;
static _Atomic bool refuse_maps;
static _Atomic bool refuse_cheap_guards;
static _Atomic bool refuse_all_guards;
static _Atomic int threads_left = 1000;

enum { GUARD_INSTALL = 102 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap(void *place, size_t size, int access, int flags, int fd, off_t offset);
int __real_madvise(void *place, size_t size, int advice);
int __real_mprotect(void *place, size_t size, int access);
int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                          void *arg);
long __real_syscall(long number, ...);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_mmap(void *place, size_t size, int access, int flags, int fd, off_t offset);
int __wrap_madvise(void *place, size_t size, int advice);
int __wrap_mprotect(void *place, size_t size, int access);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                          void *arg);
long __wrap_syscall(long number, ...);

static bool refused_memory(void)
{
    if (!refuse_memory || atomic_fetch_sub(&allocations_left, 1) > 0)
        return false;
    if (refuse_one)
        refuse_memory = false;
    atomic_fetch_add(&allocations_refused, 1);
    errno = ENOMEM;
    return true;
}

static bool refused(_Atomic bool *refuse)
{
    if (*refuse)
        errno = ENOMEM;
    return *refuse;
}

void *__wrap_malloc(size_t size)
{
    return refused_memory() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused_memory() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refused_memory() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return refused_memory() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_mmap(void *place, size_t size, int access, int flags, int fd, off_t offset)
{
    return refused(&refuse_maps) ? MAP_FAILED : __real_mmap(place, size, access, flags, fd, offset);
}

int __wrap_madvise(void *place, size_t size, int advice)
{
    if (advice == GUARD_INSTALL && (refuse_cheap_guards || refuse_all_guards)) {
        errno = EINVAL;
        return -1;
    }
    return __real_madvise(place, size, advice);
}

int __wrap_mprotect(void *place, size_t size, int access)
{
    return refused(&refuse_all_guards) ? -1 : __real_mprotect(place, size, access);
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    return refused(&refuse_epoll) ? -1 : __real_epoll_ctl(epoll, operation, fd, event);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                          void *arg)
{
    return atomic_fetch_sub(&threads_left, 1) > 0
               ? __real_pthread_create(thread, attributes, fn, arg)
               : EAGAIN;
}

/* Whatever a call does not have, nobody reads. */
long __wrap_syscall(long number, ...)
{
    long word[6];
    va_list words;

    va_start(words, number);
    for (int i = 0; i < 6; i++)
        word[i] = va_arg(words, long);
    va_end(words);
    if (number == SYS_process_madvise && (refuse_cheap_guards || refuse_all_guards)) {
        errno = ENOSYS;
        return -1;
    }
    return __real_syscall(number, word[0], word[1], word[2], word[3], word[4], word[5]);
}

/* ---- no stacks ------------------------------------------------------------------------------- */

static void wait_for_close(chan_t *hold, wg_t *wg)
{
    chan_recv(hold, NULL);
    wg_done(wg);
}

/* Tells the parent where the message is to come from; the call then ends the program. */
#define DIES(statement)                                                                            \
    do {                                                                                           \
        fprintf(stderr, "expected: leash: %s: \n", LEASH_HERE);                                    \
        statement;                                                                                 \
    } while (0)

/* Spawns what parks until no more is to be had: then nothing has been started. */
static void spawn_all(chan_t *hold, wg_t *wg)
{
    for (;;) {
        size_t before = leash_task_count();
        wg_add(wg, 1);
        int error = try_spawn(wait_for_close, hold, wg);
        if (!error)
            continue;
        CHECK(error == ENOMEM || error == EAGAIN);
        wg_add(wg, -1);
        CHECK(leash_task_count() == before);
        return;
    }
}

static void try_without_stacks(void)
{
    chan_t *hold = done_make();
    wg_t wg = {0};

    refuse_maps = true;
    spawn_all(hold, &wg);
    spawn_all(hold, &wg);
    refuse_maps = false;
    wg_add(&wg, 1);
    CHECK(try_spawn(wait_for_close, hold, &wg) == 0);
    chan_close(hold);
    wg_wait(&wg);
    chan_free(hold);
}

/* Want of memory at any other place on the way is the same to the caller. */
static void try_without_memory(void)
{
    chan_t *hold = done_make();
    wg_t wg = {0};

    refuse_memory = true;
    spawn_all(hold, &wg);
    refuse_memory = false;
    chan_close(hold);
    wg_wait(&wg);
    chan_free(hold);
}

#if !SANITIZED
/* Sanitizers take more address space than there is to limit. */
static void try_without_address_space(void)
{
    struct rlimit limit;
    chan_t *hold = done_make();
    wg_t wg = {0};

    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = (rlim_t)256 << 20;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    spawn_all(hold, &wg);
    chan_close(hold);
    wg_wait(&wg);
    chan_free(hold);
}
#endif

static void spawn_without_stacks(void)
{
    chan_t *hold = done_make();
    wg_t wg = {0};

    wg_add(&wg, 100000);
    refuse_maps = true;
    DIES(for (;;) spawn(wait_for_close, hold, &wg));
}

static void wait_only(chan_t *hold)
{
    chan_recv(hold, NULL);
}

static void wg_spawn_without_stacks(void)
{
    chan_t *hold = done_make();
    wg_t wg = {0};

    refuse_maps = true;
    DIES(for (;;) wg_spawn(&wg, wait_only, hold));
}

static void refuse_all_maps(void)
{
    refuse_maps = true;
}

static chan_t *never_closed;

static void wait_for_ever(void *arg)
{
    (void)arg;
    chan_recv(never_closed, NULL);
}

/* The task of an alarm starts when nobody calls: the line is that of the alarm.  Some threads may
 * have stacks left. */
static void alarm_without_stacks(void)
{
    wg_t wg = {0};

    never_closed = done_make();
    refuse_maps = true;
    spawn_all(never_closed, &wg);
    DIES(for (;; task_sleep_ms(2)) alarm_detach(alarm_after_ms(1, wait_for_ever, NULL)));
}

/* ---- no memory ------------------------------------------------------------------------------- */

static void chan_make_without_memory(void)
{
    refuse_memory = true;
    DIES(chan_make(int, 10));
}

static void chan_or_without_memory(void)
{
    chan_t *done = done_make();

    refuse_memory = true;
    DIES(chan_or(done));
}

static void ctx_without_memory(void)
{
    refuse_memory = true;
    DIES(ctx_with_timeout_ms(NULL, 10));
}

static void hangup_without_memory(void)
{
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    refuse_memory = true;
    DIES(ctx_with_hangup(NULL, pair[0]));
}

static void signal_without_memory(void)
{
    refuse_memory = true;
    DIES(signal_notify(SIGUSR1));
}

static void ticker_without_memory(void)
{
    refuse_memory = true;
    DIES(ticker_start_ms(10));
}

static void ring(void *arg)
{
    (void)arg;
}

static void alarm_without_memory(void)
{
    refuse_memory = true;
    DIES(alarm_after_ms(10, ring, NULL));
}

static void sleep_without_memory(void)
{
    refuse_memory = true;
    DIES(task_sleep_ms(7));
}

static void timed_select_without_memory(void)
{
    refuse_memory = true;
    DIES(chan_select(AFTER_MS(7)));
}

static void select_without_memory(void)
{
    chan_t *a = done_make();

    refuse_memory = true;
    DIES(chan_select(DONE(a), DONE(a), DONE(a), DONE(a), DONE(a), DONE(a), DONE(a), DONE(a)));
}

static void read_without_memory(void)
{
    int fd[2];
    char byte;

    CHECK(pipe(fd) == 0);
    refuse_memory = true;
    DIES(io_read(NULL, fd[0], &byte, 1, NO_TIMEOUT));
}

static void *same(void *arg)
{
    return arg;
}

static void forward(chan_t *in, chan_t *out)
{
    int value;

    while (chan_recv(in, &value))
        CHECK(chan_send(out, &value));
    chan_close(out);
}

static void send_through(ctx_t *ctx)
{
    chan_t *in = chan_make(int, 1);
    chan_t *out = chan_make(int, 0);
    chan_t *either = chan_or(ctx_done(ctx), in);
    int value;

    spawn(forward, in, out);
    for (int i = 1; i <= 3; i++) {
        CHECK(chan_send(in, &i));
        CHECK(chan_select(RECV(out, &value), DONE(ctx), AFTER_MS(LONG_MS)) == 0);
        CHECK(value == i);
    }
    chan_close(in);
    CHECK(!chan_recv(out, NULL));
    CHECK(!chan_recv(either, NULL));
    chan_free(either);
    chan_free(in);
    chan_free(out);
}

/* Some of all that allocates.  Tells the parent when nothing was refused. */
static void some_of_all(void)
{
    ctx_t *ctx = ctx_with_timeout_ms(NULL, LONG_MS);
    ticker_t *ticker = ticker_start_ms(1);
    alarm_t *alarm = alarm_after_ms(1, ring, NULL);

    send_through(ctx);
    CHECK(task_blocking(same, ctx) == ctx);
    CHECK(chan_recv(ticker_chan(ticker), NULL));
    alarm_stop(alarm);
    ticker_stop(ticker);
    ctx_free(ctx);
    if (!allocations_refused)
        fprintf(stderr, "nothing refused\n");
}

/* ---- no descriptors -------------------------------------------------------------------------- */

/* No descriptor from this number on. */
static void limit_descriptors(int first)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)first;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void no_descriptors(void)
{
    limit_descriptors(3);
}

static void never_reached(void)
{
    CHECK(!"the runtime started without a descriptor");
}

static void accept_without_descriptors(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(server, (struct sockaddr *)&address, size) == 0 && listen(server, 1) == 0);
    CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
    CHECK(io_connect(NULL, client, &address, size, 1000) == 0);
    limit_descriptors(client + 1);
    while (dup(server) >= 0)
        ; /* a thread of the runtime may have had one open below, and closed it */
    CHECK(io_accept(NULL, server, 1000) == -1 && errno == EMFILE);
    limit_descriptors(100);
    int accepted = io_accept(NULL, server, 1000);
    CHECK(accepted >= 0);
    io_close(accepted);
    io_close(client);
    io_close(server);
}

static void signal_without_descriptors(void)
{
    limit_descriptors(3);
    DIES(signal_notify(SIGUSR1));
}

/* epoll has limits of its own. */
static void wait_without_epoll(void)
{
    char byte;
    int fd[2];

    CHECK(pipe(fd) == 0);
    refuse_epoll = true;
    CHECK(io_read(NULL, fd[0], &byte, 1, LONG_MS) == -1 && errno == ENOMEM);
    CHECK(io_wait(NULL, fd[0], IO_READ, LONG_MS) == -1 && errno == ENOMEM);
    /* Who need not wait goes on. */
    CHECK(io_write(NULL, fd[1], "x", 1, LONG_MS) == 1);
    CHECK(io_read(NULL, fd[0], &byte, 1, LONG_MS) == 1);
    refuse_epoll = false;
    CHECK(io_read(NULL, fd[0], &byte, 1, 1) == -1 && errno == ETIMEDOUT);
    io_close(fd[0]);
    io_close(fd[1]);
}

/* ---- no threads, no guards ------------------------------------------------------------------- */

static void refuse_all_threads(void)
{
    threads_left = 0;
}

static void refuse_most_threads(void)
{
    threads_left = 3;
}

static void add_one(_Atomic int *sum)
{
    task_yield();
    atomic_fetch_add(sum, 1);
}

static void work(void)
{
    _Atomic int sum = 0;
    wg_t wg = {0};

    for (int i = 0; i < 500; i++)
        wg_spawn(&wg, add_one, &sum);
    wg_wait(&wg);
    CHECK(sum == 500);
}

static void *set_errno(void *arg)
{
    errno = 77;
    return arg;
}

/* The calling thread has to make the call. */
static void block_without_helpers(void)
{
    int value;

    threads_left = 0;
    CHECK(task_blocking(set_errno, &value) == &value);
    CHECK(errno == 77);
    threads_left = 1;
    CHECK(task_blocking(same, &value) == &value);
}

static void *sleep_a_little(void *arg)
{
    usleep(1000);
    return arg;
}

static void block_a_little(int *arg)
{
    CHECK(task_blocking(sleep_a_little, arg) == arg);
}

/* Calls wait their turn. */
static void block_with_one_helper(void)
{
    int value;
    wg_t wg = {0};

    threads_left = 1;
    for (int i = 0; i < 20; i++)
        wg_spawn(&wg, block_a_little, &value);
    wg_wait(&wg);
}

__attribute__((noinline)) static int fill_stack(int depth)
{
    volatile char frame[512];

    frame[0] = (char)depth;
    return depth == INT32_MAX ? 0 : fill_stack(depth + 1) + frame[0];
}

static void overflow(void)
{
    fill_stack(0);
}

static void spawn_overflow(void)
{
    wg_t wg = {0};

    wg_spawn(&wg, overflow);
    wg_wait(&wg);
}

static void refuse_cheap(void)
{
    refuse_cheap_guards = true;
}

static void refuse_guards(void)
{
    refuse_all_guards = true;
}

/* ---- trials ---------------------------------------------------------------------------------- */

enum { TEXT_MAX = 1 << 16 };

/* How a trial ends. */
enum ending { RETURNS, ABORTS, FAULTS };

static const struct trial {
    const char *name;
    void (*before)(void); /* in the process, before leash_run; or NULL */
    void (*body)(void);   /* the first task */
    enum ending ending;   /* a message comes from the line that DIES announced, if it did */
    const char *message;  /* a part of it; NULL: nothing may be written */
} trials[] = {
    {"try_spawn without stacks", NULL, try_without_stacks, RETURNS, NULL},
    {"try_spawn without memory", NULL, try_without_memory, RETURNS, NULL},
#if !SANITIZED
    {"try_spawn without address space", NULL, try_without_address_space, RETURNS, NULL},
#endif
    {"spawn without stacks", NULL, spawn_without_stacks, ABORTS, "no memory for the stack"},
    {"wg_spawn without stacks", NULL, wg_spawn_without_stacks, ABORTS, "no memory for the stack"},
    {"leash_run without stacks", refuse_all_maps, never_reached, ABORTS, "the first task"},
    {"an alarm without stacks", NULL, alarm_without_stacks, ABORTS, "no memory for the stack"},
    {"chan_make without memory", NULL, chan_make_without_memory, ABORTS, "no memory"},
    {"chan_or without memory", NULL, chan_or_without_memory, ABORTS, "no memory"},
    {"a context without memory", NULL, ctx_without_memory, ABORTS, "no memory"},
    {"a hang-up without memory", NULL, hangup_without_memory, ABORTS, "no memory"},
    {"signal_notify without memory", NULL, signal_without_memory, ABORTS, "no memory"},
    {"a ticker without memory", NULL, ticker_without_memory, ABORTS, "no memory"},
    {"an alarm without memory", NULL, alarm_without_memory, ABORTS, "no memory"},
    {"a sleep without memory", NULL, sleep_without_memory, ABORTS, "no memory"},
    {"a select over time without memory", NULL, timed_select_without_memory, ABORTS, "no memory"},
    {"a large select without memory", NULL, select_without_memory, ABORTS, "no memory"},
    {"io_read without memory", NULL, read_without_memory, ABORTS, "no memory"},
    {"leash_run without descriptors", no_descriptors, never_reached, ABORTS, "descriptors"},
    {"io_accept without descriptors", NULL, accept_without_descriptors, RETURNS, NULL},
    {"signal_notify without descriptors", NULL, signal_without_descriptors, ABORTS, "descriptors"},
    {"waiting without epoll", NULL, wait_without_epoll, RETURNS, NULL},
    {"no thread", refuse_all_threads, work, RETURNS, "1 of 8 threads"},
    {"few threads", refuse_most_threads, work, RETURNS, "4 of 8 threads"},
    {"no helper", NULL, block_without_helpers, RETURNS, NULL},
    {"one helper", NULL, block_with_one_helper, RETURNS, NULL},
    {"guards by mprotect", refuse_cheap, work, RETURNS, NULL},
    {"an overflow", NULL, spawn_overflow, FAULTS, "stack overflow in overflow"},
    {"an overflow, guards by mprotect", refuse_cheap, spawn_overflow, FAULTS,
     "stack overflow in overflow"},
    {"no guards", refuse_guards, work, RETURNS, "refuses more guard pages"},
};

static const struct trial *current;

static int entry(int argc, char **argv)
{
    (void)argc, (void)argv;
    current->body();
    return 0;
}

static void run_in_child(const struct trial *trial, int output)
{
    struct rlimit no_core = {0, 0};

    setrlimit(RLIMIT_CORE, &no_core);
    dup2(output, STDERR_FILENO);
    close(output);
    if (trial->before)
        trial->before();
    current = trial;
    exit(leash_run(entry, 0, NULL));
}

static void read_all(int fd, char *text)
{
    size_t length = 0;
    ssize_t got;

    while ((got = read(fd, text + length, TEXT_MAX - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(fd);
}

/* How it ended; what it wrote goes to `text`. */
static int run_trial(const struct trial *trial, char *text)
{
    int fd[2];
    int status;

    CHECK(pipe(fd) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(fd[0]);
        run_in_child(trial, fd[1]);
    }
    close(fd[1]);
    read_all(fd[0], text);
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

/* Where DIES announced a line, the message comes from there. */
static bool has_site(const char *text)
{
    static const char mark[] = "expected: ";
    char site[200];

    if (strncmp(text, mark, sizeof(mark) - 1) != 0)
        return true;
    text += sizeof(mark) - 1;
    size_t length = strcspn(text, "\n");
    CHECK(length < sizeof(site));
    memcpy(site, text, length);
    site[length] = '\0';
    return strstr(text + length, site) != NULL;
}

/* Once: a message that comes again and again helps nobody. */
static bool has_message(const char *text, const char *message)
{
    if (!message)
        return !*text;
    const char *found = strstr(text, message);
    return found && !strstr(found + 1, message);
}

static bool has_ended(enum ending ending, int status)
{
    switch (ending) {
    case ABORTS:
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    case FAULTS:
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
    default:
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
}

static bool is_as_told(const struct trial *trial)
{
    static char text[TEXT_MAX];
    int status = run_trial(trial, text);

    if (has_ended(trial->ending, status) && has_site(text) && has_message(text, trial->message))
        return true;
    printf("FAILED: %s: status %#x, and it wrote:\n%.2000s\n", trial->name, status, text);
    return false;
}

/* ---- each allocation in turn ----------------------------------------------------------------- */

static int successes;

static void refuse_later(void)
{
    refuse_memory = true;
    allocations_left = successes;
}

static void refuse_one_later(void)
{
    refuse_later();
    refuse_one = true;
}

/* Where memory fails after so many allocations, the program ends with a message, or does without
 * and goes on.  Returns whether not. */
static int fail_each(void (*before)(void))
{
    const struct trial trial = {"each allocation", before, some_of_all, RETURNS, NULL};
    static char text[TEXT_MAX];

    for (successes = 0;; successes++) {
        int status = run_trial(&trial, text);
        if (has_ended(RETURNS, status) && strstr(text, "nothing refused"))
            return 0;
        if (has_ended(RETURNS, status)
                ? !*text
                : has_ended(ABORTS, status) && has_message(text, "no memory"))
            continue;
        printf("FAILED: memory for %d allocations: status %#x, and it wrote:\n%.2000s\n", successes,
               status, text);
        return 1;
    }
}

int main(void)
{
    static const char *const threads[] = {"1", "2", "8"};
    int failed = 0;

    /* Nothing may lie in a buffer that the children inherit. */
    setvbuf(stdout, NULL, _IONBF, 0);
    setenv("LEASH_THREADS", "8", 1);
    for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
        failed += !is_as_told(&trials[i]);
    for (int i = 0; i < 3; i++) {
        setenv("LEASH_THREADS", threads[i], 1);
        failed += fail_each(refuse_later);
        failed += fail_each(refuse_one_later);
    }
    printf("%d failed\n", failed);
    return failed > 0;
}
