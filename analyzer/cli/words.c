#include "cli/cli.h"

#include <string.h>

/* Options that the command line is going to have, and whether they take a value.  Refusing them by
 * name beats guessing at a misspelling. */
static const struct {
    const char *name;
    bool takes_value;
} later_options[] = {
    {"--diff", false}, {"--diff-from", true},      {"--baseline", true},
    {"--fix", false},  {"--write-baseline", true}, {"--cache-dir", true},
};

void usage_error(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("leash: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    if (command)
        fprintf(stderr, "\nleash: 'leash %s --help' tells what there is\n", command->name);
    else
        fputs("\nleash: 'leash --help' tells what there is\n", stderr);
}

/* Does `word` name the option, alone or with "=value"? */
static bool names(const char *word, const char *name)
{
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 &&
           (word[length] == '\0' || (word[length] == '=' && text_starts(name, "--")));
}

static const struct option *find_option(const struct command *command, const char *word)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (names(word, command->options[i].name))
            return &command->options[i];
    return NULL;
}

static void unknown_option(const struct command *command, struct arena *arena, const char *word)
{
    const char *name = arena_strndup(arena, word, strcspn(word, "="));
    for (size_t i = 0; i < COUNT_OF(later_options); i++)
        if (text_is(name, later_options[i].name)) {
            usage_error(command, "%s is not in this version of leash", name);
            return;
        }
    name_list known = {0};
    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i].help)
            *vec_add(arena, &known) = command->options[i].name;
    *vec_add(arena, &known) = "--help";
    const char *nearest = text_nearest(name, known.at, known.count);
    if (nearest)
        usage_error(command, "there is no option '%s'; did you mean '%s'?", name, nearest);
    else
        usage_error(command, "there is no option '%s'", name);
}

/* One option with its value, which may be the next word; *at is its index, then its last word's. */
static bool take_one(const struct command *command, const struct option *option, int count,
                     char **words, int *at, take_option *take, void *context)
{
    const char *word = words[*at];
    const char *attached = text_starts(word, "--") ? strchr(word, '=') : NULL;
    if (!option->value && attached) {
        usage_error(command, "%s takes no value", option->name);
        return false;
    }
    if (!option->value)
        return take(context, option->id, NULL);
    if (attached)
        return take(context, option->id, attached + 1);
    if (*at + 1 >= count) {
        usage_error(command, "%s wants %s behind it", option->name, option->value);
        return false;
    }
    return take(context, option->id, words[++*at]);
}

enum parsed parse_words(const struct command *command, int count, char **words, take_option *take,
                        void *context, struct arena *arena, name_list *behind, bool *has_behind)
{
    for (int i = 0; i < count; i++) {
        const char *word = words[i];
        if (text_is(word, "--") && behind) {
            *has_behind = true;
            while (++i < count)
                *vec_add(arena, behind) = words[i];
            return PARSED;
        }
        if (text_is(word, "--help") || text_is(word, "-h")) {
            print_help(command);
            return PARSED_HELP;
        }
        if (word[0] != '-' || !word[1]) {
            if (!take(context, 0, word))
                return PARSED_WRONG;
            continue;
        }
        const struct option *option = find_option(command, word);
        if (!option) {
            unknown_option(command, arena, word);
            return PARSED_WRONG;
        }
        if (!take_one(command, option, count, words, &i, take, context))
            return PARSED_WRONG;
    }
    return PARSED;
}

void print_help(const struct command *command)
{
    struct text out = {0};
    text_add(&out, command->usage);
    if (command->option_count)
        text_add(&out, "\nOptions:\n");
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        if (!option->help)
            continue;
        const char *join = !option->value ? "" : text_starts(option->name, "--") ? "=" : " ";
        struct text left = {0};
        text_printf(&left, "%s%s%s", option->name, join, option->value ? option->value : "");
        text_printf(&out, "  %-36s %s\n", left.at, option->help);
        text_release(&left);
    }
    text_add(&out, command->more);
    write_output(NULL, &out);
    text_release(&out);
}
