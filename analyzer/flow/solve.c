#include "flow/solve.h"

#include "flow/facts.h"

#include <string.h>

/* The other end of a load, a store or an offset constraint. */
struct access {
    uint32_t node;
    int64_t offset;
};

struct node {
    VEC(uint64_t) targets;
    uint8_t *index;               /* of a long set: by hash → where a target is, from 1, or 0 */
    size_t targets_done;          /* those that went along the constraints */
    VEC(uint32_t) copies;         /* to these nodes */
    VEC(struct access) loads;     /* what the targets hold goes to the node */
    VEC(struct access) stores;    /* what the node has goes to what the targets hold */
    VEC(struct access) offsets;   /* the targets, moved, go to the node */
    const struct ir_type *record; /* what it points to by its type; NULL: not known */
    bool is_any, any_done, is_queued;
};

/* What code out of sight holds of one record type. */
struct outside_type {
    uint32_t object;  /* stands for all that it made itself */
    uint32_t escaped; /* node: that, and the program's own objects that it has come by */
};

struct solver {
    struct arena *arena;
    VEC(struct node) nodes;
    VEC(struct object) objects;
    VEC(uint32_t) queue; /* nodes with something that is not passed on yet */
    size_t queue_done;
    bool is_library;
    struct map cells;     /* by target → node */
    struct map variables; /* by ir_var → object, from 1, as in the next three */
    struct map statics;   /* by symbol_key */
    struct map made;      /* by ir_op */
    struct map functions; /* by ir_func */
    struct map types;     /* by a record's name → struct outside_type */
};

static struct outside_type *outside_of(struct solver *, const struct ir_type *record);

/* ---- adding to sets -------------------------------------------------------------------------- */

static void enqueue(struct solver *solver, uint32_t node)
{
    if (solver->nodes.at[node].is_queued)
        return;
    solver->nodes.at[node].is_queued = true;
    *vec_add(solver->arena, &solver->queue) = node;
}

/* What code out of sight holds has no limit, so it needs none of this. */
static void set_any(struct solver *solver, uint32_t node)
{
    if (node < FIRST_NODE || solver->nodes.at[node].is_any)
        return;
    solver->nodes.at[node].is_any = true;
    enqueue(solver, node);
}

/* The object's mark for being in the set, where the set can be long; NULL: an ordinary node. */
static bool *mark_of(struct object *object, uint32_t node)
{
    return node == OUTSIDE_NODE      ? &object->is_escaped
           : node == HANDED_OUT_NODE ? &object->is_handed_out
                                     : NULL;
}

/* Most targets come again and again, on many ways: in a long set they are looked up. */
enum { INDEX_BEGINS = 8, INDEX_BITS = 7, INDEX_SLOTS = 1 << INDEX_BITS };
_Static_assert(TARGETS_MAX <= INDEX_SLOTS / 2, "an index has room");

static uint8_t *index_slot(const struct node *node, uint64_t target)
{
    size_t slot = (target * 0x9e3779b97f4a7c15u) >> (64 - INDEX_BITS);
    while (node->index[slot] && node->targets.at[node->index[slot] - 1] != target)
        slot = (slot + 1) % INDEX_SLOTS;
    return &node->index[slot];
}

static bool has_target(const struct node *node, uint64_t target)
{
    if (node->index)
        return *index_slot(node, target) != 0;
    for (size_t i = 0; i < node->targets.count; i++)
        if (node->targets.at[i] == target)
            return true;
    return false;
}

/* Takes in the target that was added last. */
static void keep_index(struct solver *solver, struct node *node)
{
    size_t first = node->targets.count - 1;
    if (!node->index && node->targets.count >= INDEX_BEGINS) {
        node->index = arena_array(solver->arena, uint8_t, INDEX_SLOTS);
        first = 0;
    }
    for (size_t i = first; node->index && i < node->targets.count; i++)
        *index_slot(node, node->targets.at[i]) = (uint8_t)(i + 1);
}

/* malloc and the like do not say what they make: it is what the first pointer with a record type
 * that gets it points to. */
static bool takes_type(struct object *object, const struct node *node, uint64_t target)
{
    if (object->site != ALLOC_CALL || object->type || target_offset(target) != 0)
        return false;
    object->type = node->record;
    return object->type != NULL;
}

void solver_add_target(struct solver *solver, uint32_t id, uint64_t target)
{
    struct node *node = &solver->nodes.at[id];
    if (id == NO_NODE || node->is_any)
        return;
    struct object *object = &solver->objects.at[target_object(target)];
    bool *mark = mark_of(object, id);
    if (mark ? *mark : has_target(node, target))
        return;
    if (!mark && node->targets.count >= TARGETS_MAX) {
        set_any(solver, id);
        return;
    }
    /* With a type, an object that escaped before that is one of those of its type. */
    bool escapes_by_type = takes_type(object, node, target) && object->is_escaped;
    if (mark)
        *mark = true;
    *vec_add(solver->arena, &node->targets) = target;
    if (!mark)
        keep_index(solver, node);
    enqueue(solver, id);
    if (escapes_by_type)
        solver_add_target(solver, outside_of(solver, object->type)->escaped, target);
}

/* What may lead anywhere already gets nothing more. */
void solver_add_copy(struct solver *solver, uint32_t from, uint32_t to)
{
    if (from == to || from == NO_NODE || to == NO_NODE || solver->nodes.at[to].is_any)
        return;
    *vec_add(solver->arena, &solver->nodes.at[from].copies) = to;
    for (size_t i = 0; i < solver->nodes.at[from].targets_done; i++)
        solver_add_target(solver, to, solver->nodes.at[from].targets.at[i]);
    if (solver->nodes.at[from].any_done)
        set_any(solver, to);
}

void solver_add_load(struct solver *solver, uint32_t pointer, int64_t offset, uint32_t to)
{
    if (pointer != NO_NODE)
        *vec_add(solver->arena, &solver->nodes.at[pointer].loads) = (struct access){to, offset};
}

void solver_add_store(struct solver *solver, uint32_t pointer, int64_t offset, uint32_t from)
{
    if (pointer != NO_NODE && from != NO_NODE)
        *vec_add(solver->arena, &solver->nodes.at[pointer].stores) = (struct access){from, offset};
}

void solver_add_offset(struct solver *solver, uint32_t pointer, int64_t offset, uint32_t to)
{
    if (pointer != NO_NODE)
        *vec_add(solver->arena, &solver->nodes.at[pointer].offsets) = (struct access){to, offset};
}

/* ---- nodes and objects ----------------------------------------------------------------------- */

uint32_t solver_new_node(struct solver *solver)
{
    vec_add(solver->arena, &solver->nodes);
    return (uint32_t)solver->nodes.count - 1;
}

static uint32_t new_object(struct solver *solver, struct object object)
{
    *vec_add(solver->arena, &solver->objects) = object;
    return (uint32_t)solver->objects.count - 1;
}

struct object *solver_object(const struct solver *solver, uint32_t object)
{
    return &solver->objects.at[object];
}

struct solver *solver_new(struct arena *arena, bool is_library)
{
    struct solver *solver = arena_new(arena, struct solver);
    *solver = (struct solver){.arena = arena, .is_library = is_library};
    solver->cells.arena = solver->variables.arena = solver->statics.arena = solver->made.arena =
        solver->functions.arena = solver->types.arena = arena;
    new_object(solver, (struct object){.site = ALLOC_OUTSIDE, .is_many = true});
    for (uint32_t i = 0; i < FIRST_NODE; i++)
        solver_new_node(solver);
    solver_add_target(solver, OUTSIDE_NODE, target_at(OUTSIDE_OBJECT, 0));
    solver_add_copy(solver, HANDED_OUT_NODE, OUTSIDE_NODE);
    return solver;
}

uint32_t solver_find_cell(const struct solver *solver, uint64_t target)
{
    if (target_object(target) == OUTSIDE_OBJECT)
        return OUTSIDE_NODE;
    return (uint32_t)(uintptr_t)map_get(&solver->cells, &target, sizeof target);
}

uint32_t solver_cell(struct solver *solver, uint64_t target)
{
    uint32_t object = target_object(target);
    if (solver->objects.at[object].site == ALLOC_FUNCTION)
        return NO_NODE;
    uint32_t cell = solver_find_cell(solver, target);
    if (cell != NO_NODE)
        return cell;
    cell = solver_new_node(solver);
    *map_put(&solver->cells, &target, sizeof target) = (void *)(uintptr_t)cell;
    *vec_add(solver->arena, &solver->objects.at[object].cells) = cell;
    if (solver->objects.at[object].is_escaped)
        solver_add_copy(solver, cell, OUTSIDE_NODE);
    if (solver->objects.at[object].is_handed_out)
        solver_add_copy(solver, cell, HANDED_OUT_NODE);
    return cell;
}

/* Objects are counted from 1 in maps, so that none is NULL. */
static uint32_t object_in(struct solver *solver, void **slot, struct object object)
{
    if (!*slot)
        *slot = (void *)(uintptr_t)(new_object(solver, object) + 1);
    return (uint32_t)(uintptr_t)*slot - 1;
}

static bool find_object(const struct map *map, const void *key, uint32_t *object)
{
    uintptr_t found = (uintptr_t)map_get(map, &key, sizeof key);
    *object = (uint32_t)found - 1;
    return found != 0;
}

uint32_t solver_variable(struct solver *solver, const struct ir_func *func,
                         const struct ir_var *var)
{
    struct object object = {.site = ALLOC_VARIABLE,
                            .type = var->type,
                            .func = func,
                            .is_many = var->type->kind == IR_TYPE_ARRAY};
    return object_in(solver, map_put(&solver->variables, &var, sizeof var), object);
}

bool solver_find_variable(const struct solver *solver, const struct ir_var *var, uint32_t *object)
{
    return find_object(&solver->variables, var, object);
}

uint32_t solver_static(struct solver *solver, const struct ir_symbol *symbol)
{
    struct object object = {
        .site = ALLOC_STATIC, .type = symbol->type, .is_many = symbol->type->kind == IR_TYPE_ARRAY};
    void **slot = map_put_str(&solver->statics, symbol_key(solver->arena, symbol));
    bool is_new = !*slot;
    uint32_t id = object_in(solver, slot, object);
    if (is_new && solver->is_library && !symbol->scope)
        solver_add_target(solver, OUTSIDE_NODE, target_at(id, 0));
    return id;
}

uint32_t solver_made_by(struct solver *solver, const struct ir_func *func, const struct ir_op *op)
{
    struct object object = {.site = ALLOC_CALL, .func = func, .op = op};
    return object_in(solver, map_put(&solver->made, &op, sizeof op), object);
}

uint32_t solver_function(struct solver *solver, const struct ir_func *func)
{
    struct object object = {.site = ALLOC_FUNCTION, .func = func};
    return object_in(solver, map_put(&solver->functions, &func, sizeof func), object);
}

bool solver_find_function(const struct solver *solver, const struct ir_func *func, uint32_t *object)
{
    return find_object(&solver->functions, func, object);
}

void solver_add_variables(struct solver *solver, const struct ir_func *func)
{
    for (size_t i = 0; i < func->var_count; i++)
        solver_variable(solver, func, func->vars[i]);
    facts_of(func)->first_temp_object = (uint32_t)solver->objects.count;
    for (uint32_t i = 0; i <= func->temp_count; i++)
        new_object(solver, (struct object){.site = ALLOC_VARIABLE, .func = func});
}

uint32_t solver_temp(const struct ir_func *func, uint32_t temp)
{
    return facts_of(func)->first_temp_object + temp;
}

/* ---- code out of sight ----------------------------------------------------------------------- */

static const struct ir_type *record_behind(const struct ir_type *type)
{
    bool is_record = type && type->kind == IR_TYPE_POINTER && type->target &&
                     type->target->kind == IR_TYPE_RECORD;
    return is_record ? type->target : NULL;
}

/* By name: each unit has types of its own. */
static struct outside_type *outside_of(struct solver *solver, const struct ir_type *record)
{
    const char *name =
        record->record && *record->record->name ? record->record->name : record->name;
    void **slot = map_put_str(&solver->types, name);
    if (!*slot) {
        struct outside_type *outside = arena_new(solver->arena, struct outside_type);
        *slot = outside;
        struct object object = {
            .site = ALLOC_OUTSIDE, .type = record, .is_many = true, .is_escaped = true};
        outside->object = new_object(solver, object);
        outside->escaped = solver_new_node(solver);
        solver_add_target(solver, outside->escaped, target_at(outside->object, 0));
    }
    return *slot;
}

void solver_set_type(struct solver *solver, uint32_t node, const struct ir_type *pointer)
{
    if (node >= FIRST_NODE && record_behind(pointer))
        solver->nodes.at[node].record = record_behind(pointer);
}

void solver_add_outside(struct solver *solver, uint32_t node, const struct ir_type *pointer)
{
    const struct ir_type *record = record_behind(pointer);
    solver_add_copy(solver, record ? outside_of(solver, record)->escaped : (uint32_t)OUTSIDE_NODE,
                    node);
}

void solver_add_outside_params(struct solver *solver, const struct ir_func *func, size_t first)
{
    for (size_t i = first; i < func->param_count; i++) {
        const struct ir_type *type = func->vars[i]->type;
        uint32_t object = solver_variable(solver, func, func->vars[i]);
        if (type->kind == IR_TYPE_POINTER)
            solver_add_outside(solver, solver_cell(solver, target_at(object, 0)), type);
    }
}

/* Code out of sight has come by the object: it can follow its pointers, call it where it is a
 * function, and hand it in again where such a type is asked for. */
static void escape(struct solver *solver, uint32_t holder, uint32_t id)
{
    for (size_t i = 0; i < solver->objects.at[id].cells.count; i++)
        solver_add_copy(solver, solver->objects.at[id].cells.at[i], holder);
    if (holder != OUTSIDE_NODE)
        return; /* the rest is done when the target gets there */
    if (solver->objects.at[id].site == ALLOC_FUNCTION)
        solver_add_outside_params(solver, solver->objects.at[id].func, 0);
    const struct ir_type *type = solver->objects.at[id].type;
    while (type && type->kind == IR_TYPE_ARRAY)
        type = type->target;
    if (type && type->kind == IR_TYPE_RECORD)
        solver_add_target(solver, outside_of(solver, type)->escaped, target_at(id, 0));
}

/* ---- solving --------------------------------------------------------------------------------- */

uint64_t solver_moved(const struct solver *solver, uint64_t target, int64_t bytes)
{
    uint32_t object = target_object(target);
    bool has_parts = object != OUTSIDE_OBJECT && solver->objects.at[object].site != ALLOC_FUNCTION;
    return target_at(object, has_parts ? target_offset(target) + bytes : 0);
}

/* Indices and copies of what is iterated over: each step can make nodes, which moves them all. */
static void pass_on(struct solver *solver, uint32_t id, uint64_t target)
{
    for (size_t i = 0; i < solver->nodes.at[id].copies.count; i++)
        solver_add_target(solver, solver->nodes.at[id].copies.at[i], target);
    for (size_t i = 0; i < solver->nodes.at[id].loads.count; i++) {
        struct access load = solver->nodes.at[id].loads.at[i];
        uint32_t cell = solver_cell(solver, solver_moved(solver, target, load.offset));
        solver_add_copy(solver, cell, load.node);
    }
    for (size_t i = 0; i < solver->nodes.at[id].stores.count; i++) {
        struct access store = solver->nodes.at[id].stores.at[i];
        uint32_t cell = solver_cell(solver, solver_moved(solver, target, store.offset));
        solver_add_copy(solver, store.node, cell);
    }
    for (size_t i = 0; i < solver->nodes.at[id].offsets.count; i++) {
        struct access offset = solver->nodes.at[id].offsets.at[i];
        solver_add_target(solver, offset.node, solver_moved(solver, target, offset.offset));
    }
    if (id == OUTSIDE_NODE || id == HANDED_OUT_NODE)
        escape(solver, id, target_object(target));
}

/* What may point anywhere reads anything, and what is stored through it may be seen by anybody. */
static void pass_on_any(struct solver *solver, uint32_t id)
{
    solver->nodes.at[id].any_done = true;
    for (size_t i = 0; i < solver->nodes.at[id].copies.count; i++)
        set_any(solver, solver->nodes.at[id].copies.at[i]);
    for (size_t i = 0; i < solver->nodes.at[id].loads.count; i++)
        set_any(solver, solver->nodes.at[id].loads.at[i].node);
    for (size_t i = 0; i < solver->nodes.at[id].offsets.count; i++)
        set_any(solver, solver->nodes.at[id].offsets.at[i].node);
    for (size_t i = 0; i < solver->nodes.at[id].stores.count; i++)
        solver_add_copy(solver, solver->nodes.at[id].stores.at[i].node, OUTSIDE_NODE);
}

/* The queue moves up now and then, so that it does not grow with the number of steps. */
static uint32_t dequeue(struct solver *solver)
{
    uint32_t id = solver->queue.at[solver->queue_done++];
    if (solver->queue_done > 1000 && solver->queue_done * 2 > solver->queue.count) {
        solver->queue.count -= solver->queue_done;
        memmove(solver->queue.at, solver->queue.at + solver->queue_done,
                solver->queue.count * sizeof *solver->queue.at);
        solver->queue_done = 0;
    }
    solver->nodes.at[id].is_queued = false;
    return id;
}

void solver_run(struct solver *solver)
{
    while (solver->queue_done < solver->queue.count) {
        uint32_t id = dequeue(solver);
        while (solver->nodes.at[id].targets_done < solver->nodes.at[id].targets.count) {
            size_t next = solver->nodes.at[id].targets_done++;
            pass_on(solver, id, solver->nodes.at[id].targets.at[next]);
        }
        if (solver->nodes.at[id].is_any && !solver->nodes.at[id].any_done)
            pass_on_any(solver, id);
    }
}

struct target_set solver_targets(const struct solver *solver, uint32_t node)
{
    const struct node *found = &solver->nodes.at[node];
    return (struct target_set){found->targets.at, found->targets.count, found->is_any};
}
