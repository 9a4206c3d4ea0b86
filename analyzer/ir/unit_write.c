/*
 * unit_write.c - a unit as bytes.  The form is in unit_format.h.
 */
#include "ir/ir.h"
#include "ir/unit_format.h"

#include <stdlib.h>
#include <string.h>

/* A function may hold a million expressions, so the tables about them are lean: open addressing,
 * and a capacity that is 0 or a power of two. */

struct address_slot {
    const struct ir_expr *expr; /* NULL: free */
    size_t index;
};

/* Expressions that were met, by their address. */
struct address_table {
    struct address_slot *at;
    size_t count, capacity;
};

struct content_slot {
    uint32_t hash;
    uint32_t number; /* index + 1, 0: free */
};

/* Expressions as bytes, one behind the other, and where each is by its bytes. */
struct content_table {
    struct text bytes;
    VEC(size_t) ends; /* of each expression's bytes */
    struct content_slot *at;
    size_t capacity;
};

struct ir_unit_writer {
    struct arena arena; /* what lives as long as the writing */
    struct map strings; /* text → index + 1 */
    struct text string_table;
    size_t string_count;
    struct text funcs; /* those that were added */
    size_t func_count;
    struct text tables; /* all before the functions */
    /* Of the function at hand. */
    struct arena func_arena;
    struct address_table by_address;
    struct content_table exprs;
    struct text pending; /* the beginnings of the expressions that are being entered */
    struct text blocks;
    uint32_t temp_max;
};

/* ---- numbers and strings --------------------------------------------------------------------- */

static void put(struct text *out, uint64_t value)
{
    enum { VARINT_BYTES_MAX = 10 };
    char bytes[VARINT_BYTES_MAX];
    size_t count = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[count++] = (char)(0x80 | (value & 0x7f));
    bytes[count++] = (char)value;
    text_add_bytes(out, bytes, count);
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

static void put_optional_string(struct ir_unit_writer *writer, struct text *out, const char *string)
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

static void put_string(struct ir_unit_writer *writer, struct text *out, const char *string)
{
    put_optional_string(writer, out, string ? string : "");
}

static void put_strings(struct ir_unit_writer *writer, struct text *out, const char **strings,
                        size_t count)
{
    put(out, count);
    for (size_t i = 0; i < count; i++)
        put_string(writer, out, strings[i]);
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

static void put_type(struct ir_unit_writer *writer, const struct ir_type *type)
{
    struct text *out = &writer->tables;
    put(out, type->kind);
    put_string(writer, out, type->name);
    put(out, type->size);
    put(out, type->count);
    put(out, type->enumerator_count);
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

static void put_record(struct ir_unit_writer *writer, const struct ir_record *record)
{
    struct text *out = &writer->tables;
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

static void put_symbol(struct ir_unit_writer *writer, const struct ir_symbol *symbol)
{
    struct text *out = &writer->tables;
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
    put_strings(writer, out, symbol->notes, symbol->note_count);
    put(out, symbol->param_note_count);
    for (size_t i = 0; i < symbol->param_note_count; i++) {
        put(out, symbol->param_notes[i].param);
        put_string(writer, out, symbol->param_notes[i].text);
    }
}

static void put_var(struct ir_unit_writer *writer, const struct ir_var *var)
{
    struct text *out = &writer->funcs;
    put(out, var->kind);
    put_string(writer, out, var->name);
    put(out, var->type->id);
    put_pos(out, &var->pos);
    put_strings(writer, out, var->notes, var->note_count);
    put_symbol_ref(out, var->cleanup);
}

/* ---- expressions ----------------------------------------------------------------------------- */

static uint64_t expr_index(struct ir_unit_writer *writer, const struct ir_expr *expr);

static void encode_leaf(struct ir_unit_writer *writer, struct text *out, const struct ir_expr *expr)
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

static void encode_literal(struct ir_unit_writer *writer, struct text *out,
                           const struct ir_expr *expr)
{
    put(out, expr->is_partial);
    put(out, expr->element_count);
    for (uint32_t i = 0; i < expr->element_count; i++) {
        put(out, expr->elements[i].offset);
        put(out, expr_index(writer, expr->elements[i].value));
    }
}

static void encode_expr(struct ir_unit_writer *writer, struct text *out, const struct ir_expr *expr)
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

static void begin_exprs(struct ir_unit_writer *writer)
{
    writer->by_address = (struct address_table){0};
    writer->exprs = (struct content_table){.bytes = writer->exprs.bytes};
    writer->exprs.bytes.length = 0;
}

static bool is_full(size_t count, size_t capacity)
{
    return count * 4 >= capacity * 3;
}

static size_t larger(size_t capacity)
{
    return capacity ? capacity * 2 : 64;
}

/* The slot of the expression, or the free one where it belongs. */
static struct address_slot *find_address(const struct address_table *table,
                                         const struct ir_expr *expr)
{
    size_t mask = table->capacity - 1;
    uint64_t hash = (uintptr_t)expr * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (hash >> 32) & mask;
    while (table->at[i].expr && table->at[i].expr != expr)
        i = (i + 1) & mask;
    return &table->at[i];
}

static void add_address(struct ir_unit_writer *writer, const struct ir_expr *expr, size_t index)
{
    struct address_table *table = &writer->by_address;
    if (is_full(table->count, table->capacity)) {
        struct address_table old = *table;
        table->capacity = larger(old.capacity);
        table->at = arena_array(&writer->func_arena, struct address_slot, table->capacity);
        for (size_t i = 0; i < old.capacity; i++)
            if (old.at[i].expr)
                *find_address(table, old.at[i].expr) = old.at[i];
    }
    *find_address(table, expr) = (struct address_slot){expr, index};
    table->count++;
}

static bool has_bytes(const struct content_table *table, size_t index, const void *bytes,
                      size_t length)
{
    size_t start = index ? table->ends.at[index - 1] : 0;
    return table->ends.at[index] - start == length &&
           memcmp(table->bytes.at + start, bytes, length) == 0;
}

/* The slot of an expression with these bytes, or the free one where it belongs. */
static struct content_slot *find_content(const struct content_table *table, uint32_t hash,
                                         const void *bytes, size_t length)
{
    size_t mask = table->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct content_slot *slot = &table->at[i];
        if (!slot->number ||
            (slot->hash == hash && has_bytes(table, slot->number - 1, bytes, length)))
            return slot;
    }
}

static void grow_content(struct arena *arena, struct content_table *table)
{
    struct content_table old = *table;
    table->capacity = larger(old.capacity);
    table->at = arena_array(arena, struct content_slot, table->capacity);
    size_t mask = table->capacity - 1;
    for (size_t i = 0; i < old.capacity; i++) {
        if (!old.at[i].number)
            continue;
        size_t to = old.at[i].hash & mask;
        while (table->at[to].number)
            to = (to + 1) & mask;
        table->at[to] = old.at[i];
    }
}

/* The index of the expression with these bytes, which are added where they are new. */
static size_t add_content(struct ir_unit_writer *writer, const void *bytes, size_t length)
{
    struct content_table *table = &writer->exprs;
    if (is_full(table->ends.count, table->capacity))
        grow_content(&writer->func_arena, table);
    uint32_t hash = (uint32_t)hash_bytes(bytes, length);
    struct content_slot *slot = find_content(table, hash, bytes, length);
    if (!slot->number) {
        text_add_bytes(&table->bytes, bytes, length);
        *vec_add(&writer->func_arena, &table->ends) = table->bytes.length;
        *slot = (struct content_slot){hash, (uint32_t)table->ends.count};
    }
    return slot->number - 1;
}

/* The expression's place in the function's table, entered with all below it where it is new.
 * ir_func_finish bounds the depth of this recursion. */
static uint64_t expr_index(struct ir_unit_writer *writer, const struct ir_expr *expr)
{
    if (writer->by_address.capacity) {
        const struct address_slot *known = find_address(&writer->by_address, expr);
        if (known->expr)
            return known->index;
    }
    /* Those below come and go behind this one's own bytes. */
    struct text *pending = &writer->pending;
    size_t start = pending->length;
    encode_expr(writer, pending, expr);
    size_t index = add_content(writer, pending->at + start, pending->length - start);
    pending->length = start;
    add_address(writer, expr, index);
    return index;
}

static void put_expr(struct ir_unit_writer *writer, struct text *out, const struct ir_expr *expr)
{
    put(out, expr ? expr_index(writer, expr) + 1 : 0);
}

/* ---- functions ------------------------------------------------------------------------------- */

static void put_call(struct ir_unit_writer *writer, struct text *out, const struct ir_op *op)
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

static void put_op(struct ir_unit_writer *writer, struct text *out, const struct ir_op *op)
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

static void put_block(struct ir_unit_writer *writer, struct text *out, const struct ir_block *block)
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

static void put_func(struct ir_unit_writer *writer, const struct ir_func *func)
{
    begin_exprs(writer);
    writer->blocks.length = 0;
    writer->temp_max = 0;
    /* Behind the expressions they refer to. */
    for (size_t i = 0; i < func->block_count; i++)
        put_block(writer, &writer->blocks, &func->blocks[i]);

    struct text *out = &writer->funcs;
    put_symbol_ref(out, func->symbol);
    put_pos(out, &func->pos);
    put_pos(out, &func->body);
    put_optional_string(writer, out, func->incomplete);
    put(out, func->var_count);
    put(out, func->param_count);
    for (size_t i = 0; i < func->var_count; i++)
        put_var(writer, func->vars[i]);
    put(out, writer->temp_max);
    put(out, writer->exprs.ends.count);
    text_add_bytes(out, writer->exprs.bytes.at, writer->exprs.bytes.length);
    put(out, func->block_count);
    text_add_bytes(out, writer->blocks.at, writer->blocks.length);
    put(out, func->loop_count);
    for (size_t i = 0; i < func->loop_count; i++) {
        put(out, func->loops[i].head);
        put_pos(out, &func->loops[i].pos);
    }
    arena_reset(&writer->func_arena);
    writer->func_count++;
}

/* ---- the unit -------------------------------------------------------------------------------- */

static void put_tables(struct ir_unit_writer *writer, const struct ir_unit *unit)
{
    struct text *out = &writer->tables;
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

static void put_errors_and_enumerators(struct ir_unit_writer *writer, const struct ir_unit *unit)
{
    struct text *out = &writer->tables;
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

static void put_remarks(struct ir_unit_writer *writer, const struct ir_unit *unit)
{
    struct text *out = &writer->tables;
    put(out, unit->remark_count);
    for (size_t i = 0; i < unit->remark_count; i++) {
        const struct ir_remark *remark = &unit->remarks[i];
        put_pos(out, &remark->pos);
        put_string(writer, out, remark->text);
        put(out, remark->at);
        put(out, remark->target);
        put(out, remark->is_conditional);
        put_symbol_ref(out, remark->symbol);
        put_optional_string(writer, out, remark->unknown);
    }
}

static void put_unit(struct ir_unit_writer *writer, const struct ir_unit *unit)
{
    struct text *out = &writer->tables;
    if (unit->init)
        put_func(writer, unit->init);
    put_string(writer, out, unit->main_file);
    put_string(writer, out, unit->directory);
    put_string(writer, out, unit->output);
    put(out, unit->is_incomplete ? UNIT_IS_INCOMPLETE : 0);
    put_tables(writer, unit);
    put_errors_and_enumerators(writer, unit);
    put_remarks(writer, unit);
    put(out, writer->func_count);
}

/* The bytes move: a large unit is not there twice for longer than it must. */
static void move_bytes(struct text *out, struct text *from)
{
    text_add_bytes(out, from->at, from->length);
    text_release(from);
}

static void put_checksum(struct text *out, size_t head)
{
    const char *payload = out->at + head + UNIT_HEAD_BYTES;
    uint64_t checksum = hash_bytes(payload, out->length - head - UNIT_HEAD_BYTES);
    for (unsigned i = 0; i < 8; i++)
        out->at[head + UNIT_CHECKSUM_AT + i] = (char)(checksum >> (8 * i) & 0xff);
}

struct ir_unit_writer *ir_unit_writer_new(void)
{
    struct ir_unit_writer *writer = xmalloc(sizeof *writer);
    *writer = (struct ir_unit_writer){.strings = {.arena = &writer->arena}};
    return writer;
}

void ir_unit_writer_add(struct ir_unit_writer *writer, const struct ir_func *func)
{
    put_func(writer, func);
}

void ir_unit_writer_finish(struct ir_unit_writer *writer, struct text *out,
                           const struct ir_unit *unit)
{
    put_unit(writer, unit);
    size_t head = out->length;
    text_add_bytes(out, UNIT_MAGIC, UNIT_MAGIC_BYTES);
    put_fixed(out, UNIT_VERSION, 4);
    put_fixed(out, 0, 8); /* the checksum's place */
    put(out, writer->string_count);
    move_bytes(out, &writer->string_table);
    move_bytes(out, &writer->tables);
    move_bytes(out, &writer->funcs);
    put_checksum(out, head);
}

void ir_unit_writer_release(struct ir_unit_writer *writer)
{
    text_release(&writer->string_table);
    text_release(&writer->tables);
    text_release(&writer->funcs);
    text_release(&writer->pending);
    text_release(&writer->exprs.bytes);
    text_release(&writer->blocks);
    arena_release(&writer->func_arena);
    arena_release(&writer->arena);
    free(writer);
}

void ir_unit_write(struct text *out, const struct ir_unit *unit)
{
    struct ir_unit_writer *writer = ir_unit_writer_new();
    for (size_t i = 0; i < unit->func_count; i++)
        ir_unit_writer_add(writer, unit->funcs[i]);
    ir_unit_writer_finish(writer, out, unit);
    ir_unit_writer_release(writer);
}
