#include "explore/explore.h"

#include "explore/blame.h"
#include "explore/client.h"
#include "explore/explain.h"
#include "explore/fault.h"
#include "explore/misuse.h"
#include "explore/story.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The states of a program's clients, together: of those that make their objects, and of those that
 * are handed them. */
enum { TRIES_MAX = 6, CLIENTS_STATES = 100000, HANDED_STATES = 25000 };

/* What it takes to find out where the pointers of a program lead, and to slice it, as a part of
 * what a state costs. */
enum { POINTS_OPS_OF_STATE = 2, SLICE_OPS_OF_STATE = 5 };

/* What is kept with the flow. */
struct executions {
    struct explore_options options;
    struct explore_stats stats;
    struct verdicts verdicts;
    struct map waits; /* by operation → enum came, of programs that were looked at in full */
    bool is_done;
    bool is_whole; /* the program has a main, and all its executions were looked at */
};

/* How tasks fared that came to an operation. */
enum came { CAME = 1, CAME_AND_STAYED = 2, CAME_TO_STRANGERS = 4 };

struct exploration {
    struct flow *flow;
    struct arena *arena;
    struct verdicts *out;
    struct executions *executions;
    struct slicer slicer;
    size_t budget; /* what is left of it, in states */
    bool is_library;
    bool knows_points;
    bool
        is_inner; /* the root is how the files of a library work together, not for others to call */
    const struct clients *clients; /* whose roots they are; NULL: the program's own */
    size_t roots_left;             /* of clients, which share what there is */
    bool is_second_round;          /* of clients: of those that were nearly done at first */
    bool is_nearly_done;           /* the last search for all states left a small part of them */
};

/* ---- bounds ---------------------------------------------------------------------------------- */

/* How the states that a scope may cost are spent: on all there are, then, where they are more, on
 * all at scale, and on walks. */
struct budget {
    size_t exact, scaled, walked;
};

static const size_t usual_states = (size_t)EXPLORE_BUDGET_MS * EXPLORE_STATES_A_MS;

static size_t states_of(const struct explore_options *options)
{
    return options->states_max ? options->states_max : usual_states;
}

static struct budget budget_of(const struct explore_options *options)
{
    size_t states = states_of(options);
    return (struct budget){states * 2 / 5, states / 5, states * 8 / 5};
}

/* What all scopes may cost, in proportion. */
static size_t scaled_budget(size_t budget, const struct explore_options *options)
{
    return (size_t)((double)budget * (double)states_of(options) / (double)usual_states);
}

size_t explore_allowance(size_t unit_count, const struct explore_options *options)
{
    size_t effort = unit_count * EXPLORE_EFFORT_OF_UNIT;
    return scaled_budget(effort < EXPLORE_EFFORT_MIN ? EXPLORE_EFFORT_MIN : effort, options);
}

/* Counts what was done, and takes it off what the run may cost. */
static void charge(struct executions *executions, size_t effort)
{
    size_t *left = executions->options.allowance;
    executions->stats.effort += effort;
    if (left)
        *left -= effort < *left ? effort : *left;
}

static bool is_run_spent(const struct executions *executions)
{
    return executions->options.allowance && *executions->options.allowance == 0;
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void count_scope(struct exploration *exploration, const struct ir_func *root, bool is_cut)
{
    struct explore_stats *stats = &exploration->executions->stats;
    stats->scopes++;
    stats->cut_scopes += is_cut;
    if (is_cut && !exploration->clients)
        *vec_add(exploration->arena, &stats->cut_roots) = root;
}

/* ---- one scope ------------------------------------------------------------------------------- */

static struct verdict *find_told(const struct verdicts *verdicts, const struct ir_op *op,
                                 enum cause cause)
{
    for (size_t i = 0; i < verdicts->at.count; i++) {
        struct verdict *verdict = &verdicts->at.at[i];
        if ((verdict->park ? verdict->park : verdict->misused) == op && verdict->cause == cause)
            return verdict;
    }
    return NULL;
}

/* Of several stories of one place, the surest one, and of those the first. */
static void keep_verdict(struct exploration *exploration, const struct verdict *verdict)
{
    struct verdicts *out = exploration->out;
    const struct ir_op *op = verdict->park ? verdict->park : verdict->misused;
    struct verdict *told = find_told(out, op, verdict->cause);
    if (!told)
        *vec_add(exploration->arena, &out->at) = *verdict;
    else if (told->certainty < verdict->certainty)
        *told = *verdict;
}

static size_t slice_ops(const struct slice *slice)
{
    size_t ops = 0;
    for (size_t i = 0; i < slice->funcs.count; i++)
        ops += slice->funcs.at[i]->func->op_count + 1;
    return ops;
}

static uint8_t *new_judged(struct search *search)
{
    return arena_array(search->arena, uint8_t, slice_ops(search->machine.slice));
}

static size_t op_number(const struct slice *slice, const struct ir_func *func,
                        const struct ir_op *op)
{
    size_t number = 0;
    const struct slice_func *in = slice_find(slice, func);
    for (size_t i = 0; i < in->index; i++)
        number += slice->funcs.at[i]->func->op_count + 1;
    return number + op->id;
}

/* Is a task stuck in the state at a place of which there is no sure story yet? */
static bool has_new_place(struct search *search, uint16_t stuck, uint8_t *judged)
{
    bool found = false;
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        const struct ir_func *func = NULL;
        if (!(stuck >> task & 1))
            continue;
        const struct ir_op *op = sync_op(&search->machine, task, &func);
        if (!op)
            continue;
        size_t number = op_number(search->machine.slice, func, op);
        found |= judged[number] < TRIES_MAX;
        judged[number] += judged[number] < TRIES_MAX;
    }
    return found;
}

/* In the state that the search is in.  What an inner function is handed is what its callers made,
 * but a lock is a lock. */
static bool counts(const struct exploration *exploration, struct search *search,
                   const struct blame *blame, uint16_t stuck)
{
    if (exploration->clients)
        return fault_counts(search, exploration->clients, blame, stuck);
    /* A program may well wait for a task that runs as long as it does. */
    if (blame->cause == CAUSE_ENDLESS_TASK)
        return false;
    return !exploration->is_inner || blame->cause == CAUSE_MISSING_UNLOCK ||
           blame->cause == CAUSE_LOCK_CYCLE || blame->cause == CAUSE_BLOCKED_WHILE_LOCKED;
}

static void judge_state(struct exploration *exploration, struct search *search, uint32_t state)
{
    bool is_at_rest;
    uint32_t rest = search_rest(search, state, &is_at_rest);
    struct blames blames;
    search_load(search, rest);
    const struct search_state *at = &search->states.at[rest];
    blame_state(search, at->present & (uint16_t)~at->alive, at->ends, &blames);
    for (size_t i = 0; i < blames.count; i++) {
        const struct blame *blame = &blames.at[i];
        const struct verdict *told = find_told(exploration->out, blame->op, blame->cause);
        if (blame->cause == CAUSE_COUNT || blame->is_silent ||
            (told && told->certainty == CERTAINTY_PROVEN))
            continue;
        if (!counts(exploration, search, blame, at->present & (uint16_t)~at->alive))
            continue;
        struct verdict verdict = {.cause = blame->cause,
                                  .park_func = blame->func,
                                  .park = blame->op,
                                  .func = blame->func,
                                  .pos = blame->op->pos};
        search_load(search, rest);
        story_tell(exploration->arena, search, rest, blame, &verdict);
        verdict.is_of_part = search->is_cut || exploration->clients;
        if (!client_has(verdict.func) && !client_has(verdict.park_func))
            keep_verdict(exploration, &verdict);
    }
}

/* Of a client, first the states in which most counts. */
static void judge_stuck(struct exploration *exploration, struct search *search, bool is_ended)
{
    uint8_t *judged = new_judged(search);
    for (uint32_t i = 0; i < search->states.count; i++) {
        const struct search_state *state = &search->states.at[i];
        uint16_t stuck = state->present & (uint16_t)~state->alive;
        if (!stuck)
            continue;
        search_load(search, i);
        if (exploration->clients && fault_is_ended(&search->machine, stuck) != is_ended)
            continue;
        if (has_new_place(search, stuck, judged))
            judge_state(exploration, search, i);
    }
}

/* A function that takes too much off a count does so at the first place that does. */
static bool is_told_before(const struct search *search, size_t index)
{
    const struct misuse *misuse = &search->misuses.at[index].misuse;
    for (size_t i = 0; i < index && misuse->kind == MISUSE_NEGATIVE; i++) {
        const struct misuse *before = &search->misuses.at[i].misuse;
        if (before->kind == misuse->kind && before->func == misuse->func &&
            before->op != misuse->op)
            return true;
    }
    return false;
}

static void judge_misuses(struct exploration *exploration, struct search *search)
{
    for (size_t i = 0; i < search->misuses.count; i++) {
        struct verdict verdict = {0};
        if (is_told_before(search, i))
            continue;
        if (misuse_tell(exploration->arena, search, &search->misuses.at[i], &verdict))
            keep_verdict(exploration, &verdict);
    }
}

/* Where each task of the state stands, and whether it stays there. */
static void note_waits(struct executions *executions, struct search *search, uint32_t number)
{
    const struct search_state *state = &search->states.at[number];
    search_load(search, number);
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        const struct ir_func *func;
        const struct ir_op *op =
            state->present >> task & 1 ? sync_op(&search->machine, task, &func) : NULL;
        if (!op)
            continue;
        void **came = map_put(&executions->waits, &op, sizeof op);
        bool is_outside = sync_outlook(&search->machine, task) & OUTLOOK_OUTSIDE;
        bool stays = !(state->alive >> task & 1);
        *came = (void *)((uintptr_t)*came | CAME | (stays ? CAME_AND_STAYED : 0) |
                         (is_outside ? CAME_TO_STRANGERS : 0));
    }
}

/* What must not happen ends the search on that way, so it says nothing of what would follow. */
static void note_clear(struct exploration *exploration, struct search *search)
{
    if (exploration->is_library || search->is_cut || search->misuses.count > 0)
        return;
    exploration->executions->is_whole = true;
    for (uint32_t i = 0; i < search->states.count; i++)
        note_waits(exploration->executions, search, i);
}

/* Returns whether a bound was hit. */
static bool explore_scope(struct exploration *exploration, struct slice *slice, size_t budget,
                          size_t walk_budget, bool is_scaled)
{
    struct search *search = xmalloc(sizeof *search);
    struct arena arena = {0};
    memset(search, 0, sizeof *search);
    search->machine.is_scaled = is_scaled;
    search->explain = exploration->clients ? NULL : exploration->executions->options.explain;
    if (budget > exploration->budget)
        budget = exploration->budget;
    if (walk_budget > exploration->budget - budget)
        walk_budget = exploration->budget - budget;
    search_run(
        search, slice, &arena,
        (struct search_budget){budget, walk_budget,
                               scaled_budget(EXPLORE_MEMORY, &exploration->executions->options)});
    size_t effort = search_effort(search);
    exploration->budget -= effort < exploration->budget ? effort : exploration->budget;
    charge(exploration->executions, effort);
    exploration->executions->stats.states += search->states.count;
    explain_scope(search);
    judge_stuck(exploration, search, true);
    if (exploration->clients)
        judge_stuck(exploration, search, false);
    else
        judge_misuses(exploration,
                      search); /* what a made-up client misuses is not the code's fault */
    if (!is_scaled)
        note_clear(exploration, search);
    bool is_cut = search->is_cut;
    exploration->is_nearly_done = 2 * (search->states.count - search->expanded) <= search->expanded;
    arena_release(&arena);
    free(search);
    return is_cut;
}

/* Of several roots, none takes more than a part of what is left. */
static size_t share(const struct exploration *exploration, size_t wanted)
{
    bool is_one_of_many = exploration->is_library && !exploration->clients;
    size_t most = is_one_of_many ? exploration->budget / 4 : exploration->budget;
    return wanted < most ? wanted : most;
}

/* Is there anything in it, or in what it calls or spawns, for which a task could wait? */
static bool can_wait(struct flow *flow, const struct ir_func *root)
{
    static const enum act_kind kinds[] = {ACT_SPAWN, ACT_SEND,      ACT_RECV, ACT_SELECT, ACT_WAIT,
                                          ACT_LOCK,  ACT_COND_WAIT, ACT_JOIN, ACT_CLOSE};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (flow_can(flow, root, kinds[i]))
            return true;
    return false;
}

/* What a client may cost.  Most of them have more states than can be looked at, and what all its
 * calls leave behind is deep: so walks have most of it. */
static struct budget budget_of_client(const struct exploration *exploration)
{
    size_t states = exploration->budget / exploration->roots_left;
    if (exploration->is_second_round)
        return (struct budget){.exact = states};
    return (struct budget){.exact = states / 4, .walked = states - states / 4};
}

static size_t count_possible(const struct exploration *exploration)
{
    size_t count = 0;
    for (size_t i = 0; i < exploration->out->at.count; i++)
        count += exploration->out->at.at[i].certainty == CERTAINTY_POSSIBLE;
    return count;
}

/* Once more at scale, and by walks.  What was found there may only be for want of numbers that fit:
 * then walks with the program's own numbers are to find it too. */
static void explore_at_scale(struct exploration *exploration, struct slice *slice,
                             struct budget budget)
{
    size_t possible = count_possible(exploration);
    explore_scope(exploration, slice, share(exploration, budget.scaled),
                  share(exploration, budget.walked), true);
    if (slice_scales_apart(slice) && count_possible(exploration) > possible)
        explore_scope(exploration, slice, share(exploration, budget.scaled),
                      share(exploration, budget.walked), false);
}

/* All objects at once; where that is too much, at scale. */
static void explore_slice(struct exploration *exploration, struct slice *slice)
{
    struct budget budget = exploration->clients ? budget_of_client(exploration)
                                                : budget_of(&exploration->executions->options);
    if (!slice->funcs.at[0]->is_active)
        return;
    size_t exact = share(exploration, budget.exact);
    bool is_cut = explore_scope(exploration, slice, exact, 0, false);
    bool is_nearly_done = exploration->is_nearly_done;
    if (!exploration->is_second_round)
        count_scope(exploration, slice->scope->root, is_cut);
    if (is_cut && !exploration->is_second_round)
        explore_at_scale(exploration, slice, budget);
    exploration->is_nearly_done = is_cut && is_nearly_done;
}

/* The first root asks where pointers lead, in the whole program. */
static void charge_points(struct exploration *exploration)
{
    size_t unit_count, ops = 0;
    struct ir_unit *const *units = flow_units(exploration->flow, &unit_count);
    if (exploration->knows_points)
        return;
    for (size_t i = 0; i < unit_count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++)
            ops += units[i]->funcs[k]->op_count;
    charge(exploration->executions, ops / POINTS_OPS_OF_STATE);
    exploration->knows_points = true;
}

static void explore_root(struct exploration *exploration, const struct ir_func *root)
{
    struct scope all = {.root = root};
    exploration->is_nearly_done = false;
    if (!can_wait(exploration->flow, root))
        return;
    bool is_spent = exploration->budget == 0 || is_run_spent(exploration->executions);
    if (is_spent && exploration->clients)
        return;
    if (is_spent) {
        explain_left_out(exploration->executions->options.explain, exploration->flow, root);
        count_scope(exploration, root, true);
        return;
    }
    charge_points(exploration);
    struct arena arena = {0};
    struct slice *slice = slice_new(&exploration->slicer, &arena, &all);
    charge(exploration->executions, slice_ops(slice) / SLICE_OPS_OF_STATE);
    explore_slice(exploration, slice);
    arena_release(&arena);
}

/* ---- roots ----------------------------------------------------------------------------------- */

static bool is_root(struct flow *flow, const struct ir_func *func, bool has_main)
{
    size_t callers;
    if (has_main)
        return strcmp(func->symbol->name, "main") == 0;
    flow_callers(flow, func, &callers);
    return !func->symbol->scope || callers == 0;
}

static bool has_callers_elsewhere(struct flow *flow, const struct ir_func *func)
{
    size_t count;
    const struct flow_site *callers = flow_callers(flow, func, &count);
    for (size_t i = 0; i < count; i++)
        if (callers[i].func->unit != func->unit)
            return true;
    return false;
}

static void explore_roots(struct exploration *exploration)
{
    size_t unit_count;
    struct ir_unit *const *units = flow_units(exploration->flow, &unit_count);
    bool has_main = false;
    for (size_t i = 0; i < unit_count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++)
            has_main |= strcmp(units[i]->funcs[k]->symbol->name, "main") == 0;
    exploration->is_library = !has_main;
    for (size_t i = 0; i < unit_count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++) {
            if (!is_root(exploration->flow, units[i]->funcs[k], has_main))
                continue;
            exploration->is_inner = has_callers_elsewhere(exploration->flow, units[i]->funcs[k]);
            explore_root(exploration, units[i]->funcs[k]);
        }
}

/* Where nobody in sight uses the functions of the program, by those who might. */
static void explore_clients(struct exploration *exploration, bool in_any_state)
{
    struct clients clients;
    clients_make(exploration->flow, in_any_state, &clients);
    if (clients.roots.count == 0)
        return;
    struct exploration by_clients = {
        .flow = clients.flow,
        .arena = exploration->arena,
        .out = exploration->out,
        .executions = exploration->executions,
        .slicer = {.flow = clients.flow, .by_func.arena = flow_arena(clients.flow)},
        .budget = scaled_budget(in_any_state ? HANDED_STATES : CLIENTS_STATES,
                                &exploration->executions->options),
        .is_library = true,
        .clients = &clients};
    client_funcs again = {0};
    for (size_t i = 0; i < clients.roots.count; i++) {
        by_clients.roots_left = clients.roots.count - i;
        explore_root(&by_clients, clients.roots.at[i]);
        if (by_clients.is_nearly_done)
            *vec_add(exploration->arena, &again) = clients.roots.at[i];
    }
    /* What the small ones have left over is for those that a little more may finish. */
    by_clients.is_second_round = true;
    for (size_t i = 0; i < again.count; i++) {
        by_clients.roots_left = again.count - i;
        explore_root(&by_clients, again.at[i]);
    }
    clients_leave(exploration->flow, &clients);
}

/* Where not all was seen, nothing is proven.  Not before all is judged: what is told for sure is
 * not looked at again. */
static void doubt_parts(struct verdicts *verdicts)
{
    for (size_t i = 0; i < verdicts->at.count; i++)
        if (verdicts->at.at[i].is_of_part && verdicts->at.at[i].certainty == CERTAINTY_PROVEN)
            verdicts->at.at[i].certainty = CERTAINTY_LIKELY;
}

static struct executions *executions_of(struct flow *flow)
{
    void **kept = flow_executions(flow);
    if (!*kept)
        *kept = arena_new(flow_arena(flow), struct executions);
    return *kept;
}

void explore_prepare(struct flow *flow, const struct explore_options *options)
{
    executions_of(flow)->options = *options;
}

const struct verdicts *explore_program(struct flow *flow, size_t budget)
{
    struct executions *executions = executions_of(flow);
    if (!executions->is_done) {
        struct exploration exploration = {
            .flow = flow,
            .arena = flow_arena(flow),
            .out = &executions->verdicts,
            .executions = executions,
            .slicer = {.flow = flow, .by_func.arena = flow_arena(flow)},
            .budget = scaled_budget(budget, &executions->options)};
        uint64_t start = now();
        executions->is_done = true;
        executions->waits.arena = flow_arena(flow);
        explore_roots(&exploration);
        if (exploration.is_library) {
            explore_clients(&exploration, false);
            explore_clients(&exploration, true);
        }
        doubt_parts(&executions->verdicts);
        executions->stats.nanoseconds = now() - start;
    }
    return &executions->verdicts;
}

bool explore_is_clear(struct flow *flow, const struct ir_op *wait)
{
    return (uintptr_t)map_get(&executions_of(flow)->waits, &wait, sizeof wait) == CAME;
}

bool explore_is_whole(struct flow *flow)
{
    return executions_of(flow)->is_whole;
}

bool explore_is_done(struct flow *flow)
{
    return executions_of(flow)->is_done;
}

const struct explore_stats *explore_stats(struct flow *flow)
{
    return &executions_of(flow)->stats;
}
