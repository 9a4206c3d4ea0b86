#include "project/run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MODEL_BYTES_MAX = 16 << 20 };

static void take_problems(struct run *run, const model_problems *list)
{
    for (size_t i = 0; i < list->count; i++)
        problem_add(&run->arena, &run->problems, list->at[i].file, list->at[i].line,
                    list->at[i].column, "%s", list->at[i].message);
}

/* A bad word on the command line; the words that would do, separated by blanks. */
static bool bad_word(struct run *run, const char *option, const char *word, const char *words)
{
    problem_add(&run->arena, &run->problems, "", 0, 0, "%s takes one of: %s; not '%s'", option,
                words, word);
    return false;
}

static bool take_min_confidence(struct run *run, const char *word)
{
    for (int i = CONFIDENCE_POSSIBLE; i <= CONFIDENCE_PROVEN; i++)
        if (text_is(word, confidence_word((enum confidence)i))) {
            run->settings->min_confidence = (enum confidence)i;
            return true;
        }
    return bad_word(run, "--min-confidence", word, "possible likely proven");
}

static const char *const fail_on_words[] = {
    [FAIL_ON_ERROR] = "error", [FAIL_ON_WARNING] = "warning", [FAIL_ON_NEVER] = "never"};

static bool take_fail_on(struct run *run, const char *word)
{
    for (size_t i = 0; i < COUNT_OF(fail_on_words); i++)
        if (text_is(word, fail_on_words[i])) {
            run->settings->fail_on = (enum fail_on)i;
            return true;
        }
    return bad_word(run, "--fail-on", word, "error warning never");
}

/* unused-suppression is no rule of the table, but can be named like one. */
static bool take_unused(struct run *run, const char *word)
{
    bool takes_away = word[0] == '-';
    if (!text_is(word + takes_away, UNUSED_SUPPRESSION))
        return false;
    run->hides_unused = takes_away;
    return true;
}

static bool take_rules(struct run *run, const char *list)
{
    name_list words = {0};
    bool first = true;
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        size_t blanks = strspn(at, " ");
        const char *word =
            arena_strndup(&run->arena, at + blanks, length > blanks ? length - blanks : 0);
        at += length + (at[length] == ',');
        if (!word[0])
            continue;
        if (first && word[0] != '-')
            run->hides_unused = true; /* a list of its own, which may name it */
        first = false;
        if (text_is(word, "all") || text_is(word, "default"))
            run->hides_unused = false;
        if (!take_unused(run, word))
            *vec_add(&run->arena, &words) = word;
    }
    if (first) {
        problem_add(&run->arena, &run->problems, "", 0, 0,
                    "--rules names no rule; see them with: leash rules");
        return false;
    }
    if (words.count == 0 && run->hides_unused)
        return true;
    const char *wrong = settings_select_rules(run->settings, words.at, words.count);
    if (wrong)
        problem_add(&run->arena, &run->problems, "", 0, 0, "--rules: %s", wrong);
    return !wrong;
}

/* The folder that the project's files are seen from: of the settings, else of the repository. */
static const char *find_root(struct run *run)
{
    if (run->settings_path)
        return path_directory(&run->arena, run->settings_path);
    for (const char *at = run->directory;; at = path_directory(&run->arena, at)) {
        if (access(path_join(&run->arena, at, ".git"), F_OK) == 0)
            return at;
        if (text_is(at, "/"))
            return run->directory;
    }
}

bool run_settings(struct run *run)
{
    const struct check_options *options = run->options;
    model_problems mistakes = {0};
    run->settings = settings_new(&run->arena, rules, rule_count);
    run->settings_path = options->config ? path_join(&run->arena, run->directory, options->config)
                                         : settings_find(&run->arena, run->directory);
    bool usable =
        !run->settings_path || settings_read(run->settings, run->settings_path, &mistakes);
    take_problems(run, &mistakes);
    run->root = find_root(run);
    if (options->min_confidence)
        usable &= take_min_confidence(run, options->min_confidence);
    if (options->fail_on)
        usable &= take_fail_on(run, options->fail_on);
    if (options->rules)
        usable &= take_rules(run, options->rules);
    return usable;
}

/* ---- models ---------------------------------------------------------------------------------- */

static bool add_model(struct run *run, const char *path, model_problems *mistakes)
{
    size_t length = 0;
    const char *text = file_read(&run->arena, path, MODEL_BYTES_MAX, &length);
    if (text)
        return model_set_add(run->models, path, text, length, mistakes);
    problem_add(&run->arena, &run->problems, path, 0, 0, "the model cannot be read: %s",
                strerror(errno));
    return false;
}

bool run_models(struct run *run)
{
    model_problems mistakes = {0};
    bool usable = true;
    run->models = model_set_new(&run->arena);
    model_set_add_bundled(run->models);
    for (size_t i = 0; i < run->settings->models.count; i++)
        usable &= add_model(run, run->settings->models.at[i], &mistakes);
    for (size_t i = 0; i < run->options->models.count; i++)
        usable &= add_model(run, path_join(&run->arena, run->directory, run->options->models.at[i]),
                            &mistakes);
    take_problems(run, &mistakes);
    return usable;
}

/* ---- --show-config --------------------------------------------------------------------------- */

static const char *source_of(const struct run *run, bool is_on_command_line, bool is_fallback)
{
    if (is_on_command_line)
        return "command line";
    return is_fallback || !run->settings_path ? "built in" : "settings";
}

static void show_list(struct text *out, const char *key, const char *const *items, size_t count)
{
    text_printf(out, "%s: [", key);
    for (size_t i = 0; i < count; i++)
        text_printf(out, "%s%s", i ? ", " : "", items[i]);
    text_add(out, "]");
}

static void show_rule(struct run *run, const struct settings *fallback, size_t index)
{
    struct text *out = &run->result->output;
    const struct rule *rule = rules[index];
    const struct rule_setting *setting = &run->settings->rule_settings[index];
    const struct rule_setting *before = &fallback->rule_settings[index];
    bool is_fallback = setting->is_on == before->is_on && setting->severity == before->severity;
    text_printf(out, "  %s: {%s", rule->id,
                setting->is_on ? severity_word(setting->severity) : "off");
    for (size_t i = 0; rule->options && rule->options[i].name; i++) {
        text_printf(out, ", %s: %s", rule->options[i].name, setting->options[i] ? "true" : "false");
        is_fallback &= setting->options[i] == before->options[i];
    }
    bool is_chosen = run->options->rules && setting->is_on != before->is_on;
    text_printf(out, "}  # %s\n", source_of(run, is_chosen, is_fallback));
}

void run_show_config(struct run *run)
{
    static const char *const headers[] = {
        [HEADERS_OWN] = "own", [HEADERS_ALL] = "all", [HEADERS_NONE] = "none"};
    struct text *out = &run->result->output;
    const struct settings *settings = run->settings;
    const struct settings *fallback = settings_new(&run->arena, rules, rule_count);
    if (settings->files.count == 0)
        text_printf(out, "# no .leash.yaml in %s or above it\n", run->directory);
    for (size_t i = 0; i < settings->files.count; i++)
        text_printf(out, "# read: %s\n", settings->files.at[i]);
    text_printf(out, "min_confidence: %s  # %s\n", confidence_word(settings->min_confidence),
                source_of(run, run->options->min_confidence,
                          settings->min_confidence == fallback->min_confidence));
    text_printf(out, "fail_on: %s  # %s\n", fail_on_words[settings->fail_on],
                source_of(run, run->options->fail_on, settings->fail_on == fallback->fail_on));
    text_printf(out, "headers: %s  # %s\n", headers[settings->headers],
                source_of(run, false, settings->headers == fallback->headers));
    show_list(out, "models", settings->models.at, settings->models.count);
    text_printf(out, "  # %s\n", source_of(run, false, settings->models.count == 0));
    text_add(out, "paths:\n  ");
    show_list(out, "include", settings->include.at, settings->include.count);
    text_printf(out, "  # %s\n  ", source_of(run, false, settings->include.count == 0));
    show_list(out, "exclude", settings->exclude.at, settings->exclude.count);
    text_printf(out, "  # %s\n", source_of(run, false, settings->exclude.count == 0));
    text_add(out, "rules:\n");
    for (size_t i = 0; i < rule_count; i++)
        show_rule(run, fallback, i);
    text_printf(out, "  %s: {%s}  # %s\n", UNUSED_SUPPRESSION,
                run->hides_unused ? "off" : severity_word(SEVERITY_WARNING),
                source_of(run, run->hides_unused, true));
}
