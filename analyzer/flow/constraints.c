#include "flow/constraints.h"

#include "flow/facts.h"

enum { POINTERS_MAX = 64 }; /* in one record, that a copy of it takes along */

/* Offsets that no member has: what lies in a channel, and a context's done channel. */
enum { MESSAGE_OFFSET = 1 << 28, DONE_OFFSET = 1 << 29 };

/* Where a record has pointers. */
struct layout {
    size_t count;
    int64_t offsets[POINTERS_MAX]; /* bytes */
};

struct builder {
    struct flow *flow;
    struct solver *solver;
    struct map layouts;         /* by record → struct layout */
    const struct ir_func *func; /* whose expressions are looked at */
    bool is_library;            /* without a main, others call its functions */
};

/* A part of an object, or what a pointer leads to. */
struct place {
    bool is_object;
    uint32_t id;    /* the object, or the pointer's node */
    int64_t offset; /* bytes */
};

static uint32_t value_node(struct builder *, const struct ir_expr *);

/* ---- places and values ----------------------------------------------------------------------- */

static struct place object_place(uint32_t object)
{
    return (struct place){true, object, 0};
}

static struct place pointed_place(uint32_t pointer, int64_t offset)
{
    return (struct place){false, pointer, offset};
}

static struct place part_of(struct place place, int64_t offset)
{
    place.offset += offset;
    return place;
}

/* Temp 0 holds what the function returns. */
static struct place result_place(const struct ir_func *func)
{
    return object_place(solver_temp(func, 0));
}

int64_t constraints_index_offset(const struct ir_expr *index)
{
    bool is_bytes =
        index->type->size == 1 && index->b->kind == IR_CONST && !ir_index_is_inside(index);
    return is_bytes ? index->b->value : 0;
}

static bool is_first_element(const struct ir_expr *index)
{
    return ir_is_zero(index->b) || constraints_index_offset(index) != 0;
}

static struct place place_of(struct builder *builder, const struct ir_expr *expr)
{
    struct place place;
    switch (expr->kind) {
    case IR_VAR:
        return object_place(solver_variable(builder->solver, builder->func, expr->var));
    case IR_SYMBOL:
        return object_place(solver_static(builder->solver, expr->symbol));
    case IR_TEMP:
        return object_place(solver_temp(builder->func, expr->temp));
    case IR_FIELD:
        return part_of(place_of(builder, expr->a), expr->value);
    case IR_INDEX:
        place = part_of(place_of(builder, expr->a), constraints_index_offset(expr));
        if (place.is_object && !is_first_element(expr))
            solver_object(builder->solver, place.id)->is_many = true;
        return place;
    case IR_DEREF:
        return pointed_place(value_node(builder, expr->a), 0);
    default:
        return pointed_place(NO_NODE, 0);
    }
}

static uint32_t cell_of(struct builder *builder, struct place object)
{
    return solver_cell(builder->solver, target_at(object.id, object.offset));
}

static uint32_t content_of(struct builder *builder, struct place place)
{
    if (place.is_object)
        return cell_of(builder, place);
    if (place.id == NO_NODE)
        return NO_NODE;
    uint32_t node = solver_new_node(builder->solver);
    solver_add_load(builder->solver, place.id, place.offset, node);
    return node;
}

static uint32_t address_of(struct builder *builder, struct place place)
{
    if (!place.is_object && place.offset == 0)
        return place.id;
    uint32_t node = solver_new_node(builder->solver);
    if (place.is_object)
        solver_add_target(builder->solver, node, target_at(place.id, place.offset));
    else
        solver_add_offset(builder->solver, place.id, place.offset, node);
    return node;
}

static uint32_t object_address(struct builder *builder, uint32_t object)
{
    return address_of(builder, object_place(object));
}

static bool may_hold_pointer(const struct ir_type *type)
{
    return type->kind == IR_TYPE_POINTER || type->kind == IR_TYPE_FUNCTION ||
           type->kind == IR_TYPE_OTHER ||
           (type->kind == IR_TYPE_INT && type->size >= sizeof(void *));
}

static uint32_t function_address(struct builder *builder, const struct ir_symbol *symbol)
{
    const struct ir_func *body = flow_body(builder->flow, symbol);
    return object_address(builder,
                          body ? solver_function(builder->solver, body) : (uint32_t)OUTSIDE_OBJECT);
}

/* Pointer arithmetic, or a choice: the result may be either operand. */
static uint32_t either_node(struct builder *builder, const struct ir_expr *binary)
{
    uint32_t a = value_node(builder, binary->a), b = value_node(builder, binary->b);
    if (a == NO_NODE || b == NO_NODE)
        return a == NO_NODE ? b : a;
    uint32_t node = solver_new_node(builder->solver);
    solver_add_copy(builder->solver, a, node);
    solver_add_copy(builder->solver, b, node);
    return node;
}

bool constraints_is_place(const struct ir_expr *expr)
{
    return expr->kind == IR_VAR || expr->kind == IR_SYMBOL || expr->kind == IR_TEMP ||
           expr->kind == IR_FIELD || expr->kind == IR_INDEX || expr->kind == IR_DEREF;
}

/* NO_NODE: a value that leads nowhere. */
static uint32_t value_node(struct builder *builder, const struct ir_expr *expr)
{
    bool is_function = expr->kind == IR_SYMBOL && expr->symbol->kind == IR_SYMBOL_FUNCTION;
    if (is_function)
        return function_address(builder, expr->symbol);
    if (constraints_is_place(expr)) {
        bool is_read = expr->kind == IR_SYMBOL || may_hold_pointer(expr->type);
        return is_read ? content_of(builder, place_of(builder, expr)) : (uint32_t)NO_NODE;
    }
    switch (expr->kind) {
    case IR_ADDR:
        return address_of(builder, place_of(builder, expr->a));
    case IR_CAST:
    case IR_UNARY:
        return value_node(builder, expr->a);
    case IR_BINARY:
        return may_hold_pointer(expr->type) ? either_node(builder, expr) : (uint32_t)NO_NODE;
    case IR_UNKNOWN:
        return may_hold_pointer(expr->type) ? object_address(builder, OUTSIDE_OBJECT)
                                            : (uint32_t)NO_NODE;
    default:
        return NO_NODE;
    }
}

/* ---- assignments ----------------------------------------------------------------------------- */

static void find_pointers(struct layout *layout, const struct ir_type *type, int64_t offset)
{
    while (type && type->kind == IR_TYPE_ARRAY)
        type = type->target;
    if (!type || layout->count == POINTERS_MAX)
        return;
    if (may_hold_pointer(type)) {
        layout->offsets[layout->count++] = offset;
        return;
    }
    if (type->kind != IR_TYPE_RECORD || !type->record)
        return;
    for (size_t i = 0; i < type->record->field_count; i++)
        find_pointers(layout, type->record->fields[i].type,
                      offset + (int64_t)type->record->fields[i].offset);
}

static const struct layout *layout_of(struct builder *builder, const struct ir_type *type)
{
    const void *key = type->record ? (const void *)type->record : (const void *)type;
    void **slot = map_put(&builder->layouts, &key, sizeof key);
    if (!*slot) {
        struct layout found = {0};
        find_pointers(&found, type, 0);
        *slot = arena_copy(builder->flow->arena, &found, sizeof found);
    }
    return *slot;
}

static void store(struct builder *builder, struct place to, uint32_t value)
{
    if (value == NO_NODE)
        return;
    if (to.is_object)
        solver_add_copy(builder->solver, value, cell_of(builder, to));
    else
        solver_add_store(builder->solver, to.id, to.offset, value);
}

static void store_typed(struct builder *builder, struct place to, const struct ir_type *type,
                        uint32_t value)
{
    if (to.is_object && type->kind == IR_TYPE_POINTER)
        solver_set_type(builder->solver, cell_of(builder, to), type);
    store(builder, to, value);
}

/* All pointers of a value of that type go from one place to the other. */
static void copy_value(struct builder *builder, struct place to, struct place from,
                       const struct ir_type *type)
{
    if (may_hold_pointer(type)) {
        store_typed(builder, to, type, content_of(builder, from));
        return;
    }
    const struct layout *layout = layout_of(builder, type);
    for (size_t i = 0; i < layout->count; i++)
        store(builder, part_of(to, layout->offsets[i]),
              content_of(builder, part_of(from, layout->offsets[i])));
}

static bool is_record_place(const struct ir_expr *value)
{
    return constraints_is_place(value) && ir_is_aggregate(value->type);
}

static void assign(struct builder *builder, struct place to, const struct ir_type *type,
                   const struct ir_expr *value)
{
    if (value->kind == IR_LITERAL) {
        for (uint32_t i = 0; i < value->element_count; i++) {
            const struct ir_element *element = &value->elements[i];
            assign(builder, part_of(to, (int64_t)element->offset), element->value->type,
                   element->value);
        }
    } else if (is_record_place(value)) {
        copy_value(builder, to, place_of(builder, value), value->type);
    } else {
        store_typed(builder, to, type, value_node(builder, value));
    }
}

/* The elements of an array in a literal are one, as everywhere. */
static void add_assignment(struct builder *builder, const struct ir_op *op)
{
    struct place to = place_of(builder, op->place);
    const struct ir_type *type = op->place->type;
    if (op->value->kind != IR_LITERAL || type->kind != IR_TYPE_ARRAY || !type->target->size) {
        assign(builder, to, type, op->value);
        return;
    }
    for (uint32_t i = 0; i < op->value->element_count; i++) {
        const struct ir_element *element = &op->value->elements[i];
        int64_t offset = (int64_t)(element->offset % type->target->size);
        assign(builder, part_of(to, offset), element->value->type, element->value);
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

static bool is_spawn(const struct ir_op *op)
{
    return op->act && op->act->kind == ACT_SPAWN;
}

/* Arguments go to the parameters, and the result, which nobody gets of a task, comes back. */
static void enter_body(struct builder *builder, const struct ir_op *op, const struct ir_func *body)
{
    struct solver *solver = builder->solver;
    size_t count;
    const struct ir_expr *const *args = site_args(op, &count);
    for (size_t i = 0; i < count && i < body->param_count; i++)
        assign(builder, object_place(solver_variable(solver, body, body->vars[i])),
               body->vars[i]->type, args[i]);
    solver_add_outside_params(solver, body, count);
    const struct ir_type *result = body->symbol->type->target;
    if (op->temp && !is_spawn(op) && result)
        copy_value(builder, object_place(solver_temp(builder->func, op->temp)), result_place(body),
                   result);
}

/* Who is handed a text or a number to fill in gets no more than that. */
static bool leads_to_pointers(const struct ir_type *type)
{
    const struct ir_type *target = type->kind == IR_TYPE_POINTER ? type->target : NULL;
    while (target && target->kind == IR_TYPE_ARRAY)
        target = target->target;
    return !target || (target->kind != IR_TYPE_INT && target->kind != IR_TYPE_BOOL &&
                       target->kind != IR_TYPE_FLOAT);
}

static void hand_out_record(struct builder *builder, const struct ir_expr *record)
{
    const struct layout *layout = layout_of(builder, record->type);
    struct place place = place_of(builder, record);
    for (size_t i = 0; i < layout->count; i++)
        solver_add_copy(builder->solver, content_of(builder, part_of(place, layout->offsets[i])),
                        HANDED_OUT_NODE);
}

static const struct ir_type *element_of(const struct ir_type *type)
{
    while (type->kind == IR_TYPE_ARRAY && type->target)
        type = type->target;
    return type;
}

const struct ir_expr *flow_part_handed(const struct ir_expr *arg)
{
    const struct ir_expr *part = arg->kind == IR_ADDR ? arg->a : NULL;
    const struct ir_expr *holder = part;
    while (holder && holder->kind == IR_INDEX)
        holder = holder->a;
    bool is_inside = holder && holder->kind == IR_FIELD;
    return is_inside && element_of(part->type)->kind == IR_TYPE_POINTER ? part : NULL;
}

static void hand_out_part(struct builder *builder, const struct ir_expr *part)
{
    struct place place = place_of(builder, part);
    uint32_t filled_in = solver_new_node(builder->solver);
    solver_add_copy(builder->solver, content_of(builder, place), HANDED_OUT_NODE);
    solver_add_outside(builder->solver, filled_in, element_of(part->type));
    store_typed(builder, place, element_of(part->type), filled_in);
}

/* A call hands its arguments to code out of sight. */
static void hand_out_args(struct builder *builder, const struct ir_op *op)
{
    size_t count;
    const struct ir_expr *const *args = site_args(op, &count);
    for (size_t i = 0; i < count; i++) {
        const struct ir_expr *part = flow_part_handed(args[i]);
        if (is_record_place(args[i]))
            hand_out_record(builder, args[i]);
        else if (part)
            hand_out_part(builder, part);
        else if (leads_to_pointers(args[i]->type))
            solver_add_copy(builder->solver, value_node(builder, args[i]), HANDED_OUT_NODE);
    }
}

/* Functions handed to the system's own code are called with what it likes. */
static void hand_out_functions(struct builder *builder, const struct ir_op *op)
{
    for (size_t i = 0; i < op->arg_count; i++) {
        const struct ir_expr *arg = op->args[i];
        if (arg->kind == IR_SYMBOL && arg->symbol->kind == IR_SYMBOL_FUNCTION)
            solver_add_copy(builder->solver, value_node(builder, arg), OUTSIDE_NODE);
    }
}

/* NULL: not known. */
static const struct ir_type *result_type(const struct ir_op *op)
{
    const struct ir_type *type = op->callee->type;
    if (type->kind == IR_TYPE_POINTER && type->target)
        type = type->target;
    return type->kind == IR_TYPE_FUNCTION ? type->target : NULL;
}

static uint32_t result_cell(struct builder *builder, const struct ir_op *op)
{
    return cell_of(builder, object_place(solver_temp(builder->func, op->temp)));
}

/* The system's code keeps nothing of its arguments but what it calls back with later, and what it
 * gives back is new. */
static void call_system(struct builder *builder, const struct ir_op *op)
{
    hand_out_functions(builder, op);
    if (flow_calls_back(op))
        hand_out_args(builder, op);
    const struct ir_type *type = result_type(op);
    if (!op->temp || !type || type->kind != IR_TYPE_POINTER)
        return;
    uint32_t made = solver_made_by(builder->solver, builder->func, op);
    solver_add_target(builder->solver, result_cell(builder, op), target_at(made, 0));
}

static void call_outside(struct builder *builder, const struct ir_op *op)
{
    hand_out_args(builder, op);
    if (op->temp)
        solver_add_outside(builder->solver, result_cell(builder, op), result_type(op));
}

static void add_call(struct builder *builder, const struct ir_op *op)
{
    struct flow_targets targets = flow_callees(builder->flow, builder->func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        enter_body(builder, op, targets.bodies.at[i]);
    if (!targets.has_unknown)
        return;
    const struct ir_symbol *callee = ir_callee(op);
    if (op->act)
        hand_out_args(builder, op);
    else if (callee && callee->is_in_system_header)
        call_system(builder, op);
    else
        call_outside(builder, op);
}

/* ---- operations with a meaning --------------------------------------------------------------- */

/* `place` gets what the operation makes. */
static void add_made(struct builder *builder, const struct ir_op *op, const struct ir_expr *place)
{
    if (!place || !may_hold_pointer(place->type))
        return;
    uint32_t made = solver_made_by(builder->solver, builder->func, op);
    uint32_t node = object_address(builder, made);
    store_typed(builder, place_of(builder, place), place->type, node);
}

/* What is sent lies in the channel until it is received. */
static void add_message(struct builder *builder, const struct ir_expr *channel,
                        const struct ir_expr *value, bool is_send)
{
    if (!channel || !value)
        return;
    struct place inside = pointed_place(value_node(builder, channel), MESSAGE_OFFSET);
    struct place outside = pointed_place(value_node(builder, value), 0);
    const struct ir_type *type = value->type->target;
    if (type && type->kind == IR_TYPE_VOID)
        type = value->type; /* one word, as good a guess as any */
    if (!type || inside.id == NO_NODE || outside.id == NO_NODE)
        return;
    if (is_send)
        copy_value(builder, inside, outside, type);
    else
        copy_value(builder, outside, inside, type);
}

static void add_messages_of_arms(struct builder *builder, const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++) {
        const struct act_arm *arm = &act->arms[i];
        if (arm->kind == ARM_SEND || arm->kind == ARM_RECV)
            add_message(builder, arm->channel, arm->value, arm->kind == ARM_SEND);
    }
}

/* A context has one done channel, however often it is asked for. */
static void add_done_channel(struct builder *builder, const struct ir_op *op)
{
    const struct act *act = op->act;
    if (!act->object)
        return;
    uint32_t context = act->context ? value_node(builder, act->context) : (uint32_t)NO_NODE;
    if (context == NO_NODE)
        add_made(builder, op, act->object);
    else
        store(builder, place_of(builder, act->object),
              address_of(builder, pointed_place(context, DONE_OFFSET)));
}

static void add_act(struct builder *builder, const struct ir_op *op)
{
    const struct act *act = op->act;
    switch (act->kind) {
    case ACT_MAKE:
    case ACT_DERIVE:
        add_made(builder, op, act->object);
        break;
    case ACT_SPAWN:
        add_made(builder, op, act->object);
        add_call(builder, op);
        break;
    case ACT_INVOKE:
        add_call(builder, op);
        break;
    case ACT_SEND:
    case ACT_RECV:
        add_message(builder, act->object, act->value, act->kind == ACT_SEND);
        break;
    case ACT_SELECT:
        add_messages_of_arms(builder, act);
        break;
    case ACT_REF:
        if (act->object && op->temp)
            solver_add_copy(builder->solver, value_node(builder, act->object),
                            result_cell(builder, op));
        break;
    case ACT_DONE_CHANNEL:
        add_done_channel(builder, op);
        break;
    default:
        break;
    }
}

/* ---- the whole program ----------------------------------------------------------------------- */

static void add_block(struct builder *builder, const struct ir_block *block)
{
    for (size_t i = 0; i < block->op_count; i++) {
        const struct ir_op *op = &block->ops[i];
        if (op->kind == IR_OP_ASSIGN)
            add_assignment(builder, op);
        else if (op->kind == IR_OP_CALL && op->act)
            add_act(builder, op);
        else if (op->kind == IR_OP_CALL)
            add_call(builder, op);
    }
    if (block->end == IR_RETURN && block->value)
        assign(builder, result_place(builder->func), block->value->type, block->value);
}

static void add_body(struct builder *builder, const struct ir_func *func)
{
    builder->func = func;
    for (size_t i = 0; i < func->block_count; i++)
        add_block(builder, &func->blocks[i]);
}

static void add_callers_out_of_sight(struct builder *builder, const struct ir_func *func)
{
    bool has_callers = facts_of(func)->callers.count > 0;
    /* They bring objects of their own, which are none of those that callers in sight bring, and get
     * one of their own from what makes one for each. */
    bool is_for_each = has_callers && flow_gives_out(builder->flow, func);
    bool is_called_from_outside = !has_callers || (builder->is_library && !func->symbol->scope);
    if (!has_callers)
        solver_add_outside_params(builder->solver, func, 0);
    if (!is_called_from_outside || is_for_each)
        return;
    const struct ir_type *type = func->symbol->type->target;
    if (type && type->kind != IR_TYPE_VOID)
        copy_value(builder, object_place(OUTSIDE_OBJECT), result_place(func), type);
}

/* Variables and temps first: calls need those of functions that come later. */
static void add_program(struct builder *builder)
{
    const struct flow *flow = builder->flow;
    for (size_t i = 0; i < flow->funcs.count; i++)
        solver_add_variables(builder->solver, flow->funcs.at[i]);
    for (size_t i = 0; i < flow->unit_count; i++) {
        if (!flow->units[i]->init)
            continue;
        solver_add_variables(builder->solver, flow->units[i]->init);
        add_body(builder, flow->units[i]->init);
    }
    for (size_t i = 0; i < flow->funcs.count; i++) {
        add_callers_out_of_sight(builder, flow->funcs.at[i]);
        add_body(builder, flow->funcs.at[i]);
    }
}

struct solver *constraints_solve(struct flow *flow)
{
    struct builder builder = {.flow = flow, .is_library = !map_get_str(&flow->bodies, "main")};
    builder.layouts.arena = flow->arena;
    builder.solver = solver_new(flow->arena, builder.is_library);
    add_program(&builder);
    solver_run(builder.solver);
    return builder.solver;
}
