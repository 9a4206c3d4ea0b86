#include "cli/cli.h"
#include "project/catalog.h"

enum { OPTION_WORD, OPTION_FORMAT };

static const struct option options[] = {
    {OPTION_FORMAT, "--format", "text|json|markdown", "how the list is written (text)"},
};

static bool take(void *context, int id, const char *value)
{
    static const char *const words[] = {
        [CATALOG_TEXT] = "text", [CATALOG_JSON] = "json", [CATALOG_MARKDOWN] = "markdown"};
    enum catalog_format *format = context;
    for (size_t i = 0; id == OPTION_FORMAT && i < COUNT_OF(words); i++)
        if (text_is(value, words[i])) {
            *format = (enum catalog_format)i;
            return true;
        }
    if (id == OPTION_FORMAT)
        usage_error(&command_rules, "--format is text, json or markdown, not '%s'", value);
    else
        usage_error(&command_rules, "it takes no '%s'; for the page of a rule: leash explain %s",
                    value, value);
    return false;
}

static int run(int count, char **words)
{
    enum catalog_format format = CATALOG_TEXT;
    struct arena arena = {0};
    enum parsed parsed =
        parse_words(&command_rules, count, words, take, &format, &arena, NULL, NULL);
    arena_release(&arena);
    if (parsed != PARSED)
        return parsed == PARSED_HELP ? STATUS_CLEAN : STATUS_TROUBLE;
    struct text out = {0};
    catalog_rules(&out, format);
    bool written = write_output(NULL, &out);
    text_release(&out);
    return written ? STATUS_CLEAN : STATUS_TROUBLE;
}

const struct command command_rules = {
    .name = "rules",
    .summary = "list every rule: id, group, default, summary",
    .usage = "usage: leash rules [--format text|json|markdown]\n"
             "\n"
             "Lists every rule: its id, its group, whether it is on by default, and what it\n"
             "finds.  The groups are leak, misuse, convention and pedantic.\n",
    .options = options,
    .option_count = COUNT_OF(options),
    .more = "\n"
            "Examples:\n"
            "  leash rules                      read\n"
            "  leash explain missing-wg-done    read on\n"
            "  leash check --rules all          run them all\n",
    .run = run,
};
