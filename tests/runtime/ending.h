/*
 * ending.h - programs that end in a way of their own: each in a child, and what came of it.
 *
 * Includes check.h.  valgrind searches each child for leaks as it aborts, and sets its status for
 * what it finds: these tests are left out there, by ENDINGS_ALL.
 */
#ifndef LEASH_TEST_ENDING_H
#define LEASH_TEST_ENDING_H

#include "check.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOON_MS = 20, STATUS_LEAKS = 23, STATUS_DEADLOCK = 24 };

/* Read by the thread sanitizer alone, which else sleeps for a second when a child exits. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "atexit_sleep_ms=0";
}

/* ---- running --------------------------------------------------------------------------------- */

/* Writes the line it stands on, then makes the call. */
#define AT(call) (fprintf(stderr, "at %s\n", LEASH_HERE), (call))

struct ending {
    int status;       /* as waitpid gives it */
    char *text;       /* what was written to stderr; the line of AT left out */
    char place[1000]; /* the line of AT, or empty */
};

static inline void run_child(int fd, void (*program)(void))
{
    const struct rlimit none = {0, 0};
    const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};

    setrlimit(RLIMIT_CORE, &none);
    dup2(fd, STDERR_FILENO);
    alarm(50);
    /* cmocka has its own idea of what to do with these. */
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
        signal(faults[i], SIG_DFL);
    program();
    exit(0);
}

static inline char *read_all(int fd)
{
    enum { BYTES_MAX = 64 * 1024 };
    char *text = calloc(1, BYTES_MAX);
    size_t length = 0;
    ssize_t part;

    assert_non_null(text);
    while ((part = pread(fd, text + length, BYTES_MAX - 1 - length, (off_t)length)) > 0)
        length += (size_t)part;
    return text;
}

/* Splits the line of AT off. */
static inline void find_place(struct ending *ending)
{
    char *end = strchr(ending->text, '\n');

    ending->place[0] = '\0';
    if (!end || strncmp(ending->text, "at ", 3) != 0)
        return;
    snprintf(ending->place, sizeof(ending->place), "%.*s", (int)(end - ending->text - 3),
             ending->text + 3);
    memmove(ending->text, end + 1, strlen(end + 1) + 1);
}

/* Runs `program` in a child. */
static inline struct ending run(void (*program)(void))
{
    int fd = memfd_create("stderr", MFD_CLOEXEC);
    struct ending ending;

    assert_true(fd >= 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        run_child(fd, program);
    assert_int_equal(waitpid(pid, &ending.status, 0), pid);
    ending.text = read_all(fd);
    close(fd);
    find_place(&ending);
    return ending;
}

static void (*task_body)(void);

static inline void run_as_task(void)
{
    check_run(task_body);
}

/* Runs `body` as the first task of a child. */
static inline struct ending run_task(void (*body)(void))
{
    task_body = body;
    return run(run_as_task);
}

/* Runs a program with this setting. */
static inline struct ending run_with(const char *name, const char *value, void (*body)(void))
{
    const char *set = getenv(name);
    char *former = set ? strdup(set) : NULL;

    setenv(name, value, 1);
    struct ending ending = run_task(body);
    if (former)
        setenv(name, former, 1);
    else
        unsetenv(name);
    free(former);
    return ending;
}

/* ---- judging --------------------------------------------------------------------------------- */

static inline size_t count_text(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part))) {
        count++;
        text += strlen(part);
    }
    return count;
}

static inline void expect_text(const struct ending *ending, const char *text)
{
    if (strstr(ending->text, text))
        return;
    print_error("'%s' is missing in:\n%s", text, ending->text);
    fail();
}

static inline void expect_signal(const struct ending *ending, int number)
{
    if (WIFSIGNALED(ending->status) && WTERMSIG(ending->status) == number)
        return;
    print_error("status %x in place of signal %d:\n%s", ending->status, number, ending->text);
    fail();
}

static inline void expect_exit(const struct ending *ending, int status)
{
    if (WIFEXITED(ending->status) && WEXITSTATUS(ending->status) == status)
        return;
    print_error("status %x in place of exit %d:\n%s", ending->status, status, ending->text);
    fail();
}

/* CHECK_ALL, where the endings are those of the programs. */
#define ENDINGS_ALL(tests)                                                                         \
    (RUNNING_ON_VALGRIND ? (print_message("left out under valgrind\n"), 0) : CHECK_ALL(tests))

#endif
