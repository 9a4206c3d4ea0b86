#include "explore/due.h"

enum { TRIES_MAX = 16, TURNS_MAX = 8 };

/* Does the loop around the wait only test and wait?  One that does more goes on whatever it finds,
 * and comes back later. */
static bool only_tests(struct flow *flow, const struct ir_func *func, const struct ir_op *wait)
{
    uint32_t loop = flow_loop_of(flow, func, wait->block);
    for (const struct ir_op *op = NULL; loop != 0 && (op = ir_next_op(func, IR_OP_CALL, op));)
        if (op != wait && op->act &&
            flow_loop_within(flow, func, flow_loop_of(flow, func, op->block), loop))
            return false;
    return loop != 0;
}

/* With the choices as they are. */
static bool gets_past(struct machine *machine, uint8_t task, const struct ir_op *wait)
{
    if (!sync_wake_early(machine, task))
        return false;
    for (int i = 0; i < TURNS_MAX && machine->world.tasks[task].state == TASK_TURNS; i++)
        machine_step_alone(machine, task);
    enum task_state state = (enum task_state)machine->world.tasks[task].state;
    return machine->is_pruned || state == TASK_NONE ||
           (state == TASK_AT && sync_op(machine, task, NULL) != wait);
}

static bool gets_past_always(struct machine *machine, const struct world *world, uint8_t task,
                             const struct ir_op *wait)
{
    int tries = 0;
    machine->choice_count = 0;
    do {
        machine->world = *world;
        machine_prepare(machine);
        if (tries++ == TRIES_MAX || !gets_past(machine, task, wait))
            return false;
    } while (machine_next_choices(machine));
    return true;
}

bool due_goes_on(struct machine *machine, uint8_t task)
{
    static _Thread_local struct world world;
    const struct ir_func *func = NULL;
    const struct ir_op *wait = sync_op(machine, task, &func);
    if (!wait || !wait->act || wait->act->kind != ACT_COND_WAIT || !wait->act->lock ||
        machine->world.tasks[task].phase != 1 || !only_tests(machine->flow, func, wait))
        return false;
    unsigned bounds = machine->bounds;
    bool asked_opened = machine->asked_opened, asked_link = machine->asked_link;
    bool touched = machine->touched;
    world = machine->world;
    machine->bounds = 0;
    machine->asked_opened = machine->asked_link = false;
    bool goes_on = gets_past_always(machine, &world, task, wait) && !machine->bounds &&
                   !machine->asked_opened && !machine->asked_link;
    machine->world = world;
    machine->bounds = bounds;
    machine->asked_opened = asked_opened;
    machine->asked_link = asked_link;
    machine->touched = touched;
    machine_prepare(machine);
    return goes_on;
}
