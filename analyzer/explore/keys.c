#include "explore/keys.h"

#include <string.h>

enum { KEY_NAME_MAX = 240 };
enum { TYPE_KEY = -1, SYMBOL_KEY = -2 }; /* offsets in what is no record */

static uint32_t number(struct keys *keys, const char *name, int64_t offset)
{
    char bytes[KEY_NAME_MAX + sizeof offset];
    size_t length = strnlen(name, KEY_NAME_MAX);
    memcpy(bytes, &offset, sizeof offset);
    memcpy(bytes + sizeof offset, name, length);
    void **slot = map_put(&keys->ids, bytes, sizeof offset + length);
    if (!*slot)
        *slot = (void *)(uintptr_t)++keys->count;
    return (uint32_t)(uintptr_t)*slot - 1;
}

/* The innermost record around the member at `offset`; NULL: no record, then its type. */
static const struct ir_type *leaf(const struct ir_type *type, int64_t *offset,
                                  const struct ir_record **record, int64_t *in_record)
{
    *record = NULL;
    for (int depth = 0; type && depth < 32; depth++) {
        if (type->kind == IR_TYPE_ARRAY && type->target && type->target->size) {
            *offset %= (int64_t)type->target->size;
            type = type->target;
            continue;
        }
        if (type->kind != IR_TYPE_RECORD || !type->record)
            return type;
        const struct ir_field *found = NULL;
        for (size_t i = 0; i < type->record->field_count; i++)
            if ((int64_t)type->record->fields[i].offset <= *offset &&
                (!found || type->record->fields[i].offset > found->offset))
                found = &type->record->fields[i];
        if (!found)
            return type;
        *record = type->record;
        *in_record = (int64_t)found->offset;
        *offset -= (int64_t)found->offset;
        type = found->type;
    }
    return type;
}

static const char *record_name(const struct ir_record *record)
{
    if (record->name[0])
        return record->name;
    return record->field_count ? record->fields[0].name : "";
}

uint32_t keys_of_scalar(struct keys *keys, const struct ir_type *type)
{
    return number(keys, type->kind == IR_TYPE_POINTER ? "*" : type->name, TYPE_KEY);
}

uint32_t keys_of_field(struct keys *keys, const struct ir_record *record,
                       const struct ir_field *field)
{
    return number(keys, record_name(record), (int64_t)field->offset);
}

uint32_t keys_of_part(struct keys *keys, const struct ir_type *type, int64_t offset)
{
    const struct ir_record *record;
    int64_t in_record = 0;
    const struct ir_type *at = leaf(type, &offset, &record, &in_record);
    if (record)
        return number(keys, record_name(record), in_record);
    return at ? keys_of_scalar(keys, at) : number(keys, "", TYPE_KEY);
}

static uint32_t find_place(struct keys *keys, const struct ir_expr *place)
{
    const struct ir_expr *array = place;
    while (array->kind == IR_INDEX && ir_index_is_inside(array))
        array = array->a;
    if (array->kind == IR_FIELD)
        return keys_of_part(keys, array->a->type, array->value);
    if (place->kind == IR_SYMBOL)
        return number(keys, place->symbol->name, SYMBOL_KEY);
    return keys_of_part(keys, place->type, 0);
}

uint32_t keys_of_place(struct keys *keys, const struct ir_expr *place)
{
    void **slot = map_put(&keys->by_place, &place, sizeof place);
    if (!*slot)
        *slot = (void *)(uintptr_t)(find_place(keys, place) + 1);
    return (uint32_t)(uintptr_t)*slot - 1;
}

static void add_whole(struct keys *keys, struct key_list *list, const struct ir_type *type)
{
    while (type->kind == IR_TYPE_ARRAY && type->target)
        type = type->target;
    if (type->kind != IR_TYPE_RECORD || !type->record) {
        *vec_add(keys->by_whole.arena, &list->at) = keys_of_part(keys, type, 0);
        return;
    }
    for (size_t i = 0; i < type->record->field_count; i++) {
        const struct ir_field *field = &type->record->fields[i];
        *vec_add(keys->by_whole.arena, &list->at) = keys_of_field(keys, type->record, field);
        if (ir_is_aggregate(field->type))
            add_whole(keys, list, field->type);
    }
}

const struct key_list *keys_of_whole(struct keys *keys, const struct ir_type *type)
{
    void **slot = map_put(&keys->by_whole, &type, sizeof type);
    if (!*slot) {
        struct key_list *list = *slot = arena_new(keys->by_whole.arena, struct key_list);
        add_whole(keys, list, type);
    }
    return *slot;
}
