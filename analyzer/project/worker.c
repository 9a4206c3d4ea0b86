#include "project/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ANSWER_BYTES_MAX = 1 << 30,
    READ_BYTES = 1 << 18,
    PIPE_BYTES = 1 << 20,
    LOG_BYTES_MAX = 4096,       /* the beginning says it */
    LARGE_UNIT_BYTES = 2 << 20, /* as sent */
};

static bool read_all(int fd, void *data, size_t length)
{
    for (char *at = data; length;) {
        ssize_t got = read(fd, at, length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        length -= (size_t)got;
    }
    return true;
}

/* ---- inside the worker ----------------------------------------------------------------------- */

/* From now on this process may use so much CPU; beyond, the kernel ends it. */
static void limit_cpu(unsigned cpu_seconds)
{
    struct rusage used;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
        return;
    rlim_t seconds = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
    limit.rlim_cur = seconds + cpu_seconds;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CPU, &limit);
}

/* The address sanitizer maps more than any limit of ours. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

/* A source that includes /dev/zero wants all memory there is. */
static void limit_memory(uint64_t bytes)
{
    struct rlimit limit;
    if (HAS_SANITIZER || getrlimit(RLIMIT_DATA, &limit) != 0)
        return;
    if (limit.rlim_max == RLIM_INFINITY || bytes < limit.rlim_max)
        limit.rlim_cur = bytes;
    setrlimit(RLIMIT_DATA, &limit);
}

void worker_end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); /* it was gone before */
}

/* Where memory runs out, the kernel shall take a worker before anybody else.  One that dies leaves
 * no core file behind, and none reads our input. */
static void settle(void)
{
    struct rlimit none = {0};
    setrlimit(RLIMIT_CORE, &none);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        dup2(fd, STDIN_FILENO);
    fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, "800", 3);
    close(fd);
}

/* libclang leaves large holes in the heap; who reads a large unit needs the room they take. */
static void return_memory(size_t unit_bytes)
{
    if (unit_bytes >= LARGE_UNIT_BYTES)
        malloc_trim(0);
}

static void take_func(void *writer, const struct ir_func *func)
{
    ir_unit_writer_add(writer, func);
}

/* The unit's bytes, or why there is none.  Functions become bytes one by one: all of them as IR,
 * beside what libclang keeps, would be the most memory a run ever needs. */
static bool parse(struct text *bytes, const struct unit *unit,
                  const struct collect_options *options)
{
    struct arena arena = {0};
    struct frontend_job job = unit_job(unit);
    job.buffers = options->buffers;
    job.buffer_count = options->buffer_count;
    struct ir_unit_writer *writer = ir_unit_writer_new();
    const char *problem = "cannot be parsed";
    struct ir_unit *ir = frontend_parse_each(&arena, &job, take_func, writer, &problem);
    if (ir)
        ir_unit_writer_finish(writer, bytes, ir);
    else
        text_add(bytes, problem);
    ir_unit_writer_release(writer);
    arena_release(&arena);
    return ir != NULL;
}

static bool answer(int fd, const struct unit *unit, const struct collect_options *options)
{
    struct text bytes = {0};
    bool is_unit = parse(&bytes, unit, options);
    return_memory(bytes.length);
    struct answer_head head = {.length = bytes.length, .is_unit = is_unit};
    bool done = fd_write_all(fd, &head, sizeof head) && fd_write_all(fd, bytes.at, bytes.length);
    text_release(&bytes);
    return done;
}

static _Noreturn void work(const unit_list *units, const struct collect_options *options,
                           int orders, int answers)
{
    uint32_t index;
    settle();
    limit_memory(options->limits.memory_bytes);
    while (read_all(orders, &index, sizeof index)) {
        BUG_ON(index >= units->count);
        limit_cpu(options->limits.cpu_seconds);
        if (!answer(answers, units->at[index], options))
            break;
    }
    _exit(0);
}

/* ---- the parent's side ----------------------------------------------------------------------- */

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Closes all that the worker inherits but the standard files and these two, which get other
 * numbers: an end of somebody's pipe that it held would keep that from ending. */
static void keep_only(int *orders, int *answers)
{
    enum { ORDERS = STDERR_FILENO + 1, ANSWERS, FIRST_OTHER };
    int high[] = {fcntl(*orders, F_DUPFD, FIRST_OTHER), fcntl(*answers, F_DUPFD, FIRST_OTHER)};
    *orders = dup2(high[0], ORDERS);
    *answers = dup2(high[1], ANSWERS);
    closefrom(FIRST_OTHER);
}

bool worker_start(struct worker *worker, const unit_list *units,
                  const struct collect_options *options)
{
    int fds[5] = {-1, -1, -1, -1, -1}; /* orders, answers: read and write end; log */
    bool ready = pipe2(fds, O_CLOEXEC) == 0 && pipe2(fds + 2, O_CLOEXEC) == 0 &&
                 (fds[4] = memfd_create("leash-worker", MFD_CLOEXEC)) >= 0;
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = ready ? fork() : -1;
    if (pid < 0) {
        int error = errno;
        close_all(fds, COUNT_OF(fds));
        errno = error;
        return false;
    }
    if (pid == 0) {
        worker_end_with(parent);
        dup2(fds[4], STDERR_FILENO);
        keep_only(&fds[0], &fds[3]);
        signal(SIGPIPE, SIG_IGN);
        work(units, options, fds[0], fds[3]);
    }
    close(fds[0]);
    close(fds[3]);
    fcntl(fds[2], F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches; no matter when refused */
    *worker = (struct worker){
        .pid = pid, .orders = fds[1], .answers = fds[2], .log = fds[4], .unit = WORKER_IDLE};
    return true;
}

bool worker_order(struct worker *worker, size_t unit)
{
    uint32_t index = (uint32_t)unit;
    worker->unit = (int64_t)unit;
    worker->served++;
    (void)!ftruncate(worker->log, 0); /* what it said about the one before */
    lseek(worker->log, 0, SEEK_SET);
    return fd_write_all(worker->orders, &index, sizeof index);
}

enum answer_state worker_read(struct worker *worker, struct answer_head *head, const char **data)
{
    static char chunk[READ_BYTES];
    ssize_t got = read(worker->answers, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR)
        return ANSWER_PARTIAL;
    if (got <= 0)
        return ANSWER_BROKEN;
    text_add_bytes(&worker->bytes, chunk, (size_t)got);
    if (worker->bytes.length < sizeof *head)
        return ANSWER_PARTIAL;
    memcpy(head, worker->bytes.at, sizeof *head);
    if (head->length > ANSWER_BYTES_MAX || worker->bytes.length > sizeof *head + head->length)
        return ANSWER_BROKEN;
    *data = worker->bytes.at + sizeof *head;
    return worker->bytes.length == sizeof *head + head->length ? ANSWER_WHOLE : ANSWER_PARTIAL;
}

const char *worker_words(struct arena *arena, const struct worker *worker)
{
    static const char *const beginnings[] = {"leash: ", "LLVM ERROR: ", "==ERROR: "};
    char said[LOG_BYTES_MAX + 1];
    ssize_t got = pread(worker->log, said, LOG_BYTES_MAX, 0);
    said[got > 0 ? got : 0] = '\0';
    for (size_t i = 0; i < COUNT_OF(beginnings); i++) {
        const char *found = strstr(said, beginnings[i]);
        if (found) {
            found += i == 0 ? strlen(beginnings[0]) : 0;
            return arena_strndup(arena, found, strcspn(found, "\n"));
        }
    }
    return NULL;
}

static const char *why_it_died(struct arena *arena, int status, const char *words)
{
    if (words)
        return words;
    if (WIFEXITED(status))
        return arena_printf(arena, "the worker ended with status %d", WEXITSTATUS(status));
    switch (WTERMSIG(status)) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
        return arena_printf(arena,
                            "libclang crashed on it (%s), most likely over an expression or a "
                            "nesting too deep for it; split that, or leave the file out",
                            strsignal(WTERMSIG(status)));
    case SIGKILL:
        return "its worker was killed, most likely for want of memory; run with fewer --jobs";
    case SIGXCPU:
        return "takes more CPU time than a file may; leave the file out";
    default:
        return arena_printf(arena, "its worker was ended by signal %d (%s)", WTERMSIG(status),
                            strsignal(WTERMSIG(status)));
    }
}

void worker_kill(struct worker *worker)
{
    worker->is_late = true;
    kill(worker->pid, SIGKILL);
}

const char *worker_stop(struct arena *arena, struct worker *worker)
{
    int status = 0;
    bool is_late = worker->is_late;
    close(worker->orders);
    close(worker->answers);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const char *words = ended_well ? NULL : worker_words(arena, worker);
    close(worker->log);
    text_release(&worker->bytes);
    *worker = (struct worker){0};
    if (is_late)
        return "takes longer than a file may (does it include a named pipe?); leave the file out";
    return ended_well ? NULL : why_it_died(arena, status, words);
}
