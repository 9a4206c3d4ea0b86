#include "explore/slice.h"

#include "explore/meet.h"
#include "flow/points.h"

#include <string.h>

enum { LARGEST_MIN = 8, LARGEST_MAX = 1000 };

/* ---- memory that matters ----------------------------------------------------------------------
 */

/* Of one key: does it matter, and which functions found that it does not? */
struct key_state {
    bool is_kept;
    VEC(struct slice_func *) watchers;
};

static struct keys *keys_of(const struct slice *slice)
{
    return &slice->slicer->keys;
}

static struct key_state *key_state(struct slice *slice, uint32_t key)
{
    while (slice->keys.count <= key)
        *vec_add(slice->arena, &slice->keys) = NULL;
    if (!slice->keys.at[key])
        slice->keys.at[key] = arena_new(slice->arena, struct key_state);
    return slice->keys.at[key];
}

/* While the slice is made, the function that is looked at will be looked at again when that
 * changes. */
static bool has_key(const struct slice *slice, uint32_t key)
{
    struct slice_func *in = slice->looks_at;
    if (!in)
        return key < slice->keys.count && slice->keys.at[key] && slice->keys.at[key]->is_kept;
    struct key_state *state = key_state((struct slice *)slice, key);
    size_t count = state->watchers.count;
    if (!state->is_kept && (count == 0 || state->watchers.at[count - 1] != in))
        *vec_add(slice->arena, &state->watchers) = in;
    return state->is_kept;
}

static void add_key(struct slice *slice, uint32_t key)
{
    struct key_state *state = key_state(slice, key);
    if (state->is_kept)
        return;
    state->is_kept = slice->has_changed = true;
    for (size_t i = 0; i < state->watchers.count; i++)
        state->watchers.at[i]->must_look = true;
}

bool slice_keeps_part(const struct slice *slice, const struct ir_type *type, int64_t offset)
{
    return has_key(slice, keys_of_part(keys_of(slice), type, offset));
}

/* ---- marking --------------------------------------------------------------------------------- */

const struct slice_func *slice_find(const struct slice *slice, const struct ir_func *func)
{
    return map_get(&slice->by_func, &func, sizeof func);
}

static void mark_value(struct slice *, struct slice_func *, const struct ir_expr *);

static void look_again(struct slice *slice, struct slice_func *in)
{
    in->must_look = slice->has_changed = true;
}

/* Something changed on which those rest that call it. */
static void look_again_at_callers(struct slice *slice, struct slice_func *in)
{
    for (size_t i = 0; i < in->callers.count; i++)
        look_again(slice, in->callers.at[i]);
}

static void take_slot(struct slice *slice, struct slice_func *in, uint16_t *slot)
{
    if (*slot != SLICE_NO_SLOT || in->slot_count == SLICE_NO_SLOT - 1)
        return;
    *slot = in->slot_count++;
    look_again(slice, in);
}

/* Does the function hand the address of the variable to another one, which may then set it? */
static bool is_handed_on(const struct ir_func *func, const struct ir_var *var)
{
    for (const struct ir_op *op = ir_next_op(func, IR_OP_CALL, NULL); op;
         op = ir_next_op(func, IR_OP_CALL, op))
        for (size_t i = 0; !op->act && i < op->arg_count; i++)
            if (op->args[i]->kind == IR_ADDR && op->args[i]->a->kind == IR_VAR &&
                op->args[i]->a->var == var)
                return true;
    return false;
}

static void mark_var(struct slice *slice, struct slice_func *in, const struct ir_var *var)
{
    bool is_new = in->var_slot[var->id] == SLICE_NO_SLOT;
    take_slot(slice, in, &in->var_slot[var->id]);
    if (is_new && var->id < in->func->param_count)
        look_again_at_callers(slice, in);
    if (is_new && var->is_address_taken && !ir_is_aggregate(var->type) &&
        is_handed_on(in->func, var))
        add_key(slice, keys_of_scalar(keys_of(slice), var->type));
}

/* What the address of a place is computed from. */
static void mark_address(struct slice *slice, struct slice_func *in, const struct ir_expr *place)
{
    switch (place->kind) {
    case IR_VAR:
        mark_var(slice, in, place->var);
        break;
    case IR_TEMP:
        take_slot(slice, in, &in->temp_slot[place->temp]);
        break;
    case IR_FIELD:
        mark_address(slice, in, place->a);
        break;
    case IR_INDEX:
        mark_address(slice, in, place->a);
        mark_value(slice, in, place->b);
        break;
    case IR_DEREF:
        mark_value(slice, in, place->a);
        break;
    default:
        break;
    }
}

static void mark_content(struct slice *slice, const struct ir_expr *place)
{
    if (place->kind == IR_VAR || place->kind == IR_TEMP || ir_is_aggregate(place->type))
        return;
    add_key(slice, keys_of_place(keys_of(slice), place));
}

static void add_bound(struct slice *slice, const struct ir_expr *expr)
{
    slice->has_two |= expr && expr->kind == IR_CONST && expr->value == 2;
    if (!expr || expr->kind != IR_CONST || expr->value <= 2 || expr->value > INT32_MAX)
        return;
    size_t at = 0;
    while (at < slice->bounds.count && slice->bounds.at[at] < expr->value)
        at++;
    if (at < slice->bounds.count && slice->bounds.at[at] == expr->value)
        return;
    vec_add(slice->arena, &slice->bounds);
    memmove(slice->bounds.at + at + 1, slice->bounds.at + at,
            (slice->bounds.count - 1 - at) * sizeof *slice->bounds.at);
    slice->bounds.at[at] = expr->value;
}

/* 360 rounds are no few times a room for 4. */
enum { TIMES_MAX = 16 };

bool slice_scales_apart(const struct slice *slice)
{
    for (size_t i = 0; i < slice->bounds.count; i++) {
        int64_t below = i > 0 ? slice->bounds.at[i - 1] : slice->has_two ? 2 : 0;
        if (slice->bounds.at[i] <= below * TIMES_MAX)
            return true;
    }
    return false;
}

/* How many places the object that is made has. */
static void add_room(struct slice *slice, const struct ir_expr *places)
{
    slice->has_room |= places && places->kind == IR_CONST && places->value >= 2;
    add_bound(slice, places);
}

static void mark_value(struct slice *slice, struct slice_func *in, const struct ir_expr *expr)
{
    if (expr->kind == IR_BINARY && (expr->op >= IR_LT || expr->op == IR_REM)) {
        add_bound(slice, expr->a);
        add_bound(slice, expr->b);
    }
    switch (expr->kind) {
    case IR_CONST:
        if (expr->value > slice->largest && expr->value <= LARGEST_MAX)
            slice->largest = expr->value;
        break;
    case IR_VAR:
    case IR_TEMP:
    case IR_SYMBOL:
    case IR_FIELD:
    case IR_INDEX:
    case IR_DEREF:
        mark_address(slice, in, expr);
        mark_content(slice, expr);
        break;
    case IR_ADDR:
        mark_address(slice, in, expr->a);
        if (expr->a->kind == IR_FIELD && expr->type->target && !ir_is_aggregate(expr->a->type) &&
            has_key(slice, keys_of_scalar(keys_of(slice), expr->a->type)))
            mark_content(slice, expr->a);
        break;
    case IR_UNARY:
    case IR_CAST:
        mark_value(slice, in, expr->a);
        break;
    case IR_BINARY:
        mark_value(slice, in, expr->a);
        mark_value(slice, in, expr->b);
        break;
    case IR_LITERAL:
        for (uint32_t i = 0; i < expr->element_count; i++)
            mark_value(slice, in, expr->elements[i].value);
        break;
    default:
        break;
    }
}

static void mark_optional(struct slice *slice, struct slice_func *in, const struct ir_expr *expr)
{
    if (expr)
        mark_value(slice, in, expr);
}

/* ---- what matters ---------------------------------------------------------------------------- */

static const struct ir_var *root_var(const struct ir_expr *place)
{
    while (place->kind == IR_FIELD || place->kind == IR_INDEX)
        place = place->a;
    return place->kind == IR_VAR ? place->var : NULL;
}

static bool has_kept_part(const struct slice *slice, const struct ir_type *type)
{
    const struct key_list *parts = keys_of_whole(keys_of(slice), type);
    for (size_t i = 0; i < parts->at.count; i++)
        if (has_key(slice, parts->at.at[i]))
            return true;
    return false;
}

bool slice_keeps_place(const struct slice *slice, const struct slice_func *in,
                       const struct ir_expr *place)
{
    if (place->kind == IR_TEMP)
        return in->temp_slot[place->temp] != SLICE_NO_SLOT;
    if (place->kind == IR_VAR && !ir_is_aggregate(place->type))
        return in->var_slot[place->var->id] != SLICE_NO_SLOT;
    const struct ir_var *var = root_var(place);
    if (var && in->var_slot[var->id] == SLICE_NO_SLOT)
        return false;
    if (ir_is_aggregate(place->type))
        return has_kept_part(slice, place->type);
    return has_key(slice, keys_of_place(keys_of(slice), place));
}

/* Does it let tasks wait for, wake or stop each other? */
static bool is_sync(const struct act *act)
{
    switch (act->kind) {
    case ACT_SEND:
    case ACT_RECV:
    case ACT_CLOSE:
    case ACT_SELECT:
    case ACT_ADD:
    case ACT_DONE:
    case ACT_WAIT:
    case ACT_LOCK:
    case ACT_UNLOCK:
    case ACT_COND_WAIT:
    case ACT_SIGNAL:
    case ACT_CANCEL:
    case ACT_JOIN:
    case ACT_END_TASK:
        return true;
    default:
        return false;
    }
}

static bool has_object(const struct scope *scope, uint64_t object)
{
    size_t low = 0, high = scope->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (scope->objects[middle] < object)
            low = middle + 1;
        else
            high = middle;
    }
    return low < scope->count && scope->objects[low] == object;
}

static bool in_scope(const struct slice *slice, const struct ir_func *func,
                     const struct ir_expr *object)
{
    if (slice->scope->count == 0)
        return true;
    if (!object || ir_is_zero(object))
        return false;
    struct frame *frame = flow_frame(slice->flow, func, NULL, NULL);
    struct points points = flow_points(slice->flow, flow_resolve(slice->flow, frame, object));
    for (size_t i = 0; i < points.count; i++)
        if (has_object(slice->scope, points.at[i]))
            return true;
    return false;
}

static bool has_arm_in_scope(const struct slice *slice, const struct ir_func *func,
                             const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++)
        if (act->arms[i].channel && in_scope(slice, func, act->arms[i].channel))
            return true;
    return act->arm_count == 0;
}

static bool is_wanted(const struct slice *slice, const struct ir_func *func, const struct act *act)
{
    if (!is_sync(act))
        return false;
    if (act->kind == ACT_END_TASK)
        return true;
    if (act->kind == ACT_SELECT)
        return has_arm_in_scope(slice, func, act);
    if (act->kind == ACT_JOIN)
        return true;
    if (act->kind == ACT_COND_WAIT && act->lock && in_scope(slice, func, act->lock))
        return true;
    return in_scope(slice, func, act->object);
}

/* ---- operations ------------------------------------------------------------------------------ */

static bool temp_is_kept(const struct slice_func *in, const struct ir_op *op)
{
    return op->temp && in->temp_slot[op->temp] != SLICE_NO_SLOT;
}

static bool runs_active(const struct slice *slice, const struct slice_func *in,
                        const struct ir_op *op)
{
    const struct slice_callees *callees = &in->callees[op->id];
    (void)slice;
    for (size_t i = 0; i < callees->count; i++)
        if (callees->at[i]->is_active)
            return true;
    return false;
}

static bool fills_in(const struct slice *slice, const struct slice_func *in, const struct ir_op *op)
{
    for (size_t i = 0; in->facts->takes_address[op->id] && i < op->arg_count; i++) {
        const struct ir_expr *arg = op->args[i];
        if (arg->kind == IR_ADDR && arg->a->kind != IR_SYMBOL &&
            slice_keeps_place(slice, in, arg->a))
            return true;
    }
    return false;
}

static bool makes_kept(const struct slice *slice, const struct slice_func *in,
                       const struct ir_expr *place)
{
    return place && slice_keeps_place(slice, in, place);
}

/* An object that lies where a variable or a field does, and does not begin as one of zeros would: a
 * semaphore has a count, a lock may be one that its owner takes again. */
static bool makes_content(const struct slice *slice, const struct slice_func *in,
                          const struct act *act)
{
    const struct ir_expr *place = act->object;
    bool has_content = act->count || act->capacity || act->attribute == ATTRIBUTE_RECURSIVE;
    if (!place || place->kind == IR_TEMP || place->type->kind == IR_TYPE_POINTER || !has_content)
        return false;
    return in_scope(slice, in->func, ir_addr_of(slice->arena, place));
}

static bool receives_kept(const struct slice *slice, const struct slice_func *in,
                          const struct ir_expr *value)
{
    if (!value || value->kind == IR_CONST)
        return false;
    if (value->kind == IR_ADDR)
        return slice_keeps_place(slice, in, value->a);
    return value->type->target && has_kept_part(slice, value->type->target);
}

static bool behind_is_kept(const struct slice *slice, const struct slice_func *in,
                           const struct ir_expr *pointer)
{
    if (pointer->kind == IR_ADDR)
        return slice_keeps_place(slice, in, pointer->a);
    return pointer->type->target && has_kept_part(slice, pointer->type->target);
}

/* In a library, what is put into a static variable is where other functions find it. */
static bool publishes(const struct slice *slice, const struct ir_expr *place)
{
    const struct ir_expr *root = place;
    while (root->kind == IR_FIELD || root->kind == IR_INDEX)
        root = root->a;
    const struct ir_symbol *entry = slice->scope->root->symbol;
    return root->kind == IR_SYMBOL && place->type->kind == IR_TYPE_POINTER &&
           strcmp(entry->name, "main") != 0;
}

static bool must_keep(const struct slice *slice, const struct slice_func *in,
                      const struct ir_op *op)
{
    const struct act *act = op->act;
    switch (op->kind) {
    case IR_OP_ASSIGN:
        return slice_keeps_place(slice, in, op->place) || publishes(slice, op->place);
    case IR_OP_BEGIN:
    case IR_OP_END:
        return in->var_slot[op->var->id] != SLICE_NO_SLOT;
    case IR_OP_CALL:
        if (temp_is_kept(in, op) || fills_in(slice, in, op))
            return true;
        if (in->is_in_scope[op->id] || in->hands_over[op->id])
            return true;
        if (in->facts->is_atomic[op->id] && op->args[0]->kind == IR_ADDR &&
            publishes(slice, op->args[0]->a))
            return true;
        if (in->facts->is_atomic[op->id] && behind_is_kept(slice, in, op->args[0]))
            return true;
        if (act &&
            (act->kind == ACT_MAKE || act->kind == ACT_DERIVE || act->kind == ACT_SPAWN ||
             act->kind == ACT_DONE_CHANNEL) &&
            makes_kept(slice, in, act->object))
            return true;
        if (act && act->kind == ACT_MAKE && makes_content(slice, in, act))
            return true;
        if (act && act->kind == ACT_SPAWN && act->counted_by &&
            in_scope(slice, in->func, act->counted_by))
            return true;
        if (act && act->kind == ACT_RECV && receives_kept(slice, in, act->value))
            return true;
        return runs_active(slice, in, op);
    default:
        return false;
    }
}

static void mark_place_of(struct slice *slice, struct slice_func *in, const struct ir_expr *place)
{
    if (place)
        mark_address(slice, in, place);
}

static bool holds_pointer(const struct ir_type *type)
{
    while (type->kind == IR_TYPE_ARRAY && type->target)
        type = type->target;
    for (size_t i = 0; type->kind == IR_TYPE_RECORD && i < type->record->field_count; i++)
        if (type->record->fields[i].type->kind == IR_TYPE_POINTER)
            return true;
    return type->kind == IR_TYPE_POINTER;
}

/* Which pointers are handed out matters, whoever receives them. */
static void keep_pointers(struct slice *slice, const struct ir_type *type)
{
    for (size_t i = 0; type->kind == IR_TYPE_RECORD && i < type->record->field_count; i++)
        if (type->record->fields[i].type->kind == IR_TYPE_POINTER)
            add_key(slice, keys_of_field(keys_of(slice), type->record, &type->record->fields[i]));
}

/* What is sent matters where what is received of such a type does. */
static void mark_message(struct slice *slice, struct slice_func *in, const struct ir_expr *value,
                         bool is_send)
{
    if (!value || value->kind == IR_CONST || !value->type->target)
        return;
    const struct ir_type *type = value->type->target;
    if (!is_send) {
        bool is_kept = receives_kept(slice, in, value);
        if (is_kept && !ir_is_aggregate(type))
            add_key(slice, keys_of_scalar(keys_of(slice), type));
        if (is_kept || ir_is_aggregate(type))
            mark_value(slice, in, value);
        return;
    }
    if (!has_kept_part(slice, type) && !holds_pointer(type))
        return;
    mark_value(slice, in, value);
    keep_pointers(slice, type);
    if (value->kind == IR_ADDR)
        mark_value(slice, in, value->a);
}

static void mark_arms(struct slice *slice, struct slice_func *in, const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++) {
        const struct act_arm *arm = &act->arms[i];
        mark_optional(slice, in, arm->channel);
        mark_message(slice, in, arm->value, arm->kind == ARM_SEND);
    }
}

static void mark_args(struct slice *slice, struct slice_func *in, const struct ir_op *op)
{
    const struct slice_callees *callees = &in->callees[op->id];
    const struct act *act = op->act;
    bool is_direct = !act || (act->kind != ACT_SPAWN && act->kind != ACT_INVOKE);
    const struct ir_expr *const *args = is_direct ? op->args : act->args;
    size_t count = is_direct ? op->arg_count : act->arg_count;
    for (size_t i = 0; i < callees->count; i++) {
        struct slice_func *callee = callees->at[i];
        for (size_t k = 0; k < count && k < callee->func->param_count; k++)
            if (callee->var_slot[k] != SLICE_NO_SLOT)
                mark_value(slice, in, args[k]);
        if (temp_is_kept(in, op) && is_direct && !callee->returns_value) {
            callee->returns_value = true;
            look_again(slice, callee);
        }
    }
    const struct ir_expr *entry = is_direct ? op->callee : act->entry;
    if (callees->count > 1 && entry)
        mark_value(slice, in, entry);
}

static void mark_atomic(struct slice *slice, struct slice_func *in, const struct ir_op *op)
{
    const struct ir_expr *pointer = op->args[0];
    for (size_t i = 0; i < op->arg_count; i++)
        mark_value(slice, in, op->args[i]);
    if (pointer->kind == IR_ADDR)
        mark_value(slice, in, pointer->a);
    else if (pointer->type->target && !ir_is_aggregate(pointer->type->target))
        add_key(slice, keys_of_scalar(keys_of(slice), pointer->type->target));
}

/* Where a case tells how it went, if anybody asks. */
static void mark_told(struct slice *slice, struct slice_func *in, const struct ir_expr *ok)
{
    if (ok && ok->kind == IR_ADDR && slice_keeps_place(slice, in, ok->a))
        mark_value(slice, in, ok);
}

bool slice_compares_threads(const struct flow *flow, const struct ir_op *op)
{
    const struct ir_symbol *callee = ir_callee(op);
    const struct ir_type *result = callee && !op->act ? callee->type->target : NULL;
    bool tells = result && result->kind == IR_TYPE_INT && op->arg_count == 2;
    for (size_t i = 0; tells && i < op->arg_count; i++)
        tells = model_type_kind(flow_models(flow), op->args[i]->type) == OBJECT_THREAD;
    return tells;
}

static void mark_operands(struct slice *slice, struct slice_func *in, const struct ir_op *op)
{
    const struct act *act = op->act;
    bool is_asked = op->kind == IR_OP_CALL && slice_compares_threads(slice->slicer->flow, op);
    for (size_t i = 0; is_asked && i < op->arg_count; i++)
        mark_value(slice, in, op->args[i]);
    for (size_t i = 0; in->hands_over[op->id] && i < op->arg_count; i++)
        mark_value(slice, in, op->args[i]);
    if (op->kind == IR_OP_ASSIGN) {
        mark_address(slice, in, op->place);
        mark_value(slice, in, op->value);
        return;
    }
    if (op->kind != IR_OP_CALL)
        return;
    mark_args(slice, in, op);
    if (in->facts->is_atomic[op->id])
        mark_atomic(slice, in, op);
    if (!act)
        return;
    bool makes = act->kind == ACT_MAKE || act->kind == ACT_DERIVE ||
                 act->kind == ACT_DONE_CHANNEL || act->kind == ACT_SPAWN;
    if (makes)
        mark_place_of(slice, in, act->object);
    else
        mark_optional(slice, in, act->object);
    mark_optional(slice, in, act->context);
    mark_optional(slice, in, act->lock);
    mark_optional(slice, in, act->counted_by);
    mark_optional(slice, in, act->once);
    mark_optional(slice, in, act->count);
    for (size_t i = 0; i < act->arm_count; i++)
        mark_told(slice, in, act->arms[i].ok);
    if (act->kind == ACT_MAKE) {
        add_room(slice, act->count);
        add_bound(slice, act->capacity);
        mark_optional(slice, in, act->capacity);
    } else {
        add_bound(slice, act->count);
    }
    for (size_t i = 0; i < act->source_count; i++)
        mark_value(slice, in, act->sources[i]);
    mark_arms(slice, in, act);
    if (act->kind == ACT_SEND || act->kind == ACT_RECV)
        mark_message(slice, in, act->value, act->kind == ACT_SEND);
}

/* ---- branches -------------------------------------------------------------------------------- */

static void keep_branch(struct slice *slice, struct slice_func *in, uint32_t block)
{
    if (in->keeps_branch[block])
        return;
    in->keeps_branch[block] = true;
    look_again(slice, in);
}

static bool block_matters(const struct slice_func *in, const struct ir_block *block)
{
    if (in->keeps_branch[block->id] || in->has_kept_op[block->id])
        return true;
    return in->returns_value && block->end == IR_RETURN && block->value;
}

/* The blocks that run because the branch goes that way: from the edge up to where all ways meet. */
static void keep_deciding_branches(struct slice *slice, struct slice_func *in)
{
    const struct ir_func *func = in->func;
    for (size_t b = 0; b < func->block_count; b++) {
        const struct ir_block *block = &func->blocks[b];
        if (block->edge_count < 2 || in->keeps_branch[b])
            continue;
        for (size_t e = 0; e < block->edge_count; e++) {
            uint32_t at = block->edges[e].to;
            for (uint32_t steps = 0;
                 at != SLICE_NO_BLOCK && at != in->meet[b] && steps < func->block_count;
                 steps++, at = in->meet[at])
                if (block_matters(in, &func->blocks[at])) {
                    keep_branch(slice, in, (uint32_t)b);
                    break;
                }
        }
    }
}

static void keep_op(struct slice *slice, struct slice_func *in, const struct ir_op *op)
{
    bool was_active = in->is_active;
    in->keeps_op[op->id] = true;
    in->has_kept_op[op->block] |= op->kind == IR_OP_CALL || op->kind == IR_OP_ASSIGN;
    look_again(slice, in);
    if (op->kind == IR_OP_CALL || op->place)
        in->is_active |=
            op->kind == IR_OP_CALL || op->place->kind == IR_SYMBOL || !root_var(op->place);
    if (in->is_active && !was_active)
        look_again_at_callers(slice, in);
}

/* A member whose address is kept somewhere may be written through a pointer: where it matters, what
 * is behind pointers to its type does. */
static void tie_to_pointers(struct slice *slice, const struct ir_expr *expr)
{
    if (!expr)
        return;
    if (expr->kind == IR_ADDR && expr->a->kind == IR_FIELD && !ir_is_aggregate(expr->a->type) &&
        has_key(slice, keys_of_place(keys_of(slice), expr->a)))
        add_key(slice, keys_of_scalar(keys_of(slice), expr->a->type));
    if (expr->kind == IR_CAST)
        tie_to_pointers(slice, expr->a);
    for (uint32_t i = 0; expr->kind == IR_LITERAL && i < expr->element_count; i++)
        tie_to_pointers(slice, expr->elements[i].value);
}

/* Of what the operation stores, or hands to a function that is in sight. */
static void tie_stored(struct slice *slice, const struct slice_func *in, const struct ir_op *op)
{
    if (op->kind == IR_OP_ASSIGN)
        tie_to_pointers(slice, op->value);
    for (uint32_t i = 0; !op->act && in->callees[op->id].count && i < op->arg_count; i++)
        tie_to_pointers(slice, op->args[i]);
}

/* Of what else is marked, more may matter later: what a callee asks for, or others receive. */
static bool is_marked_once(const struct slice_func *in, const struct ir_op *op)
{
    return op->kind == IR_OP_ASSIGN && !in->facts->takes_address[op->id];
}

static void look_at(struct slice *slice, struct slice_func *in)
{
    const struct ir_func *func = in->func;
    in->must_look = false;
    slice->looks_at = in;
    for (size_t b = 0; b < func->block_count; b++) {
        const struct ir_block *block = &func->blocks[b];
        for (size_t i = 0; i < block->op_count; i++) {
            const struct ir_op *op = &block->ops[i];
            if (in->facts->takes_address[op->id])
                tie_stored(slice, in, op);
            if (!in->keeps_op[op->id] && must_keep(slice, in, op))
                keep_op(slice, in, op);
            if (in->keeps_op[op->id] && !in->is_marked[op->id])
                mark_operands(slice, in, op);
            in->is_marked[op->id] = in->keeps_op[op->id] && is_marked_once(in, op);
        }
        if (in->keeps_branch[b] || (in->returns_value && block->end == IR_RETURN))
            mark_optional(slice, in, block->value);
    }
    keep_deciding_branches(slice, in);
    slice->looks_at = NULL;
}

/* ---- the functions that the root can run ----------------------------------------------------- */

static const struct slice_facts *facts_of(struct slicer *, const struct ir_func *);

/* Is there a call in the block behind which nothing runs?  Of functions that call each other, one
 * is not known yet: it is taken to return. */
static bool is_last(struct slicer *slicer, const struct ir_func *func, size_t block,
                    const struct slice_facts *facts)
{
    for (size_t i = 0; i < facts->calls.count; i++) {
        const struct flow_targets *targets = &facts->calls.at[i].targets;
        if (facts->calls.at[i].op->block == block && targets->bodies.count == 1 &&
            !targets->has_unknown &&
            !(facts->calls.at[i].op->act && facts->calls.at[i].op->act->kind == ACT_SPAWN) &&
            facts_of(slicer, targets->bodies.at[0])->never_returns)
            return true;
    }
    return func->blocks[block].end == IR_STOP;
}

/* A loop without a way out does not return either, but ends nothing. */
static bool never_returns(struct slicer *slicer, const struct ir_func *func,
                          const struct slice_facts *facts)
{
    bool *reached = arena_array(slicer->by_func.arena, bool, func->block_count);
    bool ends = false, has_changed = func->block_count > 0;
    if (has_changed)
        reached[0] = true;
    while (has_changed) {
        has_changed = false;
        for (size_t b = 0; b < func->block_count; b++) {
            const struct ir_block *block = &func->blocks[b];
            bool is_end = reached[b] && is_last(slicer, func, b, facts);
            ends |= is_end;
            if (!reached[b] || is_end)
                continue;
            if (block->end == IR_RETURN)
                return false;
            for (size_t i = 0; i < block->edge_count; i++) {
                has_changed |= !reached[block->edges[i].to];
                reached[block->edges[i].to] = true;
            }
        }
    }
    return ends;
}

static bool holds_address(const struct ir_expr *expr)
{
    for (uint32_t i = 0; expr->kind == IR_LITERAL && i < expr->element_count; i++)
        if (holds_address(expr->elements[i].value))
            return true;
    return expr->kind == IR_ADDR || (expr->a && holds_address(expr->a)) ||
           (expr->b && holds_address(expr->b));
}

static bool takes_address(const struct ir_op *op)
{
    bool takes = op->kind == IR_OP_ASSIGN && (holds_address(op->place) || holds_address(op->value));
    for (size_t i = 0; op->kind == IR_OP_CALL && i < op->arg_count && !takes; i++)
        takes = holds_address(op->args[i]);
    return takes;
}

static void find_op_facts(struct slicer *slicer, const struct ir_func *func,
                          struct slice_facts *facts)
{
    struct arena *arena = slicer->by_func.arena;
    facts->is_atomic = arena_array(arena, bool, func->op_count + 1);
    facts->takes_address = arena_array(arena, bool, func->op_count + 1);
    for (size_t b = 0; b < func->block_count; b++)
        for (size_t i = 0; i < func->blocks[b].op_count; i++) {
            const struct ir_op *op = &func->blocks[b].ops[i];
            facts->is_atomic[op->id] = op->arg_count > 0 && flow_is_atomic(op);
            facts->takes_address[op->id] = takes_address(op);
        }
}

/* What does not depend on the root, found once for each function of the program. */
static const struct slice_facts *facts_of(struct slicer *slicer, const struct ir_func *func)
{
    void **slot = map_put(&slicer->by_func, &func, sizeof func);
    if (*slot)
        return *slot;
    struct arena *arena = slicer->by_func.arena;
    struct slice_facts *facts = *slot = arena_new(arena, struct slice_facts);
    facts->hands_over = arena_array(arena, bool, func->op_count + 1);
    facts->is_head = arena_array(arena, bool, func->block_count);
    facts->var_in_memory = arena_array(arena, bool, func->var_count + 1);
    facts->meet = meet_find(arena, func);
    for (size_t i = 0; i < func->loop_count; i++)
        facts->is_head[func->loops[i].head] = true;
    for (size_t i = 0; i < func->var_count; i++)
        facts->var_in_memory[i] =
            func->vars[i]->is_address_taken || ir_is_aggregate(func->vars[i]->type);
    for (const struct ir_op *op = ir_next_op(func, IR_OP_CALL, NULL); op;
         op = ir_next_op(func, IR_OP_CALL, op)) {
        *vec_add(arena, &facts->calls) =
            (struct slice_call){op, flow_callees(slicer->flow, func, op)};
        for (size_t i = 0; i < op->arg_count && !facts->hands_over[op->id]; i++)
            facts->hands_over[op->id] = op->args[i]->type->kind == IR_TYPE_POINTER &&
                                        flow_call_takes(slicer->flow, func, op, i);
    }
    find_op_facts(slicer, func, facts);
    facts->never_returns = never_returns(slicer, func, facts);
    return facts;
}

static struct slice_func *add_func(struct slice *slice, const struct ir_func *func)
{
    void **slot = map_put(&slice->by_func, &func, sizeof func);
    if (*slot)
        return *slot;
    struct arena *arena = slice->arena;
    struct slice_func *in = *slot = arena_new(arena, struct slice_func);
    const struct slice_facts *facts = facts_of(slice->slicer, func);
    in->func = func;
    in->facts = facts;
    in->index = (uint32_t)slice->funcs.count;
    in->must_look = true;
    in->is_active = facts->never_returns; /* what stands behind its call is not run */
    in->keeps_op = arena_array(arena, bool, func->op_count + 1);
    in->is_marked = arena_array(arena, bool, func->op_count + 1);
    in->is_in_scope = arena_array(arena, bool, func->op_count + 1);
    in->callees = arena_array(arena, struct slice_callees, func->op_count + 1);
    in->keeps_branch = arena_array(arena, bool, func->block_count);
    in->has_kept_op = arena_array(arena, bool, func->block_count);
    in->op_touches = arena_array(arena, bool, func->op_count + 1);
    in->end_touches = arena_array(arena, bool, func->block_count);
    in->hands_over = facts->hands_over;
    in->is_head = facts->is_head;
    in->meet = facts->meet;
    in->var_in_memory = facts->var_in_memory;
    in->var_slot = arena_array(arena, uint16_t, func->var_count + 1);
    in->temp_slot = arena_array(arena, uint16_t, func->temp_count + 1);
    memset(in->var_slot, 0xff, (func->var_count + 1) * sizeof(uint16_t));
    memset(in->temp_slot, 0xff, (func->temp_count + 1) * sizeof(uint16_t));
    *vec_add(arena, &slice->funcs) = in;
    return in;
}

static void add_callees(struct slice *slice, struct slice_func *in)
{
    for (size_t c = 0; c < in->facts->calls.count; c++) {
        const struct slice_call *call = &in->facts->calls.at[c];
        const struct ir_op *op = call->op;
        struct slice_callees *callees = &in->callees[op->id];
        in->is_in_scope[op->id] = op->act && is_wanted(slice, in->func, op->act);
        callees->count = call->targets.bodies.count;
        callees->has_unknown = call->targets.has_unknown;
        callees->at = arena_array(slice->arena, struct slice_func *, callees->count);
        for (size_t i = 0; i < callees->count; i++) {
            struct slice_func *callee = add_func(slice, call->targets.bodies.at[i]);
            callees->at[i] = callee;
            size_t last = callee->callers.count;
            if (last == 0 || callee->callers.at[last - 1] != in)
                *vec_add(slice->arena, &callee->callers) = in;
        }
    }
}

/* ---- which values are still asked for -------------------------------------------------------- */

struct liveness {
    const struct slice *slice;
    const struct slice_func *in;
};

static void use_slot(uint16_t slot, uint64_t *live)
{
    if (slot < 64)
        *live |= (uint64_t)1 << slot;
}

static void use_value(const struct slice_func *in, const struct ir_expr *expr, uint64_t *live)
{
    if (!expr)
        return;
    switch (expr->kind) {
    case IR_VAR:
        use_slot(in->var_slot[expr->var->id], live);
        break;
    case IR_TEMP:
        use_slot(in->temp_slot[expr->temp], live);
        break;
    case IR_LITERAL:
        for (uint32_t i = 0; i < expr->element_count; i++)
            use_value(in, expr->elements[i].value, live);
        break;
    case IR_FIELD:
    case IR_INDEX:
    case IR_DEREF:
    case IR_ADDR:
    case IR_UNARY:
    case IR_CAST:
    case IR_BINARY:
        use_value(in, expr->a, live);
        use_value(in, expr->b, live);
        break;
    default:
        break;
    }
}

static void use_act(const struct slice_func *in, const struct act *act, uint64_t *live)
{
    use_value(in, act->object, live);
    use_value(in, act->value, live);
    use_value(in, act->entry, live);
    use_value(in, act->context, live);
    use_value(in, act->lock, live);
    use_value(in, act->count, live);
    use_value(in, act->capacity, live);
    use_value(in, act->counted_by, live);
    use_value(in, act->once, live);
    for (size_t i = 0; i < act->arg_count; i++)
        use_value(in, act->args[i], live);
    for (size_t i = 0; i < act->source_count; i++)
        use_value(in, act->sources[i], live);
    for (size_t i = 0; i < act->arm_count; i++) {
        use_value(in, act->arms[i].channel, live);
        use_value(in, act->arms[i].value, live);
        use_value(in, act->arms[i].ok, live);
    }
    for (size_t i = 0; i < act->outcome_count; i++)
        if (act->outcomes[i].what->kind != IR_TEMP)
            use_value(in, act->outcomes[i].what, live);
}

static void kill_slot(uint16_t slot, uint64_t *live)
{
    if (slot < 64)
        *live &= ~((uint64_t)1 << slot);
}

static void step_back(const struct slice_func *in, const struct ir_op *op, uint64_t *live)
{
    if (!in->keeps_op[op->id])
        return;
    if (op->kind == IR_OP_ASSIGN) {
        if (op->place->kind == IR_TEMP)
            kill_slot(in->temp_slot[op->place->temp], live);
        else if (op->place->kind == IR_VAR && !in->var_in_memory[op->place->var->id])
            kill_slot(in->var_slot[op->place->var->id], live);
        else
            use_value(in, op->place, live);
        use_value(in, op->value, live);
        return;
    }
    if (op->kind == IR_OP_BEGIN) {
        kill_slot(in->var_slot[op->var->id], live);
        return;
    }
    if (op->kind != IR_OP_CALL)
        return;
    if (op->temp)
        kill_slot(in->temp_slot[op->temp], live);
    use_value(in, op->callee, live);
    for (size_t i = 0; i < op->arg_count; i++)
        use_value(in, op->args[i], live);
    if (op->act)
        use_act(in, op->act, live);
}

static uint64_t live_behind(const struct slice_func *in, const struct ir_block *block,
                            const uint64_t *live_in)
{
    uint64_t live = 0;
    if (block->edge_count > 1 && !in->keeps_branch[block->id])
        return in->meet[block->id] == SLICE_NO_BLOCK ? 0 : live_in[in->meet[block->id]];
    for (size_t i = 0; i < block->edge_count; i++)
        live |= live_in[block->edges[i].to];
    if (block->edge_count > 1 || in->returns_value)
        use_value(in, block->value, &live);
    return live;
}

static void find_live(struct slice *slice, struct slice_func *in)
{
    struct arena *arena = slice->arena;
    const struct ir_func *func = in->func;
    uint64_t *live_in = arena_array(arena, uint64_t, func->block_count);
    in->live_before = arena_array(arena, uint64_t, func->op_count + 1);
    in->live_at_end = arena_array(arena, uint64_t, func->block_count);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t b = func->block_count; b-- > 0;) {
            const struct ir_block *block = &func->blocks[b];
            uint64_t live = in->live_at_end[b] = live_behind(in, block, live_in);
            for (size_t i = block->op_count; i-- > 0;) {
                step_back(in, &block->ops[i], &live);
                in->live_before[block->ops[i].id] = live;
            }
            changed |= live != live_in[b];
            live_in[b] = live;
        }
    }
}

/* ---- what others may see ----------------------------------------------------------------------
 */

static bool is_number(const struct ir_type *type)
{
    return type->kind == IR_TYPE_INT || type->kind == IR_TYPE_BOOL;
}

/* Is it memory that may be another task's too: not a variable of the function? */
static bool is_shared_place(const struct ir_expr *place)
{
    while (place->kind == IR_FIELD || place->kind == IR_INDEX)
        place = place->a;
    return place->kind == IR_DEREF ||
           (place->kind == IR_SYMBOL && place->symbol->kind == IR_SYMBOL_DATA);
}

static bool reads_shared(const struct ir_expr *expr)
{
    if (!expr)
        return false;
    switch (expr->kind) {
    case IR_FIELD:
    case IR_INDEX:
    case IR_DEREF:
    case IR_SYMBOL:
        return is_number(expr->type) && is_shared_place(expr);
    case IR_UNARY:
    case IR_CAST:
        return reads_shared(expr->a);
    case IR_BINARY:
        return reads_shared(expr->a) || reads_shared(expr->b);
    default:
        return false;
    }
}

static void find_touches(struct slice_func *in)
{
    const struct ir_func *func = in->func;
    for (size_t b = 0; b < func->block_count; b++) {
        const struct ir_block *block = &func->blocks[b];
        in->end_touches[b] = in->keeps_branch[b] && reads_shared(block->value);
        for (size_t i = 0; i < block->op_count; i++) {
            const struct ir_op *op = &block->ops[i];
            if (op->kind == IR_OP_ASSIGN && in->keeps_op[op->id])
                in->op_touches[op->id] = reads_shared(op->value) ||
                                         (is_number(op->place->type) && is_shared_place(op->place));
        }
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

struct slice *slice_new(struct slicer *slicer, struct arena *arena, const struct scope *scope)
{
    struct slice *slice = arena_new(arena, struct slice);
    struct flow *flow = slicer->flow;
    slice->flow = flow;
    slice->slicer = slicer;
    slice->arena = arena;
    slice->scope = scope;
    slice->largest = LARGEST_MIN;
    slice->by_func.arena = arena;
    slicer->initials.by_symbol.arena = slicer->by_func.arena;
    slicer->texts.written.arena = slicer->by_func.arena;
    slicer->keys.ids.arena = slicer->keys.by_place.arena = slicer->keys.by_whole.arena =
        slicer->by_func.arena;
    initials_make(&slicer->initials, flow);
    texts_make(&slicer->texts, flow);
    add_func(slice, scope->root);
    for (size_t i = 0; i < slice->funcs.count; i++)
        add_callees(slice, slice->funcs.at[i]);
    size_t unit_count;
    struct ir_unit *const *units = flow_units(flow, &unit_count);
    for (size_t i = 0; i < unit_count; i++)
        if (units[i]->init)
            add_func(slice, units[i]->init);
    /* What a library's function returns, its caller has. */
    const struct ir_type *result = scope->root->symbol->type->target;
    slice->funcs.at[0]->returns_value =
        strcmp(scope->root->symbol->name, "main") != 0 && result && result->kind == IR_TYPE_POINTER;
    do {
        slice->has_changed = false;
        for (size_t i = 0; i < slice->funcs.count; i++)
            if (slice->funcs.at[i]->must_look)
                look_at(slice, slice->funcs.at[i]);
    } while (slice->has_changed);
    for (size_t i = 0; i < slice->funcs.count; i++) {
        find_live(slice, slice->funcs.at[i]);
        find_touches(slice->funcs.at[i]);
    }
    return slice;
}
