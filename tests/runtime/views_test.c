/*
 * task_dump_as: the tasks by what is alike in them, by who spawned whom, by what they wait for.
 *
 * By a virtual clock, so that it is known how long a task has waited.  Places are made up.
 */
#include "check.h"

enum { WAIT_MS = 3000 };

static void wait_for_close(chan_t *ch)
{
    leash_chan_recv(ch, NULL, "wait.c:1");
}

static void parent(chan_t *ch)
{
    wg_t wg = {0};

    for (int i = 0; i < 3; i++)
        leash_wg_spawn(&wg, LEASH_CALL_(wait_for_close, ch), "parent.c:2");
    leash_wg_wait(&wg, "parent.c:3");
}

/* Ends before what it spawns. */
static void short_lived(chan_t *ch, wg_t *wg)
{
    leash_wg_spawn(wg, LEASH_CALL_(wait_for_close, ch), "short.c:2");
}

static void sleep_long(ctx_t *ctx)
{
    (void)!leash_task_sleep_ctx(ctx, INT64_C(1000000000), "sleep.c:1");
}

/* ---- a small family -------------------------------------------------------------------------- */

static struct {
    chan_t *first, *second;
    ctx_t *ctx;
    wg_t wg;
} here;

/* Tasks 2 to 9, in the order of the file above; task 6 has ended. */
static void start_tasks(void)
{
    memset(&here, 0, sizeof(here));
    here.first = done_make();
    here.second = done_make();
    here.ctx = ctx_with_cancel(ctx_background());
    leash_wg_spawn(&here.wg, LEASH_CALL_(parent, here.first), "main.c:1");
    check_await_parked(4);
    leash_wg_spawn(&here.wg, LEASH_CALL_(short_lived, here.first, &here.wg), "main.c:2");
    check_await_parked(5);
    while (task_count() != 6)
        task_yield();
    leash_wg_spawn(&here.wg, LEASH_CALL_(wait_for_close, here.second), "main.c:3");
    leash_wg_spawn(&here.wg, LEASH_CALL_(wait_for_close, here.second), "main.c:3");
    check_await_parked(7);
    task_sleep_ms(WAIT_MS);
    leash_wg_spawn(&here.wg, LEASH_CALL_(wait_for_close, here.second), "main.c:3");
    leash_wg_spawn(&here.wg, LEASH_CALL_(sleep_long, here.ctx), "main.c:4");
    check_await_parked(9);
}

static void end_tasks(void)
{
    chan_close(here.first);
    chan_close(here.second);
    ctx_cancel(here.ctx);
    wg_wait(&here.wg);
    chan_free(here.first);
    chan_free(here.second);
    ctx_free(here.ctx);
}

static void expect_view(const char *view, const char *wanted)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    CHECK(out && task_dump_as(out, view) == 0);
    CHECK(fclose(out) == 0 && text);
    if (strcmp(text, wanted) != 0) {
        fprintf(stderr, "%s instead of %s", text, wanted);
        CHECK(!"the view is another one");
    }
    free(text);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void top(void)
{
    start_tasks();
    expect_view(
        "top",
        "10 tasks: 7 chan receive, 1 wait group, 1 sleep, 1 running\n"
        "      3 [chan receive, up to 3.0s]: wait_for_close, parked at wait.c:1, spawned at "
        "parent.c:2\n"
        "      3 [chan receive, up to 3.0s]: wait_for_close, parked at wait.c:1, spawned at "
        "main.c:3\n"
        "      1 [wait group, 3.0s]: parent, parked at parent.c:3, spawned at main.c:1\n"
        "      1 [chan receive, 3.0s]: wait_for_close, parked at wait.c:1, spawned at short.c:2\n"
        "      1 [sleep]: sleep_long, parked at sleep.c:1, spawned at main.c:4\n"
        "      1 [running]: main, spawned at leash_run\n");
    end_tasks();
}

static void tree(void)
{
    start_tasks();
    expect_view(
        "tree",
        "task 1 [running]: main, spawned at leash_run\n"
        "    task 2 [wait group, 3.0s]: parent, parked at parent.c:3, spawned at main.c:1\n"
        "        task 3 and 2 like it [chan receive, up to 3.0s]: wait_for_close, parked at "
        "wait.c:1, spawned at parent.c:2\n"
        "    task 8 and 2 like it [chan receive, up to 3.0s]: wait_for_close, parked at wait.c:1, "
        "spawned at main.c:3\n"
        "    task 11 [sleep]: sleep_long, parked at sleep.c:1, spawned at main.c:4\n"
        "task 6, which has ended\n"
        "    task 7 [chan receive, 3.0s]: wait_for_close, parked at wait.c:1, spawned at "
        "short.c:2\n");
    end_tasks();
}

static const char *object_of_parent(void)
{
    static char number[32];
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    char *end;

    CHECK(out && task_dump_json(out) == 0);
    CHECK(fclose(out) == 0 && text);
    char *place = strstr(strstr(text, "\"function\": \"parent\""), "\"object\": \"");
    place += strlen("\"object\": \"");
    end = strchr(place, '"');
    CHECK((size_t)(end - place) < sizeof(number));
    snprintf(number, sizeof(number), "%.*s", (int)(end - place), place);
    free(text);
    return number;
}

static void objects(void)
{
    char wanted[2000];

    start_tasks();
    snprintf(
        wanted, sizeof(wanted),
        "4 tasks wait for %p\n"
        "      3 [chan receive, up to 3.0s]: wait_for_close, parked at wait.c:1, spawned at "
        "parent.c:2\n"
        "      1 [chan receive, 3.0s]: wait_for_close, parked at wait.c:1, spawned at short.c:2\n"
        "3 tasks wait for %p\n"
        "      3 [chan receive, up to 3.0s]: wait_for_close, parked at wait.c:1, spawned at "
        "main.c:3\n"
        "1 task waits for %s\n"
        "      1 [wait group, 3.0s]: parent, parked at parent.c:3, spawned at main.c:1\n"
        "1 task waits for no single object\n"
        "      1 [sleep]: sleep_long, parked at sleep.c:1, spawned at main.c:4\n",
        (void *)here.first, (void *)here.second, object_of_parent());
    expect_view("objects", wanted);
    end_tasks();
}

static void list(void)
{
    expect_view("list", "task 1 [running]: main, spawned at leash_run\n");
    expect_view("objects", "");
    CHECK(task_dump_as(stderr, "groups") == EINVAL);
    CHECK(task_dump_as(stderr, "") == EINVAL);
}

/* Each spawns the next: the tree goes as deep, and is drawn without getting lost in it. */
static void nest(chan_t *ch, wg_t *wg, int depth)
{
    if (depth)
        leash_wg_spawn(wg, LEASH_CALL_(nest, ch, wg, depth - 1), "nest.c:1");
    leash_chan_recv(ch, NULL, "nest.c:2");
}

static void deep_tree(void)
{
    enum { DEPTH = 1000 };
    chan_t *ch = done_make();
    wg_t wg = {0};
    char *text = NULL;
    size_t size;
    size_t lines = 0;
    FILE *out = open_memstream(&text, &size);

    leash_wg_spawn(&wg, LEASH_CALL_(nest, ch, &wg, DEPTH), "nest.c:0");
    while (check_count_parked() != DEPTH + 1)
        task_sleep_ms(1);
    CHECK(out && task_dump_as(out, "tree") == 0 && fclose(out) == 0);
    for (const char *place = text; (place = strchr(place, '\n')); place++)
        lines++;
    CHECK(lines == DEPTH + 2);
    CHECK(strstr(text, "\n        task 3 [chan receive]: nest, parked at nest.c:2, "));
    CHECK(strstr(text, " (1001 levels) task 1002 [chan receive]: nest, parked at nest.c:2, "));
    free(text);
    chan_close(ch);
    wg_wait(&wg);
    chan_free(ch);
}

static void fails(void)
{
    static const char *const views[] = {"list", "top", "tree", "objects"};
    chan_t *ch = done_make();
    wg_t wg = {0};

    wg_spawn(&wg, wait_for_close, ch);
    check_await_parked(1);
    for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
        FILE *full = fopen("/dev/full", "w");
        CHECK(full && task_dump_as(full, views[i]) == ENOSPC);
        fclose(full);
    }
    chan_close(ch);
    wg_wait(&wg);
    chan_free(ch);
}

#define RUNNER(name)                                                                               \
    static void run_##name(void **state)                                                           \
    {                                                                                              \
        (void)state;                                                                               \
        check_run(name);                                                                           \
    }
RUNNER(top)
RUNNER(tree)
RUNNER(objects)
RUNNER(list)
RUNNER(deep_tree)
RUNNER(fails)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_top),  cmocka_unit_test(run_tree),      cmocka_unit_test(run_objects),
        cmocka_unit_test(run_list), cmocka_unit_test(run_deep_tree), cmocka_unit_test(run_fails),
    };

    setenv("LEASH_CLOCK", "virtual", 1);
    return CHECK_ALL(tests);
}
