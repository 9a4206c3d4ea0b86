#include "explore/machine.h"

#include "flow/points.h"

#include <string.h>

uint32_t machine_choose(struct machine *machine, uint32_t count)
{
    if (count <= 1)
        return 0;
    if (machine->choice_at == CHOICES_MAX) {
        machine->world.is_full = machine->is_cut = true;
        return 0;
    }
    size_t at = machine->choice_at++;
    if (at == machine->choice_count) {
        machine->choice_count++;
        machine->taken[at] = 0;
        machine->choices[at] = (uint8_t)(count > 255 ? 255 : count);
    }
    return machine->taken[at];
}

bool machine_next_choices(struct machine *machine)
{
    while (machine->choice_count > 0) {
        size_t last = machine->choice_count - 1;
        if (machine->taken[last] + 1 < machine->choices[last]) {
            machine->taken[last]++;
            return true;
        }
        machine->choice_count--;
    }
    return false;
}

struct event *machine_tell(struct machine *machine, enum event_kind kind, uint8_t task,
                           const struct ir_func *func, const struct ir_op *op)
{
    if (!machine->traces)
        return NULL;
    struct event *event = vec_add(machine->arena, &machine->events);
    *event = (struct event){.kind = kind, .task = task, .func = func, .op = op, .arm = -1};
    if (op)
        event->pos = op->pos;
    if (machine->world.tasks[task].state != TASK_NONE)
        event->frame_depth = machine->world.tasks[task].depth;
    return event;
}

void machine_begin(struct machine *machine, struct slice *slice, struct arena *arena)
{
    machine->slice = slice;
    machine->flow = slice->flow;
    machine->arena = arena;
    machine->site_of.arena = arena;
    machine->is_library = strcmp(slice->scope->root->symbol->name, "main") != 0;
    machine_site(machine, machine, (struct site){.func = slice->scope->root}); /* number 0 */
    world_clear(&machine->world);
    struct world_task *root = &machine->world.tasks[0];
    root->state = TASK_STARTS;
    step_enter(machine, 0, slice->funcs.at[0], NULL, 0);
    for (size_t i = slice->funcs.count; i-- > 0;)
        if (!slice->funcs.at[i]->func->symbol && slice->funcs.at[i]->is_active)
            step_enter(machine, 0, slice->funcs.at[i], NULL, 0);
}
