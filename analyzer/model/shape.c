#include "model/shape.h"

#include <string.h>

/* ---- messages -------------------------------------------------------------------------------- */

static const char *join_words(struct arena *arena, const char *const *words)
{
    const char *joined = words[0];
    for (size_t i = 1; words[i]; i++)
        joined = arena_printf(arena, "%s%s%s", joined, words[i + 1] ? ", " : " or ", words[i]);
    return joined;
}

static const char *expected_text(struct arena *arena, const struct shape *shape)
{
    if (shape->expected)
        return shape->expected;
    switch (shape->kind) {
    case SHAPE_TEXT:
        return "a text";
    case SHAPE_WORD:
        return join_words(arena, shape->words);
    case SHAPE_INTEGER:
        return arena_printf(arena, "a number from %lld to %lld", (long long)shape->min,
                            (long long)shape->max);
    case SHAPE_LIST:
        return arena_printf(arena, "a list, each item %s", expected_text(arena, shape->item));
    case SHAPE_MAP:
    case SHAPE_RECORD:
        return "a mapping (key: value)";
    case SHAPE_EITHER:
        break;
    }
    const char *joined = expected_text(arena, shape->either[0]);
    for (size_t i = 1; shape->either[i]; i++)
        joined = arena_printf(arena, "%s, or %s", joined, expected_text(arena, shape->either[i]));
    return joined;
}

static void tell_mismatch(struct yaml_source *source, const struct yaml *node,
                          const struct shape *shape)
{
    const char *guess = NULL;
    if (shape->kind == SHAPE_WORD && node->kind == YAML_SCALAR) {
        size_t count = 0;
        while (shape->words[count])
            count++;
        guess = text_nearest(node->text, shape->words, count);
    }
    yaml_problem(source, node, "expected %s, got %s%s%s%s", expected_text(source->arena, shape),
                 yaml_show(source->arena, node), guess ? "; did you mean '" : "",
                 guess ? guess : "", guess ? "'?" : "");
}

/* ---- scalars --------------------------------------------------------------------------------- */

static bool is_word(const struct shape *shape, const char *text)
{
    for (size_t i = 0; shape->words[i]; i++)
        if (text_is(shape->words[i], text))
            return true;
    return false;
}

static bool is_integer(const struct shape *shape, const char *text)
{
    int64_t value;
    return text_to_int(text, shape->min, shape->max, &value);
}

static void check_text(struct yaml_source *source, const struct yaml *node,
                       const struct shape *shape)
{
    const char *refusal = NULL;
    if (!*node->text)
        tell_mismatch(source, node, shape);
    else if (shape->refuses && (refusal = shape->refuses(source->arena, node->text)))
        yaml_problem(source, node, "expected %s, got %s: %s", expected_text(source->arena, shape),
                     yaml_show(source->arena, node), refusal);
}

static void check_scalar(struct yaml_source *source, const struct yaml *node,
                         const struct shape *shape)
{
    if (shape->kind == SHAPE_TEXT)
        check_text(source, node, shape);
    else if (shape->kind == SHAPE_WORD ? !is_word(shape, node->text)
                                       : !is_integer(shape, node->text))
        tell_mismatch(source, node, shape);
}

/* ---- records --------------------------------------------------------------------------------- */

static const struct shape_key *find_key(const struct shape *shape, const char *name)
{
    for (const struct shape_key *key = shape->keys; key->name; key++)
        if (text_is(key->name, name))
            return key;
    return NULL;
}

static void tell_unknown_key(struct yaml_source *source, const struct yaml *node,
                             const struct shape *shape)
{
    VEC(const char *) names = {0};
    for (const struct shape_key *key = shape->keys; key->name; key++)
        if (!key->refusal)
            *vec_add(source->arena, &names) = key->name;
    const char *guess = text_nearest(node->text, names.at, names.count);
    if (guess) {
        yaml_problem(source, node, "unknown key '%.60s'; did you mean '%s'?", node->text, guess);
        return;
    }
    *vec_add(source->arena, &names) = NULL;
    yaml_problem(source, node, "unknown key '%.60s': expected %s", node->text,
                 join_words(source->arena, names.at));
}

bool shape_has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' '))
            return true;
    return false;
}

static bool has_companion(const struct yaml *record, const char *with)
{
    for (size_t i = 0; i < record->count; i++)
        if (shape_has_word(with, record->keys[i]->text))
            return true;
    return false;
}

static void check_record_key(struct yaml_source *source, const struct yaml *record, size_t i,
                             const struct shape *shape)
{
    const struct yaml *name = record->keys[i];
    const struct shape_key *key = find_key(shape, name->text);
    if (!key)
        tell_unknown_key(source, name, shape);
    else if (key->refusal)
        yaml_problem(source, name, "'%s' %s", key->name, key->refusal);
    else if (key->with && !has_companion(record, key->with))
        yaml_problem(source, name, "'%s' stands only beside one of: %s", key->name, key->with);
    else
        shape_check(source, record->items[i], key->shape);
}

static const char *join_choices(struct arena *arena, const struct shape *shape)
{
    const char *choices = NULL;
    for (const struct shape_key *key = shape->keys; key->name; key++)
        if (key->is_choice)
            choices = choices ? arena_printf(arena, "%s, %s", choices, key->name) : key->name;
    return choices;
}

static bool has_choice(const struct shape *shape)
{
    for (const struct shape_key *key = shape->keys; key->name; key++)
        if (key->is_choice)
            return true;
    return false;
}

/* Exactly one of the keys that exclude each other. */
static void check_choice(struct yaml_source *source, const struct yaml *record,
                         const struct shape *shape)
{
    const char *chosen = NULL;
    bool has_unknown = false;
    for (size_t i = 0; i < record->count; i++) {
        const struct shape_key *key = find_key(shape, record->keys[i]->text);
        has_unknown = has_unknown || !key;
        if (!key || !key->is_choice)
            continue;
        if (chosen)
            yaml_problem(source, record->keys[i], "expected one meaning, got '%s' beside '%s'",
                         key->name, chosen);
        chosen = key->name;
    }
    /* A mistyped key was told already, and is most likely the one that is missing. */
    if (!chosen && !has_unknown)
        yaml_problem(source, record, "expected one of the keys %s",
                     join_choices(source->arena, shape));
}

static bool is_enough(const struct yaml_source *source)
{
    return source->mistakes >= YAML_PROBLEMS_MAX;
}

static void check_record(struct yaml_source *source, const struct yaml *record,
                         const struct shape *shape)
{
    for (size_t i = 0; i < record->count && !is_enough(source); i++)
        check_record_key(source, record, i, shape);
    for (const struct shape_key *key = shape->keys; key->name; key++)
        if (key->is_required && !yaml_get(record, key->name))
            yaml_problem(source, record, "the key '%s' is missing: %s", key->name, key->summary);
    if (has_choice(shape))
        check_choice(source, record, shape);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum yaml_kind yaml_kind_of(const struct shape *shape)
{
    switch (shape->kind) {
    case SHAPE_LIST:
        return YAML_LIST;
    case SHAPE_MAP:
    case SHAPE_RECORD:
        return YAML_MAP;
    default:
        return YAML_SCALAR;
    }
}

static void check_either(struct yaml_source *source, const struct yaml *node,
                         const struct shape *shape)
{
    for (size_t i = 0; shape->either[i]; i++)
        if (yaml_kind_of(shape->either[i]) == node->kind) {
            shape_check(source, node, shape->either[i]);
            return;
        }
    tell_mismatch(source, node, shape);
}

void shape_check(struct yaml_source *source, const struct yaml *node, const struct shape *shape)
{
    if (shape->kind == SHAPE_EITHER) {
        check_either(source, node, shape);
        return;
    }
    if (node->kind != yaml_kind_of(shape)) {
        tell_mismatch(source, node, shape);
        return;
    }
    switch (shape->kind) {
    case SHAPE_LIST:
        for (size_t i = 0; i < node->count && !is_enough(source); i++)
            shape_check(source, node->items[i], shape->item);
        break;
    case SHAPE_MAP:
        for (size_t i = 0; i < node->count && !is_enough(source); i++) {
            shape_check(source, node->keys[i], shape->key);
            shape_check(source, node->items[i], shape->item);
        }
        break;
    case SHAPE_RECORD:
        check_record(source, node, shape);
        break;
    default:
        check_scalar(source, node, shape);
    }
}
