#include "explore/ahead.h"

#include "flow/points.h"

struct hunt {
    struct machine *machine;
    struct arena *arena;
    uint64_t kinds;
    struct points wanted;
    struct value handle; /* leads to the object itself; V_NONE: nothing is known to */
    bool *seen;          /* by function of the slice */
    bool by_itself;      /* not by what it spawns */
    bool is_wary;        /* what is not known counts */
    bool is_any;         /* whatever the object is */
};

/* To end a context is to close its done channel. */
static bool ends_wanted(const struct hunt *hunt, const struct points *points)
{
    for (size_t i = 0; i < points->count; i++)
        for (size_t k = 0; k < hunt->wanted.count; k++)
            if (points->at[i] + DONE_OFFSET == hunt->wanted.at[k])
                return true;
    return false;
}

static bool may_be_wanted(const struct hunt *hunt, const struct ir_func *func,
                          const struct ir_expr *object)
{
    struct flow *flow = hunt->machine->flow;
    if (hunt->is_any || !object)
        return hunt->is_any;
    struct points points = flow_points_in(flow, func, object);
    return flow_points_meet(flow, &points, &hunt->wanted) || ends_wanted(hunt, &points) ||
           (points.has_unknown && (hunt->is_wary || points.count == 0));
}

/* Does every way to the unlock take the lock?  Then whoever waits for that has it before, or never
 * gets it. */
static bool is_of_own_lock(const struct hunt *hunt, const struct ir_func *func,
                           const struct ir_op *unlock)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (op->act && op->act->kind == ACT_LOCK && op->act->object && unlock->act->object &&
            ir_expr_equal(op->act->object, unlock->act->object) &&
            flow_dominates(hunt->machine->flow, func, op, unlock))
            return true;
    return false;
}

static bool select_fits(const struct hunt *hunt, const struct ir_func *func, const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++) {
        enum act_kind kind = act->arms[i].kind == ARM_SEND ? ACT_SEND : ACT_RECV;
        bool is_channel = act->arms[i].kind == ARM_SEND || act->arms[i].kind == ARM_RECV;
        if (is_channel && (hunt->kinds & KIND(kind)) &&
            may_be_wanted(hunt, func, act->arms[i].channel))
            return true;
    }
    return false;
}

static bool act_fits(const struct hunt *hunt, const struct ir_func *func, const struct ir_op *op)
{
    const struct act *act = op->act;
    if (act->kind == ACT_SELECT)
        return select_fits(hunt, func, act);
    if (hunt->is_wary && act->kind == ACT_UNLOCK && is_of_own_lock(hunt, func, op))
        return false;
    return act->kind < 64 && (hunt->kinds & KIND(act->kind)) &&
           may_be_wanted(hunt, func, act->object);
}

static bool func_fits(struct hunt *, const struct ir_func *);

static bool op_fits(struct hunt *hunt, const struct ir_func *func, const struct ir_op *op)
{
    if (op->kind != IR_OP_CALL)
        return false;
    if (op->act && act_fits(hunt, func, op))
        return true;
    if (op->act && op->act->kind == ACT_SPAWN && hunt->by_itself)
        return false;
    if (op->act && op->act->kind == ACT_SPAWN && op->act->counted_by &&
        (hunt->kinds & KIND(ACT_DONE)) && may_be_wanted(hunt, func, op->act->counted_by))
        return true;
    struct flow_targets targets = flow_callees(hunt->machine->flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (func_fits(hunt, targets.bodies.at[i]))
            return true;
    return false;
}

static bool func_fits(struct hunt *hunt, const struct ir_func *func)
{
    const struct slice_func *in = slice_find(hunt->machine->slice, func);
    if (!in)
        return hunt->is_wary;
    if (hunt->seen[in->index])
        return false;
    hunt->seen[in->index] = true;
    for (const struct ir_op *op = ir_next_op(func, IR_OP_CALL, NULL); op;
         op = ir_next_op(func, IR_OP_CALL, op))
        if (op_fits(hunt, func, op))
            return true;
    return false;
}

/* `is_at`: the operation at the frame's place has not been begun. */
static bool frame_fits(struct hunt *hunt, const struct world_frame *frame, bool is_at)
{
    struct machine *machine = hunt->machine;
    const struct ir_func *func = machine->slice->funcs.at[frame->func]->func;
    const struct ir_block *block = &func->blocks[frame->block];
    bool *reached = arena_array(hunt->arena, bool, func->block_count);
    for (size_t i = 0; i < block->edge_count; i++)
        flow_reach_from(machine->flow, func, block->edges[i].to, reached);
    for (uint32_t i = frame->op + !is_at; i < block->op_count; i++)
        if (op_fits(hunt, func, &block->ops[i]))
            return true;
    for (size_t b = 0; b < func->block_count; b++)
        for (size_t i = 0; reached[b] && i < func->blocks[b].op_count; i++)
            if (op_fits(hunt, func, &func->blocks[b].ops[i]))
                return true;
    return false;
}

static size_t count_frames_of(const struct hunt *hunt, const struct ir_func *func)
{
    const struct machine *machine = hunt->machine;
    size_t count = 0;
    for (uint8_t task = 0; task < TASKS_MAX; task++)
        for (uint16_t at = machine->world.tasks[task].top;
             at && machine->world.tasks[task].state != TASK_NONE;
             at = machine->world.frames[at - 1].parent)
            count += machine->slice->funcs.at[machine->world.frames[at - 1].func]->func == func;
    return count;
}

/* Is the object, or what it is part of, a local variable of that call?  A world forgets which
 * variable it is once nobody asks for that any more; then it is where only one call is under way.
 */
static bool is_local_of(const struct hunt *hunt, const struct world_frame *frame)
{
    const struct machine *machine = hunt->machine;
    const struct slice_func *in = machine->slice->funcs.at[frame->func];
    if (hunt->handle.kind != V_PTR)
        return false;
    const struct site *site = &machine->sites.at[machine->world.objects[hunt->handle.id].site];
    if (!site->var || site->func != in->func || in->var_slot[site->var->id] == SLICE_NO_SLOT)
        return false;
    const struct value *slot = &machine->world.slots[frame->slots + in->var_slot[site->var->id]];
    return slot->kind == V_PTR ? slot->id == hunt->handle.id : count_frames_of(hunt, in->func) == 1;
}

static bool hunt_task(struct hunt *hunt, uint8_t task)
{
    const struct world *world = &hunt->machine->world;
    hunt->seen = arena_array(hunt->arena, bool, hunt->machine->slice->funcs.count);
    for (uint16_t at = world->tasks[task].top; at; at = world->frames[at - 1].parent) {
        const struct world_frame *frame = &world->frames[at - 1];
        if (frame_fits(hunt, frame, hunt->is_wary && at == world->tasks[task].top))
            return true;
        if (is_local_of(hunt, frame))
            return false;
    }
    return false;
}

bool ahead_can_still(struct machine *machine, uint8_t task, uint64_t kinds,
                     const struct ir_func *func, const struct ir_expr *object, struct value handle)
{
    struct hunt hunt = {
        .machine = machine, .arena = machine->arena, .kinds = kinds, .handle = handle};
    if (!object)
        return false;
    hunt.wanted = flow_points_in(machine->flow, func, object);
    return hunt_task(&hunt, task);
}

bool ahead_is_its_own(struct machine *machine, uint8_t task, uint64_t kinds,
                      const struct ir_func *func, const struct ir_expr *object)
{
    struct hunt hunt = {
        .machine = machine, .arena = machine->arena, .kinds = kinds, .by_itself = true};
    if (!object)
        return false;
    hunt.wanted = flow_points_in(machine->flow, func, object);
    return hunt_task(&hunt, task);
}

bool ahead_does(struct machine *machine, const struct ir_func *entry, uint64_t kinds,
                const struct ir_func *func, const struct ir_expr *object)
{
    struct hunt hunt = {
        .machine = machine, .arena = machine->arena, .kinds = kinds, .by_itself = true};
    hunt.seen = arena_array(hunt.arena, bool, machine->slice->funcs.count);
    hunt.wanted = flow_points_in(machine->flow, func, object);
    return entry && func_fits(&hunt, entry);
}

bool ahead_may(struct machine *machine, struct arena *scratch, uint8_t task, uint64_t kinds,
               const struct ir_func *func, const struct ir_expr *object, struct value handle)
{
    struct hunt hunt = {.machine = machine,
                        .arena = scratch,
                        .kinds = kinds,
                        .handle = handle,
                        .is_wary = true,
                        .is_any = object == NULL};
    if (object)
        hunt.wanted = flow_points_in(machine->flow, func, object);
    if (object && !flow_points_seen_whole(machine->flow, &hunt.wanted))
        return true;
    return hunt_task(&hunt, task);
}
