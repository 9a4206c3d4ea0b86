#include "flow/duty.h"

#include "flow/parties.h"

enum flow_same flow_duty_names(const struct flow_duty *duty, const struct frame *frame,
                               const struct ir_expr *handle)
{
    if (!handle)
        return FLOW_MAYBE;
    return flow_compare(duty->flow, flow_resolve(duty->flow, frame, handle), duty->object);
}

static bool names_it(const struct flow_duty *duty, const struct frame *frame,
                     const struct ir_expr *handle)
{
    return flow_is_same(duty->flow, flow_resolve(duty->flow, frame, handle), duty->object);
}

/* Is it the object, or something that was handed over and may lead to it? */
static bool carries_object(const struct flow_duty *duty, const struct frame *frame,
                           const struct ir_expr *value)
{
    struct flow *flow = duty->flow;
    if (value->type->kind != IR_TYPE_POINTER)
        return false;
    const struct ir_expr *resolved = flow_resolve(flow, frame, value);
    if (resolved->kind == IR_CONST)
        return false;
    if (flow_is_same(flow, resolved, duty->object))
        return true;
    for (size_t i = 0; i < duty->carrier_count; i++)
        if (ir_expr_equal(resolved, duty->carriers[i]))
            return true;
    return false;
}

static bool is_memory(const struct ir_expr *place)
{
    const struct ir_expr *root = ir_expr_root(place);
    return !root || root->kind == IR_SYMBOL;
}

/* A call that comes before the fulfilment on its way has not taken the duty over. */
static bool fulfilment_can_follow(const struct flow_duty *duty, const struct frame *frame,
                                  const struct ir_op *op)
{
    struct flow *flow = duty->flow;
    for (const struct ir_op *next = NULL; (next = ir_next_op(frame->func, IR_OP_CALL, next));)
        if (next->act && next->act->kind == duty->fulfilment &&
            flow_reaches(flow, frame->func, op, next))
            return true;
    return false;
}

static bool opaque_call_takes(const struct flow_duty *duty, const struct frame *frame,
                              const struct ir_op *op)
{
    if (!flow_call_is_opaque(duty->flow, frame->func, op))
        return false;
    for (size_t i = 0; i < op->arg_count; i++) {
        if (!carries_object(duty, frame, op->args[i]))
            continue;
        if (names_it(duty, frame, op->args[i]) || !fulfilment_can_follow(duty, frame, op))
            return true;
    }
    return false;
}

/* A note or a model says so; what fulfils the duty in sight is looked at instead. */
static bool call_takes(const struct flow_duty *duty, const struct frame *frame,
                       const struct ir_op *op)
{
    struct flow_targets targets = flow_callees(duty->flow, frame->func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (flow_can(duty->flow, targets.bodies.at[i], duty->fulfilment))
            return false;
    for (size_t i = 0; i < op->arg_count; i++)
        if (flow_call_takes(duty->flow, frame->func, op, i) &&
            carries_object(duty, frame, op->args[i]))
            return true;
    return false;
}

/* A function of the program that fulfils nothing itself may still put what it is handed away. */
static bool puts_away(const struct flow_duty *duty, const struct frame *frame, int depth)
{
    struct flow *flow = duty->flow;
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_ASSIGN, op));)
        if (is_memory(op->place) && carries_object(duty, frame, op->value))
            return true;
    for (const struct ir_op *op = NULL;
         depth < 4 && (op = ir_next_op(frame->func, IR_OP_CALL, op));) {
        if (opaque_call_takes(duty, frame, op))
            return true;
        if (op->act && op->act->kind != ACT_INVOKE)
            continue;
        struct flow_targets targets = flow_callees_in(flow, frame, op);
        for (size_t i = 0; i < targets.bodies.count; i++)
            if (!flow_frame_has(frame, targets.bodies.at[i]) &&
                puts_away(duty, flow_frame(flow, targets.bodies.at[i], frame, op), depth + 1))
                return true;
    }
    return false;
}

static bool helper_puts_away(const struct flow_duty *duty, const struct frame *frame,
                             const struct ir_op *op)
{
    struct flow *flow = duty->flow;
    struct flow_targets targets = flow_callees_in(flow, frame, op);
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (!flow_can(flow, body, duty->fulfilment) && !flow_frame_has(frame, body) &&
            puts_away(duty, flow_frame(flow, body, frame, op), 0))
            return true;
    }
    return false;
}

/* Does the function itself fulfil this very duty when it runs in that frame? */
static bool fulfils(const struct flow_duty *duty, const struct frame *frame)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));)
        if (op->act && op->act->kind == duty->fulfilment && op->act->object &&
            names_it(duty, frame, op->act->object))
            return true;
    return false;
}

/* Another task that fulfils the duty does it for this one; one that may, or that nobody can look
 * into, may have taken it over. */
static enum walk_effect effect_of_spawn(const struct flow_duty *duty, const struct frame *frame,
                                        const struct ir_op *op)
{
    struct flow *flow = duty->flow;
    struct flow_targets targets = flow_callees_in(flow, frame, op);
    enum walk_effect effect = WALK_NOTHING;
    for (size_t i = 0; i < targets.bodies.count; i++) {
        const struct ir_func *body = targets.bodies.at[i];
        if (!flow_can(flow, body, duty->fulfilment))
            continue;
        if (!flow_frame_has(frame, body) && fulfils(duty, flow_frame(flow, body, frame, op)))
            return WALK_DOES;
        effect = WALK_HANDS_ON;
    }
    for (size_t i = 0; targets.has_unknown && i < op->act->arg_count; i++)
        if (carries_object(duty, frame, op->act->args[i]))
            effect = WALK_HANDS_ON;
    return effect;
}

/* Does somebody else than the task in that frame fulfil such a duty? */
static bool others_fulfil(const struct flow_duty *duty, const struct frame *frame)
{
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(duty->flow, duty->fulfilment, duty->object, use)))
        if (!flow_task_has(frame, use->func) && !flow_runs(duty->flow, frame->func, use->func))
            return true;
    return false;
}

static bool is_put_into(const struct flow_duty *duty, const struct frame *frame,
                        const struct ir_expr *value)
{
    if (value->kind != IR_LITERAL)
        return carries_object(duty, frame, value);
    for (uint32_t i = 0; i < value->element_count; i++)
        if (is_put_into(duty, frame, value->elements[i].value))
            return true;
    return false;
}

/* A record of the function that is given something which may lead to the object. */
static bool record_carries(const struct flow_duty *duty, const struct frame *frame,
                           const struct ir_expr *record)
{
    const struct ir_expr *root = ir_expr_root(record);
    if (!root || root->kind != IR_VAR || !ir_is_aggregate(record->type))
        return false;
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_ASSIGN, op));) {
        const struct ir_expr *place = ir_expr_root(op->place);
        if (place && ir_expr_equal(place, root) && is_put_into(duty, frame, op->value))
            return true;
    }
    return false;
}

/* What is sent takes along what it points to: `chan_send(jobs, &job)`.  A record, which tells of
 * many things, takes the duty along only where somebody else fulfils it. */
static bool sends_away(const struct flow_duty *duty, const struct frame *frame,
                       const struct ir_expr *value)
{
    if (!value || value->kind != IR_ADDR)
        return false;
    return carries_object(duty, frame, value->a) ||
           (record_carries(duty, frame, value->a) && others_fulfil(duty, frame));
}

static enum walk_effect effect_of_select(const struct flow_duty *duty, const struct frame *frame,
                                         const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++)
        if (act->arms[i].kind == ARM_SEND && sends_away(duty, frame, act->arms[i].value))
            return WALK_HANDS_ON;
    return WALK_NOTHING;
}

static enum walk_effect effect_of_act(const struct flow_duty *duty, const struct frame *frame,
                                      const struct ir_op *op)
{
    const struct act *act = op->act;
    if (act->kind == duty->fulfilment)
        return flow_duty_names(duty, frame, act->object) == FLOW_DIFFERENT ? WALK_NOTHING
                                                                           : WALK_DOES;
    switch (act->kind) {
    case ACT_SPAWN:
        return effect_of_spawn(duty, frame, op);
    case ACT_SEND:
        return sends_away(duty, frame, act->value) ? WALK_HANDS_ON : WALK_NOTHING;
    case ACT_SELECT:
        return effect_of_select(duty, frame, act);
    case ACT_AT_END:
        return act->value && carries_object(duty, frame, act->value) ? WALK_HANDS_ON : WALK_NOTHING;
    case ACT_INVOKE:
        return helper_puts_away(duty, frame, op) ? WALK_HANDS_ON : WALK_NOTHING;
    default:
        return WALK_NOTHING;
    }
}

enum walk_effect flow_duty_effect(const struct flow_duty *duty, const struct frame *frame,
                                  const struct ir_op *op)
{
    if (op->act)
        return effect_of_act(duty, frame, op);
    bool stores =
        op->kind == IR_OP_ASSIGN && is_memory(op->place) && carries_object(duty, frame, op->value);
    bool calls = op->kind == IR_OP_CALL &&
                 (opaque_call_takes(duty, frame, op) || call_takes(duty, frame, op) ||
                  helper_puts_away(duty, frame, op));
    return stores || calls ? WALK_HANDS_ON : WALK_NOTHING;
}

static bool may_fulfil(const struct flow_duty *duty, const struct frame *frame, int depth)
{
    struct flow *flow = duty->flow;
    if (depth > 4 || !flow_can(flow, frame->func, duty->fulfilment))
        return false;
    for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));) {
        if (op->act && op->act->kind == duty->fulfilment &&
            flow_duty_names(duty, frame, op->act->object) != FLOW_DIFFERENT)
            return true;
        if (op->act && op->act->kind != ACT_INVOKE)
            continue;
        struct flow_targets targets = flow_callees_in(flow, frame, op);
        for (size_t i = 0; i < targets.bodies.count; i++)
            if (!flow_frame_has(frame, targets.bodies.at[i]) &&
                may_fulfil(duty, flow_frame(flow, targets.bodies.at[i], frame, op), depth + 1))
                return true;
    }
    return false;
}

bool flow_duty_may_be_fulfilled(const struct flow_duty *duty, const struct frame *frame)
{
    return may_fulfil(duty, frame, 0);
}
