/*
 * fire.c - what it does to the world when an operation is fired.
 */
#include "explore/atomic.h"
#include "explore/sync.h"

enum { MESSAGE_BYTES = 4096 };

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
    struct value *channel = sync_cell(machine, handle, V_CHAN);
    struct lvalue from = sync_message_place(&context, value);
    channel = sync_cell(machine, handle, V_CHAN);
    if (!channel)
        return;
    int32_t index = channel->num++;
    if (from.kind != L_NOWHERE)
        copy_message(&context, queue_place(handle, index), from, sync_message_type(value));
}

static void take_message(struct machine *machine, uint8_t task, struct value handle,
                         const struct ir_expr *value)
{
    struct world *world = &machine->world;
    struct context context = machine_context(machine, task);
    struct lvalue to = sync_message_place(&context, value);
    struct value *channel = sync_cell(machine, handle, V_CHAN);
    copy_message(&context, to, queue_place(handle, 0), sync_message_type(value));
    channel = sync_cell(machine, handle, V_CHAN);
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
    struct lvalue to = sync_message_place(&context, value);
    const struct ir_type *type = sync_message_type(value);
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
    struct context context = machine_context(machine, task);
    if (sync_is_outside(machine, handle))
        eval_escape_parts(&context, sync_message_place(&context, value), sync_message_type(value));
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
        struct lvalue to = sync_message_place(&receiver, value_of(receive, option->partner_arm));
        struct lvalue from = sync_message_place(&sender, value);
        copy_message(&receiver, to, from,
                     sync_message_type(value_of(receive, option->partner_arm)));
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
        struct value *count = sync_cell(machine, handle, V_COND);
        if (count && count->num > 0 && option->result == RESULT_OK)
            count->num--;
        finish_op(machine, task, op, -1, option->result);
        step_run(machine, task);
        return;
    }
    machine->moved |= 1u << task;
    struct value *lock = sync_cell(machine, lock_handle, V_LOCK);
    if (at->phase == 0) {
        if (lock && lock->id == task + 1) {
            lock->id = 0;
            lock->num = 0;
        } else if (lock_handle.kind == V_PTR && !sync_is_outside(machine, lock_handle)) {
            machine_misuse(machine, MISUSE_NOT_OWNED, true, task, func, op);
        }
        struct value *cond = sync_cell_made(machine, handle, V_COND);
        if (cond)
            cond->num |= 1 << task;
        at->phase = 1;
        return;
    }
    if (at->phase == 1) {
        struct value *cond = sync_cell(machine, handle, V_COND);
        if (cond)
            cond->num &= ~(1 << task);
        at->phase = 2;
        at->operands[OPERANDS_MAX - 1] = VALUE_INT(option->result);
        at->operand_count = OPERANDS_MAX;
        return;
    }
    struct value result =
        at->operand_count == OPERANDS_MAX ? at->operands[OPERANDS_MAX - 1] : VALUE_INT(RESULT_OK);
    lock = sync_cell_made(machine, lock_handle, V_LOCK);
    if (lock) {
        lock->id = (uint16_t)(task + 1);
        lock->num = 1;
    }
    finish_op(machine, task, op, -1, (enum act_result)result.num);
    step_run(machine, task);
}

bool sync_wake_early(struct machine *machine, uint8_t task)
{
    const struct ir_func *func = NULL;
    const struct ir_op *op = sync_op(machine, task, &func);
    const struct option option = {.task = task, .arm = -1, .result = RESULT_OK};
    const struct value *lock = sync_cell(machine, machine->world.tasks[task].operands[1], V_LOCK);
    if (lock && lock->id)
        return false;
    fire_wait_for_condition(machine, &option, func, op); /* it is awake */
    fire_wait_for_condition(machine, &option, func, op); /* and has its lock */
    return true;
}

/* Takes the waiter off the list of a condition or a barrier. */
static void wake(struct machine *machine, struct value *list, uint8_t waiter)
{
    list->num &= ~(1 << waiter);
    machine->world.tasks[waiter].phase = 2;
    machine->moved |= 1u << waiter;
}

static void fire_signal(struct machine *machine, const struct option *option,
                        const struct ir_op *op)
{
    uint8_t task = option->task;
    struct value *cond = sync_cell(machine, machine->world.tasks[task].operands[0], V_COND);
    bool counts = cond && cond->flags;
    if (counts && cond->num < 8)
        cond->num++;
    for (uint8_t i = 0; cond && !counts && i < TASKS_MAX; i++)
        if ((cond->num >> i & 1) && (op->act->wakes_all || option->partner == i + 1))
            wake(machine, cond, i);
    finish_op(machine, task, op, -1, RESULT_OK);
    step_run(machine, task);
}

static size_t count_slots(uint32_t slots)
{
    size_t count = 0;
    for (; slots; slots &= slots - 1)
        count++;
    return count;
}

/* One of those that met at a barrier is told that it is the one: the last way to tell success. */
static const struct act_outcome *met(struct machine *machine, const struct act *act, bool is_known,
                                     bool is_last)
{
    const struct act_outcome *first = act_outcome_of(act, RESULT_OK), *last = first;
    for (size_t i = 0; i < act->outcome_count; i++)
        if (act->outcomes[i].result == RESULT_OK)
            last = &act->outcomes[i];
    if (!is_known && last != first)
        is_last = machine_choose(machine, 2) == 1;
    return is_last ? last : first;
}

/* The last one to come lets all go on. */
static void fire_barrier(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct world_task *at = &machine->world.tasks[task];
    struct value *barrier = sync_cell(machine, at->operands[0], V_BARRIER);
    bool is_known = barrier && barrier->flags && !sync_is_outside(machine, at->operands[0]);
    bool is_last = false;
    machine->moved |= 1u << task;
    if (is_known && at->phase == 0) {
        barrier->num |= 1 << task;
        is_last = count_slots((uint32_t)barrier->num) >= barrier->id;
        at->phase = 1;
        for (uint8_t i = 0; is_last && i < TASKS_MAX; i++)
            if (barrier->num >> i & 1)
                wake(machine, barrier, i);
        if (!is_last)
            return;
    }
    step_tell(machine, task, op, met(machine, op->act, is_known, is_last));
    step_advance(machine, task);
    step_run(machine, task);
}

static void fire_close(struct machine *machine, uint8_t task, const struct ir_func *func,
                       const struct ir_op *op)
{
    struct value handle = machine->world.tasks[task].operands[0];
    struct value *channel = sync_cell(machine, handle, V_CHAN);
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
    struct value *context = sync_cell(machine, handle, V_CONTEXT);
    struct value *thread = sync_cell(machine, handle, V_TASK);
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

void sync_once_is_done(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct context context = machine_context(machine, task);
    struct value *once = sync_cell(machine, eval(&context, op->act->once), V_ONCE);
    if (once)
        *once = (struct value){V_ONCE, 0, 0, 1};
}

/* What is out of sight has returned at once. */
static void fire_once(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    const struct act *act = op->act;
    struct value handle = machine->world.tasks[task].operands[0];
    struct value *once = sync_cell_made(machine, handle, V_ONCE);
    bool is_done = once && once->num;
    machine->moved |= 1u << task;
    machine->world.tasks[task].operand_count = 0;
    if (once)
        *once = is_done ? *once : (struct value){V_ONCE, 0, (uint16_t)(task + 1), 0};
    if (is_done)
        step_advance(machine, task);
    else if (!step_call(machine, task, op, act->entry, act->args, act->arg_count) && once)
        *sync_cell_made(machine, handle, V_ONCE) = (struct value){V_ONCE, 0, 0, 1};
    step_run(machine, task);
}

/* A task that would have begun later does not any more. */
static void call_off(struct machine *machine, struct value handle)
{
    struct value *thread = sync_cell(machine, handle, V_TASK);
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
        sync_lock(machine, option->task, op->act, at->operands[0]);
    if (op->act->kind == ACT_LOCK && at->phase == 1 && option->result != RESULT_OK) {
        struct value *lock = sync_cell(machine, at->operands[0], V_RWLOCK);
        if (lock)
            lock->num &= ~(1 << (16 + option->task));
    }
    finish_op(machine, option->task, op, -1, option->result);
    step_run(machine, option->task);
}

static void enlist(struct machine *machine, uint8_t task)
{
    struct world_task *at = &machine->world.tasks[task];
    struct value *lock = sync_cell_made(machine, at->operands[0], V_RWLOCK);
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

void sync_fire(struct machine *machine, const struct option *option)
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
    else if (act_is_meeting(op->act))
        fire_barrier(machine, task, op);
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
