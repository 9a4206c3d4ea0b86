/*
 * header_test.c - leash.h as compilers see it: silent on good code, clear on bad code.
 *
 * One case for each pair of compiler and standard, so that a failure names it.  gcc and a clang
 * must be there; the other compilers are tried where they are installed.  The tests run in the root
 * of the source tree.
 */
#include "base/base.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADER   "runtime/include/leash.h"
#define WARNINGS "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
/* With optimisation, since some warnings of gcc need it; the code itself is thrown away. */
#define COMPILE "-Iruntime/include -O2 -S -o /dev/null"

/* A compiler and what it is to be used for; the state of each case. */
struct tool {
    const char *name;
    bool required;
    const char *standard;
};

/* A short name of the header and what stands behind it. */
struct name {
    const char *shorter, *longer;
};

static struct arena run;
static char folder[] = "/tmp/leash-header-XXXXXX";
static struct name names[256];
static size_t name_count;

/* ---- running compilers ----------------------------------------------------------------------- */

/* The exit status of the command, with all that it printed in `output`; 127 when there is none. */
static int run_command(const char *command, struct text *output)
{
    char *line = arena_printf(&run, "%s 2>&1", command);
    FILE *stream = popen(line, "r"); /* NOLINT(bugprone-command-processor): our own constants */
    char buffer[4096];
    size_t length;

    if (!stream)
        abort();
    while ((length = fread(buffer, 1, sizeof buffer, stream)) > 0)
        text_add_bytes(output, buffer, length);
    int status = pclose(stream);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool is_installed(const char *program)
{
    struct text output = {0};
    int status = run_command(arena_printf(&run, "command -v %s", program), &output);

    text_release(&output);
    return status == 0;
}

/* Ends the case when the tool is not there: with a failure where it must be. */
static void need(const struct tool *tool)
{
    if (is_installed(tool->name))
        return;
    if (tool->required)
        fail_msg("%s is not installed", tool->name);
    print_message("%s is not installed: left out\n", tool->name);
    skip();
}

static void assert_silent(const char *command)
{
    struct text output = {0};
    int status = run_command(command, &output);
    char *said = arena_strdup(&run, output.at ? output.at : "");

    text_release(&output);
    if (status != 0 || *said)
        fail_msg("exit status %d from: %s\n%s", status, command, said);
}

static void assert_refused(const char *command, const char *message)
{
    struct text output = {0};
    int status = run_command(command, &output);
    char *said = arena_strdup(&run, output.at ? output.at : "");

    text_release(&output);
    if (status == 0)
        fail_msg("compiles: %s", command);
    if (!strstr(said, message))
        fail_msg("'%s' is not in the message of: %s\n%s", message, command, said);
}

static char *c_command(const struct tool *tool, const char *file)
{
    return arena_printf(&run, "%s -std=%s %s %s %s", tool->name, tool->standard, WARNINGS, COMPILE,
                        file);
}

static bool is_clang(const struct tool *tool)
{
    return text_starts(tool->name, "clang");
}

/* ---- the names in the header ----------------------------------------------------------------- */

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static char *identifier_at(const char *at)
{
    size_t length = 0;

    while (is_name_char(at[length]))
        length++;
    return arena_strndup(&run, at, length);
}

static void add_name(const char *shorter, const char *longer)
{
    assert_true(name_count < sizeof names / sizeof names[0]);
    names[name_count++] = (struct name){identifier_at(shorter), identifier_at(longer)};
}

/* The first leash_ or LEASH_ in the text. */
static const char *long_name_in(const char *text)
{
    const char *lower = strstr(text, "leash_");
    const char *upper = strstr(text, "LEASH_");

    assert_true(lower || upper);
    if (!lower || !upper)
        return lower ? lower : upper;
    return lower < upper ? lower : upper;
}

static void read_line_of_names(const char *line)
{
    const char *next;

    if (text_starts(line, "#define ")) {
        add_name(line + 8, long_name_in(line + 8));
    } else if (text_starts(line, "typedef ")) {
        add_name(strchr(line + 8, ' ') + 1, line + 8);
    } else if (text_starts(line, "enum { ")) {
        for (next = line + 7; next; next = next ? next + 2 : NULL) {
            add_name(next, strstr(next, " = ") + 3);
            next = strpbrk(next, ",}");
            if (next && *next == '}')
                break;
        }
    }
}

static char *read_source(const char *path)
{
    size_t length;
    char *text = file_read(&run, path, 1 << 20, &length);

    if (!text)
        fail_msg("cannot read %s", path);
    return text;
}

/* From the block of renamings at the end of the header. */
static int read_names(void **state)
{
    (void)state;
    char *block = strstr(read_source(HEADER), "#ifndef LEASH_NO_SHORT_NAMES");

    if (!block || !mkdtemp(folder))
        return -1;
    for (char *line = block; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        read_line_of_names(line);
    }
    return name_count > 100 ? 0 : -1;
}

static int clean_up(void **state)
{
    (void)state;
    struct text output = {0};
    int status = run_command(arena_printf(&run, "rm -rf %s", folder), &output);

    text_release(&output);
    arena_release(&run);
    return status;
}

static const struct name *find_name(const char *word)
{
    for (size_t i = 0; i < name_count; i++)
        if (text_is(names[i].shorter, word))
            return &names[i];
    return NULL;
}

/* The source with every short name replaced; `seen` tells which were in it. */
static char *with_long_names(const char *source, bool *seen)
{
    struct text result = {0};

    while (*source) {
        if (!is_name_char(*source)) {
            text_add_char(&result, *source++);
            continue;
        }
        char *word = identifier_at(source);
        const struct name *name = find_name(word);
        text_add(&result, name ? name->longer : word);
        if (name)
            seen[name - names] = true;
        source += strlen(word);
    }
    char *text = arena_strdup(&run, result.at);
    text_release(&result);
    return text;
}

static char *write_generated(const char *name, const char *text)
{
    char *path = path_join(&run, folder, name);

    assert_true(file_write(path, text, strlen(text)));
    return path;
}

/* ---- the cases ------------------------------------------------------------------------------- */

static void uses_are_silent(void **state)
{
    const struct tool *tool = *state;

    need(tool);
    assert_silent(c_command(tool, "tests/header/uses.c"));
    assert_silent(c_command(tool, "tests/header/refused.c"));
}

static void long_names_suffice(void **state)
{
    const struct tool *tool = *state;
    bool seen[sizeof names / sizeof names[0]] = {0};
    struct text probes = {0};

    need(tool);
    char *uses = with_long_names(read_source("tests/header/uses.c"), seen);
    char *path = write_generated("long_uses.c", uses);
    assert_silent(arena_printf(&run, "%s -DLEASH_NO_SHORT_NAMES", c_command(tool, path)));
    assert_silent(c_command(tool, "tests/header/long_names.c"));

    /* No short name is left behind as a macro, a type, a constant or a function. */
    text_add(&probes, "#include <leash.h>\n");
    for (size_t i = 0; i < name_count; i++)
        text_printf(&probes, "int %s(void);\n", names[i].shorter);
    path = write_generated("probes.c", probes.at);
    text_release(&probes);
    assert_silent(arena_printf(&run, "%s -DLEASH_NO_SHORT_NAMES", c_command(tool, path)));
    assert_refused(c_command(tool, path), "error");
}

static void cpp_uses_are_silent(void **state)
{
    const struct tool *tool = *state;

    need(tool);
    assert_silent(c_command(tool, "tests/header/uses.cpp"));
}

static void examples_are_silent(void **state)
{
    const struct tool *tool = *state;

    need(tool);
    assert_silent(arena_printf(&run,
                               "for file in runtime/examples/*.c runtime/examples/leaky/*.c; do "
                               "%s || exit 1; done",
                               c_command(tool, "\"$file\"")));
}

static void bad_calls_are_refused(void **state)
{
    static const struct {
        int number;
        const char *gcc, *clang; /* in the message */
    } cases[] = {
        {1, "leash_spawn_takes_integers_and_pointers_only", NULL},
        {2, "leash_spawn_takes_integers_and_pointers_only", NULL},
        {3, "leash_spawn_takes_integers_and_pointers_only", NULL},
        {4, "leash_spawn_takes_at_most_six_arguments", NULL},
        {5, "leash_spawn_takes_at_most_six_arguments", NULL},
        {6, "incompatible pointer type", "incompatible pointer types passing"},
        {7, "too few arguments to function", "too few arguments to function call"},
        {8, "too many arguments to function", "too many arguments to function call"},
        {9, "is not a function or function pointer", NULL},
        {10, "is not compatible with any association", "not compatible with any generic"},
        {11, "discards", "discards qualifiers"},
        {12, "incompatible pointer type", NULL},
        {13, "makes pointer from integer", "incompatible integer to pointer conversion"},
    };
    const struct tool *tool = *state;

    need(tool);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool clang = is_clang(tool) && cases[i].clang;
        char *file = arena_printf(&run, "-DCASE=%d tests/header/refused.c", cases[i].number);
        assert_refused(c_command(tool, file), clang ? cases[i].clang : cases[i].gcc);
    }
}

static void cpp_bad_calls_are_refused(void **state)
{
    static const struct {
        int number;
        const char *message;
    } cases[] = {
        {1, "leash_spawn_takes_integers_and_pointers_only"},
        {2, "leash_spawn_takes_integers_and_pointers_only"},
        {4, "leash_spawn_takes_at_most_six_arguments"},
        {7, "too few arguments to function"},
    };
    const struct tool *tool = *state;

    need(tool);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(c_command(tool, arena_printf(&run, "-DCASE=%d -x c++ tests/header/refused.c",
                                                    cases[i].number)),
                       cases[i].message);
}

/* The checks that look at what the macros make of a user's code, and at the header itself. */
static void tidy_is_silent(void **state)
{
    const struct tool *tool = *state;
    struct text output = {0};

    need(tool);
    int status = run_command(arena_printf(&run,
                                          "%s --quiet --config='{}' --checks='-*,bugprone-*,"
                                          "concurrency-*' --warnings-as-errors='*' "
                                          "--header-filter='leash\\.h' tests/header/uses.c "
                                          "runtime/include/leash.h -- -x c -std=gnu17 "
                                          "-Iruntime/include",
                                          tool->name),
                             &output);
    char *said = arena_strdup(&run, output.at ? output.at : "");
    text_release(&output);
    if (status != 0)
        fail_msg("%s", said);
}

static void every_name_is_used(void **state)
{
    static const char *const files[] = {"tests/header/uses.c", "tests/header/uses.cpp"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        bool seen[sizeof names / sizeof names[0]] = {0};
        (void)with_long_names(read_source(files[i]), seen);
        for (size_t j = 0; j < name_count; j++)
            if (!seen[j])
                fail_msg("%s does not use %s", files[i], names[j].shorter);
    }
}

/* ---- the list of cases ----------------------------------------------------------------------- */

static struct CMUnitTest tests[256];
static size_t test_count;

static void add_case(const char *what, CMUnitTestFunction function, const struct tool *tool)
{
    char *name = arena_printf(&run, "test_header__%s_%s_%s", what, tool->name, tool->standard);

    if (test_count == sizeof tests / sizeof tests[0])
        abort();
    tests[test_count++] = (struct CMUnitTest){
        .name = name,
        .test_func = function,
        .initial_state = arena_copy(&run, tool, sizeof *tool),
    };
}

/* The newest standard has a draft's name in older compilers. */
static const char *newest_standard(const char *compiler)
{
    struct text output = {0};
    char *probe = arena_printf(&run, "%s -std=gnu23 -E -x c /dev/null", compiler);
    bool known = run_command(probe, &output) == 0;

    text_release(&output);
    return known ? "gnu23" : "gnu2x";
}

static void add_c_cases(const char *compiler, bool required)
{
    const char *const standards[] = {"c11",   "gnu11", "c17",
                                     "gnu17", "c2x",   newest_standard(compiler)};
    struct tool tool = {compiler, required, "gnu17"};

    add_case("long_names_suffice", long_names_suffice, &tool);
    add_case("examples_are_silent", examples_are_silent, &tool);
    add_case("bad_calls_are_refused", bad_calls_are_refused, &tool);
    for (size_t i = 0; i < sizeof standards / sizeof standards[0]; i++) {
        tool.standard = standards[i];
        add_case("uses_are_silent", uses_are_silent, &tool);
    }
}

static void add_cpp_cases(const char *compiler)
{
    static const char *const standards[] = {"c++11", "c++17", "gnu++17", "c++20"};
    struct tool tool = {compiler, false, "c++17"};

    add_case("bad_calls_are_refused", cpp_bad_calls_are_refused, &tool);
    for (size_t i = 0; i < sizeof standards / sizeof standards[0]; i++) {
        tool.standard = standards[i];
        add_case("uses_are_silent", cpp_uses_are_silent, &tool);
    }
}

int main(void)
{
    bool clang_19 = is_installed("clang-19");
    struct tool tidy = {is_installed("clang-tidy-19") ? "clang-tidy-19" : "clang-tidy", true,
                        "gnu17"};

    add_c_cases("gcc", true);
    add_c_cases("clang-19", clang_19);
    add_c_cases("clang", !clang_19);
    add_c_cases("clang-22", false);
    add_cpp_cases("g++");
    add_cpp_cases("clang++-19");
    add_cpp_cases("clang++");
    add_cpp_cases("clang++-22");
    add_case("tidy_is_silent", tidy_is_silent, &tidy);
    add_case("every_name_is_used", every_name_is_used, &(struct tool){"in", true, "uses"});
    return _cmocka_run_group_tests("header", tests, test_count, read_names, clean_up);
}
