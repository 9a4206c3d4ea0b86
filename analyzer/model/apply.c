/*
 * Gives the calls of a unit their meaning.
 */
#include "model/forward.h"
#include "model/resolve.h"

#include <string.h>

enum {
    ARGS_MAX = 64,  /* of a task */
    ARMS_MAX = 256, /* of a select */
};

/* One unit at work. */
struct applier {
    const struct model_set *set;
    struct ir_unit *unit;
    struct arena *arena;
    struct map active;      /* library, by its address → active or not */
    struct map enumerators; /* name → struct ir_enumerator; empty until asked for */
    const struct entry **functions, **cleanups; /* by symbol */
    const struct ir_op **forwards;              /* by symbol, see forward.h */
    struct scene scene;
};

/* ---- which entry ----------------------------------------------------------------------------- */

static bool is_header_at(const char *path, const char *header)
{
    size_t length = strlen(path), wanted = strlen(header);
    return text_ends(path, header) && (length == wanted || path[length - wanted - 1] == '/');
}

static bool sees_header(const struct ir_unit *unit, const struct library *library)
{
    for (size_t i = 0; i < library->header_count; i++)
        for (size_t j = 0; j < unit->file_count; j++)
            if (is_header_at(unit->files[j].path, library->headers[i]))
                return true;
    return library->header_count == 0;
}

static bool is_active(struct applier *applier, const struct library *library)
{
    static char yes, no;
    void **slot = map_put(&applier->active, &library, sizeof library);
    if (!*slot)
        *slot = sees_header(applier->unit, library) ? &yes : &no;
    return *slot == &yes;
}

/* A function that the program itself defines is what its body says. */
static bool has_own_body(const struct ir_symbol *symbol)
{
    return symbol->func && !symbol->is_in_system_header;
}

/* Such an entry gives the function's calls no meaning. */
static bool is_about_itself(const struct entry *entry)
{
    return entry->is_daemon || entry->takes;
}

static const struct entry *find_entry(struct applier *applier, const struct map *table,
                                      const struct ir_symbol *symbol)
{
    if (symbol->scope || has_own_body(symbol))
        return NULL;
    const struct entry *entry = map_get_str(table, symbol->name);
    while (entry && !is_active(applier, entry->library))
        entry = entry->earlier;
    return entry && !is_about_itself(entry) ? entry : NULL;
}

static void find_entries(struct applier *applier)
{
    struct ir_unit *unit = applier->unit;
    applier->functions = arena_array(applier->arena, const struct entry *, unit->symbol_count);
    applier->cleanups = arena_array(applier->arena, const struct entry *, unit->symbol_count);
    for (size_t i = 0; i < unit->symbol_count; i++) {
        if (unit->symbols[i]->kind != IR_SYMBOL_FUNCTION)
            continue;
        applier->functions[i] = find_entry(applier, &applier->set->functions, unit->symbols[i]);
        applier->cleanups[i] = find_entry(applier, &applier->set->cleanups, unit->symbols[i]);
    }
}

static bool holds(struct applier *, const struct ir_op *, const struct condition *);

static bool is_for(struct applier *applier, const struct ir_op *op, const struct entry *entry)
{
    for (size_t i = 0; i < entry->when_count; i++)
        if (!holds(applier, op, &entry->when[i]))
            return false;
    return true;
}

static const struct entry *entry_of(struct applier *applier, const struct ir_op *op)
{
    const struct ir_symbol *symbol = op->kind == IR_OP_CALL ? ir_callee(op) : NULL;
    if (!symbol || symbol->kind != IR_SYMBOL_FUNCTION)
        return NULL;
    const struct entry *cleanup = op->is_cleanup ? applier->cleanups[symbol->id] : NULL;
    const struct entry *entry = cleanup ? cleanup : applier->functions[symbol->id];
    while (entry && !is_for(applier, op, entry))
        entry = entry->otherwise;
    return entry && !entry->is_nothing ? entry : NULL;
}

/* ---- constants ------------------------------------------------------------------------------- */

static bool enumerator_value(struct applier *applier, const char *name, int64_t *value)
{
    struct ir_unit *unit = applier->unit;
    if (!applier->enumerators.count)
        for (size_t i = 0; i < unit->enumerator_count; i++)
            *map_put_str(&applier->enumerators, unit->enumerators[i].name) = &unit->enumerators[i];
    const struct ir_enumerator *found = map_get_str(&applier->enumerators, name);
    if (found)
        *value = found->value;
    return found != NULL;
}

static bool constant_within(const struct ir_expr *expr, int64_t max, int64_t *value)
{
    if (!expr || expr->kind != IR_CONST || expr->value < 0 || expr->value > max)
        return false;
    *value = expr->value;
    return true;
}

/* ---- for which calls an entry is ------------------------------------------------------------- */

static bool has_bits(const struct ir_expr *value, int64_t bits)
{
    enum { DEPTH_MAX = 64 };
    for (int depth = 0; value && depth < DEPTH_MAX; depth++) {
        if (value->kind == IR_CONST)
            return (value->value & bits) == bits;
        if (value->kind == IR_BINARY && value->op == IR_OR && value->b->kind == IR_CONST &&
            (value->b->value & bits) == bits)
            return true;
        if (value->kind != IR_CAST && (value->kind != IR_BINARY || value->op != IR_OR))
            return false;
        value = value->a;
    }
    return false;
}

static bool compares(enum ir_operator compare, int64_t left, int64_t right)
{
    switch (compare) {
    case IR_EQ:
        return left == right;
    case IR_NE:
        return left != right;
    case IR_LT:
        return left < right;
    case IR_LE:
        return left <= right;
    case IR_GT:
        return left > right;
    case IR_GE:
        return left >= right;
    default:
        return false;
    }
}

/* Only what is sure holds: an entry for special calls is not for those that cannot be told. */
static bool holds(struct applier *applier, const struct ir_op *op,
                  const struct condition *condition)
{
    const struct ir_expr *value = resolve(&applier->scene, op, &condition->what);
    int64_t wanted = condition->value;
    if (!value ||
        (condition->enumerator && !enumerator_value(applier, condition->enumerator, &wanted)))
        return false;
    if (condition->compare == IR_AND)
        return has_bits(value, wanted);
    value = resolve_word(value);
    return value->kind == IR_CONST && compares(condition->compare, value->value, wanted);
}

/* ---- lists of values ------------------------------------------------------------------------- */

/* false: they could not all be read off. */
static bool resolve_list(struct applier *applier, const struct ir_op *call,
                         const struct reference_list *list, const struct ir_expr ***values,
                         size_t *count)
{
    int64_t wanted = (int64_t)list->count;
    if (!list->is_given ||
        (!list->at &&
         !constant_within(resolve(&applier->scene, call, &list->array_count), ARGS_MAX, &wanted)))
        return false;
    *values = arena_array(applier->arena, const struct ir_expr *, (size_t)wanted);
    *count = (size_t)wanted;
    bool are_known = true;
    for (int64_t i = 0; i < wanted; i++) {
        const struct ir_expr *value =
            list->at ? resolve(&applier->scene, call, &list->at[i])
                     : resolve_element(&applier->scene, call, &list->array, i, NULL);
        are_known = are_known && value;
        (*values)[i] = resolve_word(value);
    }
    if (!are_known)
        *count = 0;
    return are_known;
}

/* ---- selects --------------------------------------------------------------------------------- */

static const struct select_operation *
find_operation(struct applier *applier, const struct select_layout *layout, int64_t value)
{
    for (size_t i = 0; i < layout->operation_count; i++) {
        int64_t wanted = layout->operations[i].value;
        const char *name = layout->operations[i].name;
        if ((!name || enumerator_value(applier, name, &wanted)) && wanted == value)
            return &layout->operations[i];
    }
    return NULL;
}

static const struct ir_expr *arm_field(struct applier *applier, const struct ir_op *call,
                                       const struct select_layout *layout, int64_t i,
                                       const char *field)
{
    return field ? resolve_element(&applier->scene, call, &layout->cases, i, field) : NULL;
}

/* A channel that was asked for in place, DONE(ctx): the context behind it, or the channel itself.
 */
static void see_through_done(struct applier *applier, struct act_arm *arm)
{
    const struct ir_op *made = arm->channel && arm->channel->kind == IR_TEMP
                                   ? resolve_definition(&applier->scene, arm->channel)
                                   : NULL;
    const struct act *act = made ? made->act : NULL;
    if (!act || act->kind != ACT_DONE_CHANNEL)
        return;
    arm->context = act->context;
    if (!act->context && act->source_count == 1)
        arm->channel = act->sources[0];
}

/* false: it could not be told what the case does. */
static bool resolve_arm(struct applier *applier, const struct ir_op *call,
                        const struct select_layout *layout, int64_t i, struct act_arm *arm)
{
    const struct ir_expr *code = arm_field(applier, call, layout, i, layout->operation);
    if (!code || code->kind != IR_CONST)
        return false;
    const struct select_operation *operation = find_operation(applier, layout, code->value);
    if (!operation)
        return false;
    arm->kind = operation->arm;
    if (arm->kind == ARM_RECV || arm->kind == ARM_SEND) {
        arm->channel = arm_field(applier, call, layout, i, layout->channel);
        arm->value = arm_field(applier, call, layout, i,
                               arm->kind == ARM_RECV ? layout->into : layout->value);
        if (layout->ok)
            arm->ok = arm_field(applier, call, layout, i, layout->ok);
        see_through_done(applier, arm);
        return arm->channel != NULL;
    }
    if (arm->kind == ARM_AFTER && operation->is_point_in_time)
        arm->timeout_ms = ir_unknown(applier->arena, code->type);
    else if (arm->kind == ARM_AFTER)
        arm->timeout_ms = arm_field(applier, call, layout, i, layout->timeout_ms);
    return true;
}

static void resolve_arms(struct applier *applier, const struct ir_op *call,
                         const struct select_layout *layout, struct act *act)
{
    int64_t count;
    if (!constant_within(resolve(&applier->scene, call, &layout->count), ARMS_MAX, &count))
        return;
    struct act_arm *arms = arena_array(applier->arena, struct act_arm, (size_t)count);
    act->arms_known = true;
    for (int64_t i = 0; i < count; i++)
        if (!resolve_arm(applier, call, layout, i, &arms[i]))
            act->arms_known = false;
    act->arms = arms;
    act->arm_count = (size_t)count;
}

/* ---- what kind of object --------------------------------------------------------------------- */

static enum object_kind kind_of_handle(const struct model_set *set, const struct ir_type *type)
{
    enum object_kind kind = model_type_kind(set, type);
    if (kind == OBJECT_NONE && type && type->kind == IR_TYPE_POINTER)
        kind = model_type_kind(set, type->target);
    return kind;
}

static enum object_kind kind_by_act(enum act_kind act)
{
    switch (act) {
    case ACT_SEND:
    case ACT_RECV:
    case ACT_CLOSE:
    case ACT_DONE_CHANNEL:
        return OBJECT_CHAN;
    case ACT_ADD:
    case ACT_DONE:
    case ACT_WAIT:
        return OBJECT_WG;
    case ACT_LOCK:
    case ACT_UNLOCK:
        return OBJECT_MUTEX;
    case ACT_COND_WAIT:
    case ACT_SIGNAL:
        return OBJECT_COND;
    case ACT_DERIVE:
    case ACT_CANCEL:
    case ACT_CHECK_CONTEXT:
        return OBJECT_CONTEXT;
    case ACT_SPAWN:
    case ACT_JOIN:
    case ACT_DETACH:
        return OBJECT_THREAD;
    default:
        return OBJECT_NONE;
    }
}

static enum object_kind kind_of_object(const struct applier *applier, const struct ir_op *call,
                                       const struct entry *entry, const struct act *act)
{
    if (entry->object_kind != OBJECT_NONE)
        return entry->object_kind;
    enum object_kind kind = OBJECT_NONE;
    if (act->object)
        kind = kind_of_handle(applier->set, act->object->type);
    if (kind == OBJECT_NONE && entry->object.step_count == 0)
        kind = kind_of_handle(applier->set, resolve_declared_type(call, &entry->object));
    return kind == OBJECT_NONE ? kind_by_act(entry->kind) : kind;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static bool parks_by_kind(enum act_kind kind)
{
    switch (kind) {
    case ACT_SEND:
    case ACT_RECV:
    case ACT_SELECT:
    case ACT_WAIT:
    case ACT_LOCK:
    case ACT_COND_WAIT:
    case ACT_JOIN:
    case ACT_SLEEP:
    case ACT_IO:
        return true;
    default:
        return false;
    }
}

static bool has_default(const struct act *act)
{
    for (size_t i = 0; i < act->arm_count; i++)
        if (act->arms[i].kind == ARM_DEFAULT)
            return true;
    return false;
}

static bool may_park(const struct entry *entry, const struct act *act)
{
    if (entry->parks != PARKS_BY_KIND)
        return entry->parks == PARKS_MAYBE;
    bool is_no_time = act->kind != ACT_SLEEP && act->timeout_ms && ir_is_zero(act->timeout_ms);
    return parks_by_kind(act->kind) && !act->tries && !is_no_time && !has_default(act);
}

/* A point in time is some time away, who knows how much; a null pointer or a negative number stands
 * for no end. */
static const struct ir_expr *resolve_timeout(struct applier *applier, const struct ir_op *call,
                                             const struct entry *entry)
{
    if (entry->deadline.base == REFERENCE_NONE)
        return resolve(&applier->scene, call, &entry->timeout_ms);
    const struct ir_expr *deadline = resolve(&applier->scene, call, &entry->deadline);
    if (!deadline || deadline->kind != IR_CONST)
        return deadline ? ir_unknown(applier->arena, deadline->type) : NULL;
    const struct ir_type *declared = resolve_declared_type(call, &entry->deadline);
    bool is_pointer =
        deadline->type->kind == IR_TYPE_POINTER || (declared && declared->kind == IR_TYPE_POINTER);
    return is_pointer && deadline->value == 0 ? NULL : deadline;
}

/* ---- outcomes -------------------------------------------------------------------------------- */

static void resolve_outcomes(struct applier *applier, const struct ir_op *call,
                             const struct entry *entry, struct act *act)
{
    struct act_outcome *outcomes =
        arena_array(applier->arena, struct act_outcome, entry->condition_count);
    for (size_t i = 0; i < entry->condition_count; i++) {
        const struct condition *condition = &entry->conditions[i];
        struct act_outcome outcome = {.result = condition->result,
                                      .what = resolve(&applier->scene, call, &condition->what),
                                      .compare = condition->compare,
                                      .value = condition->value};
        if (!outcome.what || (condition->enumerator &&
                              !enumerator_value(applier, condition->enumerator, &outcome.value)))
            continue;
        outcomes[act->outcome_count++] = outcome;
    }
    act->outcomes = outcomes;
}

/* ---- a call ---------------------------------------------------------------------------------- */

static bool makes_object(enum act_kind kind)
{
    return kind == ACT_MAKE || kind == ACT_SPAWN || kind == ACT_DERIVE || kind == ACT_DONE_CHANNEL;
}

static void resolve_values(struct applier *applier, const struct ir_op *call,
                           const struct entry *entry, struct act *act)
{
    const struct {
        const struct reference *from;
        const struct ir_expr **to;
    } values[] = {
        {&entry->object, &act->object},         {&entry->value, &act->value},
        {&entry->entry, &act->entry},           {&entry->counted_by, &act->counted_by},
        {&entry->count, &act->count},           {&entry->capacity, &act->capacity},
        {&entry->context, &act->context},       {&entry->lock, &act->lock},
        {&entry->index, &act->index},           {&entry->element_size, &act->element_size},
        {&entry->attributes, &act->attributes}, {&entry->once, &act->once},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++)
        *values[i].to = resolve(&applier->scene, call, values[i].from);
    if (makes_object(entry->kind))
        act->object = resolve_place(&applier->scene, call, &entry->object);
    while (act->entry && act->entry->kind == IR_CAST)
        act->entry = act->entry->a;
    act->timeout_ms = resolve_timeout(applier, call, entry);
}

/* The call that is meant, with the caller's arguments, and where it stands. */
struct meaning {
    struct ir_op call;
    const struct ir_func *forwarder; /* NULL: it stands where it was found */
    const struct ir_op *inner;
};

static const struct act *make_act(struct applier *applier, const struct meaning *meaning,
                                  const struct entry *entry)
{
    const struct ir_op *call = &meaning->call;
    struct act *act = arena_new(applier->arena, struct act);
    act->kind = entry->kind;
    act->function = arena_strdup(applier->arena, entry->function);
    act->word = arena_strdup(applier->arena, entry->word);
    act->forwarder = meaning->forwarder;
    act->inner = meaning->inner;
    act->mode = entry->mode;
    act->wakes_all = entry->wakes_all;
    act->tries = entry->tries;
    act->attribute = entry->attribute;
    act->is_resumed = entry->is_resumed;
    act->begins_later = entry->begins_later;
    act->is_zeroed = entry->is_zeroed;
    act->is_fed_from_outside = entry->is_fed_from_outside;
    act->is_never_closed = entry->is_never_closed;
    resolve_values(applier, call, entry, act);
    act->args_known = resolve_list(applier, call, &entry->args, &act->args, &act->arg_count);
    resolve_list(applier, call, &entry->sources, &act->sources, &act->source_count);
    if (entry->kind == ACT_SELECT)
        resolve_arms(applier, call, &entry->select, act);
    act->object_kind = kind_of_object(applier, call, entry, act);
    act->may_park = may_park(entry, act);
    resolve_outcomes(applier, call, entry, act);
    return act;
}

enum { FORWARDS_MAX = 8 }; /* of one call, from function to function */

/* Through functions that only hand it on. */
static struct meaning meant(struct applier *applier, const struct ir_op *op)
{
    struct meaning meaning = {.call = *op};
    struct ir_op *call = &meaning.call;
    if (call->kind == IR_OP_CALL)
        call->callee = resolve_callee(&applier->scene, call);
    for (int i = 0; i < FORWARDS_MAX && call->kind == IR_OP_CALL && ir_callee(call); i++) {
        const struct ir_symbol *symbol = ir_callee(call);
        if (!applier->forwards[symbol->id])
            break;
        meaning.forwarder = symbol->func;
        meaning.inner = applier->forwards[symbol->id];
        *call = forward_through(applier->arena, call, meaning.inner);
    }
    return meaning;
}

/* What stands in a function that is looked through was said at its calls. */
static const struct act *nothing_more(struct applier *applier, const struct entry *entry)
{
    struct act *act = arena_new(applier->arena, struct act);
    act->kind = ACT_YIELD;
    act->function = arena_strdup(applier->arena, entry->function);
    act->word = arena_strdup(applier->arena, entry->word);
    return act;
}

/* Types the calls of one function, the selects or the others; tells whether there are selects. */
static bool apply_calls(struct applier *applier, struct ir_func *func, bool is_for_selects)
{
    bool has_selects = false, is_forward = applier->forwards[func->symbol->id] != NULL;
    for (size_t b = 0; b < func->block_count; b++)
        for (size_t i = 0; i < func->blocks[b].op_count; i++) {
            struct ir_op *op = &func->blocks[b].ops[i];
            struct meaning meaning = meant(applier, op);
            const struct entry *entry = entry_of(applier, &meaning.call);
            if (!entry)
                continue;
            bool is_select = entry->kind == ACT_SELECT;
            has_selects = has_selects || is_select;
            if (is_select == is_for_selects)
                op->act =
                    is_forward ? nothing_more(applier, entry) : make_act(applier, &meaning, entry);
        }
    return has_selects;
}

void model_apply(const struct model_set *set, struct ir_unit *unit)
{
    struct arena scratch = {0};
    struct applier applier = {.set = set, .unit = unit, .arena = unit->arena};
    applier.active.arena = &scratch;
    applier.enumerators.arena = &scratch;
    find_entries(&applier);
    applier.forwards = forward_find(&scratch, unit);
    for (size_t i = 0; i < unit->func_count; i++) {
        scene_begin(&applier.scene, unit->arena, unit->funcs[i]);
        /* A case made by DONE(ctx) refers to a call that has to be understood before. */
        if (apply_calls(&applier, unit->funcs[i], false))
            apply_calls(&applier, unit->funcs[i], true);
    }
    arena_release(&scratch);
}
