/* The JSON of a dump, as libleash writes it and as nobody should. */
#include "dumps.h"

#include <string.h>

static void assert_refused(struct arena *arena, const char *text, size_t length, const char *says)
{
    struct dump dump;
    const char *error = NULL;

    assert_false(dump_parse(arena, text, length, &dump, &error));
    assert_non_null(error);
    if (!strstr(error, says))
        fail_msg("'%s' lacks '%s'", error, says);
}

#define TASK(members)                                                                              \
    "{\"tasks\": [{\"id\": 3, \"state\": \"sleep\", \"function\": \"f\"" members "}]}"

static void test_parse__all_members(void **state)
{
    struct dump dump = dump_of(
        *state, "{\"tasks\": [\n"
                "{\"id\": 2, \"parent\": 1, \"state\": \"chan receive\", \"function\": \"worker\", "
                "\"parked\": \"a.c:4\", \"spawned\": \"a.c:9\", \"object\": \"0x5c0\", "
                "\"parked_ms\": 1200, \"stack\": [{\"function\": \"inner\", \"at\": \"a.c:4\"}, "
                "{\"function\": \"outer\", \"at\": null}, {}]},\n"
                "{\"id\": 1, \"parent\": null, \"state\": \"running\", \"function\": \"main\", "
                "\"parked\": null, \"spawned\": \"leash_run\", \"object\": null, "
                "\"parked_ms\": null, \"stack\": null}\n"
                "]}\n");
    assert_int_equal(dump.tasks.count, 2);
    const struct task *main = &dump.tasks.at[0], *worker = &dump.tasks.at[1];
    assert_int_equal(main->id, 1);
    assert_int_equal(main->parent, 0);
    assert_string_equal(main->state, "running");
    assert_null(main->parked);
    assert_null(main->object);
    assert_null(main->stack);
    assert_int_equal(main->parked_ms, -1);
    assert_int_equal(main->line, 3);
    assert_int_equal(worker->parent, 1);
    assert_string_equal(worker->function, "worker");
    assert_string_equal(worker->parked, "a.c:4");
    assert_string_equal(worker->spawned, "a.c:9");
    assert_string_equal(worker->object, "0x5c0");
    assert_int_equal(worker->parked_ms, 1200);
    assert_int_equal(worker->line, 2);
    assert_int_equal(worker->stack->count, 3);
    assert_string_equal(worker->stack->frames[0].function, "inner");
    assert_string_equal(worker->stack->frames[0].at, "a.c:4");
    assert_null(worker->stack->frames[1].at);
    assert_null(worker->stack->frames[2].function);
}

static void test_parse__what_may_be_absent_or_more(void **state)
{
    struct dump dump =
        dump_of(*state, " {\"version\": {\"a\": [1, 2]}, \"tasks\":[{\"state\":\"sleep\","
                        "\"later\":[[]],\"id\":9223372036854775807,\"function\":\"f\"}],"
                        "\"more\":null}");
    assert_int_equal(dump.tasks.count, 1);
    assert_true(dump.tasks.at[0].id == INT64_MAX);
    assert_int_equal(dump.tasks.at[0].parent, 0);
    assert_int_equal(dump.tasks.at[0].parked_ms, -1);
    assert_null(dump.tasks.at[0].spawned);
    assert_null(dump.tasks.at[0].stack);
    assert_int_equal(dump_of(*state, "{\"tasks\":[]}").tasks.count, 0);
    assert_null(dump_of(*state, TASK(", \"stack\": []")).tasks.at[0].stack);
}

/* So that tasks that are alike are found by comparing pointers. */
static void test_parse__equal_texts_and_stacks_are_one(void **state)
{
    struct dump dump = dump_of(
        *state, "{\"tasks\": [{\"id\": 1, \"state\": \"sleep\", \"function\": \"f\", \"stack\": "
                "[{\"function\": \"f\", \"at\": \"x\"}]}, {\"id\": 2, \"state\": \"sl\\u0065ep\", "
                "\"function\": "
                "\"f\", \"stack\": [{\"at\": \"x\", \"function\": \"f\"}]}, {\"id\": 3, \"state\": "
                "\"sleep\", "
                "\"function\": \"f\", \"stack\": [{\"function\": \"f\", \"at\": \"y\"}]}]}");
    const struct task *tasks = dump.tasks.at;
    assert_ptr_equal(tasks[0].state, tasks[1].state);
    assert_ptr_equal(tasks[0].stack, tasks[1].stack);
    assert_ptr_not_equal(tasks[0].stack, tasks[2].stack);
}

/* Positions are counted in bytes, and what is no UTF-8 is replaced. */
static void test_parse__names_of_any_bytes(void **state)
{
    struct dump dump =
        dump_of(*state, "{\"tasks\": [{\"id\": 1, \"state\": \"sleep\", "
                        "\"function\": \"f\xC3\xA4\xE4\xBD\xA0\"},\n"
                        "{\"id\": 2, \"state\": \"\xE4\", \"function\": \"\\u001b[2J\"}]}");
    assert_string_equal(dump.tasks.at[0].function, "f\xC3\xA4\xE4\xBD\xA0");
    assert_string_equal(dump.tasks.at[1].state, "\xEF\xBF\xBD");
    assert_string_equal(dump.tasks.at[1].function, "\033[2J");
    assert_int_equal(dump.tasks.at[1].line, 2);
}

static void test_parse__find(void **state)
{
    struct dump dump = dump_of(*state, TASK(""));
    assert_ptr_equal(dump_find(&dump, 3), &dump.tasks.at[0]);
    assert_null(dump_find(&dump, 2));
    dump = dump_of(*state, "{\"tasks\":[]}");
    assert_null(dump_find(&dump, 2));
}

static void test_parse__wrong_input_is_named_with_its_place(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "line 1: it is empty; wanted is the JSON that task_dump_json writes"},
        {"\n \n", "line 3: it is empty"},
        {"task 1 [running]: main, spawned at leash_run\n", "line 1: it is text"},
        {"leash: all tasks are parked\ntask 1 [sleep]: main\n", "line 1: it is text"},
        {"<!doctype html>", "it is a page of the web"},
        {"hello", "it is no dump"},
        {"[]", "it is no dump"},
        {"{}", "it has no \"tasks\""},
        {"{\"version\": 1, \"findings\": []}", "it has no \"tasks\""},
        {"{\"tasks\"", "line 1: it ends early; was it cut off?"},
        {"{\"tasks\": [\n", "line 2: it ends early"},
        {"{\"tasks\": [\n{\"id\": 1, \"sta", "line 2: it ends early"},
        {TASK("") "{", "line 1: another dump begins here"},
        {TASK("") "\n\n" TASK(""), "line 3: another dump begins here"},
        {TASK("") "\nx", "line 2: something follows the dump"},
        {"{\"tasks\" [", "':' has to come here, not '['"},
        {"{\"tasks\": {}}", "\"tasks\" has to be an array"},
        {"{\"tasks\": null}", "\"tasks\" has to be an array"},
        {"{\"lost\": null, \"reason\": \"no memory\", \"tasks\": []}",
         "line 1: the program cannot tell: no memory"},
        {"{\n\"reason\": \"a", "line 2: it ends early"},
        {"{\"reason\": null}", "it has no \"tasks\""},
        {"{\"tasks\": [],\n\"tasks\": []}", "line 2: \"tasks\" comes twice"},
        {"{\"tasks\": [],}", "a name in quotes has to come here"},
        {"{tasks: []}", "a name in quotes has to come here"},
        {"{\"tasks\": [7]}", "each of \"tasks\" has to be an object"},
        {"{\"tasks\": [{\"id\": 1, \"state\": \"\", \"function\": \"\"}\n{}]}",
         "line 2: ',' has to come here, not '{'"},
        {"{\"tasks\": [\n{\"id\": 1 2}]}", "line 2: "},
        {"{\"tasks\": [{\"id\": 1, \"id\": 2}]}", "duplicate"},
        {"{\"tasks\": [{\"state\": \"sleep\", \"function\": \"f\"}]}",
         "line 1: a task: \"id\" is missing; it has to be a number from 1"},
        {"{\"tasks\": [{\"id\": \"1\"}]}", "\"id\" is a string; it has to be a number from 1"},
        {"{\"tasks\": [{\"id\": 0}]}", "\"id\" is 0; it has to be a number from 1"},
        {"{\"tasks\": [{\"id\": -4}]}", "\"id\" is -4"},
        {"{\"tasks\": [{\"id\": 1.5}]}", "\"id\" is a fraction"},
        {"{\"tasks\": [{\"id\": 9223372036854775808}]}", "line 1: too big integer"},
        {"{\"tasks\": [{\"id\": 5, \"function\": \"f\"}]}",
         "task 5: \"state\" is missing; it has to be a string"},
        {"{\"tasks\": [{\"id\": 5, \"state\": null, \"function\": \"f\"}]}", "\"state\" is null"},
        {"{\"tasks\": [{\"id\": 5, \"state\": \"x\", \"function\": true}]}",
         "\"function\" is true or false"},
        {TASK(", \"parent\": {}"), "task 3: \"parent\" is an object"},
        {TASK(", \"parent\": 3"), "task 3: \"parent\" is task 3, which did not begin before it"},
        {TASK(", \"parent\": 4"), "task 3: \"parent\" is task 4, which did not begin before it"},
        {TASK(", \"parked\": 7"), "\"parked\" is 7; it has to be a string or null"},
        {TASK(", \"spawned\": []"), "\"spawned\" is an array"},
        {TASK(", \"parked_ms\": -1"), "\"parked_ms\" is -1; it has to be a number from 0 or null"},
        {TASK(", \"parked_ms\": \"1s\""), "\"parked_ms\" is a string"},
        {TASK(", \"stack\": \"f\""), "\"stack\" is a string; it has to be an array or null"},
        {TASK(", \"stack\": [\"f\"]"), "\"stack\" is an array; it has to be an array of objects"},
        {TASK(", \"stack\": [{\"at\": 41}]"), "task 3: \"at\" is 41"},
        {"{\"tasks\": [{\"id\": 3, \"state\": \"\", \"function\": \"f\"},\n"
         "{\"id\": 4, \"state\": \"\", \"function\": \"f\"},\n"
         "{\"id\": 3, \"state\": \"\", \"function\": \"f\"}]}",
         "line 3: task 3 comes twice, first in line 1"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_refused(*state, cases[i].text, strlen(cases[i].text), cases[i].says);
    assert_refused(*state, "{\"tasks\"\0: []}", 14, "line 1: ");
    assert_refused(*state, "\0\0\0", 3, "it is no dump");
}

/* ---- much ------------------------------------------------------------------------------------ */

static struct text repeat(const char *before, const char *piece, size_t count, const char *behind)
{
    struct text text = {0};

    text_add(&text, before);
    for (size_t i = 0; i < count; i++)
        text_add(&text, piece);
    text_add(&text, behind);
    return text;
}

static void test_parse__what_is_too_much_ends_soon(void **state)
{
    static const struct {
        const char *before, *piece, *says;
    } cases[] = {
        {"{\"tasks\": [{\"id\": ", "[", "line 1: "},
        {"{\"tasks\": [{\"id\": [", "{},", "longer than anything in a dump"},
        {"{\"tasks\": [{\"state\": \"", "xxxx", "longer than anything in a dump"},
        {"{\"other\": [", "[],", "longer than anything in a dump"},
        {"{\"", "xxxx", "longer than anything in a dump"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text text = repeat(cases[i].before, cases[i].piece, 2 << 20, "");
        assert_refused(*state, text.at, text.length, cases[i].says);
        text_release(&text);
    }
}

static void test_parse__a_line_of_many_tasks(void **state)
{
    enum { TASKS = 20000 };
    struct text text = {0};

    for (int i = 0; i < TASKS; i++)
        text_printf(&text,
                    "%s{\"id\": %d, \"state\": \"sleep\", \"function\": \"f\", \"parent\": %d}",
                    i ? "," : "{\"tasks\": [", TASKS - i, TASKS - i == 1 ? 0 : TASKS - i - 1);
    text_add(&text, "]}");
    char *zero = strstr(text.at, "\"parent\": 0");
    memcpy(zero, "\"nobody\": 0", 11);
    struct dump dump = dump_of(*state, text.at);
    assert_int_equal(dump.tasks.count, TASKS);
    for (size_t i = 0; i < TASKS; i++)
        assert_int_equal(dump.tasks.at[i].id, i + 1);
    text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_parse__all_members),
        arena_test(test_parse__what_may_be_absent_or_more),
        arena_test(test_parse__equal_texts_and_stacks_are_one),
        arena_test(test_parse__names_of_any_bytes),
        arena_test(test_parse__find),
        arena_test(test_parse__wrong_input_is_named_with_its_place),
        arena_test(test_parse__what_is_too_much_ends_soon),
        arena_test(test_parse__a_line_of_many_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
