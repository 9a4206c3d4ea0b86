/*
 * sync.c - what tasks do to each other: the operations that one task fires and others can see.
 *
 * Fired are only operations that can: a task that cannot go on has no option.  What is in the hands
 * of somebody out of sight may happen at any moment.
 */
#include "explore/atomic.h"
#include "explore/machine.h"

#include <string.h>

enum { OPTIONS_MAX = 96, MESSAGE_BYTES = 4096 };

/* One thing that can happen next. */
struct option {
    uint8_t task;
    uint8_t partner; /* + 1: the receiver of a rendezvous, the waiter that a signal wakes */
    int8_t arm, partner_arm;
    uint8_t result;
    bool is_guess;
    bool is_enlisting; /* parks where others count who waits: moves nobody on */
    bool is_time;      /* a context's time runs out; object */
    uint16_t object;
};

struct options {
    struct option at[OPTIONS_MAX];
    size_t count;
};

static struct option *add(struct options *options, uint8_t task)
{
    if (options->count == OPTIONS_MAX)
        options->count--;
    struct option *option = &options->at[options->count++];
    *option = (struct option){.task = task, .arm = -1, .partner_arm = -1};
    return option;
}

static struct option *add_result(struct options *options, uint8_t task, enum act_result result,
                                 bool is_guess)
{
    struct option *option = add(options, task);
    option->result = (uint8_t)result;
    option->is_guess = is_guess;
    return option;
}

/* ---- where a task stands --------------------------------------------------------------------- */

const struct ir_op *sync_op(const struct machine *machine, uint8_t task,
                            const struct ir_func **func)
{
    const struct world_task *at = &machine->world.tasks[task];
    if (at->state != TASK_AT || !at->top)
        return NULL;
    const struct world_frame *frame = &machine->world.frames[at->top - 1];
    const struct slice_func *in = machine->slice->funcs.at[frame->func];
    const struct ir_block *block = &in->func->blocks[frame->block];
    if (func)
        *func = in->func;
    return frame->op < block->op_count ? &block->ops[frame->op] : NULL;
}

bool sync_is_visible(struct machine *machine, const struct slice_func *in, const struct ir_op *op)
{
    (void)machine;
    switch (op->act->kind) {
    case ACT_SEND:
    case ACT_RECV:
    case ACT_CLOSE:
    case ACT_SELECT:
    case ACT_WAIT:
    case ACT_LOCK:
    case ACT_COND_WAIT:
    case ACT_SIGNAL:
    case ACT_CANCEL:
    case ACT_JOIN:
        return in->is_in_scope[op->id];
    case ACT_CHECK_CONTEXT:
        return true;
    case ACT_INVOKE:
        return op->act->once;
    default:
        return false;
    }
}

/* The handle of the object, then the context or the lock; of a select, the channels of its arms. */
void sync_arrive(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct context context = machine_context(machine, task);
    struct world_task *at = &machine->world.tasks[task];
    const struct act *act = op->act;
    memset(at->operands, 0, sizeof at->operands);
    at->operand_count = 0;
    at->phase = 0;
    at->state = TASK_AT;
    if (!act)
        return;
    if (act->kind == ACT_SELECT) {
        for (size_t i = 0; i < act->arm_count && i < OPERANDS_MAX; i++) {
            bool has_channel = act->arms[i].kind == ARM_RECV || act->arms[i].kind == ARM_SEND;
            struct value value = {V_ANY, 0, 0, 0};
            if (has_channel && act->arms[i].channel)
                value = eval(&context, act->arms[i].channel);
            at->operands[at->operand_count++] = value;
        }
        return;
    }
    bool asks = act->kind == ACT_CHECK_CONTEXT;
    const struct ir_expr *object = asks                      ? act->context
                                   : act->kind == ACT_INVOKE ? act->once
                                                             : act->object;
    const struct ir_expr *second = act->kind == ACT_COND_WAIT ? act->lock : act->context;
    at->operands[at->operand_count++] =
        object ? eval(&context, object) : (struct value){V_ANY, 0, 0, 0};
    if (asks)
        return;
    if (second)
        at->operands[at->operand_count++] = eval(&context, second);
    if (act->kind == ACT_COND_WAIT && act->context) {
        if (!second)
            at->operands[at->operand_count++] = (struct value){V_ANY, 0, 0, 0};
        at->operands[at->operand_count++] = eval(&context, act->context);
    }
}

/* ---- objects --------------------------------------------------------------------------------- */

static bool is_outside(const struct machine *machine, struct value handle)
{
    if (handle.kind != V_PTR)
        return handle.kind != V_INT;
    return machine->world.objects[handle.id].flags & (OBJECT_OUTSIDE | OBJECT_ESCAPED);
}

static struct value *cell_of(struct machine *machine, struct value handle, enum value_kind kind)
{
    if (handle.kind != V_PTR)
        return NULL;
    struct value *cell = world_find_cell(&machine->world, handle.id, handle.num);
    if (cell && cell->kind == kind)
        return cell;
    return NULL;
}

/* The cell of a lock, a wait group or a condition, which need not be made. */
static struct value *cell_made(struct machine *machine, struct value handle, enum value_kind kind)
{
    if (handle.kind != V_PTR)
        return NULL;
    struct value *cell = world_cell(&machine->world, handle.id, handle.num);
    if (cell->kind != kind)
        *cell = (struct value){(uint8_t)kind, 0, 0, 0};
    return cell;
}

bool sync_has_ended(struct world *world, struct value context)
{
    for (int depth = 0; context.kind == V_PTR && depth < 32; depth++) {
        struct value *cell = world_find_cell(world, context.id, 0);
        if (!cell || cell->kind != V_CONTEXT)
            return false;
        if (cell->flags & CONTEXT_ENDED)
            return true;
        if (!cell->id)
            return false;
        context = eval_pointer(cell->id - 1, 0);
    }
    return false;
}

static bool is_context(struct machine *machine, struct value handle)
{
    if (handle.kind != V_PTR)
        return false;
    struct value *cell = world_find_cell(&machine->world, handle.id, 0);
    return cell && cell->kind == V_CONTEXT;
}

/* Somebody out of sight may end it. */
static bool may_end(struct machine *machine, struct value context)
{
    if (context.kind == V_INT)
        return false;
    if (!is_context(machine, context))
        return true;
    return machine->world.objects[context.id].flags & OBJECT_ESCAPED;
}

/* ---- channels -------------------------------------------------------------------------------- */

/* READY_TICKS: something may come, but no end. */
enum readiness { NOT_READY, READY_OK, READY_CLOSED, READY_TICKS, READY_ANY };

static enum readiness receive_ready(struct machine *machine, struct value handle, int depth)
{
    if (handle.kind == V_INT)
        return handle.num == 0 ? NOT_READY : READY_ANY;
    if (handle.kind == V_PTR && handle.num == DONE_OFFSET) {
        struct value context = eval_pointer(handle.id, 0);
        if (sync_has_ended(&machine->world, context))
            return READY_CLOSED;
        return may_end(machine, context) ? READY_ANY : NOT_READY;
    }
    struct value *either = cell_of(machine, handle, V_EITHER);
    if (either && depth < 4) {
        int32_t count = either->num;
        for (int32_t i = 0; i < count; i++) {
            struct value *source = world_find_cell(&machine->world, handle.id, 8 + i);
            if (!source)
                return READY_ANY;
            enum readiness ready = receive_ready(machine, *source, depth + 1);
            if (ready != NOT_READY)
                return ready == READY_OK ? READY_CLOSED : ready;
        }
        return NOT_READY;
    }
    struct value *channel = cell_of(machine, handle, V_CHAN);
    if (!channel)
        return READY_ANY;
    if (channel->num > 0)
        return READY_OK;
    if (channel->flags & CHAN_CLOSED)
        return READY_CLOSED;
    if (channel->flags & CHAN_FED)
        return channel->flags & CHAN_TICKS ? READY_TICKS : READY_ANY;
    return is_outside(machine, handle) ? READY_ANY : NOT_READY;
}

static enum readiness send_ready(struct machine *machine, struct value handle)
{
    if (handle.kind == V_INT)
        return handle.num == 0 ? NOT_READY : READY_ANY;
    struct value *channel = cell_of(machine, handle, V_CHAN);
    if (!channel)
        return READY_ANY;
    if (channel->flags & CHAN_CLOSED)
        return READY_CLOSED;
    if (channel->num < channel->id)
        return READY_OK;
    return is_outside(machine, handle) ? READY_ANY : NOT_READY;
}

/* The receivers that stand at a channel without room. */
static void add_partners(struct machine *machine, struct options *options, uint8_t task, int8_t arm,
                         struct value channel)
{
    if (channel.kind == V_INT && channel.num == 0)
        return; /* nobody meets on a channel that is NULL */
    for (uint8_t other = 0; other < TASKS_MAX; other++) {
        if (other == task)
            continue;
        const struct ir_op *op = sync_op(machine, other, NULL);
        const struct world_task *at = &machine->world.tasks[other];
        if (!op || !op->act)
            continue;
        if (op->act->kind == ACT_RECV && value_same(at->operands[0], channel)) {
            struct option *option = add_result(options, task, RESULT_OK, false);
            option->arm = arm;
            option->partner = other + 1;
        }
        if (op->act->kind != ACT_SELECT)
            continue;
        for (size_t i = 0; i < at->operand_count; i++)
            if (op->act->arms[i].kind == ARM_RECV && value_same(at->operands[i], channel)) {
                struct option *option = add_result(options, task, RESULT_OK, false);
                option->arm = arm;
                option->partner = other + 1;
                option->partner_arm = (int8_t)i;
            }
    }
}

static void add_ready(struct machine *machine, struct options *options, uint8_t task,
                      const struct ir_op *op, int8_t arm, enum readiness ready)
{
    if (ready == READY_OK || ready >= READY_TICKS)
        add_result(options, task, RESULT_OK, ready >= READY_TICKS)->arm = arm;
    if (ready == READY_CLOSED ||
        (ready == READY_ANY && arm < 0 && step_tells(machine, task, op, RESULT_CLOSED)))
        add_result(options, task, RESULT_CLOSED, ready == READY_ANY)->arm = arm;
}

static void add_select(struct machine *machine, struct options *options, uint8_t task,
                       const struct ir_op *op)
{
    const struct act *act = op->act;
    const struct world_task *at = &machine->world.tasks[task];
    size_t before = options->count;
    int8_t otherwise = -1;
    bool may_be_early = true; /* a partner has arrived, but may not be parked yet */
    if (!act->arms_known) {
        add_result(options, task, RESULT_OK, true);
        return;
    }
    for (size_t i = 0; i < act->arm_count && i < OPERANDS_MAX; i++) {
        const struct act_arm *arm = &act->arms[i];
        if (arm->kind == ARM_DEFAULT)
            otherwise = (int8_t)i;
        else if (arm->kind == ARM_UNKNOWN)
            add_result(options, task, RESULT_OK, false)->arm = (int8_t)i;
        else if (arm->kind == ARM_AFTER)
            continue;
        else if (arm->kind == ARM_RECV)
            add_ready(machine, options, task, op, (int8_t)i,
                      receive_ready(machine, at->operands[i], 0));
        else
            add_ready(machine, options, task, op, (int8_t)i, send_ready(machine, at->operands[i]));
    }
    for (size_t i = before; i < options->count; i++)
        may_be_early &= options->at[i].is_guess;
    if (otherwise >= 0 && may_be_early)
        add_result(options, task, RESULT_OK, false)->arm = otherwise;
    for (size_t i = 0; may_be_early && i < act->arm_count && i < OPERANDS_MAX; i++)
        if (act->arms[i].kind == ARM_AFTER)
            add_result(options, task, RESULT_OK, false)->arm = (int8_t)i;
    for (size_t i = 0; i < act->arm_count && i < OPERANDS_MAX; i++)
        if (act->arms[i].kind == ARM_SEND && send_ready(machine, at->operands[i]) == NOT_READY)
            add_partners(machine, options, task, (int8_t)i, at->operands[i]);
}

/* ---- locks ----------------------------------------------------------------------------------- */

static bool is_shared(const struct act *act)
{
    return act->object_kind == OBJECT_RWLOCK && act->mode == MODE_SHARED;
}

static bool rw_is_free(const struct value *lock, uint8_t task, bool shared)
{
    uint32_t readers = (uint32_t)lock->num & 0xffff, writers = (uint32_t)lock->num >> 16;
    if (lock->id)
        return false;
    return shared ? (writers & ~(1u << task)) == 0 : readers == 0;
}

static void add_lock(struct machine *machine, struct options *options, uint8_t task,
                     const struct ir_op *op)
{
    const struct act *act = op->act;
    struct world_task *at = &machine->world.tasks[task];
    struct value handle = at->operands[0];
    bool is_rw = act->object_kind == OBJECT_RWLOCK;
    struct value *lock = cell_of(machine, handle, is_rw ? V_RWLOCK : V_LOCK);
    bool is_free =
        !lock || (is_rw ? rw_is_free(lock, task, is_shared(act))
                        : !lock->id || ((lock->flags & LOCK_RECURSIVE) && lock->id == task + 1));
    if (is_free) {
        add_result(options, task, RESULT_OK, handle.kind != V_PTR);
        return;
    }
    if (act->tries)
        add_result(options, task, RESULT_FAILED, false);
    else if (is_rw && !is_shared(act) && at->phase == 0)
        add(options, task)->is_enlisting = true;
}

static void take_lock(struct machine *machine, uint8_t task, const struct act *act,
                      struct value handle)
{
    bool is_rw = act->object_kind == OBJECT_RWLOCK;
    struct value *lock = cell_made(machine, handle, is_rw ? V_RWLOCK : V_LOCK);
    if (!lock)
        return;
    if (!is_rw) {
        lock->id = (uint16_t)(task + 1);
        lock->num++;
    } else if (is_shared(act)) {
        lock->num |= 1 << task;
    } else {
        lock->id = (uint16_t)(task + 1);
        lock->num &= ~(1 << (16 + task));
    }
}

static void unlock(struct machine *machine, uint8_t task, const struct ir_func *func,
                   const struct ir_op *op, struct value handle)
{
    const struct act *act = op->act;
    bool is_rw = act->object_kind == OBJECT_RWLOCK;
    struct value *lock = cell_of(machine, handle, is_rw ? V_RWLOCK : V_LOCK);
    if (!lock) {
        if (handle.kind == V_PTR && !is_outside(machine, handle))
            machine_misuse(machine, MISUSE_NOT_OWNED, true, task, func, op);
        return;
    }
    if (!is_rw) {
        if (lock->id && lock->id != task + 1)
            lock->flags |= LOCK_HANDED;
        if (lock->num > 0)
            lock->num--;
        if (lock->num == 0)
            lock->id = 0;
    } else if (lock->id) {
        lock->id = 0; /* pthread_rwlock_unlock does not say which */
    } else {
        uint32_t mine = (uint32_t)lock->num & 1u << task;
        uint32_t readers = (uint32_t)lock->num & 0xffff;
        lock->num &= ~(int32_t)(mine ? mine : readers & (0 - readers));
    }
}

/* ---- wait groups ----------------------------------------------------------------------------- */

/* Another task that stands before a wait for the group; TASKS_MAX: none. */
static uint8_t find_waiter(const struct machine *machine, uint8_t task, struct value handle)
{
    uint8_t other = 0;
    for (; other < TASKS_MAX; other++) {
        const struct ir_op *op = sync_op(machine, other, NULL);
        if (other != task && op && op->act && op->act->kind == ACT_WAIT &&
            value_same(machine->world.tasks[other].operands[0], handle))
            break;
    }
    return other;
}

/* The waiter that stands before a count of zero could as well have gone first. */
void sync_group_add(struct machine *machine, uint8_t task, struct value handle, int32_t count,
                    const struct ir_func *func, const struct ir_op *op)
{
    struct value *group = cell_made(machine, handle, V_GROUP);
    if (!group)
        return;
    bool is_zero = group->num == 0 && !(group->flags & GROUP_UNKNOWN);
    uint8_t waiter = find_waiter(machine, task, handle);
    group->num += count;
    if (!is_zero || count == 0 || waiter == TASKS_MAX || is_outside(machine, handle))
        return;
    machine_misuse(machine, MISUSE_ADD_LATE, false, task, func, op);
    if (machine->misuse.kind == MISUSE_ADD_LATE) {
        machine->misuse.waiter = waiter;
        machine->misuse.wait = sync_op(machine, waiter, &machine->misuse.wait_func);
    }
}

void sync_group_done(struct machine *machine, uint8_t task, struct value handle, int32_t count,
                     const struct ir_func *func, const struct ir_op *op)
{
    if (handle.kind != V_PTR)
        return;
    struct value *group = cell_made(machine, handle, V_GROUP);
    if (!group || (group->flags & GROUP_UNKNOWN))
        return;
    group->num -= count;
    if (group->num < 0 && is_outside(machine, handle)) {
        group->num = 0;
    } else if (group->num < 0) {
        group->num = 0;
        bool is_sure = !(group->flags & GROUP_CHOSEN) && !machine->is_scaled;
        machine_misuse(machine, is_sure ? MISUSE_NEGATIVE : MISUSE_UNSURE, true, task, func, op);
    }
}

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

static struct lvalue message_place(struct context *context, const struct ir_expr *value)
{
    uint16_t object;
    int32_t offset;
    struct lvalue nowhere = {L_NOWHERE, 0, 0, NULL};
    if (!value || value->kind == IR_CONST)
        return nowhere;
    if (value->kind == IR_ADDR)
        return eval_place(context, value->a);
    if (!eval_target(context, eval(context, value), value->type->target, &object, &offset))
        return nowhere;
    return (struct lvalue){L_CELL, object, offset, NULL};
}

static const struct ir_type *message_type(const struct ir_expr *value)
{
    const struct ir_type *type = value ? value->type->target : NULL;
    return type && type->kind != IR_TYPE_VOID ? type : NULL;
}

/* ---- what happens without others ------------------------------------------------------------- */

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
    if (is_context(machine, parent))
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
    struct value *group = cell_made(machine, handle, V_GROUP);
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
    struct lvalue to = message_place(context, value);
    const struct ir_type *type = message_type(value);
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
            unlock(machine, task, context.in->func, op, eval(&context, act->object));
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

/* ---- options --------------------------------------------------------------------------------- */

static bool has_timeout(const struct act *act)
{
    const struct ir_expr *timeout = act->timeout_ms;
    return timeout && !(timeout->kind == IR_CONST && timeout->value < 0);
}

void sync_once_is_done(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct context context = machine_context(machine, task);
    struct value *once = cell_of(machine, eval(&context, op->act->once), V_ONCE);
    if (once)
        *once = (struct value){V_ONCE, 0, 0, 1};
}

/* What lets the wait end by itself; what is ready at once has no need of it. */
static void add_end(struct machine *machine, struct options *options, uint8_t task,
                    const struct act *act, const struct value *context)
{
    bool is_over = context && sync_has_ended(&machine->world, *context);
    bool is_guess = !is_over && context && may_end(machine, *context);
    bool is_ready = false;
    for (size_t i = 0; i < options->count; i++)
        is_ready |=
            options->at[i].task == task && !options->at[i].is_guess && !options->at[i].partner;
    if (is_over || is_guess || (has_timeout(act) && !is_ready))
        add_result(options, task, RESULT_ENDED, is_guess);
}

static void add_wait_for_condition(struct machine *machine, struct options *options, uint8_t task,
                                   const struct ir_op *op)
{
    struct world_task *at = &machine->world.tasks[task];
    const struct act *act = op->act;
    if (!act->lock) {
        struct value *count = cell_of(machine, at->operands[0], V_COND);
        bool is_known = count && count->flags && !is_outside(machine, at->operands[0]);
        if (!is_known || count->num > 0)
            add_result(options, task, RESULT_OK, !is_known);
        else if (act->tries)
            add_result(options, task, RESULT_FAILED, false);
        add_end(machine, options, task, act, act->context ? &at->operands[2] : NULL);
        return;
    }
    struct value *lock = cell_of(machine, at->operands[1], V_LOCK);
    if (at->phase == 0) {
        add_result(options, task, RESULT_OK, false);
    } else if (at->phase == 1) {
        add_end(machine, options, task, act, act->context ? &at->operands[2] : NULL);
        if (is_outside(machine, at->operands[0]))
            add_result(options, task, RESULT_OK, true);
    } else if (!lock || !lock->id) {
        add_result(options, task, RESULT_OK, false);
    }
}

static void add_signal(struct machine *machine, struct options *options, uint8_t task,
                       const struct ir_op *op)
{
    struct value *cond = cell_of(machine, machine->world.tasks[task].operands[0], V_COND);
    uint32_t waiters = cond && !cond->flags ? (uint32_t)cond->num : 0;
    if (op->act->wakes_all || waiters == 0) {
        add_result(options, task, RESULT_OK, false);
        return;
    }
    for (uint8_t i = 0; i < TASKS_MAX; i++)
        if (waiters >> i & 1)
            add_result(options, task, RESULT_OK, false)->partner = i + 1;
}

bool sync_begins_later(const struct machine *machine, uint8_t task)
{
    const struct world_task *at = &machine->world.tasks[task];
    return at->state == TASK_STARTS && at->handle.kind == V_PTR &&
           machine->sites.at[at->site].op->act->begins_later;
}

static void add_join(struct machine *machine, struct options *options, uint8_t task,
                     const struct act *act)
{
    struct value handle = machine->world.tasks[task].operands[0];
    struct value *thread = cell_of(machine, handle, V_TASK);
    if (!thread || !thread->id)
        add_result(options, task, RESULT_OK, !thread);
    bool is_unknown = !thread && handle.kind != V_INT && act_outcome_of(act, RESULT_FAILED);
    if (is_unknown && !act->tries)
        add_result(options, task, RESULT_FAILED, true);
    else if (thread && thread->id && sync_begins_later(machine, (uint8_t)(thread->id - 1)))
        add_result(options, task, RESULT_FAILED, false);
    else if (thread && thread->id && act->tries)
        add_result(options, task, RESULT_FAILED, false);
    add_end(machine, options, task, act, NULL);
}

static void add_wait(struct machine *machine, struct options *options, uint8_t task,
                     const struct act *act)
{
    struct world_task *at = &machine->world.tasks[task];
    struct value *group = cell_of(machine, at->operands[0], V_GROUP);
    if (at->operands[0].kind != V_PTR || is_outside(machine, at->operands[0]) ||
        (group && (group->flags & GROUP_UNKNOWN)))
        add_result(options, task, RESULT_OK, true);
    else if (!group || group->num == 0)
        add_result(options, task, RESULT_OK, false);
    add_end(machine, options, task, act, act->context ? &at->operands[1] : NULL);
}

static void add_channel(struct machine *machine, struct options *options, uint8_t task,
                        const struct ir_op *op)
{
    const struct act *act = op->act;
    struct world_task *at = &machine->world.tasks[task];
    bool is_send = act->kind == ACT_SEND;
    enum readiness ready =
        is_send ? send_ready(machine, at->operands[0]) : receive_ready(machine, at->operands[0], 0);
    add_ready(machine, options, task, op, -1, ready);
    if (is_send && ready == NOT_READY)
        add_partners(machine, options, task, -1, at->operands[0]);
    add_end(machine, options, task, act, act->context ? &at->operands[1] : NULL);
    if (act->tries && ready == NOT_READY)
        add_result(options, task, RESULT_FAILED, false);
}

static void add_once(struct machine *machine, struct options *options, uint8_t task)
{
    struct value *once = cell_of(machine, machine->world.tasks[task].operands[0], V_ONCE);
    if (!once || !once->id)
        add_result(options, task, RESULT_OK, false);
}

static void add_check(struct machine *machine, struct options *options, uint8_t task)
{
    struct value context = machine->world.tasks[task].operands[0];
    bool is_over = sync_has_ended(&machine->world, context);
    bool is_guess = !is_over && may_end(machine, context);
    if (!is_over)
        add_result(options, task, RESULT_OK, is_guess);
    if (is_over || is_guess)
        add_result(options, task, RESULT_ENDED, is_guess);
}

static void add_of_task(struct machine *machine, struct options *options, uint8_t task)
{
    struct world_task *at = &machine->world.tasks[task];
    if (at->state == TASK_STARTS || at->state == TASK_TURNS) {
        add(options, task);
        return;
    }
    const struct ir_op *op = sync_op(machine, task, NULL);
    if (!op)
        return;
    if (!op->act) {
        add(options, task);
        return;
    }
    switch (op->act->kind) {
    case ACT_SEND:
    case ACT_RECV:
        add_channel(machine, options, task, op);
        break;
    case ACT_SELECT:
        add_select(machine, options, task, op);
        break;
    case ACT_WAIT:
        add_wait(machine, options, task, op->act);
        break;
    case ACT_LOCK:
        add_lock(machine, options, task, op);
        if (!op->act->tries)
            add_end(machine, options, task, op->act, NULL);
        break;
    case ACT_COND_WAIT:
        add_wait_for_condition(machine, options, task, op);
        break;
    case ACT_SIGNAL:
        add_signal(machine, options, task, op);
        break;
    case ACT_JOIN:
        add_join(machine, options, task, op->act);
        break;
    case ACT_CHECK_CONTEXT:
        add_check(machine, options, task);
        break;
    case ACT_INVOKE:
        add_once(machine, options, task);
        break;
    default:
        add_result(options, task, RESULT_OK, false);
        break;
    }
}

static bool is_above(struct world *world, uint16_t object, struct value context)
{
    for (int depth = 0; context.kind == V_PTR && depth < 32; depth++) {
        if (context.id == object)
            return true;
        struct value *cell = world_find_cell(world, context.id, 0);
        if (!cell || cell->kind != V_CONTEXT || !cell->id)
            return false;
        context = eval_pointer(cell->id - 1, 0);
    }
    return false;
}

static bool is_watched_by(struct world *world, uint16_t object, const struct world_task *task)
{
    for (size_t k = 0; task->state == TASK_AT && k < task->operand_count; k++)
        if (is_above(world, object, task->operands[k]))
            return true;
    return false;
}

/* Time matters to those who stand where they would see it run out. */
static bool is_watched(struct world *world, uint16_t object)
{
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (is_watched_by(world, object, &world->tasks[i]))
            return true;
    return false;
}

static bool runs_out(struct world *world, uint16_t object)
{
    struct value *cell = world_find_cell(world, object, 0);
    return cell && cell->kind == V_CONTEXT && (cell->flags & CONTEXT_TIMED) &&
           !(cell->flags & CONTEXT_ENDED) && !sync_has_ended(world, eval_pointer(object, 0));
}

static void add_times(struct machine *machine, struct options *options)
{
    struct world *world = &machine->world;
    for (uint16_t i = 0; i < world->object_count; i++) {
        if (!runs_out(world, i) || !is_watched(world, i))
            continue;
        struct option *option = add(options, 0);
        option->is_time = true;
        option->object = i;
    }
}

/* ---- firing ---------------------------------------------------------------------------------- */

/* From one place to another; a number on which the receiver's branches rest stays one. */
static void copy_message(struct context *context, struct lvalue to, struct lvalue from,
                         const struct ir_type *type)
{
    if (to.kind == L_NOWHERE)
        return;
    if (type && ir_is_aggregate(type)) {
        eval_copy(context, to, from, type);
        return;
    }
    struct value value = {V_ANY, 1, 0, 0};
    if (from.kind == L_SLOT)
        value = *from.slot;
    else if (from.kind == L_CELL)
        value = eval_part(context, from, type);
    eval_store(context, to, value);
}

static struct lvalue queue_place(struct value handle, int32_t index)
{
    return (struct lvalue){L_CELL, handle.id, QUEUE_OFFSET + index * MESSAGE_BYTES, NULL};
}

static void put_message(struct machine *machine, uint8_t task, struct value handle,
                        const struct ir_expr *value)
{
    struct context context = machine_context(machine, task);
    struct value *channel = cell_of(machine, handle, V_CHAN);
    struct lvalue from = message_place(&context, value);
    channel = cell_of(machine, handle, V_CHAN);
    if (!channel)
        return;
    int32_t index = channel->num++;
    if (from.kind != L_NOWHERE)
        copy_message(&context, queue_place(handle, index), from, message_type(value));
}

static void take_message(struct machine *machine, uint8_t task, struct value handle,
                         const struct ir_expr *value)
{
    struct world *world = &machine->world;
    struct context context = machine_context(machine, task);
    struct lvalue to = message_place(&context, value);
    struct value *channel = cell_of(machine, handle, V_CHAN);
    copy_message(&context, to, queue_place(handle, 0), message_type(value));
    channel = cell_of(machine, handle, V_CHAN);
    if (!channel)
        return;
    channel->num--;
    world_drop_cells(world, handle.id, QUEUE_OFFSET, QUEUE_OFFSET + MESSAGE_BYTES);
    for (uint16_t at = world->objects[handle.id].first; at; at = world->cells[at - 1].next)
        if (world->cells[at - 1].offset >= QUEUE_OFFSET &&
            world->cells[at - 1].offset < DONE_OFFSET)
            world->cells[at - 1].offset -= MESSAGE_BYTES;
}

static void receive_nothing(struct machine *machine, uint8_t task, const struct ir_expr *value,
                            bool is_guess)
{
    struct context context = machine_context(machine, task);
    struct lvalue to = message_place(&context, value);
    const struct ir_type *type = message_type(value);
    if (to.kind == L_NOWHERE)
        return;
    if (type && ir_is_aggregate(type)) {
        if (to.kind == L_CELL)
            eval_drop(&context, to, type);
        return;
    }
    eval_store(&context, to, is_guess ? eval_unknown(machine, type) : VALUE_INT(0));
}

static const struct ir_expr *value_of(const struct ir_op *op, int8_t arm)
{
    return arm >= 0 ? op->act->arms[arm].value : op->act->value;
}

static void finish_op(struct machine *machine, uint8_t task, const struct ir_op *op, int8_t arm,
                      enum act_result result)
{
    struct context context = machine_context(machine, task);
    if (arm >= 0 && op->act->arms[arm].ok && op->act->arms[arm].ok->kind == IR_ADDR)
        eval_store(&context, eval_place(&context, op->act->arms[arm].ok->a),
                   VALUE_INT(result == RESULT_OK));
    if (op->act->kind == ACT_SELECT && op->act->index && arm >= 0) {
        eval_store(&context, eval_place(&context, op->act->index), VALUE_INT(arm));
    } else if (op->act->kind == ACT_SELECT && op->act->index) {
        eval_store(&context, eval_place(&context, op->act->index),
                   eval_unknown(machine, op->act->index->type));
    } else {
        step_outcome(machine, task, op, result);
    }
    step_advance(machine, task);
    machine->moved |= 1u << task;
}

/* What is sent to somebody out of sight is theirs as well. */
static void hand_out_message(struct machine *machine, uint8_t task, struct value handle,
                             const struct ir_expr *value)
{
    struct world *world = &machine->world;
    struct context context = machine_context(machine, task);
    if (!is_outside(machine, handle))
        return;
    struct lvalue from = message_place(&context, value);
    const struct ir_type *type = message_type(value);
    if (from.kind == L_SLOT)
        eval_escape(machine, *from.slot);
    if (from.kind != L_CELL || !type)
        return;
    for (uint16_t at = world->objects[from.object].first; at; at = world->cells[at - 1].next) {
        const struct world_cell *cell = &world->cells[at - 1];
        if (cell->offset >= from.offset && cell->offset < from.offset + (int32_t)type->size)
            eval_escape(machine, cell->value);
    }
}

/* A case of a select may go by the close, and who asks is told of it. */
static void send_to_closed(struct machine *machine, uint8_t task, const struct ir_func *func,
                           const struct ir_op *op)
{
    const struct act_outcome *told = act_outcome_of(op->act, RESULT_CLOSED);
    bool is_asked = told && (told->what->kind != IR_TEMP || ir_reads_temp(func, op->temp));
    if (op->act->kind == ACT_SEND && !is_asked)
        machine_misuse(machine, MISUSE_SEND_CLOSED, !told, task, func, op);
}

static void fire_send(struct machine *machine, const struct option *option,
                      const struct ir_func *func, const struct ir_op *op)
{
    uint8_t task = option->task;
    struct value handle = machine->world.tasks[task].operands[option->arm >= 0 ? option->arm : 0];
    const struct ir_expr *value = value_of(op, option->arm);
    hand_out_message(machine, task, handle, value);
    if (option->result == RESULT_CLOSED && !option->is_guess) {
        send_to_closed(machine, task, func, op);
    } else if (option->partner) {
        uint8_t other = option->partner - 1;
        const struct ir_op *receive = sync_op(machine, other, NULL);
        struct context sender = machine_context(machine, task);
        struct context receiver = machine_context(machine, other);
        struct lvalue to = message_place(&receiver, value_of(receive, option->partner_arm));
        struct lvalue from = message_place(&sender, value);
        copy_message(&receiver, to, from, message_type(value_of(receive, option->partner_arm)));
        finish_op(machine, task, op, option->arm, RESULT_OK);
        finish_op(machine, other, receive, option->partner_arm, RESULT_OK);
        step_run(machine, task);
        if (machine->world.tasks[other].state != TASK_NONE && !machine->world.has_ended)
            step_run(machine, other);
        return;
    } else if (option->result == RESULT_OK && !option->is_guess) {
        put_message(machine, task, handle, value);
    }
    finish_op(machine, task, op, option->arm, option->result);
    step_run(machine, task);
}

static void fire_receive(struct machine *machine, const struct option *option,
                         const struct ir_op *op)
{
    uint8_t task = option->task;
    struct value handle = machine->world.tasks[task].operands[option->arm >= 0 ? option->arm : 0];
    const struct ir_expr *value = value_of(op, option->arm);
    if (option->result == RESULT_OK && !option->is_guess)
        take_message(machine, task, handle, value);
    else if (option->result != RESULT_ENDED)
        receive_nothing(machine, task, value, option->is_guess);
    finish_op(machine, task, op, option->arm, option->result);
    step_run(machine, task);
}

static void fire_wait_for_condition(struct machine *machine, const struct option *option,
                                    const struct ir_func *func, const struct ir_op *op)
{
    uint8_t task = option->task;
    struct world_task *at = &machine->world.tasks[task];
    struct value handle = at->operands[0], lock_handle = at->operands[1];
    if (!op->act->lock) {
        struct value *count = cell_of(machine, handle, V_COND);
        if (count && count->num > 0 && option->result == RESULT_OK)
            count->num--;
        finish_op(machine, task, op, -1, option->result);
        step_run(machine, task);
        return;
    }
    machine->moved |= 1u << task;
    struct value *lock = cell_of(machine, lock_handle, V_LOCK);
    if (at->phase == 0) {
        if (lock && lock->id == task + 1) {
            lock->id = 0;
            lock->num = 0;
        } else if (lock_handle.kind == V_PTR && !is_outside(machine, lock_handle)) {
            machine_misuse(machine, MISUSE_NOT_OWNED, true, task, func, op);
        }
        struct value *cond = cell_made(machine, handle, V_COND);
        if (cond)
            cond->num |= 1 << task;
        at->phase = 1;
        return;
    }
    if (at->phase == 1) {
        struct value *cond = cell_of(machine, handle, V_COND);
        if (cond)
            cond->num &= ~(1 << task);
        at->phase = 2;
        at->operands[OPERANDS_MAX - 1] = VALUE_INT(option->result);
        at->operand_count = OPERANDS_MAX;
        return;
    }
    struct value result =
        at->operand_count == OPERANDS_MAX ? at->operands[OPERANDS_MAX - 1] : VALUE_INT(RESULT_OK);
    lock = cell_made(machine, lock_handle, V_LOCK);
    if (lock) {
        lock->id = (uint16_t)(task + 1);
        lock->num = 1;
    }
    finish_op(machine, task, op, -1, (enum act_result)result.num);
    step_run(machine, task);
}

static void wake(struct machine *machine, struct value *cond, uint8_t waiter)
{
    cond->num &= ~(1 << waiter);
    machine->world.tasks[waiter].phase = 2;
    machine->moved |= 1u << waiter;
}

static void fire_signal(struct machine *machine, const struct option *option,
                        const struct ir_op *op)
{
    uint8_t task = option->task;
    struct value *cond = cell_of(machine, machine->world.tasks[task].operands[0], V_COND);
    bool counts = cond && cond->flags;
    if (counts && cond->num < 8)
        cond->num++;
    for (uint8_t i = 0; cond && !counts && i < TASKS_MAX; i++)
        if ((cond->num >> i & 1) && (op->act->wakes_all || option->partner == i + 1))
            wake(machine, cond, i);
    finish_op(machine, task, op, -1, RESULT_OK);
    step_run(machine, task);
}

static void fire_close(struct machine *machine, uint8_t task, const struct ir_func *func,
                       const struct ir_op *op)
{
    struct value handle = machine->world.tasks[task].operands[0];
    struct value *channel = cell_of(machine, handle, V_CHAN);
    if (channel && (channel->flags & CHAN_CLOSED))
        machine_misuse(machine, MISUSE_CLOSE_TWICE, true, task, func, op);
    if (channel)
        channel->flags |= CHAN_CLOSED;
    finish_op(machine, task, op, -1, RESULT_OK);
    step_run(machine, task);
}

static void fire_cancel(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct value handle = machine->world.tasks[task].operands[0];
    struct value *context = cell_of(machine, handle, V_CONTEXT);
    struct value *thread = cell_of(machine, handle, V_TASK);
    /* To cancel the background does nothing. */
    if (context && !(context->flags & CONTEXT_ENDLESS))
        context->flags |= CONTEXT_ENDED;
    if (thread && thread->id) {
        uint8_t other = (uint8_t)(thread->id - 1);
        machine->moved |= 1u << other;
        step_end_task(machine, other);
    }
    if (machine->world.tasks[task].state == TASK_NONE)
        return;
    finish_op(machine, task, op, -1, RESULT_OK);
    step_run(machine, task);
}

/* What is out of sight has returned at once. */
static void fire_once(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    const struct act *act = op->act;
    struct value handle = machine->world.tasks[task].operands[0];
    struct value *once = cell_made(machine, handle, V_ONCE);
    bool is_done = once && once->num;
    machine->moved |= 1u << task;
    machine->world.tasks[task].operand_count = 0;
    if (once)
        *once = is_done ? *once : (struct value){V_ONCE, 0, (uint16_t)(task + 1), 0};
    if (is_done)
        step_advance(machine, task);
    else if (!step_call(machine, task, op, act->entry, act->args, act->arg_count) && once)
        *cell_made(machine, handle, V_ONCE) = (struct value){V_ONCE, 0, 0, 1};
    step_run(machine, task);
}

/* A task that would have begun later does not any more. */
static void call_off(struct machine *machine, struct value handle)
{
    struct value *thread = cell_of(machine, handle, V_TASK);
    if (!thread || !thread->id || !sync_begins_later(machine, (uint8_t)(thread->id - 1)))
        return;
    uint8_t other = (uint8_t)(thread->id - 1);
    machine->moved |= 1u << other;
    step_end_task(machine, other);
}

static void fire_plain(struct machine *machine, const struct option *option, const struct ir_op *op)
{
    struct world_task *at = &machine->world.tasks[option->task];
    if (op->act->kind == ACT_JOIN)
        call_off(machine, at->operands[0]);
    if (op->act->kind == ACT_LOCK && option->result == RESULT_OK)
        take_lock(machine, option->task, op->act, at->operands[0]);
    if (op->act->kind == ACT_LOCK && at->phase == 1 && option->result != RESULT_OK) {
        struct value *lock = cell_of(machine, at->operands[0], V_RWLOCK);
        if (lock)
            lock->num &= ~(1 << (16 + option->task));
    }
    finish_op(machine, option->task, op, -1, option->result);
    step_run(machine, option->task);
}

static void enlist(struct machine *machine, uint8_t task)
{
    struct world_task *at = &machine->world.tasks[task];
    struct value *lock = cell_made(machine, at->operands[0], V_RWLOCK);
    if (lock)
        lock->num |= 1 << (16 + task);
    at->phase = 1;
}

static void tell_option(struct machine *machine, const struct option *option,
                        const struct ir_func *func, const struct ir_op *op)
{
    struct event *event = machine_tell(machine, EVENT_OP, option->task, func, op);
    if (!event)
        return;
    event->partner = option->partner;
    event->result = option->result;
    event->arm = option->arm;
    event->is_guess = option->is_guess;
}

static void fire(struct machine *machine, const struct option *option)
{
    uint8_t task = option->task;
    const struct ir_func *func = NULL;
    if (option->is_time) {
        struct value *cell = world_find_cell(&machine->world, option->object, 0);
        cell->flags |= CONTEXT_ENDED;
        const struct site *site = &machine->sites.at[machine->world.objects[option->object].site];
        machine_tell(machine, EVENT_TIME, 0, site->func, site->op);
        return;
    }
    if (option->is_enlisting) {
        enlist(machine, task);
        return;
    }
    const struct ir_op *op = sync_op(machine, task, &func);
    if (!op) {
        machine->moved |= 1u << task;
        step_run(machine, task);
        return;
    }
    if (!op->act) {
        machine->moved |= 1u << task;
        atomic_do(machine, task, op);
        step_run(machine, task);
        return;
    }
    tell_option(machine, option, func, op);
    bool is_arm = option->arm >= 0;
    enum arm_kind arm = is_arm ? op->act->arms[option->arm].kind : ARM_UNKNOWN;
    if (op->act->kind == ACT_SEND || arm == ARM_SEND)
        fire_send(machine, option, func, op);
    else if (op->act->kind == ACT_RECV || arm == ARM_RECV)
        fire_receive(machine, option, op);
    else if (op->act->kind == ACT_COND_WAIT)
        fire_wait_for_condition(machine, option, func, op);
    else if (op->act->kind == ACT_SIGNAL)
        fire_signal(machine, option, op);
    else if (op->act->kind == ACT_CLOSE)
        fire_close(machine, task, func, op);
    else if (op->act->kind == ACT_CANCEL)
        fire_cancel(machine, task, op);
    else if (op->act->kind == ACT_INVOKE)
        fire_once(machine, task, op);
    else if (op->act->kind == ACT_SELECT) {
        finish_op(machine, task, op, option->arm, RESULT_OK);
        step_run(machine, task);
    } else
        fire_plain(machine, option, op);
}

/* ---- what is ahead of a task ------------------------------------------------------------------
 */

static unsigned outlook_of(struct machine *machine, const struct option *option,
                           const struct ir_op *op)
{
    const struct act *act = op ? op->act : NULL;
    const struct world_task *at = &machine->world.tasks[option->task];
    bool is_wait = act && act->kind == ACT_COND_WAIT;
    bool is_over = act && act->context && at->operand_count > 1 && act->kind != ACT_SELECT &&
                   sync_has_ended(&machine->world, at->operands[is_wait ? 2 : 1]);
    enum arm_kind arm = option->arm >= 0 ? act->arms[option->arm].kind : ARM_UNKNOWN;
    if (option->partner)
        return OUTLOOK_MEETS;
    if (option->is_guess)
        return OUTLOOK_OUTSIDE;
    if (arm == ARM_AFTER || (option->result == RESULT_ENDED && !is_over))
        return OUTLOOK_TIME;
    if (arm == ARM_DEFAULT || option->result == RESULT_FAILED)
        return OUTLOOK_GIVES_UP;
    return OUTLOOK_GOES;
}

unsigned sync_outlook(struct machine *machine, uint8_t task)
{
    static _Thread_local struct options options;
    unsigned outlook = 0;
    options.count = 0;
    for (uint8_t i = 0; i < TASKS_MAX; i++)
        if (machine->world.tasks[i].state != TASK_NONE)
            add_of_task(machine, &options, i);
    for (size_t i = 0; i < options.count; i++) {
        const struct option *option = &options.at[i];
        if (option->partner == task + 1)
            outlook |= OUTLOOK_MEETS;
        else if (option->task == task && !option->is_enlisting)
            outlook |= outlook_of(machine, option, sync_op(machine, task, NULL));
    }
    return outlook;
}

bool sync_can_time_out(struct machine *machine, uint8_t task)
{
    struct world *world = &machine->world;
    for (uint16_t i = 0; i < world->object_count; i++)
        if (runs_out(world, i) && is_watched_by(world, i, &world->tasks[task]))
            return true;
    return false;
}

/* ---- one step -------------------------------------------------------------------------------- */

/* Does it happen without anybody in sight: time that runs out, a stranger? */
static bool happens_by_itself(struct machine *machine, const struct option *option)
{
    return option->is_time || (outlook_of(machine, option, sync_op(machine, option->task, NULL)) &
                               (OUTLOOK_TIME | OUTLOOK_OUTSIDE));
}

/* On a walk through a program, what can happen at any moment would else come long before all that
 * takes many steps.  Made-up clients are short, and live by strangers: there all is alike. */
static uint32_t choose_option(struct machine *machine, const struct options *options)
{
    uint32_t weights[OPTIONS_MAX];
    uint32_t count = (uint32_t)options->count;
    if (!machine->dice || machine->is_library)
        return machine_choose(machine, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct option *option = &options->at[i];
        weights[i] = machine->weights[option->task] *
                     (happens_by_itself(machine, option) ? 1 : machine->rarity);
    }
    return machine_choose_weighted(machine, weights, count);
}

bool machine_step(struct machine *machine)
{
    static _Thread_local struct options options;
    options.count = 0;
    for (uint8_t i = 0; i < TASKS_MAX; i++)
        if (machine->world.tasks[i].state != TASK_NONE)
            add_of_task(machine, &options, i);
    add_times(machine, &options);
    if (options.count == 0)
        return false;
    struct option option = options.at[choose_option(machine, &options)];
    fire(machine, &option);
    return true;
}

void machine_step_alone(struct machine *machine, uint8_t task)
{
    machine->moved |= 1u << task;
    step_run(machine, task);
}
