#include "explore/atomic.h"

#include <string.h>

static const char *atomic_name(const struct ir_op *op)
{
    static const char *const prefixes[] = {"__atomic_", "__c11_atomic_", "__sync_"};
    const struct ir_symbol *callee = op->act ? NULL : ir_callee(op);
    for (size_t i = 0; callee && i < COUNT_OF(prefixes); i++)
        if (strncmp(callee->name, prefixes[i], strlen(prefixes[i])) == 0)
            return callee->name + strlen(prefixes[i]);
    return NULL;
}

/* What an argument leads to: `&x` or a pointer. */
static struct lvalue behind(struct context *context, const struct ir_expr *pointer)
{
    uint16_t object;
    int32_t offset;
    if (pointer->kind == IR_ADDR)
        return eval_place(context, pointer->a);
    if (!eval_target(context, eval(context, pointer), pointer->type->target, &object, &offset))
        return (struct lvalue){L_NOWHERE, 0, 0, NULL};
    return (struct lvalue){L_CELL, object, offset, NULL};
}

static bool has(const char *name, const char *part)
{
    return strstr(name, part) != NULL;
}

/* What the operation makes of the two; IR_OP_NONE: nothing that is known. */
static enum ir_operator operator_of(const char *name)
{
    if (has(name, "add"))
        return IR_ADD;
    if (has(name, "sub"))
        return IR_SUB;
    if (has(name, "or"))
        return has(name, "xor") ? IR_XOR : IR_OR;
    return has(name, "and") && !has(name, "nand") ? IR_AND : IR_OP_NONE;
}

static struct value changed(struct machine *machine, const char *name, struct value old,
                            struct value by, const struct ir_type *type)
{
    enum ir_operator operator= operator_of(name);
    return operator== IR_OP_NONE ? eval_unknown(machine, type)
                                 : eval_arithmetic(machine, operator, old, by, type);
}

static void set_result(struct context *context, const struct ir_op *op, struct value value)
{
    if (op->temp && context->in->temp_slot[op->temp] != SLICE_NO_SLOT)
        context->machine->world.slots[context->frame->slots + context->in->temp_slot[op->temp]] =
            value;
}

static struct value compare_exchange(struct context *context, const struct ir_op *op,
                                     struct lvalue place, struct value old, bool by_address)
{
    struct machine *machine = context->machine;
    if (op->arg_count < 3)
        return (struct value){V_ANY, 0, 0, 0};
    struct value expected = by_address
                                ? eval_load(context, behind(context, op->args[1]), op->callee->type)
                                : eval(context, op->args[1]);
    bool is_it = eval_compare(machine, old, IR_EQ, expected, false);
    if (is_it)
        eval_store(context, place, eval(context, op->args[2]));
    else if (by_address)
        eval_store(context, behind(context, op->args[1]), old);
    return VALUE_INT(is_it);
}

void atomic_do(struct machine *machine, uint8_t task, const struct ir_op *op)
{
    struct context context = machine_context(machine, task);
    const char *name = atomic_name(op);
    const struct ir_type *type = op->args[0]->type->target;
    struct lvalue place = behind(&context, op->args[0]);
    struct value old = eval_load(&context, place, type);
    struct value by =
        op->arg_count > 1 && !has(name, "load") ? eval(&context, op->args[1]) : VALUE_INT(0);
    struct value result = old;
    if (has(name, "compare")) {
        result = compare_exchange(&context, op, place, old, !has(name, "swap"));
    } else if (has(name, "load") || has(name, "fence")) {
        /* reads only */
    } else if (has(name, "store") || has(name, "init") || has(name, "exchange") ||
               has(name, "lock_test_and_set")) {
        eval_store(&context, place, by);
    } else if (has(name, "lock_release") || has(name, "clear")) {
        eval_store(&context, place, VALUE_INT(0));
    } else if (has(name, "test_and_set")) {
        eval_store(&context, place, VALUE_INT(1));
    } else {
        struct value new = changed(machine, name, old, by, type);
        eval_store(&context, place, new);
        if (has(name, "_fetch"))
            result = new;
    }
    set_result(&context, op, result);
    step_advance(machine, task);
}
