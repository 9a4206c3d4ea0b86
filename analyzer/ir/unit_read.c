/*
 * unit_read.c - a unit from bytes that may be damaged or made to hurt.  The form is in
 * unit_format.h.
 *
 * The first thing that is wrong is kept as the problem and moves the reader to the end of its
 * bytes, so that every later read yields 0 and every loop ends; callers look at `problem` before
 * they use what they read as an index.  Nothing is allocated for a count that the remaining bytes
 * cannot hold. What later layers rely on is checked here, with names of its own in the section
 * "invariants".
 */
#include "ir/ir.h"
#include "ir/unit_format.h"

#include <inttypes.h>
#include <string.h>

struct reader {
    struct arena *arena;
    const unsigned char *at, *end;
    const char *problem;
    struct ir_unit *unit;
    const char **strings;
    size_t string_count;
    uint64_t tree_nodes; /* still allowed, of all operands written out as trees */
    uint64_t temps_max;  /* more temps than this no honest function has */
    /* Of the function at hand. */
    struct ir_func *func;
    const struct ir_expr **exprs;
    struct expr_size {
        uint32_t depth, nodes;
    } * sizes; /* of exprs, as trees */
    size_t expr_count;
};

__attribute__((format(printf, 2, 3))) static void fail(struct reader *reader, const char *format,
                                                       ...)
{
    reader->at = reader->end;
    if (reader->problem)
        return;
    va_list args;
    va_start(args, format);
    struct text text = {0};
    char line[200];
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text_printf(&text, "the unit file is damaged: %s", line);
    reader->problem = arena_strndup(reader->arena, text.at, text.length);
    text_release(&text);
}

/* ---- numbers and strings --------------------------------------------------------------------- */

static size_t remaining(const struct reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static uint64_t get(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (reader->at == reader->end) {
            fail(reader, "it ends too early");
            return 0;
        }
        unsigned char byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            /* One number, one spelling: no bits beyond the 64th, no empty last byte. */
            if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
                break;
            return value;
        }
    }
    fail(reader, "a number is malformed");
    return 0;
}

/* A number of at most `max`, else the file is damaged and the result 0. */
static uint64_t get_up_to(struct reader *reader, uint64_t max, const char *what)
{
    uint64_t value = get(reader);
    if (value <= max)
        return value;
    fail(reader, "%s is out of range (%" PRIu64 ")", what, value);
    return 0;
}

static uint32_t get_u32(struct reader *reader, const char *what)
{
    return (uint32_t)get_up_to(reader, UINT32_MAX, what);
}

static bool get_bool(struct reader *reader)
{
    return get_up_to(reader, 1, "a yes or no") != 0;
}

static int64_t get_signed(struct reader *reader)
{
    uint64_t bits = get(reader);
    return (int64_t)(bits & 1 ? ~(bits >> 1) : bits >> 1);
}

static uint64_t get_fixed(struct reader *reader, unsigned bytes)
{
    if (remaining(reader) < bytes) {
        fail(reader, "it ends too early");
        return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)*reader->at++ << (8 * i);
    return value;
}

/* How many items follow, each of at least `item_bytes`. */
static size_t get_count(struct reader *reader, size_t item_bytes, const char *what)
{
    uint64_t count = get(reader);
    if (count <= remaining(reader) / item_bytes)
        return (size_t)count;
    fail(reader, "more %s than there is room for", what);
    return 0;
}

static void read_strings(struct reader *reader)
{
    reader->string_count = get_count(reader, 1, "strings");
    reader->strings = arena_array(reader->arena, const char *, reader->string_count);
    for (size_t i = 0; i < reader->string_count; i++) {
        size_t length = get_count(reader, 1, "bytes in a string");
        if (memchr(reader->at, '\0', length))
            fail(reader, "a string holds a NUL");
        if (reader->problem)
            return;
        reader->strings[i] = arena_strndup(reader->arena, (const char *)reader->at, length);
        reader->at += length;
    }
}

static const char *get_optional_string(struct reader *reader)
{
    uint64_t index = get_up_to(reader, reader->string_count, "a string's number");
    return index ? reader->strings[index - 1] : NULL;
}

static const char *get_string(struct reader *reader)
{
    const char *string = get_optional_string(reader);
    if (string)
        return string;
    fail(reader, "a string is missing");
    return "";
}

static const char **get_notes(struct reader *reader, size_t *count)
{
    *count = get_count(reader, 1, "notes");
    const char **notes = *count ? arena_array(reader->arena, const char *, *count) : NULL;
    for (size_t i = 0; i < *count; i++)
        notes[i] = get_string(reader);
    return notes;
}

static struct ir_pos get_pos(struct reader *reader)
{
    struct ir_pos pos = {.line = get_u32(reader, "a line")};
    if (pos.line == 0)
        return (struct ir_pos){0};
    pos.file = get_u32(reader, "a file's number");
    pos.column = get_u32(reader, "a column");
    int64_t lines = get_signed(reader);
    pos.end_column = get_u32(reader, "a column");
    if (pos.file >= reader->unit->file_count)
        fail(reader, "a position is in no file");
    else if (lines < -(int64_t)pos.line || lines > (int64_t)(UINT32_MAX - pos.line))
        fail(reader, "a position ends nowhere");
    if (reader->problem)
        return (struct ir_pos){0};
    pos.end_line = (uint32_t)((int64_t)pos.line + lines);
    return pos;
}

/* ---- references ------------------------------------------------------------------------------ */

/* The references below yield NULL after a failure only, but for the optional ones. */

static struct ir_type *get_type(struct reader *reader)
{
    uint64_t id = get(reader);
    if (!reader->problem && id < reader->unit->type_count)
        return reader->unit->types[id];
    fail(reader, "there is no type %" PRIu64, id);
    return NULL;
}

static struct ir_type *get_optional_type(struct reader *reader)
{
    uint64_t id = get_up_to(reader, reader->unit->type_count, "a type's number");
    return id ? reader->unit->types[id - 1] : NULL;
}

static struct ir_symbol *get_symbol(struct reader *reader)
{
    uint64_t id = get(reader);
    if (!reader->problem && id < reader->unit->symbol_count)
        return reader->unit->symbols[id];
    fail(reader, "there is no symbol %" PRIu64, id);
    return NULL;
}

static struct ir_symbol *get_optional_symbol(struct reader *reader)
{
    uint64_t id = get_up_to(reader, reader->unit->symbol_count, "a symbol's number");
    return id ? reader->unit->symbols[id - 1] : NULL;
}

static const struct ir_var *get_var(struct reader *reader)
{
    uint64_t id = get(reader);
    if (!reader->problem && id < reader->func->var_count)
        return reader->func->vars[id];
    fail(reader, "there is no variable %" PRIu64, id);
    return NULL;
}

static const struct ir_var *get_optional_var(struct reader *reader)
{
    uint64_t id = get_up_to(reader, reader->func->var_count, "a variable's number");
    return id ? reader->func->vars[id - 1] : NULL;
}

/* ---- types and names ------------------------------------------------------------------------- */

static void read_file(struct reader *reader, struct ir_file *file)
{
    file->path = get_string(reader);
    file->hash = get_fixed(reader, 8);
    file->size = get(reader);
    file->is_system = get_bool(reader);
}

static void read_type(struct reader *reader, struct ir_type *type)
{
    type->kind = (enum ir_type_kind)get_up_to(reader, IR_TYPE_FUNCTION, "a kind of type");
    type->name = get_string(reader);
    type->size = get(reader);
    type->count = get(reader);
    type->enumerator_count = get(reader);
    uint64_t flags = get_up_to(reader, 2 * TYPE_IS_VARIADIC - 1, "the flags of a type");
    type->is_signed = flags & TYPE_IS_SIGNED;
    type->is_volatile = flags & TYPE_IS_VOLATILE;
    type->is_atomic = flags & TYPE_IS_ATOMIC;
    type->is_variadic = flags & TYPE_IS_VARIADIC;
    type->target = get_optional_type(reader);
    type->alias_of = get_optional_type(reader);
    uint64_t record = get_up_to(reader, reader->unit->record_count, "a record's number");
    type->record = record ? reader->unit->records[record - 1] : NULL;
    type->param_count = get_count(reader, 1, "parameters");
    type->params = arena_array(reader->arena, const struct ir_type *, type->param_count);
    for (size_t i = 0; i < type->param_count; i++)
        type->params[i] = get_type(reader);
}

static void read_record(struct reader *reader, struct ir_record *record)
{
    enum { FIELD_BYTES = 3 };
    record->name = get_string(reader);
    record->is_union = get_bool(reader);
    record->size = get(reader);
    record->field_count = get_count(reader, FIELD_BYTES, "fields");
    record->fields = arena_array(reader->arena, struct ir_field, record->field_count);
    for (size_t i = 0; i < record->field_count; i++) {
        record->fields[i].name = get_string(reader);
        record->fields[i].offset = get(reader);
        record->fields[i].type = get_type(reader);
    }
}

static void read_param_notes(struct reader *reader, struct ir_symbol *symbol)
{
    enum { PARAM_NOTE_BYTES = 2 };
    symbol->param_note_count = get_count(reader, PARAM_NOTE_BYTES, "notes on parameters");
    if (symbol->param_note_count)
        symbol->param_notes =
            arena_array(reader->arena, struct ir_param_note, symbol->param_note_count);
    for (size_t i = 0; i < symbol->param_note_count; i++) {
        symbol->param_notes[i].param = get_u32(reader, "a parameter's number");
        symbol->param_notes[i].text = get_string(reader);
    }
}

static void read_symbol(struct reader *reader, struct ir_symbol *symbol)
{
    symbol->kind = (enum ir_symbol_kind)get_up_to(reader, IR_SYMBOL_DATA, "a kind of symbol");
    symbol->name = get_string(reader);
    symbol->scope = get_optional_string(reader);
    symbol->type = get_type(reader);
    symbol->pos = get_pos(reader);
    uint64_t flags = get_up_to(reader, 2 * SYMBOL_IS_IN_SYSTEM_HEADER - 1, "the flags of a symbol");
    symbol->is_defined = flags & SYMBOL_IS_DEFINED;
    symbol->is_noreturn = flags & SYMBOL_IS_NORETURN;
    symbol->is_weak = flags & SYMBOL_IS_WEAK;
    symbol->is_inline = flags & SYMBOL_IS_INLINE;
    symbol->is_thread_local = flags & SYMBOL_IS_THREAD_LOCAL;
    symbol->is_in_system_header = flags & SYMBOL_IS_IN_SYSTEM_HEADER;
    symbol->notes = get_notes(reader, &symbol->note_count);
    read_param_notes(reader, symbol);
}

static struct ir_var *read_var(struct reader *reader, size_t id)
{
    struct ir_var *var = arena_new(reader->arena, struct ir_var);
    var->id = (uint32_t)id;
    var->kind = (enum ir_var_kind)get_up_to(reader, IR_VAR_LITERAL, "a kind of variable");
    var->name = get_string(reader);
    var->type = get_type(reader);
    var->pos = get_pos(reader);
    var->notes = get_notes(reader, &var->note_count);
    var->cleanup = get_optional_symbol(reader);
    return var;
}

/* ---- expressions ----------------------------------------------------------------------------- */

/* Adds the tree below a new expression to its own size. */
static void add_size(struct reader *reader, size_t child)
{
    struct expr_size *size = &reader->sizes[reader->expr_count], *below = &reader->sizes[child];
    if (below->depth + 1 > size->depth)
        size->depth = below->depth + 1;
    if (__builtin_add_overflow(size->nodes, below->nodes, &size->nodes))
        size->nodes = UINT32_MAX;
    if (size->depth > IR_EXPR_DEPTH_MAX || size->nodes > IR_EXPR_NODES_MAX)
        fail(reader, "an expression is too large");
}

static const struct ir_expr *get_child(struct reader *reader)
{
    uint64_t index = get(reader);
    if (reader->problem || index >= reader->expr_count) {
        fail(reader, "an expression refers to none before it");
        return NULL;
    }
    add_size(reader, index);
    return reader->exprs[index];
}

static void read_literal(struct reader *reader, struct ir_expr *expr)
{
    enum { ELEMENT_BYTES = 2 };
    expr->is_partial = get_bool(reader);
    size_t count = get_count(reader, ELEMENT_BYTES, "elements");
    struct ir_element *elements = arena_array(reader->arena, struct ir_element, count);
    for (size_t i = 0; i < count; i++) {
        elements[i].offset = get(reader);
        elements[i].value = get_child(reader);
        if (reader->problem)
            return;
        if (elements[i].value->kind == IR_LITERAL)
            fail(reader, "a literal holds a literal");
    }
    expr->elements = elements;
    expr->element_count = (uint32_t)count;
}

static void read_leaf(struct reader *reader, struct ir_expr *expr)
{
    switch (expr->kind) {
    case IR_CONST:
        expr->value = get_signed(reader);
        return;
    case IR_STRING:
        expr->text = get_string(reader);
        return;
    case IR_VAR:
        expr->var = get_var(reader);
        return;
    case IR_SYMBOL:
        expr->symbol = get_symbol(reader);
        return;
    case IR_TEMP:
        expr->temp = (uint32_t)get_up_to(reader, reader->func->temp_count, "a temp");
        if (expr->temp == 0)
            fail(reader, "there is no temp 0");
        return;
    default: /* IR_UNKNOWN */
        return;
    }
}

static enum ir_operator get_operator(struct reader *reader, enum ir_operator first,
                                     enum ir_operator last)
{
    uint64_t op = get_up_to(reader, (uint64_t)last, "an operator");
    if (op < (uint64_t)first)
        fail(reader, "an operator has the wrong number of operands");
    return (enum ir_operator)op;
}

static void read_inner(struct reader *reader, struct ir_expr *expr)
{
    switch (expr->kind) {
    case IR_FIELD:
        expr->a = get_child(reader);
        expr->name = get_string(reader);
        expr->value = (int64_t)get(reader);
        return;
    case IR_UNARY:
        expr->op = get_operator(reader, IR_NEG, IR_NOT);
        expr->a = get_child(reader);
        return;
    case IR_BINARY:
        expr->op = get_operator(reader, IR_ADD, IR_NE);
        expr->a = get_child(reader);
        expr->b = get_child(reader);
        return;
    case IR_INDEX:
        expr->a = get_child(reader);
        expr->b = get_child(reader);
        return;
    case IR_DEREF:
    case IR_ADDR:
    case IR_CAST:
        expr->a = get_child(reader);
        return;
    case IR_LITERAL:
        read_literal(reader, expr);
        return;
    default:
        read_leaf(reader, expr);
        return;
    }
}

static void read_exprs(struct reader *reader)
{
    enum { EXPR_BYTES = 2 };
    size_t count = get_count(reader, EXPR_BYTES, "expressions");
    reader->exprs = arena_array(reader->arena, const struct ir_expr *, count);
    reader->sizes = arena_array(reader->arena, struct expr_size, count);
    reader->expr_count = 0;
    while (reader->expr_count < count && !reader->problem) {
        struct ir_expr *expr = arena_new(reader->arena, struct ir_expr);
        reader->sizes[reader->expr_count] = (struct expr_size){.depth = 1, .nodes = 1};
        expr->kind = (enum ir_expr_kind)get_up_to(reader, IR_LITERAL, "a kind of expression");
        expr->type = get_type(reader);
        read_inner(reader, expr);
        reader->exprs[reader->expr_count++] = expr;
    }
}

/* An operand: what lies below counts again for each use, so that no walk takes for ever. */
static const struct ir_expr *use_expr(struct reader *reader, uint64_t index)
{
    if (reader->problem || index >= reader->expr_count) {
        fail(reader, "there is no expression %" PRIu64, index);
        return NULL;
    }
    if (reader->sizes[index].nodes > reader->tree_nodes) {
        fail(reader, "its expressions are too large");
        return NULL;
    }
    reader->tree_nodes -= reader->sizes[index].nodes;
    return reader->exprs[index];
}

static const struct ir_expr *get_expr(struct reader *reader)
{
    return use_expr(reader, get(reader));
}

static const struct ir_expr *get_optional_expr(struct reader *reader)
{
    uint64_t index = get(reader);
    return index ? use_expr(reader, index - 1) : NULL;
}

/* ---- functions ------------------------------------------------------------------------------- */

static void read_call(struct reader *reader, struct ir_op *op)
{
    op->is_cleanup = get_bool(reader);
    op->temp = (uint32_t)get_up_to(reader, reader->func->temp_count, "a temp");
    op->var = get_optional_var(reader);
    op->callee = get_expr(reader);
    op->arg_count = (uint32_t)get_count(reader, 1, "arguments");
    op->args = arena_array(reader->arena, const struct ir_expr *, op->arg_count);
    for (size_t i = 0; i < op->arg_count; i++)
        op->args[i] = get_expr(reader);
}

static void read_op(struct reader *reader, struct ir_op *op)
{
    op->kind = (enum ir_op_kind)get_up_to(reader, IR_OP_UNKNOWN, "a kind of operation");
    op->pos = get_pos(reader);
    switch (op->kind) {
    case IR_OP_CALL:
        read_call(reader, op);
        return;
    case IR_OP_ASSIGN:
        op->place = get_expr(reader);
        op->value = get_expr(reader);
        return;
    case IR_OP_BEGIN:
    case IR_OP_END:
        op->var = get_var(reader);
        return;
    case IR_OP_UNKNOWN:
        op->text = get_string(reader);
        return;
    }
}

static void check_end(struct reader *reader, const struct ir_block *block)
{
    size_t edges = block->edge_count;
    bool has_value = block->value != NULL;
    bool is_sound = false;
    switch (block->end) {
    case IR_JUMP:
        is_sound = edges == 1 && !has_value;
        break;
    case IR_BRANCH:
        is_sound = edges == 2 && has_value;
        break;
    case IR_SWITCH:
        is_sound = edges >= 1 && has_value;
        break;
    case IR_COMPUTED:
        is_sound = has_value;
        break;
    case IR_RETURN:
        is_sound = edges == 0;
        break;
    case IR_STOP:
        is_sound = edges == 0 && !has_value;
        break;
    }
    if (!is_sound)
        fail(reader, "a block's end does not match its edges");
}

static void read_edges(struct reader *reader, struct ir_block *block)
{
    block->edge_count = get_count(reader, 1, "edges");
    block->edges = arena_array(reader->arena, struct ir_edge, block->edge_count);
    for (size_t i = 0; i < block->edge_count && !reader->problem; i++) {
        struct ir_edge *edge = &block->edges[i];
        edge->to = (uint32_t)get_up_to(reader, reader->func->block_count - 1, "an edge's block");
        if (block->end != IR_SWITCH)
            continue;
        edge->is_default = i + 1 == block->edge_count;
        if (edge->is_default)
            continue;
        edge->low = get_signed(reader);
        edge->high = get_signed(reader);
    }
}

static void read_block(struct reader *reader, struct ir_block *block)
{
    enum { OP_BYTES = 3 };
    block->op_count = get_count(reader, OP_BYTES, "operations");
    block->ops = arena_array(reader->arena, struct ir_op, block->op_count);
    for (size_t i = 0; i < block->op_count && !reader->problem; i++)
        read_op(reader, &block->ops[i]);
    block->end = (enum ir_end)get_up_to(reader, IR_STOP, "the kind of a block's end");
    block->pos = get_pos(reader);
    block->value = get_optional_expr(reader);
    read_edges(reader, block);
    if (!reader->problem)
        check_end(reader, block);
}

static void read_blocks(struct reader *reader)
{
    enum { BLOCK_BYTES = 5 };
    struct ir_func *func = reader->func;
    func->block_count = get_count(reader, BLOCK_BYTES, "blocks");
    if (func->block_count == 0)
        fail(reader, "a function without blocks");
    func->blocks = arena_array(reader->arena, struct ir_block, func->block_count);
    for (size_t i = 0; i < func->block_count && !reader->problem; i++)
        read_block(reader, &func->blocks[i]);
}

static void read_vars(struct reader *reader)
{
    enum { VAR_BYTES = 6 };
    struct ir_func *func = reader->func;
    func->var_count = get_count(reader, VAR_BYTES, "variables");
    func->param_count = (size_t)get_up_to(reader, func->var_count, "the number of parameters");
    func->vars = arena_array(reader->arena, struct ir_var *, func->var_count);
    for (size_t i = 0; i < func->var_count && !reader->problem; i++) {
        func->vars[i] = read_var(reader, i);
        if ((func->vars[i]->kind == IR_VAR_PARAM) != (i < func->param_count))
            fail(reader, "parameters do not come first");
    }
}

static void read_loops(struct reader *reader)
{
    enum { LOOP_BYTES = 2 };
    struct ir_func *func = reader->func;
    func->loop_count = get_count(reader, LOOP_BYTES, "loops");
    func->loops = arena_array(reader->arena, struct ir_loop, func->loop_count);
    for (size_t i = 0; i < func->loop_count && !reader->problem; i++) {
        func->loops[i].head = (uint32_t)get_up_to(reader, func->block_count - 1, "a loop's head");
        func->loops[i].pos = get_pos(reader);
    }
}

/* The symbol a body belongs to: a function, defined here, and no other body's. */
static void attach_symbol(struct reader *reader, struct ir_symbol *symbol)
{
    if (symbol->kind != IR_SYMBOL_FUNCTION || !symbol->is_defined || symbol->func) {
        fail(reader, "a body belongs to no function");
        return;
    }
    reader->func->symbol = symbol;
    symbol->func = reader->func;
}

static struct ir_func *read_func(struct reader *reader)
{
    struct ir_func *func = arena_new(reader->arena, struct ir_func);
    reader->func = func;
    func->unit = reader->unit;
    struct ir_symbol *symbol = get_optional_symbol(reader);
    if (symbol)
        attach_symbol(reader, symbol);
    func->pos = get_pos(reader);
    func->body = get_pos(reader);
    func->incomplete = get_optional_string(reader);
    read_vars(reader);
    func->temp_count = (uint32_t)get_up_to(reader, reader->temps_max, "the number of temps");
    read_exprs(reader);
    read_blocks(reader);
    read_loops(reader);
    if (!reader->problem)
        ir_func_finish(reader->arena, func);
    return func;
}

static void read_funcs(struct reader *reader)
{
    enum { FUNC_BYTES = 15 };
    struct ir_unit *unit = reader->unit;
    size_t count = get_count(reader, FUNC_BYTES, "functions");
    unit->funcs = arena_array(reader->arena, struct ir_func *, count);
    for (size_t i = 0; i < count && !reader->problem; i++) {
        struct ir_func *func = read_func(reader);
        if (func->symbol)
            unit->funcs[unit->func_count++] = func;
        else if (i + 1 == count)
            unit->init = func;
        else
            fail(reader, "a body without a name");
    }
}

/* ---- invariants ------------------------------------------------------------------------------ */

static const struct ir_type *alias_step(const struct ir_type *type)
{
    return type->alias_of;
}

static const struct ir_type *target_step(const struct ir_type *type)
{
    return type->target;
}

/* Types may be cyclic through records only: walks along aliases and along targets must end. */
static void check_chains(struct reader *reader,
                         const struct ir_type *(*step)(const struct ir_type *))
{
    const struct ir_unit *unit = reader->unit;
    enum { NEW, ON_THE_WAY, DONE };
    unsigned char *state = arena_push(reader->arena, unit->type_count);
    for (size_t i = 0; i < unit->type_count; i++) {
        const struct ir_type *type = unit->types[i];
        for (; type && state[type->id] == NEW; type = step(type))
            state[type->id] = ON_THE_WAY;
        if (type && state[type->id] == ON_THE_WAY) {
            fail(reader, "type %zu is made of itself", i);
            return;
        }
        for (type = unit->types[i]; type && state[type->id] == ON_THE_WAY; type = step(type))
            state[type->id] = DONE;
    }
}

static void check_type_parts(struct reader *reader)
{
    const struct ir_unit *unit = reader->unit;
    for (size_t i = 0; i < unit->type_count; i++) {
        const struct ir_type *type = unit->types[i];
        bool needs_target = type->kind == IR_TYPE_POINTER || type->kind == IR_TYPE_ARRAY ||
                            type->kind == IR_TYPE_FUNCTION;
        if (needs_target && !type->target)
            fail(reader, "type %zu leads to no other", i);
        if (type->kind == IR_TYPE_RECORD && !type->record)
            fail(reader, "type %zu has no record", i);
        if (type->kind == IR_TYPE_FUNCTION && type->target == type)
            fail(reader, "type %zu is made of itself", i);
    }
}

/* The record that lies within a field, itself or as an array's elements. */
static const struct ir_record *record_inside(const struct ir_field *field)
{
    const struct ir_type *type = field->type;
    while (type->kind == IR_TYPE_ARRAY)
        type = type->target;
    return type->kind == IR_TYPE_RECORD ? type->record : NULL;
}

struct record_walk {
    const struct ir_record *record;
    size_t next; /* field to look at */
};

enum { RECORD_DEPTH_MAX = 256, RECORD_NEW = 0, RECORD_OPEN, RECORD_DONE };

/* Walks down from `first`; false: a record lies within itself, or they nest absurdly. */
static bool is_finite(const struct ir_record *first, unsigned char *state,
                      struct record_walk *stack)
{
    size_t depth = 0;
    stack[depth++] = (struct record_walk){.record = first};
    state[first->id] = RECORD_OPEN;
    while (depth) {
        struct record_walk *top = &stack[depth - 1];
        if (top->next == top->record->field_count) {
            state[top->record->id] = RECORD_DONE;
            depth--;
            continue;
        }
        const struct ir_record *inside = record_inside(&top->record->fields[top->next++]);
        if (!inside || state[inside->id] == RECORD_DONE)
            continue;
        if (state[inside->id] == RECORD_OPEN || depth == RECORD_DEPTH_MAX)
            return false;
        state[inside->id] = RECORD_OPEN;
        stack[depth++] = (struct record_walk){.record = inside};
    }
    return true;
}

static void check_records(struct reader *reader)
{
    const struct ir_unit *unit = reader->unit;
    struct record_walk stack[RECORD_DEPTH_MAX];
    unsigned char *state = arena_push(reader->arena, unit->record_count);
    for (size_t i = 0; i < unit->record_count; i++)
        if (state[i] == RECORD_NEW && !is_finite(unit->records[i], state, stack)) {
            fail(reader, "record %zu lies within itself", i);
            return;
        }
}

/* ---- the unit -------------------------------------------------------------------------------- */

/* Tables refer to each other, so all of them are there before any is filled. */
#define NEW_TABLE(reader, table, type, count)                                                      \
    do {                                                                                           \
        (table) = arena_array((reader)->arena, type *, (count));                                   \
        for (size_t i_ = 0; i_ < (count); i_++) {                                                  \
            (table)[i_] = arena_new((reader)->arena, type);                                        \
            (table)[i_]->id = (uint32_t)i_;                                                        \
        }                                                                                          \
    } while (0)

static void new_tables(struct reader *reader)
{
    enum { FILE_BYTES = 11, TYPE_BYTES = 9, RECORD_BYTES = 4, SYMBOL_BYTES = 8 };
    struct ir_unit *unit = reader->unit;
    size_t files = get_count(reader, FILE_BYTES, "files");
    size_t types = get_count(reader, TYPE_BYTES, "types");
    size_t records = get_count(reader, RECORD_BYTES, "records");
    size_t symbols = get_count(reader, SYMBOL_BYTES, "symbols");
    if (reader->problem)
        return;
    unit->files = arena_array(reader->arena, struct ir_file, files);
    unit->file_count = files;
    NEW_TABLE(reader, unit->types, struct ir_type, types);
    unit->type_count = types;
    NEW_TABLE(reader, unit->records, struct ir_record, records);
    unit->record_count = records;
    NEW_TABLE(reader, unit->symbols, struct ir_symbol, symbols);
    unit->symbol_count = symbols;
}

static void read_tables(struct reader *reader)
{
    struct ir_unit *unit = reader->unit;
    new_tables(reader);
    for (size_t i = 0; i < unit->file_count && !reader->problem; i++)
        read_file(reader, &unit->files[i]);
    for (size_t i = 0; i < unit->type_count && !reader->problem; i++)
        read_type(reader, unit->types[i]);
    for (size_t i = 0; i < unit->record_count && !reader->problem; i++)
        read_record(reader, unit->records[i]);
    for (size_t i = 0; i < unit->symbol_count && !reader->problem; i++)
        read_symbol(reader, unit->symbols[i]);
    if (!reader->problem) {
        check_type_parts(reader);
        check_chains(reader, alias_step);
        check_chains(reader, target_step);
    }
    if (!reader->problem)
        check_records(reader);
}

static void read_errors_and_enumerators(struct reader *reader)
{
    enum { ERROR_BYTES = 2, ENUMERATOR_BYTES = 2 };
    struct ir_unit *unit = reader->unit;
    unit->error_count = get_count(reader, ERROR_BYTES, "errors");
    unit->errors = arena_array(reader->arena, struct ir_error, unit->error_count);
    for (size_t i = 0; i < unit->error_count; i++) {
        unit->errors[i].pos = get_pos(reader);
        unit->errors[i].message = get_string(reader);
    }
    unit->enumerator_count = get_count(reader, ENUMERATOR_BYTES, "enumerators");
    unit->enumerators = arena_array(reader->arena, struct ir_enumerator, unit->enumerator_count);
    for (size_t i = 0; i < unit->enumerator_count; i++) {
        unit->enumerators[i].name = get_string(reader);
        unit->enumerators[i].value = get_signed(reader);
    }
}

static void read_remarks(struct reader *reader)
{
    enum { REMARK_BYTES = 7 };
    struct ir_unit *unit = reader->unit;
    unit->remark_count = get_count(reader, REMARK_BYTES, "remarks");
    unit->remarks = arena_array(reader->arena, struct ir_remark, unit->remark_count);
    for (size_t i = 0; i < unit->remark_count; i++) {
        struct ir_remark *remark = &unit->remarks[i];
        remark->pos = get_pos(reader);
        remark->text = get_string(reader);
        remark->at = (enum ir_remark_at)get_up_to(reader, IR_REMARK_PARAM, "a remark's place");
        remark->target = get_u32(reader, "a line");
        remark->is_conditional = get_bool(reader);
        remark->symbol = get_optional_symbol(reader);
        remark->unknown = get_optional_string(reader);
    }
}

static void read_unit(struct reader *reader)
{
    struct ir_unit *unit = reader->unit;
    unit->arena = reader->arena;
    read_strings(reader);
    unit->main_file = get_string(reader);
    unit->directory = get_string(reader);
    unit->output = get_string(reader);
    unit->is_incomplete = get_up_to(reader, UNIT_IS_INCOMPLETE, "the flags of the unit") != 0;
    read_tables(reader);
    if (!reader->problem)
        read_errors_and_enumerators(reader);
    if (!reader->problem)
        read_remarks(reader);
    if (!reader->problem)
        read_funcs(reader);
    if (!reader->problem && remaining(reader))
        fail(reader, "it goes on behind its end");
}

static uint64_t head_number(const unsigned char *data, size_t at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)data[at + i] << (8 * i);
    return value;
}

/* What the head tells against the file, or NULL. */
static const char *check_head(struct arena *arena, const unsigned char *data, size_t length)
{
    if (length < UNIT_HEAD_BYTES || memcmp(data, UNIT_MAGIC, UNIT_MAGIC_BYTES) != 0)
        return "this is no unit file";
    uint64_t version = head_number(data, UNIT_VERSION_AT, 4);
    if (version != UNIT_VERSION)
        return arena_printf(arena,
                            "the unit file has version %" PRIu64 ", this leash reads version %d: "
                            "collect it again with this leash",
                            version, UNIT_VERSION);
    uint64_t checksum = hash_bytes(data + UNIT_HEAD_BYTES, length - UNIT_HEAD_BYTES);
    if (checksum != head_number(data, UNIT_CHECKSUM_AT, 8))
        return "the unit file is damaged: its checksum does not match; collect it again";
    return NULL;
}

struct ir_unit *ir_unit_read(struct arena *arena, const void *data, size_t length,
                             const char **problem)
{
    *problem = check_head(arena, data, length);
    if (*problem)
        return NULL;
    enum { AMPLE = 1000 * 1000, AMPLE_PER_BYTE = 64 };
    const unsigned char *bytes = data;
    uint64_t ample = AMPLE + AMPLE_PER_BYTE * (uint64_t)length;
    struct reader reader = {
        .arena = arena,
        .at = bytes + UNIT_HEAD_BYTES,
        .end = bytes + length,
        .unit = arena_new(arena, struct ir_unit),
        .tree_nodes = ample,
        .temps_max = ample < UINT32_MAX ? ample : UINT32_MAX,
    };
    read_unit(&reader);
    *problem = reader.problem;
    return reader.problem ? NULL : reader.unit;
}
