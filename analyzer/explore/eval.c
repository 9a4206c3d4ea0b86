/*
 * eval.c - what expressions are in a world.
 */
#include "explore/machine.h"

#include "flow/outside.h"

#include <string.h>

enum {
    STEP_MAX = 3,         /* what a counter grows by at once, */
    SYMBOL_STEPS_MAX = 4, /* and where one that began at an unknown number is no longer followed */
    START_MAX = 8,        /* beyond, a loop is taken to begin at 0 */
    ROUNDS_MAX = 2,  /* what an unknown number is taken to be at most, where rounds are counted */
    ELEMENTS_MAX = 3 /* tried where an index is not known */
};

struct context machine_context(struct machine *machine, uint8_t task)
{
    struct world_frame *frame = &machine->world.frames[machine->world.tasks[task].top - 1];
    return (struct context){machine, task, frame, machine->slice->funcs.at[frame->func]};
}

struct value eval_pointer(uint16_t object, int32_t offset)
{
    return (struct value){V_PTR, 0, object, offset};
}

/* ---- what is not known ----------------------------------------------------------------------- */

struct value eval_unknown(struct machine *machine, const struct ir_type *type)
{
    int32_t low = SYMBOL_LOW, high = SYMBOL_HIGH;
    uint8_t flags = 0;
    if (type && type->kind == IR_TYPE_BOOL) {
        low = 0;
        high = 1;
    } else if (type && (type->kind == IR_TYPE_POINTER || type->kind == IR_TYPE_FUNCTION)) {
        low = 0;
        flags = SYMBOL_POINTER;
    } else if (type && type->kind == IR_TYPE_INT && type->enumerator_count) {
        low = 0;
        high = (int32_t)(type->enumerator_count > 1000 ? 1000 : type->enumerator_count - 1);
    } else if (type && type->kind == IR_TYPE_INT && !type->is_signed) {
        low = 0;
    }
    return world_new_symbol(&machine->world, low, high, flags);
}

static struct value opened(struct machine *machine, const struct ir_type *type)
{
    struct value value = eval_unknown(machine, type);
    if (value.kind == V_SYM)
        machine->world.symbols[value.id].flags |= SYMBOL_OPENED;
    return value;
}

/* A character of a text; a byte without sign is more often a flag or a kind. */
static bool is_character(const struct ir_type *type)
{
    return type && type->kind == IR_TYPE_INT && type->size == 1 && type->is_signed &&
           !type->enumerator_count;
}

/* A text that the program does not spell out is no more kept than what strcmp would answer: a
 * branch on it is as good as a branch on that. */
static struct value unknown_like(struct machine *machine, struct value any,
                                 const struct ir_type *type)
{
    bool is_opened = any.kind == V_ANY && any.flags && !is_character(type);
    return is_opened ? opened(machine, type) : eval_unknown(machine, type);
}

/* ---- objects --------------------------------------------------------------------------------- */

uint32_t machine_site(struct machine *machine, const void *key, struct site site)
{
    void **slot = map_put(&machine->site_of, &key, sizeof key);
    if (!*slot) {
        *vec_add(machine->arena, &machine->sites) = site;
        *slot = (void *)machine->sites.count; /* + 1 */
    }
    return (uint32_t)((uintptr_t)*slot - 1);
}

static bool is_out_of_hand(struct machine *machine, const struct ir_symbol *symbol)
{
    const struct ir_expr *address = ir_addr_of(machine->arena, ir_symbol(machine->arena, symbol));
    return flow_is_used_outside(machine->flow, symbol) ||
           flow_is_handed_out(machine->flow, address);
}

static uint32_t static_site(struct machine *machine, const struct ir_symbol *symbol)
{
    const void *key[] = {symbol, machine}; /* by itself, a symbol is the key of a function */
    void *known = map_get(&machine->site_of, key, sizeof key);
    if (known)
        return (uint32_t)((uintptr_t)known - 1);
    void **slot =
        map_put_str(&machine->site_of, arena_printf(machine->arena, "%s\1%s", symbol->name,
                                                    symbol->scope ? symbol->scope : ""));
    if (!*slot) {
        *vec_add(machine->arena, &machine->sites) =
            (struct site){.symbol = symbol,
                          .type = symbol->type,
                          .initial = initials_find(&machine->slice->slicer->initials, symbol),
                          .is_escaped = is_out_of_hand(machine, symbol)};
        *slot = (void *)machine->sites.count;
    }
    void *site = *slot;
    *map_put(&machine->site_of, key, sizeof key) = site;
    return (uint32_t)((uintptr_t)site - 1);
}

static uint8_t static_flags(const struct machine *machine, const struct site *site)
{
    unsigned flags = OBJECT_STATIC;
    if (site->is_escaped)
        flags |= OBJECT_ESCAPED;
    if (machine->is_library)
        flags |= OBJECT_OUTSIDE;
    if (site->initial)
        flags |= OBJECT_INITIAL;
    else if (!machine->is_library)
        flags |= OBJECT_ZEROED;
    return (uint8_t)flags;
}

uint16_t eval_static_object(struct machine *machine, const struct ir_symbol *symbol)
{
    struct world *world = &machine->world;
    uint32_t site = static_site(machine, symbol);
    for (uint16_t i = 0; i < world->object_count; i++)
        if ((world->objects[i].flags & OBJECT_STATIC) && world->objects[i].site == site)
            return i;
    uint8_t flags = static_flags(machine, &machine->sites.at[site]);
    uint16_t object = world_new_object(world, site, flags);
    world->objects[object].begun = flags;
    return object;
}

static uint32_t var_site(struct context *context, const struct ir_var *var)
{
    struct machine *machine = context->machine;
    const struct ir_func *func = context->in->func;
    size_t before = machine->sites.count;
    uint32_t site =
        machine_site(machine, var, (struct site){.func = func, .var = var, .type = var->type});
    if (machine->sites.count > before && var->is_address_taken) {
        const struct ir_expr *address = ir_addr_of(machine->arena, ir_var(machine->arena, var));
        struct frame *frame = flow_frame(machine->flow, func, NULL, NULL);
        machine->sites.at[site].is_escaped =
            !flow_is_seen_whole(machine->flow, flow_resolve(machine->flow, frame, address));
    }
    return site;
}

uint16_t eval_var_object(struct context *context, const struct ir_var *var)
{
    struct value *slot =
        &context->machine->world.slots[context->frame->slots + context->in->var_slot[var->id]];
    if (slot->kind == V_PTR)
        return slot->id;
    uint32_t site = var_site(context, var);
    uint8_t flags = context->machine->sites.at[site].is_escaped ? OBJECT_ESCAPED : 0;
    uint16_t object = world_new_object(&context->machine->world, site, flags);
    *slot = eval_pointer(object, 0);
    return object;
}

bool eval_target(struct context *context, struct value pointer, const struct ir_type *target,
                 uint16_t *object, int32_t *offset)
{
    struct machine *machine = context->machine;
    if (pointer.kind == V_SYM && pointer.num == 0) {
        uint32_t site = machine_site(machine, target ? (const void *)target : machine,
                                     (struct site){.type = target});
        uint16_t found = world_new_object(&machine->world, site, OBJECT_OUTSIDE);
        world_replace_symbol(&machine->world, pointer.id, eval_pointer(found, 0));
        pointer = eval_pointer(found, 0);
    }
    if (pointer.kind == V_INT && pointer.num == 0)
        machine->is_pruned = true;
    if (pointer.kind != V_PTR)
        return false;
    machine->world.objects[pointer.id].flags &= (uint8_t)~OBJECT_MAYBE_NULL;
    *object = pointer.id;
    *offset = pointer.num;
    return true;
}

/* ---- places ---------------------------------------------------------------------------------- */

static const struct lvalue nowhere = {L_NOWHERE, 0, 0, NULL};

static struct lvalue cell_at(uint16_t object, int64_t offset)
{
    if (offset < -(1 << 20) || offset > DONE_OFFSET + 64)
        return nowhere;
    return (struct lvalue){L_CELL, object, (int32_t)offset, NULL};
}

static struct value *slot_at(struct context *context, uint16_t slot)
{
    return slot == SLICE_NO_SLOT ? NULL
                                 : &context->machine->world.slots[context->frame->slots + slot];
}

static struct lvalue slot_place(struct context *context, uint16_t slot)
{
    struct value *at = slot_at(context, slot);
    return at ? (struct lvalue){L_SLOT, 0, 0, at} : nowhere;
}

/* An index that is not known may be any of the first few. */
static int32_t index_of(struct context *context, const struct ir_expr *index)
{
    struct machine *machine = context->machine;
    struct value value = eval(context, index->b);
    if (value.kind == V_INT)
        return value.num;
    uint64_t count = index->a->type->kind == IR_TYPE_ARRAY ? index->a->type->count : 0;
    uint32_t tried = count && count < ELEMENTS_MAX ? (uint32_t)count : ELEMENTS_MAX;
    int32_t chosen = (int32_t)machine_choose(machine, tried);
    if (value.kind == V_SYM)
        world_replace_symbol(&machine->world, value.id, VALUE_INT(chosen - value.num));
    return chosen;
}

struct lvalue eval_place(struct context *context, const struct ir_expr *place)
{
    struct machine *machine = context->machine;
    uint16_t object;
    int32_t offset;
    switch (place->kind) {
    case IR_VAR:
        if (context->in->var_slot[place->var->id] == SLICE_NO_SLOT)
            return nowhere;
        if (context->in->var_in_memory[place->var->id])
            return cell_at(eval_var_object(context, place->var), 0);
        return slot_place(context, context->in->var_slot[place->var->id]);
    case IR_TEMP: {
        struct value *slot = slot_at(context, context->in->temp_slot[place->temp]);
        if (slot && place->type->kind == IR_TYPE_RECORD)
            return slot->kind == V_PTR ? cell_at(slot->id, slot->num) : nowhere;
        return slot_place(context, context->in->temp_slot[place->temp]);
    }
    case IR_SYMBOL:
        return cell_at(eval_static_object(machine, place->symbol), 0);
    case IR_FIELD: {
        struct lvalue record = eval_place(context, place->a);
        return record.kind == L_CELL ? cell_at(record.object, record.offset + place->value)
                                     : nowhere;
    }
    case IR_INDEX: {
        struct lvalue array = eval_place(context, place->a);
        if (array.kind != L_CELL)
            return nowhere;
        return cell_at(array.object,
                       array.offset + (int64_t)place->type->size * index_of(context, place));
    }
    case IR_DEREF:
        if (!eval_target(context, eval(context, place->a), place->type, &object, &offset))
            return nowhere;
        return cell_at(object, offset);
    default:
        return nowhere;
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

/* An element of an array of pointers that somebody outside has filled, as argv is.  How many there
 * are the program mostly knows by a count beside it. */
static bool is_of_list(const struct machine *machine, struct lvalue place)
{
    const struct world_object *object = &machine->world.objects[place.object];
    const struct ir_type *type = machine->sites.at[object->site].type;
    return (object->flags & OBJECT_OUTSIDE) && !(object->flags & OBJECT_STATIC) && type &&
           type->kind == IR_TYPE_POINTER && place.offset != 0;
}

/* The pointer to the next one, in one of a list that somebody outside has made. */
static bool is_link(const struct machine *machine, struct lvalue place, const struct ir_type *type)
{
    const struct world_object *object = &machine->world.objects[place.object];
    const struct ir_type *holder = machine->sites.at[object->site].type;
    return (object->flags & OBJECT_OUTSIDE) && holder && holder->record &&
           type->kind == IR_TYPE_POINTER && type->target && type->target->record == holder->record;
}

/* Of a text that the program spells out, up to its end. */
static struct value character_at(const struct machine *machine, const struct ir_expr *text,
                                 int64_t at)
{
    bool is_wide = text->type->kind != IR_TYPE_ARRAY || !is_character(text->type->target);
    if (is_wide || !text->text || (size_t)at > strlen(text->text))
        return (struct value){V_ANY, 1, 0, 0};
    return VALUE_INT((int32_t)eval_scaled(machine, text->text[at]));
}

/* The part at `inside` of a value that is an object itself. */
static struct value part_of_whole(struct context *context, const struct ir_expr *value,
                                  struct lvalue from, int64_t inside, const struct ir_type *type)
{
    if (value->kind == IR_STRING)
        return character_at(context->machine, value, inside);
    if (from.kind != L_CELL)
        return (struct value){V_ANY, 1, 0, 0};
    from.offset += (int32_t)inside;
    return eval_part(context, from, type);
}

static struct value initial_value(struct context *context, struct lvalue place,
                                  const struct ir_type *type)
{
    struct machine *machine = context->machine;
    struct initial *initial = machine->sites.at[machine->world.objects[place.object].site].initial;
    int64_t inside;
    const struct ir_expr *value =
        initial_part(&machine->slice->slicer->initials, initial, place.offset, &inside);
    if (!value)
        return initial->value->is_partial ? (struct value){V_ANY, 0, 0, 0} : VALUE_INT(0);
    if (ir_is_aggregate(value->type))
        return part_of_whole(context, value,
                             value->kind == IR_STRING ? nowhere : eval_place(context, value),
                             inside, type);
    return inside == 0 ? eval(context, value) : (struct value){V_ANY, 1, 0, 0};
}

/* What there is where nothing was ever put; V_NONE: that is not known. */
static struct value untouched(struct context *context, struct lvalue place,
                              const struct ir_type *type)
{
    uint8_t flags = context->machine->world.objects[place.object].flags;
    if (flags & OBJECT_INITIAL) {
        struct value value = initial_value(context, place, type);
        if (flags & (OBJECT_ESCAPED | OBJECT_OUTSIDE))
            eval_escape(context->machine, value);
        return value;
    }
    if (flags & OBJECT_ZEROED)
        return VALUE_INT(0);
    return (struct value){flags & OBJECT_OPENED ? V_ANY : V_NONE, 1, 0, 0};
}

struct value eval_load(struct context *context, struct lvalue place, const struct ir_type *type)
{
    struct machine *machine = context->machine;
    if (place.kind == L_NOWHERE)
        return (struct value){V_ANY, 0, 0, 0};
    if (place.kind == L_SLOT) {
        if (place.slot->kind == V_NONE || place.slot->kind == V_ANY)
            *place.slot = unknown_like(machine, *place.slot, type);
        return *place.slot;
    }
    struct value *cell = world_find_cell(&machine->world, place.object, place.offset);
    struct value value = cell ? *cell : untouched(context, place, type);
    if (value.kind != V_NONE && value.kind != V_ANY)
        return value;
    if (!cell && is_of_list(machine, place))
        value = opened(machine, type);
    else
        value = unknown_like(machine, value, type);
    if (value.kind == V_SYM && is_link(machine, place, type))
        machine->world.symbols[value.id].flags |= SYMBOL_LINK;
    *world_cell(&machine->world, place.object, place.offset) = value;
    return value;
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static bool fold(enum ir_operator op, int64_t a, int64_t b, int64_t *result)
{
    switch (op) {
    case IR_ADD:
        *result = a + b;
        return true;
    case IR_SUB:
        *result = a - b;
        return true;
    case IR_MUL:
        *result = a * b;
        return true;
    case IR_DIV:
        *result = b ? a / b : 0;
        return b != 0;
    case IR_REM:
        *result = b ? a % b : 0;
        return b != 0;
    case IR_SHL:
        *result = b >= 0 && b < 31 ? a << b : 0;
        return b >= 0 && b < 31 && a >= 0;
    case IR_SHR:
        *result = b >= 0 && b < 63 ? a >> b : 0;
        return b >= 0 && b < 63 && a >= 0;
    case IR_AND:
        *result = a & b;
        return true;
    case IR_OR:
        *result = a | b;
        return true;
    case IR_XOR:
        *result = a ^ b;
        return true;
    case IR_LT:
        *result = a < b;
        return true;
    case IR_LE:
        *result = a <= b;
        return true;
    case IR_GT:
        *result = a > b;
        return true;
    case IR_GE:
        *result = a >= b;
        return true;
    case IR_EQ:
        *result = a == b;
        return true;
    case IR_NE:
        *result = a != b;
        return true;
    default:
        return false;
    }
}

static bool is_compare(enum ir_operator op)
{
    return op >= IR_LT;
}

/* The same operands, the same number. */
static struct value derived(struct machine *machine, enum ir_operator op, struct value a,
                            struct value b, const struct ir_type *type)
{
    struct world *world = &machine->world;
    bool is_plain_a = a.kind == V_SYM || a.kind == V_INT;
    bool is_plain_b = b.kind == V_SYM || b.kind == V_INT;
    if (!is_plain_a || !is_plain_b)
        return (struct value){V_ANY, 0, 0, 0};
    for (uint16_t i = 0; i < world->symbol_count; i++)
        if (world->symbols[i].op == op && value_same(world->symbols[i].a, a) &&
            value_same(world->symbols[i].b, b))
            return (struct value){V_SYM, 0, i, 0};
    struct value value = eval_unknown(machine, type);
    if (value.kind == V_SYM) {
        bool is_opened = (a.kind == V_SYM && (world->symbols[a.id].flags & SYMBOL_OPENED)) ||
                         (b.kind == V_SYM && (world->symbols[b.id].flags & SYMBOL_OPENED));
        world->symbols[value.id].flags |= is_opened ? SYMBOL_OPENED : 0;
        world->symbols[value.id].op = op;
        world->symbols[value.id].a = a;
        world->symbols[value.id].b = b;
    }
    return value;
}

static struct value exact(struct world *world, struct value value)
{
    if (value.kind == V_SYM && world->symbols[value.id].low == world->symbols[value.id].high)
        return VALUE_INT(world->symbols[value.id].low + value.num);
    return value;
}

static struct value add(struct machine *machine, struct value a, int64_t b,
                        const struct ir_type *type)
{
    int64_t sum = (int64_t)a.num + b;
    int64_t most = a.kind == V_SYM ? SYMBOL_STEPS_MAX : machine->slice->largest + 2;
    bool counts = b != 0 && b <= STEP_MAX && b >= -STEP_MAX;
    if (counts && (sum > most || sum < -most) && a.num <= most && a.num >= -most)
        return opened(machine, type);
    if (sum > INT32_MAX || sum < INT32_MIN)
        return (struct value){V_ANY, 0, 0, 0};
    a.num = (int32_t)sum;
    return a;
}

struct value eval_arithmetic(struct machine *machine, enum ir_operator op, struct value a,
                             struct value b, const struct ir_type *type)
{
    a = exact(&machine->world, a);
    b = exact(&machine->world, b);
    if (op == IR_ADD && b.kind == V_INT && (a.kind == V_SYM || a.kind == V_INT))
        return add(machine, a, b.num, type);
    if (op == IR_ADD && a.kind == V_INT && b.kind == V_SYM)
        return add(machine, b, a.num, type);
    if (op == IR_SUB && b.kind == V_INT && (a.kind == V_SYM || a.kind == V_INT))
        return add(machine, a, -(int64_t)b.num, type);
    if (op == IR_SUB && a.kind == b.kind && a.id == b.id && (a.kind == V_SYM || a.kind == V_PTR))
        return VALUE_INT(a.num - b.num);
    int64_t result;
    if (a.kind == V_INT && b.kind == V_INT && fold(op, a.num, b.num, &result) &&
        result >= INT32_MIN && result <= INT32_MAX)
        return VALUE_INT((int32_t)result);
    return derived(machine, op, a, b, type);
}

static struct value binary(struct context *context, const struct ir_expr *expr)
{
    if (is_compare(expr->op))
        return VALUE_INT(eval_condition(context, expr));
    struct value a = eval(context, expr->a);
    struct value b = eval(context, expr->b);
    return eval_arithmetic(context->machine, expr->op, a, b, expr->type);
}

static struct value cast(struct context *context, const struct ir_expr *expr)
{
    struct value value = eval(context, expr->a);
    if (expr->type->kind == IR_TYPE_BOOL && value.kind != V_INT)
        return VALUE_INT(eval_compare(context->machine, value, IR_NE, VALUE_INT(0), false));
    if (expr->type->kind == IR_TYPE_BOOL)
        return VALUE_INT(value.num != 0);
    return value;
}

static struct value unary(struct context *context, const struct ir_expr *expr)
{
    if (expr->op == IR_NOT)
        return VALUE_INT(!eval_condition(context, expr->a));
    struct value value = exact(&context->machine->world, eval(context, expr->a));
    if (value.kind == V_INT)
        return VALUE_INT(expr->op == IR_NEG ? -value.num : ~value.num);
    return derived(context->machine, expr->op, value, VALUE_INT(0), expr->type);
}

static struct value function_value(struct machine *machine, const struct ir_symbol *symbol)
{
    const struct ir_func *body = flow_body(machine->flow, symbol);
    const struct slice_func *found = body ? slice_find(machine->slice, body) : NULL;
    if (found)
        return (struct value){V_FUNC, 0, 0, (int32_t)found->index};
    uint32_t site = machine_site(machine, symbol, (struct site){.symbol = symbol});
    return (struct value){V_FUNC, 1, 0, (int32_t)site};
}

static struct value address(struct context *context, const struct ir_expr *place)
{
    struct lvalue at = eval_place(context, place);
    return at.kind == L_CELL ? eval_pointer(at.object, at.offset) : (struct value){V_ANY, 0, 0, 0};
}

/* At scale, the constants that bound loops, counts and capacities become small ones, in the same
 * order. */
int64_t eval_scaled(const struct machine *machine, int64_t constant)
{
    const struct slice *slice = machine->slice;
    for (size_t i = 0; machine->is_scaled && i < slice->bounds.count; i++)
        if (slice->bounds.at[i] == constant)
            return 2 + (int64_t)i < constant ? 2 + (int64_t)i : constant;
    return constant;
}

struct value eval(struct context *context, const struct ir_expr *expr)
{
    struct machine *machine = context->machine;
    switch (expr->kind) {
    case IR_CONST:
        if (machine->is_scaled && expr->value > 2 && expr->value <= INT32_MAX)
            return VALUE_INT((int32_t)eval_scaled(machine, expr->value));
        if (expr->value > INT32_MAX || expr->value < INT32_MIN)
            return (struct value){V_INT, 1, (uint16_t)(expr->value >> 32), (int32_t)expr->value};
        return VALUE_INT((int32_t)expr->value);
    case IR_STRING: {
        uint32_t site = machine_site(machine, expr, (struct site){0});
        return (struct value){V_FUNC, 1, 0, (int32_t)site};
    }
    case IR_SYMBOL:
        if (expr->symbol->kind == IR_SYMBOL_FUNCTION)
            return function_value(machine, expr->symbol);
        return eval_load(context, eval_place(context, expr), expr->type);
    case IR_VAR:
    case IR_TEMP:
    case IR_FIELD:
    case IR_INDEX:
    case IR_DEREF:
        return eval_load(context, eval_place(context, expr), expr->type);
    case IR_ADDR:
        return address(context, expr->a);
    case IR_UNARY:
        return unary(context, expr);
    case IR_BINARY:
        return binary(context, expr);
    case IR_CAST:
        return cast(context, expr);
    default:
        return (struct value){V_ANY, 0, 0, 0};
    }
}

/* ---- conditions ------------------------------------------------------------------------------ */

static enum ir_operator mirrored(enum ir_operator op)
{
    switch (op) {
    case IR_LT:
        return IR_GT;
    case IR_LE:
        return IR_GE;
    case IR_GT:
        return IR_LT;
    case IR_GE:
        return IR_LE;
    default:
        return op;
    }
}

static enum ir_operator negated(enum ir_operator op)
{
    switch (op) {
    case IR_LT:
        return IR_GE;
    case IR_LE:
        return IR_GT;
    case IR_GT:
        return IR_LE;
    case IR_GE:
        return IR_LT;
    case IR_EQ:
        return IR_NE;
    default:
        return IR_EQ;
    }
}

/* The symbol as it is when it is `op` bound; false: it cannot be. */
static bool refine(struct world_symbol *symbol, enum ir_operator op, int64_t bound)
{
    int64_t low = symbol->low, high = symbol->high;
    switch (op) {
    case IR_LT:
        high = high < bound - 1 ? high : bound - 1;
        break;
    case IR_LE:
        high = high < bound ? high : bound;
        break;
    case IR_GT:
        low = low > bound + 1 ? low : bound + 1;
        break;
    case IR_GE:
        low = low > bound ? low : bound;
        break;
    case IR_EQ:
        if (symbol->has_other && symbol->other == bound)
            return false;
        low = low > bound ? low : bound;
        high = high < bound ? high : bound;
        break;
    default:
        if (low == bound)
            low++;
        else if (high == bound)
            high--;
        else if (low < bound && bound < high && !symbol->has_other) {
            symbol->has_other = 1;
            symbol->other = (int32_t)bound;
        }
    }
    while (symbol->has_other && symbol->other == low && low <= high)
        low++;
    if (symbol->has_other && symbol->other == high && low <= high)
        high--;
    if (low > high)
        return false;
    symbol->low = (int32_t)low;
    symbol->high = (int32_t)high;
    if (symbol->has_other && (symbol->other < low || symbol->other > high))
        symbol->has_other = 0;
    return true;
}

/* Where the counter of a loop stands when it is first held against a number that is not known: that
 * many less are the rounds of the loop.  `bound`: what the number is compared with. */
static uint8_t start_of(enum ir_operator op, int64_t bound)
{
    bool is_next = op == IR_GE || op == IR_LT; /* one less is no round */
    int64_t start = is_next ? bound - 1 : bound;
    return (uint8_t)(start < 0 || start > START_MAX ? 1 : start + 1);
}

/* Rounds of a loop are only followed so far: one more than there are places. */
static bool is_too_far(const struct machine *machine, const struct world_symbol *symbol)
{
    int32_t rounds = machine->slice->has_room ? ROUNDS_MAX + 1 : ROUNDS_MAX;
    return symbol->low > 0 && symbol->low > symbol->start - 1 + rounds;
}

static bool ask_symbol(struct machine *machine, struct value symbol, enum ir_operator op,
                       int32_t number, bool is_counted)
{
    struct world *world = &machine->world;
    int64_t bound = (int64_t)number - symbol.num;
    if (is_counted && !world->symbols[symbol.id].start)
        world->symbols[symbol.id].start = start_of(op, bound);
    struct world_symbol yes = world->symbols[symbol.id], no = yes;
    bool may = refine(&yes, op, bound), may_not = refine(&no, negated(op), bound);
    if (may && may_not) {
        machine->asked_opened |= yes.flags & SYMBOL_OPENED;
        machine->asked_link |= yes.flags & SYMBOL_LINK;
    }
    if (is_counted && may && is_too_far(machine, &yes))
        may = !may_not;
    if (is_counted && may_not && is_too_far(machine, &no))
        may_not = !may;
    /* Somebody who hands in a number of things hands in one at least. */
    if (is_counted && number == 0 && may && may_not && op != IR_EQ && op != IR_NE) {
        may = op == IR_GT || op == IR_GE;
        may_not = !may;
    }
    bool answer = may;
    if (may && may_not)
        answer = machine_ask(machine);
    world->symbols[symbol.id] = answer ? yes : no;
    if ((yes.flags & SYMBOL_POINTER) && answer == (op == IR_EQ) && number == 0)
        world_replace_symbol(world, symbol.id, VALUE_INT(0));
    return answer;
}

/* Made by a call that may fail: only asking tells. */
static bool ask_null(struct machine *machine, struct value pointer, enum ir_operator op)
{
    struct world_object *object = &machine->world.objects[pointer.id];
    if (!(object->flags & OBJECT_MAYBE_NULL) || pointer.num != 0)
        return op == IR_NE;
    object->flags &= (uint8_t)~OBJECT_MAYBE_NULL;
    bool is_null = machine_choose_rare(machine);
    if (is_null)
        world_replace_object(&machine->world, pointer.id, VALUE_INT(0));
    return is_null == (op == IR_EQ);
}

static bool is_address(struct value value)
{
    return value.kind == V_PTR || value.kind == V_FUNC;
}

bool eval_compare(struct machine *machine, struct value a, enum ir_operator op, struct value b,
                  bool is_counted)
{
    struct world *world = &machine->world;
    a = exact(world, a);
    b = exact(world, b);
    if (a.kind == V_INT && (b.kind == V_SYM || is_address(b))) {
        struct value other = a;
        a = b;
        b = other;
        op = mirrored(op);
    }
    int64_t result;
    if (a.kind == V_INT && b.kind == V_INT) {
        if (a.flags || b.flags)
            return value_same(a, b)
                       ? op == IR_EQ || op == IR_LE || op == IR_GE
                       : (op == IR_EQ || op == IR_NE ? op == IR_NE : machine_ask(machine));
        return fold(op, a.num, b.num, &result) && result;
    }
    if (a.kind == V_SYM && b.kind == V_INT)
        return ask_symbol(machine, a, op, b.num, is_counted);
    bool is_equality = op == IR_EQ || op == IR_NE;
    if (a.kind == V_PTR && b.kind == V_INT && b.num == 0 && is_equality)
        return ask_null(machine, a, op);
    if (is_address(a) && (is_address(b) || b.kind == V_INT) && is_equality)
        return value_same(a, b) == (op == IR_EQ);
    bool is_same = a.kind == b.kind && a.id == b.id && (a.kind == V_SYM || a.kind == V_PTR);
    if (is_same)
        return fold(op, a.num, b.num, &result) && result;
    struct value open = derived(machine, op, a, b, NULL);
    if (open.kind == V_SYM) {
        struct world_symbol *symbol = &world->symbols[open.id];
        if (symbol->low < 0) {
            symbol->low = 0;
            symbol->high = 1;
        }
        return ask_symbol(machine, open, IR_NE, 0, false);
    }
    return machine_ask(machine);
}

bool eval_condition(struct context *context, const struct ir_expr *expr)
{
    struct machine *machine = context->machine;
    if (expr->kind == IR_UNARY && expr->op == IR_NOT)
        return !eval_condition(context, expr->a);
    if (expr->kind == IR_BINARY && is_compare(expr->op)) {
        struct value a = eval(context, expr->a), b = eval(context, expr->b);
        bool is_counted = expr->a->kind != IR_CONST && expr->b->kind != IR_CONST;
        return eval_compare(machine, a, expr->op, b, is_counted);
    }
    return eval_compare(machine, eval(context, expr), IR_NE, VALUE_INT(0), false);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Whoever is out of sight gets at what is put where they look, and at all that it leads to. */
static void escape(struct world *world, struct value value, int depth)
{
    if (value.kind != V_PTR || depth > 8 ||
        (world->objects[value.id].flags & (OBJECT_ESCAPED | OBJECT_OUTSIDE)))
        return;
    world->objects[value.id].flags |= OBJECT_ESCAPED;
    for (uint16_t at = world->objects[value.id].first; at; at = world->cells[at - 1].next)
        escape(world, world->cells[at - 1].value, depth + 1);
}

void eval_escape(struct machine *machine, struct value value)
{
    escape(&machine->world, value, 0);
}

void eval_escape_parts(struct context *context, struct lvalue place, const struct ir_type *type)
{
    struct world *world = &context->machine->world;
    int32_t end = place.offset + (type ? (int32_t)type->size : 0);
    if (place.kind == L_SLOT)
        escape(world, *place.slot, 0);
    if (place.kind != L_CELL)
        return;
    for (uint16_t at = world->objects[place.object].first; at; at = world->cells[at - 1].next) {
        const struct world_cell *cell = &world->cells[at - 1];
        if (cell->offset >= place.offset && cell->offset < end)
            escape(world, cell->value, 0);
    }
}

static void put(struct world *world, uint16_t object, int32_t offset, struct value value)
{
    *world_cell(world, object, offset) = value;
    if (world->objects[object].flags & (OBJECT_ESCAPED | OBJECT_OUTSIDE))
        escape(world, value, 0);
}

void eval_store(struct context *context, struct lvalue place, struct value value)
{
    if (place.kind == L_SLOT)
        *place.slot = value;
    else if (place.kind == L_CELL)
        put(&context->machine->world, place.object, place.offset, value);
}

/* ---- records and arrays ---------------------------------------------------------------------- */

enum { ELEMENTS_COPIED = 8, PARTS_MAX = 256 };

/* The scalar parts of a type whose content matters. */
struct parts {
    bool is_cut; /* there are more; a text may as well be a short one */
    size_t count;
    struct part {
        const struct ir_type *type;
        int32_t offset;
    } at[PARTS_MAX];
};

struct part_search {
    const struct slice *slice;
    const struct ir_type *whole;
    struct parts *parts;
};

static void add_parts(const struct part_search *search, const struct ir_type *type, int64_t offset)
{
    struct parts *parts = search->parts;
    if (parts->count == PARTS_MAX || !type || offset > (1 << 20)) {
        parts->is_cut = true;
        return;
    }
    if (type->kind == IR_TYPE_ARRAY && type->target && type->target->size) {
        uint64_t count = type->count < ELEMENTS_COPIED ? type->count : ELEMENTS_COPIED;
        size_t before = parts->count;
        for (uint64_t i = 0; i < count; i++)
            add_parts(search, type->target, offset + (int64_t)(i * type->target->size));
        parts->is_cut |=
            type->count > count && parts->count > before && !is_character(type->target);
    } else if (type->kind == IR_TYPE_RECORD && type->record) {
        for (size_t i = 0; i < type->record->field_count; i++)
            add_parts(search, type->record->fields[i].type,
                      offset + (int64_t)type->record->fields[i].offset);
    } else if (slice_keeps_part(search->slice, search->whole, offset)) {
        parts->at[parts->count++] = (struct part){type, (int32_t)offset};
    }
}

/* Found once for each type: they are the same in every state. */
static const struct parts *parts_of(struct machine *machine, const struct ir_type *type)
{
    void **slot = map_put(&machine->parts_of, &type, sizeof type);
    if (!*slot) {
        struct parts parts = {0};
        add_parts(&(struct part_search){machine->slice, type, &parts}, type, 0);
        *slot = arena_copy(machine->arena, &parts,
                           offsetof(struct parts, at) + parts.count * sizeof *parts.at);
    }
    return *slot;
}

static int32_t extent(const struct ir_type *type)
{
    return type->size && type->size < (1 << 20) ? (int32_t)type->size : 1 << 20;
}

/* What somebody out of sight hands in is the same in the copy, once it is asked for. */
struct value eval_part(struct context *context, struct lvalue place, const struct ir_type *type)
{
    struct world *world = &context->machine->world;
    struct value *cell = world_find_cell(world, place.object, place.offset);
    struct value value = cell ? *cell : untouched(context, place, type);
    if (value.kind != V_NONE || cell)
        return value;
    if (!(world->objects[place.object].flags & OBJECT_OUTSIDE))
        return (struct value){V_ANY, 1, 0, 0};
    value = eval_unknown(context->machine, type);
    *world_cell(world, place.object, place.offset) = value;
    return value;
}

static struct lvalue part_place(struct lvalue whole, const struct part *part)
{
    whole.offset += part->offset;
    return whole;
}

static void put_part(struct world *world, struct lvalue whole, const struct part *part,
                     struct value value)
{
    put(world, whole.object, whole.offset + part->offset, value);
}

void eval_forget(struct context *context, struct lvalue place, const struct ir_type *type)
{
    if (place.kind != L_CELL)
        return;
    const struct parts *parts = parts_of(context->machine, type);
    for (size_t i = 0; i < parts->count; i++)
        put_part(&context->machine->world, place, &parts->at[i], (struct value){V_ANY, 1, 0, 0});
}

/* More of the object is written than is kept of it: what has no cell is no longer as it was. */
static void open_rest(struct context *context, uint16_t object)
{
    struct world_object *of = &context->machine->world.objects[object];
    const struct site *site = &context->machine->sites.at[of->site];
    const struct ir_type *type = site->initial ? site->initial->type : site->type;
    struct lvalue whole = {L_CELL, object, 0, NULL};
    const struct parts *parts = type ? parts_of(context->machine, type) : &(struct parts){0};
    for (size_t i = 0; i < parts->count; i++) {
        struct lvalue part = part_place(whole, &parts->at[i]);
        if (!world_find_cell(&context->machine->world, object, part.offset))
            put_part(&context->machine->world, whole, &parts->at[i],
                     untouched(context, part, parts->at[i].type));
    }
    of->flags = (uint8_t)((of->flags & ~(OBJECT_ZEROED | OBJECT_INITIAL)) | OBJECT_OPENED);
}

/* `as_before`: what is true, by its flags, of those parts that the object has no cells for. */
static void drop(struct context *context, struct lvalue place, const struct ir_type *type,
                 uint8_t as_before)
{
    struct world *world = &context->machine->world;
    const struct parts *parts = parts_of(context->machine, type);
    uint8_t said = world->objects[place.object].flags & (OBJECT_ZEROED | OBJECT_INITIAL);
    if (parts->is_cut && (said & ~as_before))
        open_rest(context, place.object);
    world_drop_cells(world, place.object, place.offset, place.offset + extent(type));
    for (size_t i = 0; i < parts->count && world->objects[place.object].flags & OBJECT_INITIAL; i++)
        put_part(world, place, &parts->at[i], (struct value){V_ANY, 0, 0, 0});
}

void eval_drop(struct context *context, struct lvalue place, const struct ir_type *type)
{
    drop(context, place, type, 0);
}

void eval_copy(struct context *context, struct lvalue to, struct lvalue from,
               const struct ir_type *type)
{
    struct world *world = &context->machine->world;
    bool is_same = to.object == from.object && to.offset == from.offset;
    if (to.kind != L_CELL || from.kind != L_CELL || is_same)
        return;
    struct value values[PARTS_MAX];
    const struct parts *parts = parts_of(context->machine, type);
    for (size_t i = 0; i < parts->count; i++)
        values[i] = eval_part(context, part_place(from, &parts->at[i]), parts->at[i].type);
    eval_drop(context, to, type);
    for (size_t i = 0; i < parts->count; i++)
        put_part(world, to, &parts->at[i], values[i]);
}

/* Sets those parts that the element gives a value; false: there may be more that matter. */
static bool read_element(struct context *context, const struct ir_element *element,
                         const struct parts *parts, struct value *values)
{
    const struct ir_expr *value = element->value;
    bool is_object = ir_is_aggregate(value->type), is_read = value->kind == IR_STRING;
    struct lvalue from = is_object && !is_read ? eval_place(context, value) : nowhere;
    for (size_t i = 0; i < parts->count; i++) {
        int64_t inside = parts->at[i].offset - (int64_t)element->offset;
        if (!is_object && inside == 0) {
            values[i] = eval(context, value);
            is_read = true;
        } else if (is_object && inside >= 0 && inside < extent(value->type)) {
            values[i] = part_of_whole(context, value, from, inside, parts->at[i].type);
        }
    }
    return is_read || !parts->is_cut;
}

/* Is all of the object written, where a value of that type is put into the place? */
static bool fills(const struct machine *machine, struct lvalue place, const struct ir_type *type)
{
    const struct site *site = &machine->sites.at[machine->world.objects[place.object].site];
    return place.offset == 0 && (!site->type || site->type->size <= type->size);
}

/* Nothing that was put into the object is there any more; the rest is as the flag says. */
static void begin_anew(struct world *world, uint16_t object, uint8_t rest)
{
    struct world_object *of = &world->objects[object];
    of->flags = (uint8_t)((of->flags & ~(OBJECT_ZEROED | OBJECT_INITIAL | OBJECT_OPENED)) | rest);
    world_drop_cells(world, object, 0, QUEUE_OFFSET);
}

void eval_store_literal(struct context *context, struct lvalue to, const struct ir_type *type,
                        const struct ir_expr *literal)
{
    struct world *world = &context->machine->world;
    struct value values[PARTS_MAX];
    if (to.kind != L_CELL)
        return;
    const struct parts *parts = parts_of(context->machine, type);
    bool is_read = true, is_all = fills(context->machine, to, type) && !literal->is_partial;
    for (size_t i = 0; i < parts->count; i++)
        values[i] = literal->is_partial ? (struct value){V_ANY, 0, 0, 0} : VALUE_INT(0);
    for (uint32_t i = 0; i < literal->element_count; i++)
        is_read &= read_element(context, &literal->elements[i], parts, values);
    if (is_all)
        begin_anew(world, to.object, is_read ? OBJECT_ZEROED : OBJECT_OPENED);
    else
        drop(context, to, type, is_read && !literal->is_partial ? OBJECT_ZEROED : 0);
    for (size_t i = 0; i < parts->count; i++)
        if (!is_all || !is_read || values[i].kind != V_INT || values[i].num != 0)
            put_part(world, to, &parts->at[i], values[i]);
}

void eval_assign(struct context *context, const struct ir_expr *place, const struct ir_expr *value)
{
    bool is_whole = ir_is_aggregate(place->type);
    if (value->kind == IR_LITERAL) {
        struct lvalue to = eval_place(context, place);
        eval_store_literal(context, to, place->type, value);
        return;
    }
    if (is_whole) {
        struct lvalue to = eval_place(context, place);
        eval_copy(context, to, eval_place(context, value), place->type);
        return;
    }
    struct value found = eval(context, value);
    if (found.kind == V_ANY)
        found = eval_unknown(context->machine, place->type);
    eval_store(context, eval_place(context, place), found);
}
