/*
 * Model files into tables.  The grammar has checked the tree before anything is read off it, so
 * what stands here has no mistakes left to find but those between keys.
 */
#include "base/embed.h"
#include "model/grammar.h"
#include "model/table.h"

#include <string.h>

/* ---- reading values off a checked tree ------------------------------------------------------- */

static void must_parse(const char *wrong)
{
    if (wrong)
        BUG("the grammar let through what cannot be read: %s", wrong);
}

static const char *get_text(const struct yaml *map, const char *key)
{
    const struct yaml *node = yaml_get(map, key);
    return node ? node->text : NULL;
}

static struct reference read_reference(struct arena *arena, const struct yaml *node)
{
    struct reference reference = {0};
    if (node)
        must_parse(reference_parse(arena, node->text, &reference));
    return reference;
}

static struct reference get_reference(struct arena *arena, const struct yaml *map, const char *key)
{
    return read_reference(arena, yaml_get(map, key));
}

static struct reference_list read_list(struct arena *arena, const struct yaml *node)
{
    struct reference_list list = {.is_given = node != NULL};
    if (node && node->kind == YAML_LIST) {
        struct reference *at = arena_array(arena, struct reference, node->count + 1);
        for (size_t i = 0; i < node->count; i++)
            at[i] = read_reference(arena, node->items[i]);
        list.at = at;
        list.count = node->count;
    } else if (node) {
        list.array = get_reference(arena, node, "values");
        list.array_count = get_reference(arena, node, "count");
    }
    return list;
}

/* ---- the parts of a function's entry --------------------------------------------------------- */

static const struct {
    const char *key;
    enum act_kind kind;
} kinds[] = {
    {"make", ACT_MAKE},
    {"spawn", ACT_SPAWN},
    {"invoke", ACT_INVOKE},
    {"send", ACT_SEND},
    {"receive", ACT_RECV},
    {"close", ACT_CLOSE},
    {"select", ACT_SELECT},
    {"add", ACT_ADD},
    {"done", ACT_DONE},
    {"wait", ACT_WAIT},
    {"lock", ACT_LOCK},
    {"unlock", ACT_UNLOCK},
    {"cond_wait", ACT_COND_WAIT},
    {"signal", ACT_SIGNAL},
    {"broadcast", ACT_SIGNAL},
    {"derive", ACT_DERIVE},
    {"cancel", ACT_CANCEL},
    {"done_channel", ACT_DONE_CHANNEL},
    {"check_context", ACT_CHECK_CONTEXT},
    {"join", ACT_JOIN},
    {"detach", ACT_DETACH},
    {"sleep", ACT_SLEEP},
    {"yield", ACT_YIELD},
    {"io", ACT_IO},
    {"free", ACT_FREE},
    {"ref", ACT_REF},
    {"exit", ACT_EXIT},
    {"end_task", ACT_END_TASK},
    {"at_end", ACT_AT_END},
    {"not_at_end", ACT_NOT_AT_END},
    {"limit", ACT_LIMIT},
    {"set", ACT_SET},
    {"watch", ACT_WATCH},
};

static const struct condition *read_condition_list(struct arena *arena, const struct yaml *node,
                                                   size_t *count)
{
    *count = !node ? 0 : node->kind == YAML_LIST ? node->count : 1;
    struct condition *conditions = arena_array(arena, struct condition, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        const struct yaml *item = node->kind == YAML_LIST ? node->items[i] : node;
        must_parse(condition_parse(arena, item->text, &conditions[i]));
    }
    return conditions;
}

static void read_outcomes(struct arena *arena, const struct yaml *map, struct entry *entry)
{
    static const char *const keys[] = {
        [RESULT_OK] = "ok_when",
        [RESULT_CLOSED] = "closed_when",
        [RESULT_ENDED] = "ended_when",
        [RESULT_FAILED] = "failed_when",
    };
    VEC(struct condition) conditions = {0};
    for (size_t result = 0; result < COUNT_OF(keys); result++) {
        size_t count;
        const struct condition *list =
            read_condition_list(arena, yaml_get(map, keys[result]), &count);
        for (size_t i = 0; i < count; i++) {
            struct condition *condition = vec_add(arena, &conditions);
            *condition = list[i];
            condition->result = (enum act_result)result;
        }
    }
    entry->conditions = conditions.at;
    entry->condition_count = conditions.count;
}

static void read_operation(const char *constant, const char *word,
                           struct select_operation *operation)
{
    static const struct {
        const char *word;
        enum arm_kind arm;
    } arms[] = {{"receive", ARM_RECV},
                {"send", ARM_SEND},
                {"after", ARM_AFTER},
                {"until", ARM_AFTER},
                {"default", ARM_DEFAULT}};
    if (!text_to_int(constant, INT64_MIN, INT64_MAX, &operation->value))
        operation->name = constant;
    operation->is_point_in_time = text_is(word, "until");
    for (size_t i = 0; i < COUNT_OF(arms); i++)
        if (text_is(arms[i].word, word))
            operation->arm = arms[i].arm;
}

static void read_select(struct arena *arena, const struct yaml *map, struct select_layout *select)
{
    select->cases = get_reference(arena, map, "cases");
    select->count = get_reference(arena, map, "count");
    select->operation = get_text(map, "operation");
    select->channel = get_text(map, "channel");
    select->into = get_text(map, "into");
    select->value = get_text(map, "value");
    select->ok = get_text(map, "ok");
    select->timeout_ms = get_text(map, "timeout_ms");
    const struct yaml *operations = yaml_get(map, "operations");
    struct select_operation *at = arena_array(arena, struct select_operation, operations->count);
    for (size_t i = 0; i < operations->count; i++)
        read_operation(operations->keys[i]->text, operations->items[i]->text, &at[i]);
    select->operations = at;
    select->operation_count = operations->count;
}

static void read_call(struct arena *arena, const struct yaml *map, struct entry *entry)
{
    entry->entry = get_reference(arena, map, "entry");
    entry->args = read_list(arena, yaml_get(map, "args"));
}

/* The handle of what a call makes is its result where the model says nothing else. */
static void read_made_object(struct arena *arena, const struct yaml *map, struct entry *entry)
{
    entry->object = get_reference(arena, map, "object");
    bool is_made =
        entry->kind == ACT_MAKE || entry->kind == ACT_DERIVE || entry->kind == ACT_DONE_CHANNEL;
    if (is_made && !yaml_get(map, "object"))
        entry->object.base = REFERENCE_RETURN;
}

static void read_done_channel(struct arena *arena, const struct yaml *node, struct entry *entry)
{
    if (node->kind == YAML_MAP)
        entry->sources = read_list(arena, yaml_get(node, "any_of"));
    else
        entry->context = read_reference(arena, node);
}

/* What the value of the key that names the act says. */
static void read_kind(struct arena *arena, const struct yaml *map, const struct yaml *node,
                      struct entry *entry)
{
    switch (entry->kind) {
    case ACT_MAKE:
        entry->object_kind = object_kind_of_word(node->text);
        read_made_object(arena, map, entry);
        break;
    case ACT_SPAWN:
    case ACT_INVOKE:
        read_call(arena, node, entry);
        read_made_object(arena, map, entry);
        break;
    case ACT_DERIVE:
        entry->context = read_reference(arena, node);
        read_made_object(arena, map, entry);
        break;
    case ACT_DONE_CHANNEL:
        read_done_channel(arena, node, entry);
        read_made_object(arena, map, entry);
        break;
    case ACT_CHECK_CONTEXT:
        entry->context = read_reference(arena, node);
        break;
    case ACT_SELECT:
        read_select(arena, node, &entry->select);
        break;
    case ACT_SLEEP:
        entry->timeout_ms = read_reference(arena, node);
        break;
    case ACT_WATCH:
        read_made_object(arena, map, entry);
        break;
    case ACT_END_TASK:
        entry->is_resumed = text_is(node->text, "resumed");
        break;
    case ACT_YIELD:
    case ACT_EXIT:
        break;
    default:
        entry->object = read_reference(arena, node);
    }
}

static void read_properties(struct arena *arena, const struct yaml *map, struct entry *entry)
{
    const struct {
        const char *key;
        struct reference *to;
    } references[] = {
        {"capacity", &entry->capacity},
        {"element_size", &entry->element_size},
        {"value", &entry->value},
        {"into", &entry->value},
        {"count", &entry->count},
        {"counted_by", &entry->counted_by},
        {"releases", &entry->lock},
        {"context", &entry->context},
        {"timeout_ms", &entry->timeout_ms},
        {"deadline", &entry->deadline},
        {"index", &entry->index},
        {"attributes", &entry->attributes},
        {"once", &entry->once},
    };
    for (size_t i = 0; i < COUNT_OF(references); i++)
        if (yaml_get(map, references[i].key))
            *references[i].to = get_reference(arena, map, references[i].key);
    const char *kind = get_text(map, "kind"), *parks = get_text(map, "parks");
    if (kind)
        entry->object_kind = object_kind_of_word(kind);
    if (parks)
        entry->parks = text_is(parks, "never") ? PARKS_NEVER : PARKS_MAYBE;
    entry->tries = text_is(get_text(map, "tries"), "true");
    entry->begins_later = text_is(get_text(map, "begins"), "later");
    entry->is_zeroed = text_is(get_text(map, "content"), "zero");
    entry->is_fed_from_outside = yaml_get(map, "fed") != NULL;
    entry->is_never_closed = text_is(get_text(map, "fed"), "ticks");
    const char *attribute = get_text(map, "attribute");
    if (attribute)
        entry->attribute =
            text_is(attribute, "detached") ? ATTRIBUTE_DETACHED : ATTRIBUTE_RECURSIVE;
    entry->mode = text_is(get_text(map, "mode"), "shared") ? MODE_SHARED : MODE_EXCLUSIVE;
    entry->when = read_condition_list(arena, yaml_get(map, "when"), &entry->when_count);
    read_outcomes(arena, map, entry);
}

/* `takes: [arg 0, arg 2]` */
static void read_takes(struct arena *arena, const struct yaml *list, struct entry *entry)
{
    size_t *takes = arena_array(arena, size_t, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        takes[i] = (size_t)read_reference(arena, list->items[i]).number;
    entry->takes = takes;
    entry->take_count = list->count;
}

static void read_entry(struct arena *arena, const struct yaml *map, struct entry *entry)
{
    entry->is_daemon = yaml_get(map, "daemon") != NULL;
    entry->is_nothing = yaml_get(map, "nothing") != NULL;
    if (yaml_get(map, "takes"))
        read_takes(arena, yaml_get(map, "takes"), entry);
    entry->wakes_all = yaml_get(map, "broadcast") != NULL;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct yaml *node = yaml_get(map, kinds[i].key);
        if (!node)
            continue;
        entry->kind = kinds[i].kind;
        read_kind(arena, map, node, entry);
    }
    read_properties(arena, map, entry);
    if (yaml_get(map, "word"))
        entry->word = get_text(map, "word");
}

/* ---- the sections of a file ------------------------------------------------------------------ */

static struct entry *new_entry(struct arena *arena, const struct library *library,
                               const char *function, const struct yaml *map)
{
    struct entry *entry = arena_new(arena, struct entry);
    entry->function = entry->word = function;
    entry->library = library;
    read_entry(arena, map, entry);
    return entry;
}

/* One meaning, or a list of which the first whose `when` holds counts. */
static struct entry *read_alternatives(struct arena *arena, const struct library *library,
                                       const char *function, const struct yaml *node)
{
    if (node->kind != YAML_LIST)
        return new_entry(arena, library, function, node);
    struct entry *next = NULL;
    for (size_t i = node->count; i-- > 0;) {
        struct entry *entry = new_entry(arena, library, function, node->items[i]);
        entry->otherwise = next;
        next = entry;
    }
    return next;
}

static void read_functions(struct model_set *set, struct map *table, const struct library *library,
                           const struct yaml *functions)
{
    for (size_t i = 0; functions && i < functions->count; i++) {
        struct entry *entry =
            read_alternatives(set->arena, library, functions->keys[i]->text, functions->items[i]);
        if (!entry)
            continue; /* an empty list */
        struct entry **slot = (struct entry **)map_put_str(table, entry->function);
        entry->earlier = *slot;
        *slot = entry;
    }
}

static void read_types(struct model_set *set, const struct yaml *types)
{
    for (size_t i = 0; types && i < types->count; i++) {
        struct model_type *type = arena_new(set->arena, struct model_type);
        type->word = get_text(types->items[i], "is");
        type->kind = object_kind_of_word(type->word);
        *map_put_str(&set->types, types->keys[i]->text) = type;
    }
}

static void read_annotations(struct model_set *set, const struct yaml *annotations)
{
    for (size_t i = 0; annotations && i < annotations->count; i++) {
        bool is_daemon = yaml_get(annotations->items[i], "daemon") != NULL;
        void **meaning = map_put_str(&set->notes, annotations->keys[i]->text);
        if (!*meaning)
            *vec_add(set->arena, &set->note_texts) = annotations->keys[i]->text;
        *meaning = (void *)(uintptr_t)(is_daemon ? NOTE_DAEMON : NOTE_TAKES);
    }
}

static const struct library *read_library(struct model_set *set, const struct yaml *root)
{
    struct library *library = arena_new(set->arena, struct library);
    library->name = get_text(root, "library");
    const struct yaml *headers = yaml_get(root, "headers");
    library->header_count = headers ? headers->count : 0;
    library->headers = arena_array(set->arena, const char *, library->header_count);
    for (size_t i = 0; i < library->header_count; i++)
        library->headers[i] = headers->items[i]->text;
    return library;
}

bool model_set_add(struct model_set *set, const char *file, const char *text, size_t length,
                   model_problems *problems)
{
    struct yaml_source source = {
        .arena = set->arena, .file = arena_strdup(set->arena, file), .problems = problems};
    struct yaml *root = yaml_parse(&source, text, length);
    if (root)
        shape_check(&source, root, &model_grammar);
    if (source.mistakes)
        return false;
    const struct library *library = read_library(set, root);
    read_types(set, yaml_get(root, "types"));
    read_functions(set, &set->functions, library, yaml_get(root, "functions"));
    read_functions(set, &set->cleanups, library, yaml_get(root, "cleanups"));
    read_annotations(set, yaml_get(root, "annotations"));
    return true;
}

/* ---- sets ------------------------------------------------------------------------------------ */

struct model_set *model_set_new(struct arena *arena)
{
    struct model_set *set = arena_new(arena, struct model_set);
    set->arena = arena;
    set->functions.arena = arena;
    set->cleanups.arena = arena;
    set->types.arena = arena;
    set->notes.arena = arena;
    return set;
}

void model_set_add_bundled(struct model_set *set)
{
    model_problems problems = {0};
    for (const struct embedded_file *file = embedded_models; file->name; file++)
        if (!model_set_add(set, file->name, file->data, file->length, &problems))
            BUG("%s:%u:%u: %s", file->name, problems.at[0].line, problems.at[0].column,
                problems.at[0].message);
}
