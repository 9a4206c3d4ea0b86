/*
 * Units as bytes: the way there and back, and bytes that are cut, flipped or made up.
 */
#include "ir/unit_format.h"
#include "ir_sample.h"
#include "unit_test.h"

#include <stdlib.h>
#include <string.h>

static void write_sample(struct text *out)
{
    struct sample sample;
    sample_init(&sample);
    sample_fill(&sample);
    ir_unit_write(out, sample.unit);
    sample_release(&sample);
}

/* Makes the checksum right again, so that what lies behind it is put to the test. */
static void seal(char *data, size_t length)
{
    uint64_t checksum = hash_bytes(data + UNIT_HEAD_BYTES, length - UNIT_HEAD_BYTES);
    for (unsigned i = 0; i < 8; i++)
        data[UNIT_CHECKSUM_AT + i] = (char)(checksum >> (8 * i) & 0xff);
}

static void assert_problem(const char *problem, const char *part)
{
    assert_non_null(problem);
    if (!strstr(problem, part))
        fail_msg("'%s' lacks '%s'", problem, part);
}

/* Reads `length` bytes, from a block of exactly that size so that ASan sees any step beyond.  What
 * is accepted must bear being dumped, asked and written.  Returns whether it was. */
static bool read_harmlessly(const char *data, size_t length)
{
    struct arena arena = {0};
    char *exact = malloc(length ? length : 1);
    memcpy(exact, data, length);
    const char *problem = NULL;
    struct ir_unit *unit = ir_unit_read(&arena, exact, length, &problem);
    free(exact);
    assert_true((unit == NULL) == (problem != NULL));
    assert_true(arena.bytes < 1024 * 1024 + 200 * length);
    if (unit) {
        struct text text = {0};
        ir_dump_unit(&text, unit);
        ir_unit_write(&text, unit);
        text_release(&text);
        struct ir_field field;
        for (size_t i = 0; i < unit->record_count; i++)
            ir_record_field(unit->records[i], "no such field", &field);
        for (size_t i = 0; i < unit->type_count; i++)
            ir_type_is(unit->types[i], "no such type");
    }
    arena_release(&arena);
    return unit != NULL;
}

static void test_ir_unit_file__there_and_back(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    sample_fill(&sample);
    struct text bytes = {0}, again = {0}, dump = {0}, dump_again = {0};
    ir_unit_write(&bytes, sample.unit);
    ir_dump_unit(&dump, sample.unit);
    sample_release(&sample);

    struct arena arena = {0};
    const char *problem = NULL;
    struct ir_unit *unit = ir_unit_read(&arena, bytes.at, bytes.length, &problem);
    assert_null(problem);
    ir_unit_write(&again, unit);
    ir_dump_unit(&dump_again, unit);
    assert_string_equal(dump.at, dump_again.at);
    assert_int_equal(bytes.length, again.length);
    assert_memory_equal(bytes.at, again.at, bytes.length);
    arena_release(&arena);
    text_release(&bytes);
    text_release(&again);
    text_release(&dump);
    text_release(&dump_again);
}

/* The dump leaves much out: what it does not show is compared here. */
static void test_ir_unit_file__keeps_what_the_dump_leaves_out(void **state)
{
    (void)state;
    struct text bytes = {0};
    write_sample(&bytes);
    struct arena arena = {0};
    const char *problem = NULL;
    struct ir_unit *unit = ir_unit_read(&arena, bytes.at, bytes.length, &problem);
    assert_non_null(unit);
    assert_string_equal(unit->directory, "/home/user");
    assert_string_equal(unit->output, "pool.o");
    assert_true(unit->files[0].hash == 0x8123456789abcdef);
    assert_int_equal(unit->files[0].size, 400);
    assert_true(unit->files[1].is_system);
    const struct ir_func *func = unit->funcs[0];
    assert_ptr_equal(func->symbol->func, func);
    assert_ptr_equal(func->unit, unit);
    assert_int_equal(func->symbol->type->param_count, 1);
    assert_true(func->symbol->type->is_variadic);
    assert_int_equal(func->body.end_line, 30);
    assert_int_equal(func->body.end_column, 2);
    const struct ir_type *node = func->vars[0]->type->target;
    assert_int_equal(node->size, 40);
    assert_ptr_equal(node->record->fields[1].type->target, node); /* struct node *next */
    assert_true(node->record->fields[2].type->record->is_union);
    assert_ptr_equal(func->vars[2]->type->alias_of, node);
    assert_int_equal(func->vars[3]->type->count, 4);
    assert_int_equal(func->vars[3]->kind, IR_VAR_LITERAL);
    assert_true(ir_callee(ir_next_op(func, IR_OP_CALL, NULL))->is_in_system_header);
    assert_int_equal(unit->enumerator_count, 2);
    assert_string_equal(unit->enumerators[1].name, "GREEN");
    assert_int_equal(unit->enumerators[1].value, -1);
    assert_int_equal(unit->remarks[0].target, 12);
    assert_ptr_equal(unit->remarks[0].symbol, func->symbol);
    const struct ir_expr *literal = unit->init->blocks[0].ops[0].value;
    assert_true(literal->is_partial);
    assert_int_equal(ir_literal_at(literal, 0)->value, -7);
    arena_release(&arena);
    text_release(&bytes);
}

static void test_ir_unit_file__shared_expressions_stay_shared(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample);
    struct ir_func *func = sample_func(&sample, "f", 1);
    const struct ir_expr *x =
        ir_var(&sample.arena, sample_var(&sample, func, IR_VAR_LOCAL, "x", sample.int_));
    const struct ir_expr *doubled = x;
    enum { DOUBLINGS = 12 }; /* a tree of 8,191 nodes */
    for (int i = 0; i < DOUBLINGS; i++)
        doubled = ir_binary(&sample.arena, sample.int_, IR_ADD, doubled, doubled);
    sample_assign(&sample, func, 0, x, doubled);
    sample_end(func, 0, IR_RETURN, NULL, NULL, 0);
    ir_func_finish(&sample.arena, func);
    struct text bytes = {0};
    ir_unit_write(&bytes, sample.unit);
    assert_true(bytes.length < 2000);
    struct arena arena = {0};
    const char *problem = NULL;
    struct ir_unit *unit = ir_unit_read(&arena, bytes.at, bytes.length, &problem);
    assert_non_null(unit);
    const struct ir_expr *value = unit->funcs[0]->blocks[0].ops[0].value;
    assert_int_equal(value->kind, IR_BINARY);
    assert_ptr_equal(value->a, value->b);
    arena_release(&arena);
    text_release(&bytes);
    sample_release(&sample);
}

static void test_ir_unit_file__refuses_what_it_is_not(void **state)
{
    (void)state;
    struct text bytes = {0};
    write_sample(&bytes);
    struct arena arena = {0};
    const char *problem = NULL;
    assert_null(ir_unit_read(&arena, "", 0, &problem));
    assert_problem(problem, "no unit file");
    assert_null(ir_unit_read(&arena, "int main(void) { return 0; }", 28, &problem));
    assert_problem(problem, "no unit file");
    bytes.at[bytes.length - 1] ^= 1;
    assert_null(ir_unit_read(&arena, bytes.at, bytes.length, &problem));
    assert_problem(problem, "checksum");
    bytes.at[UNIT_VERSION_AT]++;
    assert_null(ir_unit_read(&arena, bytes.at, bytes.length, &problem));
    assert_problem(problem, "version 3");
    arena_release(&arena);
    text_release(&bytes);
}

static void test_ir_unit_file__cut_anywhere(void **state)
{
    (void)state;
    struct text bytes = {0};
    write_sample(&bytes);
    for (size_t length = 0; length < bytes.length; length++) {
        struct text cut = {0};
        text_add_bytes(&cut, bytes.at, length);
        assert_false(read_harmlessly(cut.at, length)); /* by its checksum */
        if (length >= UNIT_HEAD_BYTES) {
            seal(cut.at, length);
            assert_false(read_harmlessly(cut.at, length)); /* by its content */
        }
        text_release(&cut);
    }
    text_release(&bytes);
}

static void test_ir_unit_file__goes_on_behind_its_end(void **state)
{
    (void)state;
    struct text bytes = {0};
    write_sample(&bytes);
    text_add_char(&bytes, 0);
    seal(bytes.at, bytes.length);
    assert_false(read_harmlessly(bytes.at, bytes.length));
    text_release(&bytes);
}

static void test_ir_unit_file__a_nul_in_a_name(void **state)
{
    (void)state;
    struct text bytes = {0};
    write_sample(&bytes);
    char *name = memmem(bytes.at, bytes.length, "log_line", 8);
    assert_non_null(name);
    name[3] = '\0';
    seal(bytes.at, bytes.length);
    struct arena arena = {0};
    const char *problem = NULL;
    assert_null(ir_unit_read(&arena, bytes.at, bytes.length, &problem));
    assert_problem(problem, "a string holds a NUL");
    arena_release(&arena);
    text_release(&bytes);
}

/* Every byte, to values that hit the bounds of counts, kinds and references. */
static void test_ir_unit_file__any_byte_flipped(void **state)
{
    (void)state;
    struct text bytes = {0};
    write_sample(&bytes);
    size_t refused = 0, accepted = 0;
    for (size_t at = UNIT_HEAD_BYTES; at < bytes.length; at++) {
        const char original = bytes.at[at];
        const char values[] = {0,
                               1,
                               2,
                               0x7f,
                               (char)0xff,
                               (char)(original + 1),
                               (char)(original - 1),
                               (char)(original ^ 0x04),
                               (char)(original ^ 0x10),
                               (char)(original ^ 0x80)};
        for (size_t i = 0; i < COUNT_OF(values); i++) {
            bytes.at[at] = values[i];
            seal(bytes.at, bytes.length);
            *(read_harmlessly(bytes.at, bytes.length) ? &accepted : &refused) += 1;
        }
        bytes.at[at] = original;
    }
    /* Both ways were taken: bytes of names may change freely, those of structure may not. */
    assert_true(refused > bytes.length);
    assert_true(accepted > bytes.length);
    text_release(&bytes);
}

/* Many random changes at once reach states that single ones do not. */
static void test_ir_unit_file__many_bytes_flipped(void **state)
{
    (void)state;
    struct text bytes = {0};
    write_sample(&bytes);
    char *copy = malloc(bytes.length);
    uint32_t random = 12345;
    for (int round = 0; round < 4000; round++) {
        memcpy(copy, bytes.at, bytes.length);
        for (int i = 0; i < 1 + round % 4; i++) {
            random = random * 1664525 + 1013904223;
            size_t at = UNIT_HEAD_BYTES + (random >> 8) % (bytes.length - UNIT_HEAD_BYTES);
            random = random * 1664525 + 1013904223;
            copy[at] = (char)(random >> 24);
        }
        seal(copy, bytes.length);
        read_harmlessly(copy, bytes.length);
    }
    free(copy);
    text_release(&bytes);
}

/* ---- made-up units, each with one thing wrong ------------------------------------------------ */

static void assert_refused(struct sample *sample, const char *part)
{
    struct text bytes = {0};
    ir_unit_write(&bytes, sample->unit);
    struct arena arena = {0};
    const char *problem = NULL;
    assert_null(ir_unit_read(&arena, bytes.at, bytes.length, &problem));
    assert_problem(problem, part);
    arena_release(&arena);
    text_release(&bytes);
}

static void break_aliases(struct sample *sample)
{
    sample->node->alias_of = sample->alias;
}

static void break_targets(struct sample *sample)
{
    sample->int_array->target = sample->int_matrix;
}

static void break_records(struct sample *sample)
{
    sample->node->record->fields[0].type = sample->alias;
}

static void break_pointers(struct sample *sample)
{
    sample->int_pointer->target = NULL;
}

static void break_positions(struct sample *sample)
{
    sample->unit->funcs[0]->blocks[0].ops[0].pos.file = 2;
}

static void break_branches(struct sample *sample)
{
    sample->unit->funcs[0]->blocks[1].edge_count = 1;
}

static void break_edges(struct sample *sample)
{
    sample->unit->funcs[0]->blocks[1].edges[0].to = 6;
}

static void break_parameters(struct sample *sample)
{
    sample->unit->funcs[0]->vars[0]->kind = IR_VAR_LOCAL;
}

static void break_loops(struct sample *sample)
{
    sample->unit->funcs[0]->loops[0].head = 6;
}

static void break_bodies(struct sample *sample)
{
    sample->unit->funcs[1] = sample->unit->funcs[0];
    sample->unit->func_count = 2;
}

static void break_sizes(struct sample *sample)
{
    struct ir_op *op = (struct ir_op *)ir_next_op(sample->unit->funcs[0], IR_OP_ASSIGN, NULL);
    for (int i = 0; i < 40; i++)
        op->value = ir_binary(&sample->arena, sample->int_, IR_ADD, op->value, op->value);
}

static void break_sums(struct sample *sample)
{
    struct ir_func *func = sample->unit->funcs[0];
    struct ir_op *op = (struct ir_op *)ir_next_op(func, IR_OP_ASSIGN, NULL);
    for (int i = 0; i < 14; i++) /* each alone is within bounds */
        op->value = ir_binary(&sample->arena, sample->int_, IR_ADD, op->value, op->value);
    struct ir_op call = *ir_next_op(func, IR_OP_CALL, NULL);
    call.arg_count = 100;
    call.args = arena_array(&sample->arena, const struct ir_expr *, call.arg_count);
    for (size_t i = 0; i < call.arg_count; i++)
        call.args[i] = op->value;
    *(struct ir_op *)ir_next_op(func, IR_OP_CALL, NULL) = call;
}

static void break_literals(struct sample *sample)
{
    struct ir_expr *outer = arena_new(&sample->arena, struct ir_expr);
    struct ir_op *op = &sample->unit->init->blocks[0].ops[0];
    struct ir_element *elements = arena_array(&sample->arena, struct ir_element, 1);
    elements[0].value = op->value;
    *outer = *op->value;
    outer->elements = elements;
    outer->element_count = 1;
    op->value = outer;
}

static void break_depths(struct sample *sample)
{
    struct ir_op *op = (struct ir_op *)ir_next_op(sample->unit->funcs[0], IR_OP_ASSIGN, NULL);
    for (int i = 0; i < IR_EXPR_DEPTH_MAX; i++)
        op->value = ir_unary(&sample->arena, sample->int_, IR_NEG, op->value);
}

static void test_ir_unit_file__invariants(void **state)
{
    (void)state;
    static const struct {
        void (*damage)(struct sample *);
        const char *part;
    } cases[] = {
        {break_aliases, "made of itself"},
        {break_targets, "made of itself"},
        {break_records, "lies within itself"},
        {break_pointers, "leads to no other"},
        {break_positions, "in no file"},
        {break_branches, "does not match its edges"},
        {break_edges, "an edge's block"},
        {break_parameters, "parameters do not come first"},
        {break_loops, "a loop's head"},
        {break_bodies, "belongs to no function"},
        {break_sizes, "an expression is too large"},
        {break_depths, "an expression is too large"},
        {break_sums, "its expressions are too large"},
        {break_literals, "a literal holds a literal"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sample sample;
        sample_init(&sample);
        sample_fill(&sample);
        cases[i].damage(&sample);
        assert_refused(&sample, cases[i].part);
        sample_release(&sample);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ir_unit_file__there_and_back),
        cmocka_unit_test(test_ir_unit_file__keeps_what_the_dump_leaves_out),
        cmocka_unit_test(test_ir_unit_file__shared_expressions_stay_shared),
        cmocka_unit_test(test_ir_unit_file__refuses_what_it_is_not),
        cmocka_unit_test(test_ir_unit_file__cut_anywhere),
        cmocka_unit_test(test_ir_unit_file__goes_on_behind_its_end),
        cmocka_unit_test(test_ir_unit_file__a_nul_in_a_name),
        cmocka_unit_test(test_ir_unit_file__any_byte_flipped),
        cmocka_unit_test(test_ir_unit_file__many_bytes_flipped),
        cmocka_unit_test(test_ir_unit_file__invariants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
