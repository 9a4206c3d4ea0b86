#include "cli/cli.h"

enum { OPTION_FILE, OPTION_OUTPUT, OPTION_EXTRA_BEFORE, OPTION_EXTRA };

static const struct option options[] = {
    {OPTION_OUTPUT, "-o", "OUT.unit", "the unit file to write"},
    {OPTION_EXTRA_BEFORE, "--extra-arg-before", "FLAG", "a compiler flag before all others"},
    {OPTION_EXTRA, "--extra-arg", "FLAG", "a compiler flag behind all others"},
};

/* What the words say. */
struct request {
    struct arena arena;
    struct input_options input;
    const char *output; /* -o */
};

static bool take(void *context, int id, const char *value)
{
    struct request *request = context;
    switch (id) {
    case OPTION_FILE:
        *vec_add(&request->arena, &request->input.files) = value;
        break;
    case OPTION_OUTPUT:
        request->output = value;
        break;
    case OPTION_EXTRA_BEFORE:
        *vec_add(&request->arena, &request->input.extra_before) = value;
        break;
    case OPTION_EXTRA:
        *vec_add(&request->arena, &request->input.extra) = value;
        break;
    }
    return true;
}

static bool is_sensible(const struct request *request)
{
    if (!request->output)
        usage_error(&command_collect, "where to? it wants -o OUT.unit");
    else if (!text_ends(request->output, ".unit"))
        usage_error(&command_collect,
                    "'%s' does not end in .unit, so leash check would take it "
                    "for C",
                    request->output);
    else if (request->input.files.count != 1)
        usage_error(&command_collect, "it takes one FILE, not %zu", request->input.files.count);
    else if (text_ends(request->input.files.at[0], ".unit"))
        usage_error(&command_collect, "'%s' is a unit file already", request->input.files.at[0]);
    else
        return true;
    return false;
}

static int collect(const struct request *request)
{
    struct check_result result = {0};
    collect_run(&request->input, &result);
    write_errors(&result.errors);
    int status = result.status;
    if (result.output.length && !write_output(request->output, &result.output))
        status = STATUS_TROUBLE;
    check_result_release(&result);
    return status;
}

static int run(int count, char **words)
{
    struct request request = {0};
    int status = STATUS_TROUBLE;
    switch (parse_words(&command_collect, count, words, take, &request, &request.arena,
                        &request.input.flags, &request.input.has_flags)) {
    case PARSED:
        if (is_sensible(&request))
            status = collect(&request);
        break;
    case PARSED_HELP:
        status = STATUS_CLEAN;
        break;
    case PARSED_WRONG:
        break;
    }
    arena_release(&request.arena);
    return status;
}

const struct command command_collect = {
    .name = "collect",
    .summary = "parse one file into a unit file, for build systems",
    .usage = "usage: leash collect -o OUT.unit FILE [-- COMPILER-FLAG...]\n"
             "\n"
             "Parses FILE and writes what leash check needs of it.  A build system can run this\n"
             "for each file, wherever and whenever it likes, and then leash check over all the\n"
             "unit files.  Without -- the flags come from compile_commands.json.\n",
    .options = options,
    .option_count = COUNT_OF(options),
    .more = "\n"
            "A unit file belongs to the version of leash that wrote it.  One with errors in it is\n"
            "written all the same; the exit status is then 2.\n"
            "\n"
            "Example:\n"
            "  leash collect -o a.unit a.c -- -Iinclude\n"
            "  leash collect -o b.unit b.c -- -Iinclude\n"
            "  leash check a.unit b.unit\n",
    .run = run,
};
