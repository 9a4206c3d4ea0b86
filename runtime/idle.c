/*
 * What a worker does that has nothing to run: look around, help others, rest.
 *
 * Of the workers that rest, one polls descriptors until the next timer of any worker is due, the
 * others sleep on a futex.  While some rest and some run, one of the resting watches: it wakes now
 * and then, so that nobody waits long behind a task that computes.
 *
 * Moving a task to another core costs more than running a short one where it is: its stack and all
 * that it touches must come over, and a sleeping thread takes ten microseconds to wake.  So help
 * has to pay.  A worker that would steal first watches its victim for a moment: where tasks take
 * turns in less than a microsecond, they are better off together.  When what it stole kept it busy,
 * it goes on to steal unasked, and every new task is offered to those that rest (idle.eager); when
 * not, nobody is woken for new tasks, and the watcher tries again after a pause that doubles up to
 * NAP_MAX_NS.
 */
#include "idle.h"
#include "io.h"
#include "run.h"
#include "scheduler.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_IO_NS = 20000,    /* between looks at descriptors while there are tasks to run */
    STUDY_NS = 10000,      /* how long a victim is watched ... */
    STUDY_TURNS = 10,      /* ... and how many turns its tasks may take in that time */
    STEAL_MAX = 8,         /* tasks taken at once */
    NEXT_WAITS_NS = 20000, /* a task that is to run next is left alone before */
    PAYS_NS = 2000,        /* of work that make a steal worth it */
    PAYS_WAKE_NS = 20000,  /* ... and worth waking a thread */
    NAP_MIN_NS = 50000,    /* between looks of the watcher at the others */
    NAP_MAX_NS = 2000000,
    IO_MOMENT_NS = 100000000, /* before a leap: longer than a kernel puts an acknowledgement off */
    LAST_LOOKS = 10           /* of a watcher when all rest, before it sleeps without end */
};

static struct {
    _Atomic bool eager;           /* offers wake those that rest */
    _Atomic bool watching;        /* a resting worker watches */
    _Atomic bool polling;         /* a worker is in io_poll */
    _Atomic bool io_moves;        /* tasks did I/O since descriptors were last quiet */
    _Atomic bool searching;       /* a worker was woken by an offer and has not found a task yet */
    _Atomic int64_t nap_ns;       /* the watcher's pause */
    _Atomic uint64_t ended_rests; /* counts up */
} idle;

void idle_start(void)
{
    atomic_store(&idle.eager, true);
    atomic_store(&idle.watching, false);
    atomic_store(&idle.polling, false);
    atomic_store(&idle.io_moves, false);
    atomic_store(&idle.searching, false);
    atomic_store(&idle.nap_ns, NAP_MIN_NS);
}

/* ---- sleeping and waking --------------------------------------------------------------------- */

/* TSan puts a signal off until the thread makes a call that it knows.  This one it does not know,
 * so a signal that comes just before would sleep along: under TSan no sleep is long. */
enum { TSAN_SLEEP_NS_MAX = 50 * 1000 * 1000 };

static inline int64_t cut_under_tsan(int64_t timeout_ns)
{
    return RT_TSAN && timeout_ns > TSAN_SLEEP_NS_MAX ? TSAN_SLEEP_NS_MAX : timeout_ns;
}

static void futex_sleep(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    timeout_ns = cut_under_tsan(timeout_ns);
    struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};

    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ns == NEVER ? NULL : &timeout, NULL,
            0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Ends the rest of a worker that rests in this way.  The worker counts itself out (end_rest): were
 * it done here, it might run tasks already while it still counts as resting. */
static bool wake(struct worker *worker, enum rest how)
{
    uint32_t rest = how;

    if (!atomic_compare_exchange_strong(&worker->rest, &rest, REST_NOT))
        return false;
    if (how == REST_SLEEPS)
        futex_wake(&worker->rest);
    else
        io_interrupt();
    return true;
}

/* Sleepers first: the one that polls is needed where it is. */
static bool wake_any(void)
{
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        if (wake(runtime.workers[i], REST_SLEEPS))
            return true;
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        if (wake(runtime.workers[i], REST_POLLS))
            return true;
    return false;
}

void idle_wake_one(void)
{
    /* After what was injected: who rests after this load looks there once more. */
    if (atomic_load(&runtime.resting))
        wake_any();
}

void idle_wake_all(void)
{
    while (wake_any())
        ;
    io_interrupt();
}

void idle_offer_slow(void)
{
    if (!atomic_load_explicit(&idle.watching, memory_order_relaxed)) {
        wake_any();
        return;
    }
    if (!atomic_load_explicit(&idle.eager, memory_order_relaxed) ||
        atomic_exchange(&idle.searching, true))
        return;
    if (!wake_any())
        atomic_store(&idle.searching, false);
}

/* ---- stealing -------------------------------------------------------------------------------- */

/* A worker that has tasks waiting, from a random one on; NULL: none has. */
static struct worker *find_victim(struct worker *worker)
{
    uint32_t first = random_below(worker, runtime.worker_count);

    for (uint32_t i = 0; i < runtime.worker_count; i++) {
        struct worker *victim = runtime.workers[(first + i) % runtime.worker_count];
        if (victim != worker && queue_has_task(&victim->queue))
            return victim;
    }
    return NULL;
}

/* The turns that the worker's tasks take while it is watched for so long. */
static uint64_t study(struct worker *victim, int64_t duration_ns)
{
    uint64_t ticks = atomic_load(&victim->ticks);
    int64_t until_ns = clock_real_ns() + duration_ns;

    while (clock_real_ns() < until_ns)
        ;
    return atomic_load(&victim->ticks) - ticks;
}

/* Whether helping paid: what was stolen kept the worker busy.  To have been woken for nothing, or
 * to have found only short tasks, did not. */
static void judge(struct worker *worker)
{
    int64_t worked_ns = worker->stole_ns ? clock_real_ns() - worker->stole_ns : 0;
    bool paid = worked_ns >= PAYS_NS;
    int64_t nap_ns = paid ? NAP_MIN_NS : atomic_load(&idle.nap_ns) * 2;

    if (worker->stole_ns || worker->was_woken)
        atomic_store(&idle.eager, worked_ns >= PAYS_WAKE_NS);
    if (worker->stole_ns || worker->was_woken || worker->watches)
        atomic_store(&idle.nap_ns, nap_ns < NAP_MAX_NS ? nap_ns : NAP_MAX_NS);
    worker->trusts = paid;
    worker->stole_ns = 0;
    worker->was_woken = false;
}

/* The oldest of the fresh tasks, which mostly lead to many others, or of the woken ones, where they
 * are not too short; up to STEAL_MAX at once.  The first is returned. */
static struct task *steal_queued(struct worker *worker, struct queue *victim)
{
    struct ring *ring = ring_length(&victim->fresh) ? &victim->fresh : &victim->woken;
    uint32_t more = worker->trusts ? ring_length(ring) / 2 : 1;

    if (!raid_begin(victim))
        return NULL;
    struct task *first = ring_shift(ring);
    for (uint32_t i = 1; first && i < more && i < STEAL_MAX; i++) {
        struct task *task = ring_shift(ring);
        if (task)
            queue_push(worker, task);
    }
    raid_end(victim);
    return first;
}

/* The task that was to run next, if it still is. */
static struct task *steal_next(struct queue *victim, struct task *next)
{
    struct task *task = NULL;

    if (!raid_begin(victim))
        return NULL;
    if (atomic_load(&victim->next) == next)
        task = next_take(victim);
    raid_end(victim);
    return task;
}

/* From a victim that has tasks, after a study of it. */
static struct task *steal_from(struct worker *worker, struct worker *victim)
{
    struct queue *queue = &victim->queue;
    struct task *next = atomic_load(&queue->next);

    if (ring_length(&queue->woken) || ring_length(&queue->fresh)) {
        bool allowed = worker->trusts || study(victim, STUDY_NS) <= STUDY_TURNS;
        return allowed ? steal_queued(worker, queue) : NULL;
    }
    return next && !study(victim, NEXT_WAITS_NS) ? steal_next(queue, next) : NULL;
}

/* It watched for a while, or was offered a task, or goes on as it paid so far. */
static bool may_steal(struct worker *worker)
{
    return worker->may_steal || worker->trusts || atomic_load(&idle.eager);
}

/* One task of another worker, or NULL. */
static struct task *steal(struct worker *worker)
{
    if (worker->stole_ns)
        judge(worker);
    if (runtime.worker_count == 1 || !may_steal(worker))
        return NULL;
    worker->may_steal = false;
    struct worker *victim = find_victim(worker);
    if (!victim)
        return NULL;
    struct task *task = steal_from(worker, victim);
    worker->was_woken = worker->was_woken || !task;
    if (task) {
        count_one(COUNT_STEALS);
        worker->stole_ns = clock_real_ns();
    }
    return task;
}

/* ---- resting --------------------------------------------------------------------------------- */

static int64_t next_timer_ns(void)
{
    int64_t next_ns = NEVER;

    for (uint32_t i = 0; i < runtime.worker_count; i++) {
        int64_t wheel_ns = wheel_next_ns(&runtime.workers[i]->wheel);
        if (wheel_ns < next_ns)
            next_ns = wheel_ns;
    }
    return next_ns;
}

/* Fires what is due on any worker's wheel: the others may compute. */
static void advance_all(void)
{
    int64_t now_ns = clock_now_ns();

    for (uint32_t i = 0; i < runtime.worker_count; i++) {
        struct wheel *wheel = &runtime.workers[i]->wheel;
        if (wheel_next_ns(wheel) <= now_ns)
            wheel_advance(wheel, now_ns);
    }
}

static bool all_rest(void)
{
    return atomic_load(&runtime.resting) == runtime.worker_count;
}

static bool any_has_task(void)
{
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        if (queue_has_task(&runtime.workers[i]->queue))
            return true;
    return false;
}

bool idle_others_run(void)
{
    return any_has_task() || atomic_load(&runtime.injected) ||
           atomic_load(&runtime.resting) + 1 < runtime.worker_count;
}

/*
 * Whether all tasks are parked, none of them in what `outside` counts; and when the next timer is
 * due.
 *
 * The answers must belong together.  They do when all workers rest from the first to the last of
 * them, that is when no rest ended in between: then no task ran, and only tasks take back what they
 * wait for outside.  A worker that polls counts as resting while it fills its queue, so the queues
 * are asked too, after what it may have been woken by.
 */
static bool all_parked(_Atomic uint32_t *outside, int64_t *timer_ns)
{
    uint64_t ended = atomic_load(&idle.ended_rests);
    bool none = all_rest() && !atomic_load(&runtime.injected) && !atomic_load(outside);

    *timer_ns = next_timer_ns();
    return none && !any_has_task() && all_rest() && atomic_load(&idle.ended_rests) == ended &&
           !atomic_load(&runtime.stopping);
}

/* All parked, and nothing that could wake a task. */
static bool is_deadlock(void)
{
    int64_t timer_ns;

    return all_parked(&runtime.outside, &timer_ns) && timer_ns == NEVER;
}

void idle_note_io(void)
{
    if (clock_is_virtual())
        atomic_store(&idle.io_moves, true);
}

/* Is there something to do for a worker that polls?  The look at descriptors may have taken note of
 * an interruption, too. */
static bool is_called(struct worker *worker)
{
    return queue_has_task(&worker->queue) || atomic_load(&worker->rest) == REST_NOT ||
           atomic_load(&runtime.injected) || atomic_load(&runtime.stopping);
}

/* What tasks write to each other may take a moment on its way, as over a loopback connection, whose
 * receiver may acknowledge late what its sender waits for.  Returns false where something came.
 * Once nothing did, nothing is on its way until tasks do I/O again. */
static bool io_settles(struct worker *worker)
{
    int64_t until_ns = clock_real_ns() + IO_MOMENT_NS;

    if (!atomic_load(&runtime.outside) || !atomic_exchange(&idle.io_moves, false))
        return true;
    for (int64_t left_ns = IO_MOMENT_NS; left_ns > 0; left_ns = until_ns - clock_real_ns()) {
        io_poll(left_ns);
        if (is_called(worker)) {
            atomic_store(&idle.io_moves, true);
            return false;
        }
    }
    return true;
}

/* All are parked, and a timer is set. */
static bool may_leap(int64_t *timer_ns)
{
    return all_parked(&runtime.helped, timer_ns) && *timer_ns != NEVER;
}

/*
 * Sets a virtual clock on to the next timer where nothing comes before it.  Returns whether to look
 * around again, and not to wait for long.
 *
 * Descriptors that are ready come before: what tasks wrote to each other takes no time.  So it is
 * the worker that polls who does this, and no task may have run since it began to look.  Whoever
 * was awake before the last look at descriptors may have offered the leap before it, and will not
 * do so again; whoever is awake after it will.
 */
static bool leap(struct worker *worker)
{
    uint64_t ended = atomic_load(&idle.ended_rests);
    int64_t timer_ns;

    io_poll(0);
    if (is_called(worker))
        return true;
    if (!may_leap(&timer_ns))
        return false;
    if (!io_settles(worker))
        return true;
    if (!may_leap(&timer_ns))
        return false;
    if (atomic_load(&idle.ended_rests) == ended)
        clock_leap(timer_ns);
    return true;
}

/* Has the worker that polls look whether to leap, now that one more rests. */
static void offer_leap(void)
{
    int64_t timer_ns;

    if (all_parked(&runtime.helped, &timer_ns) && timer_ns != NEVER)
        io_interrupt();
}

/* The timeout, cut where a timer is due earlier. */
static int64_t until_timer(int64_t timer_ns, int64_t timeout_ns)
{
    if (timer_ns == NEVER)
        return timeout_ns;
    int64_t left_ns = timer_ns - clock_now_ns();
    if (left_ns < 0)
        return 0;
    return left_ns < timeout_ns ? left_ns : timeout_ns;
}

static void stop_watching(struct worker *worker)
{
    if (worker->watches)
        atomic_store(&idle.watching, false);
    worker->watches = false;
}

static void poll_for(struct worker *worker, int64_t timeout_ns)
{
    if (!clock_is_virtual() || !leap(worker))
        io_poll(cut_under_tsan(until_timer(next_timer_ns(), timeout_ns)));
}

static void sleep_for(struct worker *worker, int64_t timeout_ns)
{
    if (clock_is_virtual())
        offer_leap();
    futex_sleep(&worker->rest, REST_SLEEPS, until_timer(wheel_next_ns(&worker->wheel), timeout_ns));
}

/* Rests until woken, an event, a timer or the timeout. */
static void rest_for(struct worker *worker, int64_t timeout_ns)
{
    bool polls = !atomic_exchange(&idle.polling, true);

    atomic_store(&worker->rest, polls ? REST_POLLS : REST_SLEEPS);
    atomic_fetch_add(&runtime.resting, 1);
    if (!atomic_load(&runtime.injected) && !atomic_load(&runtime.stopping)) {
        if (timeout_ns == NEVER && is_deadlock())
            run_deadlock();
        if (polls)
            poll_for(worker, timeout_ns);
        else
            sleep_for(worker, timeout_ns);
    }
    if (polls)
        atomic_store(&idle.polling, false);
    if (atomic_exchange(&worker->rest, REST_NOT) == REST_NOT)
        worker->was_woken = true;
    /* In this order: who sees all rest before and after sees the count change. */
    atomic_fetch_sub(&runtime.resting, 1);
    atomic_fetch_add(&idle.ended_rests, 1);
    if (polls)
        advance_all();
}

/* Begins to watch, or goes on, where that makes sense; after many looks that found all resting it
 * ends. */
static void choose_to_watch(struct worker *worker)
{
    bool last = atomic_load(&runtime.resting) + 1 == runtime.worker_count;

    worker->looks = last ? worker->looks + 1 : 0;
    if (runtime.worker_count == 1)
        return;
    if (worker->looks < LAST_LOOKS) {
        if (!worker->watches)
            worker->watches = !atomic_exchange(&idle.watching, true);
        return;
    }
    atomic_store(&idle.eager, true);
    stop_watching(worker);
}

static void rest(struct worker *worker)
{
    judge(worker);
    if (worker->rested)
        atomic_store(&idle.searching, false);
    choose_to_watch(worker);
    rest_for(worker, worker->watches ? atomic_load(&idle.nap_ns) : NEVER);
    worker->may_steal = worker->watches;
    worker->rested = true;
}

/* ---- looking around -------------------------------------------------------------------------- */

/* Descriptors, while there are tasks to run: otherwise resting looks at them. */
static void look_at_descriptors(struct worker *worker, int64_t now_ns)
{
    if (!io_is_used() || now_ns - worker->looked_ns < LOOK_IO_NS)
        return;
    worker->looked_ns = now_ns;
    if (atomic_exchange(&idle.polling, true))
        return;
    io_poll(0);
    atomic_store(&idle.polling, false);
}

static struct task *find_once(struct worker *worker, int64_t now_ns)
{
    struct task *task = NULL;

    if (worker->switches % LOOK_AROUND == 0) {
        task = queue_take_overdue(worker, now_ns);
        if (!task)
            task = inject_take(worker);
    }
    if (!task)
        task = queue_take(worker);
    if (!task)
        task = inject_take(worker);
    if (!task)
        task = steal(worker);
    return task;
}

/* A worker that rested has something to run: another one may have to watch now. */
static void start_work(struct worker *worker)
{
    if (!worker->stole_ns)
        worker->was_woken = false;
    if (!worker->rested)
        return;
    worker->rested = false;
    worker->looks = 0;
    atomic_store(&idle.searching, false);
    stop_watching(worker);
    idle_offer();
}

struct task *idle_find(struct worker *worker)
{
    while (!atomic_load(&runtime.stopping)) {
        int64_t now_ns = clock_real_ns();
        int64_t tasks_ns = clock_of_real_ns(now_ns);
        worker->now = clock_stamp(tasks_ns);
        if (wheel_next_ns(&worker->wheel) <= tasks_ns)
            wheel_advance(&worker->wheel, tasks_ns);
        if (queue_has_task(&worker->queue) ||
            atomic_load_explicit(&runtime.injected, memory_order_relaxed))
            look_at_descriptors(worker, now_ns);
        struct task *task = find_once(worker, now_ns);
        if (task) {
            start_work(worker);
            return task;
        }
        rest(worker);
    }
    stop_watching(worker);
    return NULL;
}
