/* Model files: what loads, and what each mistake is told as. */
#include "model/grammar.h"
#include "model/table.h"
#include "schema_test.h"
#include "unit_test.h"

#include <string.h>

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Loads `text` as the file m.yaml into a new set; the problems as lines of text, "" for none. */
static const char *load(const char *text, size_t length, struct model_set **set)
{
    model_problems problems = {0};
    *set = model_set_new(&arena);
    bool is_good = model_set_add(*set, "m.yaml", text, length, &problems);
    assert_int_equal(is_good, problems.count == 0);
    const char *lines = "";
    for (size_t i = 0; i < problems.count; i++)
        lines = arena_printf(&arena, "%s%s:%u:%u: %s\n", lines, problems.at[i].file,
                             problems.at[i].line, problems.at[i].column, problems.at[i].message);
    return lines;
}

/* `text` has just this one mistake. */
static void assert_mistake(const char *text, const char *expected)
{
    struct model_set *set;
    assert_string_equal(load(text, strlen(text), &set), arena_printf(&arena, "%s\n", expected));
    assert_int_equal(set->functions.count, 0);
}

/* One function's entry with just this one mistake, its text from column 6 of line 3. */
static void assert_entry_mistake(const char *entry, const char *expected)
{
    assert_mistake(arena_printf(&arena, "library: x\nfunctions:\n  f: %s\n", entry), expected);
}

/* ---- what is right --------------------------------------------------------------------------- */

static const char pool_model[] =
    "    library: mypool\n"
    "    headers: [mypool.h]                    # the model applies to units that see one of "
    "these\n"
    "    types:\n"
    "      pool_t: {is: pool}                   # chan, wg, mutex, rwlock, cond, context, once, "
    "or\n"
    "    functions:\n"
    "      pool_submit:   {spawn: {entry: arg 1, args: [arg 2]}, parks: never}\n"
    "      pool_queue:    {make: chan, object: return, capacity: arg 0, element_size: 8}\n"
    "      pool_get:      {receive: arg 0, into: arg 1, ok_when: \"return == 0\", closed_when: "
    "\"return == EPIPE\"}\n"
    "      pool_get_wait: {receive: arg 0, into: arg 1, timeout_ms: arg 2}\n"
    "      pool_put:      {send: arg 0, value: arg 1}\n"
    "      pool_close:    {close: arg 0}\n"
    "      pool_free:     {free: arg 0}\n"
    "    cleanups:\n"
    "      pool_unlockp:  {unlock: \"*arg 0\"}    # functions named in __attribute__((cleanup))\n"
    "    annotations:\n"
    "      \"pool:daemon\": {daemon: true}\n";

static void test_model__a_pool_of_ones_own(void **state)
{
    (void)state;
    struct model_set *set;
    assert_string_equal(load(pool_model, strlen(pool_model), &set), "");
    const struct entry *submit = map_get_str(&set->functions, "pool_submit");
    assert_int_equal(submit->kind, ACT_SPAWN);
    assert_int_equal(submit->entry.number, 1);
    assert_int_equal(submit->args.count, 1);
    assert_int_equal(submit->parks, PARKS_NEVER);
    const struct entry *get = map_get_str(&set->functions, "pool_get");
    assert_int_equal(get->condition_count, 2);
    assert_int_equal(get->conditions[0].result, RESULT_OK);
    assert_int_equal(get->conditions[1].result, RESULT_CLOSED);
    assert_int_equal(get->conditions[1].value, 32); /* EPIPE */
    assert_non_null(map_get_str(&set->cleanups, "pool_unlockp"));
    assert_null(map_get_str(&set->functions, "pool_unlockp"));
}

static void test_model__bundled_models_load(void **state)
{
    (void)state;
    struct model_set *set = model_set_new(&arena);
    model_set_add_bundled(set);
    const struct entry *select = map_get_str(&set->functions, "leash_select");
    assert_int_equal(select->kind, ACT_SELECT);
    assert_int_equal(select->select.operation_count, 5);
}

static void test_model__later_files_win(void **state)
{
    (void)state;
    struct model_set *set = model_set_new(&arena);
    model_problems problems = {0};
    const char *first = "{library: a, functions: {f: {close: arg 0}}}";
    const char *second = "{library: b, functions: {f: {free: arg 0}}}";
    assert_true(model_set_add(set, "a", first, strlen(first), &problems));
    assert_true(model_set_add(set, "b", second, strlen(second), &problems));
    const struct entry *entry = map_get_str(&set->functions, "f");
    assert_int_equal(entry->kind, ACT_FREE);
    assert_int_equal(entry->earlier->kind, ACT_CLOSE);
}

static void test_model__references(void **state)
{
    (void)state;
    static const char *const good[] = {
        "arg 0",      "arg 12",         "return", "*arg 1", "**arg 1",    "* return",
        "null",       "unknown",        "-1",     "8",      "arg 0 -> a", "arg 0->a.b[2]",
        "return . x", "arg 1 [0] -> f",
    };
    static const char *const bad[] = {
        "",
        "arg",
        "arg0",
        "arg -1",
        "arg 64",
        "args 0",
        "argument 0",
        "return return",
        "arg 0 ->",
        "arg 0 . 1",
        "arg 0 [x]",
        "arg 0 [1",
        "*arg 0 -> f",
        "null -> f",
        "*8",
        "arg 0 == 1",
        "a b",
        "99999999999999999999",
        "arg 0 - > f",
        "&arg 0",
    };
    struct reference reference;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_null(reference_parse(&arena, good[i], &reference));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_non_null(reference_parse(&arena, bad[i], &reference));
}

static void test_model__conditions(void **state)
{
    (void)state;
    struct condition condition;
    assert_null(condition_parse(&arena, "return == EWOULDBLOCK", &condition));
    assert_int_equal(condition.value, 11);
    assert_null(condition_parse(&arena, "*arg 1 >= -3", &condition));
    assert_int_equal(condition.compare, IR_GE);
    assert_int_equal(condition.value, -3);
    assert_null(condition_parse(&arena, "return != POOL_OK", &condition));
    assert_string_equal(condition.enumerator, "POOL_OK");
    static const char *const bad[] = {
        "return",        "return = 0", "return == ",   "0 == return",
        "return == 0 1", "EPIPE",      "return === 0", "unknown == 0"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_non_null(condition_parse(&arena, bad[i], &condition));
}

/* ---- mistakes -------------------------------------------------------------------------------- */

static void test_model__mistakes_in_the_file(void **state)
{
    (void)state;
    assert_mistake("", "m.yaml:1:1: the key 'library' is missing: what the model is about");
    assert_mistake("# nothing yet\n",
                   "m.yaml:1:1: the key 'library' is missing: what the model is about");
    assert_mistake("- a\n", "m.yaml:1:1: expected a mapping (key: value), got a list");
    assert_mistake("library: x\nfuncions: {}\n",
                   "m.yaml:2:1: unknown key 'funcions'; did you mean 'functions'?");
    assert_mistake(
        "library: x\nqqqqqqqq: {}\n",
        "m.yaml:2:1: unknown key 'qqqqqqqq': expected library, headers, types, functions, "
        "cleanups or annotations");
    assert_mistake("library: x\nheaders: a.h\n",
                   "m.yaml:2:10: expected a list, each item the name of a header, with or without "
                   "folders before it, got 'a.h'");
    assert_mistake("library: x\nfunctions:\n",
                   "m.yaml:2:11: expected a mapping (key: value), got nothing");
    assert_mistake("library: x\ntypes:\n  pool_t: pool\n",
                   "m.yaml:3:11: expected a mapping (key: value), got 'pool'");
    assert_mistake("library: x\ntypes:\n  pool_t: {}\n",
                   "m.yaml:3:11: the key 'is' is missing: what it stands for");
    assert_mistake("library: x\nannotations: {a: {takes: yes}}\n",
                   "m.yaml:2:26: expected true, got 'yes'");
    assert_mistake("library: x\nlibrary: y\n",
                   "m.yaml:2:1: 'library' stands here for the second time, first in line 1");
}

static void test_model__mistakes_in_an_entry(void **state)
{
    (void)state;
    assert_entry_mistake("{sned: arg 0}", "m.yaml:3:7: unknown key 'sned'; did you mean 'send'?");
    assert_entry_mistake("{send: arg 0, close: arg 0}",
                         "m.yaml:3:20: expected one meaning, got 'close' beside 'send'");
    assert_entry_mistake("{send: arg 0, capacity: 1}",
                         "m.yaml:3:20: 'capacity' stands only beside one of: make");
    assert_entry_mistake("{spawn: {args: []}}",
                         "m.yaml:3:14: the key 'entry' is missing: the function that runs");
    assert_entry_mistake("{send: arg 0, parks: often}",
                         "m.yaml:3:27: expected never or maybe, got 'often'");
    assert_entry_mistake("{send: arg 0, parks: nevr}",
                         "m.yaml:3:27: expected never or maybe, got 'nevr'; did you mean 'never'?");
    assert_entry_mistake(
        "{send: first}",
        "m.yaml:3:13: expected a value such as 'arg 0', '*arg 0', 'arg 0 -> field', "
        "'return', 8 or null, got 'first': it begins with none of arg, return, null, "
        "unknown or a number");
    assert_entry_mistake(
        "{receive: arg 0, ok_when: return = 0}",
        "m.yaml:3:32: expected a condition such as 'return == 0' or 'return == "
        "EPIPE', got 'return = 0': it wants one of == != < <= > >= between the value "
        "and a constant");
    assert_entry_mistake("{takes: [1]}", "m.yaml:3:15: expected an argument such as 'arg 0', got "
                                         "'1': only a whole argument can be taken");
    assert_entry_mistake("{takes: [arg 0 -> wg]}",
                         "m.yaml:3:15: expected an argument such as 'arg 0', got 'arg 0 -> wg': "
                         "only a whole argument can be taken");
    assert_entry_mistake("{takes: arg 0}", "m.yaml:3:14: expected a list, each item an argument "
                                           "such as 'arg 0', got 'arg 0'");
    assert_entry_mistake("{takes: [arg 0], free: arg 0}",
                         "m.yaml:3:23: expected one meaning, got 'free' beside 'takes'");
    assert_entry_mistake("{free: arg 0, when: return == 0}",
                         "m.yaml:3:26: expected a condition such as 'arg 1 == 0' or 'arg 3 & 64', "
                         "got 'return == 0': before the call there are only its arguments");
    assert_entry_mistake("{lock: arg 0, ok_when: return & 1}",
                         "m.yaml:3:29: expected a condition such as 'return == 0' or 'return == "
                         "EPIPE', got 'return & 1': only 'when' asks for bits");
    assert_entry_mistake("[{free: arg 0, when: arg 1 == 0}, {fre: arg 0}]",
                         "m.yaml:3:41: unknown key 'fre'; did you mean 'free'?");
    assert_entry_mistake("{at_end: true}",
                         "m.yaml:3:15: expected a value such as 'arg 0', '*arg 0', 'arg 0 -> "
                         "field', 'return', 8 or null, got 'true': it begins with none of arg, "
                         "return, null, unknown or a number");
    assert_entry_mistake("{end_task: resume}",
                         "m.yaml:3:17: expected true or resumed, got 'resume'; did you mean "
                         "'resumed'?");
    assert_entry_mistake("{daemon: maybe}", "m.yaml:3:15: expected true, got 'maybe'");
    assert_entry_mistake(
        "{done_channel: [arg 0]}",
        "m.yaml:3:21: expected a value such as 'arg 0', '*arg 0', 'arg 0 -> field', "
        "'return', 8 or null, or a mapping (key: value), got a list");
    assert_entry_mistake(
        "{select: {cases: arg 0, count: 1, operation: op, operations: {1: recv}, channel: c}}",
        "m.yaml:3:71: expected receive, send, after, until or default, got 'recv'");
}

static void test_model__an_entry_without_meaning_lists_the_meanings(void **state)
{
    (void)state;
    struct model_set *set;
    const char *text = "library: x\nfunctions:\n  f: {word: w}\n";
    const char *told = load(text, strlen(text), &set);
    assert_true(
        text_starts(told, "m.yaml:3:6: expected one of the keys make, spawn, invoke, send, "));
}

static void test_model__every_mistake_is_told(void **state)
{
    (void)state;
    struct model_set *set;
    const char *text = "headers: [1, []]\nfunctions:\n  f: {send: x}\n  g: 1\n";
    const char *told = load(text, strlen(text), &set);
    assert_non_null(strstr(told, "m.yaml:1:14: "));
    assert_non_null(strstr(told, "m.yaml:3:13: "));
    assert_non_null(strstr(told, "m.yaml:4:6: "));
    assert_non_null(strstr(told, "the key 'library' is missing"));
}

/* ---- hostile files --------------------------------------------------------------------------- */

static void test_model__no_aliases_anchors_or_tags(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "library: *x\n",
        "a: &a [1]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
        "library: !!str x\n",
        "library: x\nfunctions:\n  f: {unlock: *arg 0}\n",
    };
    struct model_set *set;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_non_null(strstr(load(texts[i], strlen(texts[i]), &set), "are not supported"));
}

static char *repeat(const char *piece, size_t times)
{
    size_t length = strlen(piece);
    char *text = arena_array(&arena, char, length *times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * length, piece, length);
    return text;
}

static void test_model__deep_and_large_files(void **state)
{
    (void)state;
    struct model_set *set;
    const char *deep = repeat("[", 100000);
    assert_non_null(strstr(load(deep, strlen(deep), &set), "nested too deeply"));
    const char *deep_maps = repeat("{a: ", 100000);
    assert_non_null(strstr(load(deep_maps, strlen(deep_maps), &set), "nested too deeply"));
    const char *large = repeat("# 3456789\n", YAML_BYTES_MAX / 10 + 1);
    assert_non_null(strstr(load(large, strlen(large), &set), "too large"));
    const char *wrong = repeat("- x\n", 100000);
    assert_non_null(strstr(load(wrong, strlen(wrong), &set), "got a list"));
}

static void test_model__many_mistakes_are_cut_off(void **state)
{
    (void)state;
    struct model_set *set;
    model_problems problems = {0};
    const char *list = arena_printf(&arena, "library: x\nheaders: [%s[]]\n", repeat("[],", 1000));
    set = model_set_new(&arena);
    assert_false(model_set_add(set, "m.yaml", list, strlen(list), &problems));
    assert_int_equal(problems.count, YAML_PROBLEMS_MAX);
    assert_string_equal(problems.at[problems.count - 1].message,
                        "too many mistakes: the others are left out");
}

static void test_model__bytes_that_are_no_yaml(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } texts[] = {
        {"library: \xff\xfe\n", 12},
        {"\0\0\0", 3},
        {"library: \"a\\0b\"\n", 16},
        {"library: x\n\tfunctions: {}\n", 26},
        {"library: [\n", 11},
        {"library: 'x\n", 12},
        {"---\nlibrary: x\n---\nlibrary: y\n", 31},
        {"? [a]\n: b\n", 10},
        {"\xef\xbb\xbf", 3},
        {"%YAML 9.9\n---\n", 14},
        {"a: b: c\n", 8},
        {"\x7f"
         "ELF\x02\x01\x01",
         7},
    };
    struct model_set *set;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_true(text_starts(load(texts[i].text, texts[i].length, &set), "m.yaml:"));
}

/* Every cut and every flipped byte of a good file either loads or is told; nothing else happens. */
static void test_model__damaged_files(void **state)
{
    (void)state;
    size_t length = strlen(pool_model);
    struct model_set *set;
    for (size_t cut = 0; cut < length; cut += 7) {
        load(pool_model, cut, &set);
        arena_release(&arena);
    }
    for (size_t at = 0; at < length; at += 3) {
        char *copy = arena_strndup(&arena, pool_model, length);
        copy[at] = (char)("*&!{}[]\0\t\n:-\xc3"[at % 13]);
        load(copy, length, &set);
        arena_release(&arena);
    }
}

/* ---- the manual ------------------------------------------------------------------------------ */

/* The indented block of the manual that begins with this line, behind `before`. */
static const char *manual_block(const char *before, const char *first_line)
{
    size_t length = 0;
    const char *manual = file_read(&arena, "rules/models/README.md", YAML_BYTES_MAX, &length);
    assert_non_null(manual);
    const char *at = strstr(manual, first_line);
    assert_non_null(at);
    const char *end = at;
    while (text_starts(end, "    "))
        end = strchr(end, '\n') + 1;
    return arena_printf(&arena, "%s%.*s", before, (int)(end - at), at);
}

static void test_model__examples_of_the_manual_load(void **state)
{
    (void)state;
    struct model_set *set;
    const char *pool = manual_block("", "    library: mypool\n");
    assert_string_equal(load(pool, strlen(pool), &set), "");
    assert_int_equal(set->functions.count, 4);
    const char *select = manual_block("library: x\nfunctions:\n", "    leash_select:\n");
    assert_string_equal(load(select, strlen(select), &set), "");
    assert_int_equal(set->functions.count, 1);
}

/* ---- the schema ------------------------------------------------------------------------------ */

static void test_model__schema_is_the_grammar(void **state)
{
    (void)state;
    assert_schema("rules/models/model.schema.json", &model_grammar, "leash: a model of a library");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_model__a_pool_of_ones_own, release),
        cmocka_unit_test_teardown(test_model__bundled_models_load, release),
        cmocka_unit_test_teardown(test_model__later_files_win, release),
        cmocka_unit_test_teardown(test_model__references, release),
        cmocka_unit_test_teardown(test_model__conditions, release),
        cmocka_unit_test_teardown(test_model__mistakes_in_the_file, release),
        cmocka_unit_test_teardown(test_model__mistakes_in_an_entry, release),
        cmocka_unit_test_teardown(test_model__an_entry_without_meaning_lists_the_meanings, release),
        cmocka_unit_test_teardown(test_model__every_mistake_is_told, release),
        cmocka_unit_test_teardown(test_model__no_aliases_anchors_or_tags, release),
        cmocka_unit_test_teardown(test_model__deep_and_large_files, release),
        cmocka_unit_test_teardown(test_model__many_mistakes_are_cut_off, release),
        cmocka_unit_test_teardown(test_model__bytes_that_are_no_yaml, release),
        cmocka_unit_test_teardown(test_model__damaged_files, release),
        cmocka_unit_test_teardown(test_model__examples_of_the_manual_load, release),
        cmocka_unit_test_teardown(test_model__schema_is_the_grammar, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
