#include "program.h"

#include "frontend/frontend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void load(struct program *program, const char *text)
{
    *program = (struct program){0};
    char *source = arena_printf(&program->arena, "#include <leash.h>\n%s", text);
    struct file_buffer buffer = {"/test/program.c", source, strlen(source)};
    char cwd[4096];
    assert_non_null(getcwd(cwd, sizeof cwd));
    const char *flags[] = {arena_printf(&program->arena, "-I%s/runtime/include", cwd),
                           "-std=gnu17"};
    struct frontend_job job = {.file = "/test/program.c",
                               .directory = cwd,
                               .flags = flags,
                               .flag_count = COUNT_OF(flags),
                               .buffers = &buffer,
                               .buffer_count = 1};
    const char *problem = NULL;
    program->unit = frontend_parse(&program->arena, &job, &problem);
    if (!program->unit) {
        fail_msg("%s", problem);
        abort();
    }
    for (size_t i = 0; i < program->unit->error_count; i++)
        fail_msg("%u: %s", program->unit->errors[i].pos.line, program->unit->errors[i].message);
    struct model_set *models = model_set_new(&program->arena);
    model_set_add_bundled(models);
    model_apply(models, program->unit);
    program->flow = flow_new(&program->arena, models, &program->unit, 1);
}

void unload(struct program *program)
{
    arena_release(&program->arena);
}

const struct ir_func *func(const struct program *program, const char *name)
{
    for (size_t i = 0; i < program->unit->func_count; i++)
        if (text_is(program->unit->funcs[i]->symbol->name, name))
            return program->unit->funcs[i];
    fail_msg("no function '%s'", name);
    return NULL;
}

const struct ir_op *act_in(const struct ir_func *in, enum act_kind kind)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(in, IR_OP_CALL, op));)
        if (op->act && op->act->kind == kind)
            return op;
    fail_msg("no such act in '%s'", in->symbol->name);
    return NULL;
}

const struct ir_expr *object(const struct program *program, const char *name, enum act_kind kind)
{
    const struct ir_func *in = func(program, name);
    size_t count;
    const struct frame *const *frames = flow_frames(program->flow, in, &count);
    assert_int_equal(count, 1);
    return flow_resolve(program->flow, frames[0], act_in(in, kind)->act->object);
}

void assert_compare(const struct program *program, enum flow_same expected, const struct ir_expr *a,
                    const struct ir_expr *b)
{
    assert_int_equal(flow_compare(program->flow, a, b), expected);
    assert_int_equal(flow_compare(program->flow, b, a), expected);
}
