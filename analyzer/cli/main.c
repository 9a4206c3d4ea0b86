/*
 * main.c - which command it is.
 */
#include "cli/cli.h"
#include "project/catalog.h"

#include <fcntl.h>
#include <unistd.h>

static const struct command *const commands[] = {&command_check,   &command_rules, &command_explain,
                                                 &command_collect, &command_tasks, &command_lsp};

/* Were one of the three closed, the next file opened would get its number, and our output with it.
 * What takes their place cannot be written to, so that a closed stdout is noticed. */
static void hold_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", O_RDONLY);
}

static int help(void)
{
    struct text out = {0};
    text_add(&out, "usage: leash COMMAND [OPTION...] [FILE...]\n"
                   "\n"
                   "leash reads C code and says which tasks can never end, and why.\n"
                   "\n"
                   "Commands:\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        text_printf(&out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    text_add(&out, "\n"
                   "leash COMMAND --help tells more, leash --version which version this is.\n"
                   "\n"
                   "Examples:\n"
                   "  leash check server.c -- -Iinclude    one file, with its compiler flags\n"
                   "  leash check                          the program of compile_commands.json\n"
                   "  leash explain missing-wg-done        what a finding means\n");
    bool written = write_output(NULL, &out);
    text_release(&out);
    return written ? STATUS_CLEAN : STATUS_TROUBLE;
}

static int version(void)
{
    struct text out = {0};
    catalog_version(&out);
    bool written = write_output(NULL, &out);
    text_release(&out);
    return written ? STATUS_CLEAN : STATUS_TROUBLE;
}

static int unknown_command(const char *word)
{
    const char *names[COUNT_OF(commands)];
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        names[i] = commands[i]->name;
    const char *nearest = text_nearest(word, names, COUNT_OF(names));
    if (text_is(word, "init"))
        usage_error(NULL, "the command %s is not in this version of leash", word);
    else if (text_starts(word, "http://") || text_starts(word, "https://"))
        usage_error(NULL, "which command? perhaps: leash tasks %s", word);
    else if (access(word, F_OK) == 0 && !nearest)
        usage_error(NULL, "which command? perhaps: leash check %s", word);
    else if (nearest)
        usage_error(NULL, "there is no command '%s'; did you mean '%s'?", word, nearest);
    else
        usage_error(NULL, "there is no command '%s'", word);
    return STATUS_TROUBLE;
}

static const struct command *find_command(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (text_is(word, commands[i]->name))
            return commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    hold_standard_files();
    if (argc < 2) {
        usage_error(NULL, "which command?");
        return STATUS_TROUBLE;
    }
    if (text_is(argv[1], "--help") || text_is(argv[1], "-h"))
        return help();
    if (text_is(argv[1], "--version"))
        return version();
    const struct command *command = find_command(argv[1]);
    if (text_is(argv[1], "help")) {
        command = argc > 2 ? find_command(argv[2]) : NULL;
        if (command)
            print_help(command);
        return command ? STATUS_CLEAN : argc > 2 ? unknown_command(argv[2]) : help();
    }
    return command ? command->run(argc - 2, argv + 2) : unknown_command(argv[1]);
}
