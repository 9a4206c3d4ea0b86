/*
 * step.c - what a task does by itself, up to the next operation that others can see.
 */
#include "explore/machine.h"

#include <string.h>

enum {
    RUN_MAX = 400,    /* operations in one run; beyond, others have their turn */
    ALIKE_MAX = 6,    /* tasks of one spawn that live at the same time */
    RECURSION_MAX = 3 /* frames of one function in a task */
};

/* ---- tasks and frames ------------------------------------------------------------------------ */

static struct world_frame *top_of(struct machine *machine, uint8_t task)
{
    return &machine->world.frames[machine->world.tasks[task].top - 1];
}

static void set_param(struct machine *machine, struct world_frame *frame,
                      const struct slice_func *in, size_t index, struct value value)
{
    uint16_t slot = in->var_slot[index];
    struct world *world = &machine->world;
    if (slot == SLICE_NO_SLOT || value.kind == V_NONE)
        return;
    if (!in->var_in_memory[index]) {
        world->slots[frame->slots + slot] = value;
        return;
    }
    const struct ir_var *var = in->func->vars[index];
    uint32_t site =
        machine_site(machine, var, (struct site){.func = in->func, .var = var, .type = var->type});
    bool is_whole = var->type->kind == IR_TYPE_RECORD;
    if (is_whole && value.kind == V_PTR) {
        world->slots[frame->slots + slot] = value; /* a copy already */
        return;
    }
    uint16_t object = world_new_object(world, site, 0);
    if (!is_whole)
        *world_cell(world, object, 0) = value;
    world->slots[frame->slots + slot] = eval_pointer(object, 0);
}

static bool push_frame(struct machine *machine, uint8_t task, const struct slice_func *in)
{
    struct world *world = &machine->world;
    struct world_task *at = &world->tasks[task];
    if (at->depth == DEPTH_MAX_OF_TASK || world->frame_count == WORLD_FRAMES_MAX ||
        world->slot_count + in->slot_count > WORLD_SLOTS_MAX) {
        machine_cut(machine, BOUND_DEPTH);
        return false;
    }
    struct world_frame *frame = &world->frames[world->frame_count++];
    *frame = (struct world_frame){
        .func = (uint16_t)in->index, .parent = at->top, .slots = (uint16_t)world->slot_count};
    memset(&world->slots[world->slot_count], 0, in->slot_count * sizeof(struct value));
    world->slot_count += in->slot_count;
    at->top = world->frame_count;
    at->depth++;
    return true;
}

static bool is_too_deep(const struct machine *machine, uint8_t task, const struct slice_func *in)
{
    const struct world *world = &machine->world;
    int same = 0;
    for (uint16_t at = world->tasks[task].top; at; at = world->frames[at - 1].parent)
        same += world->frames[at - 1].func == in->index;
    return same >= RECURSION_MAX;
}

bool step_enter(struct machine *machine, uint8_t task, const struct slice_func *in,
                struct value *args, size_t count)
{
    if (is_too_deep(machine, task, in)) {
        machine_cut(machine, BOUND_DEPTH);
        return false;
    }
    if (!push_frame(machine, task, in))
        return false;
    struct world_frame *frame = top_of(machine, task);
    for (size_t i = 0; i < count && i < in->func->param_count; i++)
        set_param(machine, frame, in, i, args[i]);
    return true;
}

void step_advance(struct machine *machine, uint8_t task)
{
    struct world_task *at = &machine->world.tasks[task];
    at->state = TASK_AT;
    at->phase = at->operand_count = 0;
    top_of(machine, task)->op++;
}

/* Are there handlers that run when a task ends? */
static bool has_handlers(struct machine *machine)
{
    size_t count;
    flow_uses(machine->flow, ACT_AT_END, &count);
    return count > 0;
}

/* What it still holds, nobody will give back. */
static void leave_locks(struct world *world, uint8_t task)
{
    for (size_t i = 0; i < world->cell_count; i++) {
        struct value *lock = &world->cells[i].value;
        bool is_lock = lock->kind == V_LOCK || lock->kind == V_RWLOCK;
        if (is_lock && lock->id == task + 1)
            lock->id = OWNER_GONE;
        if (lock->kind == V_RWLOCK && (lock->num >> task & 1))
            lock->num = (lock->num & ~(1 << task)) | 1 << READER_GONE;
    }
}

void step_end_task(struct machine *machine, uint8_t task)
{
    struct world *world = &machine->world;
    if (has_handlers(machine))
        machine_cut(machine, BOUND_HANDLERS); /* what they do is not known */
    struct world_task *at = &world->tasks[task];
    struct value counted_by = at->counted_by, handle = at->handle;
    const struct site *site = &machine->sites.at[at->site];
    machine_tell(machine, EVENT_RETURN, task, NULL, NULL);
    *at = (struct world_task){0};
    leave_locks(world, task);
    if (counted_by.kind == V_PTR)
        sync_group_done(machine, task, counted_by, 1, site->func, site->op);
    if (handle.kind == V_PTR) {
        struct value *cell = world_find_cell(world, handle.id, handle.num);
        if (cell && cell->kind == V_TASK)
            cell->id = 0;
    }
}

/* ---- results --------------------------------------------------------------------------------- */

static struct value result_value(struct machine *machine, const struct act_outcome *outcome)
{
    int32_t n = (int32_t)outcome->value;
    struct value value;
    switch (outcome->compare) {
    case IR_EQ:
        return VALUE_INT(n);
    case IR_NE:
        if (outcome->what->type->kind == IR_TYPE_BOOL)
            return VALUE_INT(!n);
        value = eval_unknown(machine, outcome->what->type);
        if (value.kind == V_SYM) {
            machine->world.symbols[value.id].has_other = 1;
            machine->world.symbols[value.id].other = n;
        }
        return value;
    case IR_LT:
        return VALUE_INT(n - 1);
    case IR_GT:
        return VALUE_INT(n + 1);
    default:
        return VALUE_INT(n);
    }
}

/* Not the value that says something else. */
static struct value other_value(struct machine *machine, const struct act *act,
                                const struct ir_expr *what)
{
    struct value value = eval_unknown(machine, what->type);
    if (value.kind != V_SYM)
        return value;
    struct world_symbol *symbol = &machine->world.symbols[value.id];
    for (size_t i = 0; i < act->outcome_count; i++)
        if (act->outcomes[i].compare == IR_EQ && !symbol->has_other) {
            symbol->has_other = 1;
            symbol->other = (int32_t)act->outcomes[i].value;
        }
    return value;
}

/* Has the operation itself put into its result what the result is? */
static bool gives_itself(const struct ir_op *op)
{
    switch (op->act->kind) {
    case ACT_MAKE:
    case ACT_DERIVE:
    case ACT_DONE_CHANNEL:
    case ACT_REF:
    case ACT_SELECT:
        return true;
    case ACT_SPAWN:
        return op->act->object && op->act->object->kind == IR_TEMP;
    default:
        return false;
    }
}

void step_outcome(struct machine *machine, uint8_t task, const struct ir_op *op,
                  enum act_result result)
{
    step_tell(machine, task, op, act_outcome_of(op->act, result));
}

void step_tell(struct machine *machine, uint8_t task, const struct ir_op *op,
               const struct act_outcome *outcome)
{
    struct context context = machine_context(machine, task);
    const struct act *act = op->act;
    if (!act || act->outcome_count == 0) {
        if (op->temp && act && !gives_itself(op) &&
            context.in->temp_slot[op->temp] != SLICE_NO_SLOT)
            machine->world.slots[context.frame->slots + context.in->temp_slot[op->temp]] =
                (struct value){V_ANY, 0, 0, 0};
        return;
    }
    const struct ir_expr *what = outcome ? outcome->what : act->outcomes[0].what;
    struct lvalue place = eval_place(&context, what);
    if (place.kind != L_NOWHERE)
        eval_store(&context, place,
                   outcome ? result_value(machine, outcome) : other_value(machine, act, what));
}

bool step_tells(struct machine *machine, uint8_t task, const struct ir_op *op,
                enum act_result result)
{
    const struct act_outcome *outcome = act_outcome_of(op->act, result);
    struct context context = machine_context(machine, task);
    if (!outcome)
        return false;
    if (outcome->what->kind == IR_TEMP)
        return context.in->temp_slot[outcome->what->temp] != SLICE_NO_SLOT;
    return true;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* A copy of a record, by the address of the object that holds it. */
static struct value record_value(struct context *context, const struct ir_expr *value)
{
    struct machine *machine = context->machine;
    uint32_t site = machine_site(machine, value->type, (struct site){.type = value->type});
    uint16_t object = world_new_object(&machine->world, site, 0);
    struct lvalue to = {L_CELL, object, 0, NULL};
    if (value->kind == IR_LITERAL)
        eval_store_literal(context, to, value->type, value);
    else
        eval_copy(context, to, eval_place(context, value), value->type);
    return eval_pointer(object, 0);
}

static struct value arg_value(struct context *context, const struct slice_func *callee,
                              size_t param, const struct ir_expr *arg)
{
    struct machine *machine = context->machine;
    if (callee->var_slot[param] == SLICE_NO_SLOT)
        return (struct value){V_NONE, 0, 0, 0};
    const struct ir_var *var = callee->func->vars[param];
    if (var->type->kind != IR_TYPE_RECORD) {
        struct value value = eval(context, arg);
        return value.kind == V_ANY ? eval_unknown(machine, var->type) : value;
    }
    return record_value(context, arg);
}

enum { ARGS_MAX = 16 };

static size_t arg_values(struct context *context, const struct slice_func *callee,
                         const struct ir_expr *const *args, size_t count, struct value *values)
{
    size_t used = count < callee->func->param_count ? count : callee->func->param_count;
    if (used > ARGS_MAX)
        used = ARGS_MAX;
    for (size_t i = 0; i < used; i++)
        values[i] = arg_value(context, callee, i, args[i]);
    return used;
}

/* What the operation runs this time; NULL: something out of sight, or nothing that matters. */
static const struct slice_func *callee_of(struct context *context, const struct ir_op *op,
                                          const struct ir_expr *entry)
{
    struct machine *machine = context->machine;
    const struct slice_callees *callees = &context->in->callees[op->id];
    if (callees->count == 1 && !callees->has_unknown)
        return callees->at[0];
    if (callees->count == 0)
        return NULL;
    struct value value = eval(context, entry);
    if (value.kind == V_FUNC)
        return value.flags ? NULL : machine->slice->funcs.at[value.num];
    size_t count = callees->count < 4 ? callees->count : 4;
    return callees->at[machine_choose(machine, (uint32_t)count)];
}

/* Code out of sight fills in what it is handed the address of. */
static void fill_in(struct context *context, const struct ir_op *op)
{
    for (size_t i = 0; i < op->arg_count; i++) {
        const struct ir_expr *arg = op->args[i];
        if (arg->kind != IR_ADDR || arg->a->kind == IR_SYMBOL ||
            !slice_keeps_place(context->machine->slice, context->in, arg->a))
            continue;
        struct lvalue place = eval_place(context, arg->a);
        bool is_whole = ir_is_aggregate(arg->a->type);
        if (!is_whole)
            eval_store(context, place, eval_unknown(context->machine, arg->a->type));
        else if (ir_callee(op) && ir_callee(op)->is_in_system_header)
            eval_forget(context, place, arg->a->type);
    }
}

static void set_temp(struct context *context, const struct ir_op *op, struct value value)
{
    if (op->temp && context->in->temp_slot[op->temp] != SLICE_NO_SLOT)
        context->machine->world.slots[context->frame->slots + context->in->temp_slot[op->temp]] =
            value;
}

static void hand_out_part(struct context *context, const struct ir_expr *part)
{
    struct machine *machine = context->machine;
    if (!slice_keeps_place(machine->slice, context->in, part))
        return;
    eval_escape_parts(context, eval_place(context, part), part->type);
}

/* What is handed to code out of sight may be used by it at any time; the system's does so only
 * where it calls back. */
static void hand_out(struct context *context, const struct ir_op *op)
{
    const struct ir_symbol *callee = ir_callee(op);
    if (op->act || (callee && callee->is_in_system_header && !flow_calls_back(op)))
        return;
    for (size_t i = 0; i < op->arg_count; i++) {
        const struct ir_expr *part = flow_part_handed(op->args[i]);
        if (part)
            hand_out_part(context, part);
        else if (op->args[i]->type->kind == IR_TYPE_POINTER)
            eval_escape(context->machine, eval(context, op->args[i]));
    }
}

/* Is it asked about a thread, as pthread_equal is, or about a text that the program writes?  Then
 * the program knows the answer. */
static bool asks_what_is_known(const struct context *context, const struct ir_op *op)
{
    struct slicer *slicer = context->machine->slice->slicer;
    if (text_is_asked_for(&slicer->texts, slicer->flow, context->in->func, op))
        return true;
    const struct model_set *models = flow_models(context->machine->flow);
    for (size_t i = 0; i < op->arg_count; i++)
        if (model_type_kind(models, op->args[i]->type) == OBJECT_THREAD)
            return true;
    return false;
}

/* What pthread_create stored for the task, or for one that nobody started a number that no other
 * has. */
static struct value own_id(const struct context *context)
{
    struct value handle = context->machine->world.tasks[context->task].handle;
    return handle.kind == V_PTR ? handle : VALUE_INT(SYMBOL_HIGH - 1 - context->task);
}

/* A call that is handed nothing and gives back a thread's id tells the caller's own, as
 * pthread_self does. */
static struct value outside_result(struct context *context, const struct ir_op *op)
{
    const struct flow *flow = context->machine->flow;
    const struct ir_symbol *callee = ir_callee(op);
    if (callee && op->arg_count == 0 &&
        model_type_kind(flow_models(flow), callee->type->target) == OBJECT_THREAD)
        return own_id(context);
    if (slice_compares_threads(flow, op))
        return VALUE_INT(eval_compare(context->machine, eval(context, op->args[0]), IR_EQ,
                                      eval(context, op->args[1]), false));
    return (struct value){V_ANY, asks_what_is_known(context, op), 0, 0};
}

static void call_outside(struct context *context, const struct ir_op *op)
{
    hand_out(context, op);
    fill_in(context, op);
    set_temp(context, op, outside_result(context, op));
}

bool step_call(struct machine *machine, uint8_t task, const struct ir_op *op,
               const struct ir_expr *entry, const struct ir_expr *const *args, size_t count)
{
    struct context context = machine_context(machine, task);
    const struct slice_func *callee = callee_of(&context, op, entry);
    for (size_t i = 0; context.in->hands_over[op->id] && i < op->arg_count; i++)
        if (op->args[i]->type->kind == IR_TYPE_POINTER &&
            flow_call_takes(machine->flow, context.in->func, op, i))
            eval_escape(machine, eval(&context, op->args[i]));
    if (callee) {
        struct value values[ARGS_MAX];
        size_t used = arg_values(&context, callee, args, count, values);
        step_enter(machine, task, callee, values, used);
        return true;
    }
    call_outside(&context, op);
    context.frame->op++;
    return false;
}

/* ---- spawns ---------------------------------------------------------------------------------- */

static int free_slot(struct machine *machine, uint32_t site)
{
    struct world *world = &machine->world;
    int found = -1, alike = 0;
    for (int i = 0; i < TASKS_MAX; i++) {
        if (world->tasks[i].state == TASK_NONE && found < 0)
            found = i;
        alike += world->tasks[i].state != TASK_NONE && world->tasks[i].site == site;
    }
    /* A walk has no other states to pay for, and the program's own number may be what fits. */
    bool is_own = machine->dice && !machine->is_scaled;
    return alike >= ALIKE_MAX && !is_own ? -1 : found;
}

static void start_task(struct context *context, const struct ir_op *op,
                       const struct slice_func *entry, int slot, uint32_t site)
{
    struct machine *machine = context->machine;
    const struct act *act = op->act;
    struct value values[ARGS_MAX];
    size_t used = 0;
    if (act->args_known || act->arg_count)
        used = arg_values(context, entry, act->args, act->arg_count, values);
    struct value group = {0};
    if (act->counted_by) {
        group = eval(context, act->counted_by);
        sync_group_add(machine, context->task, group, 1, context->in->func, op);
    }
    struct world_task *task = &machine->world.tasks[slot];
    *task = (struct world_task){.state = TASK_STARTS, .site = (uint16_t)site, .counted_by = group};
    if (act->object) {
        uint32_t handle = machine_site(machine, &op->act, (struct site){.op = op});
        uint16_t object = world_new_object(&machine->world, handle, 0);
        *world_cell(&machine->world, object, 0) =
            (struct value){V_TASK, 0, (uint16_t)(slot + 1), 0};
        task->handle = eval_pointer(object, 0);
        eval_store(context, eval_place(context, act->object), task->handle);
    }
    step_enter(machine, (uint8_t)slot, entry, values, used);
}

static void spawn(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct context context = machine_context(machine, task);
    const struct slice_func *entry = callee_of(&context, op, op->act->entry);
    uint32_t site = machine_site(machine, op, (struct site){.func = context.in->func, .op = op});
    bool fails = step_tells(machine, task, op, RESULT_FAILED) && machine_choose_rare(machine);
    struct event *event = machine_tell(machine, EVENT_OP, task, context.in->func, op);
    if (event)
        event->result = fails ? RESULT_FAILED : RESULT_OK;
    if (!fails && entry) {
        int slot = free_slot(machine, site);
        if (slot < 0)
            machine_cut(machine, BOUND_TASKS);
        else
            start_task(&context, op, entry, slot, site);
        if (event && slot >= 0) {
            event->partner = (uint8_t)(slot + 1);
            event->entry = entry->func;
        }
    }
    step_outcome(machine, task, op, fails ? RESULT_FAILED : RESULT_OK);
    top_of(machine, task)->op++;
}

/* ---- one operation --------------------------------------------------------------------------- */

static bool is_atomic(const struct ir_op *op)
{
    return op->arg_count > 0 && flow_is_atomic(op);
}

static bool do_call(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct context context = machine_context(machine, task);
    const struct act *act = op->act;
    if (is_atomic(op) || (act && sync_is_visible(machine, context.in, op))) {
        sync_arrive(machine, task, op);
        return true;
    }
    if (!act)
        return step_call(machine, task, op, op->callee, op->args, op->arg_count) &&
               machine->world.is_full;
    switch (act->kind) {
    case ACT_SPAWN:
        spawn(machine, task, op);
        return machine->world.is_full;
    case ACT_INVOKE:
        return step_call(machine, task, op, act->entry, act->args, act->arg_count) &&
               machine->world.is_full;
    case ACT_EXIT:
        machine->world.has_ended = true;
        machine_tell(machine, EVENT_EXIT, task, context.in->func, op);
        return true;
    case ACT_END_TASK:
        step_end_task(machine, task);
        return true;
    default:
        sync_local(machine, task, op);
        top_of(machine, task)->op++;
        return machine->world.is_full;
    }
}

/* Returns whether the run is over. */
static bool do_op(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct context context = machine_context(machine, task);
    struct world_frame *frame = context.frame;
    machine->ops++;
    switch (op->kind) {
    case IR_OP_ASSIGN:
        eval_assign(&context, op->place, op->value);
        break;
    case IR_OP_BEGIN:
    case IR_OP_END:
        machine->world.slots[frame->slots + context.in->var_slot[op->var->id]] = (struct value){0};
        break;
    case IR_OP_CALL:
        return do_call(machine, task, op);
    default:
        break;
    }
    frame->op++;
    return false;
}

/* ---- the end of a block ---------------------------------------------------------------------- */

static void go_to(struct world_frame *frame, uint32_t block)
{
    frame->block = block;
    frame->op = 0;
}

/* Does the program give up here: does main, or what main has run as the first task, return another
 * status than 0?  Whatever still waits ends with the process, as with exit. */
static bool is_failure(const struct machine *machine, uint8_t task, const struct context *context,
                       const struct ir_expr *value)
{
    bool is_first = task == 0 && !machine->is_library && machine->world.tasks[0].depth <= 2;
    if (!is_first || !value || value->kind != IR_CONST || value->value == 0)
        return false;
    if (machine->world.tasks[0].depth == 1)
        return true;
    const struct world_frame *caller = &machine->world.frames[context->frame->parent - 1];
    const struct slice_func *in = machine->slice->funcs.at[caller->func];
    const struct ir_block *block = &in->func->blocks[caller->block];
    const struct act *act = caller->op < block->op_count ? block->ops[caller->op].act : NULL;
    return act && act->kind == ACT_INVOKE;
}

/* Back to the caller, who gets the value; true: the task has ended. */
static bool leave(struct machine *machine, uint8_t task, const struct ir_expr *value)
{
    struct world *world = &machine->world;
    struct context context = machine_context(machine, task);
    struct value result = {V_ANY, 0, 0, 0};
    if (value && context.in->returns_value)
        result = value->type->kind == IR_TYPE_RECORD ? record_value(&context, value)
                                                     : eval(&context, value);
    bool is_init = !context.in->func->symbol;
    if (is_failure(machine, task, &context, value)) {
        world->has_ended = true;
        machine_tell(machine, EVENT_EXIT, task, context.in->func, NULL);
        return true;
    }
    struct event *event = machine_tell(machine, EVENT_LEAVE, task, context.in->func, NULL);
    if (event)
        event->pos = context.in->func->blocks[context.frame->block].pos;
    world->tasks[task].top = context.frame->parent;
    world->tasks[task].depth--;
    if (!world->tasks[task].top) {
        if (task == 0 && machine->is_library)
            eval_escape(machine, result);
        step_end_task(machine, task);
        return true;
    }
    if (is_init)
        return false;
    struct context caller = machine_context(machine, task);
    const struct ir_block *block = &caller.in->func->blocks[caller.frame->block];
    const struct ir_op *op = &block->ops[caller.frame->op];
    if (!op->act || op->act->kind != ACT_INVOKE)
        set_temp(&caller, op, result);
    else if (op->act->once)
        sync_once_is_done(machine, task, op);
    caller.frame->op++;
    return false;
}

static void do_switch(struct context *context, const struct ir_block *block)
{
    struct machine *machine = context->machine;
    struct value value = eval(context, block->value);
    for (size_t i = 0; i + 1 < block->edge_count; i++) {
        const struct ir_edge *edge = &block->edges[i];
        struct value low = VALUE_INT((int32_t)eval_scaled(machine, edge->low));
        struct value high = VALUE_INT((int32_t)eval_scaled(machine, edge->high));
        bool is_it = edge->low == edge->high ? eval_compare(machine, value, IR_EQ, low, false)
                                             : eval_compare(machine, value, IR_GE, low, false) &&
                                                   eval_compare(machine, value, IR_LE, high, false);
        if (is_it) {
            go_to(context->frame, edge->to);
            return;
        }
    }
    go_to(context->frame, block->edges[block->edge_count - 1].to);
}

static void do_branch(struct context *context, const struct ir_block *block)
{
    struct machine *machine = context->machine;
    size_t before = machine->choice_at;
    machine->branch = context->in->index << 16 ^ block->id;
    bool taken = eval_condition(context, block->value);
    struct event *event =
        machine_tell(machine, EVENT_BRANCH, context->task, context->in->func, NULL);
    if (event) {
        event->pos = block->pos;
        event->taken = taken;
        event->is_guess = machine->choice_at != before;
    }
    go_to(context->frame, block->edges[taken ? 0 : 1].to);
}

/* Returns whether the run is over. */
static bool end_block(struct machine *machine, uint8_t task)
{
    struct context context = machine_context(machine, task);
    const struct ir_block *block = &context.in->func->blocks[context.frame->block];
    if (block->edge_count > 1 && !context.in->keeps_branch[block->id]) {
        uint32_t meet = context.in->meet[block->id];
        if (meet == SLICE_NO_BLOCK)
            return leave(machine, task, NULL);
        go_to(context.frame, meet);
        return false;
    }
    switch (block->end) {
    case IR_JUMP:
        go_to(context.frame, block->edges[0].to);
        return false;
    case IR_BRANCH:
        do_branch(&context, block);
        return false;
    case IR_SWITCH:
        do_switch(&context, block);
        return false;
    case IR_COMPUTED:
        go_to(context.frame, block->edges[machine_choose(machine, (uint32_t)block->edge_count)].to);
        return false;
    case IR_RETURN:
        return leave(machine, task, block->value);
    default:
        machine->world.has_ended = true;
        machine_tell(machine, EVENT_EXIT, task, context.in->func, NULL);
        return true;
    }
}

/* Are there others, and holds the task no lock that could keep them out? */
static bool is_open_to_others(const struct world *world, uint8_t task)
{
    bool has_others = false;
    for (uint8_t i = 0; i < TASKS_MAX; i++)
        has_others |= i != task && world->tasks[i].state != TASK_NONE;
    for (size_t i = 0; has_others && i < world->cell_count; i++) {
        const struct value *lock = &world->cells[i].value;
        if ((lock->kind == V_LOCK || lock->kind == V_RWLOCK) && lock->id == task + 1)
            return false;
        if (lock->kind == V_RWLOCK && (lock->num >> task & 1))
            return false;
    }
    return has_others;
}

/* Operations of a block have numbers that follow each other, so theirs alone are read. */
static uint32_t next_kept(const struct slice_func *in, const struct ir_block *block, uint32_t from)
{
    if (from >= block->op_count)
        return from;
    const bool *kept = in->keeps_op + block->ops[0].id;
    while (from < block->op_count && !kept[from])
        from++;
    return from;
}

void step_run(struct machine *machine, uint8_t task)
{
    struct world *world = &machine->world;
    size_t asked = machine->choice_at;
    world->tasks[task].state = TASK_AT;
    for (int steps = 0; !machine->is_pruned && !world->is_full && !machine->misuse.is_end;
         steps++) {
        struct context context = machine_context(machine, task);
        /* Each round that asks is a step of its own, so that rounds which are alike are found. */
        if (context.frame->op == 0 && steps > 0 && machine->choice_at > asked &&
            context.in->is_head[context.frame->block]) {
            world->tasks[task].state = TASK_TURNS;
            return;
        }
        const struct ir_block *block = &context.in->func->blocks[context.frame->block];
        context.frame->op = next_kept(context.in, block, context.frame->op);
        bool touches = context.frame->op < block->op_count
                           ? context.in->op_touches[block->ops[context.frame->op].id]
                           : context.in->end_touches[block->id];
        machine->touched |= touches;
        if (touches && steps > 0 && is_open_to_others(world, task)) {
            world->tasks[task].state = TASK_TURNS;
            return;
        }
        if (steps >= RUN_MAX) {
            world->tasks[task].state = TASK_TURNS;
            return;
        }
        bool is_over = context.frame->op < block->op_count
                           ? do_op(machine, task, &block->ops[context.frame->op])
                           : end_block(machine, task);
        if (is_over)
            return;
    }
}

void step_through(struct machine *machine, uint8_t task)
{
    const struct world_task *at = &machine->world.tasks[task];
    uint8_t depth = at->depth;
    for (bool is_over = false; !is_over && at->depth >= depth && !machine->world.is_full;) {
        struct context context = machine_context(machine, task);
        const struct ir_block *block = &context.in->func->blocks[context.frame->block];
        context.frame->op = next_kept(context.in, block, context.frame->op);
        is_over = context.frame->op < block->op_count
                      ? do_op(machine, task, &block->ops[context.frame->op])
                      : end_block(machine, task);
    }
}
