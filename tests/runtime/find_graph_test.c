/*
 * leak_find on random graphs, against a search of our own.
 *
 *     [LEASH_THREADS=NUMBER] find_graph_test [seed=NUMBER] [graphs=COUNT]
 *
 * A graph has blocks of the heap with locks, wait groups and conditions inside, channels with
 * blocks in their buffers, a tree of contexts, and tasks that are parked at these.  Pointers lead
 * from any to any, also to the middle of blocks, and a few from what is always there: a global, the
 * stack of a thread, its variables, a mapping, an alarm, a task that sleeps.  Who is lost is found
 * out on the numbers of the things, before any of them is made.  leak_find may name no task that is
 * not, and over all graphs must name 99 % of those that are.
 *
 * Each graph is a process of its own.  It is made by a task that has ended when leak_find looks, so
 * that no frame keeps a pointer that nobody has any more.
 */
// leash:ignore-file spawn-without-done -- it keeps what it has as long as the program
// leash:ignore-file endless-task -- that is what the thread is for
#include "check.h"

#include <inttypes.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BLOCKS = 300,
    TASKS = 200,
    ROOTS = 6, /* one of each kind */
    POINTERS = 2,
    BUFFERED = 2,
    LOOKS = 3
};

#if defined(OLD_POINTERS)
enum { FOUND_MIN_PERCENT = 0 };
#elif defined(__OPTIMIZE__)
enum { FOUND_MIN_PERCENT = 99 };
#else
enum { FOUND_MIN_PERCENT = 50 };
#endif

/* What a block is for; each has one thing that a task can wait for. */
enum kind { LOCK, READ_LOCK, GROUP, CONDITION, RECEIVE, SEND, CONTEXT, KINDS };

struct block {
    uint64_t before; /* so that pointers to the block and to its parts differ */
    struct block *to[POINTERS];
    void *part; /* of another block, or its channel or context */
    mu_t mu;
    rw_t rw;
    wg_t wg;
    cv_t cv;
    chan_t *ch;
    ctx_t *ctx;
};

/* ---- the plan: numbers of blocks; what a block's channel or context leads to, its block does ----
 */

enum { NONE = -1 };

static struct {
    enum kind kind[BLOCKS];
    int to[BLOCKS][POINTERS];
    int part[BLOCKS];
    int buffered[BLOCKS][BUFFERED]; /* SEND: what lies in its channel */
    int parent[BLOCKS];             /* CONTEXT: of an earlier block, or NONE */
    int waits[TASKS][2];            /* the second may be NONE */
    int holds[TASKS];
    int roots[ROOTS];
    /* What is reached: a block itself, and its channel or context. */
    bool block[BLOCKS];
    bool object[BLOCKS];
    bool task[TASKS];
} plan;

static int pick(struct random *random, int percent)
{
    return random_chance(random, percent) ? random_below(random, BLOCKS) : NONE;
}

static void plan_block(struct random *random, int i)
{
    plan.kind[i] = (enum kind)random_below(random, KINDS);
    for (int k = 0; k < POINTERS; k++)
        plan.to[i][k] = pick(random, 20);
    plan.part[i] = pick(random, 20);
    for (int k = 0; k < BUFFERED; k++)
        plan.buffered[i][k] = plan.kind[i] == SEND ? pick(random, 40) : NONE;
    int parent = pick(random, 50);
    plan.parent[i] =
        parent < i && parent != NONE && plan.kind[i] == CONTEXT && plan.kind[parent] == CONTEXT
            ? parent
            : NONE;
}

/* Two may be waited for where both are channels. */
static bool has_channel(int block)
{
    return plan.kind[block] == RECEIVE || plan.kind[block] == CONTEXT;
}

static void plan_task(struct random *random, int i)
{
    int second = pick(random, 60);

    plan.waits[i][0] = random_below(random, BLOCKS);
    plan.holds[i] = pick(random, 60);
    plan.waits[i][1] =
        second != NONE && has_channel(plan.waits[i][0]) && has_channel(second) ? second : NONE;
}

static bool *place_of(int block, bool object)
{
    return object ? &plan.object[block] : &plan.block[block];
}

static bool mark(bool *reached)
{
    bool is_new = !*reached;

    *reached = true;
    return is_new;
}

static bool mark_block(int block)
{
    return block != NONE && mark(&plan.block[block]);
}

static bool has_object(int block)
{
    return has_channel(block) || plan.kind[block] == SEND;
}

static bool spread_block(int i)
{
    bool news = false;

    if (plan.block[i]) {
        for (int k = 0; k < POINTERS; k++)
            news |= mark_block(plan.to[i][k]);
        int part = plan.part[i];
        if (part != NONE)
            news |= mark(place_of(part, has_object(part)));
        news |= has_object(i) && mark(&plan.object[i]);
    }
    for (int k = 0; plan.object[i] && k < BUFFERED; k++)
        news |= mark_block(plan.buffered[i][k]);
    /* Contexts lead up and down their tree. */
    int parent = plan.parent[i];
    if (parent != NONE && plan.object[i] != plan.object[parent]) {
        plan.object[i] = plan.object[parent] = true;
        news = true;
    }
    return news;
}

static bool spread_task(int i)
{
    bool news = false;

    for (int k = 0; k < 2; k++) {
        int block = plan.waits[i][k];
        if (block != NONE && *place_of(block, has_object(block)))
            news |= mark(&plan.task[i]);
    }
    if (!plan.task[i])
        return news;
    for (int k = 0; k < 2; k++)
        news |= mark_block(plan.waits[i][k]);
    return mark_block(plan.holds[i]) || news;
}

static void make_plan(struct random *random)
{
    bool news = true;

    for (int i = 0; i < BLOCKS; i++)
        plan_block(random, i);
    for (int i = 0; i < TASKS; i++)
        plan_task(random, i);
    for (int i = 0; i < ROOTS; i++)
        mark_block(plan.roots[i] = random_below(random, BLOCKS));
    while (news) {
        news = false;
        for (int i = 0; i < BLOCKS; i++)
            news |= spread_block(i);
        for (int i = 0; i < TASKS; i++)
            news |= spread_task(i);
    }
}

static int count_lost(void)
{
    int lost = 0;

    for (int i = 0; i < TASKS; i++)
        lost += !plan.task[i];
    return lost;
}

/* ---- the tasks ------------------------------------------------------------------------------- */

static chan_t *channel_of(const struct block *block)
{
    return block->ctx ? ctx_done(block->ctx) : block->ch;
}

static void wait_one(struct block *block, enum kind kind, const struct block *holds)
{
    switch (kind) {
    case LOCK:
        mu_lock(&block->mu);
        break;
    case READ_LOCK:
        rw_rlock(&block->rw);
        break;
    case GROUP:
        wg_wait(&block->wg);
        break;
    case CONDITION:
        mu_lock(&block->mu);
        cv_wait(&block->cv, &block->mu);
        break;
    case SEND:
        chan_send(block->ch, &holds);
        break;
    case RECEIVE:
        chan_recv(block->ch, NULL);
        break;
    default:
        chan_recv(ctx_done(block->ctx), NULL);
    }
}

static void wait_any(struct block *block, int kind, struct block *second, struct block *holds)
{
    if (second)
        chan_select(RECV(channel_of(block), NULL), RECV(channel_of(second), NULL));
    else
        wait_one(block, (enum kind)kind, holds);
}

/* By their names the report tells them apart. */
static void is_live(struct block *block, int kind, struct block *second, struct block *holds)
{
    wait_any(block, kind, second, holds);
}

static void is_lost(struct block *block, int kind, struct block *second, struct block *holds)
{
    wait_any(block, kind, second, holds);
}

/* ---- what is always there -------------------------------------------------------------------- */

/* volatile: nobody reads it */
static struct block *volatile global;
static struct block *volatile *mapping;
static struct block *on_its_way; /* to the thread */
static _Thread_local struct block *volatile of_thread;
static _Atomic int thread_has; /* blocks */

static void *keep(void *unused)
{
    struct block *volatile held = on_its_way;

    thread_has = 1;
    while (thread_has == 1)
        usleep(100);
    of_thread = on_its_way;
    thread_has = 3;
    while (held)
        pause();
    return unused;
}

static void give_to_thread(struct block *first, struct block *second)
{
    pthread_t thread;

    on_its_way = first;
    CHECK(!pthread_create(&thread, NULL, keep, NULL));
    while (thread_has != 1)
        task_yield();
    on_its_way = second;
    thread_has = 2;
    while (thread_has != 3)
        task_yield();
    on_its_way = NULL;
}

static void sleep_with(struct block *block)
{
    task_sleep_ms(3600 * 1000);
    wg_done(&block->wg);
}

static void fire(void *block)
{
    wg_done(&((struct block *)block)->wg);
}

static void keep_roots(struct block **blocks)
{
    global = blocks[plan.roots[0]];
    mapping =
        mmap(NULL, sizeof(*mapping), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mapping != MAP_FAILED);
    *mapping = blocks[plan.roots[1]];
    give_to_thread(blocks[plan.roots[2]], blocks[plan.roots[3]]);
    alarm_after_ms(3600 * 1000, fire, blocks[plan.roots[4]]);
    spawn(sleep_with, blocks[plan.roots[5]]);
}

/* ---- making it ------------------------------------------------------------------------------- */

static void *part_of(struct block *block, enum kind kind)
{
    switch (kind) {
    case LOCK:
        return &block->mu;
    case READ_LOCK:
        return &block->rw;
    case GROUP:
        return &block->wg;
    case CONDITION:
        return &block->cv;
    case CONTEXT:
        return block->ctx;
    default:
        return block->ch;
    }
}

/* Nobody can have what a task is to wait for. */
static void close_off(struct block *block, int number, struct block **blocks)
{
    int parent = plan.parent[number];

    switch (plan.kind[number]) {
    case LOCK:
        mu_lock(&block->mu);
        break;
    case READ_LOCK:
        rw_lock(&block->rw);
        break;
    case GROUP:
        wg_add(&block->wg, 1);
        break;
    case SEND:
        block->ch = chan_make(struct block *, BUFFERED);
        break;
    case RECEIVE:
        block->ch = chan_make(int, 0);
        break;
    case CONTEXT:
        block->ctx = ctx_with_cancel(parent == NONE ? NULL : blocks[parent]->ctx);
        break;
    default:
        break;
    }
}

static struct block *at(struct block **blocks, int number)
{
    return number == NONE ? NULL : blocks[number];
}

static void connect(struct block **blocks, int i)
{
    struct block *block = blocks[i];

    for (int k = 0; k < POINTERS; k++)
        block->to[k] = at(blocks, plan.to[i][k]);
    if (plan.part[i] != NONE)
        block->part = part_of(blocks[plan.part[i]], plan.kind[plan.part[i]]);
    for (int k = 0; plan.kind[i] == SEND && k < BUFFERED; k++) {
        struct block *value = at(blocks, plan.buffered[i][k]);
        chan_send(block->ch, &value);
    }
}

static void start(struct block **blocks, int i)
{
    struct block *first = blocks[plan.waits[i][0]];
    struct block *second = at(blocks, plan.waits[i][1]);
    int kind = (int)plan.kind[plan.waits[i][0]];

    if (plan.task[i])
        spawn(is_live, first, kind, second, at(blocks, plan.holds[i]));
    else
        spawn(is_lost, first, kind, second, at(blocks, plan.holds[i]));
}

/* Leaves no pointer to any of it but those of the plan: the array is in a mapping that goes. */
static void make_graph(void)
{
    struct block **blocks = mmap(NULL, BLOCKS * sizeof(*blocks), PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(blocks != MAP_FAILED);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = calloc(1, sizeof(**blocks));
        CHECK(blocks[i]);
        close_off(blocks[i], i, blocks);
    }
    for (int i = 0; i < BLOCKS; i++)
        connect(blocks, i);
    keep_roots(blocks);
    for (int i = 0; i < TASKS; i++)
        start(blocks, i);
    munmap(blocks, BLOCKS * sizeof(*blocks));
}

/* ---- judging it ------------------------------------------------------------------------------ */

struct result {
    int lost;
    int found; /* of them */
    int wrong; /* found, and live */
};

static int count_of(const char *text, const char *word)
{
    int count = 0;

    while ((text = strstr(text, word))) {
        count++;
        text += strlen(word);
    }
    return count;
}

static struct result *result; /* shared with the parent */

static void look(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    CHECK(out);
    int found = (int)leak_find(out);
    CHECK(fclose(out) == 0);
    int right = count_of(text, "is_lost");
    if (right > result->found)
        result->found = right;
    result->wrong += found - right;
    if (found > right)
        fputs(text, stderr);
    free(text);
}

static void make_and_look(void)
{
    wg_t made = {0};

    wg_spawn(&made, make_graph);
    wg_wait(&made);
    check_await_parked(TASKS + 1);
    /* On a busy machine some thread may be in malloc each time that the world is stopped. */
    for (int i = 0; i < LOOKS && result->found < result->lost; i++)
        look();
}

static struct result run_graph(uint64_t seed)
{
    struct random random = {mix(seed)};
    int status;

    fflush(stdout);
    pid_t child = fork();

    CHECK(child >= 0);
    if (!child) {
        make_plan(&random);
        *result = (struct result){.lost = count_lost()};
        check_body = make_and_look;
        CHECK(leash_run(check_entry, 0, NULL) == 0);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    if (status || result->wrong)
        fprintf(stderr, "LEASH_THREADS=%s find_graph_test seed=%" PRIu64 " graphs=1: %s\n",
                getenv("LEASH_THREADS"), seed, status ? "it crashed" : "a live one is reported");
    CHECK(status == 0);
    return *result;
}

/* Runs so many graphs, from the seed on; returns whether leak_find does what it should. */
static bool run_graphs(uint64_t seed, int graphs)
{
    struct result sum = {0, 0, 0};

    for (int i = 0; i < graphs; i++) {
        struct result one = run_graph(seed + (uint64_t)i);
        sum.lost += one.lost;
        sum.found += one.found;
        sum.wrong += one.wrong;
    }
    printf("LEASH_THREADS=%s seed=%" PRIu64
           " graphs=%d: %d of %d tasks are lost, %d of them found, "
           "%d live ones\n",
           getenv("LEASH_THREADS"), seed, graphs, sum.lost, graphs * TASKS, sum.found, sum.wrong);
    if (SANITIZED)
        return sum.found + sum.wrong == 0;
    return !sum.wrong && sum.found * 100 >= sum.lost * FOUND_MIN_PERCENT;
}

/* With LEASH_THREADS as it is set, or with several numbers. */
int main(int argc, char **argv)
{
    static const char *const threads[] = {"1", "2", "8"};
    uint64_t seed = 1;
    int graphs = SANITIZED ? 1 : 20; // there it cannot tell
    bool good = true;

    for (int i = 1; i < argc; i++)
        if (sscanf(argv[i], "seed=%" SCNu64, &seed) != 1 &&
            sscanf(argv[i], "graphs=%d", &graphs) != 1)
            return 2;
    result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(result != MAP_FAILED);
    if (getenv("LEASH_THREADS"))
        return !run_graphs(seed, graphs);
    for (size_t i = 0; i < sizeof(threads) / sizeof(*threads); i++) {
        setenv("LEASH_THREADS", threads[i], 1);
        good = run_graphs(seed, graphs) && good;
    }
    return !good;
}
