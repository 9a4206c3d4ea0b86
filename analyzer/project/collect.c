#include "project/collect.h"

#include "project/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum { UNIT_FILE_BYTES_MAX = 1 << 30, LATENESS_CHECK_MS = 1000 };

/* The workers and what is left to do. */
struct pool {
    struct arena *arena;
    const unit_list *units;
    size_t next; /* no unit before it waits for a worker */
    size_t done, total;
    struct worker *workers;
    size_t worker_count;
    const struct collect_options *options;
    const char *problem; /* why no worker can be started */
};

const struct collect_limits collect_default_limits = {
    .cpu_seconds = 10 * 60,
    .seconds = 30 * 60,
    .memory_bytes = (uint64_t)4 << 30,
};

/* The processors this process may use. */
static size_t default_jobs(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < 1 ? 1 : (size_t)count;
}

static time_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/* ---- results --------------------------------------------------------------------------------- */

static void fail(struct unit *unit, const char *why)
{
    unit_release(unit);
    unit->state = UNIT_FAILED;
    unit->why = why;
}

static void take_bytes(struct arena *arena, struct unit *unit, const char *data, size_t length)
{
    const char *problem = "is damaged";
    unit->ir = ir_unit_read(&unit->arena, data, length, &problem);
    if (unit->ir)
        unit->state = UNIT_ANALYSED;
    else
        fail(unit, arena_strdup(arena, problem));
}

static void read_unit_file(struct arena *arena, struct unit *unit)
{
    struct arena file = {0};
    size_t length = 0;
    const char *bytes = file_read(&file, unit->file, UNIT_FILE_BYTES_MAX, &length);
    if (bytes)
        take_bytes(arena, unit, bytes, length);
    else
        fail(unit, arena_printf(arena, "cannot be read: %s", strerror(errno)));
    arena_release(&file);
    if (bytes && unit->state == UNIT_FAILED)
        unit->why = arena_printf(arena, "%s; write it anew with leash collect", unit->why);
}

static void count_one(struct pool *pool)
{
    pool->done++;
    if (pool->options->progress)
        pool->options->progress(pool->options->context, pool->done, pool->total);
}

/* ---- workers --------------------------------------------------------------------------------- */

static bool is_for_worker(const struct unit *unit)
{
    return unit->state == UNIT_WAITING && !unit->is_unit_file;
}

/* The next unit for a worker; false: none is left. */
static bool next_unit(struct pool *pool, size_t *index)
{
    while (pool->next < pool->units->count && !is_for_worker(pool->units->at[pool->next]))
        pool->next++;
    *index = pool->next;
    return pool->next++ < pool->units->count;
}

/* Its unit is lost with it. */
static void bury(struct pool *pool, struct worker *worker)
{
    int64_t index = worker->unit;
    const char *why = worker_stop(pool->arena, worker);
    if (index == WORKER_IDLE)
        return;
    fail(pool->units->at[index], why ? why : "its worker sent nonsense");
    count_one(pool);
}

static bool is_alone(const struct pool *pool)
{
    for (size_t i = 0; i < pool->worker_count; i++)
        if (pool->workers[i].pid)
            return false;
    return true;
}

/* false: there can be no more processes.  As long as one worker lives, it does the work. */
static bool start(struct pool *pool, struct worker *worker)
{
    if (worker_start(worker, pool->units, pool->options))
        return true;
    if (is_alone(pool))
        pool->problem =
            arena_printf(pool->arena, "cannot start a worker process: %s; allow more processes",
                         strerror(errno));
    return false;
}

/* Gives the worker, new if need be, the next unit. */
static void employ(struct pool *pool, struct worker *worker)
{
    size_t index;
    while (!pool->problem && next_unit(pool, &index)) {
        if (worker->pid && worker->served >= COLLECT_UNITS_A_WORKER)
            worker_stop(pool->arena, worker);
        if (!worker->pid && !start(pool, worker)) {
            pool->next = index;
            return;
        }
        worker->deadline = now() + pool->options->limits.seconds;
        if (worker_order(worker, index))
            return;
        bury(pool, worker);
    }
}

/* There is no unit, and the bytes say why.  Libclang may have got over a crash: its worker is not
 * trusted with another unit. */
static void take_refusal(struct arena *arena, struct worker *worker, struct unit *unit,
                         const char *data, size_t length)
{
    const char *words = worker_words(arena, worker);
    fail(unit, arena_printf(arena, "%.*s%s%s%s", (int)length, data, words ? " (" : "",
                            words ? words : "", words ? ")" : ""));
    worker->served = COLLECT_UNITS_A_WORKER;
}

static void take_parsed(struct pool *pool, struct unit *unit, const char *data, size_t length)
{
    take_bytes(pool->arena, unit, data, length);
    if (unit->ir && pool->options->keep)
        pool->options->keep(pool->options->context, unit, data, length);
}

static void listen_to(struct pool *pool, struct worker *worker)
{
    struct answer_head head = {0};
    const char *data = NULL;
    enum answer_state state = worker_read(worker, &head, &data);
    if (state == ANSWER_PARTIAL)
        return;
    if (state == ANSWER_BROKEN) {
        bury(pool, worker);
    } else {
        struct unit *unit = pool->units->at[worker->unit];
        if (head.is_unit)
            take_parsed(pool, unit, data, head.length);
        else
            take_refusal(pool->arena, worker, unit, data, head.length);
        worker->bytes.length = 0;
        worker->unit = WORKER_IDLE;
        count_one(pool);
    }
    employ(pool, worker);
}

static size_t busy_workers(const struct pool *pool, struct pollfd *fds, struct worker **busy)
{
    size_t count = 0;
    for (size_t i = 0; i < pool->worker_count; i++) {
        struct worker *worker = &pool->workers[i];
        if (!worker->pid || worker->unit == WORKER_IDLE)
            continue;
        fds[count] = (struct pollfd){.fd = worker->answers, .events = POLLIN};
        busy[count++] = worker;
    }
    return count;
}

/* Ends what takes too long; the worker is buried when its pipe tells. */
static void end_late(struct pool *pool)
{
    time_t time = now();
    for (size_t i = 0; i < pool->worker_count; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->pid && worker->unit != WORKER_IDLE && worker->deadline <= time)
            worker_kill(worker);
    }
}

static void run_pool(struct pool *pool)
{
    struct pollfd fds[COLLECT_JOBS_MAX];
    struct worker *busy[COLLECT_JOBS_MAX];
    for (size_t i = 0; i < pool->worker_count; i++)
        employ(pool, &pool->workers[i]);
    for (size_t count; (count = busy_workers(pool, fds, busy)) > 0;) {
        end_late(pool);
        if (poll(fds, count, LATENESS_CHECK_MS) <= 0)
            continue; /* interrupted, or time to look for late ones */
        for (size_t i = 0; i < count; i++)
            if (fds[i].revents)
                listen_to(pool, busy[i]);
    }
    for (size_t i = 0; i < pool->worker_count; i++)
        if (pool->workers[i].pid)
            worker_stop(pool->arena, &pool->workers[i]);
}

/* Units that no worker could be had for. */
static void give_up(struct pool *pool)
{
    for (size_t i = 0; i < pool->units->count; i++)
        if (is_for_worker(pool->units->at[i]))
            fail(pool->units->at[i], "no worker process could be started");
}

bool collect_units(struct arena *arena, const unit_list *units,
                   const struct collect_options *options, const char **problem)
{
    struct pool pool = {.arena = arena, .units = units, .options = options};
    for (size_t i = 0; i < units->count; i++)
        pool.total += units->at[i]->state == UNIT_WAITING;
    for (size_t i = 0; i < units->count; i++)
        if (units->at[i]->state == UNIT_WAITING && units->at[i]->is_unit_file) {
            read_unit_file(arena, units->at[i]);
            count_one(&pool);
        }
    size_t left = pool.total - pool.done;
    pool.worker_count = options->jobs ? options->jobs : default_jobs();
    if (pool.worker_count > COLLECT_JOBS_MAX)
        pool.worker_count = COLLECT_JOBS_MAX;
    if (pool.worker_count > left)
        pool.worker_count = left;
    pool.workers = arena_array(arena, struct worker, pool.worker_count);

    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before);
    run_pool(&pool);
    sigaction(SIGPIPE, &before, NULL);
    if (pool.problem)
        give_up(&pool);
    *problem = pool.problem;
    return !pool.problem;
}
