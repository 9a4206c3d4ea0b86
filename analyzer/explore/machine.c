#include "explore/machine.h"

#include "flow/points.h"

#include <string.h>

/* xorshift64 (G. Marsaglia, "Xorshift RNGs", 2003): the same throws in every run. */
static uint64_t throw_dice(struct machine *machine)
{
    machine->dice ^= machine->dice << 13;
    machine->dice ^= machine->dice >> 7;
    machine->dice ^= machine->dice << 17;
    return machine->dice >> 11;
}

uint32_t machine_choose(struct machine *machine, uint32_t count)
{
    if (count <= 1)
        return 0;
    if (machine->choice_at == CHOICES_MAX) {
        machine_cut(machine, BOUND_SIZE);
        return 0;
    }
    size_t at = machine->choice_at++;
    if (at == machine->choice_count) {
        machine->choice_count++;
        machine->taken[at] = machine->dice ? (uint8_t)(throw_dice(machine) % count) : 0;
        machine->choices[at] = (uint8_t)(count > 255 ? 255 : count);
    }
    return machine->taken[at];
}

/* From the last on, the first whose weights, added up, are more than what is thrown. */
static uint32_t throw_weighted(struct machine *machine, const uint32_t *weights, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += weights[i];
    uint64_t thrown = throw_dice(machine) % sum;
    uint32_t chosen = count - 1;
    while (thrown >= weights[chosen])
        thrown -= weights[chosen--];
    return chosen;
}

uint32_t machine_choose_weighted(struct machine *machine, const uint32_t *weights, uint32_t count)
{
    size_t at = machine->choice_at;
    bool is_new = machine->dice && at == machine->choice_count;
    uint32_t chosen = machine_choose(machine, count);
    if (is_new && count > 1 && at < CHOICES_MAX)
        chosen = machine->taken[at] = (uint8_t)throw_weighted(machine, weights, count);
    return chosen;
}

bool machine_choose_rare(struct machine *machine)
{
    return machine_choose_weighted(machine, (const uint32_t[]){RARELY - 1, 1}, 2) == 1;
}

void machine_begin_walk(struct machine *machine, uint64_t dice)
{
    machine->dice = dice;
    machine->inclination = 0;
    if (machine->is_library)
        return;
    bool is_even = throw_dice(machine) % 2 == 0;
    machine->rarity = throw_dice(machine) % 2 == 0 ? 1 : RARELY;
    for (size_t i = 0; i < TASKS_MAX; i++)
        machine->weights[i] = is_even ? 1 : 1u << 2 * (throw_dice(machine) % 4);
    /* Of a made-up client, all that it does is unknown. */
    if (!machine->slice->scope->root->symbol->scope && throw_dice(machine) % 2)
        machine->inclination = throw_dice(machine) | 1;
}

bool machine_ask(struct machine *machine)
{
    enum { LIKED = 7, LIKES_NONE = 6 };
    uint32_t weights[2] = {1, 1};
    uint64_t liking = (machine->inclination ^ machine->branch) * 0x9e3779b97f4a7c15u >> 61;
    if (!machine->dice || !machine->inclination || liking >= LIKES_NONE)
        return machine_choose(machine, 2) == 0;
    weights[liking % 2] = LIKED;
    return machine_choose_weighted(machine, weights, 2) == 0;
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

void machine_cut(struct machine *machine, enum bound bound)
{
    machine->world.is_full = true;
    machine->bounds |= bound;
}

void machine_misuse(struct machine *machine, enum misuse_kind kind, bool is_end, uint8_t task,
                    const struct ir_func *func, const struct ir_op *op)
{
    bool is_new = machine->misuse.kind == MISUSE_NONE || (is_end && !machine->misuse.is_end);
    if (is_new)
        machine->misuse = (struct misuse){kind, is_end, task, func, op, machine->events.count};
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

void machine_prepare(struct machine *machine)
{
    machine->choice_at = 0;
    machine->moved = 0;
    machine->is_pruned = false;
    machine->misuse = (struct misuse){0};
}

void machine_begin(struct machine *machine, struct slice *slice, struct arena *arena)
{
    machine->slice = slice;
    machine->flow = slice->flow;
    machine->arena = arena;
    machine->site_of.arena = machine->parts_of.arena = arena;
    machine->is_library = strcmp(slice->scope->root->symbol->name, "main") != 0;
    machine_site(machine, machine, (struct site){.func = slice->scope->root}); /* number 0 */
    world_clear(&machine->world);
    struct world_task *root = &machine->world.tasks[0];
    root->state = TASK_STARTS;
    step_enter(machine, 0, slice->funcs.at[0], NULL, 0);
    for (size_t i = 0; i < slice->funcs.count; i++) {
        const struct slice_func *in = slice->funcs.at[i];
        bool is_init = !in->func->symbol && in->is_active;
        if (is_init && !initial_is_plain(in->func) && step_enter(machine, 0, in, NULL, 0))
            step_through(machine, 0);
    }
}
