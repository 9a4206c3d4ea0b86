/*
 * golden.c - what each form of C becomes: every file given is lowered, and its dump must be what
 * the file beside it with the ending .ir says.
 *
 *     golden FILE.c ...             compare, one test per file
 *     golden --print FILE.c [FLAG...]  write the dump to standard output, to be judged
 */
#include "frontend/frontend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { GOLDEN_BYTES = 1 << 20 };

static struct ir_unit *lower(struct arena *arena, const char *directory, const char *file,
                             const char *const *flags, size_t flag_count)
{
    const struct frontend_job job = {.file = file,
                                     .directory = directory,
                                     .output = "golden.o",
                                     .flags = flags,
                                     .flag_count = flag_count};
    const char *problem = NULL;
    struct ir_unit *unit = frontend_parse(arena, &job, &problem);
    if (!unit)
        fprintf(stderr, "%s\n", problem);
    return unit;
}

static int print(const char *file, const char *const *flags, size_t flag_count)
{
    struct arena arena = {0};
    struct text text = {0};
    char *directory = getcwd(NULL, 0);
    struct ir_unit *unit = lower(&arena, directory, file, flags, flag_count);
    if (unit)
        ir_dump_unit(&text, unit);
    if (text.at)
        fputs(text.at, stdout);
    text_release(&text);
    arena_release(&arena);
    free(directory);
    return unit ? 0 : 1;
}

/* A first line `// flags: ...` names the compiler's flags. */
static size_t read_flags(struct arena *arena, const char *source, const char **flags, size_t limit)
{
    size_t count = 0;
    if (!text_starts(source, "// flags: "))
        return 0;
    char *line = arena_strndup(arena, source, strcspn(source, "\n"));
    for (char *flag = strtok(line + strlen("// flags: "), " "); flag && count < limit;
         flag = strtok(NULL, " "))
        flags[count++] = flag;
    return count;
}

static void test_golden(void **state)
{
    const char *file = *state;
    struct arena arena = {0};
    struct text text = {0};
    const char *flags[8];
    char *root = getcwd(NULL, 0);
    char *directory = path_join(&arena, root, "tests/golden");
    char *path = path_join(&arena, directory, file);
    size_t length;
    char *source = file_read(&arena, path, GOLDEN_BYTES, &length);
    assert_non_null(source);
    size_t count = read_flags(&arena, source, flags, COUNT_OF(flags));
    struct ir_unit *unit = lower(&arena, directory, file, flags, count);
    assert_non_null(unit);
    ir_dump_unit(&text, unit);
    memcpy(path + strlen(path) - 2, ".i", 2);
    char *expected = file_read(&arena, arena_printf(&arena, "%sr", path), GOLDEN_BYTES, &length);
    assert_non_null(expected);
    assert_string_equal(text.at, expected);
    text_release(&text);
    arena_release(&arena);
    free(root);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--print") == 0)
        return print(argv[2], (const char *const *)argv + 3, (size_t)argc - 3);
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    struct CMUnitTest *tests = calloc(count + 1, sizeof *tests);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){argv[i + 1], test_golden, NULL, NULL, argv[i + 1]};
    int failed = _cmocka_run_group_tests("golden", tests, count, NULL, NULL);
    free(tests);
    return failed;
}
