/*
 * Wait groups, mutexes, read-write locks, conditions and once: who goes when, in which order, and
 * how a wait ends early.
 */
#include "check.h"

enum { SOON_MS = 20, LONG_MS = 20 * 1000 };

static int get(const int *place)
{
    return __atomic_load_n(place, __ATOMIC_SEQ_CST);
}

static void yield_until(const int *place, int number)
{
    while (get(place) != number)
        task_yield();
}

/* ---- wait groups ----------------------------------------------------------------------------- */

static void wait_and_count(wg_t *wg, const int *work, int expected, int *through)
{
    wg_wait(wg);
    CHECK(get(work) == expected);
    check_add(through, 1);
}

static void wg_counts(void)
{
    wg_t wg = {0};
    int work = 0;
    int through = 0;

    wg_wait(&wg);
    CHECK(wg_wait_ctx(NULL, &wg) == 0);
    wg_add(&wg, 5);
    wg_add(&wg, -2);
    for (int i = 0; i < 4; i++)
        spawn(wait_and_count, &wg, &work, 1, &through);
    check_await_parked(4);
    wg_done(&wg);
    wg_add(&wg, 0);
    wg_add(&wg, -1);
    task_sleep_ms(SOON_MS);
    CHECK(get(&through) == 0);
    check_add(&work, 1);
    wg_done(&wg);
    wg_wait(&wg);
    yield_until(&through, 4);
}

static int add_by(int *sum, int number)
{
    for (int i = 0; i < number % 3; i++)
        task_yield();
    if (number % 2)
        return 0;
    check_add(sum, number);
    return number;
}

/* However the task returns; and the group is good for more. */
static void wg_spawned(void)
{
    wg_t wg = {0};

    for (int round = 0; round < 20; round++) {
        int sum = 0;
        for (int i = 0; i < 40; i++)
            wg_spawn(&wg, add_by, &sum, i);
        wg_wait(&wg);
        CHECK(sum == 19 * 20);
    }
}

static void take_arguments(int *sum, int a, long b, unsigned c, const int *d, int e)
{
    CHECK(a == -1 && b == INT64_MIN && c == UINT32_MAX && *d == 4 && e == 5);
    check_add(sum, 6);
}

static void take_nothing(void)
{
    task_yield();
}

static void wg_spawn_arguments(void)
{
    static const int four = 4;
    wg_t wg = {0};
    int sum = 0;

    wg_spawn(&wg, take_nothing);
    wg_spawn(&wg, take_arguments, &sum, -1, INT64_MIN, UINT32_MAX, &four, 5);
    wg_wait(&wg);
    CHECK(sum == 6);
}

static void done_soon(wg_t *wg)
{
    task_sleep_ms(SOON_MS);
    wg_done(wg);
}

static void cancel_soon(ctx_t *ctx)
{
    task_sleep_ms(SOON_MS);
    ctx_cancel(ctx);
    ctx_unref(ctx);
}

static void wg_with_ctx(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);
    wg_t wg = {0};

    CHECK(wg_wait_ctx(ctx, &wg) == 0);
    wg_add(&wg, 1);
    spawn(done_soon, &wg);
    CHECK(wg_wait_ctx(ctx, &wg) == 0);
    wg_add(&wg, 1);
    spawn(cancel_soon, ctx_ref(ctx));
    CHECK(wg_wait_ctx(ctx, &wg) == ECANCELED);
    CHECK(wg_wait_ctx(ctx, &wg) == ECANCELED);
    ctx_free(ctx);
    int64_t start_ms = task_now_ms();
    ctx = ctx_with_timeout_ms(NULL, SOON_MS);
    CHECK(wg_wait_ctx(ctx, &wg) == ETIMEDOUT);
    CHECK(task_now_ms() - start_ms >= SOON_MS && task_now_ms() - start_ms < LONG_MS);
    /* The group still counts, and its other waiters still wait. */
    spawn(done_soon, &wg);
    wg_wait(&wg);
    ctx_free(ctx);
}

static void wait_cancelled(ctx_t *ctx, wg_t *wg, int *through)
{
    CHECK(wg_wait_ctx(ctx, wg) == ECANCELED);
    check_add(through, 1);
}

/* Some give up, the others go on waiting. */
static void wg_some_give_up(void)
{
    ctx_t *ctx = ctx_with_cancel(NULL);
    wg_t wg = {0};
    int given_up = 0;
    int through = 0;
    int work = 0;

    wg_add(&wg, 1);
    for (int i = 0; i < 4; i++) {
        spawn(wait_cancelled, ctx, &wg, &given_up);
        spawn(wait_and_count, &wg, &work, 1, &through);
    }
    check_await_parked(8);
    ctx_cancel(ctx);
    yield_until(&given_up, 4);
    CHECK(get(&through) == 0);
    check_add(&work, 1);
    wg_done(&wg);
    yield_until(&through, 4);
    ctx_free(ctx);
}

static void done_at_once(wg_t *wg)
{
    wg_done(wg);
}

/* A group may live in the frame that waits for it. */
static void wg_in_frame(void)
{
    for (int i = 0; i < 300; i++) {
        wg_t *wg = calloc(1, sizeof(*wg));
        CHECK(wg);
        wg_add(wg, 2);
        spawn(done_at_once, wg);
        spawn(done_at_once, wg);
        wg_wait(wg);
        memset(wg, 0xff, sizeof(*wg));
        free(wg);
    }
}

/* ---- mutexes --------------------------------------------------------------------------------- */

enum { LOCKERS = 12, ROUNDS = 200 };

static void count_locked(mu_t *mu, int *plain)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 3 || !mu_trylock(mu))
            mu_lock(mu);
        int before = *plain;
        if (i % 7 == 0)
            task_yield();
        *plain = before + 1;
        mu_unlock(mu);
    }
}

static void mu_excludes(void)
{
    mu_t mu = {0};
    int plain = 0;
    wg_t wg = {0};

    for (int i = 0; i < LOCKERS; i++)
        wg_spawn(&wg, count_locked, &mu, &plain);
    wg_wait(&wg);
    CHECK(plain == LOCKERS * ROUNDS);
}

static void lock_in_turn(mu_t *mu, int number, int *turn)
{
    mu_lock(mu);
    CHECK(*turn == number);
    ++*turn;
    mu_unlock(mu);
}

/* First come, first served. */
static void mu_in_turn(void)
{
    mu_t mu = {0};
    int turn = 0;
    wg_t wg = {0};

    mu_lock(&mu);
    for (int i = 0; i < 6; i++) {
        wg_spawn(&wg, lock_in_turn, &mu, i, &turn);
        check_await_parked((size_t)i + 1);
    }
    mu_unlock(&mu);
    wg_wait(&wg);
    CHECK(turn == 6);
}

static void lock_and_count(mu_t *mu, int *count)
{
    mu_lock(mu);
    check_add(count, 1);
    mu_unlock(mu);
}

/* Who unlocks and locks again at once does not get past who waits. */
static void mu_no_starvation(void)
{
    mu_t mu = {0};
    int count = 0;
    wg_t wg = {0};

    mu_lock(&mu);
    wg_spawn(&wg, lock_and_count, &mu, &count);
    check_await_parked(1);
    mu_unlock(&mu);
    mu_lock(&mu);
    CHECK(get(&count) == 1);
    mu_unlock(&mu);
    wg_wait(&wg);
}

static void unlock(mu_t *mu)
{
    mu_unlock(mu);
}

static void mu_trylocks(void)
{
    mu_t mu = {0};
    wg_t wg = {0};

    CHECK(mu_trylock(&mu));
    CHECK(!mu_trylock(&mu) && !mu_trylock(&mu));
    /* It is not bound to the task that took it. */
    wg_spawn(&wg, unlock, &mu);
    mu_lock(&mu);
    CHECK(!mu_trylock(&mu));
    mu_unlock(&mu);
    CHECK(mu_trylock(&mu));
    mu_unlock(&mu);
    wg_wait(&wg);
}

/* ---- read-write locks ------------------------------------------------------------------------ */

struct shared {
    rw_t rw;
    int readers; /* inside now */
    int writers; /* inside now */
    int plain;   /* guarded by rw */
    int reads;
    int release; /* set: readers may leave */
};

static void read_until_released(struct shared *shared)
{
    rw_rlock(&shared->rw);
    check_add(&shared->readers, 1);
    yield_until(&shared->release, 1);
    check_add(&shared->readers, -1);
    rw_runlock(&shared->rw);
}

/* All readers are inside at one time. */
static void rw_many_readers(void)
{
    struct shared shared = {0};
    wg_t wg = {0};

    for (int i = 0; i < 10; i++)
        wg_spawn(&wg, read_until_released, &shared);
    yield_until(&shared.readers, 10);
    check_add(&shared.release, 1);
    wg_wait(&wg);
    rw_lock(&shared.rw);
    rw_unlock(&shared.rw);
}

static void read_some(struct shared *shared)
{
    for (int i = 0; i < ROUNDS; i++) {
        rw_rlock(&shared->rw);
        int before = shared->plain;
        CHECK(get(&shared->writers) == 0);
        if (i % 5 == 0)
            task_yield();
        CHECK(shared->plain == before);
        rw_runlock(&shared->rw);
    }
}

static void write_some(struct shared *shared)
{
    for (int i = 0; i < ROUNDS; i++) {
        rw_lock(&shared->rw);
        CHECK(check_add(&shared->writers, 1) == 1);
        int before = shared->plain;
        if (i % 5 == 0)
            task_yield();
        shared->plain = before + 1;
        check_add(&shared->writers, -1);
        rw_unlock(&shared->rw);
    }
}

static void rw_excludes(void)
{
    struct shared shared = {0};
    wg_t wg = {0};

    for (int i = 0; i < LOCKERS; i++)
        if (i % 3)
            wg_spawn(&wg, read_some, &shared);
        else
            wg_spawn(&wg, write_some, &shared);
    wg_wait(&wg);
    CHECK(shared.plain == LOCKERS / 3 * ROUNDS);
}

static void write_once(struct shared *shared)
{
    rw_lock(&shared->rw);
    CHECK(get(&shared->readers) == 0 && get(&shared->reads) == 0);
    shared->plain++;
    rw_unlock(&shared->rw);
}

static void read_once(struct shared *shared, int expected)
{
    rw_rlock(&shared->rw);
    CHECK(shared->plain == expected);
    check_add(&shared->reads, 1);
    rw_runlock(&shared->rw);
}

/* A writer that waits holds back new readers; those go when it has been. */
static void rw_writer_waits(void)
{
    struct shared shared = {0};
    wg_t wg = {0};

    wg_spawn(&wg, read_until_released, &shared);
    yield_until(&shared.readers, 1);
    wg_spawn(&wg, write_once, &shared);
    check_await_parked(1);
    for (int i = 0; i < 5; i++)
        wg_spawn(&wg, read_once, &shared, 1);
    check_await_parked(6);
    CHECK(get(&shared.reads) == 0);
    check_add(&shared.release, 1);
    wg_wait(&wg);
    CHECK(get(&shared.reads) == 5);
}

/* Those who waited for the writer are let in with its unlock, before the next writer. */
static void rw_readers_after_writer(void)
{
    struct shared shared = {0};
    wg_t wg = {0};

    rw_lock(&shared.rw);
    for (int i = 0; i < 5; i++)
        wg_spawn(&wg, read_once, &shared, 7);
    check_await_parked(5);
    shared.plain = 7;
    rw_unlock(&shared.rw);
    rw_lock(&shared.rw);
    CHECK(get(&shared.reads) == 5);
    rw_unlock(&shared.rw);
    wg_wait(&wg);
}

static void write_after_reads(struct shared *shared, int reads)
{
    rw_lock(&shared->rw);
    CHECK(get(&shared->reads) == reads);
    shared->plain++;
    rw_unlock(&shared->rw);
}

/* So writers that keep coming do not shut readers out. */
static void rw_readers_before_next_writer(void)
{
    struct shared shared = {0};
    wg_t wg = {0};

    rw_lock(&shared.rw);
    wg_spawn(&wg, write_after_reads, &shared, 3);
    check_await_parked(1);
    for (int i = 0; i < 3; i++)
        wg_spawn(&wg, read_once, &shared, 7);
    check_await_parked(4);
    shared.plain = 7;
    rw_unlock(&shared.rw);
    wg_wait(&wg);
    CHECK(shared.plain == 8);
}

static void unlock_read(rw_t *rw)
{
    rw_runlock(rw);
}

static void unlock_written(rw_t *rw)
{
    rw_unlock(rw);
}

static void rw_by_another(void)
{
    rw_t rw = {0};
    wg_t wg = {0};

    rw_rlock(&rw);
    wg_spawn(&wg, unlock_read, &rw);
    rw_lock(&rw);
    wg_spawn(&wg, unlock_written, &rw);
    rw_lock(&rw);
    rw_unlock(&rw);
    wg_wait(&wg);
}

/* ---- conditions ------------------------------------------------------------------------------ */

struct room {
    mu_t mu;
    cv_t cv;
    int free;    /* guarded by mu */
    int waiting; /* guarded by mu */
    int through; /* guarded by mu */
};

static void take_room(struct room *room)
{
    mu_lock(&room->mu);
    room->waiting++;
    while (!room->free)
        cv_wait(&room->cv, &room->mu);
    CHECK(!mu_trylock(&room->mu));
    room->free--;
    room->waiting--;
    room->through++;
    mu_unlock(&room->mu);
}

/* Who has counted itself as waiting stands in the queue once the lock is free again. */
static void wait_for_waiting(struct room *room, int count)
{
    for (bool all = false; !all; task_yield()) {
        mu_lock(&room->mu);
        all = room->waiting == count;
        mu_unlock(&room->mu);
    }
}

static int through(struct room *room)
{
    mu_lock(&room->mu);
    int count = room->through;
    mu_unlock(&room->mu);
    return count;
}

static void cv_signals(void)
{
    struct room room = {0};
    wg_t wg = {0};

    /* Without waiters nothing happens, and nothing is remembered. */
    cv_signal(&room.cv);
    cv_broadcast(&room.cv);
    for (int i = 0; i < 5; i++)
        wg_spawn(&wg, take_room, &room);
    wait_for_waiting(&room, 5);
    mu_lock(&room.mu);
    room.free = 5;
    mu_unlock(&room.mu);
    task_sleep_ms(SOON_MS);
    CHECK(through(&room) == 0);
    for (int i = 1; i <= 3; i++) {
        cv_signal(&room.cv);
        while (through(&room) != i)
            task_yield();
        check_await_parked(5 - (size_t)i);
    }
    cv_broadcast(&room.cv);
    wg_wait(&wg);
    CHECK(room.through == 5 && room.free == 0 && room.waiting == 0);
}

/* Woken with the lock held: each takes it in its turn. */
static void cv_broadcasts(void)
{
    struct room room = {0};
    wg_t wg = {0};

    for (int i = 0; i < 20; i++)
        wg_spawn(&wg, take_room, &room);
    wait_for_waiting(&room, 20);
    mu_lock(&room.mu);
    room.free = 20;
    cv_broadcast(&room.cv);
    CHECK(room.through == 0);
    mu_unlock(&room.mu);
    wg_wait(&wg);
    CHECK(room.through == 20);
}

/* A queue with room for few, between many. */
enum { ITEMS = 500, ROOM = 3 };

struct queue {
    mu_t mu;
    cv_t not_full;
    cv_t not_empty;
    int count;
    int taken;
};

static void put_items(struct queue *queue)
{
    for (int i = 0; i < ITEMS; i++) {
        mu_lock(&queue->mu);
        while (queue->count == ROOM)
            cv_wait(&queue->not_full, &queue->mu);
        queue->count++;
        cv_signal(&queue->not_empty);
        mu_unlock(&queue->mu);
    }
}

static void take_items(struct queue *queue)
{
    for (int i = 0; i < ITEMS; i++) {
        mu_lock(&queue->mu);
        while (queue->count == 0)
            cv_wait(&queue->not_empty, &queue->mu);
        queue->count--;
        queue->taken++;
        cv_signal(&queue->not_full);
        mu_unlock(&queue->mu);
    }
}

static void cv_queue(void)
{
    struct queue queue = {0};
    wg_t wg = {0};

    for (int i = 0; i < 4; i++) {
        wg_spawn(&wg, put_items, &queue);
        wg_spawn(&wg, take_items, &queue);
    }
    wg_wait(&wg);
    CHECK(queue.taken == 4 * ITEMS && queue.count == 0);
}

static void wait_with_ctx(ctx_t *ctx, struct room *room, int expected)
{
    mu_lock(&room->mu);
    room->waiting++;
    CHECK(cv_wait_ctx(ctx, &room->cv, &room->mu) == expected);
    CHECK(!mu_trylock(&room->mu));
    room->through++;
    mu_unlock(&room->mu);
}

static void cv_with_ctx(void)
{
    struct room room = {0};
    ctx_t *ctx = ctx_with_cancel(NULL);
    wg_t wg = {0};

    wg_spawn(&wg, wait_with_ctx, NULL, &room, 0);
    wg_spawn(&wg, wait_with_ctx, ctx, &room, 0);
    wait_for_waiting(&room, 2);
    cv_broadcast(&room.cv);
    wg_wait(&wg);
    for (int i = 0; i < 5; i++)
        wg_spawn(&wg, wait_with_ctx, ctx, &room, ECANCELED);
    wait_for_waiting(&room, 7);
    ctx_cancel(ctx);
    wg_wait(&wg);
    wait_with_ctx(ctx, &room, ECANCELED);
    ctx_free(ctx);
    int64_t start_ms = task_now_ms();
    ctx = ctx_with_timeout_ms(NULL, SOON_MS);
    wait_with_ctx(ctx, &room, ETIMEDOUT);
    CHECK(task_now_ms() - start_ms >= SOON_MS && task_now_ms() - start_ms < LONG_MS);
    wait_with_ctx(ctx, &room, ETIMEDOUT);
    ctx_free(ctx);
    CHECK(room.through == 10);
}

/* Who gave up takes no signal away from who waits. */
static void cv_given_up(void)
{
    struct room room = {0};
    ctx_t *ctx = ctx_with_cancel(NULL);
    wg_t given_up = {0};
    wg_t wg = {0};

    for (int i = 0; i < 3; i++)
        wg_spawn(&given_up, wait_with_ctx, ctx, &room, ECANCELED);
    wait_for_waiting(&room, 3);
    wg_spawn(&wg, wait_with_ctx, NULL, &room, 0);
    wait_for_waiting(&room, 4);
    ctx_cancel(ctx);
    cv_signal(&room.cv);
    wg_wait(&wg);
    wg_wait(&given_up);
    ctx_free(ctx);
}

/* ---- once ------------------------------------------------------------------------------------ */

struct start {
    once_t once;
    int runs;
    int plain;
};

static void start_slowly(void *arg)
{
    struct start *start = arg;

    check_add(&start->runs, 1);
    task_sleep_ms(SOON_MS);
    start->plain = 12;
}

static void never(void *arg)
{
    (void)arg;
    CHECK(!"runs a second time");
}

static void start_and_use(struct start *start)
{
    once_do(&start->once, start_slowly, start);
    CHECK(start->plain == 12);
}

static void once(void)
{
    struct start start = {0};
    wg_t wg = {0};

    for (int i = 0; i < 20; i++)
        wg_spawn(&wg, start_and_use, &start);
    start_and_use(&start);
    wg_wait(&wg);
    CHECK(start.runs == 1);
    once_do(&start.once, never, NULL);
}

#define TEST(name)                                                                                 \
    static void test_lock__##name(void **state)                                                    \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }

TEST(wg_counts)
TEST(wg_spawned)
TEST(wg_spawn_arguments)
TEST(wg_with_ctx)
TEST(wg_some_give_up)
TEST(wg_in_frame)
TEST(mu_excludes)
TEST(mu_in_turn)
TEST(mu_no_starvation)
TEST(mu_trylocks)
TEST(rw_many_readers)
TEST(rw_excludes)
TEST(rw_writer_waits)
TEST(rw_readers_after_writer)
TEST(rw_readers_before_next_writer)
TEST(rw_by_another)
TEST(cv_signals)
TEST(cv_broadcasts)
TEST(cv_queue)
TEST(cv_with_ctx)
TEST(cv_given_up)
TEST(once)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock__wg_counts),
        cmocka_unit_test(test_lock__wg_spawned),
        cmocka_unit_test(test_lock__wg_spawn_arguments),
        cmocka_unit_test(test_lock__wg_with_ctx),
        cmocka_unit_test(test_lock__wg_some_give_up),
        cmocka_unit_test(test_lock__wg_in_frame),
        cmocka_unit_test(test_lock__mu_excludes),
        cmocka_unit_test(test_lock__mu_in_turn),
        cmocka_unit_test(test_lock__mu_no_starvation),
        cmocka_unit_test(test_lock__mu_trylocks),
        cmocka_unit_test(test_lock__rw_many_readers),
        cmocka_unit_test(test_lock__rw_excludes),
        cmocka_unit_test(test_lock__rw_writer_waits),
        cmocka_unit_test(test_lock__rw_readers_after_writer),
        cmocka_unit_test(test_lock__rw_readers_before_next_writer),
        cmocka_unit_test(test_lock__rw_by_another),
        cmocka_unit_test(test_lock__cv_signals),
        cmocka_unit_test(test_lock__cv_broadcasts),
        cmocka_unit_test(test_lock__cv_queue),
        cmocka_unit_test(test_lock__cv_with_ctx),
        cmocka_unit_test(test_lock__cv_given_up),
        cmocka_unit_test(test_lock__once),
    };
    return CHECK_ALL(tests);
}
