/* Findings as people read them. */
#include "findings.h"

static const char worker_c[] = "#include <leash.h>\n"
                               "\n"
                               "static void worker(chan_t *jobs, wg_t *wg)\n"
                               "{\n"
                               "    int job;\n"
                               "\twhile (chan_recv(jobs, &job)) { // until closed\n"
                               "        if (job < 0)\n"
                               "            return;   \n"
                               "    }\n"
                               "    puts(\"\xC3\xA4\xE4\xBD\xA0\xE5\xA5\xBD\"); wg_done(wg);\n"
                               "}\n";

static void assert_shown(struct bench *bench, struct report_style style, const char *expected)
{
    struct text out = {0};

    style.sources = &bench->sources;
    report_text(&out, &bench->found, &style);
    assert_string_equal(out.at ? out.at : "", expected);
    text_release(&out);
}

static void test_text__a_finding_tells_its_story(void **state)
{
    struct bench *bench = *state;
    struct place exit = {"/p/src/worker.c", 8, 13, 8, 20};
    struct place spawn = {"/p/src/main.c", 1, 5, 1, 25};

    bench_file(bench, "/p/src/worker.c", worker_c);
    bench_file(bench, "/p/src/main.c", "    spawn(worker, jobs);\n");
    struct finding *finding =
        bench_finding(bench, "missing-wg-done", exit, "this return leaves 'wg' without wg_done");
    bench_note(bench, finding, spawn, "the task is spawned here");
    bench_note(bench, finding, spawn, "and counted here too");
    finding = bench_finding(bench, "endless-task", (struct place){"/p/src/worker.c", 6, 2, 9, 6},
                            "this loop never ends");
    finding->severity = SEVERITY_WARNING;
    assert_shown(bench, (struct report_style){.directory = "/p"},
                 "src/worker.c:8:13: error: this return leaves 'wg' without wg_done "
                 "[missing-wg-done]\n"
                 "    8 |             return;\n"
                 "      |             ^~~~~~~\n"
                 "src/main.c:1:5: note: the task is spawned here\n"
                 "    1 |     spawn(worker, jobs);\n"
                 "      |     ^~~~~~~~~~~~~~~~~~~~\n"
                 "src/main.c:1:5: note: and counted here too\n"
                 "\n"
                 "src/worker.c:6:2: warning: this loop never ends [endless-task]\n"
                 "    6 |         while (chan_recv(jobs, &job)) { // until closed\n"
                 "      |         ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
}

static void test_text__wide_characters_move_the_caret_by_cells(void **state)
{
    struct bench *bench = *state;

    bench_file(bench, "/p/worker.c", worker_c);
    bench_finding(bench, "wg-count", (struct place){"/p/worker.c", 10, 23, 10, 34}, "one too many");
    bench_finding(bench, "wg-count", (struct place){"/p/worker.c", 10, 11, 10, 19}, "this text");
    assert_shown(bench, (struct report_style){.directory = "/p"},
                 "worker.c:10:23: error: one too many [wg-count]\n"
                 "   10 |     puts(\"\xC3\xA4\xE4\xBD\xA0\xE5\xA5\xBD\"); wg_done(wg);\n"
                 "      |                    ^~~~~~~~~~~\n"
                 "\n"
                 "worker.c:10:11: error: this text [wg-count]\n"
                 "   10 |     puts(\"\xC3\xA4\xE4\xBD\xA0\xE5\xA5\xBD\"); wg_done(wg);\n"
                 "      |           ^~~~~\n");
}

static void test_text__hostile_bytes_never_reach_the_terminal(void **state)
{
    struct bench *bench = *state;

    bench_file(bench, "/p/a.c",
               "a\033[2Jb\xFF\xE2\x80\xAE"
               "c\n");
    bench_finding(bench, "x", (struct place){"/p/a.c", 1, 7, 1, 8}, "name '\033]0;\a'");
    assert_shown(bench, (struct report_style){0},
                 "/p/a.c:1:7: error: name '\xEF\xBF\xBD]0;\xEF\xBF\xBD' [x]\n"
                 "    1 | a\xEF\xBF\xBD[2Jb\xEF\xBF\xBD\xEF\xBF\xBD"
                 "c\n"
                 "      |       ^\n");
}

static void test_text__long_lines_show_the_range(void **state)
{
    struct bench *bench = *state;
    char line[1001];

    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    memcpy(line + 500, "here", 4);
    bench_file(bench, "/p/a.c", line);
    bench_finding(bench, "x", (struct place){"/p/a.c", 1, 501, 1, 505}, "middle");
    bench_finding(bench, "x", (struct place){"/p/a.c", 1, 1, 1, 1001}, "all of it");
    bench_finding(bench, "x", (struct place){"/p/a.c", 1, 998, 1, 5000}, "behind the end");
    assert_shown(bench, (struct report_style){.width = 40},
                 "/p/a.c:1:501: error: middle [x]\n"
                 "    1 | ...xxxxxxxherexxxxxxxxxxxxxxxxxxxxxxx...\n"
                 "      |           ^~~~\n"
                 "\n"
                 "/p/a.c:1:1: error: all of it [x]\n"
                 "    1 | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\n"
                 "      | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
                 "\n"
                 "/p/a.c:1:998: error: behind the end [x]\n"
                 "    1 | ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
                 "      |                                      ^~~\n");
}

/* A file of one line of megabytes must not cost its length for each of its findings. */
static void test_text__megabytes_in_a_line(void **state)
{
    struct bench *bench = *state;
    size_t length = 8 << 20;
    char *line = xmalloc(length + 1);
    struct text out = {0};

    memset(line, 'x', length);
    line[length] = '\0';
    bench_file(bench, "/p/a.c", line);
    for (uint32_t i = 0; i < 2000; i++)
        bench_finding(bench, "x", (struct place){"/p/a.c", 1, 4000 * i + 1, 1, 4000 * i + 9}, "m");
    report_text(&out, &bench->found, &(struct report_style){.sources = &bench->sources});
    assert_in_range(out.length, 2000 * 200, 2000 * 320);
    text_release(&out);
    free(line);
}

static void test_text__places_that_are_not_there(void **state)
{
    struct bench *bench = *state;

    bench_file(bench, "/p/a.c", "int a;\n\n");
    bench_finding(bench, "x", (struct place){"/gone.c", 3, 4, 3, 9}, "no such file");
    bench_finding(bench, "x", (struct place){"/p/a.c", 0, 0, 0, 0}, "the whole file");
    bench_finding(bench, "x", (struct place){"/p/a.c", 9, 1, 9, 2}, "line behind the end");
    bench_finding(bench, "x", (struct place){"/p/a.c", 1, 90, 1, 99}, "column behind the end");
    bench_finding(bench, "x", (struct place){"/p/a.c", 2, 1, 2, 1}, "empty line");
    assert_shown(bench, (struct report_style){.directory = "/p"},
                 "/gone.c:3:4: error: no such file [x]\n"
                 "\n"
                 "a.c: error: the whole file [x]\n"
                 "\n"
                 "a.c:9:1: error: line behind the end [x]\n"
                 "\n"
                 "a.c:1:90: error: column behind the end [x]\n"
                 "    1 | int a;\n"
                 "      |       ^\n"
                 "\n"
                 "a.c:2:1: error: empty line [x]\n"
                 "    2 | \n"
                 "      | ^\n");
}

static void test_text__colour(void **state)
{
    struct bench *bench = *state;

    bench_file(bench, "/p/a.c", "f();\n");
    struct finding *finding =
        bench_finding(bench, "x", (struct place){"/p/a.c", 1, 1, 1, 4}, "bad");
    bench_note(bench, finding, (struct place){0}, "so it goes");
    assert_shown(bench, (struct report_style){.directory = "/p", .colour = true},
                 "\033[1ma.c:1:1:\033[0m \033[1;31merror:\033[0m \033[1mbad\033[0m "
                 "[\033[1;31mx\033[0m]\n"
                 "    1 | f();\n"
                 "      | \033[1;32m^~~\033[0m\n"
                 "\033[1;36mnote:\033[0m so it goes\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_text__a_finding_tells_its_story),
        TEST(test_text__wide_characters_move_the_caret_by_cells),
        TEST(test_text__hostile_bytes_never_reach_the_terminal),
        TEST(test_text__long_lines_show_the_range),
        TEST(test_text__megabytes_in_a_line),
        TEST(test_text__places_that_are_not_there),
        TEST(test_text__colour),
    };

    return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
