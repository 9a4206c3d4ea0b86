#include "explore/initial.h"

#include <stdlib.h>
#include <string.h>

/* ---- which there are ------------------------------------------------------------------------- */

static bool is_plain(const struct ir_expr *value)
{
    if (value->kind == IR_TEMP || value->kind == IR_VAR)
        return false;
    for (uint32_t i = 0; value->kind == IR_LITERAL && i < value->element_count; i++)
        if (!is_plain(value->elements[i].value))
            return false;
    return (!value->a || is_plain(value->a)) && (!value->b || is_plain(value->b));
}

bool initial_is_plain(const struct ir_func *init)
{
    for (size_t b = 0; b < init->block_count; b++) {
        const struct ir_block *block = &init->blocks[b];
        if (block->edge_count > 1)
            return false;
        for (size_t i = 0; i < block->op_count; i++)
            if (block->ops[i].kind != IR_OP_ASSIGN || block->ops[i].place->kind != IR_SYMBOL ||
                !is_plain(block->ops[i].value))
                return false;
    }
    return true;
}

static void **slot_of(struct initials *initials, const struct ir_symbol *symbol)
{
    struct arena *arena = initials->by_symbol.arena;
    const char *key =
        arena_printf(arena, "%s\1%s", symbol->name, symbol->scope ? symbol->scope : "");
    return map_put_str(&initials->by_symbol, key);
}

static void note_all(struct initials *initials, const struct ir_func *init)
{
    for (const struct ir_op *op = ir_next_op(init, IR_OP_ASSIGN, NULL); op;
         op = ir_next_op(init, IR_OP_ASSIGN, op)) {
        struct initial *initial = arena_new(initials->by_symbol.arena, struct initial);
        *initial = (struct initial){.type = op->place->type, .value = op->value};
        *slot_of(initials, op->place->symbol) = initial;
    }
}

void initials_make(struct initials *initials, struct flow *flow)
{
    size_t unit_count;
    struct ir_unit *const *units = flow_units(flow, &unit_count);
    for (size_t i = 0; !initials->is_made && i < unit_count; i++)
        if (units[i]->init && initial_is_plain(units[i]->init))
            note_all(initials, units[i]->init);
    initials->is_made = true;
}

struct initial *initials_find(struct initials *initials, const struct ir_symbol *symbol)
{
    return *slot_of(initials, symbol);
}

/* ---- their parts ----------------------------------------------------------------------------- */

/* Of two for the same place the later one counts, as in C. */
static int by_offset(const void *a, const void *b)
{
    const struct ir_element *const *left = a, *const *right = b;
    if ((*left)->offset != (*right)->offset)
        return (*left)->offset < (*right)->offset ? -1 : 1;
    return *left < *right ? -1 : *left > *right;
}

static struct ir_element *sorted_elements(struct arena *arena, const struct ir_expr *literal)
{
    size_t count = literal->element_count;
    const struct ir_element **order = xmalloc((count + 1) * sizeof *order);
    struct ir_element *elements = arena_array(arena, struct ir_element, count + 1);
    for (size_t i = 0; i < count; i++)
        order[i] = &literal->elements[i];
    qsort(order, count, sizeof *order, by_offset);
    for (size_t i = 0; i < count; i++)
        elements[i] = *order[i];
    free(order);
    return elements;
}

/* The last one that does not begin behind the offset. */
static const struct ir_element *element_at(const struct initial *initial, int64_t offset)
{
    size_t low = 0, high = initial->value->element_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((int64_t)initial->elements[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &initial->elements[low - 1] : NULL;
}

const struct ir_expr *initial_part(struct initials *initials, struct initial *initial,
                                   int64_t offset, int64_t *inside)
{
    const struct ir_expr *value = initial->value;
    *inside = offset;
    if (value->kind == IR_LITERAL) {
        if (!initial->elements)
            initial->elements = sorted_elements(initials->by_symbol.arena, value);
        const struct ir_element *element = element_at(initial, offset);
        if (!element)
            return NULL;
        *inside = offset - (int64_t)element->offset;
        value = element->value;
    }
    /* A function, which stands for its address, has no size. */
    return *inside == 0 || *inside < (int64_t)value->type->size ? value : NULL;
}
