/*
 * The table of the rules agrees with files, pages and fixture folders.  The checks are functions
 * that return a complaint, so that they can be shown to complain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "report/report.h"
#include "rules/rule.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static const char *const sections[] = {
    "## What it reports",
    "## Why",
    "## Bad",
    "## Good",
    "## How to fix",
    "## What stays silent",
    "## What it does not see",
    "## Options",
    "## From the documents",
};

/* ---- a page ---------------------------------------------------------------------------------- */

/* The page's line `number` (from 1), without the newline. */
static char *line_of(struct arena *arena, const char *page, int number)
{
    while (--number > 0 && *page) {
        page += strcspn(page, "\n");
        page += *page == '\n';
    }
    return arena_strndup(arena, page, strcspn(page, "\n"));
}

/* Outside of blocks of code; NULL: it does not stand there as a line. */
static const char *find_line(const char *page, const char *line)
{
    size_t length = strlen(line);
    bool is_code = false;

    while (*page) {
        size_t size = strcspn(page, "\n");
        if (text_starts(page, "```") && (!is_code || size == 3))
            is_code = !is_code;
        else if (!is_code && size == length && memcmp(page, line, length) == 0)
            return page;
        page += size + (page[size] == '\n');
    }
    return NULL;
}

static const char *check_sections(struct arena *arena, const char *page)
{
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        const char *found = find_line(page, sections[i]);
        if (!found)
            return arena_printf(arena, "'%s' is missing or in the wrong place", sections[i]);
        page = found;
    }
    return NULL;
}

static const char *check_blocks(const char *page)
{
    struct page_block bad, good;
    const char *good_section = find_line(page, "## Good");
    const char *fix_section = find_line(page, "## How to fix");

    if (!page_next_block(page, "c bad", &bad, NULL))
        return "there is no ```c bad block";
    if (!page_next_block(page, "c good", &good, NULL))
        return "there is no ```c good block";
    if (bad.text > good_section || good.text < good_section || good.text > fix_section)
        return "a block stands outside of its section";
    return NULL;
}

/* The summary with a capital and a full stop. */
static char *sentence(struct arena *arena, const char *summary)
{
    char *text = arena_printf(arena, "%s.", summary);

    *text = (char)toupper((unsigned char)*text);
    return text;
}

static const char *check_page(struct arena *arena, const struct rule *rule, const char *page)
{
    const char *title = arena_printf(arena, "# %s", rule->id);
    const char *group =
        arena_printf(arena, "Group: %s \xC2\xB7 %s by default \xC2\xB7 since ",
                     rule_group_word(rule->group), rule_is_default(rule) ? "on" : "off");

    if (!text_is(line_of(arena, page, 1), title))
        return arena_printf(arena, "the first line is not '%s'", title);
    if (!text_is(line_of(arena, page, 3), sentence(arena, rule->summary)))
        return arena_printf(arena, "the third line is not the rule's summary, '%s'",
                            sentence(arena, rule->summary));
    if (!text_starts(line_of(arena, page, 5), group))
        return arena_printf(arena, "the fifth line does not begin with '%s'", group);
    const char *complaint = check_sections(arena, page);
    return complaint ? complaint : check_blocks(page);
}

/* ---- a rule ---------------------------------------------------------------------------------- */

static const char *check_id(const char *id)
{
    if (!islower((unsigned char)*id) || text_ends(id, "-"))
        return "an id begins with a letter and ends with a letter or digit";
    for (const char *at = id; *at; at++)
        if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) &&
            (*at != '-' || at[1] == '-'))
            return "an id is lower-case words joined by '-'";
    return NULL;
}

static bool has_entry(const char *folder, const char *prefix)
{
    DIR *directory = opendir(folder);
    bool found = false;

    for (struct dirent *entry; directory && (entry = readdir(directory));)
        found = found || text_starts(entry->d_name, prefix);
    if (directory)
        closedir(directory);
    return found;
}

static const char *check_files(struct arena *arena, const struct rule *rule)
{
    const char *source = arena_printf(arena, "rules/%s.c", rule->id);
    const char *folder = arena_printf(arena, "fixtures/%s", rule->id);
    size_t length;
    const char *text = file_read(arena, source, FILE_BYTES_MAX, &length);

    if (!text)
        return arena_printf(arena, "there is no %s", source);
    if (!strstr(text, arena_printf(arena, "\"%s\"", rule->id)))
        return arena_printf(arena, "%s does not name its id", source);
    if (!has_entry(folder, "bad_") || !has_entry(folder, "good_"))
        return arena_printf(arena, "%s lacks a bad_ or a good_ fixture", folder);
    return NULL;
}

static const char *check_rule(struct arena *arena, const struct rule *rule)
{
    const char *complaint = check_id(rule->id);
    const char *page = rule_page(rule->id);

    if (complaint)
        return complaint;
    if (!rule->check_program)
        return "it checks nothing";
    if (!page)
        return "it has no page";
    complaint = check_files(arena, rule);
    return complaint ? complaint : check_page(arena, rule, page);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void test_rules__each_has_its_files_and_page(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t complaints = 0;

    for (size_t i = 0; i < rule_count; i++) {
        const char *complaint = check_rule(&arena, rules[i]);
        if (complaint)
            print_error("%s: %s\n", rules[i]->id, complaint);
        complaints += complaint != NULL;
        assert_ptr_equal(rule_find(rules[i]->id), rules[i]);
    }
    assert_null(rules[rule_count]);
    assert_null(rule_find("no-such-rule"));
    assert_null(rule_page("no-such-rule"));
    arena_release(&arena);
    assert_int_equal(complaints, 0);
}

static void test_rules__sorted_and_unique(void **state)
{
    (void)state;
    for (size_t i = 1; i < rule_count; i++)
        assert_true(strcmp(rules[i - 1]->id, rules[i]->id) < 0);
}

static void test_rules__no_page_without_a_rule(void **state)
{
    (void)state;
    struct arena arena = {0};

    assert_non_null(rule_page(UNUSED_SUPPRESSION));
    for (size_t i = 0; i < embedded_pages_count; i++) {
        const char *name = embedded_pages[i].name;
        const char *id = arena_strndup(&arena, name, strlen(name) - strlen(".md"));
        if (!rule_find(id) && !text_is(id, UNUSED_SUPPRESSION))
            fail_msg("rules/%s is the page of no rule", name);
    }
    arena_release(&arena);
}

static void test_rules__severity_and_default_come_from_the_group(void **state)
{
    (void)state;
    assert_int_equal(rule_severity(&(struct rule){.group = GROUP_LEAK}), SEVERITY_ERROR);
    assert_int_equal(rule_severity(&(struct rule){.group = GROUP_MISUSE}), SEVERITY_ERROR);
    assert_int_equal(rule_severity(&(struct rule){.group = GROUP_CONVENTION}), SEVERITY_WARNING);
    assert_int_equal(rule_severity(&(struct rule){.group = GROUP_PEDANTIC}), SEVERITY_NOTE);
    assert_true(rule_is_default(&(struct rule){.group = GROUP_CONVENTION}));
    assert_false(rule_is_default(&(struct rule){.group = GROUP_PEDANTIC}));
}

/* ---- the checks themselves ------------------------------------------------------------------- */

static const struct rule sample = {.id = "a-rule", .group = GROUP_LEAK, .summary = "it is so"};

#define HEAD  "# a-rule\n\nIt is so.\n\nGroup: leak \xC2\xB7 on by default \xC2\xB7 since 0.1\n\n"
#define FIRST "## What it reports\nx\n## Why\nx\n"
#define BAD   "## Bad\n```c bad\nf();\n```\n"
#define GOOD  "## Good\n```c good\ng();\n```\n"
#define LAST                                                                                       \
    "## How to fix\nx\n## What stays silent\nx\n## What it does not see\nx\n## Options\nNone.\n"   \
    "## From the documents\nx\n"

static void assert_complaint(const char *page, const char *expected)
{
    struct arena arena = {0};
    const char *complaint = check_page(&arena, &sample, page);

    if (expected)
        assert_string_equal(complaint ? complaint : "(none)", expected);
    else
        assert_string_equal(complaint ? complaint : "", "");
    arena_release(&arena);
}

static void test_rules__page_checks_complain(void **state)
{
    (void)state;
    assert_complaint(HEAD FIRST BAD GOOD LAST, NULL);
    assert_complaint("# b-rule\n", "the first line is not '# a-rule'");
    assert_complaint("# a-rule\n\nSo it is\n",
                     "the third line is not the rule's summary, 'It is so.'");
    assert_complaint("# a-rule\n\nIt is so.\n\nGroup: misuse\n",
                     "the fifth line does not begin with 'Group: leak \xC2\xB7 on by default "
                     "\xC2\xB7 since '");
    assert_complaint(HEAD FIRST BAD LAST, "'## Good' is missing or in the wrong place");
    assert_complaint(HEAD BAD FIRST GOOD LAST, "'## Bad' is missing or in the wrong place");
    assert_complaint(HEAD FIRST "## Bad\n" GOOD LAST, "there is no ```c bad block");
    assert_complaint(HEAD FIRST BAD "## Good\n```c\n```\n" LAST, "there is no ```c good block");
    assert_complaint(HEAD FIRST "## Bad\n```c good\n```\n" GOOD "```c bad\n```\n" LAST,
                     "a block stands outside of its section");
    assert_complaint(HEAD FIRST BAD "```c\n## Good\n```\n" LAST,
                     "'## Good' is missing or in the wrong place");
}

static void test_rules__id_checks_complain(void **state)
{
    (void)state;
    assert_null(check_id("missing-wg-done"));
    assert_non_null(check_id(""));
    assert_non_null(check_id("-x"));
    assert_non_null(check_id("x-"));
    assert_non_null(check_id("x--y"));
    assert_non_null(check_id("Missing"));
    assert_non_null(check_id("missing_close"));
}

static void test_rules__file_checks_complain(void **state)
{
    (void)state;
    struct arena arena = {0};

    assert_string_equal(check_files(&arena, &sample), "there is no rules/a-rule.c");
    assert_string_equal(check_files(&arena, &(struct rule){.id = "registry"}),
                        "rules/registry.c does not name its id");
    assert_string_equal(check_rule(&arena, &sample), "it checks nothing");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules__each_has_its_files_and_page),
        cmocka_unit_test(test_rules__sorted_and_unique),
        cmocka_unit_test(test_rules__no_page_without_a_rule),
        cmocka_unit_test(test_rules__severity_and_default_come_from_the_group),
        cmocka_unit_test(test_rules__page_checks_complain),
        cmocka_unit_test(test_rules__id_checks_complain),
        cmocka_unit_test(test_rules__file_checks_complain),
    };

    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
