/*
 * history_test.c - channels and select against a simple sequential model.
 *
 *     history_test [histories=NUMBER] [seed=NUMBER]
 *
 * A few tasks make random calls on one or two channels, and each call notes a stamp of a common
 * counter before and after.  The calls must then have an order that respects the stamps (who ended
 * before another began comes first) and that the model allows; the search for one is exhaustive.
 *
 * The model of a channel: a queue of bounded length that may be closed.  A send and a receive may
 * also meet: they take effect together, which is all there is without room.
 *
 * In half of the histories the first task waits until nothing moves any more.  What is still under
 * way then was not let go, and must not be able to go: so a wake-up that got lost is seen too.
 */
#include "require.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

enum {
    TASKS_MAX = 4,
    CALLS_MAX = 5, /* of a task */
    CHANNELS = 2,
    CAPACITY_MAX = 3,
    CASES_MAX = 3,
    OPS_MAX = TASKS_MAX * CALLS_MAX + CHANNELS + 1, /* the first task closes and settles */
    IDLE_YIELDS = 200, /* so many without any progress: nothing moves */
    NO_CASE = -1
};

enum kind { KIND_CALL, KIND_CALL_CTX, KIND_SELECT, KIND_CLOSE, KIND_SETTLE };

/* One direction on one channel. */
struct way {
    bool sends;
    int channel;
    int value; /* to send: no two are alike */
};

struct op {
    enum kind kind;
    struct way ways[CASES_MAX]; /* `count` of them; one for a call */
    int count;
    bool has_default;
    int channel; /* of a close */
    /* How it went. */
    int index; /* the way that went, or NO_CASE for the default */
    bool ok;
    int value; /* received */
    int begin;
    int end;
};

struct history {
    int channels;
    int capacity[CHANNELS];
    struct op ops[OPS_MAX];
    int count;
    /* A task that has begun a call and not ended it is parked, or was let go: there is no moment
     * between the stamp and the queue in which another task runs. */
    bool strict;
};

/* ---- the model ------------------------------------------------------------------------------- */

struct queue {
    int value[CAPACITY_MAX];
    int count;
    bool closed;
};

struct state {
    struct queue queue[CHANNELS];
    uint32_t done; /* a bit for each op */
};

static bool is_done(const struct state *state, int op)
{
    return state->done >> op & 1;
}

/* Whether the way can go without meeting anybody. */
static bool can_go(const struct history *history, const struct state *state, const struct way *way)
{
    const struct queue *queue = &state->queue[way->channel];

    if (queue->closed)
        return true;
    return way->sends ? queue->count < history->capacity[way->channel] : queue->count > 0;
}

static bool can_meet(const struct way *left, const struct way *right)
{
    return left->channel == right->channel && left->sends != right->sends;
}

/* Whether one of the op's ways can go or can meet one of another op that has begun before `stamp`
 * and was not let go. */
static bool could_go(const struct history *history, const struct state *state, int op, int stamp,
                     bool may_meet)
{
    const struct op *self = &history->ops[op];

    for (int i = 0; i < self->count; i++) {
        if (can_go(history, state, &self->ways[i]))
            return true;
        for (int k = 0; may_meet && k < history->count; k++) {
            const struct op *other = &history->ops[k];
            if (k == op || is_done(state, k) || other->begin > stamp || other->has_default)
                continue;
            for (int n = 0; n < other->count; n++)
                if (can_meet(&self->ways[i], &other->ways[n]))
                    return true;
        }
    }
    return false;
}

static bool apply_send(const struct history *history, struct queue *queue, const struct op *op)
{
    const struct way *way = &op->ways[op->index];

    if (queue->closed)
        return !op->ok;
    if (!op->ok || queue->count == history->capacity[way->channel])
        return false;
    queue->value[queue->count++] = way->value;
    return true;
}

static bool apply_recv(struct queue *queue, const struct op *op)
{
    if (!queue->count)
        return queue->closed && !op->ok && op->value == 0;
    if (!op->ok || queue->value[0] != op->value)
        return false;
    memmove(queue->value, queue->value + 1, sizeof(queue->value) - sizeof(queue->value[0]));
    queue->value[--queue->count] = 0;
    return true;
}

/* Nothing that has begun may be able to go, and all of it goes on later. */
static bool apply_settle(const struct history *history, const struct state *state,
                         const struct op *settle)
{
    for (int i = 0; i < history->count; i++) {
        const struct op *op = &history->ops[i];
        if (op == settle || op->begin > settle->begin || op->end < settle->begin)
            continue;
        if (is_done(state, i) || could_go(history, state, i, settle->begin, true))
            return false;
    }
    return true;
}

/* Lets one op take effect alone; false where the model does not allow it. */
static bool apply(const struct history *history, struct state *state, int index)
{
    const struct op *op = &history->ops[index];
    bool allowed = true;

    if (op->kind == KIND_CLOSE)
        state->queue[op->channel].closed = true;
    else if (op->kind == KIND_SETTLE)
        allowed = apply_settle(history, state, op);
    else if (op->index == NO_CASE)
        allowed = !could_go(history, state, index, op->begin, history->strict);
    else if (op->ways[op->index].sends)
        allowed = apply_send(history, &state->queue[op->ways[op->index].channel], op);
    else
        allowed = apply_recv(&state->queue[op->ways[op->index].channel], op);
    state->done |= 1u << index;
    return allowed;
}

/* Lets a send and a receive meet: nobody's value may stand before. */
static bool apply_pair(const struct history *history, struct state *state, int send, int recv)
{
    const struct op *from = &history->ops[send];
    const struct op *to = &history->ops[recv];
    const struct queue *queue = &state->queue[from->ways[from->index].channel];

    state->done |= 1u << send | 1u << recv;
    return from->ok && to->ok && !queue->closed && !queue->count &&
           from->ways[from->index].value == to->value;
}

/* ---- the search ------------------------------------------------------------------------------ */

/* The states that led nowhere; a table that is emptied for each history. */
enum { SEEN_SIZE = 1 << 16 };
static struct {
    struct state state;
    int history;
} seen[SEEN_SIZE];
static int history_number;

/* Whether it is new.  A full table forgets, which costs time and nothing else. */
static bool note_seen(const struct state *state)
{
    uint64_t hash = state->done;

    for (int i = 0; i < CHANNELS; i++) {
        const struct queue *queue = &state->queue[i];
        hash = mix(hash + queue->closed);
        for (int k = 0; k < queue->count; k++)
            hash = mix(hash * 31 + (uint64_t)queue->value[k]);
    }
    size_t place = hash % SEEN_SIZE;
    /* States are cleared and copied whole, their padding too. */
    if (seen[place].history == history_number &&
        /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        memcmp(&seen[place].state, state, sizeof(*state)) == 0)
        return false;
    seen[place].history = history_number;
    memcpy(&seen[place].state, state, sizeof(*state));
    return true;
}

/* An op may be next when no other one that is left ended before it began. */
static int first_end(const struct history *history, const struct state *state)
{
    int first = INT32_MAX;

    for (int i = 0; i < history->count; i++)
        if (!is_done(state, i) && history->ops[i].end < first)
            first = history->ops[i].end;
    return first;
}

static bool went(const struct op *op, bool sends)
{
    return op->count && op->index != NO_CASE && op->ways[op->index].sends == sends;
}

static bool search(const struct history *history, const struct state *state);

/* Goes on with this op and each that it may meet. */
static bool search_pairs(const struct history *history, const struct state *state, int send,
                         int end)
{
    const struct op *from = &history->ops[send];

    for (int i = 0; i < history->count; i++) {
        const struct op *to = &history->ops[i];
        if (is_done(state, i) || to->begin > end || !went(to, false) ||
            to->ways[to->index].channel != from->ways[from->index].channel)
            continue;
        struct state next;
        memcpy(&next, state, sizeof(next));
        if (apply_pair(history, &next, send, i) && search(history, &next))
            return true;
    }
    return false;
}

/* Whether the ops that are left have an order. */
static bool search(const struct history *history, const struct state *state)
{
    int end = first_end(history, state);

    if (end == INT32_MAX)
        return true;
    if (!note_seen(state))
        return false;
    for (int i = 0; i < history->count; i++) {
        if (is_done(state, i) || history->ops[i].begin > end)
            continue;
        struct state next;
        memcpy(&next, state, sizeof(next));
        if (apply(history, &next, i) && search(history, &next))
            return true;
        if (went(&history->ops[i], true) && search_pairs(history, state, i, end))
            return true;
    }
    return false;
}

static bool is_explained(const struct history *history)
{
    struct state state;

    memset(&state, 0, sizeof(state));
    history_number++;
    return search(history, &state);
}

/* ---- printing -------------------------------------------------------------------------------- */

static void print_op(const struct op *op)
{
    static const char *const kinds[] = {"call", "call_ctx", "select", "close", "settle"};

    fprintf(stderr, "  %3d..%-3d %s", op->begin, op->end, kinds[op->kind]);
    if (op->kind == KIND_CLOSE)
        fprintf(stderr, " %d", op->channel);
    for (int i = 0; i < op->count; i++) {
        const struct way *way = &op->ways[i];
        fprintf(stderr, "  %s %d", way->sends ? "send" : "recv", way->channel);
        if (way->sends)
            fprintf(stderr, " value %d", way->value);
    }
    if (op->has_default)
        fprintf(stderr, "  default");
    if (op->count && op->index == NO_CASE)
        fprintf(stderr, "  -> default");
    else if (op->count)
        fprintf(stderr, "  -> %d %s %d", op->index, op->ok ? "true" : "false", op->value);
    fputc('\n', stderr);
}

static void print_history(const struct history *history)
{
    for (int i = 0; i < history->channels; i++)
        fprintf(stderr, "channel %d: capacity %d\n", i, history->capacity[i]);
    for (int i = 0; i < history->count; i++)
        print_op(&history->ops[i]);
}

static uint64_t seed;
static int histories = 10000;
static bool one_thread;
static bool random_schedule;

/* ---- running a history ----------------------------------------------------------------------- */

static struct run {
    struct history history;
    struct random random;
    chan_t *ch[CHANNELS];
    ctx_t *ctx;                         /* never ends */
    _Atomic bool close_taken[CHANNELS]; /* somebody closes it, or has */
    _Atomic int op_count;
    _Atomic int stamp;
    int next_value;
} run;

/* What a task is to do. */
struct plan {
    struct op op[CALLS_MAX];
    int pause[CALLS_MAX]; /* yields before */
    int count;
};

/* The tasks live through all histories and look out for the next one, so that each begins on all
 * threads at once. */
static struct plan plans[TASKS_MAX];
static _Atomic int started;  /* histories */
static _Atomic int finished; /* plans */

static struct way random_way(void)
{
    struct way way = {.sends = random_chance(&run.random, 50),
                      .channel = random_below(&run.random, run.history.channels)};

    if (way.sends)
        way.value = ++run.next_value;
    return way;
}

static struct op random_op(void)
{
    static const enum kind kinds[] = {KIND_CALL,   KIND_CALL,   KIND_CALL_CTX, KIND_CALL_CTX,
                                      KIND_SELECT, KIND_SELECT, KIND_SELECT,   KIND_SELECT};
    struct op op = {.kind = kinds[random_below(&run.random, 8)]};

    if (random_chance(&run.random, 4)) {
        op.kind = KIND_CLOSE;
        op.channel = random_below(&run.random, run.history.channels);
        return op;
    }
    op.count = op.kind == KIND_SELECT ? 1 + random_below(&run.random, CASES_MAX) : 1;
    op.has_default = op.kind == KIND_SELECT && random_chance(&run.random, 40);
    for (int i = 0; i < op.count; i++)
        op.ways[i] = random_way();
    return op;
}

static void random_plan(struct plan *plan)
{
    plan->count = 3 + random_below(&run.random, CALLS_MAX - 2);
    for (int i = 0; i < plan->count; i++) {
        plan->op[i] = random_op();
        plan->pause[i] = random_chance(&run.random, 30) ? random_below(&run.random, 4) : 0;
    }
}

static void make_call(struct op *op)
{
    chan_t *ch = run.ch[op->ways[0].channel];

    op->index = 0;
    op->ok = op->ways[0].sends ? chan_send(ch, &op->ways[0].value) : chan_recv(ch, &op->value);
}

static void make_call_ctx(struct op *op)
{
    chan_t *ch = run.ch[op->ways[0].channel];
    int error = op->ways[0].sends ? chan_send_ctx(run.ctx, ch, &op->ways[0].value)
                                  : chan_recv_ctx(run.ctx, ch, &op->value);

    CHECK(error == 0 || error == EPIPE);
    op->index = 0;
    op->ok = error == 0;
}

static void make_select(struct op *op)
{
    leash_case cases[CASES_MAX + 1];
    size_t count = 0;

    for (; (int)count < op->count; count++) {
        const struct way *way = &op->ways[count];
        cases[count] = (leash_case){.op = way->sends ? LEASH_OP_SEND : LEASH_OP_RECV,
                                    .ch = run.ch[way->channel],
                                    .out = &op->value,
                                    .value = &way->value,
                                    .ok = &op->ok};
    }
    if (op->has_default)
        cases[count++] = (leash_case)DEFAULT();
    op->index = leash_select(cases, count, LEASH_HERE);
    if (op->index == op->count)
        op->index = NO_CASE;
}

/* Makes the call and adds it to the history. */
static void make_op(struct op *op)
{
    if (op->kind == KIND_CLOSE && atomic_exchange(&run.close_taken[op->channel], true))
        return;
    op->value = -1;
    op->begin = atomic_fetch_add(&run.stamp, 1);
    if (op->kind == KIND_CALL)
        make_call(op);
    else if (op->kind == KIND_CALL_CTX)
        make_call_ctx(op);
    else if (op->kind == KIND_SELECT)
        make_select(op);
    else if (op->kind == KIND_CLOSE)
        chan_close(run.ch[op->channel]);
    op->end = atomic_fetch_add(&run.stamp, 1);
    run.history.ops[atomic_fetch_add(&run.op_count, 1)] = *op;
}

/* Lets the others go first, now and then those of other threads too: there may be more threads than
 * cores. */
static void step_aside(int *steps)
{
    if (!one_thread && ++*steps % 8 == 0)
        sched_yield();
    task_yield();
}

static void follow(struct plan *plan)
{
    for (int i = 0; i < plan->count; i++) {
        for (int pause = plan->pause[i]; pause > 0; pause--)
            task_yield();
        make_op(&plan->op[i]);
    }
}

static void follow_all(int number)
{
    int steps = 0;

    for (int history = 0; history < histories; history++) {
        while (started == history)
            step_aside(&steps);
        follow(&plans[number]);
        atomic_fetch_add(&finished, 1);
    }
}

/* Waits until no call begins or ends any more. */
static void settle(void)
{
    struct op op = {.kind = KIND_SETTLE};
    int last = -1;

    for (int idle = 0; idle < IDLE_YIELDS; idle++) {
        int now = run.stamp;
        if (now != last)
            idle = 0;
        last = now;
        task_yield();
    }
    make_op(&op);
}

static void prepare(void)
{
    int tasks = 2 + random_below(&run.random, TASKS_MAX - 1);

    for (int i = 0; i < run.history.channels; i++)
        run.ch[i] = chan_make(int, (size_t)run.history.capacity[i]);
    run.ctx = ctx_with_cancel(NULL);
    for (int i = 0; i < TASKS_MAX; i++) {
        plans[i].count = 0;
        if (i < tasks)
            random_plan(&plans[i]);
    }
}

static void run_history(void)
{
    int steps = 0;

    prepare();
    atomic_store(&finished, 0);
    atomic_fetch_add(&started, 1);
    /* Of other threads nobody knows when nothing moves any more. */
    if (one_thread && random_chance(&run.random, 50))
        settle();
    else
        for (int pause = random_below(&run.random, 12); pause > 0; pause--)
            task_yield();
    for (int i = 0; i < run.history.channels; i++)
        make_op(&(struct op){.kind = KIND_CLOSE, .channel = i});
    while (finished < TASKS_MAX)
        step_aside(&steps);
    ctx_free(run.ctx);
    for (int i = 0; i < run.history.channels; i++)
        chan_free(run.ch[i]);
}

static void check_history(int number)
{
    memset(&run, 0, sizeof(run));
    run.random.state = mix(seed) + (uint64_t)number;
    run.history.channels = 1 + random_below(&run.random, CHANNELS);
    run.history.strict = one_thread && !random_schedule;
    for (int i = 0; i < run.history.channels; i++)
        run.history.capacity[i] = random_below(&run.random, CAPACITY_MAX + 1);
    run_history();
    run.history.count = run.op_count;
    if (is_explained(&run.history))
        return;
    fprintf(stderr, "history_test: seed %" PRIu64 ", history %d has no explanation:\n", seed,
            number);
    print_history(&run.history);
    abort();
}

/* ---- the checker checked --------------------------------------------------------------------- */

#define SEND_OP(from, to, value_, ok_)                                                             \
    {                                                                                              \
        .kind = KIND_CALL, .ways = {{true, 0, (value_)}}, .count = 1, .ok = (ok_),                 \
        .begin = (from), .end = (to)                                                               \
    }
#define RECV_OP(from, to, value_, ok_)                                                             \
    {                                                                                              \
        .kind = KIND_CALL, .ways = {{false, 0, 0}}, .count = 1, .ok = (ok_), .value = (value_),    \
        .begin = (from), .end = (to)                                                               \
    }
#define CLOSE_OP(from, to)                                                                         \
    {                                                                                              \
        .kind = KIND_CLOSE, .begin = (from), .end = (to)                                           \
    }
#define SETTLE_OP(from, to)                                                                        \
    {                                                                                              \
        .kind = KIND_SETTLE, .begin = (from), .end = (to)                                          \
    }
/* A receive with a default, which went. */
#define DEFAULT_OP(from, to)                                                                       \
    {                                                                                              \
        .kind = KIND_SELECT, .ways = {{false, 0, 0}}, .count = 1, .has_default = true,             \
        .index = NO_CASE, .begin = (from), .end = (to)                                             \
    }

/* Histories that no right runtime makes, and twins of them that one may make. */
static const struct example {
    const char *what;
    struct history history;
    bool allowed;
} examples[] = {
    {"in order",
     {1,
      {2, 0},
      {SEND_OP(0, 1, 1, true), SEND_OP(2, 3, 2, true), RECV_OP(4, 5, 1, true),
       RECV_OP(6, 7, 2, true)},
      4,
      true},
     true},
    {"out of order",
     {1,
      {2, 0},
      {SEND_OP(0, 1, 1, true), SEND_OP(2, 3, 2, true), RECV_OP(4, 5, 2, true),
       RECV_OP(6, 7, 1, true)},
      4,
      true},
     false},
    {"at the same time, so in any order",
     {1,
      {2, 0},
      {SEND_OP(0, 3, 1, true), SEND_OP(1, 2, 2, true), RECV_OP(4, 5, 2, true),
       RECV_OP(6, 7, 1, true)},
      4,
      true},
     true},
    {"received twice",
     {1, {1, 0}, {SEND_OP(0, 1, 1, true), RECV_OP(2, 3, 1, true), RECV_OP(4, 5, 1, true)}, 3, true},
     false},
    {"met", {1, {0, 0}, {SEND_OP(0, 2, 1, true), RECV_OP(1, 3, 1, true)}, 2, true}, true},
    {"sent to nobody, without room",
     {1, {0, 0}, {SEND_OP(0, 1, 1, true), RECV_OP(2, 3, 1, true)}, 2, true},
     false},
    {"more than there is room for",
     {1, {1, 0}, {SEND_OP(0, 1, 1, true), SEND_OP(2, 3, 2, true), RECV_OP(4, 5, 1, true)}, 3, true},
     false},
    {"the close seen before the value",
     {1, {1, 0}, {SEND_OP(0, 1, 1, true), CLOSE_OP(2, 3), RECV_OP(4, 5, 0, false)}, 3, true},
     false},
    {"sent after the close", {1, {1, 0}, {CLOSE_OP(0, 1), SEND_OP(2, 3, 1, true)}, 2, true}, false},
    {"refused before the close",
     {1, {1, 0}, {SEND_OP(0, 1, 1, false), CLOSE_OP(2, 3)}, 2, true},
     false},
    {"the default beside a value",
     {1, {1, 0}, {SEND_OP(0, 1, 1, true), DEFAULT_OP(2, 3), RECV_OP(4, 5, 1, true)}, 3, true},
     false},
    {"the default beside one who waits",
     {1, {0, 0}, {SEND_OP(0, 7, 1, true), DEFAULT_OP(2, 3), RECV_OP(4, 5, 1, true)}, 3, true},
     false},
    {"the default beside one who may not wait yet",
     {1, {0, 0}, {SEND_OP(0, 7, 1, true), DEFAULT_OP(2, 3), RECV_OP(4, 5, 1, true)}, 3, false},
     true},
    {"two who wait for each other",
     {1,
      {0, 0},
      {SEND_OP(0, 7, 1, false), RECV_OP(1, 6, 0, false), SETTLE_OP(2, 3), CLOSE_OP(4, 5)},
      4,
      true},
     false},
    {"one who waits for nobody",
     {1, {0, 0}, {SEND_OP(0, 7, 1, false), SETTLE_OP(2, 3), CLOSE_OP(4, 5)}, 3, true},
     true},
    {"let go and not run",
     {1,
      {0, 0},
      {SEND_OP(0, 7, 1, true), RECV_OP(1, 6, 1, true), SETTLE_OP(2, 3), CLOSE_OP(4, 5)},
      4,
      true},
     false},
};

static void check_examples(void)
{
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        if (is_explained(&examples[i].history) == examples[i].allowed)
            continue;
        fprintf(stderr, "history_test: the checker is wrong on '%s'\n", examples[i].what);
        abort();
    }
}

/* ---- the program ----------------------------------------------------------------------------- */

static int check_histories(int argc, char **argv)
{
    wg_t tasks = {0};

    (void)argc, (void)argv;
    for (int i = 0; i < TASKS_MAX; i++)
        wg_spawn(&tasks, follow_all, i);
    for (int i = 0; i < histories; i++)
        check_history(i);
    wg_wait(&tasks);
    return 0;
}

int main(int argc, char **argv)
{
    const char *threads = getenv("LEASH_THREADS");
    const char *schedule = getenv("LEASH_SCHEDULE");
    struct timespec now;

    one_thread = threads && strcmp(threads, "1") == 0;
    random_schedule = schedule && *schedule;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = (uint64_t)now.tv_nsec;
    for (int i = 1; i < argc; i++)
        if (sscanf(argv[i], "histories=%d", &histories) != 1 &&
            sscanf(argv[i], "seed=%" SCNu64, &seed) != 1)
            return 2;
    printf("seed=%" PRIu64 " histories=%d\n", seed, histories);
    fflush(stdout);
    check_examples();
    return leash_run(check_histories, 0, NULL);
}
