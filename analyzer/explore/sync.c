/*
 * sync.c - what tasks do to each other: where they stand, what their operations mean for the
 * objects, and one step of the world.
 *
 * Fired are only operations that can: a task that cannot go on has no option.  What is in the hands
 * of somebody out of sight may happen at any moment.
 */
#include "explore/sync.h"

#include <string.h>

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

bool sync_is_outside(const struct machine *machine, struct value handle)
{
    if (handle.kind != V_PTR)
        return handle.kind != V_INT;
    return machine->world.objects[handle.id].flags & (OBJECT_OUTSIDE | OBJECT_ESCAPED);
}

struct value *sync_cell(struct machine *machine, struct value handle, enum value_kind kind)
{
    if (handle.kind != V_PTR)
        return NULL;
    struct value *cell = world_find_cell(&machine->world, handle.id, handle.num);
    if (cell && cell->kind == kind)
        return cell;
    return NULL;
}

struct value *sync_cell_made(struct machine *machine, struct value handle, enum value_kind kind)
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

bool sync_is_context(struct machine *machine, struct value handle)
{
    if (handle.kind != V_PTR)
        return false;
    struct value *cell = world_find_cell(&machine->world, handle.id, 0);
    return cell && cell->kind == V_CONTEXT;
}

/* ---- locks ----------------------------------------------------------------------------------- */

bool sync_is_shared(const struct act *act)
{
    return act->object_kind == OBJECT_RWLOCK && act->mode == MODE_SHARED;
}

void sync_lock(struct machine *machine, uint8_t task, const struct act *act, struct value handle)
{
    bool is_rw = act->object_kind == OBJECT_RWLOCK;
    struct value *lock = sync_cell_made(machine, handle, is_rw ? V_RWLOCK : V_LOCK);
    if (!lock)
        return;
    if (!is_rw) {
        lock->id = (uint16_t)(task + 1);
        lock->num++;
    } else if (sync_is_shared(act)) {
        lock->num |= 1 << task;
    } else {
        lock->id = (uint16_t)(task + 1);
        lock->num &= ~(1 << (16 + task));
    }
}

void sync_unlock(struct machine *machine, uint8_t task, const struct ir_func *func,
                 const struct ir_op *op, struct value handle)
{
    const struct act *act = op->act;
    bool is_rw = act->object_kind == OBJECT_RWLOCK;
    struct value *lock = sync_cell(machine, handle, is_rw ? V_RWLOCK : V_LOCK);
    if (!lock) {
        if (handle.kind == V_PTR && !sync_is_outside(machine, handle))
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
    struct value *group = sync_cell_made(machine, handle, V_GROUP);
    if (!group)
        return;
    bool is_zero = group->num == 0 && !(group->flags & GROUP_UNKNOWN);
    uint8_t waiter = find_waiter(machine, task, handle);
    group->num += count;
    if (!is_zero || count == 0 || waiter == TASKS_MAX || sync_is_outside(machine, handle))
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
    struct value *group = sync_cell_made(machine, handle, V_GROUP);
    if (!group || (group->flags & GROUP_UNKNOWN))
        return;
    group->num -= count;
    if (group->num < 0 && sync_is_outside(machine, handle)) {
        group->num = 0;
    } else if (group->num < 0) {
        group->num = 0;
        bool is_sure = !(group->flags & GROUP_CHOSEN) && !machine->is_scaled;
        machine_misuse(machine, is_sure ? MISUSE_NEGATIVE : MISUSE_UNSURE, true, task, func, op);
    }
}

/* ---- messages -------------------------------------------------------------------------------- */

struct lvalue sync_message_place(struct context *context, const struct ir_expr *value)
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

const struct ir_type *sync_message_type(const struct ir_expr *value)
{
    const struct ir_type *type = value ? value->type->target : NULL;
    return type && type->kind != IR_TYPE_VOID ? type : NULL;
}

/* ---- one step -------------------------------------------------------------------------------- */

/* Does it happen without anybody in sight: time that runs out, a stranger? */
static bool happens_by_itself(struct machine *machine, const struct option *option)
{
    return option->is_time ||
           (sync_outlook_of(machine, option, sync_op(machine, option->task, NULL)) &
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
    sync_find_options(machine, &options);
    if (options.count == 0)
        return false;
    struct option option = options.at[choose_option(machine, &options)];
    sync_fire(machine, &option);
    return true;
}

void machine_step_alone(struct machine *machine, uint8_t task)
{
    machine->moved |= 1u << task;
    step_run(machine, task);
}
