#include "project/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXTENDS_MAX = 8 };

/* ---- what holds without a file --------------------------------------------------------------- */

static size_t option_count(const struct rule *rule)
{
    size_t count = 0;
    while (rule->options && rule->options[count].name)
        count++;
    return count;
}

struct settings *settings_new(struct arena *arena, const struct rule *const *table,
                              size_t table_count)
{
    struct settings *settings = arena_new(arena, struct settings);
    *settings = (struct settings){.arena = arena,
                                  .rules = table,
                                  .rule_count = table_count,
                                  .min_confidence = CONFIDENCE_LIKELY,
                                  .fail_on = FAIL_ON_WARNING};
    settings->rule_settings = arena_array(arena, struct rule_setting, table_count);
    for (size_t i = 0; i < table_count; i++) {
        struct rule_setting *setting = &settings->rule_settings[i];
        size_t count = option_count(table[i]);
        setting->is_on = rule_is_default(table[i]);
        setting->severity = rule_severity(table[i]);
        setting->options = arena_array(arena, bool, count);
        for (size_t j = 0; j < count; j++)
            setting->options[j] = table[i]->options[j].fallback;
    }
    return settings;
}

const char *settings_find(struct arena *arena, const char *folder)
{
    const char *at = path_clean(arena, folder);
    for (;;) {
        const char *file = path_join(arena, at, ".leash.yaml");
        if (access(file, F_OK) == 0)
            return file;
        const char *above = path_directory(arena, at);
        if (text_is(above, at) || text_is(above, "."))
            return NULL;
        at = above;
    }
}

/* ---- which rules are on ---------------------------------------------------------------------- */

static bool is_meant(const struct rule *rule, const char *word)
{
    return text_is(word, "all") || text_is(rule->id, word) ||
           text_is(rule_group_word(rule->group), word) ||
           (text_is(word, "default") && rule_is_default(rule));
}

static const char *unknown_word(struct settings *settings, const char *word)
{
    VEC(const char *) known = {0};
    for (size_t i = 0; i < settings->rule_count; i++)
        *vec_add(settings->arena, &known) = settings->rules[i]->id;
    for (int group = GROUP_LEAK; group <= GROUP_PEDANTIC; group++)
        *vec_add(settings->arena, &known) = rule_group_word((enum rule_group)group);
    *vec_add(settings->arena, &known) = "all";
    *vec_add(settings->arena, &known) = "default";
    const char *guess = text_nearest(word, known.at, known.count);
    if (guess)
        return arena_printf(settings->arena,
                            "no rule or group is called '%.60s'; did you mean '%s'?", word, guess);
    return arena_printf(settings->arena,
                        "no rule or group is called '%.60s': 'leash rules' lists them", word);
}

/* A group may have no rule yet, and is known all the same. */
static bool is_group_word(const char *word)
{
    for (int group = GROUP_LEAK; group <= GROUP_PEDANTIC; group++)
        if (text_is(rule_group_word((enum rule_group)group), word))
            return true;
    return text_is(word, "all") || text_is(word, "default");
}

static bool is_known_word(const struct settings *settings, const char *word)
{
    for (size_t i = 0; i < settings->rule_count; i++)
        if (is_meant(settings->rules[i], word))
            return true;
    return is_group_word(word);
}

static void select_word(struct settings *settings, const char *word, bool is_on)
{
    for (size_t i = 0; i < settings->rule_count; i++)
        if (is_meant(settings->rules[i], word))
            settings->rule_settings[i].is_on = is_on;
}

const char *settings_select_rules(struct settings *settings, const char *const *words, size_t count)
{
    bool is_fresh = count == 0 || *words[0] != '-';
    for (size_t i = 0; is_fresh && i < settings->rule_count; i++)
        settings->rule_settings[i].is_on = false;
    for (size_t i = 0; i < count; i++) {
        bool is_taken_away = *words[i] == '-';
        const char *word = words[i] + is_taken_away;
        if (!is_known_word(settings, word))
            return unknown_word(settings, word);
        select_word(settings, word, !is_taken_away);
    }
    return NULL;
}

struct rule_choice *settings_choices(const struct settings *settings, size_t *count)
{
    struct rule_choice *choices =
        arena_array(settings->arena, struct rule_choice, settings->rule_count);
    *count = 0;
    for (size_t i = 0; i < settings->rule_count; i++) {
        const struct rule_setting *setting = &settings->rule_settings[i];
        if (setting->is_on)
            choices[(*count)++] = (struct rule_choice){
                .rule = settings->rules[i],
                .severity = setting->severity,
                .options = setting->options,
            };
    }
    return choices;
}

/* ---- reading the sections of a checked tree -------------------------------------------------- */

/* The index of a word among `words`, -1: it is none of them. */
static int word_index(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (text_is(words[i], word))
            return i;
    return -1;
}

static const char *const severities[] = {
    [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error", NULL};
static const char *const confidences[] = {[CONFIDENCE_POSSIBLE] = "possible",
                                          [CONFIDENCE_LIKELY] = "likely",
                                          [CONFIDENCE_PROVEN] = "proven",
                                          NULL};
static const char *const fail_ons[] = {
    [FAIL_ON_ERROR] = "error", [FAIL_ON_WARNING] = "warning", [FAIL_ON_NEVER] = "never", NULL};
static const char *const headers_words[] = {
    [HEADERS_OWN] = "own", [HEADERS_ALL] = "all", [HEADERS_NONE] = "none", NULL};

static void read_options(const struct rule *rule, struct rule_setting *setting,
                         const struct yaml *map)
{
    const struct yaml *severity = yaml_get(map, "severity");
    if (severity)
        setting->severity = (enum severity)word_index(severity->text, severities);
    for (size_t i = 0; i < option_count(rule); i++) {
        const struct yaml *value = yaml_get(map, rule->options[i].name);
        if (value)
            setting->options[i] = text_is(value->text, "true");
    }
}

static void read_default(struct settings *settings, struct yaml_source *source,
                         const struct yaml *list)
{
    VEC(const char *) words = {0};
    for (size_t i = 0; i < list->count; i++) {
        *vec_add(settings->arena, &words) = list->items[i]->text;
        const char *word = list->items[i]->text + (*list->items[i]->text == '-');
        if (!is_known_word(settings, word))
            yaml_problem(source, list->items[i], "%s", unknown_word(settings, word));
    }
    settings_select_rules(settings, words.at, words.count);
}

static void read_rules(struct settings *settings, struct yaml_source *source,
                       const struct yaml *map)
{
    /* The list says where the single rules start from, wherever it stands. */
    const struct yaml *selected = map ? yaml_get(map, "default") : NULL;
    if (selected)
        read_default(settings, source, selected);
    for (size_t i = 0; map && i < settings->rule_count; i++) {
        const struct yaml *value = yaml_get(map, settings->rules[i]->id);
        struct rule_setting *setting = &settings->rule_settings[i];
        if (value && value->kind == YAML_MAP)
            read_options(settings->rules[i], setting, value);
        else if (value)
            setting->is_on = text_is(value->text, "on") || text_is(value->text, "true");
    }
}

static void read_words(struct settings *settings, const struct yaml *root)
{
    const struct yaml *confidence = yaml_get(root, "min_confidence");
    const struct yaml *fail_on = yaml_get(root, "fail_on");
    const struct yaml *headers = yaml_get(root, "headers");
    if (confidence)
        settings->min_confidence = (enum confidence)word_index(confidence->text, confidences);
    if (fail_on)
        settings->fail_on = (enum fail_on)word_index(fail_on->text, fail_ons);
    if (headers)
        settings->headers = (enum headers_wanted)word_index(headers->text, headers_words);
}

static void read_paths(struct settings *settings, const struct yaml *root, const char *folder)
{
    const struct yaml *models = yaml_get(root, "models");
    for (size_t i = 0; models && i < models->count; i++)
        *vec_add(settings->arena, &settings->models) =
            path_join(settings->arena, folder, models->items[i]->text);
    const struct yaml *paths = yaml_get(root, "paths");
    const struct yaml *include = paths ? yaml_get(paths, "include") : NULL;
    const struct yaml *exclude = paths ? yaml_get(paths, "exclude") : NULL;
    /* A file that says where to look means just that; what is left out adds up. */
    if (include)
        settings->include.count = 0;
    for (size_t i = 0; include && i < include->count; i++)
        *vec_add(settings->arena, &settings->include) =
            path_join(settings->arena, folder, include->items[i]->text);
    for (size_t i = 0; exclude && i < exclude->count; i++)
        *vec_add(settings->arena, &settings->exclude) =
            path_join(settings->arena, folder, exclude->items[i]->text);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A file on the way from the one asked for to the most general one. */
struct reading {
    const char *path; /* absolute */
    struct yaml_source source;
    const struct yaml *root;
};

static const char *why_unreadable(struct arena *arena)
{
    switch (errno) {
    case EISDIR:
        return "it is a folder, expected a file";
    case EFBIG:
        return "the file is too large: expected at most 1 MiB";
    default:
        return arena_printf(arena, "cannot be read: %s", strerror(errno));
    }
}

static bool parse_file(struct settings *settings, struct reading *reading, const char *path,
                       model_problems *problems)
{
    reading->path = path;
    reading->source =
        (struct yaml_source){.arena = settings->arena, .file = path, .problems = problems};
    size_t length = 0;
    const char *text = file_read(settings->arena, path, YAML_BYTES_MAX, &length);
    if (!text) {
        *vec_add(settings->arena, problems) =
            (struct model_problem){.file = path, .message = why_unreadable(settings->arena)};
        return false;
    }
    reading->root = yaml_parse(&reading->source, text, length);
    if (reading->root)
        shape_check(&reading->source, reading->root,
                    settings_grammar(settings->arena, settings->rules, settings->rule_count));
    return reading->source.mistakes == 0;
}

/* Where the chain goes on; NULL: it ends here, or does not go on well, which is then told. */
static const char *next_file(struct settings *settings, struct reading *readings, size_t count)
{
    struct reading *last = &readings[count - 1];
    const struct yaml *extends = yaml_get(last->root, "extends");
    if (!extends)
        return NULL;
    char *folder = path_directory(settings->arena, last->path);
    const char *path = path_join(settings->arena, folder, extends->text);
    for (size_t i = 0; i < count; i++)
        if (text_is(readings[i].path, path)) {
            yaml_problem(&last->source, extends, "'%.200s' extends itself, through this", path);
            return NULL;
        }
    if (count == EXTENDS_MAX) {
        yaml_problem(&last->source, extends, "more than %d files extend one another", EXTENDS_MAX);
        return NULL;
    }
    if (access(path, R_OK) != 0) {
        yaml_problem(&last->source, extends, "'%.200s' cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    return path;
}

static void use_file(struct settings *settings, struct reading *reading)
{
    const char *folder = path_directory(settings->arena, reading->path);
    *vec_add(settings->arena, &settings->files) = reading->path;
    read_rules(settings, &reading->source, yaml_get(reading->root, "rules"));
    read_words(settings, reading->root);
    read_paths(settings, reading->root, folder);
}

static const char *absolute_path(struct arena *arena, const char *path)
{
    if (*path == '/')
        return path_clean(arena, path);
    char *here = getcwd(NULL, 0);
    const char *joined = here ? path_join(arena, here, path) : path;
    free(here);
    return joined;
}

bool settings_read(struct settings *settings, const char *path, model_problems *problems)
{
    struct reading readings[EXTENDS_MAX];
    size_t count = 0, before = problems->count;
    const char *next = absolute_path(settings->arena, path);
    while (next) {
        if (!parse_file(settings, &readings[count], next, problems))
            return false;
        count++;
        next = next_file(settings, readings, count);
    }
    while (count-- > 0)
        use_file(settings, &readings[count]);
    return problems->count == before;
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* What one place of a pattern is. */
enum piece { PIECE_CHAR, PIECE_ANY_CHAR, PIECE_ANY_IN_NAME, PIECE_ANY, PIECE_FOLDERS };

static enum piece piece_at(const char *pattern, size_t *length)
{
    *length = 1;
    if (*pattern == '?')
        return PIECE_ANY_CHAR;
    if (*pattern != '*')
        return PIECE_CHAR;
    while (pattern[*length] == '*')
        (*length)++;
    if (*length == 1)
        return PIECE_ANY_IN_NAME;
    if (pattern[*length] != '/')
        return PIECE_ANY;
    (*length)++; /* no folder at all is fine too, and then there is no slash */
    return PIECE_FOLDERS;
}

/* One row of the table "the pattern so far matches the first j bytes of the path". */
static void step_row(const char *piece, enum piece kind, const char *path, size_t length,
                     const bool *from, bool *to)
{
    to[0] = kind != PIECE_CHAR && kind != PIECE_ANY_CHAR && from[0];
    bool is_past_start = from[0];
    for (size_t j = 1; j <= length; j++) {
        char c = path[j - 1];
        is_past_start = is_past_start || from[j];
        switch (kind) {
        case PIECE_CHAR:
            to[j] = from[j - 1] && c == *piece;
            break;
        case PIECE_ANY_CHAR:
            to[j] = from[j - 1] && c != '/';
            break;
        case PIECE_ANY_IN_NAME:
            to[j] = from[j] || (to[j - 1] && c != '/');
            break;
        case PIECE_ANY:
            to[j] = from[j] || to[j - 1];
            break;
        case PIECE_FOLDERS:
            to[j] = from[j] || (is_past_start && c == '/');
            break;
        }
    }
}

static bool matches_up_to_folder(const bool *row, const char *path, size_t length)
{
    for (size_t j = 1; j <= length; j++)
        if (row[j] && (path[j] == '/' || path[j] == '\0'))
            return true;
    return false;
}

bool path_matches(const char *pattern, const char *path)
{
    enum { LONGEST = 4096 };
    size_t length = strlen(path);
    if (length > LONGEST)
        return false;
    bool rows[2][LONGEST + 1] = {{true}};
    bool *from = rows[0], *to = rows[1];
    size_t piece_length;
    for (; *pattern; pattern += piece_length) {
        enum piece kind = piece_at(pattern, &piece_length);
        step_row(pattern, kind, path, length, from, to);
        bool *old = from;
        from = to;
        to = old;
    }
    return matches_up_to_folder(from, path, length);
}

bool settings_wants_path(const struct settings *settings, const char *path)
{
    bool is_included = settings->include.count == 0;
    for (size_t i = 0; i < settings->include.count; i++)
        is_included = is_included || path_matches(settings->include.at[i], path);
    for (size_t i = 0; i < settings->exclude.count; i++)
        if (path_matches(settings->exclude.at[i], path))
            return false;
    return is_included;
}
