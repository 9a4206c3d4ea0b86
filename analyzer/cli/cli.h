/*
 * cli.h - what the commands share: reading options, help, and writing output.
 */
#ifndef LEASH_CLI_H
#define LEASH_CLI_H

#include "base/base.h"
#include "project/check.h"

/* One option of a command. */
struct option {
    int id;            /* what the command's `take` gets */
    const char *name;  /* "--format" */
    const char *value; /* what stands for its value in the help; NULL: it takes none */
    const char *help;  /* NULL: accepted, but not shown */
};

/* One command of the tool. */
struct command {
    const char *name;
    const char *summary;
    const char *usage; /* the lines of its help before the options */
    const struct option *options;
    size_t option_count;
    const char *more;                    /* the lines of its help after the options: examples */
    int (*run)(int count, char **words); /* the words behind its name; the exit status */
};

extern const struct command command_check, command_rules, command_explain, command_collect,
    command_tasks, command_lsp;

/* Called for every option and every other word (id 0, `value` the word); false: the message was
 * printed. */
typedef bool take_option(void *context, int id, const char *value);

enum parsed { PARSED, PARSED_HELP, PARSED_WRONG };

/* Reads the words; what stands behind `--` goes to `behind`, which may be NULL where the command
 * takes none. */
enum parsed parse_words(const struct command *command, int count, char **words, take_option *take,
                        void *context, struct arena *, name_list *behind, bool *has_behind);

/* "leash: ..." on stderr, and that `leash COMMAND --help` helps. */
void usage_error(const struct command *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void print_help(const struct command *);

/* Writes all of it to stdout, or to the file `path` where it is not NULL, which then holds all or
 * is unchanged.  false: it could not, which was told. */
bool write_output(const char *path, const struct text *);
/* To stderr, as far as that can be written to. */
void write_errors(const struct text *);

/* Whether what is written to stdout should have colours. */
bool wants_colour(void);
bool is_terminal(int fd);

#endif
