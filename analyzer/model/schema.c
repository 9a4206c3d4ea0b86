/*
 * A shape as a JSON Schema.  What only the loader can see (the grammar inside a text, keys that
 * were taken twice) is said as well as a schema can say it.
 */
#include "model/shape.h"

#include <string.h>

/* The text being written, how deep, and which named shapes it refers to. */
struct printer {
    struct text *out;
    unsigned depth;
    struct arena arena;
    VEC(const struct shape *) named;
};

static void print_shape(struct printer *printer, const struct shape *shape);

static void new_line(struct printer *printer)
{
    text_add_char(printer->out, '\n');
    for (unsigned i = 0; i < printer->depth; i++)
        text_add(printer->out, "  ");
}

static void print_string(struct printer *printer, const char *string)
{
    text_add_char(printer->out, '"');
    for (const char *at = string; *at; at++) {
        if (*at == '"' || *at == '\\')
            text_add_char(printer->out, '\\');
        text_add_char(printer->out, *at);
    }
    text_add_char(printer->out, '"');
}

static void open_object(struct printer *printer)
{
    text_add_char(printer->out, '{');
    printer->depth++;
}

static void close_object(struct printer *printer)
{
    printer->depth--;
    new_line(printer);
    text_add_char(printer->out, '}');
}

/* `"name": `, behind a comma unless it is the first member. */
static void print_name(struct printer *printer, const char *name)
{
    if (printer->out->at[printer->out->length - 1] != '{')
        text_add_char(printer->out, ',');
    new_line(printer);
    print_string(printer, name);
    text_add(printer->out, ": ");
}

static void print_member(struct printer *printer, const char *name, const char *value)
{
    print_name(printer, name);
    print_string(printer, value);
}

/* ---- scalars --------------------------------------------------------------------------------- */

static void print_text_shape(struct printer *printer, const struct shape *shape)
{
    print_name(printer, "type");
    if (shape->may_be)
        text_printf(printer->out, "[\"string\"%s%s]",
                    shape->may_be & MAY_BE_INTEGER ? ", \"integer\"" : "",
                    shape->may_be & MAY_BE_NULL ? ", \"null\"" : "");
    else
        text_add(printer->out, "\"string\"");
    if (shape->pattern)
        print_member(printer, "pattern", shape->pattern);
    else {
        print_name(printer, "minLength");
        text_add(printer->out, "1");
    }
    if (shape->expected)
        print_member(printer, "description", shape->expected);
}

static void print_word_shape(struct printer *printer, const struct shape *shape)
{
    print_name(printer, "enum");
    text_add_char(printer->out, '[');
    for (size_t i = 0; shape->words[i]; i++) {
        const char *word = shape->words[i];
        text_add(printer->out, i ? ", " : "");
        if (text_is(word, "true") || text_is(word, "false"))
            text_add(printer->out, word);
        else
            print_string(printer, word);
    }
    text_add_char(printer->out, ']');
}

static void print_integer_shape(struct printer *printer, const struct shape *shape)
{
    print_member(printer, "type", "integer");
    print_name(printer, "minimum");
    text_printf(printer->out, "%lld", (long long)shape->min);
    print_name(printer, "maximum");
    text_printf(printer->out, "%lld", (long long)shape->max);
}

/* ---- collections ----------------------------------------------------------------------------- */

static void print_list_shape(struct printer *printer, const struct shape *shape)
{
    print_member(printer, "type", "array");
    print_name(printer, "items");
    print_shape(printer, shape->item);
}

static void print_map_shape(struct printer *printer, const struct shape *shape)
{
    print_member(printer, "type", "object");
    if (shape->key->pattern) {
        print_name(printer, "propertyNames");
        open_object(printer);
        print_member(printer, "pattern", shape->key->pattern);
        close_object(printer);
    }
    print_name(printer, "additionalProperties");
    print_shape(printer, shape->item);
}

/* {"required": ["name"]} */
static void print_requirement(struct printer *printer, const char *name, size_t length)
{
    text_printf(printer->out, "{\"required\": [\"%.*s\"]}", (int)length, name);
}

static void print_properties(struct printer *printer, const struct shape *shape)
{
    print_name(printer, "properties");
    open_object(printer);
    for (const struct shape_key *key = shape->keys; key->name; key++) {
        if (key->refusal)
            continue;
        print_name(printer, key->name);
        open_object(printer);
        print_member(printer, "description", key->summary);
        print_name(printer, "allOf");
        text_add_char(printer->out, '[');
        print_shape(printer, key->shape);
        text_add_char(printer->out, ']');
        close_object(printer);
    }
    close_object(printer);
}

static void print_required(struct printer *printer, const struct shape *shape)
{
    bool is_first = true;
    for (const struct shape_key *key = shape->keys; key->name; key++) {
        if (!key->is_required)
            continue;
        if (is_first)
            print_name(printer, "required");
        text_add(printer->out, is_first ? "[" : ", ");
        print_string(printer, key->name);
        is_first = false;
    }
    if (!is_first)
        text_add_char(printer->out, ']');
}

static void print_choice(struct printer *printer, const struct shape *shape)
{
    bool is_first = true;
    for (const struct shape_key *key = shape->keys; key->name; key++) {
        if (!key->is_choice)
            continue;
        if (is_first)
            print_name(printer, "oneOf");
        text_add(printer->out, is_first ? "[" : ",");
        printer->depth++;
        new_line(printer);
        print_requirement(printer, key->name, strlen(key->name));
        printer->depth--;
        is_first = false;
    }
    if (!is_first)
        text_add_char(printer->out, ']');
}

static void print_companions(struct printer *printer, const char *with)
{
    text_add(printer->out, "{\"anyOf\": [");
    for (const char *at = with; *at;) {
        size_t length = strcspn(at, " ");
        print_requirement(printer, at, length);
        at += length + strspn(at + length, " ");
        text_add(printer->out, *at ? ", " : "]}");
    }
}

static void print_dependencies(struct printer *printer, const struct shape *shape)
{
    bool is_first = true;
    for (const struct shape_key *key = shape->keys; key->name; key++) {
        if (!key->with)
            continue;
        if (is_first) {
            print_name(printer, "dependentSchemas");
            open_object(printer);
        }
        print_name(printer, key->name);
        print_companions(printer, key->with);
        is_first = false;
    }
    if (!is_first)
        close_object(printer);
}

static void print_record_shape(struct printer *printer, const struct shape *shape)
{
    print_member(printer, "type", "object");
    print_properties(printer, shape);
    print_name(printer, "additionalProperties");
    text_add(printer->out, "false");
    print_required(printer, shape);
    print_choice(printer, shape);
    print_dependencies(printer, shape);
}

static void print_either_shape(struct printer *printer, const struct shape *shape)
{
    print_name(printer, "anyOf");
    text_add_char(printer->out, '[');
    for (size_t i = 0; shape->either[i]; i++) {
        text_add(printer->out, i ? ", " : "");
        print_shape(printer, shape->either[i]);
    }
    text_add_char(printer->out, ']');
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void print_members(struct printer *printer, const struct shape *shape)
{
    switch (shape->kind) {
    case SHAPE_TEXT:
        print_text_shape(printer, shape);
        break;
    case SHAPE_WORD:
        print_word_shape(printer, shape);
        break;
    case SHAPE_INTEGER:
        print_integer_shape(printer, shape);
        break;
    case SHAPE_LIST:
        print_list_shape(printer, shape);
        break;
    case SHAPE_MAP:
        print_map_shape(printer, shape);
        break;
    case SHAPE_RECORD:
        print_record_shape(printer, shape);
        break;
    case SHAPE_EITHER:
        print_either_shape(printer, shape);
        break;
    }
}

static void remember(struct printer *printer, const struct shape *shape)
{
    for (size_t i = 0; i < printer->named.count; i++)
        if (printer->named.at[i] == shape)
            return;
    *vec_add(&printer->arena, &printer->named) = shape;
}

static void print_shape(struct printer *printer, const struct shape *shape)
{
    if (shape->name) {
        remember(printer, shape);
        text_printf(printer->out, "{\"$ref\": \"#/$defs/%s\"}", shape->name);
        return;
    }
    open_object(printer);
    print_members(printer, shape);
    close_object(printer);
}

/* Named shapes may name further ones, which then stand behind them. */
static void print_named(struct printer *printer)
{
    if (!printer->named.count)
        return;
    print_name(printer, "$defs");
    open_object(printer);
    for (size_t i = 0; i < printer->named.count; i++) {
        print_name(printer, printer->named.at[i]->name);
        open_object(printer);
        print_members(printer, printer->named.at[i]);
        close_object(printer);
    }
    close_object(printer);
}

void shape_print_schema(struct text *out, const struct shape *shape, const char *title)
{
    struct printer printer = {.out = out};
    open_object(&printer);
    print_member(&printer, "$schema", "https://json-schema.org/draft/2020-12/schema");
    print_member(&printer, "title", title);
    print_members(&printer, shape);
    print_named(&printer);
    close_object(&printer);
    text_add_char(out, '\n');
    arena_release(&printer.arena);
}
