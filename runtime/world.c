/*
 * Each other thread that /proc/self/task lists is sent a signal, and waits in its handler.  Threads
 * may begin and end meanwhile, so the list is read until all in it have arrived.
 */
#include "world.h"
#include "clock.h"
#include "proc.h"
#include "scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { PATIENCE_NS = 1000 * 1000 * 1000 }; /* for a thread that blocks the signal */

struct arrival {
    _Atomic int thread; /* 0: not written yet */
    struct stopped stopped;
};

static struct {
    struct sigaction former;
    int asked[WORLD_MAX];
    uint32_t asked_count;
    struct arrival arrivals[WORLD_MAX];
    _Atomic uint32_t arrived; /* places taken in `arrivals` */
    _Atomic uint32_t inside;  /* handlers that have not ended */
    _Atomic uint32_t stopped; /* 1 while the world stands; a futex */
} world;

/* ---- in the stopped threads ------------------------------------------------------------------ */

static char *stack_pointer(const ucontext_t *context)
{
#if defined(__x86_64__)
    enum { RED_ZONE = 128 };
    return (char *)context->uc_mcontext.gregs[REG_RSP] - RED_ZONE;
#elif defined(__aarch64__)
    return (char *)context->uc_mcontext.sp;
#else
    (void)context;
    return __builtin_frame_address(0);
#endif
}

static void handle(int number, siginfo_t *info, void *context)
{
    int error = errno;

    (void)number, (void)info;
    atomic_fetch_add(&world.inside, 1);
    if (atomic_load(&world.stopped)) {
        uint32_t place = atomic_fetch_add(&world.arrived, 1);
        if (place < WORLD_MAX) {
            world.arrivals[place].stopped =
                (struct stopped){stack_pointer(context), pthread_self(), worker_self(), context};
            atomic_store(&world.arrivals[place].thread, (int)syscall(SYS_gettid));
        }
        while (atomic_load(&world.stopped))
            syscall(SYS_futex, &world.stopped, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    }
    atomic_fetch_sub(&world.inside, 1);
    errno = error;
}

/* ---- in the one that stops them -------------------------------------------------------------- */

static bool has_arrived(int thread)
{
    uint32_t count = atomic_load(&world.arrived);

    for (uint32_t i = 0; i < count && i < WORLD_MAX; i++)
        if (atomic_load(&world.arrivals[i].thread) == thread)
            return true;
    return false;
}

static bool was_asked(int thread)
{
    for (uint32_t i = 0; i < world.asked_count; i++)
        if (world.asked[i] == thread)
            return true;
    return false;
}

/* Whether the thread stands; asks it to, once. */
static bool ask(int thread)
{
    if (has_arrived(thread))
        return true;
    if (was_asked(thread) || world.asked_count == WORLD_MAX)
        return false;
    world.asked[world.asked_count++] = thread;
    syscall(SYS_tgkill, getpid(), thread, WORLD_SIGNAL);
    return false;
}

struct asking {
    int self;
    bool all; /* stand that were asked */
};

static void ask_other(int thread, void *arg)
{
    struct asking *asking = arg;

    if (thread != asking->self && !ask(thread))
        asking->all = false;
}

/* Asks all in the list.  Whether all of them stand. */
static bool ask_all(int list)
{
    struct asking asking = {(int)syscall(SYS_gettid), true};

    return proc_each_number(list, ask_other, &asking) && asking.all;
}

static bool await_all(int list)
{
    int64_t until_ns = clock_real_ns() + PATIENCE_NS;

    while (!ask_all(list)) {
        if (clock_real_ns() > until_ns)
            return false;
        usleep(50);
    }
    return true;
}

bool world_stop(void)
{
    struct sigaction action = {.sa_sigaction = handle,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    int list = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (list < 0)
        return false;
    sigfillset(&action.sa_mask);
    world.asked_count = 0;
    memset(world.arrivals, 0, sizeof(world.arrivals));
    atomic_store(&world.arrived, 0);
    atomic_store(&world.stopped, 1);
    sigaction(WORLD_SIGNAL, &action, &world.former);
    bool all = await_all(list);
    close(list);
    if (!all)
        world_go();
    return all;
}

void world_go(void)
{
    sigaction(WORLD_SIGNAL, &world.former, NULL);
    atomic_store(&world.stopped, 0);
    syscall(SYS_futex, &world.stopped, FUTEX_WAKE_PRIVATE, WORLD_MAX, NULL, NULL, 0);
    /* The next stop must not find one of them still in the handler. */
    while (atomic_load(&world.inside))
        usleep(50);
}

const struct stopped *world_stopped(uint32_t index)
{
    return index < atomic_load(&world.arrived) ? &world.arrivals[index].stopped : NULL;
}
