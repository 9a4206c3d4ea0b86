/*
 * Looking into the search: how much it may cost, and what it says of one line.
 */
#include "run.h"

/* Four workers that wait for each other's lock: a few hundred states.  One of them may leave
 * without wg_done. */
static const char busy_source[] = "#include <leash.h>\n"
                                  "\n"
                                  "static mu_t mu;\n"
                                  "static wg_t wg;\n"
                                  "\n"
                                  "static void work(int gives_up)\n"
                                  "{\n"
                                  "    mu_lock(&mu);\n"
                                  "    mu_unlock(&mu);\n"
                                  "    mu_lock(&mu);\n"
                                  "    mu_unlock(&mu);\n"
                                  "    if (gives_up)\n"
                                  "        return;\n"
                                  "    wg_done(&wg);\n"
                                  "}\n"
                                  "\n"
                                  "int main(void)\n"
                                  "{\n"
                                  "    wg_add(&wg, 4);\n"
                                  "    spawn(work, 0);\n"
                                  "    spawn(work, 0);\n"
                                  "    spawn(work, 0);\n"
                                  "    spawn(work, 1);\n"
                                  "    wg_wait(&wg);\n"
                                  "    return 0;\n"
                                  "}\n";

/* Two locks in two orders, among others that make it many states. */
static const char cycle_source[] = "#include <leash.h>\n"
                                   "\n"
                                   "static mu_t a, b, c;\n"
                                   "\n"
                                   "static void one(void)\n"
                                   "{\n"
                                   "    mu_lock(&c);\n"
                                   "    mu_unlock(&c);\n"
                                   "    mu_lock(&a);\n"
                                   "    mu_lock(&b);\n"
                                   "    mu_unlock(&b);\n"
                                   "    mu_unlock(&a);\n"
                                   "}\n"
                                   "\n"
                                   "static void two(void)\n"
                                   "{\n"
                                   "    mu_lock(&b);\n"
                                   "    mu_lock(&a);\n"
                                   "    mu_unlock(&a);\n"
                                   "    mu_unlock(&b);\n"
                                   "}\n"
                                   "\n"
                                   "static void busy(void)\n"
                                   "{\n"
                                   "    for (int i = 0; i < 2; i++) {\n"
                                   "        mu_lock(&c);\n"
                                   "        mu_unlock(&c);\n"
                                   "    }\n"
                                   "}\n"
                                   "\n"
                                   "int main(void)\n"
                                   "{\n"
                                   "    spawn(one);\n"
                                   "    spawn(two);\n"
                                   "    spawn(busy);\n"
                                   "    spawn(busy);\n"
                                   "    spawn(busy);\n"
                                   "    return 0;\n"
                                   "}\n";

/* ---- --budget -------------------------------------------------------------------------------- */

static void test_explore__a_small_budget_is_told(void **state)
{
    put(*state, "busy.c", busy_source);
    struct outcome all = leash(*state, "check --stats busy.c -- -I%s", LEASH_INCLUDE);
    assert_status(all, 1);
    assert_has(all.err, "1 scope explored: ");
    assert_has(all.err, "; 0 scopes not in full\n");
    struct outcome few = leash(*state, "check --stats --budget=1 busy.c -- -I%s", LEASH_INCLUDE);
    assert_has(few.err, "; 1 scope not in full: from 'main' of busy.c (--budget allows more)\n");
    struct outcome json =
        leash(*state, "check --format json --budget 1 busy.c -- -I%s", LEASH_INCLUDE);
    assert_has(json.out, "\"scopes\":1");
    assert_has(json.out, "\"scopes_cut\":1");
}

static void test_explore__part_of_the_states_is_no_proof(void **state)
{
    put(*state, "cycle.c", cycle_source);
    struct outcome all = leash(*state, "check --format json cycle.c -- -I%s", LEASH_INCLUDE);
    assert_has(all.out, "\"rule\":\"lock-cycle\"");
    assert_has(all.out, "\"confidence\":\"proven\"");
    struct outcome few =
        leash(*state, "check --format json --budget 2 cycle.c -- -I%s", LEASH_INCLUDE);
    assert_has(few.out, "\"rule\":\"lock-cycle\"");
    assert_has(few.out, "\"confidence\":\"likely\"");
}

/* The same states each time, whatever the clock says. */
static void test_explore__a_budget_is_no_matter_of_time(void **state)
{
    put(*state, "busy.c", busy_source);
    struct outcome runs[2];
    for (size_t i = 0; i < COUNT_OF(runs); i++)
        runs[i] = leash(*state, "check --format json --budget 3 busy.c -- -I%s", LEASH_INCLUDE);
    assert_string_equal(runs[0].out, runs[1].out);
}

/* As many programs as cost more than a run may: the last ones are not looked at, and that is said.
 */
static void test_explore__a_run_has_an_end(void **state)
{
    enum { PROGRAMS = 40 };
    struct folder *folder = *state;
    struct text entries = {0};
    for (int i = 0; i < PROGRAMS; i++) {
        const char *name = arena_printf(&folder->arena, "busy%d.c", i);
        put(folder, name, busy_source);
        text_printf(&entries,
                    "%s{\"directory\": \".\", \"file\": \"%s\", \"command\": \"cc -I%s -c %s\"}",
                    i ? ",\n" : "", name, LEASH_INCLUDE, name);
    }
    put(folder, "compile_commands.json", arena_printf(&folder->arena, "[%s]", entries.at));
    text_release(&entries);
    struct outcome run = leash(folder, "check --budget=1 --stats");
    assert_has(run.err, "40 scopes explored: ");
    assert_has(run.err, ", where 400 are allowed; 40 scopes not in full: ");
    struct outcome first = leash(folder, "check --budget=1 --explain-silence busy0.c:24");
    assert_lacks(first.out, "the run, may cost");
    struct outcome last = leash(folder, "check --budget=1 --explain-silence busy39.c:24");
    assert_has(last.out, "other parts took up what the program, or the run, may cost");
    struct outcome more = leash(folder, "check --stats");
    assert_has(more.err, ", where 100000 are allowed; 0 scopes not in full");
}

/* Each has static variables that begin with something, as many more files than calls may be deep.
 */
static void test_explore__a_program_of_many_files(void **state)
{
    enum { FILES = 25 };
    struct folder *folder = *state;
    const char *calls = "";
    for (int i = 0; i < FILES; i++) {
        put(folder, arena_printf(&folder->arena, "part%d.c", i),
            arena_printf(&folder->arena,
                         "#include <leash.h>\n"
                         "static mu_t mu;\n"
                         "static struct node { mu_t *lock; int is_on; } node = {&mu, 1};\n"
                         "void use%d(void)\n"
                         "{\n"
                         "    if (node.is_on) {\n"
                         "        mu_lock(node.lock);\n"
                         "        mu_unlock(node.lock);\n"
                         "    }\n"
                         "}\n",
                         i));
        calls =
            arena_printf(&folder->arena, "%s    void use%d(void);\n    use%d();\n", calls, i, i);
    }
    put(folder, "main.c",
        arena_printf(&folder->arena,
                     "#include <leash.h>\n"
                     "static mu_t last;\n"
                     "int main(void)\n"
                     "{\n"
                     "%s"
                     "    mu_lock(&last);\n"
                     "    mu_lock(&last);\n"
                     "    return 0;\n"
                     "}\n",
                     calls));
    struct outcome outcome = leash(folder, "check --stats main.c part*.c -- -I%s", LEASH_INCLUDE);
    assert_status(outcome, 1);
    assert_has(outcome.out, "[lock-cycle]");
    assert_has(outcome.err, "; 0 scopes not in full\n");
}

/* ---- --explain-silence ----------------------------------------------------------------------- */

static const char talk_source[] =
    "#include <leash.h>\n"
    "\n"
    "#define TAKE(ch, to) (void)chan_recv((ch), (to))\n"
    "chan_t *lib_get(void);\n"
    "void lib_send(chan_t *ch);\n"
    "\n"
    "static void sink(chan_t *ch)\n"
    "{\n"
    "    int value;\n"
    "    TAKE(ch, &value);\n"
    "}\n"
    "\n"
    "void meets(void)\n"
    "{\n"
    "    chan_t *ch = chan_make(int, 0);\n"
    "    int value = 1;\n"
    "    spawn(sink, ch);\n"
    "    chan_send(ch, &value);\n"
    "}\n"
    "\n"
    "void is_handed(chan_t *given)\n"
    "{\n"
    "    chan_t *mine = chan_make(int, 0);\n"
    "    int value;\n"
    "    chan_recv(given, &value);\n"
    "    lib_send(mine);\n"
    "    chan_recv(mine, &value);\n"
    "    chan_t *theirs = lib_get();\n"
    "    chan_recv(theirs, &value);\n"
    "}\n"
    "\n"
    "void looks(void)\n"
    "{\n"
    "    chan_t *ch = chan_make(int, 0);\n"
    "    chan_select(RECV(ch, NULL), AFTER_MS(10));\n"
    "    chan_select(RECV(ch, NULL), DEFAULT());\n"
    "    chan_free(ch);\n"
    "}\n"
    "\n"
    "void stays(void)\n"
    "{\n"
    "    chan_t *ch = chan_make(int, 0);\n"
    "    chan_recv(ch, NULL);\n"
    "}\n"
    "\n"
    "void is_null(void)\n"
    "{\n"
    "    chan_recv(NULL, NULL); // leash:ignore nil-channel -- a test\n"
    "}\n";

static struct outcome ask(struct folder *folder, unsigned line)
{
    put(folder, "talk.c", talk_source);
    struct outcome outcome =
        leash(folder, "check --explain-silence talk.c:%u talk.c -- -I%s", line, LEASH_INCLUDE);
    assert_status(outcome, 0);
    assert_string_equal(outcome.err, "");
    return outcome;
}

static void test_explore__what_ends_a_wait(void **state)
{
    static const struct {
        unsigned line;
        const char *says;
    } cases[] = {
        {10, "talk.c:10:5: chan_recv(ch) in 'sink'\n    not reported\n"
             "    ended by 'meets', which sends at talk.c:18\n"},
        {18, "talk.c:18:5: chan_send(ch) in 'meets'\n    not reported\n"
             "    ended by 'sink', which receives at talk.c:10\n"},
        {25, "given comes from a caller that is not in sight: parameter 'given' of 'is_handed'"},
        {27, "mine is handed to 'lib_send' at talk.c:26, which is not in the program"},
        {29, "theirs comes from 'lib_get' at talk.c:28, which is not in the program"},
        {35, "talk.c:35:5: chan_select in 'looks'\n    not reported\n"
             "    ended by its own time limit\n"},
        {36, "it does not wait"},
        {43, "    reported by unbounded-receive at talk.c:43\n"},
        {48, "found by nil-channel at talk.c:48, but a comment, the settings"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_has(ask(*state, cases[i].line).out, cases[i].says);
}

static void test_explore__a_line_without_a_wait(void **state)
{
    assert_string_equal(ask(*state, 16).out,
                        "talk.c:16: no task can wait on this line; the nearest waits are "
                        "chan_recv(ch) on line 10 and chan_send(ch) on line 18\n");
    assert_has(ask(*state, 1).out, "the nearest wait is chan_recv(ch) on line 10\n");
    assert_has(ask(*state, 9999).out, "the nearest wait is chan_recv(NULL) on line 48\n");
    put(*state, "clean.c", clean_source);
    struct outcome none = leash(*state, "check --explain-silence clean.c:3 clean.c --");
    assert_status(none, 0);
    assert_string_equal(none.out, "clean.c:3: no task can wait on this line; there is no wait in "
                                  "this file\n");
}

static void test_explore__a_finding_that_is_not_shown(void **state)
{
    put(*state, "cycle.c", cycle_source);
    struct outcome off =
        leash(*state, "check --explain-silence cycle.c:10 --rules -lock-cycle cycle.c -- -I%s",
              LEASH_INCLUDE);
    assert_status(off, 0);
    assert_has(off.out, "task 'one' waits here for ever");
    assert_has(off.out, "(lock-cycle, switched off)");
    struct outcome other =
        leash(*state, "check --explain-silence cycle.c:18 cycle.c -- -I%s", LEASH_INCLUDE);
    assert_has(other.out, "behind 'one', which waits at cycle.c:10: that is the cause");
    struct outcome few = leash(
        *state, "check --explain-silence cycle.c:26 --budget=1 cycle.c -- -I%s", LEASH_INCLUDE);
    assert_has(few.out, "not everything was searched: more states than the budget allows");
}

static void test_explore__what_nothing_reaches(void **state)
{
    put(*state, "unused.c",
        "#include <leash.h>\n"
        "static mu_t mu;\n"
        "void nobody_calls_this(void) { mu_lock(&mu); mu_unlock(&mu); }\n"
        "int main(void) { return 0; }\n");
    struct outcome outcome =
        leash(*state, "check --explain-silence unused.c:3 unused.c -- -I%s", LEASH_INCLUDE);
    assert_status(outcome, 0);
    assert_has(outcome.out, "not reported\n    no execution from main reaches it\n");
}

static void test_explore__a_place_that_is_none(void **state)
{
    static const struct {
        const char *place, *says;
    } cases[] = {
        {"talk.c", "wants FILE:LINE, not 'talk.c'"},
        {"talk.c:", "wants FILE:LINE, not 'talk.c:'"},
        {":12", "wants FILE:LINE, not ':12'"},
        {"talk.c:0", "wants FILE:LINE, not 'talk.c:0'"},
        {"talk.c:-3", "wants FILE:LINE, not 'talk.c:-3'"},
        {"talk.c:ten", "wants FILE:LINE, not 'talk.c:ten'"},
        {"talk.c:99999999999", "wants FILE:LINE"},
        {"gone.c:3", "gone.c: error: is not part of the program"},
        {"clean.c:3", "clean.c: error: is not part of the program"},
        {".:3", "is not part of the program"},
    };
    put(*state, "talk.c", talk_source);
    put(*state, "clean.c", clean_source);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = leash(*state, "check --explain-silence %s talk.c -- -I%s",
                                       cases[i].place, LEASH_INCLUDE);
        assert_status(outcome, 2);
        assert_has(outcome.err, cases[i].says);
        assert_string_equal(outcome.out, "");
    }
}

/* ---- how it is told -------------------------------------------------------------------------- */

/* The producer can end without closing, and the consumers are two tasks of one function; what they
 * receive with only hands on. */
static const char told_source[] = "#include <leash.h>\n"
                                  "\n"
                                  "extern int coin(void);\n"
                                  "\n"
                                  "static int next(chan_t *ch, int *value)\n"
                                  "{\n"
                                  "    return chan_recv(ch, value);\n"
                                  "}\n"
                                  "\n"
                                  "static void produce(chan_t *ch)\n"
                                  "{\n"
                                  "    for (int i = 0; i < 5; i++)\n"
                                  "        chan_send(ch, &i);\n"
                                  "    if (coin())\n"
                                  "        return;\n"
                                  "    chan_close(ch);\n"
                                  "}\n"
                                  "\n"
                                  "static void consume(chan_t *ch)\n"
                                  "{\n"
                                  "    for (int value; next(ch, &value);)\n"
                                  "        ;\n"
                                  "}\n"
                                  "\n"
                                  "int main(void)\n"
                                  "{\n"
                                  "    chan_t *ch = chan_make(int, 5);\n"
                                  "    spawn(produce, ch);\n"
                                  "    spawn(consume, ch);\n"
                                  "    spawn(consume, ch);\n"
                                  "    return 0;\n"
                                  "}\n";

static void test_explore__an_execution_confirms_a_finding(void **state)
{
    put(*state, "told.c", told_source);
    struct outcome text = leash(*state, "check told.c -- -I%s", LEASH_INCLUDE);
    assert_has(text.out, "told.c:15:9: error: 'produce' can end here without closing 'ch'");
    assert_has(text.out, "told.c:16:5: note: on other ways it is closed here");
    assert_has(text.out, "told.c:28:5: note: 1. 'main': a task is spawned to run 'produce'");
    assert_has(text.out, "told.c:7:12: note: chan_recv is called here, by 'next'");
    assert_has(text.out, "'consume' #1 waits here: nobody is left who would close it");
    struct outcome json =
        leash(*state, "check --format json --rules missing-close told.c -- -I%s", LEASH_INCLUDE);
    assert_has(json.out, "\"confidence\":\"proven\"");
}

static void test_explore__a_story_counts_what_comes_again(void **state)
{
    put(*state, "told.c", told_source);
    struct outcome text = leash(*state, "check told.c -- -I%s", LEASH_INCLUDE);
    assert_has(text.out, "'produce': sends on ch, 5 times");
    assert_lacks(text.out, "'produce' #");
}

/* By another way to the same file, and with the unit in a file of its own. */
static void test_explore__other_names_of_the_file(void **state)
{
    put(*state, "talk.c", talk_source);
    shell(*state, "mkdir sub && ln -s ../talk.c sub/link.c");
    struct outcome link =
        leash(*state, "check --explain-silence sub/link.c:18 talk.c -- -I%s", LEASH_INCLUDE);
    assert_status(link, 0);
    assert_has(link.out, "talk.c:18:5: chan_send(ch)");
    leash(*state, "collect -o talk.unit talk.c -- -I%s", LEASH_INCLUDE);
    struct outcome unit = leash(*state, "check --explain-silence=./talk.c:18 talk.unit");
    assert_status(unit, 0);
    assert_has(unit.out, "ended by 'sink', which receives at talk.c:10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(test_explore__a_small_budget_is_told),
        folder_test(test_explore__part_of_the_states_is_no_proof),
        folder_test(test_explore__a_budget_is_no_matter_of_time),
        folder_test(test_explore__a_run_has_an_end),
        folder_test(test_explore__a_program_of_many_files),
        folder_test(test_explore__what_ends_a_wait),
        folder_test(test_explore__a_line_without_a_wait),
        folder_test(test_explore__a_finding_that_is_not_shown),
        folder_test(test_explore__what_nothing_reaches),
        folder_test(test_explore__a_place_that_is_none),
        folder_test(test_explore__other_names_of_the_file),
        folder_test(test_explore__an_execution_confirms_a_finding),
        folder_test(test_explore__a_story_counts_what_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
