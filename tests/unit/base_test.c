/*
 * What every layer stands on: arenas, vectors, maps, text, paths and files.
 */
#include "base/base.h"
#include "unit_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- memory ---------------------------------------------------------------------------------- */

static void test_arena__memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t bytes = 0; bytes < 200; bytes++) {
        unsigned char *memory = arena_push(&arena, bytes);
        assert_int_equal((uintptr_t)memory % 8, 0);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, bytes);
    }
    arena_release(&arena);
}

static void test_arena__pieces_do_not_overlap(void **state)
{
    (void)state;
    enum { PIECES = 3000 };
    struct arena arena = {0};
    uint32_t *pieces[PIECES];
    for (uint32_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_array(&arena, uint32_t, 1 + i % 37);
        for (uint32_t j = 0; j <= i % 37; j++)
            pieces[i][j] = i;
    }
    for (uint32_t i = 0; i < PIECES; i++)
        for (uint32_t j = 0; j <= i % 37; j++)
            assert_int_equal(pieces[i][j], i);
    arena_release(&arena);
}

static void test_arena__large_pieces_and_reuse(void **state)
{
    (void)state;
    struct arena arena = {0};
    enum { LARGE = 5 * 1024 * 1024 };
    char *large = arena_push(&arena, LARGE);
    large[LARGE - 1] = 'x';
    assert_true(arena.bytes >= LARGE);
    arena_release(&arena);
    assert_int_equal(arena.bytes, 0);
    assert_string_equal(arena_strdup(&arena, "again"), "again");
    arena_release(&arena);
}

static void test_arena__reset_keeps_a_little(void **state)
{
    (void)state;
    struct arena arena = {0};
    enum { LARGE = 5 * 1024 * 1024 };
    arena_reset(&arena);
    assert_int_equal(arena.bytes, 0);
    char *first = arena_strdup(&arena, "first");
    memset(arena_push(&arena, LARGE), 'x', LARGE);
    arena_reset(&arena);
    assert_true(arena.bytes > 0 && arena.bytes < LARGE);
    char *again = arena_push(&arena, 6);
    assert_ptr_equal(again, first);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(again[i], 0);
    arena_release(&arena);
    assert_int_equal(arena.bytes, 0);
}

static void test_arena__strings(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_string_equal(arena_strndup(&arena, "leash", 3), "lea");
    assert_string_equal(arena_strndup(&arena, NULL, 0), "");
    assert_string_equal(arena_printf(&arena, "%s:%d", "pool.c", 20), "pool.c:20");
    char *copy = arena_copy(&arena, "a\0b", 3);
    assert_memory_equal(copy, "a\0b", 3);
    arena_release(&arena);
}

static void test_vec__grows_and_keeps(void **state)
{
    (void)state;
    struct arena arena = {0};
    VEC(int) numbers = {0};
    for (int i = 0; i < 1000; i++) {
        int *number = vec_add(&arena, &numbers);
        assert_int_equal(*number, 0);
        *number = i;
    }
    assert_int_equal(numbers.count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers.at[i], i);
    arena_release(&arena);
}

/* ---- maps ------------------------------------------------------------------------------------ */

static void test_map__finds_what_was_put(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct map map = {.arena = &arena};
    assert_null(map_get_str(&map, "nothing"));
    for (uintptr_t i = 1; i <= 5000; i++) {
        char key[16];
        int length = snprintf(key, sizeof key, "key%zu", (size_t)i);
        void **value = map_put(&map, key, (size_t)length);
        assert_null(*value);
        *value = (void *)i;
    }
    assert_int_equal(map.count, 5000);
    assert_int_equal((uintptr_t)map_get_str(&map, "key1"), 1);
    assert_int_equal((uintptr_t)map_get_str(&map, "key5000"), 5000);
    assert_null(map_get_str(&map, "key5001"));
    *map_put_str(&map, "key7") = &map;
    assert_ptr_equal(map_get_str(&map, "key7"), &map);
    assert_int_equal(map.count, 5000);
    arena_release(&arena);
}

static void test_map__keys_are_bytes(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct map map = {.arena = &arena};
    int one, two, none;
    *map_put(&map, "a\0b", 3) = &one;
    *map_put(&map, "a\0c", 3) = &two;
    *map_put(&map, "", 0) = &none;
    assert_ptr_equal(map_get(&map, "a\0b", 3), &one);
    assert_ptr_equal(map_get(&map, "a\0c", 3), &two);
    assert_ptr_equal(map_get(&map, "", 0), &none);
    assert_null(map_get(&map, "a", 1));
    arena_release(&arena);
}

static void test_intern__equal_text_is_one_pointer(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct intern intern = {.map = {.arena = &arena}};
    char text[] = "worker";
    const char *first = intern_str(&intern, text);
    text[0] = 'W';
    assert_string_equal(first, "worker");
    assert_ptr_equal(intern_strn(&intern, "workers", 6), first);
    assert_ptr_not_equal(intern_str(&intern, text), first);
    arena_release(&arena);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void test_text__grows(void **state)
{
    (void)state;
    struct text text = {0};
    for (int i = 0; i < 1000; i++) {
        text_add(&text, "ab");
        text_add_char(&text, 'c');
        text_printf(&text, "%d", i % 10);
    }
    assert_int_equal(text.length, 4000);
    assert_int_equal(strlen(text.at), 4000);
    assert_memory_equal(text.at + 3996, "abc9", 5);
    text_release(&text);
    assert_null(text.at);
}

static void test_text__long_pieces_at_once(void **state)
{
    (void)state;
    struct text text = {0};
    text_printf(&text, "%*d", 127, 1); /* one byte short of the first capacity, and to it */
    text_printf(&text, "%*d", 128, 2);
    assert_int_equal(text.length, 255);
    assert_int_equal(text.at[254], '2');
    text_add_bytes(&text, NULL, 0);
    assert_int_equal(text.length, 255);
    text_release(&text);
}

static void test_text__comparisons(void **state)
{
    (void)state;
    assert_true(text_is("a", "a"));
    assert_false(text_is("a", "b"));
    assert_false(text_is(NULL, ""));
    assert_true(text_is(NULL, NULL));
    assert_true(text_starts("leash.h", "leash"));
    assert_false(text_starts("le", "leash"));
    assert_true(text_ends("pool.c", ".c"));
    assert_false(text_ends("c", ".c"));
}

static void test_text__numbers(void **state)
{
    (void)state;
    int64_t value = -5;
    assert_true(text_to_int("42", 0, 100, &value));
    assert_int_equal(value, 42);
    assert_false(text_to_int("101", 0, 100, &value));
    assert_false(text_to_int("-1", 0, 100, &value));
    assert_false(text_to_int("4x", 0, 100, &value));
    assert_false(text_to_int("", 0, 100, &value));
    assert_false(text_to_int("99999999999999999999", INT64_MIN, INT64_MAX, &value));
    assert_int_equal(value, 42);
}

static void test_text__nearest(void **state)
{
    (void)state;
    static const char *const rules[] = {"missing-wg-done", "spawn-without-done", "lost-cancel"};
    assert_string_equal(text_nearest("lost-cancle", rules, COUNT_OF(rules)), "lost-cancel");
    assert_string_equal(text_nearest("misingwg-done", rules, COUNT_OF(rules)), "missing-wg-done");
    assert_null(text_nearest("banana", rules, COUNT_OF(rules)));
    assert_null(text_nearest("banana", NULL, 0));
}

/* ---- paths and files ------------------------------------------------------------------------- */

static void test_path__clean(void **state)
{
    (void)state;
    static const struct {
        const char *path, *clean;
    } cases[] = {
        {"", "."},
        {".", "."},
        {"/", "/"},
        {"//", "/"},
        {"/..", "/"},
        {"/../a", "/a"},
        {"a/..", "."},
        {"a/../..", ".."},
        {"../a", "../a"},
        {"../a/..", ".."},
        {"../../a", "../../a"},
        {"a//b/./c", "a/b/c"},
        {"/a/b/../c", "/a/c"},
        {"/a/b/../../..", "/"},
        {"a/b/", "a/b"},
        {"./a", "a"},
        {"..a/b", "..a/b"},
        {"a/..b", "a/..b"},
        {"/ab/../c", "/c"},
        {"...", "..."},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(path_clean(&arena, cases[i].path), cases[i].clean);
    arena_release(&arena);
}

static void test_path__parts(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_string_equal(path_join(&arena, "/src", "../a.c"), "/a.c");
    assert_string_equal(path_join(&arena, "/src", "/b.c"), "/b.c");
    assert_string_equal(path_join(&arena, NULL, "c.c"), "c.c");
    assert_string_equal(path_base("/src/a.c"), "a.c");
    assert_string_equal(path_base("a.c"), "a.c");
    assert_string_equal(path_directory(&arena, "/src/a.c"), "/src");
    assert_string_equal(path_directory(&arena, "/a.c"), "/");
    assert_string_equal(path_directory(&arena, "a.c"), ".");
    assert_string_equal(path_below("/src/a.c", "/src"), "a.c");
    assert_string_equal(path_below("/srcs/a.c", "/src"), "/srcs/a.c");
    assert_string_equal(path_below("/src/a.c", "/"), "/src/a.c");
    arena_release(&arena);
}

/* A directory of its own for each test. */
struct place {
    struct arena arena;
    char directory[64];
};

static int enter(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    strcpy(place->directory, "/tmp/leash-test-XXXXXX");
    *state = place;
    return mkdtemp(place->directory) ? 0 : -1;
}

static int leave(void **state)
{
    struct place *place = *state;
    int failed = rmdir(place->directory); /* the tests leave nothing behind, nor does file_write */
    arena_release(&place->arena);
    free(place);
    return failed;
}

static void test_file__written_and_read(void **state)
{
    struct place *place = *state;
    const char *path = path_join(&place->arena, place->directory, "data");
    assert_true(file_write(path, "a\0b", 3));
    assert_true(file_write(path, "c\0de", 4)); /* replaces */
    size_t length = 0;
    char *data = file_read(&place->arena, path, 4, &length);
    assert_int_equal(length, 4);
    assert_memory_equal(data, "c\0de", 5); /* and the NUL behind it */
    assert_null(file_read(&place->arena, path, 3, &length));
    assert_int_equal(errno, EFBIG);
    assert_int_equal(unlink(path), 0);
}

static void test_file__empty(void **state)
{
    struct place *place = *state;
    const char *path = path_join(&place->arena, place->directory, "empty");
    assert_true(file_write(path, NULL, 0));
    size_t length = 1;
    assert_string_equal(file_read(&place->arena, path, 0, &length), "");
    assert_int_equal(length, 0);
    assert_int_equal(unlink(path), 0);
}

static void test_file__what_is_no_file(void **state)
{
    struct place *place = *state;
    size_t length;
    assert_null(file_read(&place->arena, place->directory, 100, &length));
    assert_int_equal(errno, EISDIR);
    assert_null(file_read(&place->arena, "/dev/null", 100, &length));
    assert_int_equal(errno, EINVAL);
    const char *missing = path_join(&place->arena, place->directory, "missing");
    assert_null(file_read(&place->arena, missing, 100, &length));
    assert_int_equal(errno, ENOENT);
    /* A pipe nobody writes to must not hold us. */
    assert_int_equal(mkfifo(missing, 0600), 0);
    assert_null(file_read(&place->arena, missing, 100, &length));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(unlink(missing), 0);
}

static void test_file__write_fails_without_a_trace(void **state)
{
    struct place *place = *state;
    const char *inside = path_join(&place->arena, place->directory, "missing/file");
    assert_false(file_write(inside, "x", 1));
    assert_int_equal(errno, ENOENT);
    /* A directory cannot be replaced; `leave` sees whether the temporary is gone. */
    const char *occupied = path_join(&place->arena, place->directory, "occupied");
    assert_int_equal(mkdir(occupied, 0700), 0);
    assert_false(file_write(occupied, "x", 1));
    assert_int_equal(errno, EISDIR);
    assert_int_equal(rmdir(occupied), 0);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena__memory_is_zeroed_and_aligned),
        cmocka_unit_test(test_arena__pieces_do_not_overlap),
        cmocka_unit_test(test_arena__large_pieces_and_reuse),
        cmocka_unit_test(test_arena__reset_keeps_a_little),
        cmocka_unit_test(test_arena__strings),
        cmocka_unit_test(test_vec__grows_and_keeps),
        cmocka_unit_test(test_map__finds_what_was_put),
        cmocka_unit_test(test_map__keys_are_bytes),
        cmocka_unit_test(test_intern__equal_text_is_one_pointer),
        cmocka_unit_test(test_text__grows),
        cmocka_unit_test(test_text__long_pieces_at_once),
        cmocka_unit_test(test_text__comparisons),
        cmocka_unit_test(test_text__numbers),
        cmocka_unit_test(test_text__nearest),
        cmocka_unit_test(test_path__clean),
        cmocka_unit_test(test_path__parts),
        FILE_TEST(test_file__written_and_read),
        FILE_TEST(test_file__empty),
        FILE_TEST(test_file__what_is_no_file),
        FILE_TEST(test_file__write_fails_without_a_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
