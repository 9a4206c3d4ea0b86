/*
 * debug_stacks: dumps show the calls on the stacks of tasks, with functions and lines, and who
 * spawned them.
 *
 * The functions of this file are made to stand on the stack, or to be inlined, and to come back
 * from the call that parks: one that is made last leaves nothing on the stack.
 */
// leash:ignore-file spawn-without-done -- tasks stay where a dump is to show them
#include "check.h"

#include <pthread.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define INLINED  static inline __attribute__((always_inline))

/* What comes after the call that parks, so that it is not the last thing. */
static _Atomic int after;

enum { ALIKE = 1000 };

/* ---- what parks ------------------------------------------------------------------------------ */

enum { RECEIVE_LINE = __LINE__ + 3 };
static NOINLINE void receive(chan_t *done)
{
    chan_recv(done, NULL);
    after = 1;
}

enum { MIDDLE_LINE = __LINE__ + 4 };
static NOINLINE void middle(chan_t *done, int more)
{
    char *room = __builtin_alloca(64 + (size_t)more); /* so the frame is found by rbp */
    receive(done);
    room[0] = (char)after;
    after = room[0];
}

enum { OUTER_LINE = __LINE__ + 3 };
static void outer(chan_t *done)
{
    middle(done, after + 8);
    after = 3;
}

enum { INLINED_LINE = __LINE__ + 3 };
INLINED void receive_inlined(chan_t *done)
{
    chan_recv(done, NULL);
    after = 4;
}

enum { MIDDLE_INLINED_LINE = __LINE__ + 3 };
INLINED void middle_inlined(chan_t *done)
{
    receive_inlined(done);
    after = 5;
}

enum { OUTER_INLINED_LINE = __LINE__ + 3 };
static void outer_inlined(chan_t *done)
{
    middle_inlined(done);
    after = 6;
}

/* Its locals are aligned to more than the stack, so that its caller's are told by an expression. */
enum { ALIGNED_LINE = __LINE__ + 5 };
static NOINLINE void aligned(chan_t *done)
{
    _Alignas(128) volatile char bytes[128];
    bytes[0] = 1;
    receive(done);
    after = bytes[0];
}

static void outer_aligned(chan_t *done)
{
    aligned(done);
    after = 7;
}

static int compare_by_waiting(const void *left, const void *right)
{
    (void)right;
    receive(*(chan_t *const *)left);
    return 0;
}

/* Through a shared library without debug information, into this file again. */
static void sort(chan_t *done)
{
    chan_t *two[] = {done, done};

    qsort(two, 2, sizeof(*two), compare_by_waiting);
    after = 8;
}

static NOINLINE void descend(chan_t *done, int depth)
{
    if (depth)
        descend(done, depth - 1);
    else
        receive(done);
    after = depth;
}

static void deep(chan_t *done)
{
    descend(done, 300);
}

enum { SPAWN_LINE = __LINE__ + 3 };
static NOINLINE void start(wg_t *wg, void (*task)(chan_t *), chan_t *done)
{
    wg_spawn(wg, task, done);
}

/* ---- what is said of it ---------------------------------------------------------------------- */

static char *text_of(int (*write)(FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    CHECK(out && write(out) == 0);
    CHECK(fclose(out) == 0 && text);
    return text;
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *place = text; (place = strstr(place, part)); place++)
        count++;
    return count;
}

static void expect(const char *text, const char *part)
{
    if (strstr(text, part))
        return;
    fprintf(stderr, "%s\nhas no\n%s\n", text, part);
    abort();
}

/* The dump has these lines in this order, with nothing between: "    FUNCTION at FILE:LINE" each.
 */
struct line {
    const char *function;
    int line;
};

static void expect_lines(const char *text, const struct line *lines)
{
    char wanted[1000] = "";

    for (; lines->function; lines++)
        snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "    %s at %s:%d\n",
                 lines->function, __FILE__, lines->line);
    expect(text, wanted);
}

static void expect_members(const char *text, const struct line *lines)
{
    char wanted[1000] = ", \"stack\": [";

    for (const struct line *line = lines; line->function; line++)
        snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted),
                 "%s{\"function\": \"%s\", \"at\": \"%s:%d\"}", line == lines ? "" : ", ",
                 line->function, __FILE__, line->line);
    strcat(wanted, "]}");
    expect(text, wanted);
}

/* Starts so many tasks, has them parked, and gives back both dumps of them. */
static void dumps_of(void (*task)(chan_t *), size_t count, char **text, char **json)
{
    chan_t *done = done_make();
    wg_t wg = {0};

    for (size_t i = 0; i < count; i++)
        start(&wg, task, done);
    while (check_count_parked() != count)
        task_sleep_ms(1);
    *text = text_of(leash_task_dump);
    *json = text_of(leash_task_dump_json);
    chan_close(done);
    wg_wait(&wg);
    chan_free(done);
}

static void check_dumps_of(void (*task)(chan_t *), const struct line *lines)
{
    char *text;
    char *json;
    char created[100];

    dumps_of(task, 1, &text, &json);
    expect_lines(text, lines);
    expect_members(json, lines);
    snprintf(created, sizeof(created), "\n    created by start at %s:%d\n", __FILE__, SPAWN_LINE);
    expect(text, created);
    expect(json, ", \"created_by\": \"start\", ");
    free(text);
    free(json);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void stacks(void)
{
    debug_stacks();
    check_dumps_of(outer, (struct line[]){{"receive", RECEIVE_LINE},
                                          {"middle", MIDDLE_LINE},
                                          {"outer", OUTER_LINE},
                                          {NULL, 0}});
}

static void inlined_stacks(void)
{
    debug_stacks();
    check_dumps_of(outer_inlined, (struct line[]){{"receive_inlined", INLINED_LINE},
                                                  {"middle_inlined", MIDDLE_INLINED_LINE},
                                                  {"outer_inlined", OUTER_INLINED_LINE},
                                                  {NULL, 0}});
}

static void aligned_stacks(void)
{
    debug_stacks();
    check_dumps_of(outer_aligned, (struct line[]){{"receive", RECEIVE_LINE},
                                                  {"aligned", ALIGNED_LINE},
                                                  {"outer_aligned", ALIGNED_LINE + 6},
                                                  {NULL, 0}});
}

/* What the library calls the functions between is its own affair. */
static void foreign_stacks(void)
{
    char *text;
    char *json;

    debug_stacks();
    dumps_of(sort, 1, &text, &json);
    const char *inner = strstr(text, "    compare_by_waiting at " __FILE__);
    const char *middle = inner ? strstr(inner, "qsort") : NULL;
    CHECK(middle && strstr(middle, "    sort at " __FILE__));
    free(text);
    free(json);
}

static void deep_stacks(void)
{
    enum { SHOWN_LEAST = 200, DEPTH = 300 };
    char *text;
    char *json;

    debug_stacks();
    dumps_of(deep, 1, &text, &json);
    size_t shown = occurrences(text, "    descend at ");
    CHECK(shown >= SHOWN_LEAST && shown < DEPTH);
    CHECK(occurrences(json, "{\"function\": \"descend\", ") == shown);
    expect(text, "\n    ...\n    created by start at ");
    free(text);
    free(json);
}

static int dump_top(FILE *out)
{
    return task_dump_as(out, "top");
}

/* So many tasks in one place are one group, with their calls once. */
static void alike(void)
{
    chan_t *done = done_make();
    wg_t wg = {0};

    debug_stacks();
    for (size_t i = 0; i < ALIKE; i++)
        start(&wg, outer, done);
    start(&wg, outer_inlined, done);
    while (check_count_parked() != ALIKE + 1)
        task_sleep_ms(1);
    char *text = text_of(dump_top);
    expect(text, "1002 tasks: 1001 chan receive, 1 running\n   1000 [chan receive");
    expect_lines(text, (struct line[]){{"        receive", RECEIVE_LINE},
                                       {"        middle", MIDDLE_LINE},
                                       {"        outer", OUTER_LINE},
                                       {"        created by start", SPAWN_LINE},
                                       {NULL, 0}});
    CHECK(occurrences(text, " outer at ") == 1);
    CHECK(occurrences(text, "\n      1 [") == 2);
    free(text);
    text = text_of(leash_task_dump_json);
    CHECK(occurrences(text, ", \"stack\": [{\"function\": \"receive\", ") == ALIKE);
    free(text);
    chan_close(done);
    wg_wait(&wg);
    chan_free(done);
}

/* One that yields is set aside, too; one that runs, or never did, shows no calls. */
static void give_way(const _Atomic bool *stops)
{
    while (!*stops)
        task_yield();
}

static void other_states(void)
{
    static _Atomic bool stops;
    wg_t wg = {0};

    debug_stacks();
    stops = false;
    wg_spawn(&wg, give_way, &stops);
    for (bool seen = false; !seen;) {
        char *text = text_of(leash_task_dump);
        seen = strstr(text, "[runnable]: give_way") && strstr(text, "\n    give_way at " __FILE__);
        CHECK(!strstr(text, "    other_states at "));
        free(text);
        task_yield();
    }
    stops = true;
    wg_wait(&wg);
}

/* ---- every call that parks ------------------------------------------------------------------- */

/* What the calls wait for. */
static struct {
    chan_t *done;
    chan_t *other;
    ctx_t *ctx;
    wg_t busy;
    mu_t taken, with_cv;
    rw_t written;
    cv_t cv;
    once_t once;
    int empty[2];
} here;

static void *read_byte(void *unused)
{
    char byte;

    (void)unused;
    CHECK(read(here.empty[0], &byte, 1) == 1);
    return NULL;
}

static NOINLINE void receive_once(void *unused)
{
    (void)unused;
    chan_recv(here.done, NULL);
    after = 10;
}

static void write_bytes(void)
{
    CHECK(write(here.empty[1], "123", 3) == 3);
}

/* A task that does it, and a line more, so that it stays on the stack. */
#define OPERATIONS(each)                                                                           \
    each(by_recv, chan_recv(here.done, NULL)) each(by_send, chan_send(here.other, NULL)) each(     \
        by_recv_ctx, (void)!chan_recv_ctx(here.ctx, here.done, NULL))                              \
        each(by_select_of_one, chan_select(RECV(here.done, NULL))) each(                           \
            by_select, chan_select(RECV(here.done, NULL), DONE(here.ctx)))                         \
            each(by_select_with_time, chan_select(DONE(here.done), AFTER_MS(1000000))) each(       \
                by_wg_wait, wg_wait(&here.busy)) each(by_mu_lock, mu_lock(&here.taken);            \
                                                      mu_unlock(&here.taken))                      \
                each(by_rw_lock, rw_lock(&here.written); rw_unlock(&here.written))                 \
                    each(by_rw_rlock, rw_rlock(&here.written); rw_runlock(&here.written)) each(    \
                        by_cv_wait, mu_lock(&here.with_cv); cv_wait(&here.cv, &here.with_cv);      \
                        mu_unlock(&here.with_cv)) each(by_once,                                    \
                                                       once_do(&here.once, receive_once, NULL))    \
                        each(by_once_again, once_do(&here.once, receive_once, NULL))               \
                            each(by_sleep, while (!ctx_err(here.ctx)) task_sleep_ms(30))           \
                                each(by_sleep_ctx, (void)!task_sleep_ctx(here.ctx, 1000000)) each( \
                                    by_io_read, char byte;                                         \
                                    CHECK(io_read(NULL, here.empty[0], &byte, 1, -1) == 1))        \
                                    each(by_io_wait, io_wait(NULL, here.empty[0], IO_READ, -1))    \
                                        each(by_blocking, task_blocking(read_byte, NULL))

#define DEFINE_OPERATION(name, call)                                                               \
    static void name(void)                                                                         \
    {                                                                                              \
        call;                                                                                      \
        after = 11;                                                                                \
    }
/* clang-format off */
OPERATIONS(DEFINE_OPERATION)
/* clang-format on */

#define NAME_OPERATION(name, call) #name,
static const char *const operation_names[] = {OPERATIONS(NAME_OPERATION)};
#define REFER_TO_OPERATION(name, call) name,
static void (*const operations[])(void) = {OPERATIONS(REFER_TO_OPERATION)};
enum { OPERATION_COUNT = sizeof(operations) / sizeof(*operations) };

static void make_waits(void)
{
    memset(&here, 0, sizeof(here));
    here.done = done_make();
    here.other = chan_make(int, 0);
    here.ctx = ctx_with_cancel(ctx_background());
    wg_add(&here.busy, 1);
    mu_lock(&here.taken);
    rw_lock(&here.written);
    CHECK(!pipe(here.empty));
}

static void end_waits(void)
{
    chan_close(here.done);
    chan_close(here.other);
    ctx_cancel(here.ctx);
    wg_done(&here.busy);
    mu_unlock(&here.taken);
    rw_unlock(&here.written);
    mu_lock(&here.with_cv);
    cv_broadcast(&here.cv);
    mu_unlock(&here.with_cv);
    write_bytes();
}

static void free_waits(void)
{
    chan_free(here.done);
    chan_free(here.other);
    ctx_free(here.ctx);
    io_close(here.empty[0]);
    close(here.empty[1]);
}

/* The task's own function is the first, right below its line; receive_once calls it. */
static bool is_shown(const char *text, const char *name)
{
    char task[100];
    char call[100];

    snprintf(task, sizeof(task), "]: %s, ", name);
    snprintf(call, sizeof(call), "    %s at " __FILE__ ":", name);
    const char *line = strstr(text, task);
    const char *next = line ? strchr(line, '\n') + 1 : "";
    return !strncmp(next, call, strlen(call));
}

static bool all_are_shown(const char *text)
{
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        if (operations[i] != by_once && operations[i] != by_once_again &&
            !is_shown(text, operation_names[i]))
            return false;
    return (is_shown(text, "by_once") || is_shown(text, "by_once_again")) &&
           strstr(text, "    receive_once at " __FILE__);
}

static void every_operation(void)
{
    wg_t wg = {0};

    debug_stacks();
    make_waits();
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        leash_args none = {0};
        // leash:ignore spawn-without-done -- end_waits ends what they wait for
        leash_wg_spawn(&wg, operations[i], none, operation_names[i], LEASH_HERE);
    }
    for (bool shown = false; !shown;) {
        char *text = text_of(leash_task_dump);
        shown = all_are_shown(text);
        free(text);
        task_sleep_ms(1);
    }
    end_waits();
    wg_wait(&wg);
    free_waits();
}

/* ---- while the tasks go on ------------------------------------------------------------------- */

static void pass_on(chan_t *in, chan_t *out, const _Atomic bool *stops)
{
    int value;

    while (chan_recv(in, &value) && !*stops)
        chan_send(out, &value);
    chan_close(out);
}

static void pass_up(chan_t *in, chan_t *out, const _Atomic bool *stops)
{
    pass_on(in, out, stops);
    after = 9;
}

static _Atomic int shown; /* stacks */

/* What is shown goes all the way. */
static void check_passing(const char *text)
{
    for (const char *place = text; (place = strstr(place, "    pass_on at ")); place++) {
        CHECK(!strncmp(strchr(place, '\n') + 1, "    pass_up at ", strlen("    pass_up at ")));
        shown++;
    }
}

static void *dump_again_and_again(void *rounds)
{
    for (int i = 0; i < *(int *)rounds || !shown; i++) {
        char *text = text_of(leash_task_dump);
        check_passing(text);
        free(text);
        free(text_of(leash_task_dump_json));
    }
    return NULL;
}

static void under_load(void)
{
    enum { PAIRS = 4, DUMPERS = 2 };
    static _Atomic bool stops;
    static int rounds = 100;
    chan_t *ways[PAIRS][2];
    pthread_t dumpers[DUMPERS];
    wg_t wg = {0};

    debug_stacks();
    stops = false;
    shown = 0;
    for (int i = 0; i < PAIRS; i++) {
        int value = i;
        ways[i][0] = chan_make(int, 1);
        ways[i][1] = chan_make(int, 1);
        wg_spawn(&wg, pass_up, ways[i][0], ways[i][1], &stops);
        wg_spawn(&wg, pass_up, ways[i][1], ways[i][0], &stops);
        chan_send(ways[i][0], &value);
    }
    for (int i = 0; i < DUMPERS; i++)
        CHECK(!pthread_create(&dumpers[i], NULL, dump_again_and_again, &rounds));
    while (pthread_tryjoin_np(dumpers[0], NULL))
        task_yield();
    CHECK(!pthread_join(dumpers[1], NULL));

    stops = true;
    wg_wait(&wg);
    for (int i = 0; i < PAIRS; i++) {
        chan_free(ways[i][0]);
        chan_free(ways[i][1]);
    }
}

#define RUNNER(name)                                                                               \
    static void run_##name(void **state)                                                           \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }
RUNNER(stacks)
RUNNER(inlined_stacks)
RUNNER(aligned_stacks)
RUNNER(foreign_stacks)
RUNNER(deep_stacks)
RUNNER(alike)
RUNNER(other_states)
RUNNER(every_operation)
RUNNER(under_load)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_stacks),         cmocka_unit_test(run_inlined_stacks),
        cmocka_unit_test(run_aligned_stacks), cmocka_unit_test(run_foreign_stacks),
        cmocka_unit_test(run_deep_stacks),    cmocka_unit_test(run_alike),
        cmocka_unit_test(run_other_states),   cmocka_unit_test(run_every_operation),
        cmocka_unit_test(run_under_load),
    };

    return CHECK_ALL(tests);
}
