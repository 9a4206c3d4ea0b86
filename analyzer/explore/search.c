#include "explore/search.h"

#include "explore/explain.h"
#include "explore/stay.h"

#include <string.h>

/* A state costs about as much as that many operations carried out on the way to it, or words of
 * states read and written. */
enum { OPS_OF_STATE = 40, WORDS_OF_STATE = 4096 };

/* A search for all states is given up once a part of its budget is spent, and what is left of it
 * is so many times too little. */
enum { HOPE_BEGINS = 16, HOPE = 2 };

/* The part of their budget after which walks that find nothing new end, and no less than that: they
 * go a few times. */
enum { PATIENCE = 8, PATIENCE_MIN = 1000 };

/* ---- bounds ---------------------------------------------------------------------------------- */

size_t search_effort(const struct search *search)
{
    return search->states.count + search->machine.ops / OPS_OF_STATE +
           search->moved_words / WORDS_OF_STATE;
}

/* Walks go on for a while, within what they may cost. */
static void give_time(struct search *search)
{
    size_t patience = search->budget.walked / PATIENCE;
    size_t until = search_effort(search) + (patience < PATIENCE_MIN ? PATIENCE_MIN : patience);
    search->limit = until < search->walks_until ? until : search->walks_until;
}

/* Is what the search may cost used up?  Then it is cut. */
static bool is_spent(struct search *search)
{
    bool has_memory = search->arena->bytes <= search->budget.memory;
    if (has_memory && search_effort(search) <= search->limit)
        return false;
    search->machine.bounds |= has_memory ? BOUND_STATES : BOUND_MEMORY;
    search->is_cut = true;
    return true;
}

/* ---- states ---------------------------------------------------------------------------------- */

static uint64_t hash_of(const uint32_t *blocks, size_t count)
{
    return hash_bytes(blocks, count * sizeof *blocks);
}

static void grow_table(struct search *search)
{
    size_t size = search->table_size ? search->table_size * 2 : 1024;
    uint32_t *table = arena_array(search->arena, uint32_t, size);
    for (size_t i = 0; i < search->states.count; i++) {
        const struct search_state *state = &search->states.at[i];
        size_t at = hash_of(state->blocks, state->block_count) & (size - 1);
        while (table[at])
            at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i + 1;
    }
    search->table = table;
    search->table_size = size;
}

static uint32_t keep_choices(struct search *search)
{
    uint32_t first = (uint32_t)search->choices.count;
    for (size_t i = 0; i < search->machine.choice_count; i++)
        *vec_add(search->arena, &search->choices) = search->machine.taken[i];
    return first;
}

static uint16_t present_tasks(const struct world *world)
{
    uint16_t present = 0;
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (world->tasks[i].state != TASK_NONE)
            present |= (uint16_t)(1u << i);
    return present;
}

/* Which operations tasks stand at, alone and two at the same time: what walks are there to find.
 * What is new buys them time. */
static void note_meetings(struct search *search)
{
    const struct ir_op *at[TASKS_MAX];
    size_t count = 0;
    bool is_new = false;
    for (uint8_t task = 0; task < TASKS_MAX; task++) {
        const struct ir_op *op = sync_op(&search->machine, task, NULL);
        if (op)
            at[count++] = op;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = i; k < count; k++) {
            const struct ir_op *pair[2] = {at[i], at[k]};
            void **met = map_put(&search->meetings, pair, sizeof pair);
            is_new |= !*met;
            *met = search;
        }
    if (is_new)
        give_time(search);
}

static uint32_t find_or_add(struct search *search, const uint64_t *words, size_t word_count,
                            uint32_t parent)
{
    uint32_t blocks[WORLD_WORDS_MAX / BLOCK_WORDS_MIN + 1];
    size_t count = blocks_put(&search->blocks, words, word_count, blocks);
    search->moved_words += word_count;
    if (search->states.count * 2 >= search->table_size)
        grow_table(search);
    size_t at = hash_of(blocks, count) & (search->table_size - 1);
    for (; search->table[at]; at = (at + 1) & (search->table_size - 1)) {
        const struct search_state *state = &search->states.at[search->table[at] - 1];
        if (state->block_count == count &&
            memcmp(state->blocks, blocks, count * sizeof *blocks) == 0)
            return search->table[at] - 1;
    }
    struct search_state *state = vec_add(search->arena, &search->states);
    search->table[at] = (uint32_t)search->states.count;
    state->blocks = arena_copy(search->arena, blocks, count * sizeof *blocks);
    state->block_count = (uint32_t)count;
    state->parent = parent;
    state->choices = keep_choices(search);
    state->choice_count = (uint8_t)search->machine.choice_count;
    state->present = present_tasks(&search->machine.world);
    state->alone = search->alone;
    if (search->walks_until)
        note_meetings(search);
    return (uint32_t)search->states.count - 1;
}

void search_load(struct search *search, uint32_t state)
{
    static _Thread_local uint64_t words[WORLD_WORDS_MAX];
    const struct search_state *at = &search->states.at[state];
    search->moved_words += blocks_get(&search->blocks, at->blocks, at->block_count, words);
    world_read(&search->machine.world, search->machine.slice, words);
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* The first ways to it are the shortest; a later one may rest on less. */
static void add_misuse(struct search *search, uint32_t state)
{
    enum { WAYS_MAX = 4 };
    const struct machine *machine = &search->machine;
    size_t ways = 0;
    for (size_t i = 0; i < search->misuses.count; i++)
        ways += search->misuses.at[i].misuse.op == machine->misuse.op &&
                search->misuses.at[i].misuse.kind == machine->misuse.kind;
    if (machine->misuse.kind == MISUSE_NONE || ways == WAYS_MAX)
        return;
    uint32_t choices = keep_choices(search);
    *vec_add(search->arena, &search->misuses) = (struct search_misuse){
        machine->misuse, state, choices, (uint8_t)machine->choice_count, search->alone};
}

static void add_successor(struct search *search, uint32_t from)
{
    struct machine *machine = &search->machine;
    static _Thread_local uint64_t words[WORLD_WORDS_MAX];
    explain_step(search);
    if (machine->is_pruned) {
        search->has_pruned = true;
        return;
    }
    add_misuse(search, from);
    if (machine->misuse.is_end) {
        search->states.at[from].is_open = true;
        return;
    }
    size_t count =
        machine->world.has_ended ? 0 : world_write(&machine->world, machine->slice, words);
    if (count == 0) {
        search->states.at[from].is_open = true;
        search->is_cut |= !machine->world.has_ended;
        return;
    }
    uint32_t to = find_or_add(search, words, count, from);
    *vec_add(search->arena, &search->edges) =
        (struct search_edge){from, to, (uint16_t)machine->moved};
}

/* A task that starts or turns, and in doing so touches nothing that others see, may go first: what
 * the others do can come after it just as well.  Not where it leads back to states that are known:
 * the others must have their turn (the cycle proviso of partial-order reduction, D. Peled, "All
 * from One, One for All", 1993). */
static bool expand_alone(struct search *search, uint32_t state, uint8_t task)
{
    struct machine *machine = &search->machine;
    size_t states = search->states.count, edges = search->edges.count;
    bool was_open = search->states.at[state].is_open, was_cut = search->is_cut;
    size_t successors = 0;
    machine->choice_count = 0;
    do {
        search_load(search, state);
        machine_prepare(machine);
        machine->events.count = 0;
        machine->touched = false;
        search->alone = task + 1;
        machine_step_alone(machine, task);
        if (!machine->touched && !machine->is_pruned) {
            add_successor(search, state);
            successors++;
        }
        search->alone = 0;
        if (machine->touched || search->states.count < states + successors ||
            search->states.at[state].is_open != was_open || is_spent(search)) {
            search->edges.count = edges; /* states that were added stay, and do no harm */
            search->states.at[state].is_open = was_open;
            search->is_cut = was_cut;
            return false;
        }
    } while (machine_next_choices(machine));
    return successors > 0;
}

static bool goes_by_itself(const struct machine *machine, uint8_t task)
{
    enum task_state state = (enum task_state)machine->world.tasks[task].state;
    return state == TASK_TURNS || (state == TASK_STARTS && !sync_begins_later(machine, task));
}

static bool expand_by_one(struct search *search, uint32_t state)
{
    bool goes[TASKS_MAX];
    search_load(search, state);
    for (uint8_t task = 0; task < TASKS_MAX; task++)
        goes[task] = goes_by_itself(&search->machine, task);
    for (uint8_t task = 0; task < TASKS_MAX; task++)
        if (goes[task] && expand_alone(search, state, task))
            return true;
    return false;
}

/* false: the budget does not reach for all steps from there. */
static bool expand_by_all(struct search *search, uint32_t state)
{
    struct machine *machine = &search->machine;
    machine->choice_count = 0;
    do {
        if (machine->choice_count > 0 && is_spent(search))
            return false;
        search_load(search, state);
        machine_prepare(machine);
        machine->events.count = 0;
        if (!machine_step(machine))
            return true;
        add_successor(search, state);
    } while (machine_next_choices(machine));
    return true;
}

static void expand(struct search *search, uint32_t state)
{
    search->states.at[state].first_edge = (uint32_t)search->edges.count;
    explain_state(search, state);
    search->has_pruned = false;
    if (!expand_by_one(search, state) && !expand_by_all(search, state))
        return;
    struct search_state *at = &search->states.at[state];
    at->is_expanded = true;
    search->expanded++;
    at->edge_count = (uint32_t)search->edges.count - at->first_edge;
    /* All that follows crashes, or rests on what cannot be: nobody waits there. */
    at->is_open |= at->edge_count == 0 && search->has_pruned;
}

static bool begin(struct search *search)
{
    static _Thread_local uint64_t words[WORLD_WORDS_MAX];
    size_t count = world_write(&search->machine.world, search->machine.slice, words);
    if (count == 0)
        search->is_cut = true;
    else
        find_or_add(search, words, count, 0);
    return count != 0;
}

/* Do the states that are still to be expanded, at the price of those before, cost far more than is
 * left?  Then what follows would be spent on a part of them, of which nothing could be said. */
static bool is_hopeless(const struct search *search, size_t expanded)
{
    size_t waiting = search->states.count - expanded, spent = search_effort(search);
    if (spent < search->limit / HOPE_BEGINS || spent >= search->limit)
        return false;
    return waiting * spent > HOPE * expanded * (search->limit - spent);
}

/* Every state from the first on, in the order in which they are found. */
static void explore(struct search *search)
{
    search->limit = search->budget.states;
    for (uint32_t i = 0; i < search->states.count && !is_spent(search); i++) {
        expand(search, i);
        if (is_hopeless(search, i + 1)) {
            search->machine.bounds |= BOUND_STATES;
            search->is_cut = true;
            return;
        }
    }
}

/* ---- walks ----------------------------------------------------------------------------------- */

/* Where all states are too many, walks at random reach deep ones.  From where a walk ends, all that
 * follows is looked at, which is little when few tasks are left: who is stuck there is stuck.  The
 * states on the way stay open. */
enum { WALK_STEPS_MAX = 300, CLOSING_STATES_MAX = 400 };

/* One step from the state, thrown; false: nobody can go on. */
static bool walk_on(struct search *search, uint32_t *state)
{
    static _Thread_local uint64_t words[WORLD_WORDS_MAX];
    struct machine *machine = &search->machine;
    for (int tries = 0; tries < 8; tries++) {
        search_load(search, *state);
        machine_prepare(machine);
        machine->events.count = 0;
        machine->choice_count = 0;
        if (!machine_step(machine))
            return false;
        if (machine->is_pruned)
            continue;
        add_misuse(search, *state);
        if (machine->world.has_ended || machine->misuse.is_end)
            continue;
        size_t count = world_write(&machine->world, machine->slice, words);
        if (count == 0)
            continue;
        *state = find_or_add(search, words, count, *state);
        return true;
    }
    return false;
}

static void close_up(struct search *search, uint32_t from)
{
    size_t limit = search->states.count + CLOSING_STATES_MAX;
    uint32_t queue[CLOSING_STATES_MAX * 4];
    bool was_cut = search->is_cut;
    size_t head = 0, tail = 0;
    queue[tail++] = from;
    while (head < tail && search->states.count < limit && !is_spent(search)) {
        uint32_t at = queue[head++];
        if (search->states.at[at].is_expanded)
            continue;
        expand(search, at);
        size_t first = search->states.at[at].first_edge;
        for (size_t i = first; i < first + search->states.at[at].edge_count; i++)
            if (tail < CLOSING_STATES_MAX * 4 &&
                !search->states.at[search->edges.at[i].to].is_expanded)
                queue[tail++] = search->edges.at[i].to;
    }
    search->is_cut = was_cut;
}

/* From states that are all expanded no step leads to another. */
static bool has_unexpanded(const struct search *search)
{
    return search->expanded < search->states.count;
}

/* Is it clear without looking any further that all stay?  Of made-up clients nothing is clear: what
 * they leave out may wake a task. */
static bool all_stay(struct search *search, uint32_t state)
{
    if (search->machine.is_library)
        return false;
    search_load(search, state);
    search->states.at[state].stays = stay_tasks(&search->machine);
    return search->states.at[state].stays == search->states.at[state].present;
}

static void walk(struct search *search)
{
    struct machine *machine = &search->machine;
    uint64_t dice = 0x9e3779b97f4a7c15u;
    search->walks_until = search_effort(search) + search->budget.walked;
    give_time(search);
    for (size_t steps = 0;
         steps < search->budget.walked && has_unexpanded(search) && !is_spent(search);) {
        uint32_t state = 0;
        machine_begin_walk(machine, dice);
        for (int i = 0; i < WALK_STEPS_MAX && walk_on(search, &state); i++)
            steps++;
        dice = machine->dice ? machine->dice : 1;
        machine->dice = 0;
        if (!all_stay(search, state))
            close_up(search, state);
        steps++;
    }
}

/* ---- who can still move, or end -------------------------------------------------------------- */

struct backward {
    uint32_t *first; /* by state: its edges from others */
    uint32_t *edges;
    uint32_t *queue;
    bool *is_queued;
    size_t head, tail, size;
};

static void turn_round(struct search *search, struct backward *backward)
{
    size_t n = search->states.count;
    backward->first = arena_array(search->arena, uint32_t, n + 1);
    backward->edges = arena_array(search->arena, uint32_t, search->edges.count + 1);
    backward->queue = arena_array(search->arena, uint32_t, n + 1);
    backward->is_queued = arena_array(search->arena, bool, n + 1);
    backward->size = n + 1;
    for (size_t i = 0; i < search->edges.count; i++)
        backward->first[search->edges.at[i].to + 1]++;
    for (size_t i = 1; i <= n; i++)
        backward->first[i] += backward->first[i - 1];
    uint32_t *next = arena_array(search->arena, uint32_t, n + 1);
    memcpy(next, backward->first, (n + 1) * sizeof *next);
    for (size_t i = 0; i < search->edges.count; i++)
        backward->edges[next[search->edges.at[i].to]++] = (uint32_t)i;
}

static void enqueue(struct backward *backward, uint32_t state)
{
    if (backward->is_queued[state])
        return;
    backward->is_queued[state] = true;
    backward->queue[backward->tail] = state;
    backward->tail = (backward->tail + 1) % backward->size;
}

static void spread(struct search *search, struct backward *backward)
{
    while (backward->head != backward->tail) {
        uint32_t to = backward->queue[backward->head];
        backward->head = (backward->head + 1) % backward->size;
        backward->is_queued[to] = false;
        const struct search_state *behind = &search->states.at[to];
        for (uint32_t i = backward->first[to]; i < backward->first[to + 1]; i++) {
            struct search_state *state =
                &search->states.at[search->edges.at[backward->edges[i]].from];
            uint16_t can_go = state->present & (uint16_t)~state->stays;
            uint16_t alive = state->alive | (behind->alive & can_go);
            uint16_t ends = state->ends | (behind->ends & can_go & behind->present);
            if (alive == state->alive && ends == state->ends)
                continue;
            state->alive = alive;
            state->ends = ends;
            enqueue(backward, search->edges.at[backward->edges[i]].from);
        }
    }
}

static void find_alive(struct search *search)
{
    struct backward backward = {0};
    turn_round(search, &backward);
    for (size_t i = 0; i < search->states.count; i++)
        if (search->states.at[i].is_open || !search->states.at[i].is_expanded)
            search->states.at[i].alive = search->states.at[i].ends =
                search->states.at[i].present & (uint16_t)~search->states.at[i].stays;
    for (size_t i = 0; i < search->edges.count; i++) {
        const struct search_edge *edge = &search->edges.at[i];
        struct search_state *from = &search->states.at[edge->from];
        from->alive |= edge->moved & from->present;
        from->ends |= from->present & edge->moved & (uint16_t)~search->states.at[edge->to].present;
    }
    for (size_t i = 0; i < search->states.count; i++)
        if (search->states.at[i].alive || search->states.at[i].ends)
            enqueue(&backward, (uint32_t)i);
    spread(search, &backward);
}

void search_run(struct search *search, struct slice *slice, struct arena *arena,
                struct search_budget budget)
{
    search->arena = search->blocks.arena = search->meetings.arena = arena;
    search->budget = budget;
    machine_begin(&search->machine, slice, arena);
    if (begin(search)) {
        explore(search);
        if (search->is_cut)
            walk(search);
    }
    find_alive(search);
}

/* ---- ways ------------------------------------------------------------------------------------ */

static void replay_step(struct search *search, uint32_t from, uint32_t choices, uint8_t count,
                        uint8_t alone)
{
    struct machine *machine = &search->machine;
    search_load(search, from);
    machine_prepare(machine);
    machine->choice_count = count;
    memset(machine->choices, 255, sizeof machine->choices);
    if (count)
        memcpy(machine->taken, search->choices.at + choices, count);
    if (alone)
        machine_step_alone(machine, alone - 1);
    else
        machine_step(machine);
}

void search_replay(struct search *search, uint32_t state)
{
    if (state != 0) {
        const struct search_state *at = &search->states.at[state];
        search_replay(search, at->parent);
        replay_step(search, at->parent, at->choices, at->choice_count, at->alone);
    }
}

void search_replay_misuse(struct search *search, const struct search_misuse *at)
{
    search_replay(search, at->state);
    replay_step(search, at->state, at->choices, at->choice_count, at->alone);
}

uint32_t search_rest(struct search *search, uint32_t state, bool *is_at_rest)
{
    size_t n = search->states.count;
    uint32_t *queue = arena_array(search->arena, uint32_t, n);
    bool *seen = arena_array(search->arena, bool, n);
    size_t head = 0, tail = 0;
    queue[tail++] = state;
    seen[state] = true;
    while (head < tail) {
        uint32_t at = queue[head++];
        if (search->states.at[at].alive == 0 && search->states.at[at].is_expanded) {
            *is_at_rest = true;
            return at;
        }
        size_t first = search->states.at[at].first_edge;
        for (size_t i = first; i < first + search->states.at[at].edge_count; i++)
            if (!seen[search->edges.at[i].to]) {
                seen[search->edges.at[i].to] = true;
                queue[tail++] = search->edges.at[i].to;
            }
    }
    *is_at_rest = false;
    return state;
}
