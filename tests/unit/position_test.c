/* LSP's positions in text that holds anything. */
#include "lsp/position.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

/* One byte, two (1 unit of UTF-16), three (1), four (2), one that begins no character (1). */
static const char line[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xFFz";

static void test_position__counts_units(void **state)
{
    static const struct {
        size_t bytes;
        uint64_t utf8, utf16, utf32;
    } cases[] = {{0, 0, 0, 0},   {1, 1, 1, 1},   {3, 3, 2, 2},   {6, 6, 3, 3},
                 {10, 10, 5, 4}, {11, 11, 6, 5}, {12, 12, 7, 6}, {99, 12, 7, 6}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t bytes = cases[i].bytes, length = strlen(line);
        assert_int_equal(position_units(ENCODING_UTF8, line, length, bytes), cases[i].utf8);
        assert_int_equal(position_units(ENCODING_UTF16, line, length, bytes), cases[i].utf16);
        assert_int_equal(position_units(ENCODING_UTF32, line, length, bytes), cases[i].utf32);
    }
}

static void test_position__finds_what_it_counted(void **state)
{
    static const size_t starts[] = {0, 1, 3, 6, 10, 11, 12};
    (void)state;
    for (enum encoding encoding = ENCODING_UTF16; encoding <= ENCODING_UTF32; encoding++)
        for (size_t i = 0; i < COUNT_OF(starts); i++) {
            uint64_t units = position_units(encoding, line, strlen(line), starts[i]);
            assert_int_equal(position_offset(encoding, line, strlen(line), 0, units), starts[i]);
        }
    /* Within a character: its beginning. */
    assert_int_equal(position_offset(ENCODING_UTF16, line, strlen(line), 0, 4), 6);
    assert_int_equal(position_offset(ENCODING_UTF8, line, strlen(line), 0, 2), 1);
}

static void test_position__knows_every_line_end(void **state)
{
    static const char text[] = "ab\ncd\r\nef\rgh\n";
    (void)state;
    for (uint64_t number = 0; number < 4; number++) {
        size_t start = position_offset(ENCODING_UTF8, text, strlen(text), number, 0);
        assert_int_equal(text[start], "aceg"[number]);
        /* No further than the line, whatever ends it. */
        assert_int_equal(position_offset(ENCODING_UTF8, text, strlen(text), number, 99), start + 2);
    }
    assert_int_equal(position_offset(ENCODING_UTF8, text, strlen(text), 4, 5), strlen(text));
    assert_int_equal(position_offset(ENCODING_UTF8, text, strlen(text), 5, 0), strlen(text));
    assert_int_equal(position_offset(ENCODING_UTF8, "", 0, UINT64_MAX, UINT64_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_position__counts_units),
        cmocka_unit_test(test_position__finds_what_it_counted),
        cmocka_unit_test(test_position__knows_every_line_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
