/*
 * blocking.c - a pool of threads for calls that block.
 *
 * A request lies on the stack of the task that makes it.  Requests wait in one queue, first come,
 * first served; helpers are started while requests find none idle, up to a maximum, and end after a
 * time without work.
 *
 * The task parks with the lock of its request held, so the helper that has the answer waits on that
 * lock until the task is parked in full.
 */
#include "blocking.h"
#include "scheduler.h"
#include "sys.h"
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum {
    HELPERS_DEFAULT = 64,
    HELPERS_MAX = 4096,
    IDLE_SECONDS = 5, /* after which a helper ends */
    STOP_MS = 100     /* for calls that are under way when the run ends */
};

struct request {
    struct request *next;
    struct lock lock; /* held until the task is parked */
    struct task *task;
    void *(*fn)(void *);
    void *arg;
    void *result;
    int error; /* errno, before and after */
};

struct helper {
    pthread_t thread;
    struct helper *next; /* of those that are in a call */
    struct helper **link;
    bool left_alone; /* the runtime stopped meanwhile */
};

static struct {
    pthread_mutex_t mutex; /* guards all of it, and the helpers */
    pthread_cond_t work;   /* for idle helpers: a request, or the end */
    pthread_cond_t gone;   /* for the end: a helper ended */
    struct request *first;
    struct request *last;
    uint32_t queued;        /* requests */
    uint32_t idle;          /* helpers that wait for work */
    uint32_t count;         /* helpers */
    uint32_t max;           /* of them */
    struct helper *in_call; /* those that are */
    struct helper *ended;   /* the last one that ended: to be joined by the next */
    bool stopping;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER,
          .work = PTHREAD_COND_INITIALIZER,
          .gone = PTHREAD_COND_INITIALIZER};

/* ---- a helper -------------------------------------------------------------------------------- */

static struct timespec after_ms(int64_t ms)
{
    struct timespec when;

    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += ms / 1000;
    when.tv_nsec += ms % 1000 * 1000000;
    if (when.tv_nsec >= 1000000000) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000;
    }
    return when;
}

/* The next request; NULL: time to end.  With the mutex held. */
static struct request *next_request(void)
{
    struct timespec until = after_ms(IDLE_SECONDS * 1000);
    int error = 0;

    pool.idle++;
    while (!pool.first && !pool.stopping && error == 0)
        error = pthread_cond_clockwait(&pool.work, &pool.mutex, CLOCK_MONOTONIC, &until);
    pool.idle--;
    struct request *request = pool.first;
    if (pool.stopping || !request)
        return NULL;
    pool.first = request->next;
    pool.queued--;
    return request;
}

static void in_call_add(struct helper *helper)
{
    helper->next = pool.in_call;
    helper->link = &pool.in_call;
    if (helper->next)
        helper->next->link = &helper->next;
    pool.in_call = helper;
}

static void in_call_remove(struct helper *helper)
{
    *helper->link = helper->next;
    if (helper->next)
        helper->next->link = helper->link;
}

/* Makes the call.  False: nobody waits for the answer any more.  With the mutex held, which is free
 * meanwhile. */
static bool serve(struct helper *self, struct request *request)
{
    in_call_add(self);
    pthread_mutex_unlock(&pool.mutex);
    errno = request->error;
    void *result = request->fn(request->arg);
    int error = errno;
    pthread_mutex_lock(&pool.mutex);
    if (self->left_alone)
        return false;
    in_call_remove(self);
    pthread_mutex_unlock(&pool.mutex);
    lock_acquire_among_threads(&request->lock);
    request->result = result;
    request->error = error;
    struct task *task = request->task;
    lock_release(&request->lock);
    ready(task);
    pthread_mutex_lock(&pool.mutex);
    return true;
}

/* Each helper that ends joins the one that ended before it. */
static void helper_end(struct helper *self)
{
    struct helper *former = pool.ended;

    pool.ended = self;
    pool.count--;
    pthread_cond_signal(&pool.gone);
    pthread_mutex_unlock(&pool.mutex);
    if (former) {
        pthread_join(former->thread, NULL);
        free(former);
    }
}

static void *helper_main(void *arg)
{
    struct helper *self = arg;
    struct request *request;

    pthread_mutex_lock(&pool.mutex);
    self->thread = pthread_self();
    while ((request = next_request())) {
        if (!serve(self, request)) {
            pthread_mutex_unlock(&pool.mutex);
            free(self);
            return NULL;
        }
    }
    helper_end(self);
    return NULL;
}

/* Signals are for the threads of the tasks.  Where no thread can be had, those that there are have
 * to do. */
static void helper_start(void)
{
    struct helper *helper = calloc(1, sizeof(*helper));
    pthread_t thread;
    sigset_t all;
    sigset_t former;

    if (!helper)
        return;
    sigfillset(&all);
    sigdelset(&all, WORLD_SIGNAL);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    int error = pthread_create(&thread, NULL, helper_main, helper);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (error)
        free(helper);
    else
        pool.count++;
}

/* ---- a task ---------------------------------------------------------------------------------- */

/* False: there is no helper, and none to be had. */
static RT_OPAQUE bool submit(struct request *request)
{
    pthread_mutex_lock(&pool.mutex);
    if (pool.idle <= pool.queued && pool.count < pool.max)
        helper_start();
    bool submitted = pool.count > 0;
    if (submitted) {
        request->next = NULL;
        if (pool.first)
            pool.last->next = request;
        else
            pool.first = request;
        pool.last = request;
        pool.queued++;
        pthread_cond_signal(&pool.work);
    }
    pthread_mutex_unlock(&pool.mutex);
    return submitted;
}

void *leash_task_blocking(void *(*fn)(void *), void *arg, const char *site)
{
    schedule_point();
    struct worker *worker = worker_of_task("task_blocking", site);
    struct request request = {.task = worker->task, .fn = fn, .arg = arg, .error = errno_get()};

    lock_acquire_among_threads(&request.lock);
    atomic_fetch_add_explicit(&runtime.outside, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&runtime.helped, 1, memory_order_relaxed);
    if (submit(&request)) {
        park(&request.lock, "blocking call", NULL, site);
        errno_set(request.error);
    } else {
        request.result = fn(arg);
    }
    atomic_fetch_sub_explicit(&runtime.helped, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&runtime.outside, 1, memory_order_relaxed);
    return request.result;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

void blocking_start(void)
{
    const char *text = getenv("LEASH_HELPERS");
    char *end;

    pool.stopping = false;
    pool.max = HELPERS_DEFAULT;
    if (!text || !*text)
        return;
    errno = 0;
    unsigned long count = strtoul(text, &end, 10);
    if (errno || *end || *text == '-' || count < 1 || count > HELPERS_MAX)
        fatal(NULL, "LEASH_HELPERS=%s: a number of threads from 1 to %d", text, HELPERS_MAX);
    pool.max = (uint32_t)count;
}

/* Leaves those alone that are in a call; with the mutex held.  Whether there was one. */
static bool leave_callers(void)
{
    bool any = pool.in_call != NULL;

    for (struct helper *helper = pool.in_call; helper; helper = helper->next) {
        helper->left_alone = true;
        pthread_detach(helper->thread);
        pool.count--;
    }
    pool.in_call = NULL;
    return any;
}

bool blocking_stop(void)
{
    struct timespec until = after_ms(STOP_MS);
    int error = 0;

    pthread_mutex_lock(&pool.mutex);
    pool.stopping = true;
    pool.first = NULL;
    pool.queued = 0;
    pthread_cond_broadcast(&pool.work);
    while (pool.count > 0 && error == 0)
        error = pthread_cond_clockwait(&pool.gone, &pool.mutex, CLOCK_MONOTONIC, &until);
    bool left = leave_callers();
    /* The others are about to end: they wait for nothing. */
    while (pool.count > 0)
        pthread_cond_wait(&pool.gone, &pool.mutex);
    struct helper *last = pool.ended;
    pool.ended = NULL;
    pthread_mutex_unlock(&pool.mutex);
    if (last) {
        pthread_join(last->thread, NULL);
        free(last);
    }
    return !left;
}
