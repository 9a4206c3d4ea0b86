#include "flow/waits.h"

#include "flow/parties.h"
#include "flow/points.h"

/* ---- channels -------------------------------------------------------------------------------- */

/* A context that is made, not derived from another one, is the background, which never ends. */
bool flow_context_can_end(const struct ir_expr *resolved)
{
    const struct ir_op *maker = flow_made_by(resolved, NULL);
    bool is_background = maker && maker->act && maker->act->kind == ACT_MAKE;
    return !ir_is_zero(resolved) && !is_background;
}

static bool can_end(struct flow *flow, const struct frame *frame, const struct ir_expr *context)
{
    return context && flow_context_can_end(flow_resolve(flow, frame, context));
}

/* The time is known, and below zero: for ever.  No time at all says nothing of what the call does.
 */
static bool is_unlimited(struct flow *flow, const struct frame *frame, const struct act *act)
{
    if (!act->timeout_ms)
        return false;
    const struct ir_expr *time = flow_resolve(flow, frame, act->timeout_ms);
    return time->kind == IR_CONST && time->value < 0;
}

bool flow_is_bounded(struct flow *flow, const struct frame *frame, const struct act *act)
{
    return (act->timeout_ms && !is_unlimited(flow, frame, act)) ||
           can_end(flow, frame, act->context);
}

static const struct act *maker_of(const struct ir_expr *resolved, const struct ir_func **func)
{
    const struct ir_op *op = flow_made_by(resolved, func);
    return op ? op->act : NULL;
}

static bool has_use(struct flow *flow, enum act_kind kind, const struct ir_expr *object)
{
    return flow_next_use(flow, kind, object, NULL) != NULL;
}

bool flow_is_done_channel(struct flow *flow, const struct ir_expr *resolved)
{
    const struct act *maker = maker_of(resolved, NULL);
    if (maker && maker->kind == ACT_DONE_CHANNEL)
        return true;
    if (maker && maker->kind == ACT_MAKE && ir_is_zero(maker->element_size))
        return true;
    return !ir_is_zero(resolved) && has_use(flow, ACT_CLOSE, resolved) &&
           !has_use(flow, ACT_SEND, resolved) && !flow_is_handed_out(flow, resolved);
}

/* Somebody outside of the program feeds it: ticks, signals. */
static bool is_fed_from_outside(const struct ir_expr *resolved)
{
    const struct act *maker = maker_of(resolved, NULL);
    return maker && maker->is_fed_from_outside;
}

/* The other side goes through with it: it waits for this alone, or comes back until it has it. */
static bool is_sure(struct flow *flow, const struct flow_use *use)
{
    if (flow_loop_of(flow, use->func, use->op->block) != 0)
        return true;
    const struct act *act = use->op->act;
    if (use->arm)
        return act->arm_count == 1;
    return (!act->context || ir_is_zero(act->context)) && !act->timeout_ms;
}

/* A lone party that starts the one who waits, and does it once but not on every way, is not sure;
 * one of several may make up for another. */
static bool is_left_out(struct flow *flow, const struct frame *frame, enum act_kind kind,
                        const struct ir_expr *channel)
{
    struct flow_parties parties = flow_parties(flow, &kind, 1, channel);
    if (parties.at.count != 1 || parties.is_cut || parties.has_several || parties.in_loop ||
        !flow_runs(flow, parties.at.at[0].home->func, frame->func))
        return false;
    struct flow_wanted wanted = {
        .object = channel, .kinds = &kind, .kind_count = 1, .waiter = frame->func};
    return flow_party_lack(flow, parties.at.at[0].home, &wanted).exits.count > 0;
}

static bool has_sure_use(struct flow *flow, const struct frame *frame, enum act_kind kind,
                         const struct ir_expr *channel)
{
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(flow, kind, channel, use)))
        if (is_sure(flow, use))
            return !is_left_out(flow, frame, kind, channel);
    return false;
}

/* A lone closer that can end without it is not sure; one of several may make up for another. */
bool flow_is_surely_closed(struct flow *flow, const struct frame *frame,
                           const struct ir_expr *channel)
{
    static const enum act_kind closes[] = {ACT_CLOSE};
    struct flow_parties closers = flow_parties(flow, closes, COUNT_OF(closes), channel);
    if (closers.at.count != 1 || closers.is_cut || closers.has_several)
        return closers.at.count > 0;
    struct flow_wanted wanted = {
        .object = channel, .kinds = closes, .kind_count = COUNT_OF(closes), .waiter = frame->func};
    return flow_party_lack(flow, closers.at.at[0].home, &wanted).exits.count == 0;
}

static bool receive_ends(struct flow *flow, const struct frame *frame,
                         const struct ir_expr *channel)
{
    if (ir_is_zero(channel))
        return false;
    return is_fed_from_outside(channel) || has_sure_use(flow, frame, ACT_SEND, channel) ||
           flow_is_surely_closed(flow, frame, channel) || flow_is_handed_out(flow, channel);
}

/* One that came in a message, or by a struct that is copied, has no maker by name: what it may
 * point to tells. */
static bool has_room(struct flow *flow, const struct ir_expr *channel)
{
    const struct act *maker = maker_of(channel, NULL);
    if (!maker) {
        struct points points = flow_points(flow, channel);
        const struct ir_op *op = flow_points_maker(flow, &points, NULL);
        maker = op ? op->act : NULL;
    }
    if (!maker || maker->kind != ACT_MAKE || !maker->capacity)
        return false;
    return maker->capacity->kind != IR_CONST || maker->capacity->value > 0;
}

static bool is_part_of(const struct ir_expr *expr, const struct ir_var *var)
{
    const struct ir_expr *root = ir_expr_root(expr);
    return root && root->kind == IR_VAR && root->var == var;
}

/* Does the call get the address of the variable, or of a part of it, to put something there? */
static bool may_fill(const struct ir_op *op, const struct ir_var *var)
{
    const struct act *act = op->act;
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (op->args[i]->kind == IR_ADDR && is_part_of(op->args[i], var))
            return true;
    for (size_t i = 0; act && i < act->arm_count; i++)
        if (act->arms[i].kind == ARM_RECV && act->arms[i].value &&
            is_part_of(act->arms[i].value, var))
            return true;
    return false;
}

/* Does each round of the loop get another channel: in a message, from a list? */
static bool is_another_each_round(struct flow *flow, const struct ir_func *func,
                                  const struct ir_op *send, const struct ir_expr *channel,
                                  uint32_t loop)
{
    const struct ir_expr *root = ir_expr_root(channel);
    if (!root || root->kind != IR_VAR)
        return false;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (op != send && flow_loop_within(flow, func, flow_loop_of(flow, func, op->block), loop) &&
            may_fill(op, root->var))
            return true;
    return false;
}

/* `written` is the channel as the operation names it.  Room is enough for one value, not for all
 * that a loop sends. */
static bool send_ends(struct flow *flow, const struct frame *frame, const struct ir_op *op,
                      const struct ir_expr *written)
{
    const struct ir_expr *channel = flow_resolve(flow, frame, written);
    if (ir_is_zero(channel))
        return false;
    uint32_t loop = flow_loop_of(flow, frame->func, op->block);
    bool once = loop == 0 || is_another_each_round(flow, frame->func, op, written, loop);
    return (once && has_room(flow, channel)) || has_sure_use(flow, frame, ACT_RECV, channel) ||
           flow_is_handed_out(flow, channel);
}

/* ---- waits ----------------------------------------------------------------------------------- */

static bool select_ends(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    bool ends = !act->arms_known;
    for (size_t i = 0; i < act->arm_count && !ends; i++) {
        const struct act_arm *arm = &act->arms[i];
        if (arm->kind == ARM_RECV && arm->channel)
            ends = receive_ends(flow, frame, flow_resolve(flow, frame, arm->channel));
        else if (arm->kind == ARM_SEND && arm->channel)
            ends = send_ends(flow, frame, op, arm->channel);
        else
            ends = true;
    }
    return ends;
}

/* A wait for several descriptors, one of which may be there to end it. */
static bool waits_for_several(const struct act *act)
{
    return act && act->kind == ACT_IO && (!act->object || act->object->kind == IR_UNKNOWN);
}

/* Is it such a wait, or the call of a helper with one? */
static bool looks_first(struct flow *flow, const struct ir_func *func, const struct ir_op *op)
{
    if (op->act)
        return waits_for_several(op->act);
    struct flow_targets targets = flow_callees(flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        for (const struct ir_op *in = NULL;
             (in = ir_next_op(targets.bodies.at[i], IR_OP_CALL, in));)
            if (waits_for_several(in->act))
                return true;
    return false;
}

/* The task comes here when poll or the like has told it that there is something. */
static bool is_ready(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    for (; frame && op; op = frame->op, frame = frame->parent) {
        for (const struct ir_op *look = NULL; (look = ir_next_op(frame->func, IR_OP_CALL, look));)
            if (look != op && looks_first(flow, frame->func, look) &&
                flow_reaches(flow, frame->func, look, op))
                return true;
        if (flow_starts_task(frame))
            return false;
    }
    return false;
}

/* Another task closes or shuts down the descriptor, which ends the call, or somebody, this task
 * included, has set it so that such calls end by themselves. */
static bool io_ends(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    if (!is_unlimited(flow, frame, act) || waits_for_several(act) || is_ready(flow, frame, op))
        return true;
    static const enum act_kind enders[] = {ACT_FREE, ACT_CANCEL, ACT_LIMIT};
    const struct ir_expr *object = flow_resolve(flow, frame, act->object);
    for (size_t i = 0; i < COUNT_OF(enders); i++) {
        size_t count;
        const struct flow_use *uses = flow_uses(flow, enders[i], &count);
        for (size_t k = 0; k < count; k++)
            if (uses[k].op->act->object_kind == OBJECT_OTHER &&
                (enders[i] == ACT_LIMIT || !flow_task_has(frame, uses[k].func)) &&
                flow_use_concerns(flow, &uses[k], object))
                return true;
    }
    return false;
}

bool flow_waits_for_outside(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    if (act->kind == ACT_RECV && act->object)
        return is_fed_from_outside(flow_resolve(flow, frame, act->object));
    return act->kind == ACT_IO && (waits_for_several(act) || is_unlimited(flow, frame, act));
}

bool flow_wait_ends(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    const struct ir_expr *object = act->object ? flow_resolve(flow, frame, act->object) : NULL;
    switch (act->kind) {
    case ACT_RECV:
        return !object || flow_is_bounded(flow, frame, act) || receive_ends(flow, frame, object);
    case ACT_SEND:
        return !object || flow_is_bounded(flow, frame, act) ||
               send_ends(flow, frame, op, act->object);
    case ACT_SELECT:
        return select_ends(flow, frame, op);
    case ACT_IO:
        return io_ends(flow, frame, op);
    default:
        return true;
    }
}

/* ---- ways to be told to stop ----------------------------------------------------------------- */

static bool select_watches(struct flow *flow, const struct frame *frame, const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++) {
        const struct act_arm *arm = &act->arms[i];
        if (arm->context)
            return true;
        if (arm->kind == ARM_RECV && arm->channel &&
            flow_is_done_channel(flow, flow_resolve(flow, frame, arm->channel)))
            return true;
    }
    return false;
}

/* A done channel, or one that a caller out of sight hands in and of which no value is wanted. */
static bool is_signal(struct flow *flow, const struct ir_expr *channel, const struct act *act)
{
    if (flow_is_done_channel(flow, channel))
        return true;
    return act->value && ir_is_zero(act->value) && !ir_is_zero(channel) &&
           !maker_of(channel, NULL) && !flow_is_seen_whole(flow, channel) &&
           !has_use(flow, ACT_SEND, channel);
}

bool flow_watches(struct flow *flow, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    switch (act->kind) {
    case ACT_WATCH:
    case ACT_CHECK_CONTEXT:
    case ACT_DONE_CHANNEL:
        return true;
    case ACT_SELECT:
        return select_watches(flow, frame, act);
    case ACT_RECV:
        if (act->object && is_signal(flow, flow_resolve(flow, frame, act->object), act))
            return true;
        break;
    default:
        break;
    }
    return act->may_park && can_end(flow, frame, act->context);
}

/* ---- until when a loop receives -------------------------------------------------------------- */

struct receiving {
    struct flow *flow;
    const struct ir_op *op;
    const struct ir_func *func; /* of the operation */
    bool never_closed;          /* the channel is taken to stay open */
};

static enum walk_effect effect_of_receive(void *context, const struct frame *frame,
                                          const struct ir_op *op)
{
    const struct receiving *receiving = context;
    (void)frame;
    if (op->kind == IR_OP_UNKNOWN)
        return WALK_GIVES_UP;
    return op == receiving->op ? WALK_DOES : WALK_NOTHING;
}

static bool leads_to_receive(void *context, const struct ir_func *func)
{
    const struct receiving *receiving = context;
    return func == receiving->func || flow_can(receiving->flow, func, ACT_RECV);
}

static const struct act_outcome *receives_value(void *context, const struct frame *frame,
                                                const struct ir_op *op)
{
    const struct receiving *receiving = context;
    (void)frame;
    return op == receiving->op && receiving->never_closed ? act_outcome_of(op->act, RESULT_OK)
                                                          : NULL;
}

/* Is there a way from the receive to the function's end? */
static bool can_end_after(struct receiving *receiving, const struct frame *frame, bool never_closed,
                          bool *is_incomplete)
{
    receiving->never_closed = never_closed;
    struct walk_question question = {.context = receiving,
                                     .effect = effect_of_receive,
                                     .matters = leads_to_receive,
                                     .assume = receives_value};
    struct walk_result ways = flow_walk(receiving->flow, frame, &question);
    *is_incomplete = ways.is_incomplete;
    for (size_t i = 0; i < ways.exits.count; i++)
        if (ways.exits.at[i].count > 0)
            return true;
    return false;
}

static bool ends_by_close_alone(struct receiving *receiving, const struct frame *frame)
{
    bool is_incomplete;
    return !can_end_after(receiving, frame, true, &is_incomplete) && !is_incomplete &&
           can_end_after(receiving, frame, false, &is_incomplete);
}

/* The loop may be around the call of a helper that receives. */
enum flow_until flow_receives_until(struct flow *flow, const struct frame *frame,
                                    const struct ir_op *op)
{
    if (op->act->kind != ACT_RECV || !act_outcome_of(op->act, RESULT_CLOSED) ||
        !act_outcome_of(op->act, RESULT_OK) || flow_is_bounded(flow, frame, op->act))
        return FLOW_UNTIL_ANY;
    struct receiving receiving = {.op = op, .func = frame->func, .flow = flow};
    bool in_loop = false;
    for (const struct ir_op *at = op; frame; at = frame->op, frame = frame->parent) {
        in_loop |= flow_loop_of(flow, frame->func, at->block) != 0;
        if (in_loop && ends_by_close_alone(&receiving, frame))
            return FLOW_UNTIL_CLOSED;
        if (flow_starts_task(frame))
            break;
    }
    return FLOW_UNTIL_ANY;
}
