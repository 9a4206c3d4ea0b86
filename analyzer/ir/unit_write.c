/*
 * unit_write.c - a unit as bytes.  The form is in unit_format.h.
 */
#include "ir/ir.h"
#include "ir/unit_format.h"

#include <string.h>

struct writer {
    const struct ir_unit *unit;
    struct arena arena; /* what lives as long as the writing */
    struct map strings; /* text → index + 1 */
    struct text string_table;
    size_t string_count;
    struct text body;
    /* Of the function at hand. */
    struct arena func_arena;
    struct map by_address; /* expression's address → index + 1 */
    struct map by_content; /* expression's bytes → index + 1 */
    struct text expr_table;
    size_t expr_count;
    uint32_t temp_max;
};

/* ---- numbers and strings --------------------------------------------------------------------- */

static void put(struct text *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        text_add_char(out, (char)(0x80 | (value & 0x7f)));
    text_add_char(out, (char)value);
}

static void put_signed(struct text *out, int64_t value)
{
    uint64_t bits = (uint64_t)value << 1;
    put(out, value < 0 ? ~bits : bits);
}

static void put_fixed(struct text *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        text_add_char(out, (char)(value >> (8 * i) & 0xff));
}

static void put_optional_string(struct writer *writer, struct text *out, const char *string)
{
    if (!string) {
        put(out, 0);
        return;
    }
    void **index = map_put_str(&writer->strings, string);
    if (!*index) {
        size_t length = strlen(string);
        put(&writer->string_table, length);
        text_add_bytes(&writer->string_table, string, length);
        *index = (void *)(uintptr_t)++writer->string_count;
    }
    put(out, (uintptr_t)*index);
}

static void put_string(struct writer *writer, struct text *out, const char *string)
{
    put_optional_string(writer, out, string ? string : "");
}

static void put_strings(struct writer *writer, const char **strings, size_t count)
{
    put(&writer->body, count);
    for (size_t i = 0; i < count; i++)
        put_string(writer, &writer->body, strings[i]);
}

static void put_pos(struct text *out, const struct ir_pos *pos)
{
    put(out, pos->line);
    if (pos->line == 0)
        return;
    put(out, pos->file);
    put(out, pos->column);
    put_signed(out, (int64_t)pos->end_line - pos->line);
    put(out, pos->end_column);
}

/* ---- types and names ------------------------------------------------------------------------- */

static void put_type_ref(struct text *out, const struct ir_type *type)
{
    put(out, type ? (uint64_t)type->id + 1 : 0);
}

static void put_symbol_ref(struct text *out, const struct ir_symbol *symbol)
{
    put(out, symbol ? (uint64_t)symbol->id + 1 : 0);
}

static void put_type(struct writer *writer, const struct ir_type *type)
{
    struct text *out = &writer->body;
    put(out, type->kind);
    put_string(writer, out, type->name);
    put(out, type->size);
    put(out, type->count);
    put(out, (type->is_signed ? TYPE_IS_SIGNED : 0) | (type->is_volatile ? TYPE_IS_VOLATILE : 0) |
                 (type->is_atomic ? TYPE_IS_ATOMIC : 0) |
                 (type->is_variadic ? TYPE_IS_VARIADIC : 0));
    put_type_ref(out, type->target);
    put_type_ref(out, type->alias_of);
    put(out, type->record ? (uint64_t)type->record->id + 1 : 0);
    put(out, type->param_count);
    for (size_t i = 0; i < type->param_count; i++)
        put(out, type->params[i]->id);
}

static void put_record(struct writer *writer, const struct ir_record *record)
{
    struct text *out = &writer->body;
    put_string(writer, out, record->name);
    put(out, record->is_union);
    put(out, record->size);
    put(out, record->field_count);
    for (size_t i = 0; i < record->field_count; i++) {
        put_string(writer, out, record->fields[i].name);
        put(out, record->fields[i].offset);
        put(out, record->fields[i].type->id);
    }
}

static void put_symbol(struct writer *writer, const struct ir_symbol *symbol)
{
    struct text *out = &writer->body;
    put(out, symbol->kind);
    put_string(writer, out, symbol->name);
    put_optional_string(writer, out, symbol->scope);
    put(out, symbol->type->id);
    put_pos(out, &symbol->pos);
    put(out, (symbol->is_defined ? SYMBOL_IS_DEFINED : 0) |
                 (symbol->is_noreturn ? SYMBOL_IS_NORETURN : 0) |
                 (symbol->is_weak ? SYMBOL_IS_WEAK : 0) |
                 (symbol->is_inline ? SYMBOL_IS_INLINE : 0) |
                 (symbol->is_thread_local ? SYMBOL_IS_THREAD_LOCAL : 0) |
                 (symbol->is_in_system_header ? SYMBOL_IS_IN_SYSTEM_HEADER : 0));
    put_strings(writer, symbol->notes, symbol->note_count);
}

static void put_var(struct writer *writer, const struct ir_var *var)
{
    struct text *out = &writer->body;
    put(out, var->kind);
    put_string(writer, out, var->name);
    put(out, var->type->id);
    put_pos(out, &var->pos);
    put_strings(writer, var->notes, var->note_count);
    put_symbol_ref(out, var->cleanup);
}

/* ---- expressions ----------------------------------------------------------------------------- */

static uint64_t expr_index(struct writer *writer, const struct ir_expr *expr);

static void encode_leaf(struct writer *writer, struct text *out, const struct ir_expr *expr)
{
    switch (expr->kind) {
    case IR_CONST:
        put_signed(out, expr->value);
        return;
    case IR_STRING:
        put_string(writer, out, expr->text);
        return;
    case IR_VAR:
        put(out, expr->var->id);
        return;
    case IR_SYMBOL:
        put(out, expr->symbol->id);
        return;
    case IR_TEMP:
        put(out, expr->temp);
        if (expr->temp > writer->temp_max)
            writer->temp_max = expr->temp;
        return;
    default:
        return;
    }
}

static void encode_literal(struct writer *writer, struct text *out, const struct ir_expr *expr)
{
    put(out, expr->is_partial);
    put(out, expr->element_count);
    for (uint32_t i = 0; i < expr->element_count; i++) {
        put(out, expr->elements[i].offset);
        put(out, expr_index(writer, expr->elements[i].value));
    }
}

static void encode_expr(struct writer *writer, struct text *out, const struct ir_expr *expr)
{
    put(out, expr->kind);
    put(out, expr->type->id);
    switch (expr->kind) {
    case IR_FIELD:
        put(out, expr_index(writer, expr->a));
        put_string(writer, out, expr->name);
        put(out, (uint64_t)expr->value);
        return;
    case IR_DEREF:
    case IR_ADDR:
    case IR_CAST:
        put(out, expr_index(writer, expr->a));
        return;
    case IR_UNARY:
        put(out, expr->op);
        put(out, expr_index(writer, expr->a));
        return;
    case IR_BINARY:
        put(out, expr->op);
        /* fall through */
    case IR_INDEX:
        put(out, expr_index(writer, expr->a));
        put(out, expr_index(writer, expr->b));
        return;
    case IR_LITERAL:
        encode_literal(writer, out, expr);
        return;
    default:
        encode_leaf(writer, out, expr);
        return;
    }
}

/* The expression's place in the function's table, entered with all below it where it is new.
 * ir_func_finish bounds the depth of this recursion. */
static uint64_t expr_index(struct writer *writer, const struct ir_expr *expr)
{
    uintptr_t address = (uintptr_t)expr;
    const void *known = map_get(&writer->by_address, &address, sizeof address);
    if (known)
        return (uintptr_t)known - 1;
    struct text bytes = {0};
    encode_expr(writer, &bytes, expr);
    void **index = map_put(&writer->by_content, bytes.at, bytes.length);
    if (!*index) {
        text_add_bytes(&writer->expr_table, bytes.at, bytes.length);
        *index = (void *)(uintptr_t)++writer->expr_count;
    }
    void *found = *index;
    *map_put(&writer->by_address, &address, sizeof address) = found;
    text_release(&bytes);
    return (uintptr_t)found - 1;
}

static void put_expr(struct writer *writer, struct text *out, const struct ir_expr *expr)
{
    put(out, expr ? expr_index(writer, expr) + 1 : 0);
}

/* ---- functions ------------------------------------------------------------------------------- */

static void put_call(struct writer *writer, struct text *out, const struct ir_op *op)
{
    put(out, op->is_cleanup);
    put(out, op->temp);
    if (op->temp > writer->temp_max)
        writer->temp_max = op->temp;
    put(out, op->var ? (uint64_t)op->var->id + 1 : 0);
    put(out, expr_index(writer, op->callee));
    put(out, op->arg_count);
    for (size_t i = 0; i < op->arg_count; i++)
        put(out, expr_index(writer, op->args[i]));
}

static void put_op(struct writer *writer, struct text *out, const struct ir_op *op)
{
    put(out, op->kind);
    put_pos(out, &op->pos);
    switch (op->kind) {
    case IR_OP_CALL:
        put_call(writer, out, op);
        return;
    case IR_OP_ASSIGN:
        put(out, expr_index(writer, op->place));
        put(out, expr_index(writer, op->value));
        return;
    case IR_OP_BEGIN:
    case IR_OP_END:
        put(out, op->var->id);
        return;
    case IR_OP_UNKNOWN:
        put_string(writer, out, op->text);
        return;
    }
}

static void put_block(struct writer *writer, struct text *out, const struct ir_block *block)
{
    put(out, block->op_count);
    for (size_t i = 0; i < block->op_count; i++)
        put_op(writer, out, &block->ops[i]);
    put(out, block->end);
    put_pos(out, &block->pos);
    bool has_value = block->end != IR_JUMP && block->end != IR_STOP;
    put_expr(writer, out, has_value ? block->value : NULL);
    put(out, block->edge_count);
    for (size_t i = 0; i < block->edge_count; i++) {
        put(out, block->edges[i].to);
        if (block->end != IR_SWITCH || i + 1 == block->edge_count)
            continue;
        put_signed(out, block->edges[i].low);
        put_signed(out, block->edges[i].high);
    }
}

static void put_func(struct writer *writer, const struct ir_func *func)
{
    writer->by_address = (struct map){.arena = &writer->func_arena};
    writer->by_content = (struct map){.arena = &writer->func_arena};
    writer->expr_table = (struct text){0};
    writer->expr_count = 0;
    writer->temp_max = 0;
    struct text blocks = {0}; /* behind the expressions they refer to */
    for (size_t i = 0; i < func->block_count; i++)
        put_block(writer, &blocks, &func->blocks[i]);

    struct text *out = &writer->body;
    put_symbol_ref(out, func->symbol);
    put_pos(out, &func->pos);
    put_pos(out, &func->body);
    put_optional_string(writer, out, func->incomplete);
    put(out, func->var_count);
    put(out, func->param_count);
    for (size_t i = 0; i < func->var_count; i++)
        put_var(writer, func->vars[i]);
    put(out, writer->temp_max);
    put(out, writer->expr_count);
    text_add_bytes(out, writer->expr_table.at, writer->expr_table.length);
    put(out, func->block_count);
    text_add_bytes(out, blocks.at, blocks.length);
    put(out, func->loop_count);
    for (size_t i = 0; i < func->loop_count; i++) {
        put(out, func->loops[i].head);
        put_pos(out, &func->loops[i].pos);
    }
    text_release(&blocks);
    text_release(&writer->expr_table);
    arena_release(&writer->func_arena);
}

/* ---- the unit -------------------------------------------------------------------------------- */

static void put_tables(struct writer *writer)
{
    const struct ir_unit *unit = writer->unit;
    struct text *out = &writer->body;
    put(out, unit->file_count);
    put(out, unit->type_count);
    put(out, unit->record_count);
    put(out, unit->symbol_count);
    for (size_t i = 0; i < unit->file_count; i++) {
        put_string(writer, out, unit->files[i].path);
        put_fixed(out, unit->files[i].hash, 8);
        put(out, unit->files[i].size);
        put(out, unit->files[i].is_system);
    }
    for (size_t i = 0; i < unit->type_count; i++)
        put_type(writer, unit->types[i]);
    for (size_t i = 0; i < unit->record_count; i++)
        put_record(writer, unit->records[i]);
    for (size_t i = 0; i < unit->symbol_count; i++)
        put_symbol(writer, unit->symbols[i]);
}

static void put_errors_and_enumerators(struct writer *writer)
{
    const struct ir_unit *unit = writer->unit;
    struct text *out = &writer->body;
    put(out, unit->error_count);
    for (size_t i = 0; i < unit->error_count; i++) {
        put_pos(out, &unit->errors[i].pos);
        put_string(writer, out, unit->errors[i].message);
    }
    put(out, unit->enumerator_count);
    for (size_t i = 0; i < unit->enumerator_count; i++) {
        put_string(writer, out, unit->enumerators[i].name);
        put_signed(out, unit->enumerators[i].value);
    }
}

static void put_unit(struct writer *writer)
{
    const struct ir_unit *unit = writer->unit;
    struct text *out = &writer->body;
    put_string(writer, out, unit->main_file);
    put_string(writer, out, unit->directory);
    put_string(writer, out, unit->output);
    put(out, unit->is_incomplete ? UNIT_IS_INCOMPLETE : 0);
    put_tables(writer);
    put_errors_and_enumerators(writer);
    put(out, unit->func_count + (unit->init != NULL));
    for (size_t i = 0; i < unit->func_count; i++)
        put_func(writer, unit->funcs[i]);
    if (unit->init)
        put_func(writer, unit->init);
}

void ir_unit_write(struct text *out, const struct ir_unit *unit)
{
    struct writer writer = {.unit = unit};
    writer.strings.arena = &writer.arena;
    put_unit(&writer);

    struct text payload = {0};
    put(&payload, writer.string_count);
    text_add_bytes(&payload, writer.string_table.at, writer.string_table.length);
    text_add_bytes(&payload, writer.body.at, writer.body.length);
    text_add_bytes(out, UNIT_MAGIC, UNIT_MAGIC_BYTES);
    put_fixed(out, UNIT_VERSION, 4);
    put_fixed(out, hash_bytes(payload.at, payload.length), 8);
    text_add_bytes(out, payload.at, payload.length);

    text_release(&payload);
    text_release(&writer.body);
    text_release(&writer.string_table);
    arena_release(&writer.arena);
}
