/* What calls come to mean: units built by hand, models of a few lines. */
#include "model/model.h"

#include "ir_sample.h"
#include "unit_test.h"

#include <stdlib.h>
#include <string.h>

/* A function `run` with one block, in which the calls under test stand. */
struct bench {
    struct sample sample;
    struct arena *arena; /* the sample's */
    struct model_set *set;
    struct ir_func *func;
    uint32_t temps;
};

static int set_up(void **state)
{
    struct bench *bench = xmalloc(sizeof *bench);
    *bench = (struct bench){0};
    sample_init(&bench->sample);
    bench->arena = &bench->sample.arena;
    bench->set = model_set_new(bench->arena);
    bench->func = sample_func(&bench->sample, "run", 1);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    sample_release(&bench->sample);
    free(bench);
    return 0;
}

static void use_model(struct bench *bench, const char *text)
{
    model_problems problems = {0};
    bool is_good = model_set_add(bench->set, "m.yaml", text, strlen(text), &problems);
    if (!is_good)
        fail_msg("%u:%u: %s", problems.at[0].line, problems.at[0].column, problems.at[0].message);
}

static const struct ir_type *function_type(struct bench *bench, const struct ir_type *result,
                                           const struct ir_type *param)
{
    struct ir_type *type = arena_copy(bench->arena, bench->sample.function, sizeof *type);
    type->target = result;
    type->params = arena_array(bench->arena, const struct ir_type *, 1);
    type->params[0] = param;
    return type;
}

/* int name(struct node *, ...) */
static struct ir_symbol *function(struct bench *bench, const char *name)
{
    struct sample *sample = &bench->sample;
    return sample_symbol(sample, IR_SYMBOL_FUNCTION, name,
                         function_type(bench, sample->int_, sample->node_pointer));
}

static struct ir_op *call(struct bench *bench, const struct ir_symbol *callee,
                          const struct ir_expr *const *args, size_t count)
{
    struct ir_op *op = sample_op(&bench->sample, bench->func, 0, IR_OP_CALL);
    op->callee = ir_symbol(bench->arena, callee);
    op->args = arena_copy(bench->arena, args, count * sizeof *args);
    op->arg_count = (uint32_t)count;
    op->temp = ++bench->temps;
    bench->func->temp_count = bench->temps;
    return op;
}

#define CALL(bench, callee, ...)                                                                   \
    call((bench), (callee), (const struct ir_expr *const[]){__VA_ARGS__},                          \
         sizeof((const struct ir_expr *const[]){__VA_ARGS__}) / sizeof(const struct ir_expr *))

static const struct ir_expr *number(struct bench *bench, int64_t value)
{
    return ir_const(bench->arena, bench->sample.int_, value);
}

static const struct ir_expr *param(struct bench *bench, const char *name)
{
    return ir_var(bench->arena, sample_var(&bench->sample, bench->func, IR_VAR_PARAM, name,
                                           bench->sample.node_pointer));
}

static const struct ir_expr *address(struct bench *bench, const struct ir_expr *place)
{
    return ir_addr(bench->arena, bench->sample.node_pointer, place);
}

static const struct ir_expr *literal(struct bench *bench, const struct ir_type *type,
                                     const struct ir_element *elements, uint32_t count)
{
    struct ir_expr *expr = arena_new(bench->arena, struct ir_expr);
    expr->kind = IR_LITERAL;
    expr->type = type;
    expr->elements = arena_copy(bench->arena, elements, count * sizeof *elements);
    expr->element_count = count;
    return expr;
}

static const struct ir_type *node_array(struct bench *bench, uint64_t count)
{
    struct ir_type *type = arena_copy(bench->arena, bench->sample.int_array, sizeof *type);
    type->target = bench->sample.node;
    type->count = count;
    type->size = count * bench->sample.node->size;
    return type;
}

/* Every model is applied, the function numbered as a front end does it. */
static void apply(struct bench *bench)
{
    sample_end(bench->func, 0, IR_RETURN, NULL, NULL, 0);
    ir_func_finish(bench->arena, bench->func);
    model_apply(bench->set, bench->sample.unit);
}

/* The act of the n-th call. */
static const struct act *act_of(const struct bench *bench, int n)
{
    const struct ir_op *op = ir_next_op(bench->func, IR_OP_CALL, NULL);
    for (; n > 0; n--)
        op = ir_next_op(bench->func, IR_OP_CALL, op);
    assert_non_null(op);
    return op->act;
}

static void assert_shows(struct bench *bench, const struct ir_expr *expr, const char *expected)
{
    assert_non_null(expr);
    assert_string_equal(ir_expr_text(bench->arena, expr), expected);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static const char spawn_model[] =
    "library: t\n"
    "functions:\n"
    "  go: {spawn: {entry: arg 0, args: {count: arg 1 . value, values: arg 1 . cells}}}\n"
    "  start: {spawn: {entry: arg 1, args: [arg 2]}, object: '*arg 0', counted_by: arg 3}\n"
    "  later: {invoke: {entry: arg 0 -> next, args: [arg 0 -> value]}}\n";

static void test_model_apply__spawn_with_a_packet_of_arguments(void **state)
{
    struct bench *bench = *state;
    use_model(bench, spawn_model);
    const struct ir_expr *a = param(bench, "a");
    const struct ir_element elements[] = {{0, number(bench, 3)}, {24, a}, {28, number(bench, 7)}};
    CALL(bench, function(bench, "go"), ir_symbol(bench->arena, bench->func->symbol),
         literal(bench, bench->sample.node, elements, 3));
    apply(bench);
    const struct act *act = act_of(bench, 0);
    assert_int_equal(act->kind, ACT_SPAWN);
    assert_int_equal(act->object_kind, OBJECT_THREAD);
    assert_shows(bench, act->entry, "run");
    assert_true(act->args_known);
    assert_int_equal(act->arg_count, 3);
    assert_ptr_equal(act->args[0], a);
    assert_shows(bench, act->args[1], "7");
    assert_shows(bench, act->args[2], "0"); /* not named in the list */
    assert_null(act->object);
    assert_false(act->may_park);
}

static void test_model_apply__spawn_with_an_unknown_number_of_arguments(void **state)
{
    struct bench *bench = *state;
    use_model(bench, spawn_model);
    const struct ir_element elements[] = {{0, param(bench, "count")}};
    CALL(bench, function(bench, "go"), ir_symbol(bench->arena, bench->func->symbol),
         literal(bench, bench->sample.node, elements, 1));
    const struct ir_element many[] = {{0, number(bench, 1000000)}};
    CALL(bench, function(bench, "go"), ir_symbol(bench->arena, bench->func->symbol),
         literal(bench, bench->sample.node, many, 1));
    CALL(bench, function(bench, "go"), number(bench, 0));
    apply(bench);
    for (int i = 0; i < 3; i++) {
        assert_false(act_of(bench, i)->args_known);
        assert_int_equal(act_of(bench, i)->arg_count, 0);
    }
}

/* The handle is where the call writes, whatever an initialiser put there. */
static void test_model_apply__a_handle_in_an_initialised_struct(void **state)
{
    struct bench *bench = *state;
    use_model(bench, spawn_model);
    const struct ir_var *box =
        sample_var(&bench->sample, bench->func, IR_VAR_LOCAL, "box", bench->sample.node);
    const struct ir_expr *place = ir_var(bench->arena, box);
    sample_assign(&bench->sample, bench->func, 0, place,
                  literal(bench, bench->sample.node, NULL, 0));
    const struct ir_expr *next =
        ir_field(bench->arena, bench->sample.node_pointer, place, "next", 8);
    CALL(bench, function(bench, "start"),
         ir_addr(bench->arena, bench->sample.void_pointer_pointer, next),
         ir_symbol(bench->arena, bench->func->symbol), number(bench, 1), param(bench, "group"));
    apply(bench);
    const struct act *act = act_of(bench, 0);
    assert_shows(bench, act->object, "box.next");
    assert_shows(bench, act->counted_by, "group");
    assert_int_equal(act->arg_count, 1);
}

static void test_model_apply__a_deferred_call_is_looked_through(void **state)
{
    struct bench *bench = *state;
    use_model(bench, spawn_model);
    const struct ir_var *deferred =
        sample_var(&bench->sample, bench->func, IR_VAR_LOCAL, "deferred", bench->sample.node);
    const struct ir_element elements[] = {{0, number(bench, 5)},
                                          {8, ir_symbol(bench->arena, bench->func->symbol)}};
    sample_assign(&bench->sample, bench->func, 0, ir_var(bench->arena, deferred),
                  literal(bench, bench->sample.node, elements, 2));
    CALL(bench, function(bench, "later"), address(bench, ir_var(bench->arena, deferred)));
    apply(bench);
    const struct act *act = act_of(bench, 0);
    assert_int_equal(act->kind, ACT_INVOKE);
    assert_shows(bench, act->entry, "run");
    assert_shows(bench, act->args[0], "5");
    assert_null(act->object);
}

/* ---- selects --------------------------------------------------------------------------------- */

static const char select_model[] =
    "library: t\n"
    "functions:\n"
    "  choose:\n"
    "    select:\n"
    "      cases: arg 0\n"
    "      count: arg 1\n"
    "      operation: value\n"
    "      operations: {OP_RECV: receive, 2: send, 3: after, 4: default, 0: until}\n"
    "      channel: next\n"
    "      into: large\n"
    "      value: large\n"
    "      timeout_ms: small\n"
    "    index: return\n"
    "  done_of: {done_channel: arg 0}\n"
    "  same: {done_channel: {any_of: [arg 0]}}\n";

/* The array of cases in a variable, assigned `elements`. */
static const struct ir_expr *cases(struct bench *bench, enum ir_var_kind kind, uint64_t count,
                                   const struct ir_element *elements, uint32_t element_count)
{
    const struct ir_type *type = node_array(bench, count);
    const struct ir_expr *array =
        ir_var(bench->arena, sample_var(&bench->sample, bench->func, kind, "literal1", type));
    sample_assign(&bench->sample, bench->func, 0, array,
                  literal(bench, type, elements, element_count));
    return array;
}

static void know_op_recv(struct bench *bench)
{
    static struct ir_enumerator enumerators[] = {{"OP_RECV", 1}};
    bench->sample.unit->enumerators = enumerators;
    bench->sample.unit->enumerator_count = 1;
}

static const struct ir_expr *result_of(struct bench *bench, const struct ir_op *op)
{
    return ir_temp(bench->arena, bench->sample.node_pointer, op->temp);
}

static void test_model_apply__select_arms(void **state)
{
    struct bench *bench = *state;
    use_model(bench, select_model);
    know_op_recv(bench);
    const struct ir_expr *ctx = param(bench, "ctx"), *ch = param(bench, "ch");
    const struct ir_expr *done = result_of(bench, CALL(bench, function(bench, "done_of"), ctx));
    const struct ir_expr *stop = result_of(bench, CALL(bench, function(bench, "same"), ch));
    const struct ir_element elements[] = {
        {0, number(bench, 1)},   {8, done}, /* receive */
        {40, number(bench, 2)},  {48, ch},
        {56, param(bench, "v")},                           /* send */
        {80, number(bench, 3)},  {96, number(bench, 250)}, /* after */
        {120, number(bench, 1)}, {128, stop},              /* receive */
        {160, number(bench, 2)},                           /* send to the null channel */
    };
    const struct ir_expr *array = cases(bench, IR_VAR_LITERAL, 5, elements, COUNT_OF(elements));
    CALL(bench, function(bench, "choose"), address(bench, array), number(bench, 5));
    apply(bench);
    const struct act *act = act_of(bench, 2);
    assert_int_equal(act->kind, ACT_SELECT);
    assert_true(act->arms_known);
    assert_true(act->may_park);
    assert_int_equal(act->arm_count, 5);
    assert_int_equal(act->arms[0].kind, ARM_RECV);
    assert_ptr_equal(act->arms[0].context, ctx);
    assert_int_equal(act->arms[1].kind, ARM_SEND);
    assert_ptr_equal(act->arms[1].channel, ch);
    assert_shows(bench, act->arms[1].value, "v");
    assert_int_equal(act->arms[2].kind, ARM_AFTER);
    assert_shows(bench, act->arms[2].timeout_ms, "250");
    assert_ptr_equal(act->arms[3].channel, ch); /* the channel that was handed through */
    assert_null(act->arms[3].context);
    assert_int_equal(act->arms[4].channel->kind, IR_CONST);
    assert_int_equal(act->index->kind, IR_TEMP);
}

static void test_model_apply__select_with_default_does_not_park(void **state)
{
    struct bench *bench = *state;
    use_model(bench, select_model);
    const struct ir_element elements[] = {{0, number(bench, 4)}};
    const struct ir_expr *array = cases(bench, IR_VAR_LOCAL, 1, elements, 1);
    CALL(bench, function(bench, "choose"), address(bench, array), number(bench, 1));
    apply(bench);
    assert_true(act_of(bench, 0)->arms_known);
    assert_int_equal(act_of(bench, 0)->arms[0].kind, ARM_DEFAULT);
    assert_false(act_of(bench, 0)->may_park);
}

/* Where a case may be another one by the time of the call, none is claimed to be known. */
static void test_model_apply__select_over_changed_cases(void **state)
{
    struct bench *bench = *state;
    use_model(bench, select_model);
    const struct ir_element elements[] = {{0, number(bench, 4)}};
    const struct ir_expr *array = cases(bench, IR_VAR_LOCAL, 1, elements, 1);
    const struct ir_expr *first =
        ir_index(bench->arena, bench->sample.node, array, number(bench, 0));
    sample_assign(&bench->sample, bench->func, 0,
                  ir_field(bench->arena, bench->sample.int_, first, "value", 0), number(bench, 2));
    CALL(bench, function(bench, "choose"), address(bench, array), number(bench, 1));
    apply(bench);
    assert_false(act_of(bench, 0)->arms_known);
    assert_true(act_of(bench, 0)->may_park);
}

/* Nor where somebody else was given the array before. */
static void test_model_apply__select_over_shared_cases(void **state)
{
    struct bench *bench = *state;
    use_model(bench, select_model);
    const struct ir_element elements[] = {{0, number(bench, 4)}};
    const struct ir_expr *array = cases(bench, IR_VAR_LOCAL, 1, elements, 1);
    CALL(bench, function(bench, "stranger"), address(bench, array));
    CALL(bench, function(bench, "choose"), address(bench, array), number(bench, 1));
    apply(bench);
    assert_false(act_of(bench, 1)->arms_known);
}

static void test_model_apply__select_over_more_cases_than_there_are(void **state)
{
    struct bench *bench = *state;
    use_model(bench, select_model);
    const struct ir_element elements[] = {{0, number(bench, 0)}};
    const struct ir_expr *array = cases(bench, IR_VAR_LITERAL, 1, elements, 1);
    CALL(bench, function(bench, "choose"), address(bench, array), number(bench, 1));
    CALL(bench, function(bench, "choose"), address(bench, array), number(bench, 2));
    apply(bench);
    assert_true(act_of(bench, 0)->arms_known);
    assert_false(act_of(bench, 1)->arms_known);
}

static void test_model_apply__select_that_cannot_be_read(void **state)
{
    struct bench *bench = *state;
    use_model(bench, select_model);
    const struct ir_element elements[] = {{0, number(bench, 99)}};
    const struct ir_expr *array = cases(bench, IR_VAR_LITERAL, 1, elements, 1);
    const struct ir_symbol *choose = function(bench, "choose");
    CALL(bench, choose, address(bench, array), number(bench, 1));  /* an operation unheard of */
    CALL(bench, choose, address(bench, array), number(bench, 2));  /* more than there are */
    CALL(bench, choose, address(bench, array), param(bench, "n")); /* who knows how many */
    CALL(bench, choose, address(bench, array), number(bench, -1)); /* nonsense */
    CALL(bench, choose, param(bench, "cases"), number(bench, 1));  /* not in sight */
    CALL(bench, choose, number(bench, 0), number(bench, 1));
    CALL(bench, choose, address(bench, array));
    apply(bench);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(act_of(bench, i)->kind, ACT_SELECT);
        assert_false(act_of(bench, i)->arms_known);
    }
}

/* ---- which calls ----------------------------------------------------------------------------- */

static void test_model_apply__only_external_functions_without_a_body(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: t, functions: {a: {close: arg 0}, b: {close: arg 0}, "
                     "c: {close: arg 0}, run: {close: arg 0}}}");
    struct ir_symbol *internal = function(bench, "b");
    internal->scope = "/home/user/src/pool.c";
    struct ir_symbol *in_header = function(bench, "c");
    in_header->is_in_system_header = true;
    in_header->func = bench->func;
    CALL(bench, function(bench, "a"), param(bench, "p"));
    CALL(bench, internal, param(bench, "q"));
    CALL(bench, in_header, param(bench, "r"));
    CALL(bench, bench->func->symbol, param(bench, "s"));
    CALL(bench, function(bench, "stranger"), param(bench, "t"));
    apply(bench);
    assert_int_equal(act_of(bench, 0)->kind, ACT_CLOSE);
    assert_null(act_of(bench, 1));
    assert_int_equal(act_of(bench, 2)->kind, ACT_CLOSE);
    assert_null(act_of(bench, 3));
    assert_null(act_of(bench, 4));
}

static void test_model_apply__only_models_whose_header_is_seen(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: a, headers: [pool.h], functions: {f: {close: arg 0}}}");
    use_model(bench, "{library: b, headers: [spool.h, ool.h], functions: {f: {free: arg 0}}}");
    use_model(bench, "{library: c, headers: [include/pool.h], functions: {g: {free: arg 0}}}");
    use_model(bench,
              "{library: d, headers: [], functions: {h: {free: arg 0}, g: {nothing: true}}}");
    CALL(bench, function(bench, "f"), param(bench, "p"));
    CALL(bench, function(bench, "g"), param(bench, "q"));
    CALL(bench, function(bench, "h"), param(bench, "r"));
    apply(bench);
    assert_int_equal(act_of(bench, 0)->kind, ACT_CLOSE);
    assert_null(act_of(bench, 1)); /* a later model takes the meaning away */
    assert_int_equal(act_of(bench, 2)->kind, ACT_FREE);
}

static void test_model_apply__cleanups(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: t, cleanups: {give_back: {unlock: '*arg 0', mode: shared}}}");
    const struct ir_expr *var =
        ir_var(bench->arena, sample_var(&bench->sample, bench->func, IR_VAR_LOCAL, "guard",
                                        bench->sample.node_pointer));
    const struct ir_expr *at = ir_addr(bench->arena, bench->sample.void_pointer_pointer, var);
    struct ir_op *cleanup = CALL(bench, function(bench, "give_back"), at);
    cleanup->is_cleanup = true;
    CALL(bench, function(bench, "give_back"), at);
    apply(bench);
    const struct act *act = act_of(bench, 0);
    assert_int_equal(act->kind, ACT_UNLOCK);
    assert_int_equal(act->mode, MODE_SHARED);
    assert_shows(bench, act->object, "guard");
    assert_null(act_of(bench, 1));
}

static void test_model_apply__calls_through_pointers_and_missing_arguments(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: t, functions: {f: {send: arg 3, value: arg 1 -> next, "
                     "ok_when: 'arg 2 == 0'}}}");
    struct ir_op *pointer = CALL(bench, function(bench, "f"), param(bench, "p"));
    pointer->callee = param(bench, "callback");
    CALL(bench, function(bench, "f"), param(bench, "q"), number(bench, 1));
    apply(bench);
    assert_null(act_of(bench, 0));
    const struct act *act = act_of(bench, 1);
    assert_int_equal(act->kind, ACT_SEND);
    assert_null(act->object);
    assert_null(act->value);
    assert_int_equal(act->outcome_count, 0);
}

/* ---- properties ------------------------------------------------------------------------------ */

static void test_model_apply__outcomes(void **state)
{
    struct bench *bench = *state;
    know_op_recv(bench);
    use_model(bench, "{library: t, functions: {f: {receive: arg 0, ok_when: return == OP_RECV, "
                     "closed_when: [return < 0, return == OP_GONE], failed_when: '*arg 1 == 3'}}}");
    CALL(bench, function(bench, "f"), param(bench, "p"), param(bench, "q"));
    apply(bench);
    const struct act *act = act_of(bench, 0);
    assert_int_equal(act->outcome_count, 3);
    assert_int_equal(act->outcomes[0].result, RESULT_OK);
    assert_int_equal(act->outcomes[0].what->kind, IR_TEMP);
    assert_int_equal(act->outcomes[0].value, 1);
    assert_int_equal(act->outcomes[1].result, RESULT_CLOSED);
    assert_int_equal(act->outcomes[1].compare, IR_LT);
    assert_int_equal(act->outcomes[2].result, RESULT_FAILED);
    assert_int_equal(act->outcomes[2].value, 3);
}

static void test_model_apply__kinds_of_objects(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: t, types: {struct node: {is: rwlock}}, functions: {"
                     "a: {lock: arg 0}, b: {lock: arg 0, kind: cond}, c: {free: arg 0}, "
                     "d: {make: chan}, e: {send: arg 1}, f: {free: arg 1, kind: hammer}}}");
    const struct ir_expr *untyped =
        ir_var(bench->arena, sample_var(&bench->sample, bench->func, IR_VAR_PARAM, "untyped",
                                        bench->sample.void_pointer));
    CALL(bench, function(bench, "a"), param(bench, "p"));
    CALL(bench, function(bench, "b"), param(bench, "q"));
    CALL(bench, function(bench, "c"), untyped); /* the parameter's type tells */
    CALL(bench, function(bench, "d"), number(bench, 0));
    CALL(bench, function(bench, "e"), number(bench, 0), untyped);
    CALL(bench, function(bench, "f"), number(bench, 0), number(bench, 0));
    apply(bench);
    static const enum object_kind kinds[] = {OBJECT_RWLOCK, OBJECT_COND, OBJECT_RWLOCK,
                                             OBJECT_CHAN,   OBJECT_CHAN, OBJECT_OTHER};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        assert_int_equal(act_of(bench, (int)i)->object_kind, kinds[i]);
    assert_int_equal(model_type_kind(bench->set, bench->sample.alias), OBJECT_RWLOCK);
    assert_int_equal(model_type_kind(bench->set, bench->sample.node_pointer), OBJECT_NONE);
}

static void test_model_apply__what_parks(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: t, functions: {a: {receive: arg 0}, "
                     "b: {receive: arg 0, timeout_ms: arg 1}, c: {lock: arg 0, tries: true}, "
                     "d: {send: arg 0, parks: never}, e: {free: arg 0, parks: maybe}, "
                     "f: {wait: arg 0, deadline: arg 1}, g: {sleep: arg 1}, h: {signal: arg 0}}}");
    static const struct {
        const char *name;
        int64_t second;
        bool parks;
    } calls[] = {{"a", 0, true}, {"b", 0, false}, {"b", 5, true}, {"c", 0, false}, {"d", 0, false},
                 {"e", 0, true}, {"f", 9, true},  {"g", 0, true}, {"h", 0, false}};
    const struct ir_expr *p = param(bench, "p");
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        CALL(bench, function(bench, calls[i].name), p, number(bench, calls[i].second));
    apply(bench);
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        assert_int_equal(act_of(bench, (int)i)->may_park, calls[i].parks);
}

static void test_model_apply__notes(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: t, functions: {main_loop: {daemon: true}, "
                     "adopt: {takes: [arg 1]}}, annotations: {"
                     "'t:daemon': {daemon: true}, 't:takes': {takes: true}}}");
    const char *daemon[] = {"other", "t:daemon"};
    struct ir_param_note taken[] = {{0, "other"}, {2, "t:takes"}};
    struct ir_symbol *noted = function(bench, "noted"), *named = function(bench, "main_loop");
    noted->notes = daemon;
    noted->note_count = 2;
    named->scope = "/home/user/src/pool.c";
    noted->param_notes = taken;
    noted->param_note_count = COUNT_OF(taken);
    assert_true(model_is_daemon(bench->set, noted));
    assert_true(model_is_daemon(bench->set, named));
    assert_false(model_is_daemon(bench->set, function(bench, "other")));
    assert_false(model_takes(bench->set, noted, 0));
    assert_true(model_takes(bench->set, noted, 2));
    assert_false(model_takes(bench->set, function(bench, "adopt"), 0));
    assert_true(model_takes(bench->set, function(bench, "adopt"), 1));
    assert_int_equal(model_note_meaning(bench->set, "t:takes"), NOTE_TAKES);
    assert_int_equal(model_note_meaning(bench->set, "t:deamon"), NOTE_UNKNOWN);
    size_t count;
    const char *const *all = model_notes(bench->set, &count);
    assert_int_equal(count, 2);
    assert_string_equal(all[1], "t:takes");
}

/* The first meaning of a list whose conditions all hold; without one the call means nothing. */
static void test_model_apply__alternatives(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: t, functions: {"
                     "f: [{when: [arg 0 > 4, arg 0 != 6], close: arg 0}, "
                     "{when: arg 0 & 3, nothing: true}, {free: arg 0}], "
                     "g: [{when: arg 0 == 1, close: arg 0}], h: []}}");
    const struct ir_expr *p = param(bench, "p");
    CALL(bench, function(bench, "f"), number(bench, 5));
    CALL(bench, function(bench, "f"), number(bench, 6));
    CALL(bench, function(bench, "f"), number(bench, 3));
    CALL(bench, function(bench, "f"), p);
    CALL(bench, function(bench, "g"), number(bench, 1));
    CALL(bench, function(bench, "g"), number(bench, 2));
    CALL(bench, function(bench, "h"), number(bench, 2));
    apply(bench);
    assert_int_equal(act_of(bench, 0)->kind, ACT_CLOSE);
    assert_int_equal(act_of(bench, 1)->kind, ACT_FREE);
    assert_null(act_of(bench, 2));
    assert_int_equal(act_of(bench, 3)->kind, ACT_FREE); /* who knows what p is */
    assert_int_equal(act_of(bench, 4)->kind, ACT_CLOSE);
    assert_null(act_of(bench, 5));
    assert_null(act_of(bench, 6));
}

/* What is said of a function itself gives its calls no meaning, and they stay what they were. */
static void test_model_apply__what_a_function_takes_is_no_act(void **state)
{
    struct bench *bench = *state;
    use_model(bench, "{library: t, functions: {adopt: {takes: [arg 0]}, drop: {takes: []}}}");
    CALL(bench, function(bench, "adopt"), number(bench, 1));
    CALL(bench, function(bench, "drop"), number(bench, 1));
    apply(bench);
    assert_null(act_of(bench, 0));
    assert_null(act_of(bench, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_model_apply__spawn_with_a_packet_of_arguments),
        TEST(test_model_apply__spawn_with_an_unknown_number_of_arguments),
        TEST(test_model_apply__a_handle_in_an_initialised_struct),
        TEST(test_model_apply__a_deferred_call_is_looked_through),
        TEST(test_model_apply__select_arms),
        TEST(test_model_apply__select_with_default_does_not_park),
        TEST(test_model_apply__select_over_changed_cases),
        TEST(test_model_apply__select_over_shared_cases),
        TEST(test_model_apply__select_over_more_cases_than_there_are),
        TEST(test_model_apply__select_that_cannot_be_read),
        TEST(test_model_apply__only_external_functions_without_a_body),
        TEST(test_model_apply__only_models_whose_header_is_seen),
        TEST(test_model_apply__cleanups),
        TEST(test_model_apply__calls_through_pointers_and_missing_arguments),
        TEST(test_model_apply__outcomes),
        TEST(test_model_apply__kinds_of_objects),
        TEST(test_model_apply__what_parks),
        TEST(test_model_apply__notes),
        TEST(test_model_apply__what_a_function_takes_is_no_act),
        TEST(test_model_apply__alternatives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
