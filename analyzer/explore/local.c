/*
 * local.c - operations that need nobody else and wait for nobody: what is made, derived, counted
 * and unlocked, and what is not of the scope.
 */
#include "explore/sync.h"

/* A number that is not known is one of the first few. */
static int32_t count_value(struct context *context, const struct ir_expr *count, bool *is_known)
{
    struct machine *machine = context->machine;
    struct value value = eval(context, count);
    *is_known = true;
    if (value.kind == V_INT)
        return value.num;
    if (value.kind != V_SYM) {
        *is_known = false;
        return 0;
    }
    int32_t low = machine->world.symbols[value.id].low,
            high = machine->world.symbols[value.id].high;
    int32_t from = low + value.num < 0 ? 0 : low + value.num;
    int32_t to = high + value.num > 2 ? 2 : high + value.num;
    if (from == 0 && to > 0)
        from = 1; /* somebody who hands in a number hands in one at least */
    if (to < from) {
        *is_known = false;
        return 0;
    }
    int32_t chosen = from + (int32_t)machine_choose(machine, (uint32_t)(to - from + 1));
    world_replace_symbol(&machine->world, value.id, VALUE_INT(chosen - value.num));
    return chosen;
}

/* What a call makes, and whether code out of sight comes by it. */
static uint32_t made_site(struct context *context, const struct ir_op *op)
{
    struct machine *machine = context->machine;
    size_t before = machine->sites.count;
    uint32_t site = machine_site(
        machine, op,
        (struct site){.func = context->in->func, .op = op, .type = op->act->object->type->target});
    if (machine->sites.count > before) {
        struct frame *frame = flow_frame(machine->flow, context->in->func, NULL, NULL);
        machine->sites.at[site].is_escaped =
            !flow_is_seen_whole(machine->flow, flow_resolve(machine->flow, frame, op->act->object));
    }
    return site;
}

static void make_object(struct context *context, const struct ir_op *op)
{
    struct machine *machine = context->machine;
    struct world *world = &machine->world;
    const struct act *act = op->act;
    if (!act->object)
        return;
    struct lvalue place = eval_place(context, act->object);
    bool is_handle = act->object->type->kind == IR_TYPE_POINTER || act->object->kind == IR_TEMP;
    uint8_t flags = act_outcome_of(act, RESULT_FAILED) || act->object_kind == OBJECT_OTHER ||
                            act->object_kind == OBJECT_NONE
                        ? OBJECT_MAYBE_NULL
                        : 0;
    struct value handle;
    if (is_handle) {
        uint32_t site = made_site(context, op);
        if (machine->sites.at[site].is_escaped)
            flags |= OBJECT_ESCAPED;
        handle = eval_pointer(world_new_object(world, site, flags), 0);
        eval_store(context, place, handle);
    } else if (place.kind == L_CELL) {
        handle = eval_pointer(place.object, place.offset);
        eval_drop(context, place, act->object->type);
    } else {
        return;
    }
    if (act->is_zeroed)
        world->objects[handle.id].flags |= OBJECT_ZEROED;
    bool is_known;
    struct value *cell;
    switch (act->object_kind) {
    case OBJECT_CHAN: {
        bool is_counted = act->capacity && eval(context, act->capacity).kind != V_INT;
        int32_t capacity = act->capacity ? count_value(context, act->capacity, &is_known) : 0;
        cell = world_cell(world, handle.id, handle.num);
        *cell = (struct value){V_CHAN,
                               (uint8_t)((act->is_fed_from_outside ? CHAN_FED : 0) |
                                         (act->is_never_closed ? CHAN_TICKS : 0) |
                                         (is_counted ? CHAN_COUNTED : 0)),
                               (uint16_t)(capacity > 0 ? capacity : 0), 0};
        break;
    }
    case OBJECT_CONTEXT:
        cell = world_cell(world, handle.id, handle.num);
        *cell = (struct value){V_CONTEXT, CONTEXT_ENDLESS, 0, 0};
        break;
    case OBJECT_MUTEX:
        cell = world_cell(world, handle.id, handle.num);
        *cell = (struct value){V_LOCK, act->attribute == ATTRIBUTE_RECURSIVE ? LOCK_RECURSIVE : 0,
                               0, 0};
        break;
    case OBJECT_BARRIER: {
        int32_t count = act->count ? count_value(context, act->count, &is_known) : 0;
        cell = world_cell(world, handle.id, handle.num);
        *cell = (struct value){V_BARRIER, act->count && is_known, (uint16_t)count, 0};
        break;
    }
    case OBJECT_OTHER:
        if (act->count) {
            int32_t count = count_value(context, act->count, &is_known);
            cell = world_cell(world, handle.id, handle.num);
            *cell = (struct value){V_COND, is_known, 0, count};
        }
        break;
    default:
        break;
    }
}

static void derive(struct context *context, const struct ir_op *op)
{
    struct machine *machine = context->machine;
    const struct act *act = op->act;
    if (!act->object)
        return;
    struct value parent = act->context ? eval(context, act->context) : VALUE_INT(0);
    uint32_t site = made_site(context, op);
    uint8_t flags = machine->sites.at[site].is_escaped ? OBJECT_ESCAPED : 0;
    uint16_t object = world_new_object(&machine->world, site, flags);
    struct value made = {V_CONTEXT, 0, 0, 0};
    if (act->timeout_ms)
        made.flags |= CONTEXT_TIMED;
    if (sync_is_context(machine, parent))
        made.id = parent.id + 1;
    else if (parent.kind != V_INT)
        made.flags |= CONTEXT_TIMED; /* somebody may end the one above it at any moment */
    *world_cell(&machine->world, object, 0) = made;
    eval_store(context, eval_place(context, act->object), eval_pointer(object, 0));
}

/* No context is one that never ends. */
static struct value endless_context(struct context *context, const struct ir_op *op)
{
    struct machine *machine = context->machine;
    uint32_t site = machine_site(machine, &op->act->context,
                                 (struct site){.func = context->in->func, .op = op});
    uint16_t object = world_new_object(&machine->world, site, 0);
    *world_cell(&machine->world, object, 0) = (struct value){V_CONTEXT, CONTEXT_ENDLESS, 0, 0};
    return eval_pointer(object, 0);
}

static void make_done_channel(struct context *context, const struct ir_op *op)
{
    struct machine *machine = context->machine;
    const struct act *act = op->act;
    if (!act->object)
        return;
    struct lvalue place = eval_place(context, act->object);
    if (act->context) {
        struct value handle = eval(context, act->context);
        if (handle.kind == V_SYM) {
            uint16_t object;
            int32_t offset;
            if (eval_target(context, handle, NULL, &object, &offset))
                handle = eval_pointer(object, offset);
        }
        if (handle.kind == V_INT && handle.num == 0)
            handle = endless_context(context, op);
        if (handle.kind == V_PTR)
            handle.num = DONE_OFFSET;
        eval_store(context, place, handle);
        return;
    }
    if (act->source_count == 1) {
        eval_store(context, place, eval(context, act->sources[0]));
        return;
    }
    uint32_t site = machine_site(machine, op, (struct site){.func = context->in->func, .op = op});
    uint16_t object = world_new_object(&machine->world, site, 0);
    *world_cell(&machine->world, object, 0) =
        (struct value){V_EITHER, 0, 0, (int32_t)act->source_count};
    for (size_t i = 0; i < act->source_count; i++) {
        struct value source = eval(context, act->sources[i]);
        *world_cell(&machine->world, object, 8 + (int32_t)i) = source;
    }
    eval_store(context, place, eval_pointer(object, 0));
}

static void add_to_group(struct context *context, const struct ir_op *op)
{
    struct machine *machine = context->machine;
    struct value handle = eval(context, op->act->object);
    bool is_known = true;
    size_t before = machine->choice_at;
    int32_t count = op->act->count ? count_value(context, op->act->count, &is_known) : 1;
    struct value *group = sync_cell_made(machine, handle, V_GROUP);
    if (!group)
        return;
    if (!is_known)
        group->flags |= GROUP_UNKNOWN;
    else if (machine->choice_at != before)
        group->flags |= GROUP_CHOSEN;
    if (count < 0) {
        sync_group_done(machine, context->task, handle, -count, context->in->func, op);
        return;
    }
    sync_group_add(machine, context->task, handle, count, context->in->func, op);
}

static void finish_in_group(struct context *context, const struct ir_op *op)
{
    struct value handle = eval(context, op->act->object);
    bool is_known = true;
    int32_t count = op->act->count ? count_value(context, op->act->count, &is_known) : 1;
    if (is_known)
        sync_group_done(context->machine, context->task, handle, count, context->in->func, op);
}

static void forget_message(struct context *context, const struct ir_expr *value)
{
    struct machine *machine = context->machine;
    struct lvalue to = sync_message_place(context, value);
    const struct ir_type *type = sync_message_type(value);
    if (to.kind == L_NOWHERE || !type)
        return;
    if (type && ir_is_aggregate(type))
        eval_forget(context, to, type);
    else
        eval_store(context, to, eval_unknown(machine, type));
}

/* An operation on what is not of the scope: it happens, whatever comes of it. */
static void go_on(struct context *context, const struct ir_op *op)
{
    struct machine *machine = context->machine;
    const struct act *act = op->act;
    if (act->kind == ACT_RECV)
        forget_message(context, act->value);
    for (size_t i = 0; act->kind == ACT_SELECT && i < act->arm_count; i++)
        if (act->arms[i].kind == ARM_RECV)
            forget_message(context, act->arms[i].value);
    if (act->kind != ACT_SELECT || !act->index)
        return;
    struct lvalue index = eval_place(context, act->index);
    if (index.kind != L_NOWHERE && act->arm_count)
        eval_store(context, index,
                   VALUE_INT((int32_t)machine_choose(machine, (uint32_t)act->arm_count)));
}

void sync_local(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct context context = machine_context(machine, task);
    const struct act *act = op->act;
    enum act_result result = RESULT_OK;
    switch (act->kind) {
    case ACT_MAKE:
        make_object(&context, op);
        break;
    case ACT_DERIVE:
        derive(&context, op);
        break;
    case ACT_DONE_CHANNEL:
        make_done_channel(&context, op);
        break;
    case ACT_REF:
        if (act->object && op->temp && context.in->temp_slot[op->temp] != SLICE_NO_SLOT) {
            struct value value = eval(&context, act->object);
            machine->world.slots[context.frame->slots + context.in->temp_slot[op->temp]] = value;
        }
        break;
    case ACT_ADD:
        machine->touched = true;
        if (context.in->is_in_scope[op->id])
            add_to_group(&context, op);
        break;
    case ACT_DONE:
        if (context.in->is_in_scope[op->id])
            finish_in_group(&context, op);
        break;
    case ACT_UNLOCK:
        if (context.in->is_in_scope[op->id])
            sync_unlock(machine, task, context.in->func, op, eval(&context, act->object));
        break;
    default:
        go_on(&context, op);
        for (enum act_result each = RESULT_CLOSED; each <= RESULT_FAILED; each++)
            if (step_tells(machine, task, op, each) && machine_choose_rare(machine)) {
                result = each;
                break;
            }
        break;
    }
    struct event *event = machine_tell(machine, EVENT_OP, task, context.in->func, op);
    if (event)
        event->result = (uint8_t)result;
    bool makes = act->kind == ACT_MAKE || act->kind == ACT_DERIVE || act->kind == ACT_REF ||
                 act->kind == ACT_DONE_CHANNEL;
    if (!makes || (act->outcome_count && act->outcomes[0].what != act->object))
        step_outcome(machine, task, op, result);
}
