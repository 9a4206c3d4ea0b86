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
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- refusing -------------------------------------------------------------------------------- */

static _Atomic bool refuse_memory;
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
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                          void *arg);
long __wrap_syscall(long number, ...);

static bool refused(_Atomic bool *refuse)
{
    if (*refuse)
        errno = ENOMEM;
    return *refuse;
}

void *__wrap_malloc(size_t size)
{
    return refused(&refuse_memory) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused(&refuse_memory) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refused(&refuse_memory) ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return refused(&refuse_memory) ? NULL : __real_aligned_alloc(alignment, size);
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

static const struct trial {
    const char *name;
    void (*before)(void); /* in the process, before leash_run; or NULL */
    void (*body)(void);   /* the first task */
    bool dies;            /* with a message: from the line that DIES announced, if it did */
    const char *message;  /* a part of it; NULL: nothing may be written */
} trials[] = {
    {"try_spawn without stacks", NULL, try_without_stacks, false, NULL},
    {"try_spawn without memory", NULL, try_without_memory, false, NULL},
#if !SANITIZED
    {"try_spawn without address space", NULL, try_without_address_space, false, NULL},
#endif
    {"spawn without stacks", NULL, spawn_without_stacks, true, "no memory for the stack"},
    {"wg_spawn without stacks", NULL, wg_spawn_without_stacks, true, "no memory for the stack"},
    {"chan_make without memory", NULL, chan_make_without_memory, true, "no memory"},
    {"chan_or without memory", NULL, chan_or_without_memory, true, "no memory"},
    {"a context without memory", NULL, ctx_without_memory, true, "no memory"},
    {"a ticker without memory", NULL, ticker_without_memory, true, "no memory"},
    {"an alarm without memory", NULL, alarm_without_memory, true, "no memory"},
    {"a sleep without memory", NULL, sleep_without_memory, true, "no memory"},
    {"a select over time without memory", NULL, timed_select_without_memory, true, "no memory"},
    {"a large select without memory", NULL, select_without_memory, true, "no memory"},
    {"io_read without memory", NULL, read_without_memory, true, "no memory"},
    {"leash_run without descriptors", no_descriptors, never_reached, true, "descriptors"},
    {"io_accept without descriptors", NULL, accept_without_descriptors, false, NULL},
    {"signal_notify without descriptors", NULL, signal_without_descriptors, true, "descriptors"},
    {"no thread", refuse_all_threads, work, false, "1 of 8 threads"},
    {"few threads", refuse_most_threads, work, false, "4 of 8 threads"},
    {"guards by mprotect", refuse_cheap, work, false, NULL},
    {"no guards", refuse_guards, work, false, "refuses more guard pages"},
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

static bool ended_well(const struct trial *trial, int status, const char *text)
{
    bool died = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    return (trial->dies ? died : passed) && has_site(text) && has_message(text, trial->message);
}

int main(void)
{
    static char text[TEXT_MAX];
    int failed = 0;

    /* Nothing may lie in a buffer that the children inherit. */
    setvbuf(stdout, NULL, _IONBF, 0);
    setenv("LEASH_THREADS", "8", 1);
    for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        int status = run_trial(&trials[i], text);
        if (ended_well(&trials[i], status, text))
            continue;
        failed++;
        printf("FAILED: %s: status %#x, and it wrote:\n%.2000s\n", trials[i].name, status, text);
    }
    printf("%d failed\n", failed);
    return failed > 0;
}
