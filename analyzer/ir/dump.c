/*
 * dump.c - the IR as text: expressions as C programmers write them, functions for people and
 * goldens.
 */
#include "ir/ir.h"

#include <inttypes.h>
#include <string.h>

/* ---- expressions ----------------------------------------------------------------------------- */

/* How tightly C binds: an operand of a lower level needs parentheses. */
enum level {
    LEVEL_ANY,
    LEVEL_OR,
    LEVEL_XOR,
    LEVEL_AND,
    LEVEL_EQUALITY,
    LEVEL_ORDER,
    LEVEL_SHIFT,
    LEVEL_SUM,
    LEVEL_PRODUCT,
    LEVEL_UNARY,
    LEVEL_POSTFIX,
};

/* A function that is dumped, and which of its variables have the name of an earlier one. */
struct listing {
    const struct ir_func *func;
    const bool *is_repeated; /* by the variable's id */
};

struct printer {
    struct text *out;
    const struct listing *listing; /* for a dump: tell variables of one name apart; else NULL */
    unsigned depth;
    unsigned budget; /* nodes still to print: a shared tree may be huge when written out */
    ir_temp_writer *write_temp; /* NULL: temps by their numbers */
    const void *context;        /* of write_temp */
};

enum { DEPTH_MAX = 200, NODES_MAX = 5000, STRING_MAX = 40, ELEMENTS_MAX = 32 };

static void print_at(struct printer *printer, const struct ir_expr *expr, enum level least);

static const struct {
    const char *sign;
    enum level level;
} operators[] = {
    [IR_OP_NONE] = {"?", LEVEL_ANY},   [IR_NEG] = {"-", LEVEL_UNARY},
    [IR_BIT_NOT] = {"~", LEVEL_UNARY}, [IR_NOT] = {"!", LEVEL_UNARY},
    [IR_ADD] = {"+", LEVEL_SUM},       [IR_SUB] = {"-", LEVEL_SUM},
    [IR_MUL] = {"*", LEVEL_PRODUCT},   [IR_DIV] = {"/", LEVEL_PRODUCT},
    [IR_REM] = {"%", LEVEL_PRODUCT},   [IR_SHL] = {"<<", LEVEL_SHIFT},
    [IR_SHR] = {">>", LEVEL_SHIFT},    [IR_AND] = {"&", LEVEL_AND},
    [IR_OR] = {"|", LEVEL_OR},         [IR_XOR] = {"^", LEVEL_XOR},
    [IR_LT] = {"<", LEVEL_ORDER},      [IR_LE] = {"<=", LEVEL_ORDER},
    [IR_GT] = {">", LEVEL_ORDER},      [IR_GE] = {">=", LEVEL_ORDER},
    [IR_EQ] = {"==", LEVEL_EQUALITY},  [IR_NE] = {"!=", LEVEL_EQUALITY},
};

static void print_number(struct text *out, const struct ir_type *type, int64_t value)
{
    bool is_unsigned = type->kind == IR_TYPE_INT && !type->is_signed;
    if (is_unsigned)
        text_printf(out, "%" PRIu64, (uint64_t)value);
    else
        text_printf(out, "%" PRId64, value);
}

static void print_const(struct text *out, const struct ir_expr *expr)
{
    if (expr->type->kind == IR_TYPE_BOOL)
        text_add(out, expr->value ? "true" : "false");
    else if (expr->type->kind == IR_TYPE_POINTER && expr->value == 0)
        text_add(out, "NULL");
    else if (expr->type->kind == IR_TYPE_POINTER)
        text_printf(out, "0x%" PRIx64, (uint64_t)expr->value);
    else
        print_number(out, expr->type, expr->value);
}

/* The length of the well-formed UTF-8 sequence at `at`, 0: none. */
static size_t utf8_length(const unsigned char *at)
{
    size_t length = at[0] >= 0xc2 && at[0] < 0xe0   ? 2
                    : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                    : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                    : 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

/* Prints the character at `at`, escaped as C wants it; returns its length in bytes. */
static size_t print_character(struct text *out, const unsigned char *at)
{
    static const char plain[] = "\"\\\n\t\r", escaped[] = "\"\\ntr";
    const char *special = strchr(plain, at[0]);
    size_t length = utf8_length(at);
    if (special)
        text_printf(out, "\\%c", escaped[special - plain]);
    else if (length)
        text_add_bytes(out, at, length);
    else if (at[0] < 0x20 || at[0] >= 0x7f)
        text_printf(out, "\\%03o", at[0]);
    else
        text_add_char(out, (char)at[0]);
    return length ? length : 1;
}

static void print_string(struct text *out, const char *string)
{
    const unsigned char *at = (const unsigned char *)string;
    text_add_char(out, '"');
    for (size_t i = 0; at[0] && i < STRING_MAX; i++)
        at += print_character(out, at);
    text_add(out, at[0] ? "\"..." : "\"");
}

/* `x`, or `x.3` where an earlier variable of the function has the same name. */
static void print_var(struct printer *printer, const struct ir_var *var)
{
    text_add(printer->out, var->name);
    if (printer->listing && printer->listing->is_repeated[var->id])
        text_printf(printer->out, ".%" PRIu32, var->id);
}

static void print_field(struct printer *printer, const struct ir_expr *expr)
{
    const struct ir_expr *record = expr->a;
    /* C leaves anonymous members unnamed: `p->f` whatever lies between. */
    while (record->kind == IR_FIELD && record->name[0] == '\0')
        record = record->a;
    bool is_arrow = record->kind == IR_DEREF;
    print_at(printer, is_arrow ? record->a : record, LEVEL_POSTFIX);
    if (expr->name[0])
        text_printf(printer->out, "%s%s", is_arrow ? "->" : ".", expr->name);
    else
        text_printf(printer->out, "%sat %" PRId64, is_arrow ? "->" : ".", expr->value);
}

static void print_index(struct printer *printer, const struct ir_expr *expr)
{
    if (ir_index_is_inside(expr)) {
        print_at(printer, expr->a, LEVEL_POSTFIX);
    } else if (expr->a->kind == IR_DEREF) {
        print_at(printer, expr->a->a, LEVEL_POSTFIX);
    } else {
        text_add(printer->out, "(&");
        print_at(printer, expr->a, LEVEL_UNARY);
        text_add_char(printer->out, ')');
    }
    text_add_char(printer->out, '[');
    if (ir_is_zero(expr->b))
        text_add_char(printer->out, '0'); /* whatever its type: not NULL */
    else
        print_at(printer, expr->b, LEVEL_ANY);
    text_add_char(printer->out, ']');
}

/* An array's address is written as the array, unless it is meant as a pointer to the whole. */
static bool is_decay(const struct ir_expr *addr)
{
    const struct ir_type *target = addr->type->target;
    return addr->a->type->kind == IR_TYPE_ARRAY && !(target && target->kind == IR_TYPE_ARRAY);
}

static void print_addr(struct printer *printer, const struct ir_expr *expr)
{
    if (is_decay(expr)) {
        print_at(printer, expr->a, LEVEL_POSTFIX);
        return;
    }
    text_add_char(printer->out, '&');
    print_at(printer, expr->a, LEVEL_UNARY);
}

static void print_unary(struct printer *printer, const struct ir_expr *expr)
{
    text_add(printer->out, operators[expr->op].sign);
    bool is_minus = (expr->a->kind == IR_UNARY && expr->a->op == IR_NEG) ||
                    (expr->a->kind == IR_CONST && expr->a->value < 0);
    print_at(printer, expr->a,
             is_minus ? LEVEL_POSTFIX : LEVEL_UNARY); /* `--x` is something else */
}

static void print_binary(struct printer *printer, const struct ir_expr *expr)
{
    enum level level = operators[expr->op].level;
    print_at(printer, expr->a, level);
    text_printf(printer->out, " %s ", operators[expr->op].sign);
    print_at(printer, expr->b, level + 1);
}

static bool is_alike(const struct ir_type *a, const struct ir_type *b)
{
    return a->kind == b->kind && a->size == b->size;
}

/* The member that holds `offset`; of a union's, rather the one that is as `wanted`. */
static const struct ir_field *field_at(const struct ir_record *record, uint64_t offset,
                                       const struct ir_type *wanted)
{
    const struct ir_field *first = NULL;
    for (size_t i = 0; i < record->field_count; i++) {
        const struct ir_field *field = &record->fields[i];
        if (offset < field->offset || offset - field->offset >= field->type->size)
            continue;
        if (offset == field->offset && is_alike(field->type, wanted))
            return field;
        if (!first)
            first = field;
    }
    return first;
}

/* One step of a designator, `.f` or `[2]`, towards `*offset` in `type`: the type there, or NULL. */
static const struct ir_type *print_step(struct text *out, const struct ir_type *type,
                                        uint64_t *offset, const struct ir_type *wanted)
{
    if (type->kind == IR_TYPE_ARRAY && type->target && type->target->size) {
        text_printf(out, "[%" PRIu64 "]", *offset / type->target->size);
        *offset %= type->target->size;
        return type->target;
    }
    if (type->kind != IR_TYPE_RECORD || !type->record)
        return NULL;
    const struct ir_field *field = field_at(type->record, *offset, wanted);
    if (!field)
        return NULL;
    if (field->name[0])
        text_printf(out, ".%s", field->name);
    *offset -= field->offset;
    return field->type;
}

static bool is_scalar(const struct ir_type *type)
{
    return type->kind != IR_TYPE_ARRAY && type->kind != IR_TYPE_RECORD;
}

/* `.queue.size` for what lies at `offset`; `.at 8` where the type does not tell. */
static void print_designator(struct text *out, const struct ir_type *type, uint64_t offset,
                             const struct ir_type *wanted)
{
    enum { STEPS_MAX = 16 };
    struct text path = {0};
    uint64_t rest = offset;
    for (int i = 0; type && i < STEPS_MAX; i++) {
        bool is_there = is_scalar(type) || is_alike(type, wanted);
        if (is_there && i > 0)
            break;
        type = print_step(&path, type, &rest, wanted);
    }
    if (type && rest == 0 && path.length)
        text_add(out, path.at);
    else
        text_printf(out, ".at %" PRIu64, offset);
    text_release(&path);
}

static void print_literal(struct printer *printer, const struct ir_expr *expr)
{
    text_add_char(printer->out, '{');
    const char *between = "";
    for (uint32_t i = 0; i < expr->element_count; i++, between = ", ") {
        if (i == ELEMENTS_MAX)
            break;
        const struct ir_element *element = &expr->elements[i];
        text_add(printer->out, between);
        print_designator(printer->out, expr->type, element->offset, element->value->type);
        text_add(printer->out, " = ");
        print_at(printer, element->value, LEVEL_ANY);
    }
    if (expr->is_partial || expr->element_count > ELEMENTS_MAX)
        text_printf(printer->out, "%s...", between);
    text_add_char(printer->out, '}');
}

static enum level level_of(const struct ir_expr *expr)
{
    switch (expr->kind) {
    case IR_BINARY:
        return operators[expr->op].level;
    case IR_UNARY:
    case IR_DEREF:
    case IR_CAST:
        return LEVEL_UNARY;
    case IR_ADDR:
        return is_decay(expr) ? LEVEL_POSTFIX : LEVEL_UNARY;
    case IR_CONST:
        return expr->value < 0 ? LEVEL_UNARY : LEVEL_POSTFIX;
    default:
        return LEVEL_POSTFIX;
    }
}

static void print_node(struct printer *printer, const struct ir_expr *expr)
{
    struct text *out = printer->out;
    switch (expr->kind) {
    case IR_UNKNOWN:
        text_add_char(out, '?');
        return;
    case IR_CONST:
        print_const(out, expr);
        return;
    case IR_STRING:
        print_string(out, expr->text);
        return;
    case IR_VAR:
        print_var(printer, expr->var);
        return;
    case IR_SYMBOL:
        text_add(out, expr->symbol->name);
        return;
    case IR_TEMP:
        if (printer->write_temp)
            printer->write_temp(out, printer->context, expr->temp);
        else
            text_printf(out, "t%" PRIu32, expr->temp);
        return;
    case IR_FIELD:
        print_field(printer, expr);
        return;
    case IR_INDEX:
        print_index(printer, expr);
        return;
    case IR_DEREF:
        text_add_char(out, '*');
        print_at(printer, expr->a, LEVEL_UNARY);
        return;
    case IR_ADDR:
        print_addr(printer, expr);
        return;
    case IR_UNARY:
        print_unary(printer, expr);
        return;
    case IR_BINARY:
        print_binary(printer, expr);
        return;
    case IR_CAST:
        text_printf(out, "(%s)", expr->type->name);
        print_at(printer, expr->a, LEVEL_UNARY);
        return;
    case IR_LITERAL:
        print_literal(printer, expr);
        return;
    }
}

static void print_at(struct printer *printer, const struct ir_expr *expr, enum level least)
{
    if (printer->depth >= DEPTH_MAX || printer->budget == 0) {
        text_add(printer->out, "...");
        return;
    }
    printer->budget--;
    printer->depth++;
    bool has_brackets = level_of(expr) < least;
    if (has_brackets)
        text_add_char(printer->out, '(');
    print_node(printer, expr);
    if (has_brackets)
        text_add_char(printer->out, ')');
    printer->depth--;
}

static void print_expr(struct text *out, const struct listing *listing, const struct ir_expr *expr,
                       enum level least)
{
    struct printer printer = {.out = out, .listing = listing, .budget = NODES_MAX};
    print_at(&printer, expr, least);
}

void ir_expr_print(struct text *out, const struct ir_expr *expr)
{
    print_expr(out, NULL, expr, LEVEL_ANY);
}

void ir_expr_print_as(struct text *out, const struct ir_expr *expr, ir_temp_writer *write,
                      const void *context)
{
    struct printer printer = {
        .out = out, .budget = NODES_MAX, .write_temp = write, .context = context};
    print_at(&printer, expr, LEVEL_ANY);
}

const char *ir_expr_text(struct arena *arena, const struct ir_expr *expr)
{
    struct text text = {0};
    ir_expr_print(&text, expr);
    const char *copy = arena_strndup(arena, text.at, text.length);
    text_release(&text);
    return copy;
}

/* ---- functions ------------------------------------------------------------------------------- */

/* "20:9", with the base name of the file in front when it is not the main one: dumps must not
 * depend on where the sources lie. */
static void print_pos(struct text *out, const struct ir_unit *unit, const struct ir_pos *pos)
{
    if (pos->line == 0) {
        text_add(out, "nowhere");
        return;
    }
    if (unit && pos->file != 0)
        text_printf(out, "%s:", path_base(ir_pos_path(unit, pos)));
    text_printf(out, "%" PRIu32 ":%" PRIu32, pos->line, pos->column);
}

/* Ends the line that began at `start`, with the position, if there is one, in a column of its own.
 */
static void end_line(struct text *out, size_t start, const struct ir_unit *unit,
                     const struct ir_pos *pos)
{
    enum { COMMENT_COLUMN = 64 };
    if (pos->line != 0) {
        do
            text_add_char(out, ' ');
        while (out->length - start < COMMENT_COLUMN);
        text_add(out, "# ");
        print_pos(out, unit, pos);
    }
    text_add_char(out, '\n');
}

/* `name` declared as `type`, the way C writes it: "int (*run)(void *)", "char line[80]". */
static void print_declaration(struct text *out, const struct ir_type *type, const char *name)
{
    const char *pointer = strstr(type->name, "(*");
    const char *bracket = strchr(type->name, '[');
    const char *at = pointer ? pointer + 1 + strspn(pointer + 1, "*") : bracket;
    if (!name[0] || !at)
        at = type->name + strlen(type->name);
    text_add_bytes(out, type->name, (size_t)(at - type->name));
    bool is_close = pointer || text_ends(type->name, "*");
    if (name[0])
        text_printf(out, "%s%s", is_close ? "" : " ", name);
    text_add(out, at);
}

static void print_notes(struct text *out, const char **notes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add(out, " note ");
        print_string(out, notes[i]);
    }
}

static bool has_param_note(const struct ir_symbol *symbol, uint32_t param)
{
    for (size_t i = 0; i < symbol->param_note_count; i++)
        if (symbol->param_notes[i].param == param)
            return true;
    return false;
}

static void print_param_notes(struct text *out, const struct ir_symbol *symbol, uint32_t param)
{
    for (size_t i = 0; i < symbol->param_note_count; i++)
        if (symbol->param_notes[i].param == param)
            print_notes(out, &symbol->param_notes[i].text, 1);
}

static void print_call(struct text *out, const struct listing *listing, const struct ir_op *op)
{
    if (op->is_cleanup)
        text_add(out, "cleanup ");
    if (op->temp)
        text_printf(out, "t%" PRIu32 " = ", op->temp);
    print_expr(out, listing, op->callee, LEVEL_POSTFIX);
    text_add_char(out, '(');
    for (size_t i = 0; i < op->arg_count; i++) {
        if (i)
            text_add(out, ", ");
        print_expr(out, listing, op->args[i], LEVEL_ANY);
    }
    text_add_char(out, ')');
}

static void print_op(struct text *out, const struct listing *listing, const struct ir_op *op)
{
    struct printer printer = {.out = out, .listing = listing};
    switch (op->kind) {
    case IR_OP_CALL:
        print_call(out, listing, op);
        return;
    case IR_OP_ASSIGN:
        print_expr(out, listing, op->place, LEVEL_ANY);
        text_add(out, " = ");
        print_expr(out, listing, op->value, LEVEL_ANY);
        return;
    case IR_OP_BEGIN:
    case IR_OP_END:
        text_add(out, op->kind == IR_OP_BEGIN ? "begin " : "end ");
        print_var(&printer, op->var);
        return;
    case IR_OP_UNKNOWN:
        text_printf(out, "unknown %s", op->text);
        return;
    }
}

static void print_switch(struct text *out, const struct listing *listing,
                         const struct ir_block *block)
{
    text_add(out, "switch ");
    print_expr(out, listing, block->value, LEVEL_ANY);
    for (size_t i = 0; i < block->edge_count; i++) {
        const struct ir_edge *edge = &block->edges[i];
        text_add(out, i ? ", " : ": ");
        if (edge->is_default) {
            text_add(out, "default");
        } else {
            print_number(out, block->value->type, edge->low);
            if (edge->high != edge->low) {
                text_add(out, "..");
                print_number(out, block->value->type, edge->high);
            }
        }
        text_printf(out, " -> b%" PRIu32, edge->to);
    }
}

static void print_computed(struct text *out, const struct listing *listing,
                           const struct ir_block *block)
{
    text_add(out, "goto *(");
    print_expr(out, listing, block->value, LEVEL_ANY);
    text_add_char(out, ')');
    for (size_t i = 0; i < block->edge_count; i++)
        text_printf(out, "%s b%" PRIu32, i ? "," : ":", block->edges[i].to);
}

static void print_end(struct text *out, const struct listing *listing, const struct ir_block *block)
{
    switch (block->end) {
    case IR_JUMP:
        text_printf(out, "goto b%" PRIu32, block->edges[0].to);
        return;
    case IR_BRANCH:
        text_add(out, "if ");
        print_expr(out, listing, block->value, LEVEL_ANY);
        text_printf(out, " goto b%" PRIu32 " else b%" PRIu32, block->edges[0].to,
                    block->edges[1].to);
        return;
    case IR_SWITCH:
        print_switch(out, listing, block);
        return;
    case IR_COMPUTED:
        print_computed(out, listing, block);
        return;
    case IR_RETURN:
        text_add(out, block->value ? "return " : "return");
        if (block->value)
            print_expr(out, listing, block->value, LEVEL_ANY);
        return;
    case IR_STOP:
        text_add(out, "stop");
        return;
    }
}

static void print_block(struct text *out, const struct listing *listing,
                        const struct ir_block *block)
{
    text_printf(out, "  b%" PRIu32 ":", block->id);
    for (size_t i = 0; i < block->pred_count; i++)
        text_printf(out, "%s b%" PRIu32, i ? "," : " from", block->preds[i]);
    text_add_char(out, '\n');
    for (size_t i = 0; i < block->op_count; i++) {
        size_t start = out->length;
        text_add(out, "    ");
        print_op(out, listing, &block->ops[i]);
        end_line(out, start, listing->func->unit, &block->ops[i].pos);
    }
    size_t start = out->length;
    text_add(out, "    ");
    print_end(out, listing, block);
    end_line(out, start, listing->func->unit, &block->pos);
}

static void print_local(struct text *out, const struct listing *listing, const struct ir_var *var)
{
    struct printer printer = {.out = out, .listing = listing};
    struct text name = {0};
    printer.out = &name;
    print_var(&printer, var);
    size_t start = out->length;
    text_add(out, var->kind == IR_VAR_PARAM ? "  parameter " : "  variable ");
    print_declaration(out, var->type, name.at);
    text_release(&name);
    if (var->is_address_taken)
        text_add(out, " address-taken");
    if (var->cleanup)
        text_printf(out, " cleanup %s", var->cleanup->name);
    print_notes(out, var->notes, var->note_count);
    if (var->kind == IR_VAR_PARAM)
        print_param_notes(out, listing->func->symbol, var->id);
    end_line(out, start, listing->func->unit, &var->pos);
}

static void print_locals(struct text *out, const struct listing *listing)
{
    const struct ir_func *func = listing->func;
    for (size_t i = 0; i < func->var_count; i++) {
        const struct ir_var *var = func->vars[i];
        bool is_in_heading = var->kind == IR_VAR_PARAM;
        if (!is_in_heading || var->is_address_taken || has_param_note(func->symbol, var->id))
            print_local(out, listing, var);
    }
}

static void print_symbol_traits(struct text *out, const struct ir_symbol *symbol)
{
    const struct {
        bool is_so;
        const char *word;
    } traits[] = {
        {symbol->scope != NULL, " static"},
        {symbol->is_inline, " inline"},
        {symbol->is_weak, " weak"},
        {symbol->is_noreturn, " noreturn"},
        {symbol->is_thread_local, " thread-local"},
    };
    for (size_t i = 0; i < COUNT_OF(traits); i++)
        if (traits[i].is_so)
            text_add(out, traits[i].word);
    print_notes(out, symbol->notes, symbol->note_count);
}

static void print_heading(struct text *out, const struct ir_func *func)
{
    if (!func->symbol) {
        text_add(out, "initialisers");
    } else {
        text_printf(out, "function %s(", func->symbol->name);
        for (size_t i = 0; i < func->param_count; i++) {
            text_add(out, i ? ", " : "");
            print_declaration(out, func->vars[i]->type, func->vars[i]->name);
        }
        if (func->symbol->type->is_variadic)
            text_add(out, func->param_count ? ", ..." : "...");
        text_add(out, ") at ");
        print_pos(out, func->unit, &func->pos);
        print_symbol_traits(out, func->symbol);
    }
    if (func->incomplete)
        text_printf(out, " incomplete: %s", func->incomplete);
    text_add_char(out, '\n');
}

static const bool *find_repeated(struct arena *arena, const struct ir_func *func)
{
    bool *is_repeated = arena_array(arena, bool, func->var_count);
    struct map names = {.arena = arena};
    for (size_t i = 0; i < func->var_count; i++) {
        void **known = map_put_str(&names, func->vars[i]->name);
        is_repeated[i] = *known != NULL;
        *known = &names;
    }
    return is_repeated;
}

void ir_dump_func(struct text *out, const struct ir_func *func)
{
    struct arena arena = {0};
    const struct listing listing = {func, find_repeated(&arena, func)};
    print_heading(out, func);
    print_locals(out, &listing);
    for (size_t i = 0; i < func->loop_count; i++) {
        text_printf(out, "  loop b%" PRIu32 " at ", func->loops[i].head);
        print_pos(out, func->unit, &func->loops[i].pos);
        text_add_char(out, '\n');
    }
    for (size_t i = 0; i < func->block_count; i++)
        print_block(out, &listing, &func->blocks[i]);
    arena_release(&arena);
}

static void print_object(struct text *out, const struct ir_unit *unit,
                         const struct ir_symbol *symbol)
{
    text_add(out, "object ");
    print_declaration(out, symbol->type, symbol->name);
    text_add(out, " at ");
    print_pos(out, unit, &symbol->pos);
    print_symbol_traits(out, symbol);
    text_add_char(out, '\n');
}

static void print_remark(struct text *out, const struct ir_unit *unit,
                         const struct ir_remark *remark)
{
    static const char *const at[] = {
        [IR_REMARK_CODE] = "line",
        [IR_REMARK_FUNCTION] = "function",
        [IR_REMARK_PARAM] = "parameter",
    };
    text_add(out, "remark ");
    print_string(out, remark->text);
    text_add(out, " at ");
    print_pos(out, unit, &remark->pos);
    text_printf(out, " of %s", at[remark->at]);
    if (remark->symbol)
        text_printf(out, "%s %s", remark->at == IR_REMARK_PARAM ? " of" : "", remark->symbol->name);
    else
        text_printf(out, " %" PRIu32, remark->target);
    if (remark->unknown)
        text_printf(out, " unknown %s", remark->unknown);
    text_add(out, remark->is_conditional ? " conditional\n" : "\n");
}

void ir_dump_unit(struct text *out, const struct ir_unit *unit)
{
    text_printf(out, "unit %s%s\n", path_base(unit->main_file),
                unit->is_incomplete ? " incomplete" : "");
    for (size_t i = 0; i < unit->error_count; i++) {
        text_add(out, "error at ");
        print_pos(out, unit, &unit->errors[i].pos);
        text_printf(out, ": %s\n", unit->errors[i].message);
    }
    for (size_t i = 0; i < unit->remark_count; i++)
        print_remark(out, unit, &unit->remarks[i]);
    for (size_t i = 0; i < unit->symbol_count; i++)
        if (unit->symbols[i]->kind == IR_SYMBOL_DATA && unit->symbols[i]->is_defined)
            print_object(out, unit, unit->symbols[i]);
    for (size_t i = 0; i < unit->func_count; i++)
        ir_dump_func(out, unit->funcs[i]);
    if (unit->init && unit->init->op_count)
        ir_dump_func(out, unit->init);
}
