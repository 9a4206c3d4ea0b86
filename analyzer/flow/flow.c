#include "flow/facts.h"

#include <string.h>

struct func_facts *facts_of(const struct ir_func *func)
{
    return func->facts;
}

struct ir_unit *const *flow_units(const struct flow *flow, size_t *count)
{
    *count = flow->unit_count;
    return flow->units;
}

const struct model_set *flow_models(const struct flow *flow)
{
    return flow->models;
}

void **flow_executions(struct flow *flow)
{
    return &flow->executions;
}

struct arena *flow_arena(struct flow *flow)
{
    return flow->arena;
}

/* ---- linking --------------------------------------------------------------------------------- */

const char *symbol_key(struct arena *arena, const struct ir_symbol *symbol)
{
    if (!symbol->scope)
        return symbol->name;
    return arena_printf(arena, "%s\1%s", symbol->name, symbol->scope);
}

const struct ir_func *flow_body(const struct flow *flow, const struct ir_symbol *symbol)
{
    if (symbol->func)
        return symbol->func;
    if (symbol->scope)
        return NULL; /* an internal name is defined here or nowhere */
    return map_get_str(&flow->bodies, symbol->name);
}

/* ---- stores ---------------------------------------------------------------------------------- */

/* The innermost record that has something at `offset` of a type, and the offset in it. */
static const struct ir_record *record_at(const struct ir_type *type, uint64_t *offset)
{
    const struct ir_record *found = NULL;
    uint64_t found_offset = *offset, rest = *offset;
    while (type) {
        if (type->kind == IR_TYPE_ARRAY) {
            type = type->target;
            rest = type && type->size ? rest % type->size : 0;
            continue;
        }
        if (type->kind != IR_TYPE_RECORD || !type->record)
            break;
        const struct ir_record *record = type->record;
        const struct ir_field *inside = NULL;
        for (size_t i = 0; i < record->field_count; i++)
            if (record->fields[i].offset <= rest)
                inside = &record->fields[i];
        if (!inside)
            break;
        found = record;
        found_offset = inside->offset;
        rest -= inside->offset;
        type = inside->type;
    }
    *offset = found_offset;
    return found;
}

static size_t field_key(char *key, size_t size, const struct ir_expr *field)
{
    uint64_t offset = (uint64_t)field->value;
    const struct ir_record *record = record_at(field->a->type, &offset);
    const struct ir_expr *place = field->a;
    /* A record without a name is part of the one around it, or else of one variable. */
    while (record && !*record->name && (place->kind == IR_FIELD || place->kind == IR_INDEX)) {
        if (place->kind == IR_FIELD) {
            offset += (uint64_t)place->value;
            record = record_at(place->a->type, &offset);
        }
        place = place->a;
    }
    bool is_var = record && !*record->name && place->kind == IR_VAR;
    int length = is_var ? snprintf(key, size, "%p+%llu", (const void *)place->var,
                                   (unsigned long long)offset)
                        : snprintf(key, size, "%s+%llu", record ? record->name : "",
                                   (unsigned long long)offset);
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

/* The function's address stands behind the field's key. */
static size_t own_key(char *key, size_t size, const struct ir_expr *field,
                      const struct ir_func *func)
{
    size_t length = field_key(key, size - sizeof func, field);
    memcpy(key + length, &func, sizeof func);
    return length + sizeof func;
}

const struct store_list *own_stores_of_field(const struct flow *flow, const struct ir_expr *field,
                                             const struct ir_func *func)
{
    char key[256];
    return map_get(&flow->own_stores, key, own_key(key, sizeof key, field, func));
}

const struct store_list *stores_of_field(const struct flow *flow, const struct ir_expr *field)
{
    char key[256];
    return map_get(&flow->field_stores, key, field_key(key, sizeof key, field));
}

const struct store_list *stores_of_symbol(const struct flow *flow, const struct ir_symbol *symbol)
{
    return map_get_str(&flow->symbol_stores, symbol_key(flow->arena, symbol));
}

static void add_store(struct flow *flow, void **slot, struct store store)
{
    if (!*slot)
        *slot = arena_new(flow->arena, struct store_list);
    struct store_list *list = *slot;
    *vec_add(flow->arena, &list->stores) = store;
}

/* The field a place ends in, elements passed over: jobs[i].wg[2] ends in wg. */
static const struct ir_expr *ending_field(const struct ir_expr *place)
{
    while (place->kind == IR_INDEX)
        place = place->a;
    return place->kind == IR_FIELD ? place : NULL;
}

static void note_store(struct flow *flow, struct store store)
{
    const struct ir_expr *field = ending_field(store.place);
    if (field) {
        char key[256];
        size_t length = field_key(key, sizeof key, field);
        add_store(flow, map_put(&flow->field_stores, key, length), store);
        length = own_key(key, sizeof key, field, store.func);
        add_store(flow, map_put(&flow->own_stores, key, length), store);
    }
    const struct ir_expr *root = ir_expr_root(store.place);
    if (root && root->kind == IR_SYMBOL)
        add_store(flow, map_put_str(&flow->symbol_stores, symbol_key(flow->arena, root->symbol)),
                  store);
}

static void note_assignment(struct flow *flow, const struct ir_func *func, const struct ir_op *op)
{
    struct store store = {func, op, op->place, op->value};
    if (op->value->kind != IR_LITERAL) {
        note_store(flow, store);
        return;
    }
    for (uint32_t i = 0; i < op->value->element_count; i++) {
        const struct ir_element *element = &op->value->elements[i];
        store.place = ir_field(flow->arena, element->value->type, op->place, "", element->offset);
        store.value = element->value;
        note_store(flow, store);
    }
}

const struct ir_expr *flow_stored(struct flow *flow, const struct ir_symbol *symbol, size_t index)
{
    const struct store_list *list = stores_of_symbol(flow, symbol);
    return list && index < list->stores.count ? list->stores.at[index].value : NULL;
}

static bool takes_address(const struct ir_expr *expr, const struct ir_symbol *symbol)
{
    if (!expr)
        return false;
    if (expr->kind == IR_ADDR) {
        const struct ir_expr *root = ir_expr_root(expr->a);
        if (root && root->kind == IR_SYMBOL && root->symbol == symbol)
            return true;
    }
    for (uint32_t i = 0; expr->kind == IR_LITERAL && i < expr->element_count; i++)
        if (takes_address(expr->elements[i].value, symbol))
            return true;
    return takes_address(expr->a, symbol) || takes_address(expr->b, symbol);
}

static bool op_takes_address(const struct ir_op *op, const struct ir_symbol *symbol)
{
    for (size_t i = 0; i < op->arg_count; i++)
        if (takes_address(op->args[i], symbol))
            return true;
    return takes_address(op->value, symbol) || takes_address(op->place, symbol);
}

static bool func_takes_address(const struct ir_func *func, const struct ir_symbol *symbol)
{
    for (size_t i = 0; i < func->block_count; i++) {
        const struct ir_block *block = &func->blocks[i];
        if (takes_address(block->value, symbol))
            return true;
        for (size_t j = 0; j < block->op_count; j++)
            if (op_takes_address(&block->ops[j], symbol))
                return true;
    }
    return false;
}

static bool find_private(struct flow *flow, const struct ir_symbol *symbol)
{
    for (size_t i = 0; i < flow->unit_count; i++) {
        const struct ir_unit *unit = flow->units[i];
        if (symbol->id >= unit->symbol_count || unit->symbols[symbol->id] != symbol)
            continue; /* only its own unit can name it */
        for (size_t j = 0; j < unit->func_count; j++)
            if (unit->funcs[j]->incomplete || func_takes_address(unit->funcs[j], symbol))
                return false;
        if (unit->init && func_takes_address(unit->init, symbol))
            return false;
    }
    return true;
}

bool flow_is_private(struct flow *flow, const struct ir_symbol *symbol)
{
    static char yes, no;
    if (symbol->kind != IR_SYMBOL_DATA || !symbol->scope)
        return false;
    void **slot = map_put(&flow->privates, &symbol, sizeof symbol);
    if (!*slot)
        *slot = find_private(flow, symbol) ? &yes : &no;
    return *slot == &yes;
}

/* ---- per function ---------------------------------------------------------------------------- */

/* A pointer set to NULL before or after use still stands for the one object it is given. */
static void note_value(const struct ir_expr **slot, uint32_t *assigned, const struct ir_expr *place,
                       const struct ir_expr *value)
{
    bool is_pointer = place->type->kind == IR_TYPE_POINTER;
    if (is_pointer && ir_is_zero(value) && *slot && *assigned > 0)
        return;
    if (is_pointer && *assigned > 0 && *slot && ir_is_zero(*slot))
        *assigned = 0;
    *slot = ++*assigned == 1 ? value : NULL;
}

/* Every variable whose address is in the value. */
static void keep_addresses(struct func_facts *facts, const struct ir_expr *value)
{
    if (!value)
        return;
    if (value->kind == IR_ADDR) {
        const struct ir_expr *root = ir_expr_root(value->a);
        if (root && root->kind == IR_VAR)
            facts->var_kept[root->var->id] = true;
        return;
    }
    for (uint32_t i = 0; value->kind == IR_LITERAL && i < value->element_count; i++)
        keep_addresses(facts, value->elements[i].value);
    if (value->kind != IR_LITERAL) {
        keep_addresses(facts, value->a);
        keep_addresses(facts, value->b);
    }
}

static void scan_op(struct flow *flow, const struct ir_func *func, const struct ir_op *op,
                    uint32_t *temp_assigned)
{
    struct func_facts *facts = facts_of(func);
    if (op->kind == IR_OP_CALL)
        *vec_add(flow->arena, &facts->calls) = op;
    if (op->kind == IR_OP_CALL && op->temp)
        facts->temp_call[op->temp] = op;
    bool is_spawn = op->act && op->act->kind == ACT_SPAWN;
    for (size_t i = 0; is_spawn && i < op->act->arg_count; i++)
        keep_addresses(facts, op->act->args[i]);
    if (op->kind == IR_OP_ASSIGN)
        keep_addresses(facts, op->value);
    if (op->kind != IR_OP_ASSIGN)
        return;
    if (op->place->kind == IR_TEMP)
        note_value(&facts->temp_value[op->place->temp], &temp_assigned[op->place->temp], op->place,
                   op->value);
    else if (op->place->kind == IR_VAR)
        note_value(&facts->var_value[op->place->var->id], &facts->var_assigned[op->place->var->id],
                   op->place, op->value);
    const struct ir_expr *root = ir_expr_root(op->place);
    if (root && root != op->place && root->kind == IR_VAR)
        facts->var_has_parts[root->var->id] = true;
    note_assignment(flow, func, op);
}

/* A pointer that is NULL where something failed is else the one object. */
static void scan_returns(const struct ir_func *func)
{
    struct func_facts *facts = facts_of(func);
    bool first = true;
    for (size_t i = 0; i < func->block_count; i++) {
        const struct ir_block *block = &func->blocks[i];
        if (block->end != IR_RETURN || !block->value ||
            (block->value->type->kind == IR_TYPE_POINTER && ir_is_zero(block->value)))
            continue;
        if (first)
            facts->returned = block->value;
        else if (facts->returned && !ir_expr_equal(facts->returned, block->value))
            facts->returned = NULL;
        first = false;
    }
}

static void scan_func(struct flow *flow, struct ir_func *func)
{
    struct func_facts *facts = arena_new(flow->arena, struct func_facts);
    size_t temps = func->temp_count + 1;
    facts->temp_value = arena_array(flow->arena, const struct ir_expr *, temps);
    facts->temp_base = arena_array(flow->arena, const struct ir_expr *, temps);
    facts->temp_call = arena_array(flow->arena, const struct ir_op *, temps);
    facts->var_value = arena_array(flow->arena, const struct ir_expr *, func->var_count);
    facts->var_assigned = arena_array(flow->arena, uint32_t, func->var_count);
    facts->var_kept = arena_array(flow->arena, bool, func->var_count);
    facts->var_has_parts = arena_array(flow->arena, bool, func->var_count);
    for (size_t i = 0; i < COUNT_OF(facts->var_written); i++)
        facts->var_written[i] = arena_array(flow->arena, signed char, func->var_count);
    func->facts = facts;
    uint32_t *temp_assigned = arena_array(flow->arena, uint32_t, temps);
    for (size_t i = 0; i < func->block_count; i++)
        for (size_t j = 0; j < func->blocks[i].op_count; j++)
            scan_op(flow, func, &func->blocks[i].ops[j], temp_assigned);
    scan_returns(func);
}

/* ---- calls ----------------------------------------------------------------------------------- */

const struct ir_expr *const *site_args(const struct ir_op *op, size_t *count)
{
    bool by_model = op->act && (op->act->kind == ACT_SPAWN || op->act->kind == ACT_INVOKE);
    *count = by_model ? op->act->arg_count : op->arg_count;
    return by_model ? op->act->args : op->args;
}

bool flow_is_atomic(const struct ir_op *op)
{
    static const char *const prefixes[] = {"__atomic_", "__c11_atomic_", "__sync_"};
    const struct ir_symbol *callee = op->act ? NULL : ir_callee(op);
    for (size_t i = 0; callee && i < COUNT_OF(prefixes); i++)
        if (strncmp(callee->name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

struct target_search {
    struct flow *flow;
    struct flow_targets *targets;
    size_t *steps_left;
    int depth;
};

static void search(struct target_search, const struct ir_func *, const struct ir_expr *);

static void add_target(struct target_search to, const struct ir_symbol *symbol)
{
    const struct ir_func *body = flow_body(to.flow, symbol);
    if (!body) {
        to.targets->has_unknown = true;
        return;
    }
    for (size_t i = 0; i < to.targets->bodies.count; i++)
        if (to.targets->bodies.at[i] == body)
            return;
    *vec_add(to.flow->arena, &to.targets->bodies) = body;
}

static void search_stores(struct target_search to, const struct store_list *list)
{
    if (!list) {
        to.targets->has_unknown = true;
        return;
    }
    for (size_t i = 0; i < list->stores.count; i++)
        search(to, list->stores.at[i].func, list->stores.at[i].value);
}

static void search_param(struct target_search to, const struct ir_func *func, uint32_t index)
{
    size_t count;
    const struct flow_site *sites = flow_callers(to.flow, func, &count);
    if (count == 0)
        to.targets->has_unknown = true;
    for (size_t i = 0; i < count; i++) {
        size_t arg_count;
        const struct ir_expr *const *args = site_args(sites[i].op, &arg_count);
        if (index < arg_count)
            search(to, sites[i].func, args[index]);
        else
            to.targets->has_unknown = true;
    }
}

static void search_var(struct target_search to, const struct ir_func *func,
                       const struct ir_var *var)
{
    const struct func_facts *facts = facts_of(func);
    if (var->kind == IR_VAR_PARAM)
        search_param(to, func, var->id);
    if (facts->var_value[var->id]) {
        search(to, func, facts->var_value[var->id]);
        return;
    }
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));)
        if (op->place->kind == IR_VAR && op->place->var == var)
            search(to, func, op->value);
    if (facts->var_assigned[var->id] == 0 && var->kind != IR_VAR_PARAM)
        to.targets->has_unknown = true;
}

static void search_temp(struct target_search to, const struct ir_func *func, uint32_t temp)
{
    bool found = false;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));) {
        if (op->place->kind == IR_TEMP && op->place->temp == temp) {
            search(to, func, op->value);
            found = true;
        }
    }
    const struct ir_op *call = facts_of(func)->temp_call[temp];
    const struct ir_symbol *callee = call ? ir_callee(call) : NULL;
    const struct ir_func *body = callee ? flow_body(to.flow, callee) : NULL;
    if (body && facts_of(body)->returned)
        search(to, body, facts_of(body)->returned);
    else if (!found)
        to.targets->has_unknown = true;
}

/* Field-based: what is stored in a field of one struct may be in that field of every such struct.
 */
static void search(struct target_search to, const struct ir_func *func, const struct ir_expr *expr)
{
    if (ir_is_zero(expr))
        return;
    if (++to.depth > TARGETS_DEPTH_MAX || *to.steps_left == 0) {
        to.targets->has_unknown = true;
        return;
    }
    --*to.steps_left;
    while (expr->kind == IR_INDEX || expr->kind == IR_CAST)
        expr = expr->a;
    if (expr->kind == IR_DEREF && expr->type->kind == IR_TYPE_FUNCTION)
        expr = expr->a; /* (*f)(x) */
    if (expr->kind == IR_SYMBOL && expr->symbol->kind == IR_SYMBOL_FUNCTION)
        add_target(to, expr->symbol);
    else if (expr->kind == IR_SYMBOL)
        search_stores(to, stores_of_symbol(to.flow, expr->symbol));
    else if (expr->kind == IR_FIELD)
        search_stores(to, stores_of_field(to.flow, expr));
    else if (expr->kind == IR_VAR)
        search_var(to, func, expr->var);
    else if (expr->kind == IR_TEMP)
        search_temp(to, func, expr->temp);
    else
        to.targets->has_unknown = true;
}

struct flow_targets flow_targets(struct flow *flow, const struct ir_func *func,
                                 const struct ir_expr *callee)
{
    struct flow_targets targets = {0};
    size_t steps_left = TARGETS_STEPS_MAX;
    search((struct target_search){flow, &targets, &steps_left, 0}, func, callee);
    return targets;
}

/* Searched once per operation: pointers may take a while. */
static struct flow_targets targets_of_op(struct flow *flow, const struct ir_func *func,
                                         const struct ir_op *op, const struct ir_expr *callee)
{
    if (callee->kind == IR_SYMBOL && callee->symbol->kind == IR_SYMBOL_FUNCTION)
        return flow_targets(flow, func, callee);
    void **slot = map_put(&flow->targets, &op, sizeof op);
    if (!*slot) {
        struct flow_targets targets = flow_targets(flow, func, callee);
        *map_put(&flow->targets, &op, sizeof op) =
            arena_copy(flow->arena, &targets, sizeof targets);
        return targets;
    }
    return *(struct flow_targets *)*slot;
}

struct flow_targets flow_callees(struct flow *flow, const struct ir_func *func,
                                 const struct ir_op *op)
{
    struct flow_targets none = {0};
    if (op->kind != IR_OP_CALL)
        return none;
    if (op->act && (op->act->kind == ACT_SPAWN || op->act->kind == ACT_INVOKE)) {
        if (op->act->entry)
            return targets_of_op(flow, func, op, op->act->entry);
        none.has_unknown = true;
        return none;
    }
    return op->act || !op->callee ? none : targets_of_op(flow, func, op, op->callee);
}

static const struct ir_expr *callee_of(const struct ir_op *op)
{
    if (op->kind != IR_OP_CALL)
        return NULL;
    if (!op->act)
        return op->callee;
    return op->act->kind == ACT_SPAWN || op->act->kind == ACT_INVOKE ? op->act->entry : NULL;
}

struct flow_targets flow_callees_in(struct flow *flow, const struct frame *frame,
                                    const struct ir_op *op)
{
    const struct ir_expr *callee = callee_of(op);
    if (!callee || callee->kind == IR_SYMBOL || !frame->parent)
        return flow_callees(flow, frame->func, op);
    while (callee->kind == IR_DEREF && callee->type->kind == IR_TYPE_FUNCTION)
        callee = callee->a; /* (*f)(x) */
    const struct ir_expr *resolved = flow_resolve(flow, frame, callee);
    if (resolved->kind != IR_SYMBOL || resolved->symbol->kind != IR_SYMBOL_FUNCTION)
        return flow_callees(flow, frame->func, op);
    return flow_targets(flow, frame->func, resolved);
}

bool flow_call_takes(struct flow *flow, const struct ir_func *func, const struct ir_op *op,
                     size_t arg)
{
    const struct ir_symbol *callee = ir_callee(op);
    if (callee && model_takes(flow->models, callee, arg))
        return true;
    struct flow_targets targets = flow_callees(flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++)
        if (model_takes(flow->models, targets.bodies.at[i]->symbol, arg))
            return true;
    return false;
}

const struct flow_site *flow_callers(struct flow *flow, const struct ir_func *func, size_t *count)
{
    (void)flow;
    *count = facts_of(func)->callers.count;
    return facts_of(func)->callers.at;
}

const struct call_list *calls_between(const struct flow *flow, const struct ir_func *caller,
                                      const struct ir_func *callee)
{
    const struct ir_func *key[] = {caller, callee};
    return map_get(&flow->calls, key, sizeof key);
}

static void add_call_between(struct flow *flow, const struct flow_site *site,
                             const struct ir_func *callee)
{
    const struct ir_func *key[] = {site->func, callee};
    void **slot = map_put(&flow->calls, key, sizeof key);
    if (!*slot)
        *slot = arena_new(flow->arena, struct call_list);
    struct call_list *calls = *slot;
    *vec_add(flow->arena, &calls->at) = site->op;
}

static void add_callers(struct flow *flow, const struct ir_func *func, const struct ir_op *op)
{
    struct flow_site site = {SITE_CALL, func, op};
    if (op->act && op->act->kind == ACT_SPAWN)
        site.kind = SITE_SPAWN;
    else if (op->act && op->act->kind == ACT_INVOKE)
        site.kind = SITE_INVOKE;
    struct flow_targets targets = flow_callees(flow, func, op);
    for (size_t i = 0; i < targets.bodies.count; i++) {
        *vec_add(flow->arena, &facts_of(targets.bodies.at[i])->callers) = site;
        if (site.kind != SITE_SPAWN)
            add_call_between(flow, &site, targets.bodies.at[i]);
    }
}

/* Direct sites first, so that a pointer handed down through parameters finds its callers. */
static void find_callers(struct flow *flow, const struct ir_func *func, bool direct)
{
    const struct func_facts *facts = facts_of(func);
    for (size_t i = 0; i < facts->calls.count; i++) {
        const struct ir_op *op = facts->calls.at[i];
        const struct ir_expr *callee = op->callee;
        if (op->act && op->act->entry)
            callee = op->act->entry;
        bool names_function =
            callee->kind == IR_SYMBOL && callee->symbol->kind == IR_SYMBOL_FUNCTION;
        if (names_function == direct)
            add_callers(flow, func, op);
    }
}

/* ---- uses ------------------------------------------------------------------------------------ */

static void add_use(struct flow *flow, enum act_kind kind, struct flow_use use)
{
    *vec_add(flow->arena, &flow->uses[kind]) = use;
}

static void note_uses(struct flow *flow, const struct ir_func *func)
{
    const struct func_facts *facts = facts_of(func);
    for (size_t k = 0; k < facts->calls.count; k++) {
        const struct ir_op *op = facts->calls.at[k];
        const struct act *act = op->act;
        if (!act)
            continue;
        add_use(flow, act->kind, (struct flow_use){func, op, act->object, NULL});
        for (size_t i = 0; act->kind == ACT_SELECT && i < act->arm_count; i++) {
            const struct act_arm *arm = &act->arms[i];
            if (arm->kind == ARM_RECV || arm->kind == ARM_SEND)
                add_use(flow, arm->kind == ARM_RECV ? ACT_RECV : ACT_SEND,
                        (struct flow_use){func, op, arm->channel, arm});
        }
    }
}

const struct flow_use *flow_uses(struct flow *flow, enum act_kind kind, size_t *count)
{
    *count = flow->uses[kind].count;
    return flow->uses[kind].at;
}

/* From the functions that do it themselves up to all their callers. */
static void find_can(struct flow *flow, enum act_kind kind)
{
    VEC(const struct ir_func *) work = {0};
    for (size_t i = 0; i < flow->uses[kind].count; i++)
        *vec_add(flow->arena, &work) = flow->uses[kind].at[i].func;
    while (work.count > 0) {
        struct func_facts *facts = facts_of(work.at[--work.count]);
        if (facts->can & 1ull << kind)
            continue;
        facts->can |= 1ull << kind;
        for (size_t i = 0; i < facts->callers.count; i++)
            if (facts->callers.at[i].kind != SITE_SPAWN)
                *vec_add(flow->arena, &work) = facts->callers.at[i].func;
    }
    flow->can |= 1ull << kind;
}

bool flow_can(struct flow *flow, const struct ir_func *func, enum act_kind kind)
{
    if (!(flow->can & 1ull << kind))
        find_can(flow, kind);
    return facts_of(func)->can & 1ull << kind;
}

/* Up from the wanted function to all that run it, once for each that is asked for. */
static struct map *runners_of(struct flow *flow, const struct ir_func *wanted)
{
    static char yes;
    struct map *runners = arena_new(flow->arena, struct map);
    runners->arena = flow->arena;
    VEC(const struct ir_func *) work = {0};
    *vec_add(flow->arena, &work) = wanted;
    while (work.count > 0) {
        const struct ir_func *func = work.at[--work.count];
        void **slot = map_put(runners, &func, sizeof func);
        if (*slot)
            continue;
        *slot = &yes;
        const struct func_facts *facts = facts_of(func);
        for (size_t i = 0; i < facts->callers.count; i++)
            *vec_add(flow->arena, &work) = facts->callers.at[i].func;
    }
    return runners;
}

bool flow_runs(struct flow *flow, const struct ir_func *func, const struct ir_func *wanted)
{
    if (!map_get(&flow->runners, &wanted, sizeof wanted)) {
        struct map *runners = runners_of(flow, wanted);
        *map_put(&flow->runners, &wanted, sizeof wanted) = runners;
    }
    return map_get(map_get(&flow->runners, &wanted, sizeof wanted), &func, sizeof func) != NULL;
}

/* ---- all together ---------------------------------------------------------------------------- */

static void add_func(struct flow *flow, struct ir_func *func)
{
    *vec_add(flow->arena, &flow->funcs) = func;
    void **slot = map_put_str(&flow->bodies, symbol_key(flow->arena, func->symbol));
    if (!*slot)
        *slot = func; /* defined twice: the first one stands for both */
}

struct flow *flow_new(struct arena *arena, const struct model_set *models,
                      struct ir_unit *const *units, size_t unit_count)
{
    struct flow *flow = arena_new(arena, struct flow);
    *flow = (struct flow){.arena = arena,
                          .models = models,
                          .units = units,
                          .unit_count = unit_count,
                          .bodies.arena = arena,
                          .field_stores.arena = arena,
                          .own_stores.arena = arena,
                          .calls.arena = arena,
                          .targets.arena = arena,
                          .temp_vars.arena = arena,
                          .privates.arena = arena,
                          .points.arena = arena,
                          .runners.arena = arena,
                          .use_names.arena = arena,
                          .use_frames.arena = arena,
                          .symbol_stores.arena = arena};
    for (size_t i = 0; i < unit_count; i++) {
        for (size_t j = 0; j < units[i]->func_count; j++)
            add_func(flow, units[i]->funcs[j]);
        if (units[i]->init)
            scan_func(flow, units[i]->init);
    }
    for (size_t i = 0; i < flow->funcs.count; i++)
        scan_func(flow, flow->funcs.at[i]);
    for (int direct = 1; direct >= 0; direct--)
        for (size_t i = 0; i < flow->funcs.count; i++)
            find_callers(flow, flow->funcs.at[i], direct);
    flow->targets = (struct map){.arena = arena}; /* found while callers were still missing */
    for (size_t i = 0; i < flow->funcs.count; i++)
        note_uses(flow, flow->funcs.at[i]);
    return flow;
}
