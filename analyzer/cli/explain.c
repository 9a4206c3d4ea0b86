#include "cli/cli.h"
#include "project/catalog.h"

#include <unistd.h>

static bool take(void *context, int id, const char *value)
{
    const char **rule = context;
    (void)id; /* it has no options */
    if (*rule) {
        usage_error(&command_explain, "one rule at a time: '%s' or '%s'?", *rule, value);
        return false;
    }
    *rule = value;
    return true;
}

static int explain(const char *rule)
{
    const char *nearest = NULL;
    struct text out = {0};
    enum catalog_style style = wants_colour()               ? CATALOG_COLOUR
                               : isatty(STDOUT_FILENO) != 0 ? CATALOG_PLAIN
                                                            : CATALOG_PAGE;
    bool done = catalog_explain(&out, rule, style, &nearest);
    if (done)
        done = write_output(NULL, &out);
    else if (nearest && !text_is(nearest, rule))
        usage_error(NULL, "there is no rule '%s'; did you mean '%s'?", rule, nearest);
    else if (nearest)
        usage_error(NULL, "'%s' has no page", rule);
    else
        usage_error(NULL, "there is no rule '%s'; 'leash rules' lists them", rule);
    text_release(&out);
    return done ? STATUS_CLEAN : STATUS_TROUBLE;
}

static int run(int count, char **words)
{
    const char *rule = NULL;
    struct arena arena = {0};
    enum parsed parsed =
        parse_words(&command_explain, count, words, take, &rule, &arena, NULL, NULL);
    arena_release(&arena);
    if (parsed != PARSED)
        return parsed == PARSED_HELP ? STATUS_CLEAN : STATUS_TROUBLE;
    if (rule)
        return explain(rule);
    usage_error(&command_explain, "which rule?");
    return STATUS_TROUBLE;
}

const struct command command_explain = {
    .name = "explain",
    .summary = "print the page of a rule, or of all",
    .usage = "usage: leash explain RULE|all\n"
             "\n"
             "Prints the rule's page: what it finds, why that hurts, a bad and a good example,\n"
             "how to mend it, and what stays unseen.  Into a pipe it goes as Markdown.\n",
    .more = "\n"
            "Examples:\n"
            "  leash explain missing-wg-done\n"
            "  leash explain all > rules.md\n",
    .run = run,
};
