/*
 * leash inside other tools: CMake's slot for a linter, CMake's database, pre-commit.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

static bool has_tool(struct folder *folder, const char *name)
{
    return shell(folder, "command -v %s", name).status == 0;
}

static void put_project(struct folder *folder, const char *slot)
{
    put(folder, "CMakeLists.txt",
        arena_printf(&folder->arena,
                     "cmake_minimum_required(VERSION 3.20)\n"
                     "project(consumer C)\n"
                     "set(CMAKE_EXPORT_COMPILE_COMMANDS ON)\n"
                     "include_directories(\"" LEASH_INCLUDE "\")\n"
                     "%s"
                     "add_library(parts OBJECT \"my parts/leaky.c\" clean.c)\n"
                     "set_source_files_properties(clean.c PROPERTIES COMPILE_DEFINITIONS "
                     "\"NAME=\\\"a b\\\"\")\n",
                     slot));
    put(folder, "my parts/leaky.c", leaky_source);
    put(folder, "clean.c", "const char *name(void) { return NAME; }\n");
}

static void test_tools__cmake_slot(void **state)
{
    struct folder *folder = *state;
    if (!has_tool(folder, "cmake"))
        skip();
    put_project(folder, "set(CMAKE_C_CLANG_TIDY \"$ENV{LEASH};check;--fail-on;error\")\n");
    static const char *const generators[] = {"Ninja", "Unix Makefiles"};
    for (size_t i = 0; i < COUNT_OF(generators); i++) {
        struct outcome outcome =
            shell(folder, "rm -rf build && cmake -G '%s' -S . -B build", generators[i]);
        assert_status(outcome, 0);
        outcome = shell(folder, "cmake --build build -- -k");
        if (i == 0)
            outcome = shell(folder, "cmake --build build -- -k 0");
        assert_int_not_equal(outcome.status, 0); /* a finding fails the step */
        const char *both = arena_printf(&folder->arena, "%s%s", outcome.out, outcome.err);
        assert_has(both, "my parts/leaky.c:6:9: error: ");
        assert_has(both, "[missing-wg-done]");
        assert_lacks(both, "clean.c:");
    }
}

/* As clang-tidy's users write it, to let the build go on. */
static void test_tools__cmake_slot_that_only_tells(void **state)
{
    struct folder *folder = *state;
    if (!has_tool(folder, "cmake"))
        skip();
    put_project(folder, "set(CMAKE_C_CLANG_TIDY \"$ENV{LEASH};check;--fail-on=never\")\n");
    struct outcome outcome = shell(folder, "cmake -G Ninja -S . -B build && cmake --build build");
    assert_status(outcome, 0);
    assert_has(outcome.out, "[missing-wg-done]");
}

static void test_tools__cmake_database(void **state)
{
    struct folder *folder = *state;
    if (!has_tool(folder, "cmake"))
        skip();
    put_project(folder, "");
    struct outcome outcome = shell(folder, "cmake -G Ninja -S . -B build");
    assert_status(outcome, 0);
    outcome = leash(folder, "check");
    assert_status(outcome, 1);
    assert_has(outcome.out, "my parts/leaky.c:6:9: error: ");
    assert_has(outcome.err, "1 finding (1 error) in 2 units\n");
}

/* The command that the slot makes, put down here so that it is tested without cmake too. */
static void test_tools__whole_compile_line(void **state)
{
    struct folder *folder = *state;
    put(folder, "leaky.c", leaky_source);
    struct outcome outcome =
        leash(folder,
              "check --extra-arg-before=--driver-mode=gcc $PWD/leaky.c -- /usr/bin/cc "
              "-I%s -MD -MT x.o -MF x.d -o x.o -c $PWD/leaky.c",
              LEASH_INCLUDE);
    assert_status(outcome, 1);
    assert_has(outcome.out, "leaky.c:6:9: error: ");
    outcome = shell(folder, "ls");
    assert_string_equal(outcome.out, "leaky.c\n");
    outcome = leash(folder, "check --extra-arg=-I%s --extra-arg-before -DX leaky.c -- cc -UX",
                    LEASH_INCLUDE);
    assert_status(outcome, 1);
}

/* The hook of this repository, in a repository of a user's. */
static void test_tools__pre_commit(void **state)
{
    struct folder *folder = *state;
    if (!has_tool(folder, "pre-commit") || !has_tool(folder, "git"))
        skip();
    shell(folder, "mkdir bin && ln -s \"$LEASH\" bin/leash");
    put(folder, "hooks/x", "");
    struct outcome outcome = shell(
        folder, "cd hooks && rm x && cp '" LEASH_SOURCE "/.pre-commit-hooks.yaml' . && git init -q "
                "&& git add . && git -c user.name=n -c user.email=e commit -qm hook");
    assert_status(outcome, 0);
    put(folder, "user/leaky.c", leaky_source);
    put(folder, "user/clean.c", clean_source);
    put(folder, "user/notes.h", "/* A header is judged with its users. */\n");
    put(folder, "user/compile_commands.json",
        "[{\"directory\": \".\", \"file\": \"leaky.c\", \"command\": \"cc -I" LEASH_INCLUDE
        " -c leaky.c\"}, {\"directory\": \".\", \"file\": \"clean.c\", \"command\": \"cc -c "
        "clean.c\"}]\n");
    outcome = shell(folder, "cd hooks && git rev-parse HEAD");
    const char *rev = arena_strndup(&folder->arena, outcome.out, strcspn(outcome.out, "\n"));
    put(folder, "user/.pre-commit-config.yaml",
        arena_printf(&folder->arena,
                     "repos:\n- repo: %s/hooks\n  rev: %s\n  hooks:\n  - id: leash\n", folder->path,
                     rev));
    static const char environment[] =
        "PATH=\"$PWD/bin:$PATH\" PRE_COMMIT_HOME=\"$PWD/cache\" HOME=\"$PWD\"";
    outcome = shell(folder,
                    "export %s; cd user && git init -q && git add clean.c notes.h "
                    "compile_commands.json .pre-commit-config.yaml && pre-commit run",
                    environment);
    assert_status(outcome, 0);
    assert_has(outcome.out, "Passed");
    outcome = shell(folder, "export %s; cd user && git add leaky.c && pre-commit run", environment);
    assert_status(outcome, 1);
    assert_has(outcome.out, "Failed");
    assert_has(outcome.out, "leaky.c:6:9: error: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        folder_test(test_tools__cmake_slot),
        folder_test(test_tools__cmake_slot_that_only_tells),
        folder_test(test_tools__cmake_database),
        folder_test(test_tools__whole_compile_line),
        folder_test(test_tools__pre_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
