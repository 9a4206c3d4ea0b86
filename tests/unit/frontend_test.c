/*
 * What the front end tells besides the graphs, which tests/golden holds: positions, types, records,
 * symbols, files, errors, and that hostile input ends in a message.
 */
#include "unit_test.h"

#include "frontend/frontend.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct parsed {
    struct arena arena;
    struct ir_unit *unit;
    const char *problem;
};

static struct parsed *parse_buffers(const struct file_buffer *buffers, size_t count,
                                    const char *const *flags, size_t flag_count)
{
    struct parsed *parsed = calloc(1, sizeof *parsed);
    const struct frontend_job job = {.file = buffers[0].path,
                                     .directory = "/",
                                     .flags = flags,
                                     .flag_count = flag_count,
                                     .buffers = buffers,
                                     .buffer_count = count};
    parsed->unit = frontend_parse(&parsed->arena, &job, &parsed->problem);
    return parsed;
}

static struct parsed *parse(const char *text)
{
    const struct file_buffer buffer = {"/nowhere/a.c", text, strlen(text)};
    struct parsed *parsed = parse_buffers(&buffer, 1, NULL, 0);
    assert_non_null(parsed->unit);
    return parsed;
}

static void done(struct parsed *parsed)
{
    arena_release(&parsed->arena);
    free(parsed);
}

static const struct ir_func *func(const struct parsed *parsed, const char *name)
{
    for (size_t i = 0; i < parsed->unit->func_count; i++)
        if (strcmp(parsed->unit->funcs[i]->symbol->name, name) == 0)
            return parsed->unit->funcs[i];
    fail_msg("there is no function %s", name);
    return NULL;
}

static const struct ir_symbol *symbol(const struct parsed *parsed, const char *name)
{
    for (size_t i = 0; i < parsed->unit->symbol_count; i++)
        if (strcmp(parsed->unit->symbols[i]->name, name) == 0)
            return parsed->unit->symbols[i];
    fail_msg("there is no symbol %s", name);
    return NULL;
}

/* The n-th call in the function, from 0. */
static const struct ir_op *call(const struct parsed *parsed, const char *name, int n)
{
    const struct ir_op *op = NULL;
    const struct ir_func *in = func(parsed, name);
    do
        op = ir_next_op(in, IR_OP_CALL, op);
    while (op && n-- > 0);
    assert_non_null(op);
    return op;
}

static void check_pos(const struct ir_pos *pos, unsigned line, unsigned column, unsigned end_line,
                      unsigned end_column)
{
    assert_int_equal(pos->line, line);
    assert_int_equal(pos->column, column);
    assert_int_equal(pos->end_line, end_line);
    assert_int_equal(pos->end_column, end_column);
}

/* ---- positions ------------------------------------------------------------------------------- */

static void test_frontend__plain_positions(void **state)
{
    (void)state;
    struct parsed *parsed = parse("int g(int);\n"
                                  "int f(int a)\n"
                                  "{\n"
                                  "    return g(a +\n"
                                  "             1);\n"
                                  "}\n");
    check_pos(&call(parsed, "f", 0)->pos, 4, 12, 5, 16);
    check_pos(&func(parsed, "f")->pos, 2, 5, 2, 6);
    check_pos(&func(parsed, "f")->body, 3, 1, 6, 2);
    check_pos(&func(parsed, "f")->blocks[0].pos, 4, 5, 5, 16);
    check_pos(&func(parsed, "f")->vars[0]->pos, 2, 11, 2, 12);
    done(parsed);
}

static void test_frontend__macro_positions(void **state)
{
    (void)state;
    struct parsed *parsed = parse("int g(int, int);\n"
                                  "#define spawn(f, a) f(a, 1)\n"
                                  "#define ID(x) x\n"
                                  "#define CHECK(x) if (!(x)) g(0, 0)\n"
                                  "#define NAME g\n"
                                  "#define FIVE g(5, 5)\n"
                                  "#define LAST(x) g(6, 0) + x\n"
                                  "#define TWO(a, b) a b\n"
                                  "void f(int a) {\n"
                                  "    spawn(g,\n"
                                  "          a);\n"
                                  "    ID(g(a, 2));\n"
                                  "    CHECK(spawn(g, 3) > 2);\n"
                                  "    NAME(4, a);\n"
                                  "    FIVE;\n"
                                  "    a = LAST(a);\n"
                                  "    TWO(g, (7, a));\n"
                                  "}\n");
    check_pos(&call(parsed, "f", 0)->pos, 10, 5, 11, 13);  /* the whole macro call */
    check_pos(&call(parsed, "f", 1)->pos, 12, 8, 12, 15);  /* where the argument was written */
    check_pos(&call(parsed, "f", 2)->pos, 13, 11, 13, 22); /* a macro call in an argument */
    check_pos(&call(parsed, "f", 3)->pos, 13, 5, 13, 27);  /* the macro's own */
    check_pos(&call(parsed, "f", 4)->pos, 14, 5, 14, 15);
    check_pos(&call(parsed, "f", 5)->pos, 15, 5, 15, 9);
    check_pos(&call(parsed, "f", 6)->pos, 16, 9, 16, 16);
    check_pos(&call(parsed, "f", 7)->pos, 17, 5, 17, 19); /* in parts of two arguments */
    done(parsed);
}

static void test_frontend__macro_defines_function(void **state)
{
    (void)state;
    struct parsed *parsed = parse("#define TASK(name) void task_##name(void)\n"
                                  "TASK(one)\n"
                                  "{\n"
                                  "}\n");
    check_pos(&func(parsed, "task_one")->pos, 2, 1, 2, 10);
    check_pos(&func(parsed, "task_one")->body, 3, 1, 4, 2);
    done(parsed);
}

static void test_frontend__cleanup_positions(void **state)
{
    (void)state;
    struct parsed *parsed = parse("void c(int *);\n"
                                  "int f(int a) {\n"
                                  "    int x __attribute__((cleanup(c))) = 1;\n"
                                  "    if (a)\n"
                                  "        return 1;\n"
                                  "    return 2;}\n"
                                  "void g(void) {\n"
                                  "    int x __attribute__((cleanup(c))) = 1;}\n");
    check_pos(&call(parsed, "f", 0)->pos, 5, 9, 5, 17);
    check_pos(&call(parsed, "f", 1)->pos, 6, 5, 6, 13);
    check_pos(&call(parsed, "g", 0)->pos, 8, 43, 8, 44);
    assert_true(call(parsed, "g", 0)->is_cleanup);
    assert_string_equal(call(parsed, "g", 0)->var->name, "x");
    done(parsed);
}

/* ---- types and symbols ----------------------------------------------------------------------- */

static void test_frontend__typedef_chain(void **state)
{
    (void)state;
    struct parsed *parsed = parse("typedef struct { int a; } first_t;\n"
                                  "typedef first_t second_t;\n"
                                  "typedef const second_t third_t;\n"
                                  "void f(third_t *p, volatile int v) {}\n");
    const struct ir_type *type = func(parsed, "f")->vars[0]->type;
    assert_int_equal(type->kind, IR_TYPE_POINTER);
    assert_true(ir_type_is(type->target, "third_t"));
    assert_true(ir_type_is(type->target, "second_t"));
    assert_true(ir_type_is(type->target, "first_t"));
    assert_false(ir_type_is(type->target, "fourth_t"));
    assert_int_equal(type->target->kind, IR_TYPE_RECORD);
    assert_string_equal(type->target->record->name, "first_t");
    assert_true(func(parsed, "f")->vars[1]->type->is_volatile);
    assert_string_equal(func(parsed, "f")->vars[1]->type->name, "int");
    done(parsed);
}

static void test_frontend__record_fields(void **state)
{
    (void)state;
    struct parsed *parsed = parse("struct s {\n"
                                  "    char c;\n"
                                  "    long l;\n"
                                  "    struct { int in; union { short sh; double d; }; };\n"
                                  "    unsigned b1 : 3, : 5, b2 : 9;\n"
                                  "    struct s *self;\n"
                                  "    int flexible[];\n"
                                  "};\n"
                                  "void f(struct s *p) { }\n");
    const struct ir_record *record = func(parsed, "f")->vars[0]->type->target->record;
    struct ir_field field;
    assert_string_equal(record->name, "struct s");
    assert_true(ir_record_field(record, "l", &field));
    assert_int_equal(field.offset, 8);
    assert_true(ir_record_field(record, "sh", &field));
    assert_int_equal(field.offset, 24);
    assert_true(ir_record_field(record, "b2", &field));
    assert_int_equal(field.offset, 32);
    assert_true(ir_record_field(record, "self", &field));
    assert_ptr_equal(field.type->target->record, record);
    assert_int_equal(record->field_count, 7);
    assert_int_equal(record->size, 48);
    done(parsed);
}

static void test_frontend__symbols(void **state)
{
    (void)state;
    struct parsed *parsed = parse("extern int declared;\n"
                                  "int tentative;\n"
                                  "static int internal = 1;\n"
                                  "void only_declared(void);\n"
                                  "static inline void helper(void) {}\n"
                                  "_Noreturn void never(void);\n"
                                  "int f(void) {\n"
                                  "    static int local = 2;\n"
                                  "    only_declared(); helper();\n"
                                  "    if (declared) never();\n"
                                  "    return local + internal;\n"
                                  "}\n"
                                  "int declared = 4;\n");
    assert_true(symbol(parsed, "declared")->is_defined);
    assert_int_equal(symbol(parsed, "declared")->pos.line, 13);
    assert_true(symbol(parsed, "tentative")->is_defined);
    assert_null(symbol(parsed, "tentative")->scope);
    assert_string_equal(symbol(parsed, "internal")->scope, "/nowhere/a.c");
    assert_string_equal(symbol(parsed, "local")->scope, "/nowhere/a.c:f:8:16");
    assert_false(symbol(parsed, "only_declared")->is_defined);
    assert_null(symbol(parsed, "only_declared")->func);
    assert_true(symbol(parsed, "helper")->is_inline);
    assert_ptr_equal(symbol(parsed, "helper")->func, func(parsed, "helper"));
    assert_true(symbol(parsed, "never")->is_noreturn);
    assert_false(symbol(parsed, "f")->is_noreturn);
    done(parsed);
}

static void test_frontend__headers(void **state)
{
    (void)state;
    const char *text = "#include \"own.h\"\n#include <sys.h>\n"
                       "int f(void) { return own() + sys(); }\n";
    const char *own =
        "enum own { OWN_B = 2, OWN_A = 1 };\nstatic inline int own(void) { return 1; }\n";
    const char *sys = "enum sys { SYS = 1 };\nstatic inline int sys(void) { return 1; }\n";
    const struct file_buffer buffers[] = {
        {"/nowhere/a.c", text, strlen(text)},
        {"/nowhere/own.h", own, strlen(own)},
        {"/nowhere/system/sys.h", sys, strlen(sys)},
    };
    const char *const flags[] = {"cc", "-isystem", "/nowhere/system", "-c", "/nowhere/a.c"};
    struct parsed *parsed = parse_buffers(buffers, 3, flags, COUNT_OF(flags));
    struct ir_unit *unit = parsed->unit;
    assert_non_null(unit);
    if (unit->error_count)
        fail_msg("%s", unit->errors[0].message);
    assert_int_equal(unit->file_count, 3);
    assert_string_equal(unit->files[0].path, "/nowhere/a.c");
    assert_string_equal(unit->files[1].path, "/nowhere/own.h");
    assert_false(unit->files[1].is_system);
    assert_true(unit->files[2].is_system);
    assert_int_equal(unit->files[1].size, strlen(own));
    assert_int_equal(unit->files[1].hash, hash_bytes(own, strlen(own)));
    assert_int_equal(unit->func_count, 2); /* a system header's bodies are left out */
    assert_true(symbol(parsed, "sys")->is_in_system_header);
    assert_int_equal(unit->enumerator_count, 2);
    assert_string_equal(unit->enumerators[0].name, "OWN_A");
    assert_int_equal(unit->enumerators[1].value, 2);
    done(parsed);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void test_frontend__errors_mark_their_function(void **state)
{
    (void)state;
    struct parsed *parsed = parse("void a(void) { b(1); }\nvoid c(void) {}\nvoid d(void) { x; }\n");
    assert_int_equal(parsed->unit->error_count, 2);
    assert_int_equal(parsed->unit->errors[1].pos.line, 3);
    assert_non_null(strstr(func(parsed, "a")->incomplete, "undeclared"));
    assert_null(func(parsed, "c")->incomplete);
    assert_non_null(strstr(func(parsed, "d")->incomplete, "undeclared"));
    assert_false(parsed->unit->is_incomplete);
    done(parsed);
}

static void test_frontend__no_such_file(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *problem = NULL;
    const struct frontend_job job = {.file = "missing.c", .directory = "/nowhere"};
    assert_null(frontend_parse(&arena, &job, &problem));
    assert_non_null(strstr(problem, "/nowhere/missing.c"));
    arena_release(&arena);
}

static void test_frontend__unknown_standard(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *problem = NULL;
    const char *const flags[] = {"-std=c1066"};
    char *directory = getcwd(NULL, 0);
    const struct frontend_job job = {.file = "tests/golden/limits.c",
                                     .directory = directory,
                                     .flags = flags,
                                     .flag_count = COUNT_OF(flags)};
    assert_null(frontend_parse(&arena, &job, &problem));
    assert_non_null(strstr(problem, "-std"));
    arena_release(&arena);
    free(directory);
}

static void test_frontend__version(void **state)
{
    (void)state;
    assert_true(text_starts(frontend_version(), "libclang "));
    assert_true(atoi(frontend_version() + strlen("libclang ")) >= 17);
}

/* ---- hostile input --------------------------------------------------------------------------- */

static char *repeat(const char *head, const char *piece, size_t count, const char *tail)
{
    struct text text = {0};
    text_add(&text, head);
    for (size_t i = 0; i < count; i++)
        text_add(&text, piece);
    text_add(&text, tail);
    return text.at;
}

static void check_incomplete(const char *head, const char *piece, size_t count, const char *tail)
{
    char *text = repeat(head, piece, count, tail);
    struct parsed *parsed = parse(text);
    assert_string_equal(func(parsed, "f")->incomplete, "nested too deeply");
    done(parsed);
    free(text);
}

static void test_frontend__deep_nesting(void **state)
{
    (void)state;
    check_incomplete("int f(int a) { return a", " + a", 4000, "; }");
    check_incomplete("int g(void); int f(void) { return g()", " && g()", 4000, "; }");
    check_incomplete("int f(int a) { return ", "a ? 1 : ", 2500, "0; }");
    check_incomplete("struct s { struct s *n; }; void *f(struct s *p) { return p", "->n", 4000,
                     "; }");
    check_incomplete("int f(int a) { return ", "a = ", 2500, "1; }");
}

static void test_frontend__long_chains(void **state)
{
    (void)state;
    char *text =
        repeat("int g(void); int f(int a) {", "if (a) g(); else ", 3000, "g(); return 0; }");
    struct parsed *parsed = parse(text);
    assert_null(func(parsed, "f")->incomplete);
    assert_int_equal(func(parsed, "f")->op_count, 3001);
    done(parsed);
    free(text);
}

static void test_frontend__large_table(void **state)
{
    (void)state;
    char *text = repeat("int t[] = {", "1,", 100 * 1000, "}; int f(void) { return t[0]; }");
    struct parsed *parsed = parse(text);
    const struct ir_op *op = ir_next_op(parsed->unit->init, IR_OP_ASSIGN, NULL);
    assert_int_equal(op->value->kind, IR_LITERAL);
    assert_true(op->value->is_partial);
    assert_int_equal(op->value->element_count, 0);
    done(parsed);
    free(text);
}

static void test_frontend__odd_bytes(void **state)
{
    (void)state;
    static const char text[] = "int f(void)\0{ \xff\xfe return @ `1; }\n\\";
    const struct file_buffer buffer = {"/nowhere/a.c", text, sizeof text};
    struct parsed *parsed = parse_buffers(&buffer, 1, NULL, 0);
    assert_non_null(parsed->unit);
    assert_true(parsed->unit->error_count > 0);
    done(parsed);
}

/* An error, but the initialiser is there: it must not reach into the function's body. */
static void check_static_initialiser(const char *declaration)
{
    char text[200];
    snprintf(text, sizeof text, "int f(int q) { int local = q; %s return local; } int g(int *);",
             declaration);
    struct parsed *parsed = parse(text);
    struct arena arena = {0};
    struct text bytes = {0};
    const char *problem = NULL;
    assert_non_null(func(parsed, "f")->incomplete);
    ir_unit_write(&bytes, parsed->unit);
    assert_non_null(ir_unit_read(&arena, bytes.at, bytes.length, &problem));
    text_release(&bytes);
    arena_release(&arena);
    done(parsed);
}

static void test_frontend__static_of_a_local(void **state)
{
    (void)state;
    check_static_initialiser("static int *p = &local;");
    check_static_initialiser("static int w = (int){3} + local;");
    check_static_initialiser("static int *v = (int[]){1, 2, q};");
    check_static_initialiser("static int y = ({ int z = q; g(&z); z; });");
}

/* ---- one function after the other -------------------------------------------------------------
 */

struct taken {
    struct ir_unit_writer *writer;
    struct text names;
};

static void take(void *context, const struct ir_func *func)
{
    struct taken *taken = context;
    text_printf(&taken->names, "%s ", func->symbol->name);
    ir_unit_writer_add(taken->writer, func);
}

static const char several[] =
    "struct s { struct s *next; int n; }; int puts(const char *);\n"
    "void leave(int *);\n"
    "static int a(struct s *s) { static int calls = 3; return s ? s->n + calls : 0; }\n"
    "int b(struct s *s) { __attribute__((cleanup(leave))) int x = a(s->next); goto out;\n"
    "out: puts(\"out\"); return x + (struct s){.n = 4}.n; }\n"
    "struct s table[] = {{table, 1}, {0, 2}}; static int (*const f)(struct s *) = a;\n"
    "int c(void) { for (int i = 0; i < 3; i++) a(&table[i]); return f(table); }\n";

static void test_frontend__functions_one_by_one(void **state)
{
    (void)state;
    const struct file_buffer buffer = {"/nowhere/a.c", several, strlen(several)};
    const struct frontend_job job = {
        .file = buffer.path, .directory = "/", .buffers = &buffer, .buffer_count = 1};
    struct arena arena = {0};
    struct taken taken = {.writer = ir_unit_writer_new()};
    const char *problem = NULL;
    struct ir_unit *unit = frontend_parse_each(&arena, &job, take, &taken, &problem);
    assert_non_null(unit);
    assert_string_equal(taken.names.at, "a b c ");
    assert_int_equal(unit->func_count, 0);

    struct parsed *parsed = parse(several);
    struct text bytes = {0}, expected = {0};
    ir_unit_write(&expected, parsed->unit);
    ir_unit_writer_finish(taken.writer, &bytes, unit);
    assert_int_equal(bytes.length, expected.length);
    assert_memory_equal(bytes.at, expected.at, expected.length);

    text_release(&bytes);
    text_release(&expected);
    text_release(&taken.names);
    ir_unit_writer_release(taken.writer);
    arena_release(&arena);
    done(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frontend__plain_positions),
        cmocka_unit_test(test_frontend__macro_positions),
        cmocka_unit_test(test_frontend__macro_defines_function),
        cmocka_unit_test(test_frontend__cleanup_positions),
        cmocka_unit_test(test_frontend__typedef_chain),
        cmocka_unit_test(test_frontend__record_fields),
        cmocka_unit_test(test_frontend__symbols),
        cmocka_unit_test(test_frontend__headers),
        cmocka_unit_test(test_frontend__errors_mark_their_function),
        cmocka_unit_test(test_frontend__no_such_file),
        cmocka_unit_test(test_frontend__unknown_standard),
        cmocka_unit_test(test_frontend__version),
        cmocka_unit_test(test_frontend__deep_nesting),
        cmocka_unit_test(test_frontend__long_chains),
        cmocka_unit_test(test_frontend__large_table),
        cmocka_unit_test(test_frontend__odd_bytes),
        cmocka_unit_test(test_frontend__static_of_a_local),
        cmocka_unit_test(test_frontend__functions_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
