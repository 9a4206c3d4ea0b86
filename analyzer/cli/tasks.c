#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/watch.h"
#include "tasks/render.h"
#include "tasks/source.h"

#include <string.h>
#include <unistd.h>

enum { OPTION_WORD, OPTION_STACKS, OPTION_ONCE, OPTION_INTERVAL, OPTION_TIMEOUT };
enum { SECONDS_MAX = 3600 };

static const struct option options[] = {
    {OPTION_STACKS, "--stacks", NULL, "the call stack below each task or group"},
    {OPTION_ONCE, "--once", NULL, "one picture, where top would go on"},
    {OPTION_INTERVAL, "--interval", "SECONDS", "between two pictures of top (1)"},
    {OPTION_TIMEOUT, "--timeout", "SECONDS", "for the whole answer of a service (10)"},
};

static const struct view {
    const char *name;
    void (*render)(struct text *, const struct dump *, const struct render_style *);
} views[] = {
    {"top", render_top},
    {"list", render_list},
    {"tree", render_tree},
    {"objects", render_objects},
};

/* What the words say. */
struct request {
    const char *source;      /* NULL: none was given */
    const struct view *view; /* NULL: none was given */
    bool shows_stacks, once;
    unsigned interval_s, timeout_s;
};

static const struct view *find_view(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(views); i++)
        if (text_is(word, views[i].name))
            return &views[i];
    return NULL;
}

static bool take_word(struct request *request, const char *word)
{
    const struct view *view = find_view(word);

    if (view && request->view) {
        usage_error(&command_tasks, "%s or %s: one at a time", request->view->name, word);
        return false;
    }
    if (!view && request->source) {
        usage_error(&command_tasks, "'%s' is none of top, list, tree and objects", word);
        return false;
    }
    if (view)
        request->view = view;
    else
        request->source = word;
    return true;
}

static bool take_seconds(const char *name, const char *word, unsigned *seconds)
{
    int64_t number;

    if (!text_to_int(word, 1, SECONDS_MAX, &number)) {
        usage_error(&command_tasks, "%s is a number of seconds from 1 to %d, not '%s'", name,
                    SECONDS_MAX, word);
        return false;
    }
    *seconds = (unsigned)number;
    return true;
}

static bool take(void *context, int id, const char *value)
{
    struct request *request = context;

    switch (id) {
    case OPTION_WORD:
        return take_word(request, value);
    case OPTION_STACKS:
        request->shows_stacks = true;
        break;
    case OPTION_ONCE:
        request->once = true;
        break;
    case OPTION_INTERVAL:
        return take_seconds("--interval", value, &request->interval_s);
    case OPTION_TIMEOUT:
        return take_seconds("--timeout", value, &request->timeout_s);
    }
    return true;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* What it says may hold what a stranger sent. */
static int complain(const char *name, const char *error)
{
    struct text line = {0};

    text_add(&line, "leash: ");
    utf8_add(&line, name, strlen(name), true);
    text_add(&line, ": ");
    utf8_add(&line, error, strlen(error), true);
    text_add(&line, "\n");
    write_errors(&line);
    text_release(&line);
    return STATUS_TROUBLE;
}

static int show(struct source *source, const struct request *request, struct arena *arena)
{
    struct render_style style = {.line.colour = wants_colour(),
                                 .shows_stacks = request->shows_stacks};
    struct text text = {0}, out = {0};
    struct dump dump;
    const char *error = NULL;
    bool done = source_read(source, arena, &text, &error) &&
                dump_parse(arena, text.at ? text.at : "", text.length, &dump, &error);
    int status = STATUS_TROUBLE;

    text_release(&text);
    if (!done)
        return complain(source->name, error);
    request->view->render(&out, &dump, &style);
    if (write_output(NULL, &out))
        status = STATUS_CLEAN;
    text_release(&out);
    return status;
}

static int go_on_showing(struct source *source, const struct request *request, struct arena *arena)
{
    struct watch_options watched = {request->interval_s, request->shows_stacks, wants_colour()};
    const char *error = NULL;

    return watch(source, arena, &watched, &error) ? STATUS_CLEAN : complain(source->name, error);
}

static int tasks(const struct request *request, struct arena *arena)
{
    bool goes_on = request->view == find_view("top") && !request->once &&
                   source_is_url(request->source) && is_terminal(STDOUT_FILENO);
    struct source_options how = {request->timeout_s, goes_on ? watch_gives_up : NULL};
    struct source source;
    const char *error = NULL;

    if (!source_open(&source, arena, request->source, &how, &error))
        return complain(request->source, error);
    int status = goes_on ? go_on_showing(&source, request, arena) : show(&source, request, arena);
    source_close(&source);
    return status;
}

static int run(int count, char **words)
{
    struct arena arena = {0};
    struct request request = {.interval_s = 1, .timeout_s = 10};
    enum parsed parsed =
        parse_words(&command_tasks, count, words, take, &request, &arena, NULL, NULL);
    int status = parsed == PARSED_HELP ? STATUS_CLEAN : STATUS_TROUBLE;

    if (parsed == PARSED && (!request.source || !*request.source))
        usage_error(&command_tasks, "of what? of a service: leash tasks http://127.0.0.1:6060");
    else if (parsed == PARSED) {
        if (!request.view)
            request.view = &views[0];
        status = tasks(&request, &arena);
    }
    arena_release(&arena);
    return status;
}

const struct command command_tasks = {
    .name = "tasks",
    .summary = "show the tasks of a running program, or of a saved dump",
    .usage = "usage: leash tasks [OPTION...] URL|FILE|- [top|list|tree|objects]\n"
             "\n"
             "Shows the tasks of a program on libleash: of a service that has called debug_serve,\n"
             "by its URL, or of a dump as task_dump_json writes it, in a FILE or on standard\n"
             "input.\n"
             "\n"
             "  top      groups of tasks that are alike, most first; of a URL on a terminal again\n"
             "           and again, with what has changed, until q or Ctrl-C\n"
             "  list     a task a line, by number\n"
             "  tree     who spawned whom\n"
             "  objects  who waits for the same channel, lock, wait group ...\n",
    .options = options,
    .option_count = COUNT_OF(options),
    .more = "\n"
            "Exit status: 0, or 2 when there is no dump to show.\n"
            "\n"
            "Examples:\n"
            "  leash tasks http://127.0.0.1:6060           watch a service\n"
            "  leash tasks http://127.0.0.1:6060 tree      who spawned whom, now\n"
            "  leash tasks http://127.0.0.1:6060/debug/tasks/lost\n"
            "                                              those that can never run again\n"
            "  curl -s 'http://127.0.0.1:6060/debug/tasks?format=json' -o dump.json\n"
            "  leash tasks dump.json                       the dump that was saved\n"
            "  leash tasks dump.json list | grep 'chan send'\n"
            "  leash tasks --stacks dump.json objects      what they wait for, and on what way\n",
    .run = run,
};
