#include "model/forward.h"

/* ---- what such a function looks like --------------------------------------------------------- */

static const struct ir_expr *without_casts(const struct ir_expr *value)
{
    while (value->kind == IR_CAST)
        value = value->a;
    return value;
}

static bool is_handed_on(const struct ir_func *func, const struct ir_expr *arg)
{
    arg = without_casts(arg);
    return arg->kind == IR_CONST || arg->kind == IR_STRING ||
           (arg->kind == IR_VAR && arg->var->id < func->param_count);
}

/* Nothing, or what the call gives back. */
static bool returns_result(const struct ir_block *block, const struct ir_op *call)
{
    if (block->end != IR_RETURN || !block->value)
        return block->end == IR_RETURN;
    const struct ir_expr *value = without_casts(block->value);
    return value->kind == IR_TEMP && call->temp != 0 && value->temp == call->temp;
}

static const struct ir_op *only_call(const struct ir_func *func)
{
    if (func->block_count != 1 || func->blocks[0].op_count != 1 || func->incomplete)
        return NULL;
    const struct ir_op *call = &func->blocks[0].ops[0];
    if (call->kind != IR_OP_CALL || call->is_cleanup || !ir_callee(call) ||
        !returns_result(&func->blocks[0], call))
        return NULL;
    for (size_t i = 0; i < call->arg_count; i++)
        if (!is_handed_on(func, call->args[i]))
            return NULL;
    return call;
}

/* ---- whose address nobody keeps -------------------------------------------------------------- */

static void drop_named(const struct ir_op **forwards, const struct ir_expr *expr)
{
    if (!expr)
        return;
    if (expr->kind == IR_SYMBOL)
        forwards[expr->symbol->id] = NULL;
    for (uint32_t i = 0; expr->kind == IR_LITERAL && i < expr->element_count; i++)
        drop_named(forwards, expr->elements[i].value);
    if (expr->kind != IR_LITERAL) {
        drop_named(forwards, expr->a);
        drop_named(forwards, expr->b);
    }
}

static void drop_kept(const struct ir_op **forwards, const struct ir_func *func)
{
    for (size_t i = 0; i < func->block_count; i++) {
        const struct ir_block *block = &func->blocks[i];
        drop_named(forwards, block->value);
        for (size_t j = 0; j < block->op_count; j++) {
            drop_named(forwards, block->ops[j].value);
            for (size_t k = 0; k < block->ops[j].arg_count; k++)
                drop_named(forwards, block->ops[j].args[k]);
        }
    }
}

const struct ir_op **forward_find(struct arena *arena, const struct ir_unit *unit)
{
    const struct ir_op **forwards = arena_array(arena, const struct ir_op *, unit->symbol_count);
    bool has_any = false;
    for (size_t i = 0; i < unit->func_count; i++) {
        const struct ir_symbol *symbol = unit->funcs[i]->symbol;
        forwards[symbol->id] = symbol->scope ? only_call(unit->funcs[i]) : NULL;
        has_any |= forwards[symbol->id] != NULL;
    }
    for (size_t i = 0; has_any && i < unit->func_count; i++)
        drop_kept(forwards, unit->funcs[i]);
    if (has_any && unit->init)
        drop_kept(forwards, unit->init);
    return forwards;
}

/* ---- looking through ------------------------------------------------------------------------- */

static const struct ir_expr *handed_on(const struct ir_op *call, const struct ir_expr *arg)
{
    arg = without_casts(arg);
    bool is_param = arg->kind == IR_VAR && arg->var->id < call->arg_count;
    return is_param ? call->args[arg->var->id] : arg;
}

struct ir_op forward_through(struct arena *arena, const struct ir_op *call,
                             const struct ir_op *inner)
{
    struct ir_op through = *call;
    through.callee = inner->callee;
    through.arg_count = inner->arg_count;
    through.args = arena_array(arena, const struct ir_expr *, inner->arg_count);
    for (size_t i = 0; i < inner->arg_count; i++)
        through.args[i] = handed_on(call, inner->args[i]);
    return through;
}
