#include "run.h"
#include "blocking.h"
#include "dump.h"
#include "fiber.h"
#include "io.h"
#include "leak.h"
#include "leash.h"
#include "pct.h"
#include "replay.h"
#include "scheduler.h"
#include "signals.h"
#include "sigquit.h"
#include "stack.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    STATUS_DEADLOCK = 24,
    /* How long leash_run waits for threads whose task computes on when the first task has ended. */
    JOIN_SECONDS = 1
};

/* ---- settings -------------------------------------------------------------------------------- */

static uint32_t online_cores(void)
{
    cpu_set_t cores;

    if (!sched_getaffinity(0, sizeof(cores), &cores))
        return (uint32_t)CPU_COUNT(&cores);
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (uint32_t)count : 1;
}

static uint32_t thread_count(void)
{
    const char *text = getenv("LEASH_THREADS");
    char *end;

    if (!text || !*text) {
        /* valgrind runs one thread at a time, and follows the stacks of one best (stack.c). */
        uint32_t cores = fiber_under_valgrind() ? 1 : online_cores();
        return cores < WORKERS_MAX ? cores : WORKERS_MAX;
    }
    errno = 0;
    unsigned long count = strtoul(text, &end, 10);
    if (errno || *end || *text == '-' || count < 1 || count > WORKERS_MAX)
        fatal(NULL, "LEASH_THREADS=%s: a number of threads from 1 to %d", text, WORKERS_MAX);
    return (uint32_t)count;
}

/* What LEASH_SCHEDULE asks for. */
struct schedule {
    bool random;
    uint32_t depth; /* of pct; 0: random:SEED */
    uint64_t seed;
};

/* Reads a number that `end` follows, and moves *place behind that. */
static bool read_number(const char **place, char end, uint64_t *number)
{
    char *after;

    if (!isdigit((unsigned char)**place))
        return false;
    errno = 0;
    *number = strtoull(*place, &after, 10);
    *place = after + 1;
    return !errno && *after == end;
}

static bool read_word(const char **place, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*place, word, length) != 0)
        return false;
    *place += length;
    return true;
}

static struct schedule read_schedule(void)
{
    const char *text = getenv("LEASH_SCHEDULE");
    const char *place = text;
    struct schedule schedule = {.random = true};
    uint64_t depth;

    if (!text || !*text)
        return (struct schedule){.seed = (uint64_t)clock_real_ns()};
    if (read_word(&place, "random:")) {
        if (read_number(&place, '\0', &schedule.seed))
            return schedule;
    } else if (read_word(&place, "pct:") && read_number(&place, ':', &schedule.seed) &&
               read_number(&place, '\0', &depth) && depth >= 1 && depth <= PCT_DEPTH_MAX) {
        schedule.depth = (uint32_t)depth;
        return schedule;
    }
    fatal(NULL,
          "LEASH_SCHEDULE=%s: random:SEED or pct:SEED:DEPTH, with a number for SEED and one from 1 "
          "to %d for DEPTH",
          text, PCT_DEPTH_MAX);
}

/* What ends the program from here on says how to have the same schedule again. */
static void start_replay(const struct schedule *schedule, uint32_t threads)
{
    char text[64];

    if (!schedule->random)
        return;
    if (schedule->depth)
        snprintf(text, sizeof(text), "pct:%" PRIu64 ":%u", schedule->seed, schedule->depth);
    else
        snprintf(text, sizeof(text), "random:%" PRIu64, schedule->seed);
    replay_start(text, threads);
}

/* ---- workers --------------------------------------------------------------------------------- */

static struct worker *worker_make(uint32_t number, uint64_t seed)
{
    size_t bytes = (sizeof(struct worker) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct worker *worker = allocate_aligned(CACHE_LINE, bytes, NULL);

    worker->number = number;
    worker->random = (seed + 1) * 0x9e3779b97f4a7c15u + number * 2 + 1;
    worker->signal_stack = allocate(DUMP_SIGNAL_STACK, NULL);
    wheel_init(&worker->wheel, clock_now_ns());
    return worker;
}

static void worker_free(struct worker *worker)
{
    free(worker->signal_stack);
    free(worker);
}

/* The stack of the thread, which a sanitizer wants to know, and leak_find of those that are ours.
 */
static void note_thread_stack(struct worker *worker)
{
    pthread_attr_t attributes;
    void *low = NULL;

    worker->sanitizer_fiber = fiber_of_thread();
    if ((!RT_ASAN && !worker->number) || pthread_getattr_np(pthread_self(), &attributes))
        return;
    pthread_attr_getstack(&attributes, &low, &worker->base_size);
    worker->base_low = low;
    pthread_attr_destroy(&attributes);
    /* What was freed must not lead leak_find to what lies there next. */
    explicit_bzero(&attributes, sizeof(attributes));
}

static void worker_run(struct worker *worker)
{
    stack_t former;

    worker_enter(worker);
    note_thread_stack(worker);
    overflow_enter(worker->signal_stack, &former);
    worker_loop(worker);
    overflow_leave(&former);
    worker_enter(NULL);
}

/* Held until it is known how many threads there are. */
static pthread_mutex_t start_gate = PTHREAD_MUTEX_INITIALIZER;

/* The thread of leash_run cannot return while a task computes on it: says which one it is. */
static void await_first_thread(void)
{
    static const struct timespec pause = {.tv_nsec = 50000};
    int64_t until_ns = clock_real_ns() + JOIN_SECONDS * INT64_C(1000000000);

    while (clock_real_ns() < until_ns) {
        if (atomic_load(&runtime.first_left))
            return;
        nanosleep(&pause, NULL);
    }
    struct task *task = runtime.workers[0]->task;
    if (task && !atomic_exchange(&runtime.first_left, true))
        fprintf(stderr,
                "leash: the first task has returned, but %s (task %" PRIu64
                ", spawned at %s) computes on the thread of leash_run and does not yield\n",
                task->name, task->id, atomic_load(&task->spawn));
}

static void *worker_thread(void *arg)
{
    pthread_mutex_lock(&start_gate);
    pthread_mutex_unlock(&start_gate);
    worker_run(arg);
    await_first_thread();
    return NULL;
}

/* Starts threads for all workers but the first; returns how many workers there are. */
static uint32_t start_threads(uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        int error =
            pthread_create(&runtime.workers[i]->thread, NULL, worker_thread, runtime.workers[i]);
        if (error) {
            fprintf(stderr, "leash: %u of %u threads started: %s\n", i, count, strerror(error));
            return i;
        }
    }
    return count;
}

/* Waits for the threads; false when one of them computes on. */
static bool join_threads(uint32_t count)
{
    struct timespec until;
    bool all = true;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += JOIN_SECONDS;
    for (uint32_t i = 1; i < count; i++) {
        pthread_t thread = runtime.workers[i]->thread;
        if (pthread_timedjoin_np(thread, NULL, &until)) {
            pthread_detach(thread);
            all = false;
        }
    }
    return all;
}

/* ---- the first task -------------------------------------------------------------------------- */

struct first_call {
    int (*entry)(int argc, char **argv);
    int argc;
    char **argv;
    int result;
    enum leak_setting leaks;
    bool fails; /* for leaks */
};

static void run_first(struct first_call *call)
{
    call->result = call->entry(call->argc, call->argv);
    call->fails = leak_look_at_end(call->leaks);
    atomic_store(&runtime.stopping, true);
    idle_wake_all();
}

static void runtime_start(void)
{
    struct schedule schedule = read_schedule();
    uint32_t count = thread_count();

    memset(&runtime, 0, sizeof(runtime));
    clock_start();
    runtime.random_schedule = schedule.random;
    runtime.has_priorities = schedule.depth > 0;
    runtime.has_membarrier =
        !RT_TSAN && !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    runtime.id_next = 1;
    runtime.workers = allocate(count * sizeof(*runtime.workers), NULL);
    for (uint32_t i = 0; i < count; i++)
        runtime.workers[i] = worker_make(i, schedule.seed);
    if (runtime.has_priorities)
        pct_start(runtime.workers[0], schedule.depth);
    runtime.worker_count = count;
    stack_start();
    idle_start();
    io_start();
    blocking_start();
    overflow_start();
    start_replay(&schedule, count);
    sigquit_start();
}

static _Atomic(void (*)(void)) stop_at_end;

void run_at_end(void (*stop)(void))
{
    atomic_store(&stop_at_end, stop);
}

static void runtime_stop(uint32_t count, bool all_ended)
{
    void (*stop)(void) = atomic_exchange(&stop_at_end, NULL);

    if (stop)
        stop();
    leash_task_watch_stop();
    overflow_stop();
    replay_stop();
    signals_restore();
    sigquit_stop();
    bool helpers_ended = blocking_stop();
    /* A thread that computes on still uses its stack, its worker and all that is reached by them.
     */
    if (!all_ended)
        return;
    signals_stop();
    io_stop();
    for (uint32_t i = 0; i < count; i++)
        wheel_release(&runtime.workers[i]->wheel);
    /* A helper's call may write to the stack of the task that made it. */
    stack_stop(!helpers_ended);
    for (uint32_t i = 0; i < count; i++)
        worker_free(runtime.workers[i]);
    free(runtime.inject_ring);
    free(runtime.workers);
    memset(&runtime, 0, sizeof(runtime));
}

int leash_run(int (*entry)(int argc, char **argv), int argc, char **argv)
{
    struct first_call call = {.entry = entry, .argc = argc, .argv = argv, .leaks = leak_setting()};
    leash_args args = {1, {(uintptr_t)&call}};

    if (worker_self() || atomic_exchange(&runtime.running, true))
        fatal(NULL, "leash_run inside leash_run: spawn a task instead");
    runtime_start();
    atomic_store(&runtime.running, true);
    worker_enter(runtime.workers[0]);
    if (task_spawn((void (*)(void))run_first, &args, "main", NULL, "leash_run"))
        fatal(NULL, "no memory for the stack of the first task");
    uint32_t made = runtime.worker_count;
    pthread_mutex_lock(&start_gate);
    runtime.worker_count = start_threads(made);
    lock_alone = runtime.worker_count == 1;
    pthread_mutex_unlock(&start_gate);
    worker_run(runtime.workers[0]);
    atomic_store(&runtime.first_left, true);
    bool all_ended = join_threads(runtime.worker_count);
    lock_alone = false;
    runtime_stop(made, all_ended);
    atomic_store(&runtime.running, false);
    if (call.fails)
        leak_fail();
    return call.result;
}

void run_deadlock(void)
{
    fflush(stdout);
    fprintf(stderr, "leash: all tasks are parked, and nothing can wake one of them:\n");
    leash_task_dump(stderr);
    fflush(stderr);
    replay_say();
    _exit(STATUS_DEADLOCK);
}
