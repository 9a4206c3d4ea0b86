/*
 * task_watch: a call when there are too many tasks, or ever more of them.
 *
 * A thread that runs no tasks looks from time to time.  So it costs the tasks nothing, sees them
 * also when none of them gets on, and keeps no program alive whose tasks are all stuck.
 */
#include "clock.h"
#include "counts.h"
#include "scheduler.h"
#include "stack.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often the count is asked for: so often in a window, but not more than a thread may cost, nor
 * so seldom that a limit is passed unseen for long. */
enum { LOOKS_OF_WINDOW = 8, PAUSE_MIN_MS = 10, PAUSE_MAX_MS = 250 };

/* So many windows, each with a higher low than the one before, are growth; a day of windows is the
 * longest there is. */
enum { WINDOWS_OF_GROWTH = 4, WINDOW_MAX_MS = 24 * 60 * 60 * 1000 };

typedef void callback(const leash_task_news_t *news, void *arg);

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* there while `is_on` */
    pthread_t thread;
    bool is_on, stopping;
    size_t limit;
    int64_t window_ms;
    callback *call;
    void *arg;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- where most of them come from ------------------------------------------------------------ */

struct sites {
    const char **at;
    size_t count, room;
};

static void add_site(struct task *task, void *arg)
{
    struct sites *sites = arg;
    const char *site = atomic_load_explicit(&task->spawn, memory_order_relaxed);

    if (task_is_alive(task) && sites->count < sites->room)
        sites->at[sites->count++] = site ? site : "?";
}

static int compare_sites(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Without memory it stays "?". */
static void find_origin(leash_task_news_t *news)
{
    struct sites sites = {.at = calloc(news->count, sizeof(*sites.at)), .room = news->count};

    if (!sites.at)
        return;
    stack_each(add_site, &sites);
    qsort(sites.at, sites.count, sizeof(*sites.at), compare_sites);
    for (size_t first = 0, next; first < sites.count; first = next) {
        for (next = first + 1; next < sites.count && !strcmp(sites.at[first], sites.at[next]);)
            next++;
        if (next - first <= news->spawned_there)
            continue;
        news->spawned_at = sites.at[first];
        news->spawned_there = next - first;
    }
    free(sites.at);
}

/* ---- looking --------------------------------------------------------------------------------- */

/* What earlier looks have shown. */
struct seen {
    bool is_above; /* the limit, and that was said */
    bool grows;    /* the same of growth */
    int64_t window_began_ns;
    size_t low, former_low; /* of this window and the one before; SIZE_MAX: none */
    unsigned risen;         /* windows in a row */
};

static void say(bool is_growth, size_t count)
{
    leash_task_news_t news = {.is_growth = is_growth, .count = count, .spawned_at = "?"};

    find_origin(&news);
    if (watch.call) {
        watch.call(&news, watch.arg);
        return;
    }
    fprintf(stderr, "leash: %zu tasks, ", count);
    if (is_growth)
        fprintf(stderr, "more with each %" PRId64 " ms", watch.window_ms);
    else
        fprintf(stderr, "more than %zu", watch.limit);
    fprintf(stderr, "; %zu of them spawned at %s\n", news.spawned_there, news.spawned_at);
}

static void look_at_limit(struct seen *seen, size_t count)
{
    bool is_above = watch.limit && count > watch.limit;

    if (is_above && !seen->is_above)
        say(false, count);
    seen->is_above = is_above;
}

/* What comes and goes has the same low in each window; what is left behind raises it. */
static void look_at_growth(struct seen *seen, size_t count, int64_t now_ns)
{
    if (count < seen->low)
        seen->low = count;
    if (!watch.window_ms || now_ns - seen->window_began_ns < watch.window_ms * 1000000)
        return;
    bool has_risen = seen->former_low != SIZE_MAX && seen->low > seen->former_low;
    seen->risen = has_risen ? seen->risen + 1 : 0;
    seen->former_low = seen->low;
    seen->low = SIZE_MAX;
    seen->window_began_ns = now_ns;
    bool grows = seen->risen >= WINDOWS_OF_GROWTH;
    if (grows && !seen->grows)
        say(true, count);
    seen->grows = grows;
}

static int64_t pause_ms(void)
{
    int64_t pause = watch.window_ms ? watch.window_ms / LOOKS_OF_WINDOW : PAUSE_MAX_MS;

    return pause < PAUSE_MIN_MS ? PAUSE_MIN_MS : pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause;
}

/* false: the watch is over. */
static bool await_next_look(void)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + pause_ms() * 1000000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&watch.lock);
    while (!watch.stopping && !error)
        error = pthread_cond_timedwait(&watch.changed, &watch.lock, &until);
    bool goes_on = !watch.stopping;
    pthread_mutex_unlock(&watch.lock);
    return goes_on;
}

static void *look(void *unused)
{
    struct seen seen = {
        .window_began_ns = clock_real_ns(), .low = SIZE_MAX, .former_low = SIZE_MAX};

    (void)unused;
    while (await_next_look()) {
        size_t count = leash_task_count();
        look_at_limit(&seen, count);
        look_at_growth(&seen, count, clock_real_ns());
    }
    return NULL;
}

/* ---- start and stop -------------------------------------------------------------------------- */

/* 0 or an errno; under the lock. */
static int start(void)
{
    pthread_condattr_t steady;
    sigset_t all;
    sigset_t former;

    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&watch.changed, &steady);
    pthread_condattr_destroy(&steady);
    /* Signals are for the threads of the tasks.  By SIGURG leak_find stops this thread too. */
    sigfillset(&all);
    sigdelset(&all, SIGURG);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    watch.stopping = false;
    int error = pthread_create(&watch.thread, NULL, look, NULL);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    watch.is_on = !error;
    if (error)
        pthread_cond_destroy(&watch.changed);
    return error;
}

int leash_task_watch(size_t limit, int64_t window_ms, callback *call, void *arg)
{
    if (!task_self())
        return EPERM;
    if ((!limit && !window_ms) || window_ms < 0 || window_ms > WINDOW_MAX_MS)
        return EINVAL;
    pthread_mutex_lock(&watch.lock);
    int error = EALREADY;
    if (!watch.is_on) {
        watch.limit = limit;
        watch.window_ms = window_ms;
        watch.call = call;
        watch.arg = arg;
        error = start();
    }
    pthread_mutex_unlock(&watch.lock);
    return error;
}

void leash_task_watch_stop(void)
{
    pthread_mutex_lock(&watch.lock);
    bool was_on = watch.is_on && !watch.stopping;
    watch.stopping |= was_on;
    if (was_on)
        pthread_cond_signal(&watch.changed);
    pthread_mutex_unlock(&watch.lock);
    if (!was_on)
        return;
    pthread_join(watch.thread, NULL);
    pthread_mutex_lock(&watch.lock);
    pthread_cond_destroy(&watch.changed);
    watch.is_on = watch.stopping = false;
    pthread_mutex_unlock(&watch.lock);
}
