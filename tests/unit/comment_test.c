/* Comments told from strings, and the code they stand at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "report/comment.h"

/* Each comment as "line:column>target text", one a line; '?' for those below an #if. */
static void assert_comments(const char *text, const char *expected)
{
    struct arena arena = {0};
    comments found = {0};
    struct text out = {0};

    text_add(&out, "");
    comments_scan(&arena, text, strlen(text), &found);
    for (size_t i = 0; i < found.count; i++)
        text_printf(&out, "%u:%u>%u%s%.*s\n", found.at[i].line, found.at[i].column,
                    found.at[i].target, found.at[i].is_conditional ? "?" : "",
                    (int)found.at[i].length, found.at[i].text);
    assert_string_equal(out.at, expected);
    text_release(&out);
    arena_release(&arena);
}

static void test_comment__both_kinds(void **state)
{
    (void)state;
    assert_comments("f(); // a\n/* b */ g(); /**/\n", "1:8>1 a\n2:3>2 b \n2:16>2\n");
}

static void test_comment__alone_speaks_of_the_next_code(void **state)
{
    (void)state;
    assert_comments("// a\n\n/* b\n b */\n// c\nf(); // d\n// e\n",
                    "1:3>6 a\n3:3>6 b\n b \n5:3>6 c\n6:8>6 d\n7:3>0 e\n");
}

static void test_comment__not_in_strings(void **state)
{
    (void)state;
    assert_comments("a = \"// no\"; b = \"\\\"/* no\"; c = '\"'; d = '\\''; // yes\n",
                    "1:50>1 yes\n");
    assert_comments("a = 1'000'000; b = L'x'; // yes\n", "1:28>1 yes\n");
    assert_comments("#error don't\nf(); // yes\n", "2:8>2 yes\n");
    assert_comments("\"not closed\nf(); // yes\n", "2:8>2 yes\n");
    assert_comments("\"goes \\\n on // no\"; // yes\n", "2:15>2 yes\n");
}

static void test_comment__continued_lines(void **state)
{
    (void)state;
    assert_comments("f(); // a \\\n still a\ng(); // b\n", "1:8>1 a \\\n still a\n3:8>3 b\n");
    assert_comments("#define X \\\r\n  /* a */ \\\r\n  f()\r\n", "2:5>3 a \n");
}

static void test_comment__what_an_if_may_switch_off(void **state)
{
    (void)state;
    assert_comments("#ifndef A_H\n#define A_H\n// a\n#if X\n// b\n#else\n// c\n#endif\n// d\n"
                    "#endif\n#ifdef Y\n// e\n#endif\n",
                    "3:3>4 a\n5:3>6? b\n7:3>8? c\n9:3>10 d\n12:3>13? e\n");
    assert_comments("int a;\n#ifndef A\n#define A\n// a\n#endif\n", "4:3>5? a\n");
    assert_comments("#ifndef A\nint a;\n#define A\n// a\n#endif\n", "4:3>5? a\n");
}

static void test_comment__cut_anywhere(void **state)
{
    (void)state;
    static const char whole[] = "#if 1\n'\\''\"\\\\\" 1'0 /* a */ // b \\\n c\n/* \xFF\\";

    /* An allocation of exactly that size, so that the sanitizer sees a read behind it. */
    for (size_t length = 0; length < sizeof whole; length++) {
        struct arena arena = {0};
        comments found = {0};
        char *cut = xmalloc(length ? length : 1);
        memcpy(cut, whole, length);
        comments_scan(&arena, cut, length, &found);
        assert_in_range(found.count, 0, 3);
        for (size_t i = 0; i < found.count; i++)
            assert_true(found.at[i].text + found.at[i].length <= cut + length);
        free(cut);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comment__both_kinds),
        cmocka_unit_test(test_comment__alone_speaks_of_the_next_code),
        cmocka_unit_test(test_comment__not_in_strings),
        cmocka_unit_test(test_comment__continued_lines),
        cmocka_unit_test(test_comment__what_an_if_may_switch_off),
        cmocka_unit_test(test_comment__cut_anywhere),
    };

    return cmocka_run_group_tests_name("comment", tests, NULL, NULL);
}
