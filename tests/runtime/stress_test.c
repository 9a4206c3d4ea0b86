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
#include <stdatomic.h>
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
        value_write(value, stream->element_size, (uint64_t)(i * PRODUCERS + producer));
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
            run_stream(element_sizes[i], capacities[k], scaled(1000));
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
    if (random_chance(random, 10))
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
    for (size_t i = one->count; i > place; i--) {
        one->cases[i] = one->cases[i - 1];
    }
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
    int count = random_below(random, CASES_MAX);

    for (int i = 0; i < count; i++)
        add_case(selects, &one, random);
    add_last_case(selects, &one, random);
    run_select(selects, &one);
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
    int rounds = scaled(6000);
    wg_t wg = {0};
    uint64_t value;

    for (int i = 0; i < SELECT_CHANNELS; i++)
        selects.ch[i] = chan_make(uint64_t, capacities[i]);
    start_many(&wg, SELECT_TASKS, select_until_stopped, &selects);
    for (int i = 0; i < rounds; i++) {
        stir(&selects, i);
        if (i == rounds / 2)
            chan_close(selects.ch[3]);
    }
    chan_close(selects.stop);
    wg_wait(&wg);
    for (int i = 0; i < SELECT_CHANNELS; i++) {
        if (i != 3)
            chan_close(selects.ch[i]);
        while (chan_recv(selects.ch[i], &value))
            tally_add(&selects.received, value);
        chan_free(selects.ch[i]);
    }
    chan_free(selects.stop);
    CHECK(selects.sent.count == selects.received.count);
    CHECK(selects.sent.sum == selects.received.sum);
}

/* ---- the program ----------------------------------------------------------------------------- */

static const struct storm {
    const char *name;
    void (*run)(void);
} storms[] = {
    {"channels", storm_channels},
    {"selects", storm_selects},
};

enum { STORMS = sizeof(storms) / sizeof(storms[0]) };

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

int main(int argc, char **argv)
{
    char **names = argv + 1;

    seed = (uint64_t)wall_ms();
    for (; argc > 1 && *names && strchr(*names, '='); names++) {
        if (sscanf(*names, "size=%d", &size_percent) != 1 &&
            sscanf(*names, "seed=%" SCNu64, &seed) != 1) {
            fprintf(stderr, "stress_test: what is %s?\n", *names);
            return 2;
        }
    }
    run_storms(names);
    return 0;
}
