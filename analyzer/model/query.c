/*
 * What types and annotations stand for.
 */
#include "model/table.h"

static const struct {
    const char *word, *shown;
} words[] = {
    [OBJECT_NONE] = {"", "nothing"},
    [OBJECT_CHAN] = {"chan", "channel"},
    [OBJECT_WG] = {"wg", "wait group"},
    [OBJECT_MUTEX] = {"mutex", "lock"},
    [OBJECT_RWLOCK] = {"rwlock", "read-write lock"},
    [OBJECT_COND] = {"cond", "condition"},
    [OBJECT_CONTEXT] = {"context", "context"},
    [OBJECT_ONCE] = {"once", "once"},
    [OBJECT_THREAD] = {"thread", "thread"},
    [OBJECT_TIMER] = {"timer", "timer"},
};

enum object_kind object_kind_of_word(const char *word)
{
    for (size_t kind = OBJECT_CHAN; kind < COUNT_OF(words); kind++)
        if (text_is(words[kind].word, word))
            return (enum object_kind)kind;
    return OBJECT_OTHER;
}

const char *object_kind_word(enum object_kind kind)
{
    return kind < COUNT_OF(words) ? words[kind].shown : "object";
}

enum object_kind model_type_kind(const struct model_set *set, const struct ir_type *type)
{
    for (; type; type = type->alias_of) {
        const struct model_type *found = type->name ? map_get_str(&set->types, type->name) : NULL;
        if (found)
            return found->kind;
    }
    return OBJECT_NONE;
}

bool model_is_daemon(const struct model_set *set, const struct ir_symbol *function)
{
    for (size_t i = 0; i < function->note_count; i++) {
        const struct annotation *said = map_get_str(&set->annotations, function->notes[i]);
        if (said && said->is_daemon)
            return true;
    }
    const struct entry *entry = map_get_str(&set->functions, function->name);
    return entry && entry->is_daemon;
}

bool model_takes(const struct model_set *set, const struct ir_var *param)
{
    for (size_t i = 0; i < param->note_count; i++) {
        const struct annotation *said = map_get_str(&set->annotations, param->notes[i]);
        if (said && said->is_takes)
            return true;
    }
    return false;
}
