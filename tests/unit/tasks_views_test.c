/* Tasks in groups, by what they wait for, as a tree, and all of that as text. */
#include "dumps.h"
#include "tasks/group.h"
#include "tasks/render.h"
#include "tasks/tree.h"

#include <string.h>

/* Task 5, which spawned 6 to 9, has ended. */
static const char service[] =
    "{\"tasks\": [\n"
    "{\"id\": 1, \"state\": \"running\", \"function\": \"main\", \"spawned\": \"leash_run\"},\n"
    "{\"id\": 2, \"parent\": 1, \"state\": \"chan receive\", \"function\": \"worker\", \"parked\": "
    "\"s.c:41\", \"spawned\": \"s.c:88\", \"object\": \"0xa0\", \"parked_ms\": 900},\n"
    "{\"id\": 3, \"parent\": 1, \"state\": \"chan receive\", \"function\": \"worker\", \"parked\": "
    "\"s.c:41\", \"spawned\": \"s.c:88\", \"object\": \"0xb0\", \"parked_ms\": 192000},\n"
    "{\"id\": 4, \"parent\": 1, \"state\": \"sleep\", \"function\": \"ticker\", \"parked\": "
    "\"s.c:7\", \"spawned\": \"s.c:90\", \"parked_ms\": 12345},\n"
    "{\"id\": 6, \"parent\": 5, \"state\": \"chan send\", \"function\": \"feed\", \"parked\": "
    "\"s.c:60\", \"spawned\": \"s.c:70\", \"object\": \"0xa0\", \"parked_ms\": 18420000},\n"
    "{\"id\": 7, \"parent\": 5, \"state\": \"chan send\", \"function\": \"feed\", \"parked\": "
    "\"s.c:60\", \"spawned\": \"s.c:70\", \"object\": \"0xa0\", \"parked_ms\": 1,\n"
    " \"stack\": [{\"function\": \"put\", \"at\": \"q.c:5\"}, {\"function\": \"feed\"}]},\n"
    "{\"id\": 8, \"parent\": 7, \"state\": \"runnable\", \"function\": \"late\", \"spawned\": "
    "\"s.c:99\"},\n"
    "{\"id\": 9, \"parent\": 5, \"state\": \"chan send\", \"function\": \"feed\", \"parked\": "
    "\"s.c:60\", \"spawned\": \"s.c:70\", \"object\": \"0xa0\", \"parked_ms\": 2}\n"
    "]}\n";

/* ---- groups ---------------------------------------------------------------------------------- */

static void test_group__most_first_then_longest(void **state)
{
    struct dump dump = dump_of(*state, service);
    task_refs all = dump_refs(*state, &dump);
    group_list groups = group_tasks(*state, &all);
    static const struct group_shape {
        uint64_t first;
        size_t count;
        int64_t longest_ms;
    } wanted[] = {{6, 2, 18420000}, {2, 2, 192000}, {4, 1, 12345},
                  {7, 1, 1},        {1, 1, -1},     {8, 1, -1}};
    assert_int_equal(groups.count, COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_int_equal(groups.at[i].first->id, wanted[i].first);
        assert_int_equal(groups.at[i].count, wanted[i].count);
        assert_int_equal(groups.at[i].longest_ms, wanted[i].longest_ms);
    }
}

/* Each differs from the first in one thing. */
static void test_group__what_makes_a_difference(void **state)
{
    struct dump dump = dump_of(
        *state,
        "{\"tasks\": ["
        "{\"id\": 1, \"state\": \"s\", \"function\": \"f\", \"parked\": \"p\", \"spawned\": \"q\"},"
        "{\"id\": 2, \"state\": \"S\", \"function\": \"f\", \"parked\": \"p\", \"spawned\": \"q\"},"
        "{\"id\": 3, \"state\": \"s\", \"function\": \"F\", \"parked\": \"p\", \"spawned\": \"q\"},"
        "{\"id\": 4, \"state\": \"s\", \"function\": \"f\", \"parked\": \"P\", \"spawned\": \"q\"},"
        "{\"id\": 5, \"state\": \"s\", \"function\": \"f\", \"parked\": \"p\", \"spawned\": \"Q\"},"
        "{\"id\": 6, \"state\": \"s\", \"function\": \"f\", \"spawned\": \"q\"},"
        "{\"id\": 7, \"state\": \"s\", \"function\": \"f\", \"parked\": \"p\", \"spawned\": \"q\","
        " \"stack\": [{\"function\": \"f\"}]},"
        "{\"id\": 8, \"state\": \"s\", \"function\": \"f\", \"parked\": \"p\", \"spawned\": \"q\","
        " \"parent\": 1, \"object\": \"0x1\", \"parked_ms\": 5}]}");
    task_refs all = dump_refs(*state, &dump);
    group_list groups = group_tasks(*state, &all);
    assert_int_equal(groups.count, 7);
    assert_int_equal(groups.at[0].first->id, 1);
    assert_int_equal(groups.at[0].count, 2);
}

static void test_group__states(void **state)
{
    struct dump dump = dump_of(*state, service);
    group_list states = count_states(*state, &dump);
    static const char *const wanted[] = {"chan send", "chan receive", "sleep", "running",
                                         "runnable"};
    assert_int_equal(states.count, COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        assert_string_equal(states.at[i].first->state, wanted[i]);
    assert_int_equal(states.at[0].count, 3);
    assert_int_equal(states.at[1].count, 2);
}

static void test_group__who_waits_for_what(void **state)
{
    struct dump dump = dump_of(*state, service);
    waiting_list waiting = group_waiting(*state, &dump);
    assert_int_equal(waiting.count, 3);
    assert_string_equal(waiting.at[0].object, "0xa0");
    assert_int_equal(waiting.at[0].count, 4);
    assert_int_equal(waiting.at[0].groups.count, 3);
    assert_int_equal(waiting.at[0].groups.at[0].count, 2);
    assert_string_equal(waiting.at[1].object, "0xb0");
    assert_int_equal(waiting.at[1].count, 1);
    assert_null(waiting.at[2].object);
    assert_int_equal(waiting.at[2].count, 1);
    assert_int_equal(waiting.at[2].groups.at[0].first->id, 4);
}

/* ---- what has changed ------------------------------------------------------------------------ */

#define F(id, more)                                                                                \
    "{\"id\": " id ", \"state\": \"sleep\", \"function\": \"f\", \"parked\": \"a.c:1\"" more "}"
#define DEEP ", \"stack\": [{\"function\": \"f\", \"at\": \"a.c:1\"}]"

static void test_change__groups_of_two_dumps_are_compared(void **state)
{
    struct dump before =
        dump_of(*state, "{\"tasks\": [" F("1", "") "," F("2", "") "," F("3", DEEP) "]}");
    struct dump after = dump_of(*state, "{\"tasks\": [" F("2", "") "," F("4", DEEP) "," F(
                                            "5", DEEP) "," F("6", ", \"spawned\": \"b.c:2\"") "]}");
    struct group_counts since = counts_take(*state, &before);
    struct text out = {0};

    assert_int_equal(since.total, 3);
    render_top(&out, &after, &(struct render_style){.since = &since});
    assert_string_equal(out.at, "4 tasks (+1): 4 sleep\n"
                                "\n"
                                "COUNT  CHANGE  STATE  FUNCTION  PARKED AT  SPAWNED AT\n"
                                "    2      +1  sleep  f         a.c:1      -\n"
                                "    1      -1  sleep  f         a.c:1      -\n"
                                "    1      +1  sleep  f         a.c:1      b.c:2\n");
    text_release(&out);
    render_top(&out, &before, &(struct render_style){.since = &since});
    assert_non_null(strstr(out.at, "3 tasks: 3 sleep\n"));
    assert_null(strpbrk(out.at, "+"));
    text_release(&out);
}

/* ---- the tree -------------------------------------------------------------------------------- */

static void test_tree__ended_parents_and_leaves_alike(void **state)
{
    struct dump dump = dump_of(*state, service);
    tree_rows rows = tree_of(*state, &dump);
    static const struct {
        size_t depth, count;
        uint64_t id;
        bool is_last;
    } wanted[] = {
        {0, 1, 1, false}, {1, 2, 2, false}, {1, 1, 4, true}, {0, 0, 5, true},
        {1, 2, 6, false}, {1, 1, 7, true},  {2, 1, 8, true},
    };
    assert_int_equal(rows.count, COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_int_equal(rows.at[i].depth, wanted[i].depth);
        assert_int_equal(rows.at[i].group.count, wanted[i].count);
        assert_int_equal(rows.at[i].id, wanted[i].id);
        assert_int_equal(rows.at[i].is_last, wanted[i].is_last);
    }
}

/* Task i is spawned by i - 1. */
static struct dump chain(struct arena *arena, size_t length)
{
    struct dump dump = {0};

    for (size_t i = 1; i <= length; i++)
        *vec_add(arena, &dump.tasks) =
            (struct task){.id = i, .parent = i - 1, .state = "s", .function = "f", .parked_ms = -1};
    return dump;
}

static void test_tree__as_deep_as_there_are_tasks(void **state)
{
    enum { LENGTH = 50000 };
    struct dump dump = chain(*state, LENGTH);
    tree_rows rows = tree_of(*state, &dump);
    struct text out = {0};

    assert_int_equal(rows.count, LENGTH);
    assert_int_equal(rows.at[LENGTH - 1].depth, LENGTH - 1);
    render_tree(&out, &dump, &(struct render_style){0});
    assert_true(out.length < (size_t)LENGTH * 200);
    assert_non_null(strstr(out.at, "(49967 levels)"));
    text_release(&out);
}

/* ---- as text --------------------------------------------------------------------------------- */

static void assert_rendered(struct arena *arena, const char *json,
                            void (*render)(struct text *, const struct dump *,
                                           const struct render_style *),
                            struct render_style style, const char *wanted)
{
    struct dump dump = dump_of(arena, json);
    struct text out = {0};

    render(&out, &dump, &style);
    assert_string_equal(out.at ? out.at : "", wanted);
    text_release(&out);
}

static void test_render__top(void **state)
{
    static const char whole[] =
        "8 tasks: 3 chan send, 2 chan receive, 1 sleep, 1 running, 1 runnable\n"
        "\n"
        "COUNT  LONGEST  STATE         FUNCTION  PARKED AT  SPAWNED AT\n"
        "    2    5h07m  chan send     feed      s.c:60     s.c:70\n"
        "    2    3m12s  chan receive  worker    s.c:41     s.c:88\n"
        "    1    12.3s  sleep         ticker    s.c:7      s.c:90\n"
        "    1      1ms  chan send     feed      s.c:60     s.c:70\n"
        "    1        -  running       main      -          leash_run\n"
        "    1        -  runnable      late      -          s.c:99\n";
    assert_rendered(*state, service, render_top, (struct render_style){0}, whole);
    assert_rendered(*state, service, render_top, (struct render_style){.height = 9}, whole);
    assert_rendered(*state, service, render_top,
                    (struct render_style){.height = 6, .line.width = 30},
                    "8 tasks: 3 chan send, 2 chan r\n"
                    "\n"
                    "COUNT  LONGEST  STATE         \n"
                    "    2    5h07m  chan send     \n"
                    "    2    3m12s  chan receive  \n"
                    "and 4 more groups\n");
    assert_rendered(*state, service, render_top,
                    (struct render_style){.height = 9, .shows_stacks = true},
                    "8 tasks: 3 chan send, 2 chan receive, 1 sleep, 1 running, 1 runnable\n"
                    "\n"
                    "COUNT  LONGEST  STATE         FUNCTION  PARKED AT  SPAWNED AT\n"
                    "    2    5h07m  chan send     feed      s.c:60     s.c:70\n"
                    "    2    3m12s  chan receive  worker    s.c:41     s.c:88\n"
                    "    1    12.3s  sleep         ticker    s.c:7      s.c:90\n"
                    "and 3 more groups\n");
}

/* A dump of a library that does not tell how long has no column for it. */
static void test_render__top_without_waits(void **state)
{
    assert_rendered(*state,
                    "{\"tasks\": [{\"id\": 1, \"state\": \"running\", \"function\": \"main\"}]}",
                    render_top, (struct render_style){.line.colour = true},
                    "\033[1m1 task: 1 running\033[0m\n"
                    "\n"
                    "\033[1mCOUNT\033[0m  \033[1mSTATE\033[0m    \033[1mFUNCTION\033[0m  "
                    "\033[1mPARKED AT\033[0m  \033[1mSPAWNED AT\033[0m\n"
                    "    \033[1m1\033[0m  \033[36mrunning\033[0m  main      -          -\n");
    assert_rendered(*state,
                    "{\"tasks\": [{\"id\": 1, \"state\": \"running\", \"function\": \"main\"}]}",
                    render_list, (struct render_style){.line.colour = true},
                    "task 1 [\033[36mrunning\033[0m]: \033[1mmain\033[0m\n");
    assert_rendered(*state, "{\"tasks\": []}", render_top, (struct render_style){0}, "0 tasks\n");
}

static void test_render__list(void **state)
{
    assert_rendered(
        *state, service, render_list, (struct render_style){.shows_stacks = true},
        "task 1 [running]: main, spawned at leash_run\n"
        "task 2 [chan receive, 900ms]: worker, parked at s.c:41, spawned at s.c:88 by task 1\n"
        "task 3 [chan receive, 3m12s]: worker, parked at s.c:41, spawned at s.c:88 by task 1\n"
        "task 4 [sleep, 12.3s]: ticker, parked at s.c:7, spawned at s.c:90 by task 1\n"
        "task 6 [chan send, 5h07m]: feed, parked at s.c:60, spawned at s.c:70 by task 5\n"
        "task 7 [chan send, 1ms]: feed, parked at s.c:60, spawned at s.c:70 by task 5\n"
        "    put at q.c:5\n"
        "    feed\n"
        "task 8 [runnable]: late, spawned at s.c:99 by task 7\n"
        "task 9 [chan send, 2ms]: feed, parked at s.c:60, spawned at s.c:70 by task 5\n");
}

/* Without a stack, too; and that line counts where there is room for so many. */
static void test_render__created_by(void **state)
{
    static const char created[] =
        "{\"tasks\": [{\"id\": 2, \"state\": \"runnable\", \"function\": \"late\", "
        "\"spawned\": \"s.c:9\", \"created_by\": \"serve\"},\n"
        "{\"id\": 3, \"state\": \"running\", \"function\": \"main\", \"created_by\": null}]}";

    assert_rendered(*state, created, render_list, (struct render_style){.shows_stacks = true},
                    "task 2 [runnable]: late, spawned at s.c:9\n"
                    "    created by serve at s.c:9\n"
                    "task 3 [running]: main\n");
    assert_rendered(*state, created, render_list, (struct render_style){0},
                    "task 2 [runnable]: late, spawned at s.c:9\n"
                    "task 3 [running]: main\n");
    assert_rendered(*state, created, render_top,
                    (struct render_style){.height = 6, .shows_stacks = true},
                    "2 tasks: 1 runnable, 1 running\n"
                    "\n"
                    "COUNT  STATE     FUNCTION  PARKED AT  SPAWNED AT\n"
                    "    1  runnable  late      -          s.c:9\n"
                    "         created by serve at s.c:9\n"
                    "    1  running   main      -          -\n");
    assert_rendered(*state, created, render_top,
                    (struct render_style){.height = 5, .shows_stacks = true},
                    "2 tasks: 1 runnable, 1 running\n"
                    "\n"
                    "COUNT  STATE     FUNCTION  PARKED AT  SPAWNED AT\n"
                    "and 2 more groups\n");
}

static void test_render__tree(void **state)
{
    assert_rendered(
        *state, service, render_tree, (struct render_style){.shows_stacks = true},
        "task 1 [running]: main, spawned at leash_run\n"
        "|-- task 2 and 1 like it [chan receive, up to 3m12s]: worker, parked at s.c:41, "
        "spawned at s.c:88\n"
        "`-- task 4 [sleep, 12.3s]: ticker, parked at s.c:7, spawned at s.c:90\n"
        "task 5, which has ended\n"
        "|-- task 6 and 1 like it [chan send, up to 5h07m]: feed, parked at s.c:60, "
        "spawned at s.c:70\n"
        "`-- task 7 [chan send, 1ms]: feed, parked at s.c:60, spawned at s.c:70\n"
        "        put at q.c:5\n"
        "        feed\n"
        "    `-- task 8 [runnable]: late, spawned at s.c:99\n");
}

static void test_render__objects(void **state)
{
    assert_rendered(*state, service, render_objects, (struct render_style){0},
                    "4 tasks wait for 0xa0\n"
                    "      2 [chan send, up to 5h07m]: feed, parked at s.c:60, spawned at s.c:70\n"
                    "      1 [chan receive, 900ms]: worker, parked at s.c:41, spawned at s.c:88\n"
                    "      1 [chan send, 1ms]: feed, parked at s.c:60, spawned at s.c:70\n"
                    "1 task waits for 0xb0\n"
                    "      1 [chan receive, 3m12s]: worker, parked at s.c:41, spawned at s.c:88\n"
                    "1 task waits for no single object\n"
                    "      1 [sleep, 12.3s]: ticker, parked at s.c:7, spawned at s.c:90\n");
}

static void test_render__nothing_steers_the_terminal(void **state)
{
    static const char hostile[] =
        "{\"tasks\": [{\"id\": 2, \"parent\": 1, \"state\": \"\\u001b[2J\", \"function\": "
        "\"a\\nb\\u202e%s\", \"parked\": \"\\r\", \"spawned\": \"\\u009b1m\", \"object\": "
        "\"\\u0007\", "
        "\"stack\": [{\"function\": \"\\u001b]0;\", \"at\": \"\\n\"}]}]}";
    static void (*const views[])(struct text *, const struct dump *,
                                 const struct render_style *) = {render_top, render_list,
                                                                 render_tree, render_objects};
    for (size_t i = 0; i < COUNT_OF(views); i++) {
        struct dump dump = dump_of(*state, hostile);
        struct text out = {0};
        views[i](&out, &dump, &(struct render_style){.shows_stacks = true});
        assert_non_null(strstr(out.at, "a\xEF\xBF\xBD"
                                       "b\xEF\xBF\xBD%s"));
        assert_null(strpbrk(out.at, "\033\r\a"));
        assert_null(strstr(out.at, "\xC2\x9B"));
        assert_null(strstr(out.at, "\xE2\x80\xAE"));
        text_release(&out);
    }
}

static void test_render__wide_and_long_cells(void **state)
{
    assert_rendered(
        *state,
        "{\"tasks\": ["
        "{\"id\": 1, \"state\": \"s\", \"function\": \"\xE4\xBD\xA0\xE5\xA5\xBD\", \"parked\": "
        "\"a.c:1\"}, "
        "{\"id\": 2, \"state\": \"s\", \"function\": \"f\", \"parked\": "
        "\"/home/a/very/long/path/that/goes/on/and/on/a.c:2\"}, "
        "{\"id\": 3, \"state\": \"s\", \"function\": \"f\", \"spawned\": \"a.c:3\"}]}",
        render_top, (struct render_style){0},
        "3 tasks: 3 s\n"
        "\n"
        "COUNT  STATE  FUNCTION  PARKED AT                                 SPAWNED AT\n"
        "    1  s      \xE4\xBD\xA0\xE5\xA5\xBD      "
        "a.c:1                                     -\n"
        "    1  s      f         /home/a/very/long/path/that/goes/on/and/on/a.c:2  -\n"
        "    1  s      f         -                                         a.c:3\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_group__most_first_then_longest),
        arena_test(test_group__what_makes_a_difference),
        arena_test(test_group__states),
        arena_test(test_group__who_waits_for_what),
        arena_test(test_change__groups_of_two_dumps_are_compared),
        arena_test(test_tree__ended_parents_and_leaves_alike),
        arena_test(test_tree__as_deep_as_there_are_tasks),
        arena_test(test_render__top),
        arena_test(test_render__top_without_waits),
        arena_test(test_render__list),
        arena_test(test_render__created_by),
        arena_test(test_render__tree),
        arena_test(test_render__objects),
        arena_test(test_render__nothing_steers_the_terminal),
        arena_test(test_render__wide_and_long_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
