/*
 * compile_commands.json: where it is found, what is in it, and what must not be.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

/* One entry; `more` begins with a comma or is empty. */
static const char *entry(struct folder *folder, const char *file, const char *arguments,
                         const char *more)
{
    return arena_printf(&folder->arena,
                        "{\"directory\": \"%s\", \"file\": \"%s\", \"arguments\": [%s]%s}",
                        folder->path, file, arguments, more);
}

static void put_database(struct folder *folder, const char *name, const char *entries)
{
    put(folder, name, arena_printf(&folder->arena, "[%s]\n", entries));
}

/* A program of two units, in which only both together show the leak. */
static void put_program(struct folder *folder)
{
    put(folder, "main.c",
        "#include <leash.h>\n"
        "void work(wg_t *wg);\n"
        "int main(void)\n"
        "{\n"
        "    wg_t wg = {0};\n"
        "    wg_add(&wg, 1);\n"
        "    spawn(work, &wg);\n"
        "    wg_wait(&wg);\n"
        "    return 0;\n"
        "}\n");
    put(folder, "work.c",
        "#include <leash.h>\n"
        "int is_done(void);\n"
        "void work(wg_t *wg)\n"
        "{\n"
        "    if (is_done())\n"
        "        return;\n"
        "    wg_done(wg);\n"
        "}\n");
    put_database(folder, "build/compile_commands.json",
                 arena_printf(&folder->arena, "%s, %s",
                              entry(folder, "main.c", "\"cc\", \"-I" LEASH_INCLUDE "\"", ""),
                              entry(folder, "work.c", "\"cc\", \"-I" LEASH_INCLUDE "\"", "")));
}

static void test_database__is_found(void **state)
{
    struct folder *folder = *state;
    put_program(folder);
    put(folder, "src/deep/x", "");
    static const char *const places[] = {".", "build", "src/deep"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct outcome outcome = shell(folder, "cd %s && \"$LEASH\" check", places[i]);
        assert_status(outcome, 1);
        assert_has(outcome.out, "work.c:6:9: error: ");
        assert_has(outcome.err, "in 2 units");
    }
    struct outcome outcome = leash(folder, "check -p build/compile_commands.json");
    assert_status(outcome, 1);
}

static void test_database__files_with_p_choose_findings(void **state)
{
    struct folder *folder = *state;
    put_program(folder);
    struct outcome outcome = leash(folder, "check -p build work.c");
    assert_status(outcome, 1);
    assert_has(outcome.out, "work.c:6:9: error: ");
    outcome = leash(folder, "check -p build main.c");
    assert_status(outcome, 0);
    assert_string_equal(outcome.out, "");
    outcome = leash(folder, "check -p build gone.c");
    assert_status(outcome, 2);
    assert_string_equal(outcome.out, "");
    put(folder, "new.c", clean_source);
    outcome = leash(folder, "check -p build new.c");
    assert_status(outcome, 2);
    assert_has(outcome.err, "new.c: error: is not listed in ");
}

static void test_database__gives_flags_to_files(void **state)
{
    struct folder *folder = *state;
    put_program(folder);
    struct outcome outcome = leash(folder, "check main.c work.c");
    assert_status(outcome, 1);
    assert_has(outcome.err, "in 2 units");
    put(folder, "new.c", clean_source);
    outcome = leash(folder, "check new.c work.c");
    assert_status(outcome, 2);
    assert_has(outcome.err, "new.c: error: is not listed in ");
    assert_has(outcome.err, "leash check FILE -- FLAG");
    assert_has(outcome.err, "in 1 unit");
    outcome = leash(folder, "check new.c --");
    assert_status(outcome, 0);
}

static void test_database__header_goes_with_a_unit(void **state)
{
    struct folder *folder = *state;
    put(folder, "inc/job.h", leaky_source);
    put(folder, "inc/lost.h", "int lost(void);\n");
    put(folder, "a.c", clean_source);
    put(folder, "b.c", "  #  include \"inc/job.h\"\n");
    put_database(folder, "compile_commands.json",
                 arena_printf(&folder->arena, "%s, %s",
                              entry(folder, "a.c", "\"cc\", \"-I" LEASH_INCLUDE "\"", ""),
                              entry(folder, "b.c", "\"cc\", \"-I" LEASH_INCLUDE "\"", "")));
    struct outcome outcome = leash(folder, "check inc/job.h");
    assert_status(outcome, 1);
    assert_has(outcome.out, "inc/job.h:6:9: error: ");
    assert_has(outcome.err, "in 1 unit");
    outcome = leash(folder, "check inc/lost.h");
    assert_status(outcome, 2);
    assert_has(outcome.err, "inc/lost.h: error: no C file of ");
    assert_has(outcome.err, "leash check -p ");
}

static void test_database__is_missing(void **state)
{
    struct folder *folder = *state;
    struct outcome outcome = leash(folder, "check");
    assert_status(outcome, 2);
    assert_has(outcome.err, "no compile_commands.json in ");
    assert_has(outcome.err, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON");
    outcome = leash(folder, "check -p nowhere");
    assert_status(outcome, 2);
    assert_has(outcome.err, "nowhere/compile_commands.json: error: cannot be read: No such file");
    assert_has(outcome.err, "bear -- make");
    /* A file alone needs none. */
    put(folder, "a.c", clean_source);
    outcome = leash(folder, "check a.c");
    assert_status(outcome, 0);
}

static void test_database__broken_json(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[\n  {\"directory\": \".\",\n   \"file\": }\n]\n", "compile_commands.json:3:"},
        {"", "compile_commands.json:1:"},
        {"{}", "compile_commands.json:1:1: error: is no list"},
        {"[1, 2", "compile_commands.json:1:"},
        {"\xff\xfe", "compile_commands.json:1:"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put(*state, "compile_commands.json", cases[i].text);
        struct outcome outcome = leash(*state, "check");
        assert_status(outcome, 2);
        assert_has(outcome.err, cases[i].says);
        assert_has(outcome.err, "bear -- make");
    }
    struct text text = {0};
    for (int i = 0; i < 100 * 1000; i++)
        text_add(&text, "[");
    put(*state, "compile_commands.json", text.at);
    text_release(&text);
    struct outcome outcome = leash(*state, "check");
    assert_status(outcome, 2);
    assert_has(outcome.err, "broken JSON");
    outcome = shell(*state, "truncate -s 101M compile_commands.json && \"$LEASH\" check");
    assert_status(outcome, 2);
    assert_has(outcome.err, "larger than 100 MiB");
}

static void test_database__hostile_entries(void **state)
{
    struct folder *folder = *state;
    put(folder, "a.c", clean_source);
    put_database(
        folder, "compile_commands.json",
        arena_printf(&folder->arena,
                     "1, [], {}, {\"directory\": 3, \"file\": \"a.c\", \"command\": \"cc\"}, "
                     "{\"directory\": \".\", \"file\": [], \"command\": \"cc\"}, "
                     "{\"directory\": \".\", \"file\": \"a.c\"}, "
                     "{\"directory\": \".\", \"file\": \"a.c\", \"arguments\": [\"cc\", 1]}, "
                     "{\"directory\": \".\", \"file\": \"a.c\", \"command\": \"cc -c a.c\"}"));
    struct outcome outcome = leash(folder, "check --list-units");
    assert_status(outcome, 2);
    static const char *const says[] = {
        "entry 0 (counted from 0) is no object",
        "entry 1 (counted from 0) is no object",
        "entry 2 (counted from 0) lacks 'directory'",
        "entry 2 (counted from 0) lacks 'file'",
        "entry 3 (counted from 0) has no string as 'directory'",
        "entry 4 (counted from 0) has no string as 'file'",
        "entry 5 (counted from 0) has neither",
        "entry 6 (counted from 0) has something else than a string in 'arguments'",
    };
    for (size_t i = 0; i < COUNT_OF(says); i++)
        assert_has(outcome.err, says[i]);
    assert_string_equal(outcome.out, "analysed  a.c\n");
}

static void test_database__other_languages_are_counted(void **state)
{
    struct folder *folder = *state;
    put(folder, "a.c", clean_source);
    put(folder, "b.c", clean_source);
    put_database(folder, "compile_commands.json",
                 arena_printf(&folder->arena, "%s, %s, %s, %s, %s, %s",
                              entry(folder, "a.c", "\"cc\", \"-c\", \"a.c\"", ""),
                              entry(folder, "x.cpp", "\"c++\", \"-c\", \"x.cpp\"", ""),
                              entry(folder, "y.cc", "\"c++\", \"-c\", \"y.cc\"", ""),
                              entry(folder, "b.c", "\"g++\", \"-c\", \"b.c\"", ""),
                              entry(folder, "s.S", "\"cc\", \"-c\", \"s.S\"", ""),
                              entry(folder, "a.c",
                                    "\"/usr/lib/llvm-19/bin/clang\", \"-cc1\", \"a.c\"", "")));
    struct outcome outcome = leash(folder, "check");
    assert_status(outcome, 0);
    assert_string_equal(outcome.err,
                        "0 findings in 1 unit; 3 C++ units skipped; 1 assembler unit skipped\n");
}

static void test_database__equal_entries_count_once(void **state)
{
    struct folder *folder = *state;
    put(folder, "leaky.c", leaky_source);
    const char *include = "\"cc\", \"-I" LEASH_INCLUDE "\", \"-c\", \"leaky.c\", \"-o\", ";
    const char *quiet = arena_printf(&folder->arena, "%s\"a.o\", \"-O2\"", include);
    const char *other = arena_printf(&folder->arena, "%s\"b.o\", \"-O2\", \"-Wall\"", include);
    const char *define = arena_printf(&folder->arena, "%s\"c.o\", \"-DSHARED\"", include);
    put(folder, "sub/x", "");
    put_database(folder, "compile_commands.json",
                 arena_printf(&folder->arena, "%s, %s, %s, %s", entry(folder, "leaky.c", quiet, ""),
                              entry(folder, "./sub/../leaky.c", other, ""),
                              entry(folder, "leaky.c", quiet, ""),
                              entry(folder, "leaky.c", define, "")));
    struct outcome outcome = leash(folder, "check");
    assert_status(outcome, 1);
    /* Two ways to build it, one finding. */
    assert_has(outcome.err, "1 finding (1 error) in 2 units\n");
}

static void test_database__relative_directories(void **state)
{
    struct folder *folder = *state;
    put(folder, "src/leaky.c", leaky_source);
    put(folder, "inc/own.h", "int own;\n");
    put(folder, "src/own.c", "#include <own.h>\n");
    put(folder, "build/compile_commands.json",
        "[{\"directory\": \"../src\", \"file\": \"leaky.c\","
        "  \"command\": \"cc -c leaky.c -I" LEASH_INCLUDE "\"},"
        " {\"directory\": \".\", \"file\": \"../src/own.c\","
        "  \"command\": \"cc -c ../src/own.c -I ../inc\"}]\n");
    struct outcome outcome = leash(folder, "check");
    assert_status(outcome, 1);
    assert_has(outcome.out, "src/leaky.c:6:9: error: ");
    assert_has(outcome.err, "1 finding (1 error) in 2 units\n");
}

static void test_database__quoting_and_spaces(void **state)
{
    struct folder *folder = *state;
    put(folder, "my src/a.c",
        "#include \"odd name.h\"\n"
        "const char *text = TEXT;\n"
        "int check[sizeof TEXT == 6 ? 1 : -1];\n"
        "int value = VALUE;\n");
    put(folder, "my inc/odd name.h", "");
    put(folder, "compile_commands.json",
        "[{\"directory\": \".\", \"file\": \"my src/a.c\", \"command\": "
        "\"cc '-DTEXT=\\\"a \\\\\\\\b\\\"' -DVALUE=\\\"(1 + 2)\\\" -I'my inc' -c my\\\\ "
        "src/a.c\"}]\n");
    struct outcome outcome = leash(folder, "check");
    assert_status(outcome, 2); /* "a \\b" has five characters and a NUL only when kept as it is */
    put(folder, "my src/a.c",
        "#include \"odd name.h\"\n"
        "const char *text = TEXT;\n"
        "int check[sizeof TEXT == 5 ? 1 : -1];\n"
        "int value = VALUE;\n");
    outcome = leash(folder, "check");
    assert_string_equal(outcome.err, "0 findings in 1 unit\n");
    assert_status(outcome, 0);
}

static void test_database__response_files(void **state)
{
    struct folder *folder = *state;
    put(folder, "a.c", "int value = VALUE;\n");
    put(folder, "flags/all.rsp", "-c @flags/more.rsp\n");
    put(folder, "flags/more.rsp", "'-DVALUE=3'\n");
    put_database(folder, "compile_commands.json",
                 entry(folder, "a.c", "\"cc\", \"@flags/all.rsp\", \"a.c\"", ""));
    struct outcome outcome = leash(folder, "check");
    assert_string_equal(outcome.err, "0 findings in 1 unit\n");

    put(folder, "flags/more.rsp", "@flags/all.rsp\n");
    put(folder, "b.c", clean_source);
    put_database(folder, "compile_commands.json",
                 arena_printf(&folder->arena, "%s, %s, %s",
                              entry(folder, "a.c", "\"cc\", \"@flags/all.rsp\", \"a.c\"", ""),
                              entry(folder, "a.c", "\"cc\", \"@gone.rsp\", \"a.c\"", ""),
                              entry(folder, "b.c", "\"cc\", \"b.c\"", "")));
    outcome = leash(folder, "check");
    assert_status(outcome, 2);
    assert_has(outcome.err, "a.c: error: the response file 'flags/");
    assert_has(outcome.err, "a.c: error: cannot read the response file ");
    assert_has(outcome.err, "gone.rsp");
    assert_has(outcome.err, "in 1 unit; 2 failed");
}

static void test_database__gcc_only_flags(void **state)
{
    struct folder *folder = *state;
    put(folder, "leaky.c", leaky_source);
    put_database(folder, "compile_commands.json",
                 entry(folder, "leaky.c",
                       "\"ccache\", \"x86_64-linux-gnu-gcc-12\", \"-fanalyzer\", "
                       "\"-fconserve-stack\", \"-mpreferred-stack-boundary=4\", "
                       "\"-fplugin=./evil.so\", \"-fno-such-flag-anywhere\", \"-mno-such-flag\", "
                       "\"--param\", \"max-inline-insns-single=5\", \"-Werror=no-such\", "
                       "\"-save-temps\", \"-flto=auto\", \"-MD\", \"-MF\", \"leaky.d\", "
                       "\"-aux-info\", \"leaky.aux\", \"-Wp,-MMD,leaky.dd\", \"-std=gnu23\", "
                       "\"-I" LEASH_INCLUDE "\", \"-o\", \"leaky.o\", \"-c\", \"leaky.c\"",
                       ""));
    struct outcome outcome = leash(folder, "check");
    assert_status(outcome, 1);
    assert_has(outcome.err, "1 finding (1 error) in 1 unit\n");
    outcome = shell(folder, "ls");
    assert_string_equal(outcome.out, "compile_commands.json\nleaky.c\n");
}

static void test_database__missing_unit(void **state)
{
    struct folder *folder = *state;
    put(folder, "a.c", clean_source);
    put_database(folder, "compile_commands.json",
                 arena_printf(&folder->arena, "%s, %s",
                              entry(folder, "gone.c", "\"cc\", \"gone.c\"", ""),
                              entry(folder, "a.c", "\"cc\", \"a.c\"", "")));
    struct outcome outcome = leash(folder, "check");
    assert_status(outcome, 2);
    assert_has(outcome.err, "gone.c: error: ");
    assert_has(outcome.err, "in 1 unit; 1 failed");
}

/* Two programs and a library; each program has its own `job`, and only one of them leaks. */
static void test_database__programs_are_told_apart(void **state)
{
    struct folder *folder = *state;
    const char *flags = "\"cc\", \"-I" LEASH_INCLUDE "\"";
    const char *starts = "#include <leash.h>\n"
                         "void job(wg_t *wg);\n"
                         "int main(void)\n"
                         "{\n"
                         "    wg_t wg = {0};\n"
                         "    wg_add(&wg, 1);\n"
                         "    spawn(job, &wg);\n"
                         "    wg_wait(&wg);\n"
                         "    return 0;\n"
                         "}\n";
    put(folder, "one.c", starts);
    put(folder, "two.c", starts);
    put(folder, "good.c", "#include <leash.h>\nvoid job(wg_t *wg) { wg_done(wg); }\n");
    put(folder, "bad.c", "#include <leash.h>\nvoid job(wg_t *wg) { (void)wg; }\n");
    put(folder, "lone.c", clean_source);
    put_database(
        folder, "compile_commands.json",
        arena_printf(
            &folder->arena, "%s, %s, %s, %s, %s",
            entry(folder, "one.c", flags, ", \"output\": \"CMakeFiles/one.dir/one.c.o\""),
            entry(folder, "good.c", flags, ", \"output\": \"CMakeFiles/one.dir/good.c.o\""),
            entry(folder, "two.c", flags, ", \"output\": \"CMakeFiles/two.dir/two.c.o\""),
            entry(folder, "bad.c", flags, ", \"output\": \"CMakeFiles/two.dir/bad.c.o\""),
            entry(folder, "lone.c", flags, "")));
    struct outcome outcome = leash(folder, "check --format json");
    assert_status(outcome, 1);
    assert_int_equal(count_of(outcome.out, "\"rule\":\"missing-wg-done\""), 1);
    assert_has(outcome.out, "\"programs\":3");
}

static void test_database__same_bytes_for_any_jobs(void **state)
{
    struct folder *folder = *state;
    struct text entries = {0};
    for (int i = 0; i < 30; i++) {
        const char *name = arena_printf(&folder->arena, "unit%02d.c", i);
        const char *text = i % 7 == 3   ? "int broken(void) { return nothing; }\n"
                           : i % 3 == 0 ? leaky_source
                                        : clean_source;
        put(folder, name, text);
        text_printf(&entries, "%s%s", i ? ", " : "",
                    entry(folder, name, "\"cc\", \"-I" LEASH_INCLUDE "\"", ""));
    }
    put_database(folder, "compile_commands.json", entries.at);
    text_release(&entries);
    static const char *const formats[] = {"text", "json"};
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        struct outcome one = leash(folder, "check --jobs 1 --format %s", formats[i]);
        struct outcome many = leash(folder, "check --jobs 8 --format %s", formats[i]);
        assert_status(one, 2);
        assert_status(many, 2);
        assert_true(strlen(one.out) > 1000);
        assert_string_equal(one.out, many.out);
        assert_string_equal(one.err, many.err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(test_database__is_found),
        folder_test(test_database__files_with_p_choose_findings),
        folder_test(test_database__gives_flags_to_files),
        folder_test(test_database__header_goes_with_a_unit),
        folder_test(test_database__is_missing),
        folder_test(test_database__broken_json),
        folder_test(test_database__hostile_entries),
        folder_test(test_database__other_languages_are_counted),
        folder_test(test_database__equal_entries_count_once),
        folder_test(test_database__relative_directories),
        folder_test(test_database__quoting_and_spaces),
        folder_test(test_database__response_files),
        folder_test(test_database__gcc_only_flags),
        folder_test(test_database__missing_unit),
        folder_test(test_database__programs_are_told_apart),
        folder_test(test_database__same_bytes_for_any_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
