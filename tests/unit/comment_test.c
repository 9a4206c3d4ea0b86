/* Comments told from strings, and the code they stand at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/comment.h"

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

/* Each marker as "line word: name@column ...", those that take findings away with a '-'. */
static void assert_markers(const char *text, const char *expected)
{
    struct arena arena = {0};
    comments found = {0};
    struct text out = {0};
    struct marker marker;
    struct marker_name name;

    text_add(&out, "");
    comments_scan(&arena, text, strlen(text), &found);
    for (size_t i = 0; i < found.count; i++) {
        if (!comment_read_marker(&found.at[i], &marker))
            continue;
        text_printf(&out, "%u %s%.*s:", found.at[i].line, marker_is_suppression(&marker) ? "-" : "",
                    (int)marker.word_length, marker.word);
        while (marker_next_name(&marker, &name))
            text_printf(&out, " %.*s@%u", (int)name.length, name.text, name.column);
        text_add_char(&out, '\n');
    }
    assert_string_equal(out.at, expected);
    text_release(&out);
    arena_release(&arena);
}

static void test_comment__markers(void **state)
{
    (void)state;
    assert_markers("// leash:daemon -- why\n/** leash:takes a, b_2 , c -- why */\n",
                   "1 leash:daemon:\n2 leash:takes: a@17 b_2@20 c@26\n");
    assert_markers("f(); // leash:ignore a-rule, b the reason, c\n//!< leash:ignore-file x\n",
                   "1 -leash:ignore: a-rule@22 b@30\n2 -leash:ignore-file: x@24\n");
    assert_markers("// leash:takes a,\n// leash:takes , a\n/* leash:takes\n a */\n",
                   "1 leash:takes: a@16\n2 leash:takes:\n3 leash:takes:\n");
}

static void test_comment__cut_marker(void **state)
{
    (void)state;
    static const char whole[] = "// leash:takes a , b-c";

    for (size_t length = 0; length < sizeof whole; length++) {
        struct arena arena = {0};
        comments found = {0};
        struct marker marker;
        struct marker_name name;
        char *cut = xmalloc(length ? length : 1);
        memcpy(cut, whole, length);
        comments_scan(&arena, cut, length, &found);
        bool is_marker = found.count && comment_read_marker(&found.at[0], &marker);
        assert_int_equal(is_marker, length > strlen("// leash:"));
        while (is_marker && marker_next_name(&marker, &name))
            assert_true(name.text + name.length <= cut + length);
        free(cut);
        arena_release(&arena);
    }
}

static void test_comment__prose_is_no_marker(void **state)
{
    (void)state;
    assert_markers("// see leash:daemon\n// leash: a tool\n// leash\n// a leash:takes b\n"
                   "/*\n * leash:daemon\n */\n// \"leash:daemon\"\n",
                   "");
    assert_markers("// leash:DAEMON\n// leash:daemon: why\n", "1 leash:DAEMON:\n2 leash:daemon:\n");
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
        cmocka_unit_test(test_comment__markers),
        cmocka_unit_test(test_comment__prose_is_no_marker),
        cmocka_unit_test(test_comment__cut_marker),
    };

    return cmocka_run_group_tests_name("comment", tests, NULL, NULL);
}
