/*
 * stress_test.c - storms on the runtime, each with something that must hold at its end.
 *
 *     stress_test [size=PERCENT] [seed=NUMBER] [minutes=NUMBER] [STORM...]
 *
 * Runs the named storms, or all.  LEASH_THREADS and LEASH_SCHEDULE say how, as for any program.
 * With minutes= it goes round and round with other seeds and numbers of threads until the time is
 * over, and resident memory must not grow.  Needs nothing but the library, so that it runs wherever
 * that does.
 */
#include "require.h"

#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* TSan follows at most 8,000 threads and tasks together, and all sanitizers make tasks large. */
enum { LIVE_MAX = SANITIZED ? 1000 : 20000 };

static int size_percent = 100;
static uint64_t seed;
static _Atomic uint64_t random_count;

/* A sequence that depends on the seed and on how many were made before. */
static struct random random_make(void)
{
    return (struct random){mix(seed) + mix(atomic_fetch_add(&random_count, 1) + 1)};
}

/* So much at size=100. */
static int scaled(int count)
{
    int64_t result = (int64_t)count * size_percent / 100;

    return result > 0 ? (int)result : 1;
}

/* Starts fn(arg, 0) ... fn(arg, count - 1). */
static void start_many(wg_t *wg, int count, void (*fn)(void *, int), void *arg)
{
    for (int i = 0; i < count; i++)
        wg_spawn(wg, fn, arg, i);
}

/* The same and waits for all of them. */
static void run_many(int count, void (*fn)(void *, int), void *arg)
{
    wg_t wg = {0};

    start_many(&wg, count, fn, arg);
    wg_wait(&wg);
}

/* ---- channels: every value once, and in the order of its producer ---------------------------- */

enum { PRODUCERS = 4, CONSUMERS = 3, VALUE_MAX = 100 };

struct stream {
    chan_t *ch;
    chan_t *never;
    size_t element_size;
    int count;           /* values of each producer */
    _Atomic char *seen;  /* of each value: it arrived */
    _Atomic int arrived; /* values */
};

/* The number in the first bytes, and the rest depends on it. */
static void value_write(unsigned char *value, size_t size, uint64_t number)
{
    for (size_t i = 0; i < size; i++)
        value[i] = (unsigned char)(i < 3 ? number >> (8 * i) : number * 31 + i);
}

static uint64_t value_read(const unsigned char *value, size_t size)
{
    unsigned char expected[VALUE_MAX];
    uint64_t number = value[0] | (uint64_t)value[1] << 8 | (uint64_t)value[2] << 16;

    value_write(expected, size, number);
    CHECK(memcmp(value, expected, size) == 0);
    return number;
}

static void stream_send(struct stream *stream, struct random *random, const void *value)
{
    bool ok = false;

    switch (random_below(random, 3)) {
    case 0:
        CHECK(chan_send(stream->ch, value));
        return;
    case 1:
        CHECK(chan_send_ctx(NULL, stream->ch, value) == 0);
        return;
    default:
        CHECK(chan_select(RECV(stream->never, NULL), SEND_OK(stream->ch, &ok, value)) == 1);
        CHECK(ok);
    }
}

static void produce(void *arg, int producer)
{
    struct stream *stream = arg;
    struct random random = random_make();
    unsigned char value[VALUE_MAX];

    for (int i = 0; i < stream->count; i++) {
        value_write(value, stream->element_size, (uint64_t)i * PRODUCERS + (uint64_t)producer);
        stream_send(stream, &random, value);
        CHECK(chan_len(stream->ch) <= chan_cap(stream->ch));
    }
}

static bool stream_recv(struct stream *stream, struct random *random, void *value)
{
    bool ok;

    switch (random_below(random, 3)) {
    case 0:
        return chan_recv(stream->ch, value);
    case 1:
        return chan_recv_ctx(NULL, stream->ch, value) == 0;
    default:
        CHECK(chan_select(RECV_OK(stream->ch, value, &ok), DONE(stream->never)) == 0);
        return ok;
    }
}

static void consume(void *arg, int consumer)
{
    struct stream *stream = arg;
    struct random random = random_make();
    unsigned char value[VALUE_MAX];
    int64_t last[PRODUCERS];

    (void)consumer;
    memset(last, -1, sizeof(last));
    while (stream_recv(stream, &random, value)) {
        int64_t number = (int64_t)value_read(value, stream->element_size);
        CHECK(number < (int64_t)stream->count * PRODUCERS);
        CHECK(last[number % PRODUCERS] < number);
        last[number % PRODUCERS] = number;
        CHECK(!atomic_exchange(&stream->seen[number], 1));
        atomic_fetch_add(&stream->arrived, 1);
    }
    for (size_t i = 0; i < stream->element_size; i++)
        CHECK(value[i] == 0);
}

static void run_stream(size_t element_size, size_t capacity, int count)
{
    struct stream stream = {.element_size = element_size, .count = count};
    wg_t consumers = {0};

    stream.ch = leash_chan_make(element_size, capacity, LEASH_HERE);
    stream.never = done_make();
    stream.seen = calloc((size_t)count, PRODUCERS);
    CHECK(stream.seen);
    start_many(&consumers, CONSUMERS, consume, &stream);
    run_many(PRODUCERS, produce, &stream);
    chan_close(stream.ch);
    wg_wait(&consumers);
    CHECK(stream.arrived == count * PRODUCERS);
    chan_free(stream.ch);
    chan_free(stream.never);
    free((void *)stream.seen);
}

static void storm_channels(void)
{
    static const size_t element_sizes[] = {3, 4, 8, 16, VALUE_MAX};
    static const size_t capacities[] = {0, 1, 2, 7, 128};

    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 5; k++)
            run_stream(element_sizes[i], capacities[k], scaled(2000));
}

/* ---- selects: what was sent was received or is still there ----------------------------------- */

enum { SELECT_CHANNELS = 6, SELECT_TASKS = 30, CASES_MAX = 9 };

/* Sums over values, which do not depend on their order. */
struct tally {
    _Atomic uint64_t count;
    _Atomic uint64_t sum;
};

static void tally_add(struct tally *tally, uint64_t value)
{
    atomic_fetch_add(&tally->count, 1);
    atomic_fetch_add(&tally->sum, mix(value));
}

struct selects {
    chan_t *ch[SELECT_CHANNELS]; /* of uint64_t */
    chan_t *stop;
    _Atomic uint64_t next; /* value */
    _Atomic int made;      /* selects */
    struct tally sent;
    struct tally received;
};

/* A select of random cases. */
struct select_case {
    leash_case cases[CASES_MAX];
    uint64_t value[CASES_MAX];
    bool ok[CASES_MAX];
    size_t count;
};

static void add_case(struct selects *selects, struct select_case *one, struct random *random)
{
    size_t i = one->count++;
    bool sends = random_chance(random, 50);

    one->ok[i] = false;
    one->value[i] = sends ? atomic_fetch_add(&selects->next, 1) + 1 : UINT64_MAX;
    one->cases[i] = (leash_case){.op = sends ? LEASH_OP_SEND : LEASH_OP_RECV,
                                 .ch = selects->ch[random_below(random, SELECT_CHANNELS)],
                                 .out = &one->value[i],
                                 .value = &one->value[i],
                                 .ok = &one->ok[i]};
    /* The first one can go some day. */
    if (i > 0 && random_chance(random, 10))
        one->cases[i].ch = NULL;
}

/* A case that keeps the select from waiting for ever. */
static void add_last_case(struct selects *selects, struct select_case *one, struct random *random)
{
    leash_case last = DONE(selects->stop);
    int kind = random_below(random, 100);

    if (kind < 30)
        last = (leash_case)DEFAULT();
    else if (kind < 40)
        last = (leash_case)AFTER_MS(random_below(random, 3) - 1);
    else if (kind < 45)
        last = (leash_case)UNTIL_MS(task_now_ms() + random_below(random, 3));
    /* It may stand anywhere. */
    size_t place = (size_t)random_below(random, (int)one->count + 1);
    for (size_t i = one->count; i > place; i--)
        one->cases[i] = one->cases[i - 1];
    one->cases[place] = last;
    one->count++;
}

/* Lets it go and notes what it did. */
static void run_select(struct selects *selects, struct select_case *one)
{
    int index = leash_select(one->cases, one->count, LEASH_HERE);

    CHECK(index >= 0 && (size_t)index < one->count);
    const leash_case *went = &one->cases[index];
    if (!went->ok)
        return;
    CHECK(went->ch);
    uint64_t value = *(const uint64_t *)went->value;
    if (went->op == LEASH_OP_SEND && *went->ok)
        tally_add(&selects->sent, value);
    else if (went->op == LEASH_OP_RECV && *went->ok)
        tally_add(&selects->received, value);
    else if (went->op == LEASH_OP_RECV)
        CHECK(value == 0);
    CHECK(went->op != LEASH_OP_RECV || value != UINT64_MAX);
}

static void random_select(struct selects *selects, struct random *random)
{
    struct select_case one = {.count = 0};
    int count = 1 + random_below(random, CASES_MAX - 1);

    for (int i = 0; i < count; i++)
        add_case(selects, &one, random);
    add_last_case(selects, &one, random);
    run_select(selects, &one);
    atomic_fetch_add(&selects->made, 1);
}

static void select_until_stopped(void *arg, int number)
{
    struct selects *selects = arg;
    struct random random = random_make();

    (void)number;
    while (chan_select(DONE(selects->stop), DEFAULT()) == 1)
        random_select(selects, &random);
}

/* One step on each channel in turn, so that the others never all wait. */
static void stir(struct selects *selects, int round)
{
    chan_t *ch = selects->ch[round % SELECT_CHANNELS];
    uint64_t value = atomic_fetch_add(&selects->next, 1) + 1;
    uint64_t in;
    bool sent;
    bool received;

    switch (chan_select(SEND_OK(ch, &sent, &value), RECV_OK(ch, &in, &received), DEFAULT())) {
    case 0:
        if (sent)
            tally_add(&selects->sent, value);
        break;
    case 1:
        if (received)
            tally_add(&selects->received, in);
        break;
    default:
        break;
    }
    task_yield();
}

static void storm_selects(void)
{
    static const size_t capacities[SELECT_CHANNELS] = {0, 0, 1, 2, 8, 0};
    struct selects selects = {.stop = done_make()};
    int wanted = scaled(100000);
    bool closed = false;
    wg_t wg = {0};
    uint64_t value;

    for (int i = 0; i < SELECT_CHANNELS; i++)
        selects.ch[i] = chan_make(uint64_t, capacities[i]);
    start_many(&wg, SELECT_TASKS, select_until_stopped, &selects);
    for (int i = 0; selects.made < wanted; i++) {
        stir(&selects, i);
        if (!closed && selects.made >= wanted / 2) {
            chan_close(selects.ch[3]);
            closed = true;
        }
    }
    chan_close(selects.stop);
    wg_wait(&wg);
    for (int i = 0; i < SELECT_CHANNELS; i++) {
        if (i != 3 || !closed)
            chan_close(selects.ch[i]);
        while (chan_recv(selects.ch[i], &value))
            tally_add(&selects.received, value);
        chan_free(selects.ch[i]);
    }
    chan_free(selects.stop);
    CHECK(selects.sent.count == selects.received.count);
    CHECK(selects.sent.sum == selects.received.sum);
}

/* ---- locks, wait groups, conditions ---------------------------------------------------------- */

enum { LOCK_TASKS = 20 };

struct locks {
    mu_t mu;
    rw_t rw;
    int rounds;
    int guarded;     /* by mu */
    int twins[2];    /* by rw: equal whenever nobody writes */
    _Atomic int all; /* increments of `guarded` and of the twins */
};

static void lock_mu(struct locks *locks, struct random *random)
{
    if (random_chance(random, 70) || !mu_trylock(&locks->mu))
        mu_lock(&locks->mu);
    int before = locks->guarded;
    if (random_chance(random, 20))
        task_yield();
    CHECK(locks->guarded == before);
    locks->guarded = before + 1;
    mu_unlock(&locks->mu);
    atomic_fetch_add(&locks->all, 1);
}

static void lock_rw(struct locks *locks, struct random *random)
{
    if (random_chance(random, 30)) {
        rw_lock(&locks->rw);
        locks->twins[0]++;
        if (random_chance(random, 20))
            task_yield();
        locks->twins[1]++;
        rw_unlock(&locks->rw);
        atomic_fetch_add(&locks->all, 1);
        return;
    }
    rw_rlock(&locks->rw);
    int seen = locks->twins[0];
    if (random_chance(random, 20))
        task_yield();
    CHECK(seen == locks->twins[0] && seen == locks->twins[1]);
    rw_runlock(&locks->rw);
}

static void lock_and_unlock(void *arg, int number)
{
    struct locks *locks = arg;
    struct random random = random_make();

    (void)number;
    for (int i = 0; i < locks->rounds; i++)
        if (random_chance(&random, 50))
            lock_mu(locks, &random);
        else
            lock_rw(locks, &random);
}

static void run_locks(void)
{
    struct locks locks = {.rounds = scaled(5000)};

    run_many(LOCK_TASKS, lock_and_unlock, &locks);
    CHECK(locks.twins[0] == locks.twins[1]);
    CHECK(locks.guarded + locks.twins[0] == locks.all);
}

/* A queue made of a lock and two conditions; waits are given up now and then. */
struct queue {
    mu_t mu;
    cv_t not_empty;
    cv_t not_full;
    int count; /* at most QUEUE_MAX */
    int taken;
    int rounds;
};

enum { QUEUE_MAX = 3, QUEUE_TASKS = 8 };

/* Waits, for a while or until signalled. */
static void wait_a_while(cv_t *cv, mu_t *mu, struct random *random)
{
    if (random_chance(random, 80)) {
        cv_wait(cv, mu);
        return;
    }
    ctx_t *ctx = ctx_with_timeout_ms(NULL, random_below(random, 3));
    int error = cv_wait_ctx(ctx, cv, mu);
    CHECK(error == 0 || error == ETIMEDOUT);
    /* The signal may have been for somebody else as well: pass it on. */
    if (error)
        cv_signal(cv);
    ctx_free(ctx);
}

static void queue_work(void *arg, int number)
{
    struct queue *queue = arg;
    struct random random = random_make();
    bool puts = number % 2;

    for (int i = 0; i < queue->rounds; i++) {
        mu_lock(&queue->mu);
        while (queue->count == (puts ? QUEUE_MAX : 0))
            wait_a_while(puts ? &queue->not_full : &queue->not_empty, &queue->mu, &random);
        queue->count += puts ? 1 : -1;
        queue->taken += !puts;
        CHECK(queue->count >= 0 && queue->count <= QUEUE_MAX);
        if (random_chance(&random, 10))
            cv_broadcast(puts ? &queue->not_empty : &queue->not_full);
        else
            cv_signal(puts ? &queue->not_empty : &queue->not_full);
        mu_unlock(&queue->mu);
    }
}

static void run_queue(void)
{
    struct queue queue = {.rounds = scaled(5000)};

    run_many(QUEUE_TASKS, queue_work, &queue);
    CHECK(queue.count == 0 && queue.taken == queue.rounds * QUEUE_TASKS / 2);
}

/* Wait groups that live in the frame of who waits, and something done once meanwhile. */
struct once_case {
    once_t once;
    int runs;
    bool done;
};

static void run_once(void *arg)
{
    struct once_case *one = arg;

    one->runs++;
    task_yield();
    one->done = true;
}

static void call_once(void *arg, int number)
{
    struct once_case *one = arg;

    (void)number;
    once_do(&one->once, run_once, one);
    CHECK(one->done && one->runs == 1);
}

static void wait_in_frames(void *arg, int number)
{
    struct random random = random_make();

    (void)arg, (void)number;
    for (int i = 0; i < scaled(500); i++) {
        struct once_case one = {.runs = 0};
        wg_t wg = {0};
        start_many(&wg, 1 + random_below(&random, 4), call_once, &one);
        if (random_chance(&random, 30)) {
            ctx_t *ctx = ctx_with_timeout_ms(NULL, random_below(&random, 2));
            int error = wg_wait_ctx(ctx, &wg);
            CHECK(error == 0 || error == ETIMEDOUT);
            ctx_free(ctx);
        }
        wg_wait(&wg);
        CHECK(one.done);
    }
}

static void storm_locks(void)
{
    run_locks();
    run_queue();
    run_many(LOCK_TASKS, wait_in_frames, NULL);
}

/* ---- contexts -------------------------------------------------------------------------------- */

enum { TREE_DEPTH = 4, TREE_CHILDREN = 3 };

/* What the waiting ones of a tree share. */
struct tree {
    chan_t *never; /* nobody sends there ... */
    chan_t *full;  /* ... and nobody receives here */
    mu_t mu;
    cv_t cv;
    wg_t busy; /* counts one until the end of the tree */
    wg_t nodes;
};

static ctx_t *random_child(ctx_t *parent, struct random *random)
{
    switch (random_below(random, 4)) {
    case 0:
        return ctx_with_timeout_ms(parent, random_below(random, 8));
    case 1:
        return ctx_with_deadline_ms(parent, task_now_ms() + random_below(random, 8));
    case 2:
        return ctx_with_value(parent, random, parent);
    default:
        return ctx_with_cancel(parent);
    }
}

/* Waits in one of the ways there are; the context must end it. */
static int wait_for_end(struct tree *tree, ctx_t *ctx, struct random *random)
{
    int error;

    switch (random_below(random, 6)) {
    case 0:
        return task_sleep_ctx(ctx, 100000);
    case 1:
        return chan_recv_ctx(ctx, tree->never, NULL);
    case 2:
        return chan_send_ctx(ctx, tree->full, NULL);
    case 3:
        return wg_wait_ctx(ctx, &tree->busy);
    case 4:
        mu_lock(&tree->mu);
        error = cv_wait_ctx(ctx, &tree->cv, &tree->mu);
        mu_unlock(&tree->mu);
        return error;
    default:
        CHECK(chan_select(RECV(tree->never, NULL), AFTER_MS(100000), DONE(ctx)) == 2);
        return ctx_err(ctx);
    }
}

static void tree_node(struct tree *tree, ctx_t *parent, int depth)
{
    struct random random = random_make();
    ctx_t *ctx = random_child(parent, &random);

    CHECK(ctx_deadline_ms(ctx) <= ctx_deadline_ms(parent));
    for (int i = 0; depth > 0 && i < TREE_CHILDREN; i++)
        wg_spawn(&tree->nodes, tree_node, tree, ctx_ref(ctx), depth - 1);
    if (random_chance(&random, 20))
        ctx_cancel(ctx);
    else if (random_chance(&random, 10))
        ctx_cancel(parent);
    if (random_chance(&random, 60)) {
        int error = wait_for_end(tree, ctx, &random);
        CHECK(error == ECANCELED || error == ETIMEDOUT);
        CHECK(ctx_err(ctx) == error);
        CHECK(!chan_recv(ctx_done(ctx), NULL));
    }
    /* Another task may still be on its way from the parent down to here. */
    if (ctx_err(parent))
        CHECK(!chan_recv(ctx_done(ctx), NULL));
    /* The children go on with their parent freed, and this one's parent may be freed before it. */
    if (random_chance(&random, 50)) {
        ctx_unref(parent);
        ctx_free(ctx);
    } else {
        ctx_free(ctx);
        ctx_unref(parent);
    }
}

static void run_tree(void *arg, int number)
{
    struct random random = random_make();
    struct tree tree = {.never = done_make(), .full = done_make()};
    ctx_t *root = ctx_with_cancel(NULL);

    (void)arg, (void)number;
    wg_add(&tree.busy, 1);
    wg_spawn(&tree.nodes, tree_node, &tree, ctx_ref(root), TREE_DEPTH);
    task_sleep_ms(random_below(&random, 5));
    ctx_free(root);
    wg_wait(&tree.nodes);
    wg_done(&tree.busy);
    chan_free(tree.never);
    chan_free(tree.full);
}

static void storm_contexts(void)
{
    for (int i = 0; i < scaled(20); i++)
        run_many(3, run_tree, NULL);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void sleep_some(struct random *random)
{
    int ms = random_below(random, 6);
    int64_t start_ms = task_now_ms();

    if (random_chance(random, 50)) {
        task_sleep_ms(ms);
    } else {
        ctx_t *ctx = ctx_with_timeout_ms(NULL, ms + 100000);
        CHECK(task_sleep_ctx(ctx, ms) == 0);
        ctx_free(ctx);
    }
    CHECK(task_now_ms() >= start_ms + ms);
}

struct ring {
    _Atomic int count; /* how often it rang */
    wg_t *rung;        /* or NULL */
};

static void ring(void *arg)
{
    struct ring *ring = arg;
    wg_t *rung = ring->rung;

    atomic_fetch_add(&ring->count, 1);
    task_yield();
    atomic_fetch_add(&ring->count, 1);
    if (rung)
        wg_done(rung);
}

static void use_alarm(struct random *random)
{
    struct ring bell = {.count = 0};
    alarm_t *alarm = alarm_after_ms(random_below(random, 4), ring, &bell);

    if (random_chance(random, 70))
        task_sleep_ms(random_below(random, 4));
    bool stopped = alarm_stop(alarm);
    CHECK(bell.count == (stopped ? 0 : 2));
}

static void detach_alarm(struct random *random)
{
    wg_t rung = {0};
    struct ring bell = {.rung = &rung};

    wg_add(&rung, 1);
    alarm_detach(alarm_after_ms(random_below(random, 4), ring, &bell));
    wg_wait(&rung);
    CHECK(bell.count == 2);
}

static void use_ticker(struct random *random)
{
    ticker_t *ticker = ticker_start_ms(1 + random_below(random, 3));
    chan_t *ticks = chan_ref(ticker_chan(ticker));
    int wanted = random_below(random, 3);
    int64_t last_ms = 0;
    int64_t tick_ms;

    for (int i = 0; i < wanted; i++) {
        CHECK(chan_recv(ticks, &tick_ms));
        CHECK(tick_ms >= last_ms && tick_ms <= task_now_ms());
        last_ms = tick_ms;
    }
    ticker_stop(ticker);
    size_t left = chan_len(ticks);
    task_yield();
    CHECK(chan_len(ticks) == left);
    chan_free(ticks);
}

static void use_time(void *arg, int number)
{
    struct random random = random_make();

    (void)arg, (void)number;
    for (int i = 0; i < 10; i++)
        switch (random_below(&random, 4)) {
        case 0:
            sleep_some(&random);
            break;
        case 1:
            use_alarm(&random);
            break;
        case 2:
            detach_alarm(&random);
            break;
        default:
            use_ticker(&random);
        }
}

static void storm_time(void)
{
    run_many(scaled(500) < LIVE_MAX / 2 ? scaled(500) : LIVE_MAX / 2, use_time, NULL);
}

/* ---- freeing right after --------------------------------------------------------------------- */

struct pair {
    chan_t *first;
    chan_t *second;
    wg_t *wg;
};

/* Waits for both; what did not come, the peer frees meanwhile. */
static void wait_for_either(struct pair *pair)
{
    struct pair own = *pair;
    int value = 0;

    free(pair);
    if (chan_select(RECV(own.second, &value), RECV(own.first, &value)) == 1)
        CHECK(value == 7);
    else
        CHECK(!"nobody sends there");
    chan_free(own.first);
    wg_done(own.wg);
}

/* A send without room ends when the receiver has been let go, and that is all the peer waits for
 * before it frees the other channel. */
static void free_other(wg_t *wg, struct random *random)
{
    struct pair *pair = malloc(sizeof(*pair));
    chan_t *first = chan_make(int, 0);
    chan_t *second = chan_make(int, random_below(random, 2));

    CHECK(pair);
    *pair = (struct pair){first, second, wg};
    wg_add(wg, 1);
    spawn(wait_for_either, pair);
    if (random_chance(random, 50))
        task_yield();
    CHECK(chan_send(first, &(int){7}));
    chan_free(second);
}

static void drain_and_free(chan_t *ch, wg_t *wg)
{
    int sum = 0;
    int value;

    while (chan_recv(ch, &value))
        sum += value;
    chan_free(ch);
    CHECK(sum == 1 + 2 + 3);
    wg_done(wg);
}

/* The close is the sender's last touch. */
static void close_and_leave(wg_t *wg, struct random *random)
{
    chan_t *ch = chan_make(int, random_below(random, 4));

    wg_add(wg, 1);
    spawn(drain_and_free, ch, wg);
    for (int i = 1; i <= 3; i++)
        CHECK(chan_send(ch, &i));
    chan_close(ch);
}

static void wait_and_unref(chan_t *ch, ctx_t *ctx, wg_t *wg)
{
    int error = chan_recv_ctx(ctx, ch, NULL);

    CHECK(error == EPIPE || error == ETIMEDOUT);
    chan_free(ch);
    wg_done(wg);
}

/* Several owners, some of whom leave early. */
static void close_shared(wg_t *wg, struct random *random)
{
    ctx_t *ctx = ctx_with_timeout_ms(NULL, random_below(random, 2));
    chan_t *ch = done_make();
    wg_t waiting = {0};

    (void)wg;
    wg_add(&waiting, 4);
    for (int i = 0; i < 4; i++)
        spawn(wait_and_unref, chan_ref(ch), i % 2 ? ctx : NULL, &waiting);
    if (random_chance(random, 50))
        task_yield();
    chan_close(ch);
    chan_free(ch);
    wg_wait(&waiting);
    ctx_free(ctx);
}

static void free_all_the_time(void *arg, int number)
{
    struct random random = random_make();
    wg_t wg = {0};

    (void)arg, (void)number;
    for (int i = 0; i < scaled(3000); i++) {
        free_other(&wg, &random);
        close_and_leave(&wg, &random);
        close_shared(&wg, &random);
    }
    wg_wait(&wg);
}

static void storm_frees(void)
{
    run_many(8, free_all_the_time, NULL);
}

/* ---- or-channels ----------------------------------------------------------------------------- */

enum { INPUTS = 4 };

struct inputs {
    chan_t *ch[INPUTS]; /* done channels, closed one after the other meanwhile */
};

static void close_inputs(void *arg, int number)
{
    struct inputs *inputs = arg;
    struct random random = random_make();

    for (int pause = random_below(&random, 4); pause > 0; pause--)
        task_yield();
    chan_close(inputs->ch[number]);
}

static chan_t *or_of_some(struct inputs *inputs, struct random *random)
{
    chan_t *some[INPUTS];

    for (int i = 0; i < INPUTS; i++)
        some[i] = random_chance(random, 70) ? inputs->ch[i] : NULL;
    return chan_or(some[0], some[1], some[2], some[3]);
}

static void make_or(void *arg, int number)
{
    struct inputs *inputs = arg;
    struct random random = random_make();

    (void)number;
    for (int i = 0; i < 10; i++) {
        chan_t *one = or_of_some(inputs, &random);
        chan_t *both = chan_or(one, number % 2 ? inputs->ch[0] : NULL);
        /* The outer one keeps the inner one alive. */
        chan_free(one);
        if (both && random_chance(&random, 50))
            CHECK(!chan_recv(both, NULL));
        else
            task_yield();
        chan_free(both);
    }
}

static void storm_ors(void)
{
    for (int i = 0; i < scaled(3000); i++) {
        struct inputs inputs;
        wg_t wg = {0};
        for (int k = 0; k < INPUTS; k++)
            inputs.ch[k] = done_make();
        start_many(&wg, 6, make_or, &inputs);
        run_many(INPUTS, close_inputs, &inputs);
        if (i % 2)
            wg_wait(&wg);
        chan_t *all = chan_or(inputs.ch[0], inputs.ch[INPUTS - 1]);
        CHECK(!chan_recv(all, NULL));
        wg_wait(&wg);
        for (int k = 0; k < INPUTS; k++)
            chan_free(inputs.ch[k]);
        CHECK(!chan_recv(all, NULL));
        chan_free(all);
    }
}

/* ---- spawning -------------------------------------------------------------------------------- */

struct burst {
    _Atomic int64_t sum;
};

static void *same(void *arg)
{
    return arg;
}

static void add_number(void *arg, int number)
{
    struct burst *burst = arg;

    if (number % 512 == 0)
        CHECK(task_blocking(same, burst) == burst);
    else if (number % 7 == 0)
        task_yield();
    atomic_fetch_add(&burst->sum, number);
}

/* Many short ones, as many at once as may live. */
static void run_bursts(int count)
{
    while (count > 0) {
        int now = count < LIVE_MAX ? count : LIVE_MAX;
        struct burst burst = {.sum = 0};
        run_many(now, add_number, &burst);
        CHECK(burst.sum == (int64_t)now * (now - 1) / 2);
        count -= now;
    }
}

/* Sends the number of tasks of a tree of that depth. */
static void count_tree(chan_t *out, int depth)
{
    chan_t *in = chan_make(int, depth % 2);
    int total = 1;
    int part;

    for (int i = 0; depth > 0 && i < 2; i++)
        spawn(count_tree, in, depth - 1);
    for (int i = 0; depth > 0 && i < 2; i++) {
        CHECK(chan_recv(in, &part));
        total += part;
    }
    chan_free(in);
    CHECK(chan_send(out, &total));
}

static void run_count_tree(void *arg, int number)
{
    int depth = SANITIZED ? 7 : 11;
    chan_t *out = chan_make(int, 0);
    int total;

    (void)arg, (void)number;
    spawn(count_tree, out, depth);
    CHECK(chan_recv(out, &total));
    CHECK(total == (2 << depth) - 1);
    chan_free(out);
}

static void storm_spawns(void)
{
    run_bursts(scaled(100000));
    run_many(4, run_count_tree, NULL);
}

/* ---- searches: all storms again, smaller, and I/O, while others call leak_find ------------------
 * Every task ends, so none is ever lost.
 */

static void storm_searches(void);

/* ---- the program ----------------------------------------------------------------------------- */

static const struct storm {
    const char *name;
    void (*run)(void);
} storms[] = {
    {"channels", storm_channels}, {"selects", storm_selects}, {"locks", storm_locks},
    {"contexts", storm_contexts}, {"time", storm_time},       {"frees", storm_frees},
    {"ors", storm_ors},           {"spawns", storm_spawns},   {"searches", storm_searches},
};

enum { STORMS = sizeof(storms) / sizeof(storms[0]) };

static _Atomic bool searching;
static _Atomic int searched;

static void search_once(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    CHECK(out);
    size_t lost = leak_find(out);
    CHECK(fclose(out) == 0);
    if (lost)
        fputs(text, stderr);
    CHECK(lost == 0);
    free(text);
    searched++;
}

static void *search_in_thread(void *unused)
{
    while (searching) {
        search_once();
        usleep(2000);
    }
    return unused;
}

static void search_in_task(void)
{
    while (searching) {
        search_once();
        task_sleep_ms(3);
    }
}

static void write_bytes(int fd, int count)
{
    char byte = 'x';

    for (int i = 0; i < count; i++)
        CHECK(io_write(NULL, fd, &byte, 1, NO_TIMEOUT) == 1 &&
              io_read(NULL, fd, &byte, 1, NO_TIMEOUT) == 1);
    io_close(fd);
}

static void write_back(int fd)
{
    char byte;

    while (io_read(NULL, fd, &byte, 1, NO_TIMEOUT) == 1)
        CHECK(io_write(NULL, fd, &byte, 1, NO_TIMEOUT) == 1);
    io_close(fd);
}

static void start_echo(wg_t *echo)
{
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    wg_spawn(echo, write_bytes, pair[0], scaled(2000));
    wg_spawn(echo, write_back, pair[1]);
}

static void storm_searches(void)
{
    int former = size_percent;
    wg_t others = {0};
    pthread_t thread;

    size_percent = (size_percent + 4) / 5;
    searching = true;
    searched = 0;
    CHECK(pthread_create(&thread, NULL, search_in_thread, NULL) == 0);
    wg_spawn(&others, search_in_task);
    start_echo(&others);
    while (searched < scaled(100)) {
        for (int i = 0; i < STORMS; i++)
            if (storms[i].run != storm_searches)
                storms[i].run();
    }
    searching = false;
    wg_wait(&others);
    pthread_join(thread, NULL);
    size_percent = former;
}

static const struct storm *current;

static int entry(int argc, char **argv)
{
    (void)argc, (void)argv;
    current->run();
    return 0;
}

static int64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * (int64_t)1000 + now.tv_nsec / 1000000;
}

static void run_storm(const struct storm *storm)
{
    int64_t start_ms = wall_ms();

    current = storm;
    atomic_store(&random_count, 0);
    CHECK(leash_run(entry, 0, NULL) == 0);
    printf("%-9s %5" PRId64 " ms\n", storm->name, wall_ms() - start_ms);
}

/* Those that are named, or all. */
static void run_storms(char **names)
{
    printf("seed=%" PRIu64 " size=%d\n", seed, size_percent);
    fflush(stdout);
    for (int i = 0; i < STORMS; i++) {
        bool wanted = !*names;
        for (char **name = names; *name; name++)
            wanted |= strcmp(*name, storms[i].name) == 0;
        if (wanted)
            run_storm(&storms[i]);
    }
}

/* ---- round and round ------------------------------------------------------------------------- */

enum {
    WARM_UP_ROUNDS = 12,
    GROWTH_MAX_KIB = 4 * 1024 /* above what was resident after the warm-up */
};

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    CHECK(file);
    CHECK(fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Other threads and schedules in each round. */
static void set_round(int round)
{
    static const char *const threads[] = {"1", "2", "8", "3"};
    char schedule[40];

    setenv("LEASH_THREADS", threads[round % 4], 1);
    snprintf(schedule, sizeof(schedule), "random:%" PRIu64, seed);
    if (round % 3 == 2)
        setenv("LEASH_SCHEDULE", schedule, 1);
    else
        unsetenv("LEASH_SCHEDULE");
    printf("round %d: LEASH_THREADS=%s LEASH_SCHEDULE=%s ", round, threads[round % 4],
           round % 3 == 2 ? schedule : "");
}

/* A sanitizer's own memory grows for a while. */
static bool has_grown(int round, long *first_kib)
{
    malloc_trim(0);
    long now_kib = resident_kib();
    if (round <= WARM_UP_ROUNDS)
        *first_kib = now_kib;
    printf("resident: %ld KiB, after the warm-up %ld\n", now_kib, *first_kib);
    return !SANITIZED && now_kib > *first_kib + GROWTH_MAX_KIB;
}

static int soak(double minutes, char **names)
{
    int64_t end_ms = wall_ms() + (int64_t)(minutes * 60000);
    long first_kib = 0;

    for (int round = 0; wall_ms() < end_ms; round++, seed++) {
        set_round(round);
        run_storms(names);
        if (has_grown(round, &first_kib)) {
            fprintf(stderr, "stress_test: resident memory has grown\n");
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    char **names = argv + 1;
    double minutes = 0;

    seed = (uint64_t)wall_ms();
    for (; argc > 1 && *names && strchr(*names, '='); names++) {
        if (sscanf(*names, "size=%d", &size_percent) != 1 &&
            sscanf(*names, "seed=%" SCNu64, &seed) != 1 &&
            sscanf(*names, "minutes=%lf", &minutes) != 1) {
            fprintf(stderr, "stress_test: what is %s?\n", *names);
            return 2;
        }
    }
    if (minutes > 0)
        return soak(minutes, names);
    run_storms(names);
    return 0;
}
