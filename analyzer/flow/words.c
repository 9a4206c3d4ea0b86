/* Expressions in the words of the code, for messages. */
#include "base/text.h"
#include "flow/facts.h"
#include "flow/flow.h"

enum { NESTED_MAX = 3 }; /* calls within calls; deeper ones are left out of a message */

struct writer {
    const struct ir_func *func;
    unsigned depth;
};

static void write_temp(struct text *out, const void *context, uint32_t temp);

static void write_expr(struct text *out, const struct writer *writer, const struct ir_expr *expr)
{
    struct writer inner = {writer->func, writer->depth + 1};
    if (inner.depth > NESTED_MAX)
        text_add(out, "...");
    else
        ir_expr_print_as(out, expr, write_temp, &inner);
}

static bool is_macro_call(const struct act *act)
{
    return act && act->word && !text_is(act->word, act->function);
}

/* A macro's own last argument is the line that it stands on: nobody wrote that. */
static size_t written_args(const struct ir_op *call)
{
    bool has_line = is_macro_call(call->act) && call->arg_count > 0 &&
                    call->args[call->arg_count - 1]->kind == IR_STRING;
    return call->arg_count - has_line;
}

static void write_call(struct text *out, const struct writer *writer, const struct ir_op *call)
{
    if (is_macro_call(call->act))
        text_add(out, call->act->word);
    else
        write_expr(out, writer, call->callee);
    text_add_char(out, '(');
    for (size_t i = 0; i < written_args(call); i++) {
        if (i > 0)
            text_add(out, ", ");
        write_expr(out, writer, call->args[i]);
    }
    text_add_char(out, ')');
}

static void write_temp(struct text *out, const void *context, uint32_t temp)
{
    const struct writer *writer = context;
    const struct func_facts *facts = facts_of(writer->func);
    if (facts->temp_call[temp])
        write_call(out, writer, facts->temp_call[temp]);
    else if (facts->temp_value[temp])
        write_expr(out, writer, facts->temp_value[temp]);
    else
        text_add(out, "..."); /* merged: `a ? b : c` */
}

const struct ir_expr *flow_written(const struct ir_func *func, const struct ir_op *op,
                                   const struct ir_expr *object)
{
    const struct ir_var *var = op->is_cleanup ? op->var : NULL;
    const struct ir_expr *given = var ? facts_of(func)->var_value[var->id] : NULL;
    return given ? given : object;
}

const char *flow_text(struct arena *arena, const struct ir_func *func, const struct ir_expr *expr)
{
    struct writer writer = {func, 0};
    struct text text = {0};
    ir_expr_print_as(&text, expr, write_temp, &writer);
    const char *copy = arena_strndup(arena, text.at, text.length);
    text_release(&text);
    return copy;
}
