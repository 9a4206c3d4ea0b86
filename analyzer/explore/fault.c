#include "explore/fault.h"

#include "flow/points.h"

/* The client's own frame; NULL: it has returned. */
static const struct world_frame *root_frame(const struct machine *machine)
{
    const struct world *world = &machine->world;
    uint16_t at = world->tasks[0].top;
    while (at && world->frames[at - 1].parent)
        at = world->frames[at - 1].parent;
    /* Another task may have its slot by now. */
    const struct ir_func *func =
        at ? machine->slice->funcs.at[world->frames[at - 1].func]->func : NULL;
    return func == machine->slice->scope->root ? &world->frames[at - 1] : NULL;
}

bool fault_is_ended(const struct machine *machine, uint16_t stuck)
{
    const struct world_frame *frame = root_frame(machine);
    if (frame && frame->block == CLIENT_MAKING)
        return stuck & 1;
    bool has_end = machine->slice->scope->root->blocks[CLIENT_ENDING].op_count > 0;
    return has_end && (!frame || frame->block >= CLIENT_ENDING);
}

static bool uses_lock(struct flow *flow, const struct ir_func *entry, enum act_kind kind,
                      const struct points *lock)
{
    size_t count;
    const struct flow_use *uses = flow_uses(flow, kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (!uses[i].object || !flow_runs(flow, entry, uses[i].func))
            continue;
        struct points points = flow_points_in(flow, uses[i].func, uses[i].object);
        if (flow_points_meet(flow, &points, lock))
            return true;
    }
    return false;
}

enum lock_effect { LEAVES_LOCK, LOCKS, UNLOCKS };

/* What the operation does to the lock first. */
static enum lock_effect effect_on(struct flow *flow, const struct ir_func *func,
                                  const struct ir_op *op, const struct points *lock)
{
    if (op->kind != IR_OP_CALL)
        return LEAVES_LOCK;
    if (op->act) {
        bool is_lock = op->act->kind == ACT_LOCK, is_unlock = op->act->kind == ACT_UNLOCK;
        if ((!is_lock && !is_unlock) || !op->act->object)
            return LEAVES_LOCK;
        struct points points = flow_points_in(flow, func, op->act->object);
        if (!flow_points_meet(flow, &points, lock))
            return LEAVES_LOCK;
        return is_lock ? LOCKS : UNLOCKS;
    }
    struct flow_targets targets = flow_callees(flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++) {
        if (uses_lock(flow, targets.bodies.at[i], ACT_LOCK, lock))
            return LOCKS;
        if (uses_lock(flow, targets.bodies.at[i], ACT_UNLOCK, lock))
            return UNLOCKS;
    }
    return LEAVES_LOCK;
}

/* Is there a way through the function on which it unlocks what it has not locked? */
static bool unlocks_first(struct flow *flow, const struct ir_func *func, const struct points *lock)
{
    bool *seen = arena_array(flow_arena(flow), bool, func->block_count);
    uint32_t *stack = arena_array(flow_arena(flow), uint32_t, func->block_count);
    size_t count = 0;
    stack[count++] = 0;
    seen[0] = true;
    while (count > 0) {
        const struct ir_block *block = &func->blocks[stack[--count]];
        enum lock_effect effect = LEAVES_LOCK;
        for (size_t i = 0; i < block->op_count && effect == LEAVES_LOCK; i++)
            effect = effect_on(flow, func, &block->ops[i], lock);
        if (effect == UNLOCKS)
            return true;
        for (size_t i = 0; i < block->edge_count && effect == LEAVES_LOCK; i++)
            if (!seen[block->edges[i].to]) {
                seen[block->edges[i].to] = true;
                stack[count++] = block->edges[i].to;
            }
    }
    return false;
}

/* Is there something to call that unlocks what another call locked?  What other files of the
 * library call counts as well: its own functions lock and unlock for each other. */
static bool is_unlocked_by_call(struct search *search, const struct blame *blame)
{
    struct flow *flow = search->machine.flow;
    const struct act *act = blame->op->act;
    const struct ir_expr *object = act->kind == ACT_COND_WAIT ? act->lock : act->object;
    if (!object)
        return true;
    struct points lock = flow_points_in(flow, blame->func, object);
    size_t unit_count;
    struct ir_unit *const *units = flow_units(flow, &unit_count);
    for (size_t i = 0; i < unit_count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++) {
            const struct ir_func *func = units[i]->funcs[k];
            if (!func->symbol->scope && !client_has(func) &&
                uses_lock(flow, func, ACT_UNLOCK, &lock) && unlocks_first(flow, func, &lock))
                return true;
        }
    return false;
}

/* Is it called in one of the client's blocks (bits), by the client itself or in a task? */
static bool is_called_by(const struct ir_func *client, const struct ir_func *entry, uint32_t blocks)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(client, IR_OP_CALL, op));) {
        if (!(blocks >> op->block & 1))
            continue;
        bool is_task = op->act && op->act->kind == ACT_SPAWN;
        if (is_task && is_called_by(op->act->entry->symbol->func, entry, ~0u))
            return true;
        if (!op->act && ir_callee(op)->func == entry)
            return true;
    }
    return false;
}

/* Calls that somebody could still make: all but those in the blocks (bits) of the client. */
struct calls_left {
    const struct clients *clients;
    const struct ir_func *client; /* NULL: no call is left out */
    uint32_t blocks;
    bool by_tasks; /* what the tasks do that a call starts counts as well */
};

enum { ALL_BLOCKS = 1u << CLIENT_MAKING | 1u << CLIENT_USING | 1u << CLIENT_ENDING };

/* Is it run by one of those calls? */
static bool is_run_by_others(const struct calls_left *left, const struct ir_func *func, int depth)
{
    enum { DEPTH_MAX = 8 };
    const struct clients *clients = left->clients;
    size_t count;
    if (flow_is_called_outside(clients->flow, func) && func->symbol->scope)
        return true;
    for (size_t i = 0; i < clients->entries.count; i++)
        if (clients->entries.at[i] == func)
            if (!left->client || !is_called_by(left->client, func, left->blocks))
                return true;
    const struct flow_site *callers = flow_callers(clients->flow, func, &count);
    for (size_t i = 0; i < count; i++)
        if ((callers[i].kind != SITE_SPAWN || left->by_tasks) && !client_has(callers[i].func) &&
            (depth == DEPTH_MAX || is_run_by_others(left, callers[i].func, depth + 1)))
            return true;
    return false;
}

/* Does every way to the wg_done raise the count?  Then who waits already gains nothing by it. */
static bool is_of_own_add(struct flow *flow, const struct flow_use *done)
{
    size_t count;
    const struct flow_use *adds = flow_uses(flow, ACT_ADD, &count);
    for (size_t i = 0; i < count; i++)
        if (adds[i].func == done->func && adds[i].object &&
            ir_expr_equal(adds[i].object, done->object) &&
            flow_dominates(flow, done->func, adds[i].op, done->op))
            return true;
    return false;
}

/* Is the object one to which one of the calls may do that? */
static bool is_call_to(const struct calls_left *left, enum act_kind kind,
                       const struct points *object)
{
    struct flow *flow = left->clients->flow;
    size_t count;
    const struct flow_use *uses = flow_uses(flow, kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (!uses[i].object)
            return true;
        if (kind == ACT_DONE && is_of_own_add(flow, &uses[i]))
            continue;
        struct points points = flow_points_in(flow, uses[i].func, uses[i].object);
        if (flow_points_meet(flow, &points, object) && is_run_by_others(left, uses[i].func, 0))
            return true;
    }
    return false;
}

/* Is it tasks of the library alone that lower the count? */
static bool is_group_of_library(const struct clients *clients, const struct blame *blame)
{
    const struct act *act = blame->op->act;
    if (act->kind == ACT_JOIN)
        return true;
    if (act->kind != ACT_WAIT)
        return false;
    struct points group = flow_points_in(clients->flow, blame->func, act->object);
    return !is_call_to(&(struct calls_left){.clients = clients}, ACT_DONE, &group);
}

/* Could one of the calls end the wait?  A task that receives until the channel is closed is not
 * ended by what others send. */
static bool is_left_to_call(const struct calls_left *left, const struct blame *blame)
{
    static const enum act_kind all[] = {ACT_CLOSE,  ACT_CANCEL, ACT_DONE, ACT_SIGNAL,
                                        ACT_UNLOCK, ACT_SEND,   ACT_RECV};
    bool waits_for_close =
        blame->cause == CAUSE_MISSING_CLOSE || blame->cause == CAUSE_DONE_NEVER_CLOSED;
    const struct act *act = blame->op->act;
    for (size_t i = 0; i <= act->arm_count; i++) {
        const struct ir_expr *object = i < act->arm_count ? act->arms[i].channel : act->object;
        if (!object)
            continue;
        struct points points = flow_points_in(left->clients->flow, blame->func, object);
        for (size_t k = 0; k < (waits_for_close ? 2 : COUNT_OF(all)); k++)
            if (is_call_to(left, all[k], &points))
                return true;
    }
    return false;
}

/* Is it a wait for what the library's own tasks do, those of this very object, and no call at all,
 * and is none of them left?  Whoever calls the function that waits relies on them.  Contexts come
 * from callers. */
static bool is_for_library_to_end(const struct clients *clients, const struct blame *blame,
                                  const struct ir_func *root)
{
    struct calls_left but_maker = {clients, root, client_calls(root) ? 0 : 1u << CLIENT_MAKING,
                                   true};
    const struct act *act = blame->op->act;
    const struct ir_expr *object = blame_object(blame->op, 0);
    if (act->kind == ACT_SELECT || act->context || blame->cause == CAUSE_LOST_CANCEL || !object ||
        blame->would)
        return false;
    struct points points = flow_points_in(clients->flow, blame->func, object);
    return !points.has_unknown && points.count > 0 && !is_left_to_call(&but_maker, blame);
}

/* Does each of the client's tasks give back what it is given? */
static bool gives_all_back(const struct ir_func *client)
{
    bool gives = false;
    for (const struct ir_op *op = NULL; (op = ir_next_op(client, IR_OP_CALL, op));) {
        bool is_task = op->act && op->act->kind == ACT_SPAWN;
        if (is_task && client_calls(op->act->entry->symbol->func))
            return false;
        gives |= is_task;
    }
    return gives;
}

bool fault_counts(struct search *search, const struct clients *clients, const struct blame *blame,
                  uint16_t stuck)
{
    const struct ir_func *entry = blame_entry(&search->machine, blame->task);
    const struct ir_func *root = search->machine.slice->scope->root;
    struct calls_left but_client = {clients, root, ALL_BLOCKS, false};
    switch (blame->cause) {
    case CAUSE_LOCK_CYCLE:
    case CAUSE_BLOCKED_WHILE_LOCKED:
        return !clients->in_any_state;
    case CAUSE_MISSING_UNLOCK:
        return !is_unlocked_by_call(search, blame);
    default:
        if (clients->in_any_state)
            return false;
        if (client_has(entry) && is_for_library_to_end(clients, blame, root))
            return true;
        if (!fault_is_ended(&search->machine, stuck) || is_left_to_call(&but_client, blame))
            return false;
        if (client_calls(root))
            return !blame->op->act->context;
        return !client_has(entry) ||
               (blame->task == 0 && (is_group_of_library(clients, blame) || gives_all_back(root)));
    }
}
