#include "explore/written.h"

/* ---- constant texts -------------------------------------------------------------------------- */

static bool is_character(const struct ir_type *type)
{
    return type && type->kind == IR_TYPE_INT && type->size == 1;
}

/* A static object that is a text, points to one, or is a table of such. */
static bool holds_text(const struct ir_type *type)
{
    while (type && (type->kind == IR_TYPE_ARRAY || type->kind == IR_TYPE_POINTER))
        type = type->target;
    return is_character(type);
}

/* NULL: it is no text that stands in the program. */
static const char *key_of(struct arena *arena, const struct ir_expr *value)
{
    while (value->kind == IR_ADDR || value->kind == IR_INDEX || value->kind == IR_CAST)
        value = value->a;
    if (value->kind == IR_STRING)
        return value->text ? arena_printf(arena, "\1%s", value->text) : NULL;
    if (value->kind != IR_SYMBOL || value->symbol->kind != IR_SYMBOL_DATA ||
        !holds_text(value->symbol->type))
        return NULL;
    const char *scope = value->symbol->scope;
    return arena_printf(arena, "\2%s\2%s", value->symbol->name, scope ? scope : "");
}

/* ---- comparisons ----------------------------------------------------------------------------- */

static bool uses_temp(const struct ir_expr *expr, uint32_t temp)
{
    if (!expr)
        return false;
    for (uint32_t i = 0; expr->kind == IR_LITERAL && i < expr->element_count; i++)
        if (uses_temp(expr->elements[i].value, temp))
            return true;
    return (expr->kind == IR_TEMP && expr->temp == temp) || uses_temp(expr->a, temp) ||
           uses_temp(expr->b, temp);
}

static bool is_used(const struct ir_func *func, uint32_t temp)
{
    for (size_t b = 0; b < func->block_count; b++) {
        const struct ir_block *block = &func->blocks[b];
        if (uses_temp(block->value, temp))
            return true;
        for (size_t i = 0; i < block->op_count; i++) {
            if (uses_temp(block->ops[i].value, temp) || uses_temp(block->ops[i].place, temp))
                return true;
            for (size_t k = 0; k < block->ops[i].arg_count; k++)
                if (uses_temp(block->ops[i].args[k], temp))
                    return true;
        }
    }
    return false;
}

/* Is it a question about two texts or more: it only answers with a number? */
static bool is_question(const struct ir_func *in, const struct ir_op *op)
{
    const struct ir_symbol *callee = op->kind == IR_OP_CALL ? ir_callee(op) : NULL;
    if (!callee || op->act || !op->temp || !callee->is_in_system_header ||
        callee->type->is_variadic || !callee->type->target ||
        callee->type->target->kind != IR_TYPE_INT)
        return false;
    size_t texts = 0;
    for (size_t i = 0; i < op->arg_count; i++)
        texts += op->args[i]->type->kind == IR_TYPE_POINTER;
    return texts >= 2 && is_used(in, op->temp);
}

/* ---- what is written ------------------------------------------------------------------------- */

static void note(struct texts *texts, const struct ir_expr *value)
{
    if (!value)
        return;
    const char *key = key_of(texts->written.arena, value);
    if (key)
        *map_put_str(&texts->written, key) = texts;
    for (uint32_t i = 0; value->kind == IR_LITERAL && i < value->element_count; i++)
        note(texts, value->elements[i].value);
    note(texts, value->a);
    note(texts, value->b);
}

static void note_op(struct texts *texts, const struct ir_func *func, const struct ir_op *op)
{
    if (op->kind == IR_OP_ASSIGN)
        note(texts, op->value);
    for (size_t i = 0; op->kind == IR_OP_CALL && i < op->arg_count && !is_question(func, op); i++)
        note(texts, op->args[i]);
}

/* A static table of pointers to names is what input is looked up in; a text that a static object
 * holds may be sent. */
static void note_static(struct texts *texts, const struct ir_expr *value)
{
    if (value->kind == IR_STRING && value->type->kind == IR_TYPE_ARRAY)
        note(texts, value);
    for (uint32_t i = 0; value->kind == IR_LITERAL && i < value->element_count; i++)
        note_static(texts, value->elements[i].value);
}

static void note_func(struct texts *texts, const struct ir_func *func)
{
    for (size_t b = 0; b < func->block_count; b++) {
        for (size_t i = 0; i < func->blocks[b].op_count; i++)
            note_op(texts, func, &func->blocks[b].ops[i]);
        note(texts, func->blocks[b].value);
    }
}

void texts_make(struct texts *texts, struct flow *flow)
{
    size_t count;
    struct ir_unit *const *units = flow_units(flow, &count);
    for (size_t i = 0; !texts->is_made && i < count; i++) {
        for (size_t k = 0; k < units[i]->func_count; k++)
            note_func(texts, units[i]->funcs[k]);
        const struct ir_func *init = units[i]->init;
        for (const struct ir_op *op = init ? ir_next_op(init, IR_OP_ASSIGN, NULL) : NULL; op;
             op = ir_next_op(init, IR_OP_ASSIGN, op))
            note_static(texts, op->value);
    }
    texts->is_made = true;
}

static bool is_written(struct texts *texts, const struct ir_expr *value)
{
    const char *key = key_of(texts->written.arena, value);
    return key && map_get_str(&texts->written, key);
}

/* A text in memory of its own, into which it was copied.  Which one a pointer leads to is kept. */
static bool is_buffer(struct texts *texts, const struct ir_expr *value)
{
    return value->kind == IR_ADDR && !key_of(texts->written.arena, value);
}

typedef bool text_test(struct texts *, const struct ir_expr *);

/* Is an argument of the call like that, or what a caller of `in` hands on to it? */
static bool has_arg(struct texts *texts, struct flow *flow, const struct ir_func *in,
                    const struct ir_op *op, text_test *is_like_that)
{
    size_t count;
    const struct flow_site *callers = flow_callers(flow, in, &count);
    for (size_t i = 0; i < op->arg_count; i++) {
        const struct ir_expr *arg = op->args[i];
        if (is_like_that(texts, arg))
            return true;
        bool is_param = arg->kind == IR_VAR && arg->var->id < in->param_count;
        for (size_t k = 0; is_param && k < count; k++)
            if (callers[k].kind == SITE_CALL && arg->var->id < callers[k].op->arg_count &&
                is_like_that(texts, callers[k].op->args[arg->var->id]))
                return true;
    }
    return false;
}

bool text_is_asked_for(struct texts *texts, struct flow *flow, const struct ir_func *in,
                       const struct ir_op *op)
{
    return is_question(in, op) && has_arg(texts, flow, in, op, is_written) &&
           has_arg(texts, flow, in, op, is_buffer);
}
