#include "ir_sample.h"

static struct ir_type *add_type(struct sample *sample, enum ir_type_kind kind, const char *name,
                                uint64_t size)
{
    struct ir_unit *unit = sample->unit;
    struct ir_type *type = arena_new(&sample->arena, struct ir_type);
    *type = (struct ir_type){
        .id = (uint32_t)unit->type_count, .kind = kind, .name = name, .size = size};
    unit->types[unit->type_count++] = type;
    return type;
}

static struct ir_type *add_int(struct sample *sample, const char *name, uint64_t size,
                               bool is_signed)
{
    struct ir_type *type = add_type(sample, IR_TYPE_INT, name, size);
    type->is_signed = is_signed;
    return type;
}

static struct ir_type *add_target(struct sample *sample, enum ir_type_kind kind, const char *name,
                                  uint64_t size, const struct ir_type *target)
{
    struct ir_type *type = add_type(sample, kind, name, size);
    type->target = target;
    if (kind == IR_TYPE_ARRAY)
        type->count = size / target->size;
    return type;
}

static struct ir_record *add_record(struct sample *sample, const char *name, uint64_t size,
                                    const struct ir_field *fields, size_t count)
{
    struct ir_unit *unit = sample->unit;
    struct ir_record *record = arena_new(&sample->arena, struct ir_record);
    record->id = (uint32_t)unit->record_count;
    record->name = name;
    record->size = size;
    record->fields = arena_copy(&sample->arena, fields, count * sizeof *fields);
    record->field_count = count;
    unit->records[unit->record_count++] = record;
    return record;
}

static void add_node(struct sample *sample)
{
    struct ir_type *choice = add_type(sample, IR_TYPE_RECORD, "union (unnamed)", 8);
    const struct ir_field choices[] = {{"small", 0, sample->int_}, {"large", 0, sample->long_}};
    struct ir_record *inner = add_record(sample, "", 8, choices, COUNT_OF(choices));
    inner->is_union = true;
    choice->record = inner;

    sample->node = add_type(sample, IR_TYPE_RECORD, "struct node", 40);
    sample->node_pointer = add_target(sample, IR_TYPE_POINTER, "struct node *", 8, sample->node);
    const struct ir_field fields[] = {
        {"value", 0, sample->int_},
        {"next", 8, sample->node_pointer},
        {"", 16, choice},
        {"cells", 24, sample->int_array},
    };
    sample->node->record = add_record(sample, "struct node", 40, fields, COUNT_OF(fields));

    sample->alias = add_type(sample, IR_TYPE_RECORD, "node_t", 40);
    sample->alias->record = sample->node->record;
    sample->alias->alias_of = sample->node;
}

static void add_functions(struct sample *sample)
{
    sample->function = add_target(sample, IR_TYPE_FUNCTION, "int (int, ...)", 0, sample->int_);
    sample->function->is_variadic = true;
    sample->function->params = arena_array(&sample->arena, const struct ir_type *, 1);
    sample->function->params[0] = sample->int_;
    sample->function->param_count = 1;
    sample->function_pointer =
        add_target(sample, IR_TYPE_POINTER, "int (*)(int, ...)", 8, sample->function);
}

void sample_init(struct sample *sample)
{
    enum { ROOM = 64 };
    *sample = (struct sample){0};
    struct ir_unit *unit = sample->unit = arena_new(&sample->arena, struct ir_unit);
    unit->arena = &sample->arena;
    unit->main_file = "/home/user/src/pool.c";
    unit->directory = "/home/user";
    unit->output = "pool.o";
    unit->files = arena_array(&sample->arena, struct ir_file, 2);
    unit->files[0] = (struct ir_file){"/home/user/src/pool.c", 0x8123456789abcdef, 400, false};
    unit->files[1] = (struct ir_file){"/usr/include/pool.h", 7, 100, true};
    unit->file_count = 2;
    unit->types = arena_array(&sample->arena, struct ir_type *, ROOM);
    unit->records = arena_array(&sample->arena, struct ir_record *, ROOM);
    unit->symbols = arena_array(&sample->arena, struct ir_symbol *, ROOM);
    unit->funcs = arena_array(&sample->arena, struct ir_func *, ROOM);

    sample->void_ = add_type(sample, IR_TYPE_VOID, "void", 0);
    sample->int_ = add_int(sample, "int", 4, true);
    sample->unsigned_ = add_int(sample, "unsigned int", 4, false);
    sample->char_ = add_int(sample, "char", 1, true);
    sample->uchar = add_int(sample, "unsigned char", 1, false);
    sample->long_ = add_int(sample, "long", 8, true);
    sample->ulong_ = add_int(sample, "unsigned long", 8, false);
    sample->bool_ = add_type(sample, IR_TYPE_BOOL, "_Bool", 1);
    sample->double_ = add_type(sample, IR_TYPE_FLOAT, "double", 8);
    add_type(sample, IR_TYPE_OTHER, "__int128", 16);
    sample->int_pointer = add_target(sample, IR_TYPE_POINTER, "int *", 8, sample->int_);
    sample->char_pointer = add_target(sample, IR_TYPE_POINTER, "char *", 8, sample->char_);
    sample->void_pointer = add_target(sample, IR_TYPE_POINTER, "void *", 8, sample->void_);
    sample->void_pointer_pointer =
        add_target(sample, IR_TYPE_POINTER, "void **", 8, sample->void_pointer);
    sample->int_array = add_target(sample, IR_TYPE_ARRAY, "int[4]", 16, sample->int_);
    sample->int_matrix = add_target(sample, IR_TYPE_ARRAY, "int[3][4]", 48, sample->int_array);
    add_node(sample);
    add_functions(sample);
}

void sample_release(struct sample *sample)
{
    arena_release(&sample->arena);
}

struct ir_symbol *sample_symbol(struct sample *sample, enum ir_symbol_kind kind, const char *name,
                                const struct ir_type *type)
{
    struct ir_unit *unit = sample->unit;
    struct ir_symbol *symbol = arena_new(&sample->arena, struct ir_symbol);
    symbol->id = (uint32_t)unit->symbol_count;
    symbol->kind = kind;
    symbol->name = name;
    symbol->type = type;
    unit->symbols[unit->symbol_count++] = symbol;
    return symbol;
}

struct ir_func *sample_func(struct sample *sample, const char *name, size_t block_count)
{
    enum { ROOM = 16 };
    struct ir_func *func = arena_new(&sample->arena, struct ir_func);
    func->unit = sample->unit;
    func->pos = (struct ir_pos){0, 12, 13, 12, 19};
    func->body = (struct ir_pos){0, 12, 40, 30, 2};
    func->vars = arena_array(&sample->arena, struct ir_var *, ROOM);
    func->blocks = arena_array(&sample->arena, struct ir_block, block_count);
    func->block_count = block_count;
    for (size_t i = 0; i < block_count; i++) {
        func->blocks[i].id = (uint32_t)i;
        func->blocks[i].end = IR_STOP;
        func->blocks[i].ops = arena_array(&sample->arena, struct ir_op, ROOM);
    }
    if (!name) {
        sample->unit->init = func;
        return func;
    }
    struct ir_symbol *symbol = sample_symbol(sample, IR_SYMBOL_FUNCTION, name, sample->function);
    symbol->is_defined = true;
    symbol->pos = func->pos;
    symbol->func = func;
    func->symbol = symbol;
    sample->unit->funcs[sample->unit->func_count++] = func;
    return func;
}

struct ir_var *sample_var(struct sample *sample, struct ir_func *func, enum ir_var_kind kind,
                          const char *name, const struct ir_type *type)
{
    struct ir_var *var = arena_new(&sample->arena, struct ir_var);
    var->id = (uint32_t)func->var_count;
    var->kind = kind;
    var->name = name;
    var->type = type;
    var->pos = (struct ir_pos){0, 13 + var->id, 9, 13 + var->id, 12};
    func->vars[func->var_count++] = var;
    if (kind == IR_VAR_PARAM)
        func->param_count++;
    return var;
}

void sample_end(struct ir_func *func, uint32_t id, enum ir_end end, const struct ir_expr *value,
                const struct ir_edge *edges, size_t edge_count)
{
    struct ir_block *block = &func->blocks[id];
    block->end = end;
    block->value = value;
    block->pos = (struct ir_pos){0, 20 + id, 5, 20 + id, 11};
    block->edges = arena_copy(func->unit->arena, edges, edge_count * sizeof *edges);
    block->edge_count = edge_count;
}

struct ir_op *sample_op(struct sample *sample, struct ir_func *func, uint32_t block,
                        enum ir_op_kind kind)
{
    (void)sample;
    struct ir_op *op = &func->blocks[block].ops[func->blocks[block].op_count++];
    op->kind = kind;
    op->pos = (struct ir_pos){0, 20 + block, 9, 20 + block, 22};
    return op;
}

void sample_assign(struct sample *sample, struct ir_func *func, uint32_t block,
                   const struct ir_expr *place, const struct ir_expr *value)
{
    struct ir_op *op = sample_op(sample, func, block, IR_OP_ASSIGN);
    op->place = place;
    op->value = value;
}

void sample_call(struct sample *sample, struct ir_func *func, uint32_t block, uint32_t temp,
                 const struct ir_expr *callee, const struct ir_expr *arg)
{
    struct ir_op *op = sample_op(sample, func, block, IR_OP_CALL);
    op->temp = temp;
    op->callee = callee;
    op->args = arena_array(&sample->arena, const struct ir_expr *, 1);
    op->args[0] = arg;
    op->arg_count = arg ? 1 : 0;
    if (temp > func->temp_count)
        func->temp_count = temp;
}

/* ---- everything at once ---------------------------------------------------------------------- */

static void fill_init(struct sample *sample)
{
    struct arena *arena = &sample->arena;
    struct ir_symbol *table = sample_symbol(sample, IR_SYMBOL_DATA, "head", sample->alias);
    table->is_defined = true;
    table->scope = "/home/user/src/pool.c";
    table->is_thread_local = true;
    table->pos = (struct ir_pos){1, 3, 5, 3, 9};
    struct ir_func *init = sample_func(sample, NULL, 1);
    struct ir_element *elements = arena_array(arena, struct ir_element, 3);
    elements[0] = (struct ir_element){0, ir_const(arena, sample->int_, -7)};
    elements[1] =
        (struct ir_element){8, ir_addr(arena, sample->node_pointer, ir_symbol(arena, table))};
    elements[2] = (struct ir_element){28, ir_unknown(arena, sample->int_)};
    struct ir_expr *literal = arena_new(arena, struct ir_expr);
    literal->kind = IR_LITERAL;
    literal->type = sample->node;
    literal->elements = elements;
    literal->element_count = 3;
    literal->is_partial = true;
    sample_assign(sample, init, 0, ir_symbol(arena, table), literal);
    sample_end(init, 0, IR_RETURN, NULL, NULL, 0);
    ir_func_finish(arena, init);
}

static void fill_entry(struct sample *sample, struct ir_func *func, const struct ir_symbol *callee)
{
    struct arena *arena = &sample->arena;
    const struct ir_expr *p = ir_var(arena, func->vars[0]), *n = ir_var(arena, func->vars[1]);
    const struct ir_expr *local = ir_var(arena, func->vars[2]);
    sample_op(sample, func, 0, IR_OP_BEGIN)->var = func->vars[2];
    struct ir_expr *string = arena_new(arena, struct ir_expr);
    string->kind = IR_STRING;
    string->type = sample->char_pointer;
    string->text = "a \"line\"\n";
    sample_call(sample, func, 0, 1, ir_symbol(arena, callee), string);
    const struct ir_expr *cells =
        ir_field(arena, sample->int_array, ir_deref(arena, sample->node, p), "cells", 24);
    sample_assign(sample, func, 0, ir_index(arena, sample->int_, cells, n),
                  ir_unary(arena, sample->int_, IR_NEG, ir_temp(arena, sample->int_, 1)));
    sample_assign(sample, func, 0, ir_field(arena, sample->int_, local, "value", 0),
                  ir_binary(arena, sample->int_, IR_SHL, n, ir_const(arena, sample->int_, 3)));
    struct ir_expr *cast = arena_new(arena, struct ir_expr);
    cast->kind = IR_CAST;
    cast->type = sample->uchar;
    cast->a = n;
    const struct ir_edge edges[] = {{.to = 1, .low = 1, .high = 1},
                                    {.to = 2, .low = 3, .high = 5},
                                    {.to = 3, .is_default = true}};
    sample_end(func, 0, IR_SWITCH, cast, edges, COUNT_OF(edges));
}

static void fill_rest(struct sample *sample, struct ir_func *func, const struct ir_symbol *cleanup)
{
    struct arena *arena = &sample->arena;
    const struct ir_expr *n = ir_var(arena, func->vars[1]), *local = ir_var(arena, func->vars[2]);
    const struct ir_edge loop[] = {{.to = 1}, {.to = 2}}, jump[] = {{.to = 3}};
    sample_end(func, 1, IR_BRANCH, n, loop, 2);
    sample_op(sample, func, 2, IR_OP_UNKNOWN)->text = "asm";
    sample_end(func, 2, IR_JUMP, NULL, jump, 1);
    sample_call(sample, func, 3, 0, ir_symbol(arena, cleanup),
                ir_addr(arena, sample->node_pointer, local));
    struct ir_op *call = &func->blocks[3].ops[0];
    call->is_cleanup = true;
    call->var = func->vars[2];
    sample_op(sample, func, 3, IR_OP_END)->var = func->vars[2];
    const struct ir_edge computed[] = {{.to = 4}, {.to = 5}};
    sample_end(func, 3, IR_COMPUTED, ir_var(arena, func->vars[0]), computed, 2);
    sample_end(func, 4, IR_RETURN, ir_const(arena, sample->int_, 0), NULL, 0);
    sample_end(func, 5, IR_STOP, NULL, NULL, 0);
    func->loops = arena_array(arena, struct ir_loop, 1);
    func->loops[0] = (struct ir_loop){.head = 1, .pos = {0, 21, 5, 22, 6}};
    func->loop_count = 1;
}

void sample_fill(struct sample *sample)
{
    static const char *notes[] = {"leash:daemon"};
    struct ir_symbol *callee =
        sample_symbol(sample, IR_SYMBOL_FUNCTION, "log_line", sample->function);
    callee->is_in_system_header = true;
    callee->pos = (struct ir_pos){1, 9, 5, 9, 13};
    struct ir_symbol *cleanup =
        sample_symbol(sample, IR_SYMBOL_FUNCTION, "node_close", sample->function);
    cleanup->is_noreturn = cleanup->is_weak = cleanup->is_inline = true;

    struct ir_func *func = sample_func(sample, "worker", 6);
    struct ir_symbol *symbol = sample->unit->symbols[sample->unit->symbol_count - 1];
    symbol->scope = "/home/user/src/pool.c";
    symbol->notes = notes;
    symbol->note_count = 1;
    static struct ir_param_note param_notes[] = {{0, "leash:takes"}};
    symbol->param_notes = param_notes;
    symbol->param_note_count = COUNT_OF(param_notes);
    sample_var(sample, func, IR_VAR_PARAM, "p", sample->node_pointer);
    sample_var(sample, func, IR_VAR_PARAM, "n", sample->int_);
    struct ir_var *local = sample_var(sample, func, IR_VAR_LOCAL, "n", sample->alias);
    local->cleanup = cleanup;
    local->notes = notes;
    local->note_count = 1;
    sample_var(sample, func, IR_VAR_LITERAL, "literal1", sample->int_array);
    fill_entry(sample, func, callee);
    fill_rest(sample, func, cleanup);
    func->incomplete = "asm goto is not understood";
    ir_func_finish(&sample->arena, func);
    fill_init(sample);

    static struct ir_error errors[] = {{{0, 5, 1, 5, 4}, "unknown type name 'foo'"},
                                       {{0}, "pool.h not found"}};
    static struct ir_enumerator enumerators[] = {{"RED", 0}, {"GREEN", -1}};
    sample->unit->errors = errors;
    sample->unit->error_count = COUNT_OF(errors);
    sample->unit->enumerators = enumerators;
    sample->unit->enumerator_count = COUNT_OF(enumerators);
    sample->unit->is_incomplete = true;

    static struct ir_remark remarks[] = {
        {.pos = {0, 11, 4, 11, 15}, .text = "leash:takes", .target = 12},
        {.pos = {0, 40, 4, 40, 16}, .text = "leash:daemon", .is_conditional = true},
    };
    remarks[0].at = IR_REMARK_PARAM;
    remarks[0].symbol = symbol;
    remarks[0].unknown = "q";
    sample->unit->remarks = remarks;
    sample->unit->remark_count = COUNT_OF(remarks);
}
