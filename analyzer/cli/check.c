#include "cli/cli.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    OPTION_FILE,
    OPTION_DATABASE,
    OPTION_FORMAT,
    OPTION_OUTPUT,
    OPTION_RULES,
    OPTION_MIN_CONFIDENCE,
    OPTION_FAIL_ON,
    OPTION_LIST_UNITS,
    OPTION_SHOW_CONFIG,
    OPTION_DUMP_IR,
    OPTION_MODEL,
    OPTION_CONFIG,
    OPTION_JOBS,
    OPTION_BUDGET,
    OPTION_EXPLAIN_SILENCE,
    OPTION_NO_CACHE,
    OPTION_STATS,
    OPTION_EXTRA_BEFORE,
    OPTION_EXTRA,
};

static const struct option options[] = {
    {OPTION_DATABASE, "-p", "BUILD-DIR", "the program of BUILD-DIR/compile_commands.json"},
    {OPTION_FORMAT, "--format", "text|json|sarif", "how findings are written (text)"},
    {OPTION_OUTPUT, "-o", "FILE", "write there instead of standard output"},
    {OPTION_RULES, "--rules", "LIST", "ids, groups, all or default, with commas; -ID takes away"},
    {OPTION_MIN_CONFIDENCE, "--min-confidence", "WORD", "possible, likely or proven (likely)"},
    {OPTION_FAIL_ON, "--fail-on", "WORD", "exit with 1 on: error, warning or never (warning)"},
    {OPTION_CONFIG, "--config", "FILE", "settings (the nearest .leash.yaml upwards)"},
    {OPTION_MODEL, "--model", "FILE", "one more model of a library's calls"},
    {OPTION_JOBS, "--jobs", "N", "parse N files at a time (one for each processor)"},
    {OPTION_BUDGET, "--budget", "MS", "milliseconds for the search in one scope (250)"},
    {OPTION_LIST_UNITS, "--list-units", NULL, "what is analysed, skipped, failed, and why"},
    {OPTION_SHOW_CONFIG, "--show-config", NULL, "the settings in force, and where they come from"},
    {OPTION_DUMP_IR, "--dump-ir", NULL, "what leash makes of each function"},
    {OPTION_EXPLAIN_SILENCE, "--explain-silence", "FILE:LINE", "why no wait there is reported"},
    {OPTION_STATS, "--stats", NULL, "counts and times of the run, on standard error"},
    {OPTION_EXTRA_BEFORE, "--extra-arg-before", "FLAG", "a compiler flag before all others"},
    {OPTION_EXTRA, "--extra-arg", "FLAG", "a compiler flag behind all others"},
    {OPTION_NO_CACHE, "--no-cache", NULL, "parse everything anew (as this version always does)"},
};

/* What the words say. */
struct request {
    struct arena arena;
    struct check_options options;
    const char *output; /* -o */
};

static bool take_format(struct check_options *check, const char *word)
{
    static const char *const known[] = {
        [OUTPUT_TEXT] = "text", [OUTPUT_JSON] = "json", [OUTPUT_SARIF] = "sarif"};
    static const char *const later[] = {"github", "gitlab", "checkstyle", "html"};
    for (size_t i = 0; i < COUNT_OF(later); i++)
        if (text_is(word, later[i])) {
            usage_error(&command_check, "the format %s is not in this version of leash", word);
            return false;
        }
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (text_is(word, known[i])) {
            check->format = (enum output_format)i;
            return true;
        }
    usage_error(&command_check, "--format is text, json or sarif, not '%s'", word);
    return false;
}

static bool take_jobs(struct check_options *check, const char *word)
{
    int64_t jobs;
    if (!text_to_int(word, 1, COLLECT_JOBS_MAX, &jobs)) {
        usage_error(&command_check, "--jobs is a number from 1 to %d, not '%s'", COLLECT_JOBS_MAX,
                    word);
        return false;
    }
    check->jobs = (unsigned)jobs;
    return true;
}

static bool take_budget(struct check_options *check, const char *word)
{
    int64_t ms;
    if (!text_to_int(word, 1, CHECK_BUDGET_MS_MAX, &ms)) {
        usage_error(&command_check, "--budget is a number of milliseconds from 1 to %d, not '%s'",
                    CHECK_BUDGET_MS_MAX, word);
        return false;
    }
    check->budget_ms = (unsigned)ms;
    return true;
}

static bool take_place(struct request *request, const char *word)
{
    int64_t line;
    const char *colon = strrchr(word, ':');
    if (!colon || colon == word || !text_to_int(colon + 1, 1, INT32_MAX, &line)) {
        usage_error(&command_check, "--explain-silence wants FILE:LINE, not '%s'", word);
        return false;
    }
    request->options.silent_file = arena_strndup(&request->arena, word, (size_t)(colon - word));
    request->options.silent_line = (uint32_t)line;
    return true;
}

static bool take(void *context, int id, const char *value)
{
    struct request *request = context;
    struct check_options *check = &request->options;
    switch (id) {
    case OPTION_FILE:
        *vec_add(&request->arena, &check->input.files) = value;
        break;
    case OPTION_DATABASE:
        check->input.database = value;
        break;
    case OPTION_FORMAT:
        return take_format(check, value);
    case OPTION_OUTPUT:
        request->output = value;
        break;
    case OPTION_RULES:
        check->rules = value;
        break;
    case OPTION_MIN_CONFIDENCE:
        check->min_confidence = value;
        break;
    case OPTION_FAIL_ON:
        check->fail_on = value;
        break;
    case OPTION_LIST_UNITS:
        check->lists_units = true;
        break;
    case OPTION_SHOW_CONFIG:
        check->shows_config = true;
        break;
    case OPTION_DUMP_IR:
        check->dumps_ir = true;
        break;
    case OPTION_MODEL:
        *vec_add(&request->arena, &check->models) = value;
        break;
    case OPTION_CONFIG:
        check->config = value;
        break;
    case OPTION_JOBS:
        return take_jobs(check, value);
    case OPTION_BUDGET:
        return take_budget(check, value);
    case OPTION_EXPLAIN_SILENCE:
        return take_place(request, value);
    case OPTION_STATS:
        check->has_stats = true;
        break;
    case OPTION_EXTRA_BEFORE:
        *vec_add(&request->arena, &check->input.extra_before) = value;
        break;
    case OPTION_EXTRA:
        *vec_add(&request->arena, &check->input.extra) = value;
        break;
    case OPTION_NO_CACHE:
        break;
    }
    return true;
}

/* ---- progress -------------------------------------------------------------------------------- */

static struct timespec started;
static bool shows_progress;

/* Only work that takes long has a line that counts. */
static void progress(void *context, size_t done, size_t total)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - started.tv_sec < 2)
        return;
    shows_progress = true;
    fprintf(stderr, "\r\033[K%zu of %zu files", done, total);
    fflush(stderr);
}

static void clear_progress(void)
{
    if (shows_progress)
        fputs("\r\033[K", stderr);
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool is_sensible(const struct check_options *check)
{
    if (check->input.has_flags && check->input.files.count == 0) {
        usage_error(&command_check, "there is no FILE before the --");
        return false;
    }
    if (check->input.has_flags && check->input.database) {
        usage_error(&command_check, "the flags come from -p or from behind --, not from both");
        return false;
    }
    return true;
}

static int check(struct request *request)
{
    struct check_options *options_of = &request->options;
    options_of->colour = !request->output && wants_colour();
    clock_gettime(CLOCK_MONOTONIC, &started);
    if (is_terminal(STDERR_FILENO))
        options_of->progress = progress;
    struct check_result result = {0};
    check_run(options_of, &result);
    clear_progress();
    write_errors(&result.errors);
    bool written = write_output(request->output, &result.output);
    write_errors(&result.summary);
    int status = written ? result.status : STATUS_TROUBLE;
    check_result_release(&result);
    return status;
}

static int run(int count, char **words)
{
    struct request request = {0};
    struct input_options *input = &request.options.input;
    int status = STATUS_TROUBLE;
    switch (parse_words(&command_check, count, words, take, &request, &request.arena, &input->flags,
                        &input->has_flags)) {
    case PARSED:
        if (is_sensible(&request.options))
            status = check(&request);
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

const struct command command_check = {
    .name = "check",
    .summary = "say which tasks can never end, and why",
    .usage = "usage: leash check [OPTION...] [FILE...] [-- COMPILER-FLAG...]\n"
             "       leash check [OPTION...] -p BUILD-DIR [FILE...]\n"
             "\n"
             "Reads C code and reports tasks (threads, coroutines) that can never end.\n"
             "\n"
             "FILEs are judged together, as one program.  Their compiler flags stand behind --,\n"
             "or else come from the nearest compile_commands.json in ., build/ or upwards.\n"
             "Without FILE, everything in that compile_commands.json is checked; with -p and\n"
             "FILEs too, but only findings in these FILEs are reported.  A FILE that ends in\n"
             ".unit was written by leash collect.\n",
    .options = options,
    .option_count = COUNT_OF(options),
    .more = "\n"
            "Comments in the source that leash reads (leash explain unused-note has more):\n"
            "  // leash:ignore RULE -- reason        no such finding on this line, or the next\n"
            "  // leash:ignore-file RULE -- reason   none in this file\n"
            "  // leash:daemon -- reason             this function, or the task started here,\n"
            "                                        is meant to live as long as the program\n"
            "  // leash:takes NAME -- reason         the function looks after that parameter\n"
            "\n"
            "Exit status: 0 nothing to report, 1 findings, 2 the job could not be done in full.\n"
            "\n"
            "Examples:\n"
            "  leash check server.c -- -Iinclude -DDEBUG   one file, with its flags\n"
            "  leash check                                 the program built in . or build/\n"
            "  leash check -p out src/server.c             one file, judged with all others\n"
            "  leash check --rules leak,-missing-wg-done   the leak rules but one\n"
            "  leash check --format json -o leash.json     for a program to read\n"
            "  leash check --format sarif -o leash.sarif   for code scanning services, editors\n",
    .run = run,
};
