/*
 * forward_test.c - functions that only hand a call on are that call.
 */
#include "program.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static size_t count_acts(const struct program *program, const char *name, enum act_kind kind)
{
    const struct ir_func *in = func(program, name);
    size_t count = 0;
    for (const struct ir_op *op = NULL; (op = ir_next_op(in, IR_OP_CALL, op));)
        count += op->act && op->act->kind == kind;
    return count;
}

static void assert_sends(const char *text, size_t in_caller, size_t in_wrapper)
{
    struct program program;
    load(&program, text);
    assert_int_equal(count_acts(&program, "go", ACT_SEND), in_caller);
    assert_int_equal(count_acts(&program, "put", ACT_SEND), in_wrapper);
    unload(&program);
}

static void test_forward__means_the_call_where_it_is_written(void **state)
{
    (void)state;
    assert_sends("static bool put(chan_t *c, int *v) { return chan_send(c, v); }\n"
                 "void go(chan_t *c, int v) { put(c, &v); }\n",
                 1, 0);
    assert_sends("static void put(int *v, chan_t *c) { chan_send(c, v); }\n"
                 "static void out(chan_t *c, int *v) { put(v, c); }\n"
                 "void go(chan_t *c, int v) { out(c, &v); }\n",
                 1, 0);
}

static void test_forward__not_where_there_is_more_to_it(void **state)
{
    (void)state;
    assert_sends("static bool put(chan_t *c, int v) { return chan_send(c, &v); }\n"
                 "void go(chan_t *c, int v) { put(c, v); }\n",
                 0, 1);
    assert_sends("static bool put(chan_t *c, int *v) { return c && chan_send(c, v); }\n"
                 "void go(chan_t *c, int v) { put(c, &v); }\n",
                 0, 1);
    assert_sends("bool put(chan_t *c, int *v) { return chan_send(c, v); }\n"
                 "void go(chan_t *c, int v) { put(c, &v); }\n",
                 0, 1); /* others may call it as well */
    assert_sends("static bool put(chan_t *c, int *v) { return chan_send(c, v); }\n"
                 "bool (*keep)(chan_t *, int *) = put;\n"
                 "void go(chan_t *c, int v) { put(c, &v); }\n",
                 0, 1);
}

static void test_forward__the_arguments_are_seen_in_full(void **state)
{
    (void)state;
    struct program program;
    load(&program, "static int pick(leash_case *cases, size_t n, const char *where) {\n"
                   "    return leash_select(cases, n, where); }\n"
                   "int go(chan_t *c, int *v) {\n"
                   "    return pick((leash_case[]){RECV(c, v), AFTER_MS(5)}, 2, \"\"); }\n");
    const struct ir_op *op = act_in(func(&program, "go"), ACT_SELECT);
    assert_true(op->act->arms_known);
    assert_int_equal(op->act->arm_count, 2);
    assert_int_equal(op->act->arms[0].kind, ARM_RECV);
    assert_int_equal(op->act->arms[1].kind, ARM_AFTER);
    unload(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward__means_the_call_where_it_is_written),
        cmocka_unit_test(test_forward__not_where_there_is_more_to_it),
        cmocka_unit_test(test_forward__the_arguments_are_seen_in_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
