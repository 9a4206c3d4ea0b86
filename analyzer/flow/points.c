#include "flow/points.h"

#include "flow/facts.h"

#include <stdlib.h>
#include <string.h>

enum {
    SET_MAX = 48,     /* targets of one pointer that are told apart */
    POINTERS_MAX = 64 /* pointers in one record that a copy of it takes along */
};

/* Offsets that no member has: what travels through a channel, and a context's done channel. */
enum { MESSAGE_OFFSET = 1 << 28, DONE_OFFSET = 1 << 29 };

enum object_birth {
    BORN_OUTSIDE, /* out of sight; all of it is one object, or all of one record type is */
    BORN_VAR,
    BORN_SYMBOL,
    BORN_CALL, /* made by a call */
    BORN_FUNC,
};

struct object {
    enum object_birth birth;
    const struct ir_type *type; /* NULL: not known */
    const struct ir_func *func; /* whose variable, where made, or the function itself */
    const struct ir_op *op;     /* BORN_CALL */
    bool is_many;               /* elements of an array */
    bool is_escaped, is_handed_out;
    VEC(uint32_t) cells; /* nodes */
};

/* A constraint on what the node's targets point to. */
struct access {
    uint32_t node; /* load: gets the content; store: is stored; step: gets the moved pointer */
    int64_t offset;
};

/* A pointer: a cell of an object, or a value on its way. */
struct node {
    VEC(uint64_t) targets;
    size_t done; /* the targets that were propagated */
    VEC(uint32_t) copies;
    VEC(struct access) loads;
    VEC(struct access) stores;
    VEC(struct access) steps;
    const struct ir_type *pointee; /* a record, or NULL */
    bool is_any, any_done, is_queued;
};

struct solution {
    struct flow *flow;
    struct arena *arena;
    VEC(struct node) nodes;
    VEC(struct object) objects;
    VEC(uint32_t) work;
    struct map cells;   /* by object and offset → node */
    struct map vars;    /* by ir_var → object */
    struct map symbols; /* by symbol_key → object */
    struct map made;    /* by the operation → object */
    struct map codes;   /* by function → object */
    struct map types;   /* by a record's name → struct outside_type */
    struct map layouts; /* by record → struct layout */
    bool is_library;    /* without a main, others call its functions */
};

/* Where a record has pointers. */
struct layout {
    size_t count;
    int64_t offsets[POINTERS_MAX];
};

/* What code out of sight holds of one record type. */
struct outside_type {
    uint32_t object;  /* stands for all that it made itself */
    uint32_t escaped; /* node: the program's own objects it has come by */
};

/* Code out of sight holds what it was handed in a call (HANDED_CELL), and what it comes by as a
 * caller or through memory (OUTSIDE_CELL, all of the former included). */
enum { NOTHING, OUTSIDE_CELL, HANDED_CELL, FIRST_NODE };
enum { OUTSIDE_OBJECT };

static uint64_t target_of(uint32_t object, int64_t offset)
{
    return (uint64_t)object << 32 | (uint32_t)offset;
}

static uint32_t object_of(uint64_t target)
{
    return (uint32_t)(target >> 32);
}

static int64_t offset_of(uint64_t target)
{
    return (int32_t)(uint32_t)target;
}

/* ---- nodes and objects ----------------------------------------------------------------------- */

static struct outside_type *outside_of(struct solution *, const struct ir_type *record);

static uint32_t new_node(struct solution *s)
{
    vec_add(s->arena, &s->nodes);
    return (uint32_t)s->nodes.count - 1;
}

static uint32_t new_object(struct solution *s, struct object object)
{
    *vec_add(s->arena, &s->objects) = object;
    return (uint32_t)s->objects.count - 1;
}

static const struct ir_type *record_behind(const struct ir_type *type)
{
    bool is_record = type && type->kind == IR_TYPE_POINTER && type->target &&
                     type->target->kind == IR_TYPE_RECORD;
    return is_record ? type->target : NULL;
}

static void queue(struct solution *s, uint32_t node)
{
    if (s->nodes.at[node].is_queued)
        return;
    s->nodes.at[node].is_queued = true;
    *vec_add(s->arena, &s->work) = node;
}

static void set_any(struct solution *s, uint32_t node)
{
    if (node < FIRST_NODE || s->nodes.at[node].is_any)
        return;
    s->nodes.at[node].is_any = true;
    queue(s, node);
}

/* Whether the object is held by that code already; NULL: the node is an ordinary one. */
static bool *is_held(struct object *object, uint32_t node)
{
    return node == OUTSIDE_CELL  ? &object->is_escaped
           : node == HANDED_CELL ? &object->is_handed_out
                                 : NULL;
}

static bool has_target(const struct node *node, uint64_t target)
{
    for (size_t i = 0; i < node->targets.count; i++)
        if (node->targets.at[i] == target)
            return true;
    return false;
}

static void add_target(struct solution *s, uint32_t id, uint64_t target)
{
    struct node *node = &s->nodes.at[id];
    if (id == NOTHING || node->is_any)
        return;
    struct object *object = &s->objects.at[object_of(target)];
    bool *held = is_held(object, id);
    if (held ? *held : has_target(node, target))
        return;
    if (node->targets.count >= SET_MAX && !held) {
        set_any(s, id);
        return;
    }
    bool is_named =
        object->birth == BORN_CALL && !object->type && offset_of(target) == 0 && node->pointee;
    if (is_named)
        object->type = node->pointee;
    bool was_escaped = object->is_escaped;
    if (held)
        *held = true;
    *vec_add(s->arena, &node->targets) = target;
    queue(s, id);
    if (is_named && was_escaped)
        add_target(s, outside_of(s, object->type)->escaped, target);
}

static void add_copy(struct solution *s, uint32_t from, uint32_t to)
{
    if (from == to || from == NOTHING || to == NOTHING)
        return;
    *vec_add(s->arena, &s->nodes.at[from].copies) = to;
    for (size_t i = 0; i < s->nodes.at[from].done; i++)
        add_target(s, to, s->nodes.at[from].targets.at[i]);
    if (s->nodes.at[from].any_done)
        set_any(s, to);
}

/* The cell of an object at an offset; made when first needed. */
static uint32_t cell_of(struct solution *s, uint32_t object, int64_t offset)
{
    if (s->objects.at[object].birth == BORN_FUNC)
        return NOTHING;
    if (object == OUTSIDE_OBJECT)
        return OUTSIDE_CELL;
    uint64_t key = target_of(object, offset);
    void **slot = map_put(&s->cells, &key, sizeof key);
    if (!*slot) {
        uint32_t node = new_node(s);
        *slot = (void *)(uintptr_t)node;
        *vec_add(s->arena, &s->objects.at[object].cells) = node;
        if (s->objects.at[object].is_escaped)
            add_copy(s, node, OUTSIDE_CELL);
        if (s->objects.at[object].is_handed_out)
            add_copy(s, node, HANDED_CELL);
        return node;
    }
    return (uint32_t)(uintptr_t)*slot;
}

static uint32_t known_cell(const struct solution *s, uint32_t object, int64_t offset)
{
    if (object == OUTSIDE_OBJECT)
        return OUTSIDE_CELL;
    uint64_t key = target_of(object, offset);
    return (uint32_t)(uintptr_t)map_get(&s->cells, &key, sizeof key);
}

/* Objects are counted from 1 in maps, so that none is NULL. */
static uint32_t object_in(struct solution *s, void **slot, struct object object)
{
    if (!*slot)
        *slot = (void *)(uintptr_t)(new_object(s, object) + 1);
    return (uint32_t)(uintptr_t)*slot - 1;
}

static uint32_t object_of_var(struct solution *s, const struct ir_func *func,
                              const struct ir_var *var)
{
    struct object object = {.birth = BORN_VAR,
                            .type = var->type,
                            .func = func,
                            .is_many = var->type->kind == IR_TYPE_ARRAY};
    return object_in(s, map_put(&s->vars, &var, sizeof var), object);
}

static uint32_t object_of_symbol(struct solution *s, const struct ir_symbol *symbol)
{
    struct object object = {
        .birth = BORN_SYMBOL, .type = symbol->type, .is_many = symbol->type->kind == IR_TYPE_ARRAY};
    void **slot = map_put_str(&s->symbols, symbol_key(s->arena, symbol));
    bool is_new = !*slot;
    uint32_t id = object_in(s, slot, object);
    if (is_new && s->is_library && !symbol->scope)
        add_target(s, OUTSIDE_CELL, target_of(id, 0));
    return id;
}

static uint32_t object_made_by(struct solution *s, const struct ir_func *func,
                               const struct ir_op *op)
{
    struct object object = {.birth = BORN_CALL, .func = func, .op = op};
    return object_in(s, map_put(&s->made, &op, sizeof op), object);
}

static uint32_t object_of_func(struct solution *s, const struct ir_func *func)
{
    struct object object = {.birth = BORN_FUNC, .func = func};
    return object_in(s, map_put(&s->codes, &func, sizeof func), object);
}

/* A temp is a variable like any other. */
static uint32_t object_of_temp(const struct ir_func *func, uint32_t temp)
{
    return facts_of(func)->first_temp_object + temp;
}

static struct outside_type *outside_of(struct solution *s, const struct ir_type *record)
{
    const char *name =
        record->record && *record->record->name ? record->record->name : record->name;
    void **slot = map_put_str(&s->types, name);
    if (!*slot) {
        struct outside_type *outside = arena_new(s->arena, struct outside_type);
        *slot = outside;
        outside->object = new_object(
            s, (struct object){
                   .birth = BORN_OUTSIDE, .type = record, .is_many = true, .is_escaped = true});
        outside->escaped = new_node(s);
        add_target(s, outside->escaped, target_of(outside->object, 0));
    }
    return *slot;
}

/* ---- solving --------------------------------------------------------------------------------- */

static int64_t moved(const struct solution *s, uint32_t object, int64_t from, int64_t by)
{
    bool has_parts = object != OUTSIDE_OBJECT && s->objects.at[object].birth != BORN_FUNC;
    return has_parts ? from + by : 0;
}

static void hand_in(struct solution *s, const struct ir_func *func, size_t param);

/* Code out of sight has come by the object, and by all that can be reached from it. */
static void let_go(struct solution *s, uint32_t holder, uint32_t id)
{
    for (size_t i = 0; i < s->objects.at[id].cells.count; i++)
        add_copy(s, s->objects.at[id].cells.at[i], holder);
    if (holder != OUTSIDE_CELL)
        return;
    if (s->objects.at[id].birth == BORN_FUNC) {
        const struct ir_func *func = s->objects.at[id].func;
        for (size_t i = 0; i < func->param_count; i++)
            hand_in(s, func, i);
    }
    const struct ir_type *type = s->objects.at[id].type;
    while (type && type->kind == IR_TYPE_ARRAY)
        type = type->target;
    if (type && type->kind == IR_TYPE_RECORD)
        add_target(s, outside_of(s, type)->escaped, target_of(id, 0));
}

static void add_load(struct solution *s, uint32_t pointer, struct access load)
{
    *vec_add(s->arena, &s->nodes.at[pointer].loads) = load;
}

static void apply(struct solution *s, uint32_t id, uint64_t target)
{
    uint32_t object = object_of(target);
    int64_t offset = offset_of(target);
    for (size_t i = 0; i < s->nodes.at[id].copies.count; i++)
        add_target(s, s->nodes.at[id].copies.at[i], target);
    for (size_t i = 0; i < s->nodes.at[id].loads.count; i++) {
        struct access load = s->nodes.at[id].loads.at[i];
        add_copy(s, cell_of(s, object, moved(s, object, offset, load.offset)), load.node);
    }
    for (size_t i = 0; i < s->nodes.at[id].stores.count; i++) {
        struct access store = s->nodes.at[id].stores.at[i];
        add_copy(s, store.node, cell_of(s, object, moved(s, object, offset, store.offset)));
    }
    for (size_t i = 0; i < s->nodes.at[id].steps.count; i++) {
        struct access step = s->nodes.at[id].steps.at[i];
        add_target(s, step.node, target_of(object, moved(s, object, offset, step.offset)));
    }
    if (id == OUTSIDE_CELL || id == HANDED_CELL)
        let_go(s, id, object);
}

/* What may point anywhere reads anything, and what is stored through it may be seen by anybody. */
static void apply_any(struct solution *s, uint32_t id)
{
    s->nodes.at[id].any_done = true;
    for (size_t i = 0; i < s->nodes.at[id].copies.count; i++)
        set_any(s, s->nodes.at[id].copies.at[i]);
    for (size_t i = 0; i < s->nodes.at[id].loads.count; i++)
        set_any(s, s->nodes.at[id].loads.at[i].node);
    for (size_t i = 0; i < s->nodes.at[id].steps.count; i++)
        set_any(s, s->nodes.at[id].steps.at[i].node);
    for (size_t i = 0; i < s->nodes.at[id].stores.count; i++)
        add_copy(s, s->nodes.at[id].stores.at[i].node, OUTSIDE_CELL);
}

static void solve(struct solution *s)
{
    for (size_t next = 0; next < s->work.count; next++) {
        uint32_t id = s->work.at[next];
        s->nodes.at[id].is_queued = false;
        while (s->nodes.at[id].done < s->nodes.at[id].targets.count) {
            uint64_t target = s->nodes.at[id].targets.at[s->nodes.at[id].done++];
            apply(s, id, target);
        }
        if (s->nodes.at[id].is_any && !s->nodes.at[id].any_done)
            apply_any(s, id);
        if (next > 1000 && next * 2 > s->work.count) { /* the queue moves up */
            s->work.count -= next + 1;
            memmove(s->work.at, s->work.at + next + 1, s->work.count * sizeof *s->work.at);
            next = SIZE_MAX;
        }
    }
}

/* ---- from expressions to nodes --------------------------------------------------------------- */

/* A place: an object's part, or what a pointer points to. */
struct ref {
    bool is_object;
    uint32_t id; /* object or node */
    int64_t offset;
};

static uint32_t value_node(struct solution *, const struct ir_func *, const struct ir_expr *);

/* `p[k]` with a constant on bytes steps through memory (container_of); else elements are one. */
static int64_t element_step(const struct ir_expr *index)
{
    bool is_bytes =
        index->type->size == 1 && index->b->kind == IR_CONST && !ir_index_is_inside(index);
    return is_bytes ? index->b->value : 0;
}

static bool is_first_element(const struct ir_expr *index)
{
    return (index->b->kind == IR_CONST && index->b->value == 0) || element_step(index) != 0;
}

static struct ref ref_of(struct solution *s, const struct ir_func *func,
                         const struct ir_expr *place)
{
    struct ref ref = {0};
    switch (place->kind) {
    case IR_VAR:
        return (struct ref){true, object_of_var(s, func, place->var), 0};
    case IR_SYMBOL:
        return (struct ref){true, object_of_symbol(s, place->symbol), 0};
    case IR_TEMP:
        return (struct ref){true, object_of_temp(func, place->temp), 0};
    case IR_FIELD:
        ref = ref_of(s, func, place->a);
        ref.offset += place->value;
        return ref;
    case IR_INDEX:
        ref = ref_of(s, func, place->a);
        ref.offset += element_step(place);
        if (ref.is_object && !is_first_element(place))
            s->objects.at[ref.id].is_many = true;
        return ref;
    case IR_DEREF:
        return (struct ref){false, value_node(s, func, place->a), 0};
    default:
        return (struct ref){false, NOTHING, 0};
    }
}

static uint32_t content_of(struct solution *s, struct ref ref)
{
    if (ref.is_object)
        return cell_of(s, ref.id, ref.offset);
    if (ref.id == NOTHING)
        return NOTHING;
    uint32_t node = new_node(s);
    add_load(s, ref.id, (struct access){node, ref.offset});
    return node;
}

static uint32_t address_of(struct solution *s, struct ref ref)
{
    if (!ref.is_object && ref.offset == 0)
        return ref.id;
    uint32_t node = new_node(s);
    if (ref.is_object)
        add_target(s, node, target_of(ref.id, ref.offset));
    else if (ref.id != NOTHING)
        *vec_add(s->arena, &s->nodes.at[ref.id].steps) = (struct access){node, ref.offset};
    return node;
}

static uint32_t unknown_node(struct solution *s)
{
    uint32_t node = new_node(s);
    add_target(s, node, target_of(OUTSIDE_OBJECT, 0));
    return node;
}

static bool may_hold_pointer(const struct ir_type *type)
{
    return type->kind == IR_TYPE_POINTER || type->kind == IR_TYPE_FUNCTION ||
           type->kind == IR_TYPE_OTHER ||
           (type->kind == IR_TYPE_INT && type->size >= sizeof(void *));
}

static uint32_t function_node(struct solution *s, const struct ir_symbol *symbol)
{
    const struct ir_func *body = flow_body(s->flow, symbol);
    uint32_t node = new_node(s);
    add_target(s, node, target_of(body ? object_of_func(s, body) : (uint32_t)OUTSIDE_OBJECT, 0));
    return node;
}

static uint32_t value_node(struct solution *s, const struct ir_func *func,
                           const struct ir_expr *expr)
{
    switch (expr->kind) {
    case IR_SYMBOL:
        if (expr->symbol->kind == IR_SYMBOL_FUNCTION)
            return function_node(s, expr->symbol);
        return content_of(s, ref_of(s, func, expr));
    case IR_VAR:
    case IR_TEMP:
    case IR_FIELD:
    case IR_INDEX:
    case IR_DEREF:
        return may_hold_pointer(expr->type) ? content_of(s, ref_of(s, func, expr)) : NOTHING;
    case IR_ADDR:
        return address_of(s, ref_of(s, func, expr->a));
    case IR_CAST:
    case IR_UNARY:
        return value_node(s, func, expr->a);
    case IR_BINARY: {
        if (!may_hold_pointer(expr->type))
            return NOTHING;
        uint32_t a = value_node(s, func, expr->a), b = value_node(s, func, expr->b);
        if (a == NOTHING || b == NOTHING)
            return a == NOTHING ? b : a;
        uint32_t node = new_node(s);
        add_copy(s, a, node);
        add_copy(s, b, node);
        return node;
    }
    case IR_UNKNOWN:
        return may_hold_pointer(expr->type) ? unknown_node(s) : NOTHING;
    default:
        return NOTHING;
    }
}

/* ---- assignments ----------------------------------------------------------------------------- */

static void find_pointers(struct layout *layout, const struct ir_type *type, int64_t offset)
{
    while (type && type->kind == IR_TYPE_ARRAY)
        type = type->target;
    if (!type || layout->count == POINTERS_MAX)
        return;
    if (may_hold_pointer(type)) {
        layout->offsets[layout->count++] = offset;
        return;
    }
    if (type->kind != IR_TYPE_RECORD || !type->record)
        return;
    for (size_t i = 0; i < type->record->field_count; i++)
        find_pointers(layout, type->record->fields[i].type,
                      offset + (int64_t)type->record->fields[i].offset);
}

static const struct layout *layout_of(struct solution *s, const struct ir_type *type)
{
    const void *key = type->record ? (const void *)type->record : (const void *)type;
    void **slot = map_put(&s->layouts, &key, sizeof key);
    if (!*slot) {
        struct layout found = {0};
        find_pointers(&found, type, 0);
        *slot = arena_copy(s->arena, &found, sizeof found);
    }
    return *slot;
}

static void store_node(struct solution *s, struct ref to, uint32_t value)
{
    if (value == NOTHING)
        return;
    if (to.is_object)
        add_copy(s, value, cell_of(s, to.id, to.offset));
    else if (to.id != NOTHING)
        *vec_add(s->arena, &s->nodes.at[to.id].stores) = (struct access){value, to.offset};
}

static void note_pointee(struct solution *s, struct ref place, const struct ir_type *type)
{
    if (place.is_object && record_behind(type)) {
        uint32_t cell = cell_of(s, place.id, place.offset);
        s->nodes.at[cell].pointee = record_behind(type);
    }
}

/* All pointers of a value of that type go from one place to the other. */
static void copy_parts(struct solution *s, struct ref to, struct ref from,
                       const struct ir_type *type)
{
    if (may_hold_pointer(type)) {
        note_pointee(s, to, type);
        store_node(s, to, content_of(s, from));
        return;
    }
    const struct layout *layout = layout_of(s, type);
    for (size_t i = 0; i < layout->count; i++) {
        struct ref to_part = to, from_part = from;
        to_part.offset += layout->offsets[i];
        from_part.offset += layout->offsets[i];
        store_node(s, to_part, content_of(s, from_part));
    }
}

static bool is_record_place(const struct ir_expr *value)
{
    return (value->kind == IR_VAR || value->kind == IR_SYMBOL || value->kind == IR_TEMP ||
            value->kind == IR_FIELD || value->kind == IR_INDEX || value->kind == IR_DEREF) &&
           (value->type->kind == IR_TYPE_RECORD || value->type->kind == IR_TYPE_ARRAY);
}

static void assign(struct solution *s, const struct ir_func *func, struct ref to,
                   const struct ir_type *type, const struct ir_expr *value)
{
    if (value->kind == IR_LITERAL) {
        for (uint32_t i = 0; i < value->element_count; i++) {
            struct ref part = to;
            part.offset += (int64_t)value->elements[i].offset;
            assign(s, func, part, value->elements[i].value->type, value->elements[i].value);
        }
    } else if (is_record_place(value)) {
        copy_parts(s, to, ref_of(s, func, value), value->type);
    } else {
        note_pointee(s, to, type);
        store_node(s, to, value_node(s, func, value));
    }
}

/* The elements of an array in a literal are one, as everywhere. */
static void assign_place(struct solution *s, const struct ir_func *func, const struct ir_op *op)
{
    struct ref to = ref_of(s, func, op->place);
    const struct ir_type *type = op->place->type;
    if (op->value->kind != IR_LITERAL || type->kind != IR_TYPE_ARRAY || !type->target->size) {
        assign(s, func, to, type, op->value);
        return;
    }
    for (uint32_t i = 0; i < op->value->element_count; i++) {
        const struct ir_element *element = &op->value->elements[i];
        struct ref part = to;
        part.offset += (int64_t)(element->offset % type->target->size);
        assign(s, func, part, element->value->type, element->value);
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct ref var_ref(struct solution *s, const struct ir_func *func, size_t index)
{
    return (struct ref){true, object_of_var(s, func, func->vars[index]), 0};
}

/* A caller out of sight hands in what it has made or come by. */
static void hand_in(struct solution *s, const struct ir_func *func, size_t param)
{
    const struct ir_type *type = func->vars[param]->type;
    uint32_t cell = cell_of(s, var_ref(s, func, param).id, 0);
    const struct ir_type *record = record_behind(type);
    if (record)
        add_copy(s, outside_of(s, record)->escaped, cell);
    else if (type->kind == IR_TYPE_POINTER)
        add_copy(s, OUTSIDE_CELL, cell);
}

static struct ref result_ref(const struct ir_func *func)
{
    return (struct ref){true, facts_of(func)->first_temp_object, 0};
}

static void enter(struct solution *s, const struct ir_func *func, const struct ir_op *op,
                  const struct ir_func *body)
{
    size_t count;
    const struct ir_expr *const *args = site_args(op, &count);
    for (size_t i = 0; i < count && i < body->param_count; i++)
        assign(s, func, var_ref(s, body, i), body->vars[i]->type, args[i]);
    for (size_t i = count; i < body->param_count; i++)
        hand_in(s, body, i);
    if (op->temp && !(op->act && op->act->kind == ACT_SPAWN) && body->symbol->type->target)
        copy_parts(s, (struct ref){true, object_of_temp(func, op->temp), 0}, result_ref(body),
                   body->symbol->type->target);
}

/* Who is handed a text or a number to fill in gets no more than that. */
static bool leads_to_pointers(const struct ir_type *type)
{
    const struct ir_type *target = type->kind == IR_TYPE_POINTER ? type->target : NULL;
    while (target && target->kind == IR_TYPE_ARRAY)
        target = target->target;
    return !target || (target->kind != IR_TYPE_INT && target->kind != IR_TYPE_BOOL &&
                       target->kind != IR_TYPE_FLOAT);
}

/* A call hands its arguments to code out of sight. */
static void hand_out(struct solution *s, const struct ir_func *func, const struct ir_op *op)
{
    size_t count;
    const struct ir_expr *const *args = site_args(op, &count);
    for (size_t i = 0; i < count; i++) {
        if (!is_record_place(args[i])) {
            if (leads_to_pointers(args[i]->type))
                add_copy(s, value_node(s, func, args[i]), HANDED_CELL);
            continue;
        }
        const struct layout *layout = layout_of(s, args[i]->type);
        struct ref record = ref_of(s, func, args[i]);
        for (size_t j = 0; j < layout->count; j++) {
            struct ref part = record;
            part.offset += layout->offsets[j];
            add_copy(s, content_of(s, part), HANDED_CELL);
        }
    }
}

static void make(struct solution *s, const struct ir_func *func, const struct ir_op *op,
                 const struct ir_expr *place)
{
    if (!place || !may_hold_pointer(place->type))
        return;
    uint32_t node = new_node(s);
    add_target(s, node, target_of(object_made_by(s, func, op), 0));
    struct ref to = ref_of(s, func, place);
    note_pointee(s, to, place->type);
    store_node(s, to, node);
}

/* Functions handed to the system's own code are called with what it likes. */
static void hand_functions_out(struct solution *s, const struct ir_func *func,
                               const struct ir_op *op)
{
    for (size_t i = 0; i < op->arg_count; i++) {
        const struct ir_expr *arg = op->args[i];
        if (arg->kind == IR_SYMBOL && arg->symbol->kind == IR_SYMBOL_FUNCTION)
            add_copy(s, value_node(s, func, arg), OUTSIDE_CELL);
    }
}

static const struct ir_type *result_type(const struct ir_op *op)
{
    const struct ir_type *type = op->callee->type;
    if (type->kind == IR_TYPE_POINTER && type->target)
        type = type->target;
    return type->kind == IR_TYPE_FUNCTION ? type->target : NULL;
}

static void call_out_of_sight(struct solution *s, const struct ir_func *func,
                              const struct ir_op *op)
{
    const struct ir_symbol *callee = ir_callee(op);
    bool is_system = callee && callee->is_in_system_header;
    struct ref result = {true, op->temp ? object_of_temp(func, op->temp) : 0, 0};
    const struct ir_type *type = op->temp ? result_type(op) : NULL;
    if (!is_system) {
        hand_out(s, func, op);
        if (type && record_behind(type))
            add_copy(s, outside_of(s, record_behind(type))->escaped, cell_of(s, result.id, 0));
        else if (op->temp)
            add_copy(s, OUTSIDE_CELL, cell_of(s, result.id, 0));
        return;
    }
    hand_functions_out(s, func, op);
    if (type && type->kind == IR_TYPE_POINTER) {
        uint32_t cell = cell_of(s, result.id, 0);
        add_target(s, cell, target_of(object_made_by(s, func, op), 0));
    }
}

static void run_callees(struct solution *s, const struct ir_func *func, const struct ir_op *op)
{
    struct flow_targets targets = flow_callees(s->flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        enter(s, func, op, targets.bodies.at[i]);
    if (!targets.has_unknown)
        return;
    if (op->act)
        hand_out(s, func, op);
    else
        call_out_of_sight(s, func, op);
}

/* What is sent lies in the channel until it is received. */
static void pass_message(struct solution *s, const struct ir_func *func,
                         const struct ir_expr *channel, const struct ir_expr *value, bool is_send)
{
    if (!channel || !value)
        return;
    struct ref in_channel = {false, value_node(s, func, channel), MESSAGE_OFFSET};
    struct ref outside = {false, value_node(s, func, value), 0};
    const struct ir_type *type = value->type->target;
    if (type && type->kind == IR_TYPE_VOID)
        type = value->type; /* one word, as good a guess as any */
    if (!type || in_channel.id == NOTHING || outside.id == NOTHING)
        return;
    if (is_send)
        copy_parts(s, in_channel, outside, type);
    else
        copy_parts(s, outside, in_channel, type);
}

static void pass_messages_of_arms(struct solution *s, const struct ir_func *func,
                                  const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++)
        if (act->arms[i].kind == ARM_SEND || act->arms[i].kind == ARM_RECV)
            pass_message(s, func, act->arms[i].channel, act->arms[i].value,
                         act->arms[i].kind == ARM_SEND);
}

static void do_act(struct solution *s, const struct ir_func *func, const struct ir_op *op)
{
    const struct act *act = op->act;
    switch (act->kind) {
    case ACT_MAKE:
    case ACT_DERIVE:
        make(s, func, op, act->object);
        break;
    case ACT_SPAWN:
        make(s, func, op, act->object);
        run_callees(s, func, op);
        break;
    case ACT_INVOKE:
        run_callees(s, func, op);
        break;
    case ACT_SEND:
    case ACT_RECV:
        pass_message(s, func, act->object, act->value, act->kind == ACT_SEND);
        break;
    case ACT_SELECT:
        pass_messages_of_arms(s, func, act);
        break;
    case ACT_REF:
        if (act->object && op->temp)
            add_copy(s, value_node(s, func, act->object),
                     cell_of(s, object_of_temp(func, op->temp), 0));
        break;
    case ACT_DONE_CHANNEL:
        if (!act->object)
            break;
        if (act->context && value_node(s, func, act->context) != NOTHING)
            store_node(
                s, ref_of(s, func, act->object),
                address_of(s, (struct ref){false, value_node(s, func, act->context), DONE_OFFSET}));
        else
            make(s, func, op, act->object);
        break;
    default:
        break;
    }
}

/* ---- the whole program ----------------------------------------------------------------------- */

static void add_body(struct solution *s, const struct ir_func *func)
{
    for (size_t i = 0; i < func->block_count; i++) {
        const struct ir_block *block = &func->blocks[i];
        for (size_t j = 0; j < block->op_count; j++) {
            const struct ir_op *op = &block->ops[j];
            if (op->kind == IR_OP_ASSIGN)
                assign_place(s, func, op);
            else if (op->kind == IR_OP_CALL && op->act)
                do_act(s, func, op);
            else if (op->kind == IR_OP_CALL)
                run_callees(s, func, op);
        }
        if (block->end == IR_RETURN && block->value)
            assign(s, func, result_ref(func), block->value->type, block->value);
    }
}

/* Temp 0 is what the function returns. */
static void add_vars(struct solution *s, const struct ir_func *func)
{
    for (size_t i = 0; i < func->var_count; i++)
        object_of_var(s, func, func->vars[i]);
    facts_of(func)->first_temp_object = (uint32_t)s->objects.count;
    for (uint32_t i = 0; i <= func->temp_count; i++)
        new_object(s, (struct object){.birth = BORN_VAR, .func = func});
}

static bool is_called_from_outside(const struct solution *s, const struct ir_func *func)
{
    return facts_of(func)->callers.count == 0 || (s->is_library && !func->symbol->scope);
}

static void add_callers_out_of_sight(struct solution *s, const struct ir_func *func)
{
    /* Callers out of sight get an object of their own from what makes one for each. */
    bool is_for_each = facts_of(func)->callers.count > 0 && flow_gives_out(s->flow, func);
    if (!is_called_from_outside(s, func) || is_for_each)
        return;
    for (size_t i = 0; i < func->param_count; i++)
        hand_in(s, func, i);
    const struct ir_type *type = func->symbol->type->target;
    if (type && type->kind != IR_TYPE_VOID)
        copy_parts(s, (struct ref){true, OUTSIDE_OBJECT, 0}, result_ref(func), type);
}

static bool has_main(const struct flow *flow)
{
    const struct ir_func *main = map_get_str(&flow->bodies, "main");
    return main != NULL;
}

static struct solution *solution_of(struct flow *flow)
{
    if (flow->points)
        return flow->points;
    struct solution *s = arena_new(flow->arena, struct solution);
    struct arena *arena = flow->arena;
    *s = (struct solution){.flow = flow, .arena = arena, .is_library = !has_main(flow)};
    s->cells.arena = s->vars.arena = s->symbols.arena = s->made.arena = s->codes.arena =
        s->types.arena = s->layouts.arena = arena;
    flow->points = s;
    new_object(s, (struct object){.birth = BORN_OUTSIDE, .is_many = true});
    for (uint32_t i = 0; i < FIRST_NODE; i++)
        new_node(s);
    add_target(s, OUTSIDE_CELL, target_of(OUTSIDE_OBJECT, 0));
    add_copy(s, HANDED_CELL, OUTSIDE_CELL);
    for (size_t i = 0; i < flow->funcs.count; i++)
        add_vars(s, flow->funcs.at[i]);
    for (size_t i = 0; i < flow->unit_count; i++) {
        if (!flow->units[i]->init)
            continue;
        add_vars(s, flow->units[i]->init);
        add_body(s, flow->units[i]->init);
    }
    for (size_t i = 0; i < flow->funcs.count; i++) {
        add_callers_out_of_sight(s, flow->funcs.at[i]);
        add_body(s, flow->funcs.at[i]);
    }
    solve(s);
    return s;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct answer {
    struct solution *s;
    VEC(uint64_t) targets;
    bool has_unknown, is_any;
};

static void answer_value(struct answer *, const struct ir_expr *);

static void answer_target(struct answer *answer, uint64_t target)
{
    if (object_of(target) == OUTSIDE_OBJECT) {
        answer->has_unknown = true;
        return;
    }
    for (size_t i = 0; i < answer->targets.count; i++)
        if (answer->targets.at[i] == target)
            return;
    if (answer->targets.count == SET_MAX)
        answer->has_unknown = true;
    else
        *vec_add(answer->s->arena, &answer->targets) = target;
}

/* A cell into which nothing was ever put holds what code out of sight put there. */
static void answer_cell(struct answer *answer, uint32_t cell)
{
    const struct node *node = &answer->s->nodes.at[cell];
    answer->has_unknown |= cell == OUTSIDE_CELL || node->is_any || node->targets.count == 0;
    answer->is_any |= cell == OUTSIDE_CELL || node->is_any;
    for (size_t i = 0; cell != OUTSIDE_CELL && i < node->targets.count; i++)
        answer_target(answer, node->targets.at[i]);
}

/* The addresses that a resolved place may have. */
static void answer_place(struct answer *answer, const struct ir_expr *place)
{
    struct solution *s = answer->s;
    const void *var = place->var;
    uintptr_t object = 0;
    switch (place->kind) {
    case IR_VAR:
        if (place->var->id == TEMP_VAR_ID) {
            const struct temp_var *temp = (const struct temp_var *)place->var;
            object = object_of_temp(temp->func, temp->temp) + 1;
        } else {
            object = (uintptr_t)map_get(&s->vars, &var, sizeof var);
        }
        break;
    case IR_SYMBOL:
        object = object_of_symbol(s, place->symbol) + 1;
        break;
    case IR_FIELD:
    case IR_INDEX: {
        struct answer base = {.s = s};
        answer_place(&base, place->a);
        answer->has_unknown |= base.has_unknown;
        int64_t by = place->kind == IR_FIELD ? place->value : element_step(place);
        for (size_t i = 0; i < base.targets.count; i++) {
            uint32_t id = object_of(base.targets.at[i]);
            answer_target(answer, target_of(id, moved(s, id, offset_of(base.targets.at[i]), by)));
        }
        return;
    }
    case IR_DEREF:
        answer_value(answer, place->a);
        return;
    default:
        break;
    }
    if (object == 0)
        answer->has_unknown = true;
    else
        answer_target(answer, target_of((uint32_t)object - 1, 0));
}

static void answer_value(struct answer *answer, const struct ir_expr *value)
{
    struct solution *s = answer->s;
    if (value->kind == IR_ADDR) {
        answer_place(answer, value->a);
    } else if (value->kind == IR_SYMBOL && value->symbol->kind == IR_SYMBOL_FUNCTION) {
        const struct ir_func *body = flow_body(s->flow, value->symbol);
        uintptr_t object = body ? (uintptr_t)map_get(&s->codes, &body, sizeof body) : 0;
        if (object == 0)
            answer->has_unknown = true;
        else
            answer_target(answer, target_of((uint32_t)object - 1, 0));
    } else if (value->kind == IR_CAST) {
        answer_value(answer, value->a);
    } else if (value->kind == IR_VAR || value->kind == IR_SYMBOL || value->kind == IR_FIELD ||
               value->kind == IR_INDEX || value->kind == IR_DEREF) {
        struct answer place = {.s = s};
        answer_place(&place, value);
        answer->has_unknown |= place.has_unknown;
        for (size_t i = 0; i < place.targets.count; i++)
            answer_cell(answer, known_cell(s, object_of(place.targets.at[i]),
                                           offset_of(place.targets.at[i])));
    } else if (value->kind != IR_CONST && value->kind != IR_STRING) {
        answer->has_unknown = true;
    }
}

static int compare_targets(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

struct points flow_points(struct flow *flow, const struct ir_expr *resolved)
{
    if (resolved->type->kind != IR_TYPE_POINTER)
        return (struct points){.has_unknown = true};
    struct answer answer = {.s = solution_of(flow)};
    answer_value(&answer, resolved);
    if (answer.targets.count > 1)
        qsort(answer.targets.at, answer.targets.count, sizeof *answer.targets.at, compare_targets);
    return (struct points){answer.targets.at, answer.targets.count, answer.has_unknown,
                           answer.is_any};
}

/* Does the program have only one of it at any time, as far as one run of its root goes? */
static bool is_single(struct flow *flow, const struct object *object)
{
    if (object->is_many || object->birth == BORN_OUTSIDE)
        return false;
    const struct ir_func *func = object->func;
    const struct ir_op *op = object->op;
    for (int depth = 0; func && func->symbol && object->birth != BORN_FUNC; depth++) {
        if (depth > FRAME_DEPTH_MAX || (op && flow_loop_of(flow, func, op->block) != 0))
            return false;
        size_t count;
        const struct flow_site *sites = flow_callers(flow, func, &count);
        if (count != 1)
            return count == 0;
        func = sites[0].func;
        op = sites[0].op;
    }
    return true;
}

static bool share_target(const struct points *a, const struct points *b)
{
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->at[i] == b->at[j])
            return true;
        if (a->at[i] < b->at[j])
            i++;
        else
            j++;
    }
    return false;
}

static bool has_escaped(const struct solution *s, const struct points *points)
{
    for (size_t i = 0; i < points->count; i++)
        if (s->objects.at[object_of(points->at[i])].is_escaped)
            return true;
    return false;
}

bool flow_points_meet(struct flow *flow, const struct points *a, const struct points *b)
{
    if (share_target(a, b))
        return true;
    return (a->is_any && has_escaped(solution_of(flow), b)) ||
           (b->is_any && has_escaped(solution_of(flow), a));
}

enum flow_same flow_points_compare(struct flow *flow, const struct points *a,
                                   const struct points *b)
{
    bool is_known = !a->has_unknown && !b->has_unknown;
    if (!share_target(a, b))
        return is_known ? FLOW_DIFFERENT : FLOW_MAYBE;
    const struct solution *s = solution_of(flow);
    bool is_one = is_known && a->count == 1 && b->count == 1 &&
                  is_single(flow, &s->objects.at[object_of(a->at[0])]);
    return is_one ? FLOW_SAME : FLOW_MAYBE;
}

bool flow_points_handed_out(struct flow *flow, const struct points *points)
{
    const struct solution *s = solution_of(flow);
    for (size_t i = 0; i < points->count; i++)
        if (s->objects.at[object_of(points->at[i])].is_handed_out)
            return true;
    return false;
}

bool flow_points_seen_whole(struct flow *flow, const struct points *points)
{
    return !points->has_unknown && !has_escaped(solution_of(flow), points);
}

const struct ir_op *flow_points_maker(struct flow *flow, const struct points *points,
                                      const struct ir_func **func)
{
    const struct solution *s = solution_of(flow);
    if (points->count != 1 || points->has_unknown || offset_of(points->at[0]) != 0)
        return NULL;
    const struct object *object = &s->objects.at[object_of(points->at[0])];
    if (object->birth != BORN_CALL || !object->op->act)
        return NULL;
    if (func)
        *func = object->func;
    return object->op;
}
