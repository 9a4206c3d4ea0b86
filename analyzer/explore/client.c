#include "explore/client.h"

#include "flow/points.h"
#include "flow/walk.h"

#include <string.h>

enum {
    METHODS_MAX = 5, /* of a type: the most promising ones */
    ENDERS_MAX = 4,
    CLIENTS_MAX = 40, /* of a program */
    OPS_MAX = 12      /* of a block */
};

/* In the place of a path, so that a made-up unit is known by its address. */
static const char made_up[] = "a caller";

bool client_has(const struct ir_func *func)
{
    return func && func->unit && func->unit->main_file == made_up;
}

const struct ir_func *client_calls(const struct ir_func *func)
{
    if (!client_has(func))
        return NULL;
    const struct ir_op *op = ir_next_op(func, IR_OP_CALL, NULL);
    if (!op || op->act || ir_next_op(func, IR_OP_CALL, op))
        return NULL;
    return ir_callee(op)->func;
}

const struct ir_func *client_entry(const struct machine *machine, uint8_t task)
{
    const struct world *world = &machine->world;
    const struct ir_func *entry = NULL;
    for (uint16_t at = world->tasks[task].top; at; at = world->frames[at - 1].parent) {
        const struct ir_func *func = machine->slice->funcs.at[world->frames[at - 1].func]->func;
        if (!client_has(func))
            entry = func;
    }
    return entry;
}

/* ---- what a library offers ------------------------------------------------------------------- */

/* A record type, and what callers can do with an object of it. */
struct kind {
    const char *name;              /* NULL: what is static is all there is */
    const struct ir_type *pointer; /* as some function says it */
    const struct ir_func *maker;   /* NULL: callers bring the object */
    bool makes_at_param;           /* its last `T **` is where it goes */
    bool makes_in_place;           /* callers bring the memory, and what is in it is made */
    int64_t made_well;             /* then, what the maker returns where it went well */
    const struct ir_func *ender;   /* then, what takes apart again what was made */
    client_funcs works;            /* all that are handed one; of these: */
    client_funcs methods;
    client_funcs enders; /* in the order in which they are called */
    client_funcs frees;  /* those that may be the last of them */
};

struct maker {
    struct flow *flow; /* of the library */
    struct arena *arena;
    struct clients *out;
    VEC(struct kind) kinds;
    client_funcs singles; /* that make sense when nothing else was called before */
    struct ir_unit *unit;
    VEC(struct ir_func *) funcs;
    struct ir_type *nothing, *number, *function;
    const struct ir_symbol *spawn, *join;
};

static const char *record_name(const struct ir_type *pointer)
{
    const struct ir_type *target = pointer->kind == IR_TYPE_POINTER ? pointer->target : NULL;
    if (!target || target->kind != IR_TYPE_RECORD)
        return NULL;
    const char *name = target->record ? target->record->name : target->name;
    return *name ? name : NULL;
}

/* Of the function's parameters, the first that leads to the type, by so many pointers; -1: none. */
static int find_param(const struct ir_func *func, const char *name, bool is_out)
{
    for (size_t i = 0; i < func->param_count; i++) {
        const struct ir_type *type = func->vars[i]->type;
        if (is_out)
            type = type->kind == IR_TYPE_POINTER && type->target ? type->target : NULL;
        const char *found = type ? record_name(type) : NULL;
        if (found && strcmp(found, name) == 0)
            return (int)i;
    }
    return -1;
}

/* Can others call it, and is it meant for them?  What other files of the library call is how those
 * work together. */
static bool is_entry(struct flow *flow, const struct ir_func *func)
{
    size_t count;
    if (func->symbol->scope || func->incomplete)
        return false;
    for (size_t i = 0; i < func->param_count; i++)
        if (func->vars[i]->type->kind == IR_TYPE_RECORD)
            return false;
    const struct flow_site *callers = flow_callers(flow, func, &count);
    for (size_t i = 0; i < count; i++)
        if (callers[i].kind == SITE_SPAWN || callers[i].func->unit != func->unit)
            return false;
    return true;
}

static bool is_of_record(const struct ir_expr *pointer, const char *name)
{
    while (pointer->kind == IR_CAST)
        pointer = pointer->a;
    const char *found = record_name(pointer->type);
    return found && strcmp(found, name) == 0;
}

/* Does a call give back the memory of the object that is its parameter `param`? */
static bool frees(struct flow *flow, const struct ir_func *func, int param)
{
    size_t count;
    const struct ir_expr *object = ir_var(flow_arena(flow), func->vars[param]);
    struct points wanted = flow_points_in(flow, func, object);
    const char *name = record_name(object->type);
    const struct flow_use *uses = flow_uses(flow, ACT_FREE, &count);
    for (size_t i = 0; i < count; i++) {
        if (!uses[i].object || !is_of_record(uses[i].object, name) ||
            !flow_runs(flow, func, uses[i].func))
            continue;
        struct points freed = flow_points_in(flow, uses[i].func, uses[i].object);
        if (flow_points_meet(flow, &freed, &wanted))
            return true;
    }
    return false;
}

/* ---- made in place, and taken apart again ---------------------------------------------------- */

static bool is_sync_object(enum object_kind kind)
{
    return kind != OBJECT_NONE && kind != OBJECT_OTHER && kind != OBJECT_TIMER;
}

/* Is `wanted` the function, or called by it? */
static bool does_itself(struct flow *flow, const struct ir_func *func, const struct ir_func *wanted)
{
    size_t count;
    const struct flow_site *callers = flow_callers(flow, wanted, &count);
    if (func == wanted)
        return true;
    for (size_t i = 0; i < count; i++)
        if (callers[i].func == func && callers[i].kind != SITE_SPAWN)
            return true;
    return false;
}

/* Does the function make what the operation frees or joins? */
static bool makes_what(struct flow *flow, const struct ir_func *func, const struct flow_use *end)
{
    size_t count;
    const struct ir_func *owner = NULL;
    struct points wanted = flow_points_in(flow, end->func, end->object);
    if (flow_points_maker(flow, &wanted, &owner))
        return does_itself(flow, func, owner);
    const struct flow_use *made = flow_uses(flow, ACT_MAKE, &count);
    for (size_t i = 0; i < count; i++) {
        const struct ir_expr *place = made[i].object;
        if (!place || place->kind == IR_TEMP || place->type->kind == IR_TYPE_POINTER ||
            !does_itself(flow, func, made[i].func))
            continue;
        struct points points =
            flow_points_in(flow, made[i].func, ir_addr_of(flow_arena(flow), place));
        if (flow_points_meet(flow, &points, &wanted))
            return true;
    }
    return false;
}

/* Do they make and take apart the same: frees or joins the one what the other has made? */
static bool is_pair(struct flow *flow, const struct ir_func *maker, const struct ir_func *ender)
{
    static const enum act_kind ends[] = {ACT_FREE, ACT_JOIN};
    for (size_t k = 0; k < COUNT_OF(ends); k++) {
        size_t count;
        const struct flow_use *uses = flow_uses(flow, ends[k], &count);
        for (size_t i = 0; i < count; i++)
            if (uses[i].object && is_sync_object(uses[i].op->act->object_kind) &&
                does_itself(flow, ender, uses[i].func) && !does_itself(flow, maker, uses[i].func) &&
                makes_what(flow, maker, &uses[i]))
                return true;
    }
    return false;
}

static enum walk_effect begins_at(void *context, const struct frame *frame, const struct ir_op *op)
{
    (void)frame;
    return op == context ? WALK_BEGINS : WALK_NOTHING;
}

static bool goes_into_none(void *context, const struct ir_func *func)
{
    (void)context;
    (void)func;
    return false;
}

/* What the maker returns where the last thing that it makes was made; false: that is not always the
 * same, or not known. */
static bool find_made_well(struct flow *flow, const struct ir_func *maker, int64_t *value)
{
    const struct ir_op *last = NULL;
    for (const struct ir_op *op = NULL; (op = ir_next_op(maker, IR_OP_CALL, op));)
        if (op->act && (op->act->kind == ACT_MAKE || op->act->kind == ACT_SPAWN) &&
            (!last || op->pos.line >= last->pos.line))
            last = op;
    if (!last)
        return false;
    struct walk_question question = {.context = (void *)last,
                                     .effect = begins_at,
                                     .matters = goes_into_none,
                                     .starts_idle = true};
    struct walk_result ways = flow_walk(flow, flow_frame(flow, maker, NULL, NULL), &question);
    bool is_found = false, is_one = !ways.is_incomplete;
    for (size_t i = 0; i < ways.exits.count; i++) {
        const struct walk_exit *exit = &ways.exits.at[i];
        if (exit->is_idle || exit->ends_task)
            continue;
        is_one &= exit->low == exit->high && (!is_found || exit->low == *value);
        is_found = true;
        *value = exit->low;
    }
    return is_found && is_one;
}

static bool is_result_known(struct flow *flow, const struct ir_func *maker, int64_t *value)
{
    const struct ir_type *result = maker->symbol->type->target;
    if (!result || result->kind == IR_TYPE_VOID)
        return true;
    return (result->kind == IR_TYPE_INT || result->kind == IR_TYPE_BOOL) &&
           find_made_well(flow, maker, value);
}

static bool is_handed_record(const struct ir_func *func)
{
    for (size_t i = 0; i < func->param_count; i++)
        if (record_name(func->vars[i]->type))
            return true;
    return false;
}

static bool is_of_kind(const struct ir_func *func, const struct kind *kind)
{
    return kind->name ? find_param(func, kind->name, false) == 0 : !is_handed_record(func);
}

/* Two calls, of which one takes apart what the other has made, in memory that is the caller's or
 * static. */
static void find_in_place(struct maker *maker, struct kind *kind)
{
    const client_funcs *entries = &maker->out->entries;
    for (size_t e = 0; !kind->maker && e < entries->count; e++)
        for (size_t m = 0; !kind->maker && m < entries->count; m++) {
            const struct ir_func *begins = entries->at[m], *ends = entries->at[e];
            if (begins == ends || !is_of_kind(begins, kind) || !is_of_kind(ends, kind) ||
                !is_pair(maker->flow, begins, ends) ||
                !is_result_known(maker->flow, begins, &kind->made_well))
                continue;
            kind->maker = begins;
            kind->makes_in_place = true;
            kind->ender = ends;
        }
}

/* ---- which calls there are ------------------------------------------------------------------- */

/* Does the name begin or end with one of the words, as `pool_stop` does? */
static bool has_word(const char *name, const char *const *words, size_t count)
{
    const char *last = strrchr(name, '_');
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(words[i]);
        bool begins = strncmp(name, words[i], length) == 0 && name[length] == '_';
        if (begins || (last && strcmp(last + 1, words[i]) == 0))
            return true;
    }
    return false;
}

/* Calls that may come before an object is given up: 1: it is told, 2: waited for; 0: neither.  The
 * names say what to try, and no more: what is not tried may still be called, see is_left_to_call.
 */
static int end_rank(const struct ir_func *func)
{
    static const char *const tells[] = {"stop",   "close", "shutdown", "quit",
                                        "finish", "abort", "cancel",   "terminate"};
    static const char *const waits[] = {"join"};
    if (has_word(func->symbol->name, waits, COUNT_OF(waits)))
        return 2;
    return has_word(func->symbol->name, tells, COUNT_OF(tells)) ? 1 : 0;
}

/* How much there is in a method that could get a task stuck. */
static int weight(struct flow *flow, const struct ir_func *func)
{
    static const enum act_kind kinds[] = {ACT_LOCK, ACT_COND_WAIT, ACT_WAIT,  ACT_SEND, ACT_RECV,
                                          ACT_JOIN, ACT_SELECT,    ACT_SPAWN, ACT_CLOSE};
    int found = 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        found += flow_can(flow, func, kinds[i]);
    return found;
}

static struct kind *kind_of(struct maker *maker, const struct ir_type *pointer)
{
    const char *name = record_name(pointer);
    for (size_t i = 0; i < maker->kinds.count; i++)
        if (text_is(maker->kinds.at[i].name, name))
            return &maker->kinds.at[i];
    struct kind *kind = vec_add(maker->arena, &maker->kinds);
    *kind = (struct kind){.name = name, .pointer = pointer};
    return kind;
}

static void insert(struct maker *maker, client_funcs *funcs, const struct ir_func *func, size_t at)
{
    vec_add(maker->arena, funcs);
    memmove(funcs->at + at + 1, funcs->at + at, (funcs->count - 1 - at) * sizeof *funcs->at);
    funcs->at[at] = func;
}

static void note_ender(struct maker *maker, struct kind *kind, const struct ir_func *func)
{
    size_t at = 0;
    while (at < kind->enders.count && end_rank(kind->enders.at[at]) <= end_rank(func))
        at++;
    if (kind->enders.count < ENDERS_MAX)
        insert(maker, &kind->enders, func, at);
}

static void note_method(struct maker *maker, struct kind *kind, const struct ir_func *func)
{
    size_t at = 0;
    int mine = weight(maker->flow, func);
    while (at < kind->methods.count && weight(maker->flow, kind->methods.at[at]) >= mine)
        at++;
    if (mine > 0)
        insert(maker, &kind->methods, func, at);
}

static void note_maker(struct maker *maker, const struct ir_type *pointer,
                       const struct ir_func *func, bool at_param)
{
    struct kind *kind = kind_of(maker, pointer);
    if (kind->maker)
        return;
    kind->maker = func;
    kind->makes_at_param = at_param;
}

/* What the function makes: a pointer type, NULL: nothing. */
static const struct ir_type *made_by(struct maker *maker, const struct ir_func *func,
                                     bool *at_param)
{
    const struct ir_type *result = func->symbol->type->target;
    const char *name = result ? record_name(result) : NULL;
    *at_param = false;
    if (!flow_can(maker->flow, func, ACT_MAKE))
        return NULL;
    if (name && find_param(func, name, false) < 0)
        return result;
    *at_param = true;
    for (size_t i = 0; i < func->param_count; i++) {
        const struct ir_type *type = func->vars[i]->type;
        const struct ir_type *out = type->kind == IR_TYPE_POINTER ? type->target : NULL;
        name = out ? record_name(out) : NULL;
        if (name && find_param(func, name, false) < 0)
            return out;
    }
    return NULL;
}

static void note_kinds(struct maker *maker, const struct ir_func *func)
{
    for (size_t i = 0; i < func->param_count; i++)
        if (record_name(func->vars[i]->type))
            kind_of(maker, func->vars[i]->type);
}

/* As one that works on an object: the first that it is handed. */
static void note_work(struct maker *maker, const struct ir_func *func)
{
    bool at_param;
    const struct ir_type *made = made_by(maker, func, &at_param);
    for (size_t i = 0; i < func->param_count; i++) {
        const struct ir_type *type = func->vars[i]->type;
        if (!record_name(type))
            continue;
        struct kind *kind = kind_of(maker, type);
        if (made && !kind->maker)
            continue; /* how to make it */
        if (func == kind->maker)
            return; /* in place */
        *vec_add(maker->arena, &kind->works) = func;
        if (func == kind->ender || frees(maker->flow, func, (int)i))
            *vec_add(maker->arena, &kind->frees) = func;
        else if (end_rank(func))
            note_ender(maker, kind, func);
        else
            note_method(maker, kind, func);
        return;
    }
}

/* Of what frees the object, the call that needs to know least; before it, what that does not do
 * itself.  What nothing frees is never given up for sure: then all are calls like others. */
static void choose_end(struct maker *maker, struct kind *kind)
{
    const struct ir_func *last = NULL;
    client_funcs before = kind->enders;
    kind->enders = (client_funcs){0};
    for (size_t i = 0; i < kind->frees.count; i++)
        if (!last || kind->frees.at[i]->param_count < last->param_count)
            last = kind->frees.at[i];
    for (size_t i = 0; i < before.count; i++)
        if (!last || !kind->maker)
            note_method(maker, kind, before.at[i]);
        else if (!flow_runs(maker->flow, last, before.at[i]))
            *vec_add(maker->arena, &kind->enders) = before.at[i];
    if (last && kind->maker)
        *vec_add(maker->arena, &kind->enders) = last;
}

/* Is it a static object, or kept in a static variable? */
static bool is_in_static(struct flow *flow, const struct flow_use *use)
{
    const struct ir_expr *object = use->object;
    const struct ir_expr *root = ir_expr_root(object->kind == IR_ADDR ? object->a : object);
    if (root && root->kind == IR_SYMBOL)
        return true;
    struct points points = flow_points_in(flow, use->func, object);
    return flow_points_static(flow, &points);
}

/* Does it run operations on static objects for which tasks wait? */
static bool uses_statics(struct flow *flow, const struct ir_func *func)
{
    static const enum act_kind kinds[] = {ACT_LOCK, ACT_COND_WAIT, ACT_WAIT, ACT_SEND, ACT_RECV};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        size_t count;
        const struct flow_use *uses = flow_uses(flow, kinds[i], &count);
        for (size_t k = 0; k < count; k++) {
            if (uses[k].object && is_in_static(flow, &uses[k]) &&
                flow_runs(flow, func, uses[k].func))
                return true;
        }
    }
    return false;
}

static bool sets_static(const struct ir_func *func)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));) {
        const struct ir_expr *root = ir_expr_root(op->place);
        if (root && root->kind == IR_SYMBOL)
            return true;
    }
    return false;
}

/* Is it all that sets static variables, so that a first call of it finds them as they were
 * initialised? */
static bool sets_statics_alone(struct flow *flow, const struct ir_func *func)
{
    size_t count;
    struct ir_unit *const *units = flow_units(flow, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++)
            if (sets_static(units[i]->funcs[k]) && !flow_runs(flow, func, units[i]->funcs[k]))
                return false;
    return true;
}

/* What is static is an object that is there from the start.  Where it is only tasks of the function
 * that lock anything, nothing says that it may be called twice at the same time. */
static void find_statics(struct maker *maker)
{
    struct kind kind = {0};
    find_in_place(maker, &kind);
    for (size_t i = 0; i < maker->out->entries.count; i++) {
        const struct ir_func *func = maker->out->entries.at[i];
        if (is_handed_record(func) || !uses_statics(maker->flow, func))
            continue;
        if (func != kind.maker && func != kind.ender && flow_can(maker->flow, func, ACT_LOCK))
            note_method(maker, &kind, func);
        if (sets_statics_alone(maker->flow, func))
            *vec_add(maker->arena, &maker->singles) = func;
    }
    if (kind.ender)
        *vec_add(maker->arena, &kind.enders) = kind.ender;
    if (kind.methods.count || kind.ender)
        *vec_add(maker->arena, &maker->kinds) = kind;
}

static void find_kinds(struct maker *maker)
{
    size_t count;
    bool at_param;
    struct ir_unit *const *units = flow_units(maker->flow, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < units[i]->func_count; k++)
            if (is_entry(maker->flow, units[i]->funcs[k]))
                *vec_add(maker->arena, &maker->out->entries) = units[i]->funcs[k];
    for (size_t i = 0; i < maker->out->entries.count; i++) {
        const struct ir_type *made = made_by(maker, maker->out->entries.at[i], &at_param);
        if (made)
            note_maker(maker, made, maker->out->entries.at[i], at_param);
    }
    for (size_t i = 0; i < maker->out->entries.count; i++)
        note_kinds(maker, maker->out->entries.at[i]);
    for (size_t i = 0; i < maker->kinds.count; i++)
        find_in_place(maker, &maker->kinds.at[i]);
    for (size_t i = 0; i < maker->out->entries.count; i++)
        note_work(maker, maker->out->entries.at[i]);
    for (size_t i = 0; i < maker->kinds.count; i++)
        choose_end(maker, &maker->kinds.at[i]);
    find_statics(maker);
}

/* ---- writing functions ----------------------------------------------------------------------- */

static struct ir_symbol *new_symbol(struct maker *maker, const char *name, const char *scope)
{
    struct ir_symbol *symbol = arena_new(maker->arena, struct ir_symbol);
    *symbol = (struct ir_symbol){.id = UINT32_MAX,
                                 .kind = IR_SYMBOL_FUNCTION,
                                 .name = name,
                                 .scope = scope,
                                 .type = maker->function};
    return symbol;
}

static struct ir_func *new_func(struct maker *maker, const char *name, const char *scope,
                                size_t block_count, size_t ops_max)
{
    struct ir_func *func = arena_new(maker->arena, struct ir_func);
    struct ir_symbol *symbol = new_symbol(maker, name, scope);
    symbol->func = func;
    symbol->is_defined = true;
    func->symbol = symbol;
    func->unit = maker->unit;
    func->vars = arena_array(maker->arena, struct ir_var *, 4);
    func->blocks = arena_array(maker->arena, struct ir_block, block_count);
    func->block_count = block_count;
    for (size_t i = 0; i < block_count; i++) {
        func->blocks[i].id = (uint32_t)i;
        func->blocks[i].ops = arena_array(maker->arena, struct ir_op, ops_max);
        func->blocks[i].end = IR_RETURN;
    }
    *vec_add(maker->arena, &maker->funcs) = func;
    return func;
}

static struct ir_var *new_var(struct maker *maker, struct ir_func *func, enum ir_var_kind kind,
                              const char *name, const struct ir_type *type)
{
    struct ir_var *var = arena_new(maker->arena, struct ir_var);
    *var =
        (struct ir_var){.id = (uint32_t)func->var_count, .kind = kind, .name = name, .type = type};
    func->vars[func->var_count++] = var;
    func->param_count += kind == IR_VAR_PARAM;
    return var;
}

static struct ir_op *new_op(struct ir_func *func, size_t block, enum ir_op_kind kind)
{
    struct ir_block *in = &func->blocks[block];
    struct ir_op *op = &in->ops[in->op_count++];
    op->kind = kind;
    op->block = (uint32_t)block;
    return op;
}

static void jump(struct maker *maker, struct ir_func *func, size_t block, uint32_t to)
{
    struct ir_block *in = &func->blocks[block];
    in->end = IR_JUMP;
    in->edges = arena_array(maker->arena, struct ir_edge, 2);
    in->edges[in->edge_count++].to = to;
}

/* To one block if the value is `op` that number, else to another. */
static void branch(struct maker *maker, struct ir_func *func, size_t block,
                   const struct ir_expr *value, enum ir_operator op, int64_t number, uint32_t to,
                   uint32_t otherwise)
{
    struct ir_block *in = &func->blocks[block];
    jump(maker, func, block, to);
    in->end = IR_BRANCH;
    in->value = ir_binary(maker->arena, maker->number, op, value,
                          ir_const(maker->arena, value->type, number));
    in->edges[in->edge_count++].to = otherwise;
}

/* `callee(?, object, ?)`: the object goes to the parameter number `at`. */
static struct ir_op *call(struct maker *maker, struct ir_func *func, size_t block,
                          const struct ir_func *callee, int at, const struct ir_expr *object)
{
    struct ir_op *op = new_op(func, block, IR_OP_CALL);
    op->callee = ir_symbol(maker->arena, callee->symbol);
    op->args = arena_array(maker->arena, const struct ir_expr *, callee->param_count);
    op->arg_count = (uint32_t)callee->param_count;
    for (size_t i = 0; i < callee->param_count; i++)
        op->args[i] = (int)i == at ? object : ir_unknown(maker->arena, callee->vars[i]->type);
    return op;
}

static void assign(struct ir_func *func, size_t block, const struct ir_expr *place,
                   const struct ir_expr *value)
{
    struct ir_op *op = new_op(func, block, IR_OP_ASSIGN);
    op->place = place;
    op->value = value;
}

static struct ir_op *new_act(struct maker *maker, struct ir_func *func, size_t block,
                             const struct ir_symbol *callee, struct act act)
{
    struct ir_op *op = new_op(func, block, IR_OP_CALL);
    op->callee = ir_symbol(maker->arena, callee);
    op->args = arena_array(maker->arena, const struct ir_expr *, 1);
    op->act = arena_copy(maker->arena, &act, sizeof act);
    return op;
}

/* What the method gives its caller beside its result, by pointer: the parameter where it goes, of
 * another type than the object's own; -1: nothing. */
static int gives_at(const struct kind *kind, const struct ir_func *method)
{
    for (size_t i = 0; i < method->param_count && kind->name; i++) {
        const struct ir_type *type = method->vars[i]->type;
        const char *given =
            type->kind == IR_TYPE_POINTER && type->target ? record_name(type->target) : NULL;
        if (given && strcmp(given, kind->name) != 0)
            return (int)i;
    }
    return -1;
}

/* The type of what the method gives, NULL: nothing. */
static const struct ir_type *given_by(const struct kind *kind, const struct ir_func *method)
{
    int at = gives_at(kind, method);
    const struct ir_type *result = method->symbol->type->target;
    const char *name = result ? record_name(result) : NULL;
    if (at >= 0)
        return method->vars[at]->type->target;
    return name && kind->name && strcmp(name, kind->name) != 0 ? result : NULL;
}

/* The call that takes back what the method gives: of those that are handed one, that in which there
 * is most; NULL: none. */
static const struct ir_func *find_taker(struct maker *maker, const struct kind *kind,
                                        const struct ir_func *method)
{
    const struct ir_type *given = given_by(kind, method);
    const struct ir_func *taker = NULL;
    for (size_t i = 0; given && i < kind->works.count; i++) {
        const struct ir_func *work = kind->works.at[i];
        if (find_param(work, record_name(given), false) >= 0 && !given_by(kind, work) &&
            (!taker || weight(maker->flow, work) > weight(maker->flow, taker)))
            taker = work;
    }
    return taker;
}

/* Takes it back what another method gives?  Then it is called by who was given one. */
static bool is_taker(struct maker *maker, const struct kind *kind, const struct ir_func *method)
{
    for (size_t i = 0; i < kind->methods.count; i++)
        if (find_taker(maker, kind, kind->methods.at[i]) == method)
            return true;
    return false;
}

/* Calls the method; what it gives is given back, if it gave any. */
static void give_back(struct maker *maker, struct ir_func *func, const struct kind *kind,
                      const struct ir_func *method, const struct ir_func *taker)
{
    struct arena *arena = maker->arena;
    const struct ir_expr *object = ir_var(arena, func->vars[0]);
    const struct ir_type *type = given_by(kind, method);
    const struct ir_expr *given = ir_var(arena, new_var(maker, func, IR_VAR_LOCAL, "given", type));
    int object_at = find_param(method, kind->name, false), at = gives_at(kind, method);
    assign(func, 0, given, ir_const(arena, type, 0));
    struct ir_op *op = call(maker, func, 0, method, object_at, object);
    if (at >= 0) {
        op->args[at] = ir_addr(arena, method->vars[at]->type, given);
    } else {
        op->temp = func->temp_count = 1;
        assign(func, 0, given, ir_temp(arena, type, 1));
    }
    branch(maker, func, 0, given, IR_NE, 0, 1, 2);
    op = call(maker, func, 1, taker, find_param(taker, kind->name, false), object);
    op->args[find_param(taker, record_name(type), false)] = given;
    jump(maker, func, 1, 2);
}

/* A task that calls the method, on its argument if there is an object, and then the taker if there
 * is one. */
static struct ir_func *write_user(struct maker *maker, const struct kind *kind,
                                  const struct ir_func *method, const struct ir_func *taker)
{
    const char *scope = arena_printf(maker->arena, "user %zu", maker->funcs.count);
    struct ir_func *func = new_func(maker, method->symbol->name, scope, taker ? 3 : 1, 4);
    struct ir_var *object =
        kind->name ? new_var(maker, func, IR_VAR_PARAM, "object", kind->pointer) : NULL;
    if (taker)
        give_back(maker, func, kind, method, taker);
    else
        call(maker, func, 0, method, object ? find_param(method, kind->name, false) : -1,
             object ? ir_var(maker->arena, object) : NULL);
    ir_func_finish(maker->arena, func);
    return func;
}

static const struct ir_expr *start(struct maker *maker, struct ir_func *func,
                                   const struct ir_func *user, const struct ir_expr *object)
{
    struct ir_var *task = new_var(maker, func, IR_VAR_LOCAL, "task", maker->number);
    const struct ir_expr **args = arena_array(maker->arena, const struct ir_expr *, 1);
    args[0] = object;
    struct act spawn = {.kind = ACT_SPAWN,
                        .object_kind = OBJECT_THREAD,
                        .function = "spawn",
                        .object = ir_var(maker->arena, task),
                        .entry = ir_symbol(maker->arena, user->symbol),
                        .args = args,
                        .arg_count = object ? 1 : 0,
                        .args_known = true};
    new_act(maker, func, 1, maker->spawn, spawn);
    return spawn.object;
}

static void wait_for(struct maker *maker, struct ir_func *func, const struct ir_expr *task)
{
    struct act join = {.kind = ACT_JOIN,
                       .object_kind = OBJECT_THREAD,
                       .function = "join",
                       .object = task,
                       .may_park = true};
    new_act(maker, func, 1, maker->join, join);
}

static struct ir_func *new_client(struct maker *maker, size_t ops_max)
{
    const char *scope = arena_printf(maker->arena, "client %zu", maker->funcs.count);
    return new_func(maker, "main", scope, CLIENT_LEAVING + 1, ops_max);
}

/* In memory of the client's own, or in what is static. */
static const struct ir_expr *make_in_place(struct maker *maker, struct ir_func *func,
                                           const struct kind *kind)
{
    struct arena *arena = maker->arena;
    const struct ir_expr *object = NULL;
    if (kind->name) {
        struct ir_var *memory = new_var(maker, func, IR_VAR_LOCAL, "memory", kind->pointer->target);
        object = ir_addr(arena, kind->pointer, ir_var(arena, memory));
    }
    int at = kind->name ? find_param(kind->maker, kind->name, false) : -1;
    struct ir_op *op = call(maker, func, CLIENT_MAKING, kind->maker, at, object);
    const struct ir_type *result = kind->maker->symbol->type->target;
    if (!result || result->kind == IR_TYPE_VOID) {
        jump(maker, func, CLIENT_MAKING, CLIENT_USING);
        return object;
    }
    op->temp = func->temp_count = 1;
    branch(maker, func, CLIENT_MAKING, ir_temp(arena, result, 1), IR_EQ, kind->made_well,
           CLIENT_USING, CLIENT_LEAVING);
    return object;
}

/* The object; a client whose object cannot be made leaves. */
static const struct ir_expr *make(struct maker *maker, struct ir_func *func,
                                  const struct kind *kind)
{
    struct arena *arena = maker->arena;
    if (kind->makes_in_place)
        return make_in_place(maker, func, kind);
    if (!kind->name) {
        jump(maker, func, CLIENT_MAKING, CLIENT_USING);
        return NULL;
    }
    if (!kind->maker) {
        jump(maker, func, CLIENT_MAKING, CLIENT_USING);
        return ir_var(arena, new_var(maker, func, IR_VAR_PARAM, "object", kind->pointer));
    }
    const struct ir_expr *object =
        ir_var(arena, new_var(maker, func, IR_VAR_LOCAL, "object", kind->pointer));
    if (kind->makes_at_param) {
        int at = find_param(kind->maker, kind->name, true);
        assign(func, CLIENT_MAKING, object, ir_const(arena, kind->pointer, 0));
        call(maker, func, CLIENT_MAKING, kind->maker, at,
             ir_addr(arena, kind->maker->vars[at]->type, object));
    } else {
        call(maker, func, CLIENT_MAKING, kind->maker, -1, NULL)->temp = func->temp_count = 1;
        assign(func, CLIENT_MAKING, object, ir_temp(arena, kind->pointer, 1));
    }
    branch(maker, func, CLIENT_MAKING, object, IR_NE, 0, CLIENT_USING, CLIENT_LEAVING);
    return object;
}

/* A client with two tasks; both may be NULL. */
static void write_client(struct maker *maker, const struct kind *kind, const struct ir_func *first,
                         const struct ir_func *second)
{
    struct ir_func *func = new_client(maker, OPS_MAX);
    const struct ir_expr *object = make(maker, func, kind);
    const struct ir_expr *tasks[2] = {first ? start(maker, func, first, object) : NULL,
                                      second ? start(maker, func, second, object) : NULL};
    for (size_t i = 0; i < 2; i++)
        if (tasks[i])
            wait_for(maker, func, tasks[i]);
    for (size_t i = 0; i < kind->enders.count; i++) {
        const struct ir_func *ender = kind->enders.at[i];
        int at = kind->name ? find_param(ender, kind->name, false) : -1;
        call(maker, func, CLIENT_ENDING, ender, at, object);
    }
    jump(maker, func, CLIENT_USING, CLIENT_ENDING);
    jump(maker, func, CLIENT_ENDING, CLIENT_LEAVING);
    ir_func_finish(maker->arena, func);
    *vec_add(maker->arena, &maker->out->roots) = func;
}

/* A client that makes one call and nothing else. */
static void write_single(struct maker *maker, const struct ir_func *called)
{
    struct ir_func *func = new_client(maker, OPS_MAX);
    call(maker, func, CLIENT_MAKING, called, -1, NULL);
    for (uint32_t block = CLIENT_MAKING; block < CLIENT_LEAVING; block++)
        jump(maker, func, block, block + 1);
    ir_func_finish(maker->arena, func);
    *vec_add(maker->arena, &maker->out->roots) = func;
}

/* A client that is never run, and calls all there is: so it is known of each function which objects
 * it may be handed. */
static void write_all(struct maker *maker, const struct kind *kind)
{
    struct ir_func *func = new_client(maker, kind->works.count + 2);
    const struct ir_expr *object = make(maker, func, kind);
    for (size_t i = 0; i < kind->works.count; i++) {
        const struct ir_func *work = kind->works.at[i];
        call(maker, func, CLIENT_USING, work, find_param(work, kind->name, false), object);
    }
    jump(maker, func, CLIENT_USING, CLIENT_ENDING);
    jump(maker, func, CLIENT_ENDING, CLIENT_LEAVING);
    ir_func_finish(maker->arena, func);
}

/* Of what the library makes: clients that are handed an object, in any state that it may be in, and
 * have a method called twice.  A lock that the first call keeps is one that the second waits for.
 */
static void write_again(struct maker *maker, const struct kind *kind)
{
    struct kind any = {.name = kind->name, .pointer = kind->pointer};
    for (size_t i = 0; kind->maker && i < kind->methods.count; i++) {
        const struct ir_func *method = kind->methods.at[i];
        if (flow_can(maker->flow, method, ACT_LOCK) && maker->out->roots.count < CLIENTS_MAX) {
            const struct ir_func *user = write_user(maker, kind, method, NULL);
            write_client(maker, &any, user, user);
        }
    }
}

/* One client for each method where the library has tasks of its own, and one for each two. */
static void write_clients(struct maker *maker, const struct kind *kind)
{
    if (kind->methods.count == 0 && kind->enders.count == 0)
        return;
    const struct ir_func *users[METHODS_MAX];
    const struct ir_func *keeper = NULL; /* keeps what it is given */
    size_t count = 0;
    bool is_of_use =
        kind->maker && kind->enders.count > 0 && flow_can(maker->flow, kind->maker, ACT_SPAWN);
    for (size_t i = 0; i < kind->methods.count && count < METHODS_MAX; i++) {
        const struct ir_func *method = kind->methods.at[i];
        const struct ir_func *taker = find_taker(maker, kind, method);
        if (is_taker(maker, kind, method))
            continue;
        users[count++] = write_user(maker, kind, method, taker);
        if (taker && !keeper)
            keeper = write_user(maker, kind, method, NULL);
    }
    if (kind->name)
        write_all(maker, kind);
    if (is_of_use)
        write_client(maker, kind, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        if (is_of_use || !client_calls(users[i]))
            write_client(maker, kind, users[i], NULL);
    if (keeper)
        write_client(maker, kind, keeper, NULL);
    for (size_t apart = 0; apart < count; apart++)
        for (size_t i = 0; i + apart < count && maker->out->roots.count < CLIENTS_MAX; i++)
            write_client(maker, kind, users[i], users[i + apart]);
}

/* ---- the program of the clients -------------------------------------------------------------- */

static struct ir_type *new_type(struct maker *maker, enum ir_type_kind kind, const char *name,
                                uint64_t size)
{
    struct ir_type *type = arena_new(maker->arena, struct ir_type);
    *type = (struct ir_type){.kind = kind, .name = name, .size = size};
    return type;
}

static void begin_unit(struct maker *maker)
{
    struct ir_unit *unit = maker->unit = arena_new(maker->arena, struct ir_unit);
    unit->arena = maker->arena;
    unit->main_file = unit->directory = unit->output = made_up;
    unit->files = arena_new(maker->arena, struct ir_file);
    unit->files[0].path = made_up;
    unit->file_count = 1;
    maker->nothing = new_type(maker, IR_TYPE_VOID, "void", 0);
    maker->number = new_type(maker, IR_TYPE_INT, "unsigned long", 8);
    maker->function = new_type(maker, IR_TYPE_FUNCTION, "void (void)", 0);
    maker->function->target = maker->nothing;
    maker->spawn = new_symbol(maker, "spawn", made_up);
    maker->join = new_symbol(maker, "join", made_up);
    /* That there is a main makes it a program; nobody looks at what it does. */
    ir_func_finish(maker->arena, new_func(maker, "main", NULL, 1, 1));
}

static size_t count_funcs(struct ir_unit *const *units, size_t count)
{
    size_t funcs = 0;
    for (size_t i = 0; i < count; i++)
        funcs += units[i]->func_count + (units[i]->init != NULL);
    return funcs;
}

/* The functions' facts into `facts`, or back from there. */
static void move_facts(struct flow *library, void **facts, bool is_back)
{
    size_t unit_count, at = 0;
    struct ir_unit *const *units = flow_units(library, &unit_count);
    for (size_t i = 0; i < unit_count; i++)
        for (size_t k = 0; k <= units[i]->func_count; k++) {
            struct ir_func *func = k < units[i]->func_count ? units[i]->funcs[k] : units[i]->init;
            if (!func)
                continue;
            if (is_back)
                func->facts = facts[at++];
            else
                facts[at++] = func->facts;
        }
}

static void link_program(struct maker *maker)
{
    size_t count;
    struct ir_unit *const *library = flow_units(maker->flow, &count);
    struct ir_unit **units = arena_array(maker->arena, struct ir_unit *, count + 1);
    memcpy(units, library, count * sizeof *units);
    units[count] = maker->unit;
    maker->unit->funcs = maker->funcs.at;
    maker->unit->func_count = maker->funcs.count;
    maker->out->facts = arena_array(maker->arena, void *, count_funcs(library, count));
    move_facts(maker->flow, maker->out->facts, false);
    maker->out->flow = flow_new(maker->arena, flow_models(maker->flow), units, count + 1);
}

void clients_make(struct flow *library, bool in_any_state, struct clients *out)
{
    struct maker maker = {.flow = library, .arena = flow_arena(library), .out = out};
    *out = (struct clients){.in_any_state = in_any_state};
    begin_unit(&maker);
    find_kinds(&maker);
    for (size_t i = 0; i < maker.kinds.count; i++)
        if (in_any_state)
            write_again(&maker, &maker.kinds.at[i]);
        else
            write_clients(&maker, &maker.kinds.at[i]);
    for (size_t i = 0; i < maker.singles.count && out->roots.count < CLIENTS_MAX; i++)
        if (!in_any_state)
            write_single(&maker, maker.singles.at[i]);
    if (out->roots.count)
        link_program(&maker);
}

void clients_leave(struct flow *library, struct clients *clients)
{
    if (clients->facts)
        move_facts(library, clients->facts, true);
}
