/* leak_find: each kind of holder, with the pointer and without it. */
// leash:ignore-file spawn-without-done -- tasks are lost on purpose
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What leak_find says of the tasks that are parked now; in `text`, where one is given. */
static size_t find(char **text)
{
    char *said = NULL;
    size_t size;
    FILE *out = open_memstream(&said, &size);

    CHECK(out);
    size_t lost = leak_find(out);
    CHECK(fclose(out) == 0 && said);
    if (text)
        *text = said;
    else
        free(said);
    return lost;
}

static void receive(chan_t *ch)
{
    chan_recv(ch, NULL);
}

/* A channel that a task waits at, and whose address the frames of the caller do not hold. */
static __attribute__((noinline)) void make_waited(chan_t **place)
{
    chan_t *ch = chan_make(int, 0);

    spawn(receive, ch);
    if (place)
        *place = ch;
}

/* Old pointers in dead frames and registers of the caller and of threads keep a task in doubt until
 * something else is written there. */
static __attribute__((noinline)) void write_over_old_frames(void)
{
    volatile char frames[8 * 1024];

    for (size_t i = 0; i < sizeof(frames); i++)
        frames[i] = 0;
}

#ifdef OLD_POINTERS
enum { LOOKS_MAX = 3, KEEPS_OLD_POINTERS = true };
#else
enum { LOOKS_MAX = 100, KEEPS_OLD_POINTERS = false };
#endif

/* Never more than so many are found, and so many sooner or later, but where the build keeps
 * more. */
static void check_found(size_t count, const char *place)
{
    for (int i = 1; i <= LOOKS_MAX; i++) {
        char *said;
        size_t found = find(&said);
        bool fails = found > count || strstr(said, "cannot tell") ||
                     (found < count && i == LOOKS_MAX && !KEEPS_OLD_POINTERS);
        if (fails) {
            fputs(said, stderr);
            check_failed("so many are found, which is not right", (long)found, place);
        }
        free(said);
        if (found == count)
            return;
        write_over_old_frames();
        task_sleep_ms(1);
    }
}

#define CHECK_FOUND(count) check_found(count, LEASH_HERE)

/* ---- who holds it ---------------------------------------------------------------------------- */

static chan_t *global;

static void held_by_global(void)
{
    make_waited(&global);
    check_await_parked(1);
    CHECK_FOUND(0);
    global = NULL;
    CHECK_FOUND(1);
}

static chan_t **cell;

static void held_by_heap(void)
{
    cell = malloc(sizeof(*cell));
    CHECK(cell);
    make_waited(cell);
    check_await_parked(1);
    CHECK_FOUND(0);
    *cell = NULL;
    CHECK_FOUND(1);
    free(cell);
}

static void held_by_own_stack(void)
{
    chan_t *volatile held;

    make_waited((chan_t **)&held);
    check_await_parked(1);
    CHECK_FOUND(0);
    held = NULL;
    CHECK_FOUND(1);
}

static _Thread_local chan_t *volatile of_thread; /* volatile: nobody reads it */
static chan_t *volatile *place_of_thread; /* a search may move its caller to another thread */

/* The address of a thread's variable must not be kept over a park. */
static __attribute__((noinline)) void move_to_thread(void)
{
    of_thread = global;
    place_of_thread = &of_thread;
    global = NULL;
}

static void held_by_thread_local(void)
{
    make_waited(&global);
    check_await_parked(1);
    move_to_thread();
    CHECK_FOUND(0);
    *place_of_thread = NULL;
    CHECK_FOUND(1);
}

/* A thread that runs no tasks has the only pointer on its stack, or in its registers. */
static _Atomic int step;

static void *keep(void *unused)
{
    chan_t *volatile held = global;

    global = NULL;
    step = 1;
    while (step == 1 && held)
        ;
    held = NULL;
    step = 3;
    while (step == 3)
        ;
    (void)held;
    return unused;
}

static void held_by_other_thread(void)
{
    pthread_t thread;

    step = 0;
    make_waited(&global);
    check_await_parked(1);
    CHECK(!pthread_create(&thread, NULL, keep, NULL));
    while (step != 1)
        ;
    CHECK_FOUND(0);
    step = 2;
    while (step != 3)
        ;
    CHECK_FOUND(1);
    step = 4;
    pthread_join(thread, NULL);
}

static pthread_t holder;

static void stay_in_handler(int signal)
{
    (void)signal;
    step = 2;
    while (step == 2)
        ;
}

static __attribute__((noinline)) void hold_below(int frames)
{
    chan_t *volatile held = NULL;

    if (frames > 0) {
        hold_below(frames - 1);
    } else {
        held = global;
        global = NULL;
        holder = pthread_self();
        step = 1;
        while (step != 3)
            ;
    }
    (void)held;
}

static void hold_and_run(void)
{
    task_sleep_ms(1); /* where it was parked is not where its frames end now */
    hold_below(20);
}

/* Its thread stands on the stack for signals, so that nothing tells how far its own is in use. */
static void held_by_task_in_a_handler(void)
{
    struct sigaction action = {.sa_handler = stay_in_handler, .sa_flags = SA_ONSTACK};
    wg_t ends = {0};
    const char *threads = getenv("LEASH_THREADS");

    if (threads && !strcmp(threads, "1"))
        return; /* the task computes, and another one looks */
    step = 0;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    make_waited(&global);
    check_await_parked(1);
    wg_spawn(&ends, hold_and_run);
    while (step != 1)
        task_yield();
    CHECK(pthread_kill(holder, SIGUSR1) == 0);
    while (step != 2)
        ;
    CHECK_FOUND(0);
    step = 3;
    wg_wait(&ends);
}

static void close_it(void *ch)
{
    chan_close(ch);
}

static __attribute__((noinline)) alarm_t *make_alarm(void)
{
    alarm_t *alarm = alarm_after_ms(600 * 1000, close_it, global);

    global = NULL;
    return alarm;
}

static void held_by_alarm(void)
{
    make_waited(&global);
    check_await_parked(1);
    alarm_t *alarm = make_alarm();
    CHECK_FOUND(0);
    CHECK(alarm_stop(alarm));
}

static void sleep_and_receive(chan_t *ch)
{
    task_sleep_ms(600 * 1000);
    chan_close(ch);
}

static __attribute__((noinline)) void make_sleeper(void)
{
    spawn(sleep_and_receive, global);
    global = NULL;
}

static void held_by_sleeper(void)
{
    make_waited(&global);
    check_await_parked(1);
    make_sleeper();
    check_await_parked(2);
    CHECK_FOUND(0);
}

/* ---- from task to task ----------------------------------------------------------------------- */

static chan_t *carrier;

static __attribute__((noinline)) void put_into_carrier(void)
{
    CHECK(chan_send(carrier, &global));
    global = NULL;
}

/* Of whom it is the carrier's only reader: the value is read when the carrier can be. */
static void held_by_buffered_value(void)
{
    carrier = chan_make(chan_t *, 1);
    make_waited(&global);
    check_await_parked(1);
    put_into_carrier();
    CHECK_FOUND(0);
    chan_t *none = NULL;
    CHECK(chan_recv(carrier, NULL) && chan_send(carrier, &none));
    CHECK_FOUND(1);
    chan_free(carrier);
    carrier = NULL;
}

/* Waits at one channel, and would then close the other. */
static void receive_then_close(chan_t *first, chan_t *second)
{
    chan_recv(first, NULL);
    chan_close(second);
}

static __attribute__((noinline)) void make_chain(int length)
{
    chan_t *next = chan_make(int, 0);

    spawn(receive, next);
    for (int i = 1; i < length; i++) {
        chan_t *first = chan_make(int, 0);
        spawn(receive_then_close, first, next);
        next = first;
    }
    global = next;
}

static void held_by_tasks(void)
{
    make_chain(1000);
    check_await_parked(1000);
    CHECK_FOUND(0);
    global = NULL;
    CHECK_FOUND(1000);
}

/* Two that wait for each other. */
static __attribute__((noinline)) void make_ring(void)
{
    chan_t *left = chan_make(int, 0);
    chan_t *right = chan_make(int, 0);

    spawn(receive_then_close, left, right);
    spawn(receive_then_close, right, left);
}

static void held_by_each_other(void)
{
    make_ring();
    check_await_parked(2);
    CHECK_FOUND(2);
}

/* ---- kinds of waits -------------------------------------------------------------------------- */

static void select_two(chan_t *left, chan_t *right)
{
    chan_select(RECV(left, NULL), RECV(right, NULL));
}

static __attribute__((noinline)) void make_select(void)
{
    chan_t *left = chan_make(int, 0);

    global = chan_make(int, 0);
    spawn(select_two, left, global);
}

static void in_select(void)
{
    make_select();
    check_await_parked(1);
    CHECK_FOUND(0);
    global = NULL;
    CHECK_FOUND(1);
}

static void receive_for_a_time(chan_t *ch)
{
    ctx_t *ctx = ctx_with_timeout_ms(NULL, 600 * 1000);

    CHECK(chan_recv_ctx(ctx, ch, NULL) == 0);
}

static __attribute__((noinline)) void make_timed(void)
{
    spawn(receive_for_a_time, chan_make(int, 0));
}

static void until_a_time(void)
{
    make_timed();
    check_await_parked(1);
    CHECK_FOUND(0);
}

static void receive_nothing(void)
{
    chan_recv((chan_t *)NULL, NULL);
}

static void on_no_channel(void)
{
    char *text;

    spawn(receive_nothing);
    check_await_parked(1);
    CHECK_FOUND(1);
    CHECK(find(&text) == 1);
    CHECK(strstr(text, "receive_nothing"));
    CHECK(strstr(text, "leash: 1 of 2 tasks lost for good"));
    free(text);
}

/* A task waits at what lies on its own stack, and another one, lost or not, would let it go. */
static void let_wg_go(chan_t *ch, wg_t *wg)
{
    chan_recv(ch, NULL);
    wg_done(wg);
}

static void wait_for_group(chan_t *ch)
{
    wg_t wg = {0};

    wg_add(&wg, 1);
    spawn(let_wg_go, ch, &wg);
    wg_wait(&wg);
}

static void let_mu_go(chan_t *ch, mu_t *mu)
{
    mu_lock(mu);
    chan_recv(ch, NULL);
    mu_unlock(mu);
}

static void wait_for_lock(chan_t *ch)
{
    mu_t mu = {0};

    spawn(let_mu_go, ch, &mu);
    while (mu_trylock(&mu)) {
        mu_unlock(&mu);
        task_yield();
    }
    mu_lock(&mu);
}

struct gate {
    mu_t mu;
    cv_t cv;
};

static void let_cv_go(chan_t *ch, struct gate *gate)
{
    chan_recv(ch, NULL);
    cv_signal(&gate->cv);
}

static void wait_for_condition(chan_t *ch)
{
    struct gate gate = {0};

    spawn(let_cv_go, ch, &gate);
    mu_lock(&gate.mu);
    cv_wait(&gate.cv, &gate.mu);
}

static __attribute__((noinline)) void make_pair(void (*wait)(chan_t *ch))
{
    global = chan_make(int, 0);
    spawn(wait, global);
}

static void check_pair(void (*wait)(chan_t *ch))
{
    make_pair(wait);
    check_await_parked(2);
    CHECK_FOUND(0);
    global = NULL;
    CHECK_FOUND(2);
}

static void on_wait_group(void)
{
    check_pair(wait_for_group);
}

static void on_lock(void)
{
    check_pair(wait_for_lock);
}

static void on_condition(void)
{
    check_pair(wait_for_condition);
}

/* ---- in blocks of the heap ------------------------------------------------------------------- */

/* Each test has one of these, held by `held_block` or by a pointer to a part of it. */
struct block {
    struct block *other;
    mu_t mu;
    rw_t rw;
    wg_t wg;
    cv_t cv;
    ctx_t *ctx;
    chan_t *ch;
};

static void *volatile held_block; /* volatile: nobody reads it */

static struct block *make_block(void)
{
    struct block *block = calloc(1, sizeof(*block));

    CHECK(block);
    return block;
}

static void wait_in_lock(struct block *block)
{
    mu_lock(&block->mu);
}

static void wait_in_read_lock(struct block *block)
{
    rw_rlock(&block->rw);
}

static void wait_in_group(struct block *block)
{
    wg_wait(&block->wg);
}

static void wait_in_condition(struct block *block)
{
    mu_lock(&block->mu);
    cv_wait(&block->cv, &block->mu);
}

static void wait_in_context(struct block *block)
{
    chan_recv(ctx_done(block->ctx), NULL);
}

static void wait_for_group_or_context(struct block *block)
{
    CHECK(wg_wait_ctx(block->ctx, &block->wg) == 0);
}

typedef void wait_in_block(struct block *block);

/* A block in which a task waits, and another that leads to it. */
static __attribute__((noinline)) void make_waited_block(wait_in_block *wait, bool locked)
{
    struct block *block = make_block();

    if (locked)
        mu_lock(&block->mu);
    rw_lock(&block->rw);
    wg_add(&block->wg, 1);
    block->ctx = ctx_with_cancel(NULL);
    spawn(wait, block);
    struct block *other = make_block();
    other->other = block;
    held_block = other;
}

static void check_block(wait_in_block *wait, bool locked)
{
    make_waited_block(wait, locked);
    check_await_parked(1);
    CHECK_FOUND(0);
    held_block = NULL;
    CHECK_FOUND(1);
}

static void on_lock_in_heap(void)
{
    check_block(wait_in_lock, true);
}

static void on_read_lock_in_heap(void)
{
    check_block(wait_in_read_lock, false);
}

static void on_wait_group_in_heap(void)
{
    check_block(wait_in_group, false);
}

static void on_condition_in_heap(void)
{
    check_block(wait_in_condition, false);
}

static void on_context(void)
{
    check_block(wait_in_context, false);
}

static void on_wait_group_or_context(void)
{
    check_block(wait_for_group_or_context, false);
}

/* Who has a context above can end those below. */
static __attribute__((noinline)) void make_child_context(void)
{
    struct block *block = make_block();
    ctx_t *parent = ctx_with_cancel(NULL);

    block->ctx = ctx_with_cancel(parent);
    spawn(wait_in_context, block);
    held_block = parent;
}

static void on_child_of_context(void)
{
    make_child_context();
    check_await_parked(1);
    CHECK_FOUND(0);
    held_block = NULL;
    CHECK_FOUND(1);
}

static __attribute__((noinline)) void make_timed_context(void)
{
    struct block *block = make_block();

    block->ctx = ctx_with_timeout_ms(NULL, 600 * 1000);
    spawn(wait_in_context, block);
}

static void on_context_with_time(void)
{
    make_timed_context();
    check_await_parked(1);
    CHECK_FOUND(0);
}

/* A pointer to a part of the block, and one to where it ends. */
static __attribute__((noinline)) void hold_part(void)
{
    struct block *other = held_block;

    held_block = &other->other->wg;
}

static __attribute__((noinline)) void hold_end(void)
{
    char *part = held_block;

    held_block = part - offsetof(struct block, wg) + sizeof(struct block);
}

static void held_by_part(void)
{
    make_waited_block(wait_in_group, false);
    check_await_parked(1);
    hold_part();
    CHECK_FOUND(0);
    hold_end();
    CHECK_FOUND(0);
    held_block = NULL;
    CHECK_FOUND(1);
}

/* Blocks and channels that lead to each other, and to which only lost tasks lead. */
static void receive_in_block(struct block *block)
{
    chan_recv(block->ch, NULL);
    block->other->ch = NULL;
}

static __attribute__((noinline)) void make_ring_of_blocks(void)
{
    struct block *left = make_block();
    struct block *right = make_block();

    left->other = right;
    right->other = left;
    left->ch = chan_make(struct block *, 0);
    right->ch = chan_make(struct block *, 0);
    spawn(receive_in_block, left);
    spawn(receive_in_block, right);
    held_block = left;
}

static void held_by_ring_of_blocks(void)
{
    make_ring_of_blocks();
    check_await_parked(2);
    CHECK_FOUND(0);
    held_block = NULL;
    CHECK_FOUND(2);
}

/* Too large for a heap, so it is a mapping of its own, which nobody knows the bounds of. */
static __attribute__((noinline)) void make_large(void)
{
    enum { BYTES = 8 * 1024 * 1024 };
    chan_t **large = calloc(1, BYTES);

    CHECK(large);
    make_waited(large + 1000);
    held_block = large;
}

static void held_by_large_block(void)
{
    make_large();
    check_await_parked(1);
    CHECK_FOUND(0);
}

/* Threads have heaps of their own beside the first. */
static void *make_in_thread(void *unused)
{
    struct block *block = make_block();

    block->ch = global;
    global = NULL;
    held_block = block;
    step = 1;
    while (step == 1)
        usleep(100);
    return unused;
}

static void held_by_heap_of_thread(void)
{
    pthread_t thread;

    step = 0;
    make_waited(&global);
    check_await_parked(1);
    CHECK(!pthread_create(&thread, NULL, make_in_thread, NULL));
    while (step != 1)
        ;
    CHECK_FOUND(0);
    step = 2;
    pthread_join(thread, NULL);
    CHECK_FOUND(0);
    /* The C library keeps the stack of the thread for the next, with what it held. */
    held_block = NULL;
    CHECK(find(NULL) <= 1);
}

/* The system alone knows the block until it gives it back. */
static __attribute__((noinline)) void give_to_epoll(int epoll, int fd)
{
    struct block *block = held_block;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = block};

    held_block = NULL;
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void held_by_epoll(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int fd = eventfd(0, EFD_CLOEXEC);

    CHECK(epoll >= 0 && fd >= 0);
    make_waited_block(wait_in_group, false);
    check_await_parked(1);
    give_to_epoll(epoll, fd);
    for (int i = 0; i < 5; i++)
        CHECK_FOUND(0);
    close(fd);
    close(epoll);
    CHECK_FOUND(1);
}

static __attribute__((noinline)) timer_t give_to_timer(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    timer_t timer;

    event.sigev_value.sival_ptr = held_block;
    held_block = NULL;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    return timer;
}

static void held_by_timer_of_system(void)
{
    make_waited_block(wait_in_group, false);
    check_await_parked(1);
    if (access("/proc/self/timers", R_OK))
        return;
    timer_t timer = give_to_timer();
    for (int i = 0; i < 5; i++)
        CHECK_FOUND(0);
    timer_delete(timer);
    CHECK_FOUND(1);
}

/* More cases than a frame has room for. */
static void select_many(chan_t *ch)
{
    chan_t *none = NULL;

    chan_select(RECV(ch, NULL), RECV(none, NULL), RECV(none, NULL), RECV(none, NULL),
                RECV(none, NULL), RECV(none, NULL), RECV(none, NULL), RECV(none, NULL));
}

static __attribute__((noinline)) void make_select_of_many(void)
{
    global = chan_make(int, 0);
    spawn(select_many, global);
}

static void in_select_of_many(void)
{
    make_select_of_many();
    check_await_parked(1);
    CHECK_FOUND(0);
    global = NULL;
    CHECK(find(NULL) <= 1);
}

/* While other threads allocate and free without a pause. */
static void *churn(void *unused)
{
    void *volatile blocks[16] = {NULL};

    for (unsigned i = 0; step == 1; i++) {
        free(blocks[i % 16]);
        blocks[i % 16] = malloc(i % 2000);
    }
    for (unsigned i = 0; i < 16; i++)
        free(blocks[i]);
    return unused;
}

static void while_others_allocate(void)
{
    enum { THREADS = 2, LOOKS = 10 };
    pthread_t threads[THREADS];

    step = 1;
    make_waited_block(wait_in_group, false);
    check_await_parked(1);
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, churn, NULL));
    for (int i = 0; i < LOOKS; i++)
        CHECK_FOUND(0);
    held_block = NULL;
    CHECK(find(NULL) <= 1);
    step = 2;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- many ------------------------------------------------------------------------------------ */

enum { MANY = 10000, EVERY = 100 };

static chan_t *many[MANY];

static __attribute__((noinline)) void make_many(void)
{
    for (int i = 0; i < MANY; i++)
        make_waited(&many[i]);
}

static void among_many(void)
{
    make_many();
    check_await_parked(MANY);
    CHECK_FOUND(0);
    for (int i = 0; i < MANY; i += EVERY)
        many[i] = NULL;
    CHECK_FOUND(MANY / EVERY);
    for (int i = 0; i < MANY; i++)
        if (many[i])
            chan_close(many[i]);
}

/* Tasks that hand values on while others look: nothing is lost, whatever the moment. */
static _Atomic bool enough;

static void echo(chan_t *in, chan_t *out)
{
    int value;

    while (chan_recv(in, &value) && chan_send(out, &value))
        ;
    chan_close(out);
}

static void play(chan_t *ch, chan_t *back)
{
    int value = 0;

    while (!enough && chan_send(ch, &value) && chan_recv(back, &value))
        ;
    chan_close(ch);
    chan_recv(back, NULL);
}

static void while_others_run(void)
{
    enum { PAIRS = 8, LOOKS = 5 };
    wg_t playing = {0};

    enough = false;
    for (int i = 0; i < PAIRS; i++) {
        chan_t *ch = chan_make(int, i % 2);
        chan_t *back = chan_make(int, 0);
        wg_spawn(&playing, play, ch, back);
        wg_spawn(&playing, echo, ch, back);
    }
    for (int i = 0; i < LOOKS; i++) {
        CHECK_FOUND(0);
        task_yield();
    }
    enough = true;
    wg_wait(&playing);
}

/* ---- all ------------------------------------------------------------------------------------- */

/* What changes while a copy is searched: memory that the copy shares. */
static void held_by_shared_memory(void)
{
    size_t bytes = sizeof(chan_t *);
    chan_t **shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(shared != MAP_FAILED);
    make_waited(shared);
    check_await_parked(1);
    CHECK_FOUND(0);
    *shared = NULL;
    CHECK_FOUND(1);
    munmap(shared, bytes);
}

/* A copy does not have it, so nobody can tell. */
static void held_by_memory_not_copied(void)
{
    enum { BYTES = 64 * 1024 };
    char *text;
    chan_t **kept = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(kept != MAP_FAILED && madvise(kept, BYTES, MADV_DONTFORK) == 0);
    make_waited(kept);
    check_await_parked(1);
    CHECK(find(&text) == 0);
    CHECK(strstr(text, "cannot tell"));
    free(text);
    munmap(kept, BYTES);
}

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* Where a heap of a thread might begin there is a guard, of which the system's list says nothing.
 */
static void held_by_memory_with_a_guard(void)
{
    enum { ALIGNED = 64 * 1024 * 1024, PAGE = 4096 };
    char *map = mmap(NULL, 2 * (size_t)ALIGNED, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(map != MAP_FAILED);
    char *guard = (char *)(((uintptr_t)map + ALIGNED) & ~(uintptr_t)(ALIGNED - 1));
    if (guard > map)
        munmap(map, (size_t)(guard - map));
    madvise(guard, PAGE,
            MADV_GUARD_INSTALL); /* without it, only the search of the rest is tested */
    chan_t **held = (chan_t **)(guard + PAGE);
    make_waited(held);
    check_await_parked(1);
    CHECK_FOUND(0);
    *held = NULL;
    CHECK_FOUND(1);
}

static void cannot_tell(void)
{
    char *text;

    CHECK(find(&text) == 0);
    CHECK(strstr(text, "cannot tell"));
    free(text);
}

/* In a process of its own: what one run leaves behind in freed memory may lead to the stacks of the
 * next, and then a task is in doubt. */
static void run_alone(void (*body)(void))
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (!child) {
        check_run(SANITIZED ? cannot_tell : body);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define TEST(body)                                                                                 \
    static void test_##body(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        run_alone(body);                                                                           \
    }

TEST(held_by_global)
TEST(held_by_heap)
TEST(held_by_own_stack)
TEST(held_by_thread_local)
TEST(held_by_other_thread)
TEST(held_by_task_in_a_handler)
TEST(held_by_alarm)
TEST(held_by_sleeper)
TEST(held_by_buffered_value)
TEST(held_by_tasks)
TEST(held_by_each_other)
TEST(in_select)
TEST(until_a_time)
TEST(on_no_channel)
TEST(on_wait_group)
TEST(on_lock)
TEST(on_condition)
TEST(on_lock_in_heap)
TEST(on_read_lock_in_heap)
TEST(on_wait_group_in_heap)
TEST(on_condition_in_heap)
TEST(on_context)
TEST(on_wait_group_or_context)
TEST(on_child_of_context)
TEST(on_context_with_time)
TEST(held_by_part)
TEST(held_by_ring_of_blocks)
TEST(held_by_large_block)
TEST(held_by_heap_of_thread)
TEST(held_by_epoll)
TEST(held_by_timer_of_system)
TEST(in_select_of_many)
TEST(while_others_allocate)
TEST(among_many)
TEST(while_others_run)
TEST(held_by_shared_memory)
TEST(held_by_memory_not_copied)
TEST(held_by_memory_with_a_guard)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_by_global),
        cmocka_unit_test(test_held_by_heap),
        cmocka_unit_test(test_held_by_own_stack),
        cmocka_unit_test(test_held_by_thread_local),
        cmocka_unit_test(test_held_by_other_thread),
        cmocka_unit_test(test_held_by_task_in_a_handler),
        cmocka_unit_test(test_held_by_alarm),
        cmocka_unit_test(test_held_by_sleeper),
        cmocka_unit_test(test_held_by_buffered_value),
        cmocka_unit_test(test_held_by_tasks),
        cmocka_unit_test(test_held_by_each_other),
        cmocka_unit_test(test_in_select),
        cmocka_unit_test(test_until_a_time),
        cmocka_unit_test(test_on_no_channel),
        cmocka_unit_test(test_on_wait_group),
        cmocka_unit_test(test_on_lock),
        cmocka_unit_test(test_on_condition),
        cmocka_unit_test(test_on_lock_in_heap),
        cmocka_unit_test(test_on_read_lock_in_heap),
        cmocka_unit_test(test_on_wait_group_in_heap),
        cmocka_unit_test(test_on_condition_in_heap),
        cmocka_unit_test(test_on_context),
        cmocka_unit_test(test_on_wait_group_or_context),
        cmocka_unit_test(test_on_child_of_context),
        cmocka_unit_test(test_on_context_with_time),
        cmocka_unit_test(test_held_by_part),
        cmocka_unit_test(test_held_by_ring_of_blocks),
        cmocka_unit_test(test_held_by_large_block),
        cmocka_unit_test(test_held_by_heap_of_thread),
        cmocka_unit_test(test_held_by_epoll),
        cmocka_unit_test(test_held_by_timer_of_system),
        cmocka_unit_test(test_in_select_of_many),
        cmocka_unit_test(test_while_others_allocate),
        cmocka_unit_test(test_among_many),
        cmocka_unit_test(test_while_others_run),
        cmocka_unit_test(test_held_by_shared_memory),
        cmocka_unit_test(test_held_by_memory_not_copied),
        cmocka_unit_test(test_held_by_memory_with_a_guard),
    };

    return CHECK_ALL(tests);
}
