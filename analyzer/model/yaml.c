#include "model/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* ---- problems -------------------------------------------------------------------------------- */

static void add_problem(struct yaml_source *source, uint32_t line, uint32_t column,
                        const char *message)
{
    source->mistakes++;
    if (source->mistakes > YAML_PROBLEMS_MAX)
        return;
    if (source->mistakes == YAML_PROBLEMS_MAX)
        message = "too many mistakes: the others are left out";
    *vec_add(source->arena, source->problems) = (struct model_problem){
        .file = source->file, .line = line, .column = column, .message = message};
}

void yaml_problem(struct yaml_source *source, const struct yaml *node, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    add_problem(source, node->line, node->column, arena_strdup(source->arena, message));
}

static bool refuse(struct yaml_source *source, yaml_mark_t mark, const char *message)
{
    add_problem(source, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1, message);
    return false;
}

/* ---- building -------------------------------------------------------------------------------- */

/* A collection that is still open. */
struct level {
    struct yaml *node;
    VEC(struct yaml *) children; /* of a mapping: keys and values in turn */
    struct map seen;             /* keys of a mapping */
};

struct builder {
    struct yaml_source *source;
    struct level levels[YAML_DEPTH_MAX];
    size_t depth;
    struct yaml *root;
};

static bool is_key_next(const struct level *level)
{
    return level->node->kind == YAML_MAP && level->children.count % 2 == 0;
}

static bool check_key(struct builder *builder, struct level *level, const struct yaml *key)
{
    if (key->kind != YAML_SCALAR) {
        yaml_problem(builder->source, key, "expected a word as key, got %s",
                     yaml_show(builder->source->arena, key));
        return false;
    }
    const struct yaml **seen = (const struct yaml **)map_put_str(&level->seen, key->text);
    if (*seen)
        yaml_problem(builder->source, key,
                     "'%.100s' stands here for the second time, first in line %u", key->text,
                     (*seen)->line);
    else
        *seen = key;
    return true;
}

static bool add_node(struct builder *builder, struct yaml *node)
{
    if (builder->depth == 0) {
        builder->root = node;
        return true;
    }
    struct level *level = &builder->levels[builder->depth - 1];
    if (is_key_next(level) && !check_key(builder, level, node))
        return false;
    *vec_add(builder->source->arena, &level->children) = node;
    return true;
}

static struct yaml *new_node(struct builder *builder, enum yaml_kind kind, yaml_mark_t mark)
{
    struct yaml *node = arena_new(builder->source->arena, struct yaml);
    node->kind = kind;
    node->line = (uint32_t)mark.line + 1;
    node->column = (uint32_t)mark.column + 1;
    return node;
}

static bool add_scalar(struct builder *builder, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(text, 0, length))
        return refuse(builder->source, event->start_mark, "a NUL character has no meaning here");
    struct yaml *node = new_node(builder, YAML_SCALAR, event->start_mark);
    node->text = arena_strndup(builder->source->arena, text, length);
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return add_node(builder, node);
}

static bool open_level(struct builder *builder, enum yaml_kind kind, const yaml_event_t *event)
{
    struct yaml *node = new_node(builder, kind, event->start_mark);
    if (!add_node(builder, node))
        return false;
    if (builder->depth == YAML_DEPTH_MAX)
        return refuse(builder->source, event->start_mark, "nested too deeply");
    struct level *level = &builder->levels[builder->depth++];
    *level = (struct level){.node = node, .seen = {.arena = builder->source->arena}};
    return true;
}

static bool close_level(struct builder *builder)
{
    BUG_ON(builder->depth == 0); /* libyaml pairs each end with its start */
    struct level *level = &builder->levels[--builder->depth];
    struct yaml *node = level->node;
    BUG_ON(!node);
    if (node->kind == YAML_LIST) {
        node->items = level->children.at;
        node->count = level->children.count;
        return true;
    }
    node->count = level->children.count / 2;
    node->keys = arena_array(builder->source->arena, struct yaml *, node->count);
    node->items = arena_array(builder->source->arena, struct yaml *, node->count);
    for (size_t i = 0; i < node->count; i++) {
        node->keys[i] = level->children.at[2 * i];
        node->items[i] = level->children.at[2 * i + 1];
    }
    return true;
}

static bool has_anchor_or_tag(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag;
    default:
        return false;
    }
}

/* false: a mistake after which reading on makes no sense. */
static bool take_event(struct builder *builder, const yaml_event_t *event)
{
    if (event->type == YAML_ALIAS_EVENT || has_anchor_or_tag(event))
        return refuse(
            builder->source, event->start_mark,
            "aliases (*name), anchors (&name) and tags (!name) are not supported: put a text "
            "that begins so in quotes");
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root)
            return refuse(builder->source, event->start_mark,
                          "expected one document, got a second");
        return true;
    case YAML_SCALAR_EVENT:
        return add_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_level(builder, YAML_LIST, event);
    case YAML_MAPPING_START_EVENT:
        return open_level(builder, YAML_MAP, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_level(builder);
    default:
        return true;
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Reader errors (bytes that are no UTF-8) come with an offset instead of a mark. */
static yaml_mark_t mark_of_offset(const char *text, size_t length, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < length && i < offset; i++) {
        mark.column++;
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static void tell_parser_problem(struct yaml_source *source, const yaml_parser_t *parser,
                                const char *text, size_t length)
{
    const char *problem = parser->problem ? parser->problem : "not understood";
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR)
        mark = mark_of_offset(text, length, parser->problem_offset);
    const char *hint = strstr(problem, "cannot start any token")
                           ? " (a tab, or one of @ ` % that needs quotes)"
                           : "";
    refuse(source, mark, arena_printf(source->arena, "no valid YAML: %s%s", problem, hint));
}

static bool read_events(struct builder *builder, yaml_parser_t *parser, const char *text,
                        size_t length)
{
    for (bool at_end = false; !at_end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            tell_parser_problem(builder->source, parser, text, length);
            return false;
        }
        at_end = event.type == YAML_STREAM_END_EVENT;
        bool taken = take_event(builder, &event);
        yaml_event_delete(&event);
        if (!taken)
            return false;
    }
    return true;
}

static bool is_nothing(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && node->is_plain && !*node->text;
}

struct yaml *yaml_parse(struct yaml_source *source, const char *text, size_t length)
{
    if (length > YAML_BYTES_MAX) {
        add_problem(source, 1, 1, "the file is too large: expected at most 1 MiB");
        return NULL;
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        add_problem(source, 1, 1, "no memory to read it");
        return NULL;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    struct builder builder = {.source = source};
    bool is_read = read_events(&builder, &parser, text, length);
    yaml_parser_delete(&parser);
    if (!is_read)
        return NULL;
    if (!builder.root || is_nothing(builder.root))
        builder.root = new_node(&builder, YAML_MAP, (yaml_mark_t){0});
    return builder.root;
}

/* ---- asking ---------------------------------------------------------------------------------- */

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    if (map->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (text_is(map->keys[i]->text, key))
            return map->items[i];
    return NULL;
}

const char *yaml_show(struct arena *arena, const struct yaml *node)
{
    switch (node->kind) {
    case YAML_LIST:
        return "a list";
    case YAML_MAP:
        return "a mapping";
    case YAML_SCALAR:
        break;
    }
    if (is_nothing(node))
        return "nothing";
    bool is_long = strlen(node->text) > 60;
    return arena_printf(arena, "'%.60s%s'", node->text, is_long ? "..." : "");
}
