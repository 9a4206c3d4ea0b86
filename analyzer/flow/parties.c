#include "flow/parties.h"

#include "flow/facts.h"
#include "flow/points.h"

/* ---- tasks ----------------------------------------------------------------------------------- */

bool flow_starts_task(const struct frame *frame)
{
    return !frame->parent || (frame->op->act && frame->op->act->kind == ACT_SPAWN);
}

bool flow_task_has(const struct frame *frame, const struct ir_func *func)
{
    for (; frame; frame = frame->parent) {
        if (frame->func == func)
            return true;
        if (flow_starts_task(frame))
            return false;
    }
    return false;
}

bool flow_is_daemon(struct flow *flow, const struct frame *task)
{
    if (model_is_daemon(flow->models, task->func->symbol))
        return true;
    if (!flow_starts_task(task))
        return false;
    for (; task->parent; task = task->parent) {
        if (model_spawns_daemon(flow->models, task->parent->func->unit, task->op))
            return true;
        if (flow_starts_task(task->parent))
            break;
    }
    return false;
}

bool flow_in_daemon(struct flow *flow, const struct frame *frame)
{
    for (; frame; frame = frame->parent)
        if (flow_is_daemon(flow, frame))
            return true;
    return false;
}

bool flow_is_main(const struct ir_func *func)
{
    return !func->symbol->scope && text_is(func->symbol->name, "main");
}

/* Does the process end when the function returns, and every task with it?  So it is for main, and
 * for a first task, which main runs before it returns. */
static bool ends_process(const struct ir_func *func)
{
    const struct func_facts *facts = facts_of(func);
    bool is_first_task = facts->callers.count > 0;
    for (size_t i = 0; i < facts->callers.count; i++)
        is_first_task &=
            facts->callers.at[i].kind == SITE_INVOKE && flow_is_main(facts->callers.at[i].func);
    return flow_is_main(func) || is_first_task;
}

/* ---- makers and homes ------------------------------------------------------------------------ */

const struct ir_op *flow_maker(struct flow *flow, const struct ir_expr *object,
                               const struct ir_func **func)
{
    const struct ir_op *op = flow_made_by(object, func);
    if (op && op->act)
        return op;
    struct points points = flow_points(flow, object);
    return points.has_unknown ? NULL : flow_points_maker(flow, &points, func);
}

bool flow_find_channel(struct flow *flow, const struct frame *frame, const struct ir_expr *handle,
                       struct flow_channel *channel)
{
    channel->object = flow_resolve(flow, frame, handle);
    channel->maker = flow_maker(flow, channel->object, &channel->maker_func);
    const struct act *act = channel->maker ? channel->maker->act : NULL;
    return act && act->kind == ACT_MAKE && act->object_kind == OBJECT_CHAN &&
           !act->is_fed_from_outside && flow_is_seen_whole(flow, channel->object);
}

const struct frame *flow_home(struct flow *flow, const struct frame *frame,
                              const struct ir_expr *handle)
{
    while (!flow_starts_task(frame)) {
        enum origin origin = handle ? flow_origin(flow, frame->func, &handle) : ORIGIN_ELSEWHERE;
        if (origin == ORIGIN_OWN)
            return frame;
        handle = origin == ORIGIN_CALLER
                     ? flow_handle_at_caller(flow, frame->func, handle, frame->op)
                     : NULL;
        frame = frame->parent;
    }
    return frame;
}

/* ---- parties --------------------------------------------------------------------------------- */

static void add_party(struct flow *flow, struct flow_parties *parties, struct flow_party party)
{
    for (size_t i = 0; i < parties->at.count; i++) {
        if (parties->at.at[i].home->func != party.home->func)
            continue;
        parties->has_several |=
            parties->at.at[i].home != party.home && parties->at.at[i].home->op != party.home->op;
        return;
    }
    *vec_add(flow->arena, &parties->at) = party;
}

static bool is_in_loop(struct flow *flow, const struct frame *frame, const struct ir_op *op,
                       const struct frame *home)
{
    for (; frame; op = frame->op, frame = frame->parent) {
        if (flow_loop_of(flow, frame->func, op->block) != 0)
            return true;
        if (frame == home)
            break;
    }
    return false;
}

/* Do several runs of the party have the object: is it spawned in a loop that does not make it? */
static bool runs_several_times(struct flow *flow, const struct frame *home,
                               const struct ir_expr *object)
{
    const struct ir_func *maker_func = NULL;
    const struct ir_op *maker = flow_maker(flow, object, &maker_func);
    for (; home->parent; home = home->parent) {
        const struct ir_func *func = home->parent->func;
        uint32_t loop = flow_loop_of(flow, func, home->op->block);
        bool makes = maker && func == maker_func;
        if (loop != 0 &&
            !(makes && flow_loop_within(flow, func, flow_loop_of(flow, func, maker->block), loop)))
            return true;
        if (makes)
            break;
    }
    return false;
}

static void look_at_match(struct flow *flow, struct flow_parties *parties,
                          const struct flow_use *use, const struct flow_match *match,
                          const struct ir_expr *object)
{
    const struct frame *home = flow_home(flow, match->frame, use->object);
    parties->in_loop |= is_in_loop(flow, match->frame, use->op, home);
    parties->has_several |= runs_several_times(flow, home, object);
    add_party(flow, parties, (struct flow_party){home, match->frame, use});
}

static void add_parties(struct flow *flow, struct flow_parties *parties, enum act_kind kind,
                        const struct ir_expr *object)
{
    size_t count;
    const struct flow_use *uses = flow_uses(flow, kind, &count);
    for (size_t i = 0; i < count; i++) {
        parties->is_cut |= !uses[i].object;
        if (!uses[i].object)
            continue;
        struct flow_matches matches = flow_use_matches(flow, &uses[i], object);
        parties->is_cut |= matches.is_cut;
        for (size_t j = 0; j < matches.at.count; j++)
            look_at_match(flow, parties, &uses[i], &matches.at.at[j], object);
    }
}

struct flow_parties flow_parties(struct flow *flow, const enum act_kind *kinds, size_t kind_count,
                                 const struct ir_expr *object)
{
    struct flow_parties parties = {0};
    for (size_t i = 0; i < kind_count; i++)
        add_parties(flow, &parties, kinds[i], object);
    return parties;
}

/* ---- names ----------------------------------------------------------------------------------- */

const char *flow_party_name(struct flow *flow, const struct flow_party *party)
{
    const struct flow_use *use = party->use;
    const struct ir_expr *name = flow_written(use->func, use->op, use->object);
    const struct ir_func *func = use->func;
    for (const struct frame *frame = party->frame; frame != party->home; frame = frame->parent) {
        const struct ir_expr *outer = flow_handle_at_caller(flow, frame->func, name, frame->op);
        if (!outer || !text_is(outer->type->name, name->type->name))
            break;
        name = outer;
        func = frame->parent->func;
    }
    return flow_text(flow->arena, func, name);
}

/* ---- messages -------------------------------------------------------------------------------- */

static bool is_address_of(const struct ir_expr *value, const struct ir_var *var)
{
    return value && value->kind == IR_ADDR && value->a->kind == IR_VAR && value->a->var == var;
}

static bool receives_into(struct flow *flow, const struct frame *frame, const struct ir_op *op,
                          const struct ir_var *var)
{
    return op->act && op->act->kind == ACT_RECV && op->act->value &&
           is_address_of(flow_resolve(flow, frame, op->act->value), var);
}

/* A call that has a helper receive into the variable. */
static bool has_received_into(struct flow *flow, const struct ir_func *func, const struct ir_op *op,
                              const struct ir_var *var)
{
    if (op->kind != IR_OP_CALL || op->act)
        return false;
    bool is_handed = false;
    for (size_t i = 0; i < op->arg_count; i++)
        is_handed |= is_address_of(op->args[i], var);
    struct flow_targets targets = flow_callees(flow, func, op);
    for (size_t i = 0; is_handed && i < targets.bodies.count; i++)
        if (flow_can(flow, targets.bodies.at[i], ACT_RECV))
            return true;
    return false;
}

static const struct ir_op *receive_into(struct flow *flow, const struct frame *frame,
                                        const struct ir_var *var)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));)
        if (receives_into(flow, frame, op, var) || has_received_into(flow, frame->func, op, var))
            return op;
    return NULL;
}

const struct ir_var *flow_message_of(struct flow *flow, const struct flow_party *party)
{
    const struct ir_expr *base = own_base(flow, party->frame->func, party->use->object);
    if (party->frame != party->home || base->kind != IR_VAR || base->var->kind != IR_VAR_LOCAL ||
        base->var->id == TEMP_VAR_ID)
        return NULL;
    const struct ir_op *receive = receive_into(flow, party->home, base->var);
    const struct ir_func *func = party->home->func;
    bool is_once_each = receive && flow_loop_of(flow, func, receive->block) ==
                                       flow_loop_of(flow, func, party->use->op->block);
    return is_once_each ? base->var : NULL;
}

/* ---- ways through a party -------------------------------------------------------------------- */

enum { WAITER_DEPTH_MAX = 4 }; /* calls below the party's function where it may spawn the waiter */

struct party_walk {
    struct flow *flow;
    const struct flow_wanted *wanted;
    const struct frame *home;
    const struct ir_op *maker; /* of the object, where the party makes it; else NULL */
    bool spawns_waiter;        /* the party does */
};

static bool is_counted(const struct party_walk *party, enum act_kind kind)
{
    for (size_t i = 0; i < party->wanted->kind_count; i++)
        if (party->wanted->kinds[i] == kind)
            return true;
    return false;
}

static bool names(const struct party_walk *party, const struct frame *frame,
                  const struct ir_expr *handle)
{
    return !handle || flow_compare(party->flow, flow_resolve(party->flow, frame, handle),
                                   party->wanted->object) != FLOW_DIFFERENT;
}

static bool select_does(const struct party_walk *party, const struct frame *frame,
                        const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++) {
        enum arm_kind kind = act->arms[i].kind;
        bool is_counted_arm = (kind == ARM_SEND && is_counted(party, ACT_SEND)) ||
                              (kind == ARM_RECV && is_counted(party, ACT_RECV));
        if (is_counted_arm && names(party, frame, act->arms[i].channel))
            return true;
    }
    return false;
}

static bool spawns_waiter(const struct party_walk *party, const struct ir_func *func,
                          const struct ir_op *op)
{
    if (!op->act || op->act->kind != ACT_SPAWN)
        return false;
    struct flow_targets targets = flow_callees(party->flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (flow_runs(party->flow, targets.bodies.at[i], party->wanted->waiter))
            return true;
    return false;
}

static bool starts_doer(const struct party_walk *party, const struct frame *frame,
                        const struct ir_op *op)
{
    struct flow_targets targets = flow_callees_in(party->flow, frame, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (targets.bodies.at[i] == party->wanted->doer)
            return true;
    return false;
}

/* A note or a model says so. */
static bool takes_object(const struct party_walk *party, const struct frame *frame,
                         const struct ir_op *op)
{
    for (size_t i = 0; i < op->arg_count; i++)
        if (flow_call_takes(party->flow, frame->func, op, i) && names(party, frame, op->args[i]))
            return true;
    return false;
}

/* A helper's receive is seen inside of it, so its call only ends the message before. */
static enum walk_effect effect_of_message(const struct party_walk *party, const struct frame *frame,
                                          const struct ir_op *op)
{
    const struct ir_var *message = party->wanted->message;
    if (message && receives_into(party->flow, frame, op, message))
        return WALK_RENEWS;
    bool is_handed_to_helper =
        message && frame == party->home && has_received_into(party->flow, frame->func, op, message);
    return is_handed_to_helper ? WALK_ENDS : WALK_NOTHING;
}

static enum walk_effect effect_of_party(void *context, const struct frame *frame,
                                        const struct ir_op *op)
{
    const struct party_walk *party = context;
    if (op->kind == IR_OP_UNKNOWN)
        return WALK_GIVES_UP;
    enum walk_effect by_message = effect_of_message(party, frame, op);
    if (by_message != WALK_NOTHING)
        return by_message;
    if (!op->act)
        return takes_object(party, frame, op) ? WALK_HANDS_ON : WALK_NOTHING;
    if (op == party->maker && !party->spawns_waiter)
        return WALK_BEGINS;
    switch (op->act->kind) {
    case ACT_SPAWN:
        if (starts_doer(party, frame, op))
            return WALK_DOES;
        return spawns_waiter(party, frame->func, op) ? WALK_BEGINS : WALK_NOTHING;
    case ACT_SELECT:
        return select_does(party, frame, op->act) ? WALK_DOES : WALK_NOTHING;
    case ACT_END_TASK:
        return op->act->is_resumed ? WALK_HANDS_ON : WALK_NOTHING; /* who began it is asked there */
    case ACT_AT_END:                                               /* the handler may do it */
        return !op->act->value || names(party, frame, op->act->value) ? WALK_HANDS_ON
                                                                      : WALK_NOTHING;
    default:
        return is_counted(party, op->act->kind) && names(party, frame, op->act->object)
                   ? WALK_DOES
                   : WALK_NOTHING;
    }
}

/* Who has the object has a pointer to it, so tests of that pointer find it there. */
static bool is_there(void *context, const struct frame *frame, const struct ir_expr *pointer)
{
    const struct party_walk *party = context;
    return flow_is_same(party->flow, flow_resolve(party->flow, frame, pointer),
                        party->wanted->object);
}

/* Does the operation do what is wanted, or call somebody who can? */
static bool op_does(struct party_walk *party, const struct frame *frame, const struct ir_op *op)
{
    if (op->act && op->act->kind != ACT_INVOKE)
        return effect_of_party(party, frame, op) == WALK_DOES;
    struct flow_targets targets = flow_callees_in(party->flow, frame, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        for (size_t j = 0; j < party->wanted->kind_count; j++)
            if (flow_can(party->flow, targets.bodies.at[i], party->wanted->kinds[j]))
                return true;
    return false;
}

/* Who is told that the channel is closed has nobody left to tell. */
static const struct act_outcome *told_of_close(void *context, const struct frame *frame,
                                               const struct ir_op *op)
{
    const struct party_walk *party = context;
    bool is_told = op->act && (op->act->kind == ACT_SEND || op->act->kind == ACT_RECV) &&
                   act_outcome_of(op->act, RESULT_CLOSED);
    bool is_asked = is_told && is_counted(party, ACT_CLOSE) && names(party, frame, op->act->object);
    return is_asked ? act_outcome_of(op->act, RESULT_CLOSED) : NULL;
}

static bool does_in_loop(void *context, const struct frame *frame, uint32_t loop)
{
    struct party_walk *party = context;
    struct flow *flow = party->flow;
    const struct ir_func *func = frame->func;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (flow_loop_within(flow, func, flow_loop_of(flow, func, op->block), loop) &&
            op_does(party, frame, op))
            return true;
    return false;
}

static bool matters_to_party(void *context, const struct ir_func *func)
{
    const struct party_walk *party = context;
    for (size_t i = 0; i < party->wanted->kind_count; i++)
        if (flow_can(party->flow, func, party->wanted->kinds[i]))
            return true;
    if (is_counted(party, ACT_CLOSE) && flow_can(party->flow, func, ACT_SEND))
        return true; /* and hear that it is closed, see told_of_close */
    return flow_can(party->flow, func, ACT_SELECT) || flow_can(party->flow, func, ACT_SPAWN) ||
           flow_can(party->flow, func, ACT_END_TASK) || flow_can(party->flow, func, ACT_AT_END) ||
           (party->maker && flow_can(party->flow, func, ACT_MAKE));
}

/* Does the party spawn the waiter, in its own function or in what that calls? */
static bool tree_spawns_waiter(const struct party_walk *party, const struct ir_func *func,
                               int depth)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));) {
        if (spawns_waiter(party, func, op))
            return true;
        if (op->act && op->act->kind != ACT_INVOKE)
            continue;
        struct flow_targets targets = flow_callees(party->flow, func, op);
        for (size_t i = 0; depth > 0 && i < targets.bodies.count; i++)
            if (flow_runs(party->flow, targets.bodies.at[i], party->wanted->waiter) &&
                tree_spawns_waiter(party, targets.bodies.at[i], depth - 1))
                return true;
    }
    return false;
}

struct walk_result flow_party_ways(struct flow *flow, const struct frame *home,
                                   const struct flow_wanted *wanted)
{
    struct party_walk party = {.flow = flow, .wanted = wanted, .home = home};
    const struct ir_func *owner = NULL;
    const struct ir_op *maker = flow_maker(flow, wanted->object, &owner);
    if (maker && flow_runs(flow, home->func, owner))
        party.maker = maker;
    party.spawns_waiter = tree_spawns_waiter(&party, home->func, WAITER_DEPTH_MAX);
    struct walk_question question = {.context = &party,
                                     .effect = effect_of_party,
                                     .matters = matters_to_party,
                                     .is_nonzero = is_there,
                                     .rule_out = told_of_close,
                                     .does_in_loop = does_in_loop,
                                     .starts_idle =
                                         party.maker || party.spawns_waiter || wanted->message};
    return flow_walk(flow, home, &question);
}

/* ---- lacks ----------------------------------------------------------------------------------- */

/* Of the party alone, whoever starts it. */
static struct flow_lack own_lack(struct flow *flow, const struct frame *home,
                                 const struct flow_wanted *wanted)
{
    struct walk_result ways = flow_party_ways(flow, home, wanted);
    struct flow_lack lack = {.home = home, .doer = wanted->doer}, none = {.home = home};
    bool does = false;
    for (size_t i = 0; i < ways.exits.count; i++) {
        const struct walk_exit *exit = &ways.exits.at[i];
        does |= exit->count > 0;
        if (exit->count == 0 && !exit->is_handed_on && !exit->is_idle)
            *vec_add(flow->arena, &lack.exits) = *exit;
    }
    return ways.is_incomplete || !does || ends_process(home->func) ? none : lack;
}

/* The function of the task that starts the party's, or the one in it that made the object. */
static const struct frame *starter_of(struct flow *flow, const struct frame *home,
                                      const struct ir_expr *object)
{
    const struct ir_func *maker_func = NULL;
    if (!home->parent || !flow_maker(flow, object, &maker_func))
        return NULL;
    const struct frame *frame = home->parent;
    while (!flow_starts_task(frame) && !flow_runs(flow, frame->func, maker_func))
        frame = frame->parent;
    return frame;
}

struct flow_lack flow_party_lack(struct flow *flow, const struct frame *home,
                                 const struct flow_wanted *wanted)
{
    enum { STARTERS_MAX = 4 }; /* tasks that start each other, looked at upwards */
    struct flow_wanted start = *wanted;
    struct flow_lack lack = own_lack(flow, home, &start);
    for (int i = 0; i < STARTERS_MAX && lack.exits.count == 0 && flow_starts_task(home); i++) {
        const struct frame *starter = starter_of(flow, home, wanted->object);
        if (!starter || flow_runs(flow, starter->func, wanted->waiter))
            break; /* who starts both, starts both or none */
        start.doer = home->func;
        home = starter;
        lack = own_lack(flow, home, &start);
    }
    return lack;
}

/* ---- reasons --------------------------------------------------------------------------------- */

enum { OWN_DEPTH_MAX = 8 }; /* of what a reason is made of */

/* Does it write anything that others than its own run can read? */
static bool stores_to_memory(const struct ir_func *func)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));) {
        const struct ir_expr *root = ir_expr_root(op->place);
        if (!root || root->kind == IR_SYMBOL)
            return true;
    }
    return false;
}

/* Is what the call gives back the caller's own, and not a number that it shares with other tasks?
 * So it is where no function behind it locks or writes something that others see. */
static bool is_result_of_own(struct flow *flow, const struct ir_func *func,
                             const struct ir_op *call)
{
    if (call->act)
        return call->act->kind == ACT_IO;
    if (flow_is_atomic(call))
        return false;
    struct flow_targets targets = flow_callees(flow, func, call);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (flow_can(flow, targets.bodies.at[i], ACT_LOCK) ||
            stores_to_memory(targets.bodies.at[i]))
            return false;
    return true;
}

static bool is_of_own(struct flow *, const struct ir_func *, const struct ir_expr *, int depth);

/* Of all values that are assigned to the variable; there has to be one. */
static bool all_assigned_are_own(struct flow *flow, const struct ir_func *func,
                                 const struct ir_expr *var, int depth)
{
    bool is_assigned = false;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));) {
        if (!ir_expr_equal(op->place, var))
            continue;
        if (!is_of_own(flow, func, op->value, depth + 1))
            return false;
        is_assigned = true;
    }
    return is_assigned;
}

/* Is the value made of nothing but constants and results of the function's own calls? */
static bool is_of_own(struct flow *flow, const struct ir_func *func, const struct ir_expr *expr,
                      int depth)
{
    const struct func_facts *facts = facts_of(func);
    if (depth > OWN_DEPTH_MAX)
        return false;
    switch (expr->kind) {
    case IR_CONST:
        return true;
    case IR_UNARY:
    case IR_CAST:
        return is_of_own(flow, func, expr->a, depth + 1);
    case IR_BINARY:
        return is_of_own(flow, func, expr->a, depth + 1) &&
               is_of_own(flow, func, expr->b, depth + 1);
    case IR_TEMP:
        if (facts->temp_value[expr->temp])
            return is_of_own(flow, func, facts->temp_value[expr->temp], depth + 1);
        return facts->temp_call[expr->temp] &&
               is_result_of_own(flow, func, facts->temp_call[expr->temp]);
    case IR_VAR:
        return expr->var->kind == IR_VAR_LOCAL && !is_written_through(flow, func, expr->var) &&
               all_assigned_are_own(flow, func, expr, depth);
    default:
        return false;
    }
}

/* Who may do what is wanted, for can_do. */
struct doing {
    struct flow *flow;
    const struct frame *home;
    const struct flow_wanted *wanted;
};

static bool can_do(void *context, const struct ir_op *op)
{
    const struct doing *doing = context;
    const struct flow_wanted *wanted = doing->wanted;
    struct flow_targets targets = flow_callees_in(doing->flow, doing->home, op);
    for (size_t i = 0; i < wanted->kind_count; i++) {
        if (op->act && (op->act->kind == wanted->kinds[i] || op->act->kind == ACT_SELECT))
            return true;
        for (size_t j = 0; j < targets.bodies.count; j++)
            if (flow_can(doing->flow, targets.bodies.at[j], wanted->kinds[i]))
                return true;
    }
    return false;
}

bool flow_went_alone(struct flow *flow, const struct frame *home, const struct walk_exit *exit,
                     const struct flow_wanted *wanted)
{
    struct doing doing = {flow, home, wanted};
    const struct walk_turn *turn = flow_decisive_turn(flow, home->func, exit, can_do, &doing);
    return turn && is_of_own(flow, home->func, turn->block->value, 0);
}
