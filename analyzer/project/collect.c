#include "project/collect.h"

#include "project/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

enum { UNIT_FILE_BYTES_MAX = 1 << 30 };

/* The workers and what is left to do. */
struct pool {
    struct arena *arena;
    const unit_list *units;
    size_t next; /* no unit before it waits for a worker */
    size_t done, total;
    struct worker *workers;
    size_t worker_count;
    collect_progress *progress;
    void *context;
    const char *problem; /* why no worker can be started */
};

unsigned collect_default_jobs(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < 1 ? 1 : count > COLLECT_JOBS_MAX ? COLLECT_JOBS_MAX : (unsigned)count;
}

/* ---- results -----------------------------------------------------------------------------------
 */

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
    if (pool->progress)
        pool->progress(pool->context, pool->done, pool->total);
}

/* ---- workers -----------------------------------------------------------------------------------
 */

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
    if (worker_start(worker, pool->units, pool->workers, pool->worker_count))
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
        if (worker_order(worker, index))
            return;
        bury(pool, worker);
    }
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
            take_bytes(pool->arena, unit, data, head.length);
        else
            fail(unit, arena_strndup(pool->arena, data, head.length));
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

static void run_pool(struct pool *pool)
{
    struct pollfd fds[COLLECT_JOBS_MAX];
    struct worker *busy[COLLECT_JOBS_MAX];
    for (size_t i = 0; i < pool->worker_count; i++)
        employ(pool, &pool->workers[i]);
    for (size_t count; (count = busy_workers(pool, fds, busy)) > 0;) {
        if (poll(fds, count, -1) < 0)
            continue; /* interrupted */
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

bool collect_units(struct arena *arena, const unit_list *units, unsigned jobs,
                   collect_progress *progress, void *context, const char **problem)
{
    struct pool pool = {.arena = arena, .units = units, .progress = progress, .context = context};
    for (size_t i = 0; i < units->count; i++)
        pool.total += units->at[i]->state == UNIT_WAITING;
    for (size_t i = 0; i < units->count; i++)
        if (units->at[i]->state == UNIT_WAITING && units->at[i]->is_unit_file) {
            read_unit_file(arena, units->at[i]);
            count_one(&pool);
        }
    pool.worker_count = jobs < 1 ? 1 : jobs > COLLECT_JOBS_MAX ? COLLECT_JOBS_MAX : jobs;
    if (pool.worker_count > pool.total)
        pool.worker_count = pool.total;
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
