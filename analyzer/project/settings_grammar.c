/*
 * What a settings file may hold.
 */
#include "project/settings.h"

#include <string.h>

static const struct shape any_text = {.kind = SHAPE_TEXT};
static const struct shape file_name = {.kind = SHAPE_TEXT, .expected = "the path of a file"};
static const struct shape file_names = {.kind = SHAPE_LIST, .item = &file_name};
static const struct shape pattern = {.kind = SHAPE_TEXT, .expected = "a path or pattern"};
static const struct shape patterns = {.kind = SHAPE_LIST, .item = &pattern};

static const struct shape yes_or_no = {.kind = SHAPE_WORD,
                                       .words = (const char *const[]){"true", "false", NULL}};
static const struct shape on_or_off = {
    .kind = SHAPE_WORD, .words = (const char *const[]){"on", "off", "true", "false", NULL}};
static const struct shape severity_words = {
    .kind = SHAPE_WORD, .words = (const char *const[]){"note", "warning", "error", NULL}};
static const struct shape confidence_words = {
    .kind = SHAPE_WORD, .words = (const char *const[]){"possible", "likely", "proven", NULL}};
static const struct shape fail_on_words = {
    .kind = SHAPE_WORD, .words = (const char *const[]){"error", "warning", "never", NULL}};
static const struct shape headers_words = {
    .kind = SHAPE_WORD, .words = (const char *const[]){"own", "all", "none", NULL}};

static const struct shape paths = {
    .kind = SHAPE_RECORD,
    .keys = (const struct shape_key[]){{"include", &patterns, "report only in these"},
                                       {"exclude", &patterns, "do not report in these"},
                                       {0}},
};

static const struct shape selector = {
    .kind = SHAPE_TEXT,
    .expected = "a rule's id or a group, with '-' before it to take it away",
    .pattern = "^-?[a-z][a-z0-9-]*$",
};
static const struct shape selectors = {.kind = SHAPE_LIST, .item = &selector};

/* ---- rules ----------------------------------------------------------------------------------- */

static const struct shape *either(struct arena *arena, const struct shape *a, const struct shape *b)
{
    const struct shape **both = arena_array(arena, const struct shape *, 3);
    both[0] = a;
    both[1] = b;
    struct shape *shape = arena_new(arena, struct shape);
    shape->kind = SHAPE_EITHER;
    shape->either = both;
    return shape;
}

/* Of a rule that is known: severity and its own options. */
static const struct shape *rule_shape(struct arena *arena, const struct rule *rule)
{
    VEC(struct shape_key) keys = {0};
    *vec_add(arena, &keys) =
        (struct shape_key){"severity", &severity_words, "how its findings are ranked"};
    for (const struct rule_option *option = rule->options; option && option->name; option++)
        *vec_add(arena, &keys) = (struct shape_key){option->name, &yes_or_no, option->summary};
    vec_add(arena, &keys);
    struct shape *record = arena_new(arena, struct shape);
    record->kind = SHAPE_RECORD;
    record->keys = keys.at;
    return either(arena, &on_or_off, record);
}

static const struct shape *known_rules(struct arena *arena, const struct rule *const *table,
                                       size_t table_count)
{
    VEC(struct shape_key) keys = {0};
    *vec_add(arena, &keys) = (struct shape_key){"default", &selectors, "the rules that are on"};
    for (size_t i = 0; i < table_count; i++)
        *vec_add(arena, &keys) = (struct shape_key){table[i]->id, rule_shape(arena, table[i]),
                                                    table[i]->summary ? table[i]->summary : ""};
    vec_add(arena, &keys);
    struct shape *record = arena_new(arena, struct shape);
    record->kind = SHAPE_RECORD;
    record->keys = keys.at;
    return record;
}

/* Rules come and go between versions, so a schema that outlives one names none of them. */
static const struct shape option_value = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"true", "false", "note", "warning", "error", NULL}};
static const struct shape option_name = {.kind = SHAPE_TEXT, .pattern = "^[a-z][a-z0-9_-]*$"};
static const struct shape options = {.kind = SHAPE_MAP, .key = &option_name, .item = &option_value};
static const struct shape rule_id = {.kind = SHAPE_TEXT, .pattern = "^[a-z][a-z0-9-]*$"};
static const struct shape any_rule = {
    .kind = SHAPE_EITHER,
    .either = (const struct shape *const[]){&on_or_off, &options, &selectors, NULL},
};
static const struct shape any_rules = {.kind = SHAPE_MAP, .key = &rule_id, .item = &any_rule};

/* ---- the file -------------------------------------------------------------------------------- */

#define NOT_YET "is not supported in this version"

const struct shape *settings_grammar(struct arena *arena, const struct rule *const *table,
                                     size_t table_count)
{
    const struct shape *rules_shape = table ? known_rules(arena, table, table_count) : &any_rules;
    const struct shape_key keys[] = {
        {"extends", &file_name, "the settings that these stand on"},
        {"rules", rules_shape, "which rules are on, and how"},
        {"min_confidence", &confidence_words, "findings below it are left out"},
        {"fail_on", &fail_on_words, "the severity that makes the exit status 1"},
        {"models", &file_names, "further models of libraries"},
        {"paths", &paths, "where to report"},
        {"headers", &headers_words, "report in headers below the root: own, all, none"},
        {"baseline", &any_text, "", .refusal = NOT_YET},
        {"cache", &any_text, "", .refusal = NOT_YET},
        {0},
    };
    struct shape *file = arena_new(arena, struct shape);
    file->kind = SHAPE_RECORD;
    file->keys = arena_copy(arena, keys, sizeof keys);
    return file;
}
