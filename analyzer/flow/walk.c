#include "flow/walk.h"

#include "flow/known.h"

#include <limits.h>

enum {
    STATES_MAX = 20000,  /* of one walk, the functions it enters included */
    CALL_DEPTH_MAX = 24, /* of functions entered */
    OUTCOMES_MAX = 12,   /* of a call that are told apart */
    ROUNDS_MAX = 6,      /* until the outcomes of a recursive function stay the same */
};

/* A place on a way: about to do operation `op` of `block`. */
struct state {
    uint32_t block, op;
    unsigned count;
    bool is_handed_on, is_idle;
    struct known known;
    const struct walk_turn *turns;
};

/* What a function does when it is handed these arguments. */
struct summary {
    const struct ir_func *func;
    const struct ir_expr *const *args; /* resolved */
    size_t arg_count;
    bool is_idle; /* on entry */
    struct walk_result result;
};

/* One question, with what is shared by the walks through all the functions it leads to. */
struct asking {
    struct flow *flow;
    const struct walk_question *question;
    size_t states_left;
    VEC(struct summary) summaries;
};

/* The way through one function. */
struct walk {
    struct flow *flow;
    struct asking *asking;
    const struct walk_question *question;
    struct walk *outer; /* the one that entered it */
    const struct frame *frame;
    VEC(struct state) states; /* a queue: breadth first, so that the shortest way comes first */
    struct map seen;
    struct map entered; /* by call, function and is_idle → struct walk_result */
    struct walk_result result;
    struct walk_result assumed; /* of a call of the same function further in: the last round's */
    bool is_recursive;          /* that was asked for */
    int depth, lowest;          /* the walk furthest out whose assumption this one rests on */
};

static struct walk_result walk_frame(struct asking *, struct walk *outer, const struct frame *,
                                     bool is_idle);

static void push(struct walk *walk, const struct state *state)
{
    uint64_t key[4] = {(uint64_t)state->block << 32 | state->op,
                       state->count | (uint64_t)state->is_handed_on << 8 |
                           (uint64_t)state->is_idle << 9,
                       known_hash(&state->known), 0};
    void **seen = map_put(&walk->seen, key, sizeof key);
    if (*seen)
        return;
    *seen = walk;
    if (walk->asking->states_left == 0) {
        walk->result.is_incomplete = true;
        return;
    }
    walk->asking->states_left--;
    *vec_add(walk->flow->arena, &walk->states) = *state;
}

/* To the caller it is the same which of its exits a function took. */
static bool is_same_outcome(const struct walk_exit *a, const struct walk_exit *b)
{
    return a->count == b->count && a->is_handed_on == b->is_handed_on && a->is_idle == b->is_idle &&
           a->ends_task == b->ends_task && a->is_over == b->is_over && a->low == b->low &&
           a->high == b->high && a->is_nonzero == b->is_nonzero;
}

static bool is_same_exit(const struct walk_exit *a, const struct walk_exit *b)
{
    return a->block == b->block && is_same_outcome(a, b);
}

static void add_exit(struct walk *walk, const struct walk_exit *exit)
{
    for (size_t i = 0; i < walk->result.exits.count; i++)
        if (is_same_exit(&walk->result.exits.at[i], exit))
            return;
    *vec_add(walk->flow->arena, &walk->result.exits) = *exit;
}

static void leave(struct walk *walk, const struct state *state, struct ir_pos pos,
                  const struct ir_expr *value, bool ends_task)
{
    struct fact fact = {.low = INT64_MIN, .high = INT64_MAX};
    if (value)
        fact = known_of(&state->known, value);
    if (value && value->kind == IR_ADDR)
        fact.is_nonzero = true;
    add_exit(walk, &(struct walk_exit){
                       .pos = pos,
                       .block = &walk->frame->func->blocks[state->block],
                       .count = state->count,
                       .is_handed_on = state->is_handed_on,
                       .is_idle = state->is_idle,
                       .ends_task = ends_task,
                       .low = fact.low,
                       .high = fact.high,
                       .is_nonzero = fact.is_nonzero,
                       .turns = state->turns,
                   });
}

/* ---- calls into the program ------------------------------------------------------------------ */

static void count_more(struct state *state, unsigned more)
{
    if (state->is_idle)
        return;
    state->count = state->count + more > 2 ? 2 : state->count + more;
}

static void know_returned(struct walk *walk, struct state *state, const struct ir_op *op,
                          const struct walk_exit *exit)
{
    struct arena *arena = walk->flow->arena;
    bool is_known = exit->low != INT64_MIN || exit->high != INT64_MAX || exit->is_nonzero;
    if (!op->temp || !is_known)
        return;
    const struct ir_symbol *callee = ir_callee(op);
    const struct ir_type *type = callee && callee->type->target ? callee->type->target : NULL;
    known_add(&state->known, ir_temp(arena, type ? type : op->callee->type, op->temp), exit->low,
              exit->high, exit->is_nonzero);
}

/* Go on behind a call that left its function that way. */
static void go_on_after(struct walk *walk, const struct state *before, const struct ir_op *op,
                        const struct walk_exit *exit)
{
    struct state state = *before;
    state.is_idle = exit->is_idle;
    count_more(&state, exit->count);
    state.is_handed_on |= exit->is_handed_on;
    if (exit->ends_task) {
        leave(walk, &state, op->pos, NULL, true);
        return;
    }
    known_after(walk->flow, &state.known, walk->frame->func, op);
    know_returned(walk, &state, op, exit);
    state.op++;
    push(walk, &state);
}

static bool is_repeated(const struct walk_result *result, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_same_outcome(&result->exits.at[i], &result->exits.at[index]))
            return true;
    return false;
}

/* The walk through the same function that this one is inside of. */
static struct walk *walk_around(struct walk *walk, const struct ir_func *body)
{
    while (walk && walk->frame->func != body)
        walk = walk->outer;
    return walk;
}

/* A call of a function that is being walked through: as the last round found it, at first as if it
 * never came back. */
static struct walk_result recurse(struct walk *walk, struct walk *around)
{
    around->is_recursive = true;
    if (around->depth < walk->lowest)
        walk->lowest = around->depth;
    return around->assumed;
}

static bool is_summary_of(const struct summary *summary, const struct ir_func *body, bool is_idle,
                          const struct ir_expr *const *args, size_t count)
{
    if (summary->func != body || summary->is_idle != is_idle || summary->arg_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!ir_expr_equal(summary->args[i], args[i]))
            return false;
    return true;
}

/* Callees first: what a function does with its arguments is found out once. */
static struct walk_result summarise(struct walk *walk, const struct ir_op *op,
                                    const struct ir_func *body, bool is_idle)
{
    struct asking *asking = walk->asking;
    size_t count;
    const struct ir_expr *const *args = site_args(op, &count);
    const struct ir_expr **resolved = arena_array(walk->flow->arena, const struct ir_expr *, count);
    for (size_t i = 0; i < count; i++)
        resolved[i] = flow_resolve(walk->flow, walk->frame, args[i]);
    for (size_t i = 0; i < asking->summaries.count; i++)
        if (is_summary_of(&asking->summaries.at[i], body, is_idle, resolved, count))
            return asking->summaries.at[i].result;
    int lowest = walk->lowest;
    walk->lowest = INT_MAX;
    struct walk_result result =
        walk_frame(asking, walk, flow_frame(walk->flow, body, walk->frame, op), is_idle);
    if (walk->lowest == INT_MAX) /* else it holds for this round only */
        *vec_add(walk->flow->arena, &asking->summaries) =
            (struct summary){body, resolved, count, is_idle, result};
    if (lowest < walk->lowest)
        walk->lowest = lowest;
    return result;
}

static struct walk_result outcomes_of(struct walk *walk, const struct ir_op *op,
                                      const struct ir_func *body, bool is_idle)
{
    struct walk *around = walk_around(walk, body);
    if (around)
        return recurse(walk, around);
    struct {
        const struct ir_op *op;
        const struct ir_func *body;
        uint64_t is_idle;
    } key = {op, body, is_idle};
    void **slot = map_put(&walk->entered, &key, sizeof key);
    if (!*slot) {
        struct walk_result result = summarise(walk, op, body, is_idle);
        slot = map_put(&walk->entered, &key, sizeof key);
        *slot = arena_copy(walk->flow->arena, &result, sizeof result);
    }
    return *(struct walk_result *)*slot;
}

static void enter_body(struct walk *walk, const struct state *state, const struct ir_op *op,
                       const struct ir_func *body)
{
    struct walk_result inner = outcomes_of(walk, op, body, state->is_idle);
    walk->result.is_incomplete |= inner.is_incomplete || inner.exits.count > OUTCOMES_MAX;
    for (size_t i = 0; i < inner.exits.count; i++)
        if (!is_repeated(&inner, i) && !inner.exits.at[i].is_over)
            go_on_after(walk, state, op, &inner.exits.at[i]);
}

static bool any_matters(const struct walk_question *question, const struct flow_targets *targets)
{
    for (size_t i = 0; i < targets->bodies.count; i++)
        if (question->matters(question->context, targets->bodies.at[i]))
            return true;
    return false;
}

/* True when every way on was pushed; false: the call goes on as any operation does. */
static bool enter_call(struct walk *walk, const struct state *state, const struct ir_op *op)
{
    if (op->act && op->act->kind != ACT_INVOKE)
        return false;
    struct flow_targets targets = flow_callees_in(walk->flow, walk->frame, op);
    if (!any_matters(walk->question, &targets))
        return false;
    /* Where one matters the others do too: by what they return, the way can tell them apart. */
    bool passed = targets.has_unknown;
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        bool matters = walk->question->matters(walk->question->context, body);
        bool enters = (matters || op->temp) && walk->depth < CALL_DEPTH_MAX;
        if (enters)
            enter_body(walk, state, op, body);
        passed |= !enters;
        walk->result.is_incomplete |= matters && !enters;
    }
    if (passed)
        go_on_after(
            walk, state, op,
            &(struct walk_exit){.is_idle = state->is_idle, .low = INT64_MIN, .high = INT64_MAX});
    return true;
}

/* ---- operations and branches ----------------------------------------------------------------- */

enum step { STEP_ON, STEP_DONE };

static void know_outcome(struct walk *walk, struct state *state, const struct act_outcome *outcome,
                         bool is_so)
{
    struct arena *arena = walk->flow->arena;
    const struct ir_expr *value = ir_const(arena, outcome->what->type, outcome->value);
    known_narrow(&state->known,
                 ir_binary(arena, outcome->what->type, outcome->compare, outcome->what, value),
                 is_so);
}

static void assume(struct walk *walk, struct state *state, const struct ir_op *op)
{
    const struct walk_question *question = walk->question;
    const struct act_outcome *outcome =
        question->assume ? question->assume(question->context, walk->frame, op) : NULL;
    const struct act_outcome *other =
        question->rule_out ? question->rule_out(question->context, walk->frame, op) : NULL;
    if (outcome)
        know_outcome(walk, state, outcome, true);
    if (other)
        know_outcome(walk, state, other, false);
}

/* What is counted from here on is another message's. */
static void end(struct walk *walk, struct state *state, const struct ir_op *op)
{
    if (!state->is_idle)
        add_exit(walk, &(struct walk_exit){
                           .pos = op->pos,
                           .block = &walk->frame->func->blocks[state->block],
                           .count = state->count,
                           .is_handed_on = state->is_handed_on,
                           .is_over = true,
                           .turns = state->turns,
                       });
    state->is_idle = true;
    state->is_handed_on = false;
    state->count = 0;
}

/* Where the operation can fail, or find the channel closed, there is also a way on which nothing
 * has begun.  Returns whether there is, so that on this way it is known to have gone well. */
static bool begin(struct walk *walk, struct state *state, const struct ir_op *op)
{
    const struct act_outcome *failed = act_outcome_of(op->act, RESULT_FAILED);
    const struct act_outcome *ok = act_outcome_of(op->act, RESULT_OK);
    if (!failed)
        failed = act_outcome_of(op->act, RESULT_CLOSED);
    if (!state->is_idle)
        return false;
    if (failed && ok) {
        struct state without = *state;
        known_after(walk->flow, &without.known, walk->frame->func, op);
        know_outcome(walk, &without, failed, true);
        without.op++;
        push(walk, &without);
    }
    state->is_idle = false;
    return failed && ok;
}

/* Returns whether the way goes on only where the operation went well. */
static bool apply_effect(struct walk *walk, struct state *state, const struct ir_op *op,
                         enum walk_effect effect)
{
    switch (effect) {
    case WALK_DOES:
        count_more(state, 1);
        return false;
    case WALK_BEGINS:
        return begin(walk, state, op);
    case WALK_ENDS:
        end(walk, state, op);
        return false;
    case WALK_RENEWS:
        end(walk, state, op);
        return begin(walk, state, op);
    case WALK_HANDS_ON:
        state->is_handed_on = true;
        return false;
    case WALK_GIVES_UP:
    case WALK_NOTHING:
        return false;
    }
    return false;
}

static enum step do_op(struct walk *walk, struct state *state, const struct ir_op *op)
{
    enum walk_effect effect = walk->question->effect(walk->question->context, walk->frame, op);
    if (effect == WALK_GIVES_UP) {
        walk->result.is_incomplete = true;
        return STEP_DONE;
    }
    bool went_well = apply_effect(walk, state, op, effect);
    if (op->act && op->act->kind == ACT_EXIT)
        return STEP_DONE;
    if (op->act && op->act->kind == ACT_END_TASK) {
        leave(walk, state, op->pos, NULL, true);
        return STEP_DONE;
    }
    if (op->kind == IR_OP_CALL && enter_call(walk, state, op))
        return STEP_DONE;
    known_after(walk->flow, &state->known, walk->frame->func, op);
    if (went_well)
        know_outcome(walk, state, act_outcome_of(op->act, RESULT_OK), true);
    assume(walk, state, op);
    return STEP_ON;
}

/* Does the edge leave a loop that does it for each of several objects? */
static bool leaves_full_loop(struct walk *walk, const struct ir_block *block,
                             const struct ir_edge *edge)
{
    const struct walk_question *question = walk->question;
    const struct ir_func *func = walk->frame->func;
    if (!question->does_in_loop)
        return false;
    uint32_t loop = flow_loop_of(walk->flow, func, block->id);
    uint32_t to = flow_loop_of(walk->flow, func, edge->to);
    return loop != 0 && !flow_loop_within(walk->flow, func, to, loop) &&
           question->does_in_loop(question->context, walk->frame, loop);
}

static void take(struct walk *walk, const struct state *from, const struct ir_block *block,
                 const struct ir_edge *edge, const struct known *known)
{
    struct state state = *from;
    state.block = edge->to;
    state.op = 0;
    state.known = *known;
    state.is_handed_on |= leaves_full_loop(walk, block, edge);
    if (block->edge_count > 1) {
        struct walk_turn *turn = arena_new(walk->flow->arena, struct walk_turn);
        *turn = (struct walk_turn){from->turns, walk->frame->func, block, edge};
        state.turns = turn;
    }
    push(walk, &state);
}

/* Further in, a recursive function is handed other arguments than its first caller's. */
static bool is_in_recursion(const struct walk *walk)
{
    for (; walk; walk = walk->outer)
        if (walk->is_recursive)
            return true;
    return false;
}

/* What the question knows of the tested pointer, where nothing else is known. */
static int decide(struct walk *walk, struct known *known, const struct ir_expr *condition)
{
    const struct walk_question *question = walk->question;
    struct frame alone = {.func = walk->frame->func};
    const struct frame *frame = is_in_recursion(walk) ? &alone : walk->frame;
    int decided = known_decide(walk->flow, frame, known, condition);
    const struct ir_expr *tested = known_tested(condition);
    if (decided >= 0 || !question->is_nonzero || tested->type->kind != IR_TYPE_POINTER ||
        !question->is_nonzero(question->context, walk->frame, tested))
        return decided;
    known_add(known, tested, INT64_MIN, INT64_MAX, true);
    return known_decide(walk->flow, frame, known, condition);
}

/* The value that an atomic operation found: what others did before decides this way. */
static bool is_up_to_others(const struct ir_func *func, const struct ir_expr *expr, int depth)
{
    enum { DECIDERS_MAX = 8 };
    if (!expr || depth > DECIDERS_MAX)
        return false;
    const struct ir_expr *value = only_value(func, expr);
    if (value)
        return is_up_to_others(func, value, depth + 1);
    if (expr->kind == IR_TEMP) {
        const struct ir_op *call = facts_of(func)->temp_call[expr->temp];
        return call && flow_is_atomic(call);
    }
    return is_up_to_others(func, expr->a, depth + 1) || is_up_to_others(func, expr->b, depth + 1);
}

static void branch(struct walk *walk, const struct state *at, const struct ir_block *block)
{
    struct state copy = *at;
    const struct state *state = &copy;
    copy.is_handed_on |= is_up_to_others(walk->frame->func, block->value, 0);
    struct known before = state->known;
    int decided = decide(walk, &before, block->value);
    for (int way = 0; way < 2; way++) {
        if (decided == way)
            continue; /* edges[0] is the true one */
        struct known known = before;
        if (known_is_asked_again(walk->flow, walk->frame->func, block))
            known_narrow(&known, block->value, way == 0);
        take(walk, state, block, &block->edges[way], &known);
    }
}

static bool has_case(const struct ir_block *block, int64_t value)
{
    for (size_t i = 0; i < block->edge_count; i++)
        if (!block->edges[i].is_default && block->edges[i].low <= value &&
            value <= block->edges[i].high)
            return true;
    return false;
}

/* Each value that it can have has a case: the default is for none of them. */
static bool has_own_case(const struct state *state, const struct ir_block *block)
{
    enum { VALUES_MAX = 64 };
    struct fact fact = known_of(&state->known, block->value);
    if (fact.low == INT64_MIN || fact.high == INT64_MAX || fact.high - fact.low >= VALUES_MAX)
        return false;
    for (int64_t value = fact.low; value <= fact.high; value++)
        if (known_allows(&state->known, block->value, value, value) && !has_case(block, value))
            return false;
    return true;
}

static void switch_over(struct walk *walk, const struct state *state, const struct ir_block *block)
{
    for (size_t i = 0; i < block->edge_count; i++) {
        const struct ir_edge *edge = &block->edges[i];
        struct known known = state->known;
        if (edge->is_default && has_own_case(state, block))
            continue;
        if (!edge->is_default) {
            if (!known_allows(&known, block->value, edge->low, edge->high))
                continue;
            if (known_is_asked_again(walk->flow, walk->frame->func, block))
                known_add(&known, block->value, edge->low, edge->high, false);
        }
        take(walk, state, block, edge, &known);
    }
}

static void end_block(struct walk *walk, const struct state *state, const struct ir_block *block)
{
    switch (block->end) {
    case IR_RETURN:
        leave(walk, state, block->pos, block->value, false);
        break;
    case IR_BRANCH:
        branch(walk, state, block);
        break;
    case IR_SWITCH:
        switch_over(walk, state, block);
        break;
    case IR_JUMP:
    case IR_COMPUTED:
        for (size_t i = 0; i < block->edge_count; i++)
            take(walk, state, block, &block->edges[i], &state->known);
        break;
    case IR_STOP:
        break; /* the process ends, and every task with it */
    }
}

static void go(struct walk *walk, struct state state)
{
    const struct ir_block *block = &walk->frame->func->blocks[state.block];
    for (; state.op < block->op_count; state.op++)
        if (do_op(walk, &state, &block->ops[state.op]) == STEP_DONE)
            return;
    end_block(walk, &state, block);
}

static void walk_once(struct walk *walk, bool is_idle)
{
    walk->states.count = 0;
    walk->seen = walk->entered = (struct map){.arena = walk->flow->arena};
    walk->result = (struct walk_result){0};
    push(walk, &(struct state){.is_idle = is_idle});
    for (size_t i = 0; i < walk->states.count; i++)
        go(walk, walk->states.at[i]);
    walk->result.is_incomplete |= walk->frame->func->incomplete != NULL;
}

/* A recursive function is walked again until it does what was assumed of it. */
static struct walk_result walk_frame(struct asking *asking, struct walk *outer,
                                     const struct frame *frame, bool is_idle)
{
    struct walk walk = {.flow = asking->flow,
                        .asking = asking,
                        .question = asking->question,
                        .outer = outer,
                        .frame = frame,
                        .depth = outer ? outer->depth + 1 : 0,
                        .lowest = INT_MAX};
    for (int round = 0; round < ROUNDS_MAX; round++) {
        walk_once(&walk, is_idle);
        bool is_settled = round > 0 && walk.result.exits.count == walk.assumed.exits.count;
        if (!walk.is_recursive || is_settled)
            break;
        walk.assumed = walk.result;
        walk.result.is_incomplete |= round + 1 == ROUNDS_MAX;
    }
    if (outer && walk.lowest < walk.depth && walk.lowest < outer->lowest)
        outer->lowest = walk.lowest;
    return walk.result;
}

struct walk_result flow_walk(struct flow *flow, const struct frame *frame,
                             const struct walk_question *question)
{
    struct asking asking = {.flow = flow, .question = question, .states_left = STATES_MAX};
    return walk_frame(&asking, NULL, frame, question->starts_idle);
}

/* ---- what decided ---------------------------------------------------------------------------- */

/* Where the exit is the end of one message, what comes with the next one does not count. */
static bool may_still_come(struct flow *flow, const struct ir_func *func, uint32_t from,
                           const struct walk_exit *exit, walk_can *can, void *context)
{
    bool *reached = arena_array(flow->arena, bool, func->block_count);
    if (exit->is_over)
        reached[exit->block->id] = true; /* so that it leads no further */
    if (!reached[from])
        flow_reach_from(flow, func, from, reached);
    if (exit->is_over)
        reached[exit->block->id] = false;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (reached[op->block] && can(context, op))
            return true;
    return false;
}

const struct walk_turn *flow_decisive_turn(struct flow *flow, const struct ir_func *func,
                                           const struct walk_exit *exit, walk_can *can,
                                           void *context)
{
    const struct walk_turn *decisive = NULL;
    for (const struct walk_turn *turn = exit->turns; turn; turn = turn->before) {
        if (turn->func != func)
            continue;
        if (may_still_come(flow, func, turn->edge->to, exit, can, context))
            break;
        decisive = turn;
    }
    return decisive;
}
