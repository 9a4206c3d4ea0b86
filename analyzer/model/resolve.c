#include "model/resolve.h"

/* ---- what is known of variables and temps ---------------------------------------------------- */

static const struct ir_type *number_type(const struct ir_unit *unit)
{
    const struct ir_type *best = NULL;
    for (size_t i = 0; i < unit->type_count; i++) {
        const struct ir_type *type = unit->types[i];
        if (type->kind == IR_TYPE_INT && type->is_signed && type->size <= 8 && !type->is_volatile &&
            !type->is_atomic && (!best || type->size > best->size))
            best = type;
    }
    return best;
}

void scene_begin(struct scene *scene, struct arena *arena, const struct ir_func *func)
{
    const struct ir_type *number = scene->number;
    *scene = (struct scene){.arena = arena, .unit = func->unit, .func = func, .number = number};
    if (!number)
        scene->number = number_type(func->unit);
}

static struct known_variable *variable_of(struct scene *scene, const struct ir_expr *place)
{
    const struct ir_expr *root = place ? ir_expr_root(place) : NULL;
    return root && root->kind == IR_VAR ? &scene->variables[root->var->id] : NULL;
}

static const struct ir_expr *without_casts(const struct ir_expr *value)
{
    while (value->kind == IR_CAST)
        value = value->a;
    return value;
}

static bool is_function(const struct ir_expr *value)
{
    return value->kind == IR_SYMBOL && value->symbol->kind == IR_SYMBOL_FUNCTION;
}

/* Sums are deep to the left, so only the right side and the elements of lists go down the stack. */
static void note_addresses(struct scene *scene, const struct ir_expr *expr)
{
    for (; expr; expr = expr->a) {
        struct known_variable *variable =
            expr->kind == IR_ADDR ? variable_of(scene, expr->a) : NULL;
        if (variable)
            variable->addresses_taken++;
        if (expr->kind == IR_LITERAL)
            for (uint32_t i = 0; i < expr->element_count; i++)
                note_addresses(scene, expr->elements[i].value);
        note_addresses(scene, expr->b);
    }
}

static void note_operation(struct scene *scene, const struct ir_op *op)
{
    struct known_variable *variable =
        op->kind == IR_OP_ASSIGN ? variable_of(scene, op->place) : NULL;
    if (variable) {
        variable->assignments++;
        if (op->place->kind == IR_VAR && op->value->kind == IR_LITERAL)
            variable->literal = op->value;
        const struct ir_expr *value = without_casts(op->value);
        if (op->place->kind == IR_VAR && is_function(value))
            variable->function = value;
    }
    note_addresses(scene, op->value);
    for (size_t i = 0; i < op->arg_count; i++)
        note_addresses(scene, op->args[i]);
}

static const struct known_variable *know_variable(struct scene *scene, const struct ir_var *var)
{
    if (!scene->variables) {
        scene->variables = arena_array(scene->arena, struct known_variable, scene->func->var_count);
        for (size_t b = 0; b < scene->func->block_count; b++)
            for (size_t i = 0; i < scene->func->blocks[b].op_count; i++)
                note_operation(scene, &scene->func->blocks[b].ops[i]);
    }
    return &scene->variables[var->id];
}

/* The list that a variable holds whenever it is read: assigned once, and handed to one call only.
 */
static const struct ir_expr *literal_of(struct scene *scene, const struct ir_var *var)
{
    const struct known_variable *known = know_variable(scene, var);
    if (known->assignments != 1 || (var->kind != IR_VAR_LITERAL && known->addresses_taken > 1))
        return NULL;
    return known->literal;
}

const struct ir_expr *resolve_callee(struct scene *scene, const struct ir_op *call)
{
    const struct ir_expr *callee = call->callee;
    if (callee->kind != IR_VAR || callee->var->kind != IR_VAR_LOCAL)
        return callee;
    const struct known_variable *known = know_variable(scene, callee->var);
    bool is_fixed = known->function && known->assignments == 1 && known->addresses_taken == 0;
    return is_fixed ? known->function : callee;
}

static void note_definition(struct scene *scene, const struct ir_op *op, bool *is_twice)
{
    uint32_t temp = op->kind == IR_OP_CALL ? op->temp : 0;
    if (op->kind == IR_OP_ASSIGN && op->place->kind == IR_TEMP)
        temp = op->place->temp;
    if (!temp || temp > scene->func->temp_count)
        return;
    is_twice[temp] = scene->definitions[temp] != NULL;
    scene->definitions[temp] = op;
}

static void find_definitions(struct scene *scene)
{
    size_t count = (size_t)scene->func->temp_count + 1;
    scene->definitions = arena_array(scene->arena, const struct ir_op *, count);
    bool *is_twice = arena_array(scene->arena, bool, count);
    for (size_t b = 0; b < scene->func->block_count; b++)
        for (size_t i = 0; i < scene->func->blocks[b].op_count; i++)
            note_definition(scene, &scene->func->blocks[b].ops[i], is_twice);
    for (size_t i = 0; i < count; i++)
        if (is_twice[i])
            scene->definitions[i] = NULL;
}

const struct ir_op *resolve_definition(struct scene *scene, const struct ir_expr *temp)
{
    enum { COPIES_MAX = 16 };
    if (!scene->definitions)
        find_definitions(scene);
    for (int copies = 0; copies < COPIES_MAX && temp->kind == IR_TEMP; copies++) {
        const struct ir_op *op =
            temp->temp <= scene->func->temp_count ? scene->definitions[temp->temp] : NULL;
        if (!op || op->kind != IR_OP_ASSIGN)
            return op;
        temp = op->value;
    }
    return NULL;
}

/* ---- looking through initialisers ------------------------------------------------------------ */

/* The list that `place` is a part of, and where in it; NULL: none is known. */
static const struct ir_expr *enclosing_literal(struct scene *scene, const struct ir_expr *place,
                                               uint64_t *offset)
{
    for (*offset = 0; place->kind == IR_FIELD || place->kind == IR_INDEX; place = place->a) {
        if (place->kind == IR_FIELD)
            *offset += (uint64_t)place->value;
        else if (place->b->kind == IR_CONST && place->b->value >= 0)
            *offset += (uint64_t)place->b->value * place->type->size;
        else
            return NULL;
    }
    if (place->kind == IR_LITERAL)
        return place;
    return place->kind == IR_VAR ? literal_of(scene, place->var) : NULL;
}

static bool is_scalar(const struct ir_type *type)
{
    return type->kind == IR_TYPE_BOOL || type->kind == IR_TYPE_INT || type->kind == IR_TYPE_FLOAT ||
           type->kind == IR_TYPE_POINTER;
}

/* The value found at a place. */
static const struct ir_expr *content(struct scene *scene, const struct ir_expr *place)
{
    uint64_t offset;
    if (!place || (place->kind != IR_FIELD && place->kind != IR_INDEX && place->kind != IR_VAR))
        return place;
    const struct ir_expr *literal = enclosing_literal(scene, place, &offset);
    if (!literal || !is_scalar(place->type))
        return place;
    if (offset >= literal->type->size)
        return NULL;
    const struct ir_expr *value = ir_literal_at(literal, offset);
    if (value)
        return value;
    return literal->is_partial ? ir_unknown(scene->arena, place->type)
                               : ir_const(scene->arena, place->type, 0);
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* What a pointer points to.  The argument's own type may have lost it (void *, an integer), then
 * the parameter's tells; NULL: neither does. */
static const struct ir_expr *pointee(struct scene *scene, const struct ir_expr *pointer,
                                     const struct ir_type *declared)
{
    const struct ir_type *types[] = {pointer->type, declared};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (types[i] && types[i]->kind == IR_TYPE_POINTER && types[i]->target &&
            types[i]->target->kind != IR_TYPE_VOID)
            return ir_deref(scene->arena, types[i]->target, pointer);
    return NULL;
}

static const struct ir_expr *field_of(struct scene *scene, const struct ir_expr *record,
                                      const char *name)
{
    struct ir_field field;
    if (!record || !record->type->record || !ir_record_field(record->type->record, name, &field))
        return NULL;
    return ir_field(scene->arena, field.type, record, field.name, field.offset);
}

static const struct ir_expr *element_of(struct scene *scene, const struct ir_expr *array,
                                        int64_t index, const struct ir_type *declared)
{
    if (!scene->number)
        return NULL;
    const struct ir_expr *at = ir_const(scene->arena, scene->number, index);
    if (array->type->kind == IR_TYPE_ARRAY && array->type->target)
        return ir_index(scene->arena, array->type->target, array, at);
    const struct ir_expr *first = pointee(scene, array, declared);
    return first ? ir_index(scene->arena, first->type, first, at) : NULL;
}

static const struct ir_expr *take_step(struct scene *scene, const struct ir_expr *expr,
                                       const struct reference_step *step,
                                       const struct ir_type *declared)
{
    switch (step->kind) {
    case STEP_STAR:
        expr = content(scene, expr);
        return expr ? pointee(scene, expr, declared) : NULL;
    case STEP_ARROW:
        expr = content(scene, expr);
        return expr ? field_of(scene, pointee(scene, expr, declared), step->field) : NULL;
    case STEP_DOT:
        return field_of(scene, expr, step->field);
    case STEP_INDEX:
        if (expr->type->kind != IR_TYPE_ARRAY)
            expr = content(scene, expr);
        return expr ? element_of(scene, expr, step->index, declared) : NULL;
    }
    return NULL;
}

/* ---- references ------------------------------------------------------------------------------ */

/* The type of the function that a call calls; NULL: unknown. */
static const struct ir_type *called_type(const struct ir_op *call)
{
    const struct ir_type *type = call->callee->type;
    if (type->kind == IR_TYPE_POINTER && type->target)
        type = type->target;
    return type->kind == IR_TYPE_FUNCTION ? type : NULL;
}

const struct ir_type *resolve_declared_type(const struct ir_op *call,
                                            const struct reference *reference)
{
    const struct ir_type *type = called_type(call);
    if (!type)
        return NULL;
    if (reference->base == REFERENCE_RETURN)
        return type->target;
    if (reference->base == REFERENCE_ARG && (uint64_t)reference->number < type->param_count)
        return type->params[reference->number];
    return NULL;
}

static const struct ir_expr *base_value(struct scene *scene, const struct ir_op *call,
                                        const struct reference *reference,
                                        const struct ir_type *declared)
{
    switch (reference->base) {
    case REFERENCE_NONE:
        break;
    case REFERENCE_ARG:
        return (uint64_t)reference->number < call->arg_count ? call->args[reference->number] : NULL;
    case REFERENCE_RETURN:
        return call->temp && declared ? ir_temp(scene->arena, declared, call->temp) : NULL;
    case REFERENCE_INTEGER:
        return scene->number ? ir_const(scene->arena, scene->number, reference->number) : NULL;
    case REFERENCE_UNKNOWN:
        return scene->number ? ir_unknown(scene->arena, scene->number) : NULL;
    }
    return NULL;
}

/* The place or value that a reference leads to; arrays stay what they are. */
static const struct ir_expr *lead_to(struct scene *scene, const struct ir_op *call,
                                     const struct reference *reference)
{
    const struct ir_type *declared = resolve_declared_type(call, reference);
    const struct ir_expr *expr = base_value(scene, call, reference, declared);
    for (size_t i = 0; expr && i < reference->step_count; i++) {
        expr = take_step(scene, expr, &reference->steps[i], declared);
        declared = NULL; /* it told about the first step */
    }
    return expr;
}

static const struct ir_expr *as_operand(const struct ir_expr *value)
{
    bool is_whole = value && (value->type->kind == IR_TYPE_ARRAY);
    return is_whole ? NULL : value;
}

/* What `*arg 0` names may be filled in by the call, so its initialiser does not count. */
static bool is_read(const struct reference *reference)
{
    return reference->step_count && reference->steps[reference->step_count - 1].kind != STEP_STAR;
}

const struct ir_expr *resolve(struct scene *scene, const struct ir_op *call,
                              const struct reference *reference)
{
    const struct ir_expr *place = lead_to(scene, call, reference);
    return as_operand(is_read(reference) ? content(scene, place) : place);
}

const struct ir_expr *resolve_place(struct scene *scene, const struct ir_op *call,
                                    const struct reference *reference)
{
    return as_operand(lead_to(scene, call, reference));
}

const struct ir_expr *resolve_element(struct scene *scene, const struct ir_op *call,
                                      const struct reference *array, int64_t index,
                                      const char *field)
{
    const struct ir_expr *place = lead_to(scene, call, array);
    const struct ir_type *declared = array->step_count ? NULL : resolve_declared_type(call, array);
    const struct reference_step step = {.kind = STEP_INDEX, .index = index};
    if (place)
        place = take_step(scene, place, &step, declared);
    if (place && field)
        place = field_of(scene, place, field);
    return as_operand(content(scene, place));
}

const struct ir_expr *resolve_word(const struct ir_expr *value)
{
    while (value && value->kind == IR_CAST && is_scalar(value->type) &&
           value->type->kind != IR_TYPE_FLOAT && value->a->type->kind != IR_TYPE_FLOAT &&
           is_scalar(value->a->type) && value->type->size >= value->a->type->size)
        value = value->a;
    return value;
}
