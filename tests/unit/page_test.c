/* Rule pages on a terminal, and the blocks of code in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "report/report.h"

static const char page[] = "# a-rule\n"
                           "\n"
                           "A **strong** word, `code` and `**p`.\n"
                           "## Bad\n"
                           "\n"
                           "```c bad\n"
                           "# not a heading\n"
                           "\n"
                           "f(*`x`);\n"
                           "```\n"
                           "#hash\n"
                           "```c bad\n"
                           "```\n"
                           "```c\n"
                           "```c bad\n"
                           "```c good\n"
                           "last";

static void assert_rendered(bool colour, const char *expected)
{
    struct text out = {0};

    page_render(&out, page, colour);
    assert_string_equal(out.at, expected);
    text_release(&out);
}

static void test_page__plain(void **state)
{
    (void)state;
    assert_rendered(false, "a-rule\n"
                           "\n"
                           "A strong word, code and **p.\n"
                           "Bad\n"
                           "\n"
                           "    # not a heading\n"
                           "\n"
                           "    f(*`x`);\n"
                           "#hash\n"
                           "    ```c bad\n"
                           "    ```c good\n"
                           "    last\n");
}

static void test_page__colour(void **state)
{
    (void)state;
    struct text out = {0};

    page_render(&out, "## Why\nsee `f`\n```\ng\n```\n", true);
    assert_string_equal(out.at, "\033[1mWhy\033[0m\nsee \033[36mf\033[0m\n"
                                "    \033[36mg\033[0m\n");
    text_release(&out);
}

static void test_page__blocks(void **state)
{
    (void)state;
    struct page_block block;

    assert_true(page_next_block(page, "c bad", &block, NULL));
    assert_int_equal(block.line, 7);
    assert_int_equal(block.length, strlen("# not a heading\n\nf(*`x`);\n"));
    assert_memory_equal(block.text, "# not", 5);
    assert_true(page_next_block(page, "c bad", &block, &block));
    assert_int_equal(block.line, 13);
    assert_int_equal(block.length, 0);
    /* The others stand inside of a block, which is never closed. */
    assert_false(page_next_block(page, "c bad", &block, &block));
    assert_false(page_next_block(page, "c good", &block, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page__plain),
        cmocka_unit_test(test_page__colour),
        cmocka_unit_test(test_page__blocks),
    };

    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
