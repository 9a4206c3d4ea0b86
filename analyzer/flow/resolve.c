/*
 * resolve.c - which object an expression names.
 */
#include "flow/facts.h"
#include "flow/points.h"

#include <string.h>

/* ---- variables written through their address ------------------------------------------------- */

enum { WRITER_DEPTH_MAX = 4 };

/* Who writes through the pointer: anybody, or code whose stores are not in sight. */
enum writer { WRITER_ANY, WRITER_UNSEEN };

static bool hands_to_writer(struct flow *, const struct ir_func *, const struct ir_op *,
                            const struct ir_expr *pointer, enum writer, int depth);

static bool holds(const struct ir_expr *value, const struct ir_expr *pointer)
{
    if (value->kind == IR_CAST)
        return holds(value->a, pointer);
    if (value->kind != IR_LITERAL)
        return ir_expr_equal(value, pointer);
    for (uint32_t i = 0; i < value->element_count; i++)
        if (holds(value->elements[i].value, pointer))
            return true;
    return false;
}

/* May the function write what the pointer points to?  A copy of the pointer is taken to be used for
 * that; NULL, when the value is taken away, does not count, as it does not in assignments. */
static bool writes_through(struct flow *flow, const struct ir_func *func,
                           const struct ir_expr *pointer, enum writer writer, int depth)
{
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_ASSIGN, op));)
        if (holds(op->value, pointer) || (writer == WRITER_ANY && op->place->kind == IR_DEREF &&
                                          holds(op->place->a, pointer) && !ir_is_zero(op->value)))
            return true;
    for (const struct ir_op *op = NULL; (op = ir_next_op(func, IR_OP_CALL, op));)
        if (hands_to_writer(flow, func, op, pointer, writer, depth))
            return true;
    return false;
}

static bool body_writes_param(struct flow *flow, const struct ir_func *body, size_t index,
                              enum writer writer, int depth)
{
    if (index >= body->param_count || depth >= WRITER_DEPTH_MAX)
        return true;
    struct ir_expr param = {
        .kind = IR_VAR, .type = body->vars[index]->type, .var = body->vars[index]};
    return writes_through(flow, body, &param, writer, depth + 1);
}

/* A cleanup runs when its variable ends, so nobody sees what it writes there. */
static bool hands_to_writer(struct flow *flow, const struct ir_func *func, const struct ir_op *op,
                            const struct ir_expr *pointer, enum writer writer, int depth)
{
    size_t count;
    const struct ir_expr *const *args = site_args(op, &count);
    struct flow_targets targets = flow_callees(flow, func, op);
    for (size_t i = 0; i < count && !op->is_cleanup; i++) {
        if (!holds(args[i], pointer))
            continue;
        if (op->act && targets.bodies.count == 0)
            return op->act->kind == ACT_RECV || op->act->kind == ACT_SELECT;
        if (targets.has_unknown)
            return true;
        for (size_t j = 0; j < targets.bodies.count; j++)
            if (body_writes_param(flow, targets.bodies.at[j], i, writer, depth))
                return true;
    }
    return false;
}

static bool has_writer(struct flow *flow, const struct ir_func *func, const struct ir_var *var,
                       enum writer writer)
{
    if (!var->is_address_taken)
        return false;
    signed char *written = &facts_of(func)->var_written[writer][var->id];
    if (*written == 0) {
        struct ir_expr place = {.kind = IR_VAR, .type = var->type, .var = (struct ir_var *)var};
        struct ir_expr address = {.kind = IR_ADDR, .type = var->type, .a = &place};
        *written = -1; /* also for those who ask while this one is being answered */
        if (writes_through(flow, func, &address, writer, 0))
            *written = 1;
    }
    return *written > 0;
}

/* What such a variable holds is not known from its assignments alone: `chan_t *c = NULL; make(&c)`.
 */
bool is_written_through(struct flow *flow, const struct ir_func *func, const struct ir_var *var)
{
    return has_writer(flow, func, var, WRITER_ANY);
}

/* ---- resolving ------------------------------------------------------------------------------- */

static const struct ir_expr *value_of(struct flow *, const struct frame *, const struct ir_expr *,
                                      int depth);

static const struct frame *frame_of_var(const struct frame *, const struct ir_var *);
static const struct ir_expr *place_of(struct flow *, const struct frame *, const struct ir_expr *,
                                      int depth);

/* A struct that is a plain copy of another one, never touched itself, reads as the other one. */
static const struct ir_expr *copied_place(struct flow *flow, const struct frame *frame,
                                          const struct ir_expr *place, int depth)
{
    const struct ir_var *var = place->var;
    frame = frame_of_var(frame, var);
    if (!frame || var->kind == IR_VAR_PARAM || var->is_address_taken || depth > DEPTH_MAX ||
        !place->type || place->type->kind != IR_TYPE_RECORD)
        return place;
    const struct func_facts *facts = facts_of(frame->func);
    const struct ir_expr *value = facts->var_value[var->id];
    bool is_place = value && (value->kind == IR_DEREF || value->kind == IR_FIELD ||
                              value->kind == IR_INDEX || value->kind == IR_VAR);
    if (!is_place || facts->var_assigned[var->id] != 1 || facts->var_has_parts[var->id])
        return place;
    return place_of(flow, frame, value, depth + 1);
}

static const struct ir_expr *place_of(struct flow *flow, const struct frame *frame,
                                      const struct ir_expr *place, int depth)
{
    struct arena *arena = flow->arena;
    switch (place->kind) {
    case IR_VAR:
        return copied_place(flow, frame, place, depth);
    case IR_FIELD: {
        const struct ir_expr *record = place_of(flow, frame, place->a, depth + 1);
        return ir_field(arena, place->type, record, place->name, (uint64_t)place->value);
    }
    case IR_INDEX:
        return ir_index(arena, place->type, place_of(flow, frame, place->a, depth + 1),
                        value_of(flow, frame, place->b, depth + 1));
    case IR_DEREF:
        return ir_deref(arena, place->type, value_of(flow, frame, place->a, depth + 1));
    case IR_TEMP:
        return value_of(flow, frame, place, depth + 1);
    default:
        return place;
    }
}

/* Places as root, offset and indices, so that nested and flat names of one field are equal. */
struct flat {
    const struct ir_expr *root;
    uint64_t offset;
    const struct ir_expr *indices[4];
    size_t index_count;
};

static struct flat flatten(const struct ir_expr *place)
{
    struct flat flat = {0};
    while (place->kind == IR_FIELD || place->kind == IR_INDEX) {
        if (place->kind == IR_FIELD)
            flat.offset += (uint64_t)place->value;
        else if (flat.index_count < COUNT_OF(flat.indices))
            flat.indices[flat.index_count++] = place->b;
        place = place->a;
        if (place->kind == IR_DEREF && place->a->kind == IR_ADDR)
            place = place->a->a;
    }
    flat.root = place;
    return flat;
}

static bool flat_equal(const struct flat *a, const struct flat *b)
{
    if (a->offset != b->offset || a->index_count != b->index_count ||
        !ir_expr_equal(a->root, b->root))
        return false;
    for (size_t i = 0; i < a->index_count; i++)
        if (!ir_expr_equal(a->indices[i], b->indices[i]))
            return false;
    return true;
}

enum {
    STORES_MAX = 64,               /* of one field that are all looked at */
    RESOLVE_STEPS_MAX = 400,       /* stores looked at to resolve one expression */
    RESOLVE_STEPS_IN_ALL = 500000, /* in one program; after that they are few for each */
    RESOLVE_STEPS_MAX_LATE = 40,
    SEVERAL = 2, /* values, or one that is not followed */
};

struct content_search {
    struct flow *flow;
    struct flat wanted;
    const struct ir_expr *found;
    size_t count;
    int depth;
};

/* Where calls through pointers may run many functions, frames are deep and fields have many stores:
 * there each expression may cost all that it is allowed, and there are many of them. */
static bool is_out_of_steps(const struct flow *flow)
{
    bool is_late = flow->resolve_steps_in_all > RESOLVE_STEPS_IN_ALL;
    return flow->resolve_steps > (is_late ? RESOLVE_STEPS_MAX_LATE : RESOLVE_STEPS_MAX);
}

/* More stores do not change the answer: there are several values, or it is given up. */
static bool is_settled(const struct content_search *search)
{
    return search->count == SEVERAL || is_out_of_steps(search->flow);
}

static void try_store(struct content_search *search, const struct frame *frame,
                      const struct store *store)
{
    search->flow->resolve_steps++;
    search->flow->resolve_steps_in_all++;
    if (is_settled(search))
        return;
    const struct ir_expr *place = place_of(search->flow, frame, store->place, search->depth + 1);
    struct flat flat = flatten(place);
    if (!flat_equal(&flat, &search->wanted))
        return;
    if (store->value->type->kind == IR_TYPE_RECORD) {
        search->count = SEVERAL; /* a whole struct came there; points-to sets follow its parts */
        return;
    }
    if (ir_is_zero(store->value) && search->count > 0)
        return;
    const struct ir_expr *value = value_of(search->flow, frame, store->value, search->depth + 1);
    if (search->count > 0 && ir_is_zero(search->found))
        search->count = 0;
    if (search->count == 0 || !ir_expr_equal(value, search->found))
        search->count++;
    search->found = value;
}

/* A store counts when it is made in a function of this frame chain, or in one that such a function
 * calls directly: an init helper. */
static void try_store_from(struct content_search *search, const struct frame *frame,
                           const struct store *store)
{
    for (; frame; frame = frame->parent) {
        if (store->func == frame->func) {
            try_store(search, frame, store);
            return;
        }
        const struct call_list *calls = calls_between(search->flow, frame->func, store->func);
        for (size_t i = 0; calls && i < calls->at.count && !is_settled(search); i++)
            try_store(search, flow_frame(search->flow, store->func, frame, calls->at.at[i]), store);
    }
}

/* A field that is stored to everywhere: only what the functions of this frame chain store. */
static void try_own_stores(struct content_search *search, const struct frame *frame,
                           const struct ir_expr *field)
{
    for (; frame; frame = frame->parent) {
        const struct store_list *own = own_stores_of_field(search->flow, field, frame->func);
        size_t count = own ? own->stores.count : 0;
        for (size_t i = 0; i < count && i < STORES_MAX && !is_settled(search); i++)
            try_store(search, frame, &own->stores.at[i]);
    }
}

static bool is_null_pointer(const struct ir_expr *value)
{
    return value->kind == IR_CONST && value->value == 0 && value->type->kind == IR_TYPE_POINTER;
}

static bool stores_only_nulls(const struct store_list *list)
{
    for (size_t i = 0; i < list->stores.count; i++) {
        const struct ir_expr *value = list->stores.at[i].value;
        if (value->kind != IR_CONST || value->value != 0)
            return false;
    }
    return true;
}

/* The object that a place starts from. */
static bool is_handed_out_whole(struct flow *flow, const struct ir_expr *root)
{
    return root->kind != IR_DEREF || flow_is_handed_out(flow, root->a);
}

/* Numbers behind pointers are worth the points-to analysis where there are objects of ours. */
static bool has_objects(const struct flow *flow)
{
    return flow->uses[ACT_SEND].count + flow->uses[ACT_RECV].count + flow->uses[ACT_ADD].count > 0;
}

/* May code out of sight have written there?  A handle it leaves alone; a number it may have been
 * handed the struct for. */
static bool is_number_of_others(struct flow *flow, const struct frame *frame,
                                const struct ir_expr *place, const struct ir_expr *found)
{
    if (place->type->kind == IR_TYPE_POINTER || found->kind != IR_CONST)
        return false;
    const struct ir_expr *root = flatten(place).root;
    if (root->kind != IR_VAR)
        return !has_objects(flow) || is_handed_out_whole(flow, root);
    frame = frame_of_var(frame, root->var);
    return frame && has_writer(flow, frame->func, root->var, WRITER_UNSEEN);
}

static const struct ir_expr *field_content(struct flow *flow, const struct frame *frame,
                                           const struct ir_expr *place, int depth)
{
    const struct ir_expr *field = place;
    while (field->kind == IR_INDEX)
        field = field->a;
    const struct store_list *list = field->kind == IR_FIELD ? stores_of_field(flow, field) : NULL;
    if (!list)
        return place;
    struct content_search search = {flow, flatten(place), NULL, 0, depth};
    if (list->stores.count > STORES_MAX)
        try_own_stores(&search, frame, field);
    else
        for (size_t i = 0; i < list->stores.count && !is_settled(&search); i++)
            try_store_from(&search, frame, &list->stores.at[i]);
    bool is_complete = !is_out_of_steps(flow);
    /* Cleared behind the last use; the object was put there elsewhere. */
    if (search.count == 1 && is_null_pointer(search.found) && !stores_only_nulls(list))
        return place;
    bool is_found =
        search.count == 1 && is_complete && !is_number_of_others(flow, frame, place, search.found);
    return is_found ? search.found : place;
}

/* A static object that is given one value (resets to NULL apart) stands for that value. */
static const struct ir_expr *symbol_content(struct flow *flow, const struct ir_expr *place,
                                            int depth)
{
    const struct store_list *list = stores_of_symbol(flow, place->symbol);
    const struct store *only = NULL;
    for (size_t i = 0; list && i < list->stores.count; i++) {
        const struct store *store = &list->stores.at[i];
        bool is_number = place->type->kind != IR_TYPE_POINTER;
        if (is_number && !flow_is_private(flow, place->symbol))
            return place;
        if (!is_number && ir_is_zero(store->value))
            continue;
        if (only || store->place->kind != IR_SYMBOL)
            return place;
        only = store;
    }
    if (!only)
        return place;
    return value_of(flow, flow_frame(flow, only->func, NULL, NULL), only->value, depth + 1);
}

/* What tells apart what a function made in several calls: the calls on the way to it, from the
 * inside, up to a function that keeps what was made. */
struct path {
    const struct ir_func *func;
    uint32_t temp;
    uint32_t is_cut;
    const struct ir_op *calls[FRAME_DEPTH_MAX + 2];
    size_t length;
};

static struct path path_to(struct flow *flow, const struct frame *frame, uint32_t temp)
{
    struct path path = {.func = frame->func, .temp = temp};
    while (flow_gives_out(flow, frame->func) && facts_of(frame->func)->callers.count > 0) {
        if (!frame->parent || path.length == COUNT_OF(path.calls)) {
            path.is_cut = true;
            break;
        }
        path.calls[path.length++] = frame->op;
        frame = frame->parent;
    }
    return path;
}

static const struct ir_expr *temp_as_var(struct flow *flow, const struct frame *frame,
                                         const struct ir_expr *temp)
{
    struct path path = path_to(flow, frame, temp->temp);
    size_t key = offsetof(struct path, calls) + path.length * sizeof *path.calls;
    void **slot = map_put(&flow->temp_vars, &path, key);
    if (*slot)
        return ir_var(flow->arena, &((struct temp_var *)*slot)->var);
    struct temp_var *made = arena_new(flow->arena, struct temp_var);
    *made = (struct temp_var){
        .var = {.id = TEMP_VAR_ID,
                .kind = IR_VAR_LOCAL,
                .type = temp->type,
                .name = arena_printf(flow->arena, "t%u", temp->temp)},
        .func = frame->func,
        .op = facts_of(frame->func)->temp_call[temp->temp],
        .temp = temp->temp,
        .path = arena_copy(flow->arena, path.calls, path.length * sizeof *path.calls),
        .path_length = path.length,
        .is_cut = path.is_cut,
    };
    if (made->op)
        made->var.pos = made->op->pos;
    *slot = made;
    return ir_var(flow->arena, &made->var);
}

static const struct ir_expr *call_result(struct flow *flow, const struct frame *frame,
                                         const struct ir_expr *temp, int depth)
{
    const struct ir_op *op = facts_of(frame->func)->temp_call[temp->temp];
    if (!op)
        return temp_as_var(flow, frame, temp);
    if (op->act && op->act->kind == ACT_REF && op->act->object)
        return value_of(flow, frame, op->act->object, depth + 1);
    const struct ir_symbol *callee = op->act ? NULL : ir_callee(op);
    const struct ir_func *body = callee ? flow_body(flow, callee) : NULL;
    if (body && facts_of(body)->returned && !flow_frame_has(frame, body) &&
        frame->depth < FRAME_DEPTH_MAX)
        return value_of(flow, flow_frame(flow, body, frame, op), facts_of(body)->returned,
                        depth + 1);
    return temp_as_var(flow, frame, temp);
}

/* The frame whose function a variable belongs to: `*p` in a task may name a variable of its
 * spawner. */
static const struct frame *frame_of_var(const struct frame *frame, const struct ir_var *var)
{
    for (; frame; frame = frame->parent)
        if (var->id < frame->func->var_count && frame->func->vars[var->id] == var)
            return frame;
    return NULL;
}

static const struct ir_expr *var_content(struct flow *flow, const struct frame *frame,
                                         const struct ir_expr *expr, int depth)
{
    const struct ir_var *var = expr->var;
    frame = frame_of_var(frame, var);
    if (!frame)
        return expr;
    const struct func_facts *facts = facts_of(frame->func);
    if (var->kind == IR_VAR_PARAM && facts->var_assigned[var->id] == 0 && frame->parent) {
        size_t count;
        const struct ir_expr *const *args = site_args(frame->op, &count);
        return var->id < count ? value_of(flow, frame->parent, args[var->id], depth + 1) : expr;
    }
    if (is_written_through(flow, frame->func, var))
        return expr;
    if (var->kind != IR_VAR_PARAM && facts->var_assigned[var->id] == 1 &&
        facts->var_value[var->id] && facts->var_value[var->id]->kind != IR_LITERAL)
        return value_of(flow, frame, facts->var_value[var->id], depth + 1);
    return expr;
}

static const struct ir_expr *value_of(struct flow *flow, const struct frame *frame,
                                      const struct ir_expr *expr, int depth)
{
    if (depth > DEPTH_MAX)
        return expr;
    switch (expr->kind) {
    case IR_VAR:
        return var_content(flow, frame, expr, depth);
    case IR_TEMP: {
        const struct ir_expr *copied = facts_of(frame->func)->temp_value[expr->temp];
        if (copied)
            return value_of(flow, frame, copied, depth + 1);
        return call_result(flow, frame, expr, depth);
    }
    case IR_SYMBOL:
        return expr->symbol->kind == IR_SYMBOL_DATA ? symbol_content(flow, expr, depth) : expr;
    case IR_ADDR:
        return ir_addr(flow->arena, expr->type, place_of(flow, frame, expr->a, depth + 1));
    case IR_DEREF: {
        const struct ir_expr *place = place_of(flow, frame, expr, depth + 1);
        if (place->kind == IR_DEREF)
            return place;
        return place->kind == IR_FIELD || place->kind == IR_INDEX
                   ? field_content(flow, frame, place, depth)
                   : value_of(flow, frame, place, depth + 1);
    }
    case IR_FIELD:
    case IR_INDEX:
        return field_content(flow, frame, place_of(flow, frame, expr, depth + 1), depth);
    case IR_CAST:
        return value_of(flow, frame, expr->a, depth + 1);
    case IR_UNARY:
        return ir_unary(flow->arena, expr->type, expr->op,
                        value_of(flow, frame, expr->a, depth + 1));
    case IR_BINARY:
        return ir_binary(flow->arena, expr->type, expr->op,
                         value_of(flow, frame, expr->a, depth + 1),
                         value_of(flow, frame, expr->b, depth + 1));
    default:
        return expr;
    }
}

const struct ir_expr *flow_resolve(struct flow *flow, const struct frame *frame,
                                   const struct ir_expr *expr)
{
    /* Resolving asks on the way who gives out what it makes, and that resolves again. */
    size_t steps = flow->resolve_steps;
    flow->resolve_steps = 0;
    const struct ir_expr *value = value_of(flow, frame, expr, 0);
    flow->resolve_steps = steps;
    return value;
}

const struct ir_op *flow_made_by(const struct ir_expr *resolved, const struct ir_func **func)
{
    if (resolved->kind != IR_VAR || resolved->var->id != TEMP_VAR_ID)
        return NULL;
    const struct temp_var *temp = (const struct temp_var *)resolved->var;
    if (func)
        *func = temp->func;
    return temp->op;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* A handle as a pointer into something: base, offset, indices. */
static struct flat pointer_base(const struct ir_expr *handle, bool *is_address)
{
    *is_address = handle->kind == IR_ADDR;
    struct flat flat = {.root = handle};
    if (*is_address) {
        flat = flatten(handle->a);
        if (flat.root->kind == IR_DEREF) {
            flat.root = flat.root->a;
            *is_address = false;
        }
    }
    return flat;
}

/* Names one object for certain: the address of a variable, or the result of what makes objects. */
static bool is_definite(const struct ir_expr *handle, const struct flat *flat, bool is_address)
{
    if (handle->kind == IR_CONST)
        return true;
    if (is_address)
        return flat->root->kind == IR_VAR || flat->root->kind == IR_SYMBOL;
    const struct ir_op *made = flow_made_by(flat->root, NULL);
    return made && made->act;
}

/* The field that a handle lies in (its address) or comes from (its content); NULL: neither. */
static const struct ir_expr *handle_field(const struct ir_expr *handle)
{
    const struct ir_expr *place = handle->kind == IR_ADDR ? handle->a : handle;
    while (place->kind == IR_INDEX)
        place = place->a;
    return place->kind == IR_FIELD ? place : NULL;
}

static bool same_field(struct flow *flow, const struct ir_expr *a, const struct ir_expr *b)
{
    const struct store_list *of_a = stores_of_field(flow, a), *of_b = stores_of_field(flow, b);
    if (of_a || of_b)
        return of_a == of_b;
    return a->value == b->value && a->a->type->record && b->a->type->record &&
           text_is(a->a->type->record->name, b->a->type->record->name);
}

/* How much a resolved handle tells. */
enum handle {
    HANDLE_DEFINITE, /* names one object */
    HANDLE_CONTENT,  /* whatever a field holds */
    HANDLE_EMBEDDED, /* the address of a field of a record that is not known */
    HANDLE_PARAM,    /* what a caller out of sight hands in */
    HANDLE_OTHER,
};

static enum handle handle_of(const struct ir_expr *handle, const struct flat *flat, bool is_address)
{
    if (is_definite(handle, flat, is_address))
        return HANDLE_DEFINITE;
    if (handle_field(handle))
        return handle->kind == IR_ADDR ? HANDLE_EMBEDDED : HANDLE_CONTENT;
    bool is_param = handle->kind == IR_VAR && handle->var->id != TEMP_VAR_ID &&
                    handle->var->kind == IR_VAR_PARAM;
    return is_param ? HANDLE_PARAM : HANDLE_OTHER;
}

/* May the field hold this object: is it stored there, or something that cannot be followed? */
static bool field_may_hold(struct flow *flow, const struct ir_expr *field,
                           const struct ir_expr *object, enum handle kind)
{
    const struct store_list *list = stores_of_field(flow, field);
    if (!list)
        return true;
    for (size_t i = 0; i < list->stores.count; i++) {
        const struct store *store = &list->stores.at[i];
        size_t count;
        const struct frame *const *frames = flow_frames(flow, store->func, &count);
        for (size_t j = 0; j < count; j++) {
            const struct ir_expr *value = flow_resolve(flow, frames[j], store->value);
            bool is_address;
            struct flat flat = pointer_base(value, &is_address);
            if (ir_expr_equal(value, object) ||
                (kind == HANDLE_DEFINITE && !is_definite(value, &flat, is_address)))
                return true;
        }
    }
    return false;
}

static enum flow_same maybe(bool is_possible)
{
    return is_possible ? FLOW_MAYBE : FLOW_DIFFERENT;
}

/* Where it is not known what one of them points to: by what they are called. */
static enum flow_same compare_names(struct flow *flow, const struct ir_expr *a,
                                    const struct ir_expr *b)
{
    bool a_address, b_address;
    struct flat at = pointer_base(a, &a_address), bt = pointer_base(b, &b_address);
    if (a_address == b_address && ir_expr_equal(at.root, bt.root) && at.offset == bt.offset)
        return flat_equal(&at, &bt) ? FLOW_SAME : FLOW_MAYBE;
    enum handle a_kind = handle_of(a, &at, a_address), b_kind = handle_of(b, &bt, b_address);
    const struct ir_expr *a_field = handle_field(a), *b_field = handle_field(b);
    bool both_definite = a_kind == HANDLE_DEFINITE && b_kind == HANDLE_DEFINITE;
    if (a_field && b_field && !both_definite && (a->kind == IR_ADDR) == (b->kind == IR_ADDR))
        return maybe(same_field(flow, a_field, b_field));
    if (a_kind == HANDLE_CONTENT && (b_kind == HANDLE_DEFINITE || b_kind == HANDLE_PARAM))
        return maybe(field_may_hold(flow, a_field, b, b_kind));
    if (b_kind == HANDLE_CONTENT && (a_kind == HANDLE_DEFINITE || a_kind == HANDLE_PARAM))
        return maybe(field_may_hold(flow, b_field, a, a_kind));
    /* What callers out of sight hand in is none of ours. */
    bool a_apart = a_kind != HANDLE_OTHER && a_kind != HANDLE_CONTENT;
    bool b_apart = b_kind != HANDLE_OTHER && b_kind != HANDLE_CONTENT;
    return maybe(!(a_apart && b_apart));
}

/* A callback gets its user data back from code out of sight. */
static bool is_handed_in(const struct ir_expr *handle)
{
    return handle->kind == IR_VAR && handle->var->id != TEMP_VAR_ID &&
           handle->var->kind == IR_VAR_PARAM;
}

static const struct temp_var *made_object(const struct ir_expr *handle)
{
    bool is_address;
    const struct ir_expr *root = pointer_base(handle, &is_address).root;
    const struct ir_op *op = flow_made_by(root, NULL);
    bool is_made = op && op->act && (op->act->kind == ACT_MAKE || op->act->kind == ACT_DERIVE);
    return is_made ? (const struct temp_var *)root->var : NULL;
}

/* Made at one place, by two calls of the function around it. */
static bool are_made_apart(const struct ir_expr *a, const struct ir_expr *b)
{
    const struct temp_var *by_a = made_object(a), *by_b = made_object(b);
    if (!by_a || !by_b || by_a->op != by_b->op || by_a->is_cut || by_b->is_cut)
        return false;
    return by_a->path_length != by_b->path_length ||
           memcmp(by_a->path, by_b->path, by_a->path_length * sizeof *by_a->path) != 0;
}

/* An object that code out of sight never came by, and what a caller out of sight hands in. */
static bool is_ours_and_theirs(struct flow *flow, const struct ir_expr *ours,
                               const struct points *at_ours, const struct ir_expr *theirs)
{
    return made_object(ours) && is_handed_in(base_of(theirs)) && at_ours->count > 0 &&
           flow_points_seen_whole(flow, at_ours);
}

enum flow_same flow_compare(struct flow *flow, const struct ir_expr *a, const struct ir_expr *b)
{
    if (ir_expr_equal(a, b))
        return FLOW_SAME;
    if (are_made_apart(a, b))
        return FLOW_DIFFERENT;
    struct points at_a = flow_points(flow, a), at_b = flow_points(flow, b);
    enum flow_same by_points = flow_points_compare(flow, &at_a, &at_b);
    if (!at_a.has_unknown && !at_b.has_unknown)
        return by_points;
    if (is_ours_and_theirs(flow, a, &at_a, b) || is_ours_and_theirs(flow, b, &at_b, a))
        return FLOW_DIFFERENT;
    enum flow_same by_name = compare_names(flow, a, b);
    bool by_caller = is_handed_in(a) || is_handed_in(b);
    bool may_meet = by_name == FLOW_DIFFERENT && by_caller && flow_points_meet(flow, &at_a, &at_b);
    return may_meet ? FLOW_MAYBE : by_name;
}

static bool have_one_name(const struct ir_expr *a, const struct ir_expr *b)
{
    bool a_address, b_address;
    struct flat at = pointer_base(a, &a_address), bt = pointer_base(b, &b_address);
    return a_address == b_address && flat_equal(&at, &bt);
}

/* Two handles with names of their own are one object only where each leads to a single one, and
 * mostly the object that all others are compared with leads to more. */
bool flow_is_same(struct flow *flow, const struct ir_expr *handle, const struct ir_expr *object)
{
    if (!have_one_name(handle, object)) {
        struct points points = flow_points(flow, object);
        if (points.has_unknown || points.count != 1)
            return false;
    }
    return flow_compare(flow, handle, object) == FLOW_SAME;
}

/* ---- uses of an object ----------------------------------------------------------------------- */

/* The object of a use in one of its frames. */
struct naming {
    const struct frame *frame;
    const struct ir_expr *object; /* resolved */
};

/* What a use may be of.  Those that name one object for certain are found by what they start from,
 * so that the many users of one helper do not look at each other. */
struct use_names {
    VEC(struct naming) at;
    struct map definite; /* by variable or symbol → struct indices */
    VEC(uint32_t) vague; /* indices of the others */
    bool is_cut;
    bool has_frames;      /* the above is known: asked for only where points do not tell */
    struct points points; /* whoever calls, it is one of these */
};

struct indices {
    VEC(uint32_t) at;
};

/* The variable or symbol of a handle that names one object; NULL: it may name others. */
static const void *definite_root(const struct ir_expr *handle)
{
    bool is_address;
    struct flat flat = pointer_base(handle, &is_address);
    if (!is_definite(handle, &flat, is_address) || handle->kind == IR_CONST)
        return NULL;
    if (flat.root->kind == IR_SYMBOL)
        return flat.root->symbol->scope ? flat.root->symbol
                                        : NULL; /* units have one of their own */
    const struct temp_var *made = made_object(handle);
    return made && made->is_cut ? NULL : flat.root->var;
}

static void add_name(struct flow *flow, struct use_names *names, struct naming naming)
{
    uint32_t index = (uint32_t)names->at.count;
    *vec_add(flow->arena, &names->at) = naming;
    const void *root = definite_root(naming.object);
    if (!root) {
        *vec_add(flow->arena, &names->vague) = index;
        return;
    }
    void **slot = map_put(&names->definite, &root, sizeof root);
    if (!*slot)
        *slot = arena_new(flow->arena, struct indices);
    struct indices *indices = *slot;
    *vec_add(flow->arena, &indices->at) = index;
}

static struct use_names *names_of(struct flow *flow, const struct flow_use *use)
{
    struct use_names *names = map_get(&flow->use_names, &use, sizeof use);
    if (names)
        return names;
    names = arena_new(flow->arena, struct use_names);
    names->definite.arena = flow->arena;
    names->points = flow_points_in(flow, use->func, use->object);
    *map_put(&flow->use_names, &use, sizeof use) = names;
    return names;
}

static void find_names(struct flow *flow, const struct flow_use *use, struct use_names *names)
{
    struct flow_use_frames frames = flow_use_frames(flow, use);
    names->has_frames = true;
    names->is_cut = frames.is_cut;
    for (size_t i = 0; i < frames.at.count; i++)
        add_name(
            flow, names,
            (struct naming){frames.at.at[i], flow_resolve(flow, frames.at.at[i], use->object)});
}

static void add_match(struct flow *flow, struct flow_matches *matches, const struct naming *naming,
                      const struct ir_expr *object)
{
    enum flow_same same = flow_compare(flow, naming->object, object);
    if (same != FLOW_DIFFERENT)
        *vec_add(flow->arena, &matches->at) = (struct flow_match){naming->frame, same};
}

struct flow_matches flow_use_matches(struct flow *flow, const struct flow_use *use,
                                     const struct ir_expr *object)
{
    struct flow_matches matches = {0};
    struct use_names *names = names_of(flow, use);
    struct points points = flow_points(flow, object);
    if (flow_points_compare(flow, &points, &names->points) == FLOW_DIFFERENT)
        return matches;
    if (!names->has_frames)
        find_names(flow, use, names);
    const void *root = definite_root(object);
    const struct indices *same = root ? map_get(&names->definite, &root, sizeof root) : NULL;
    for (size_t i = 0; same && i < same->at.count; i++)
        add_match(flow, &matches, &names->at.at[same->at.at[i]], object);
    for (size_t i = 0; root && i < names->vague.count; i++)
        add_match(flow, &matches, &names->at.at[names->vague.at[i]], object);
    for (size_t i = 0; !root && i < names->at.count; i++)
        add_match(flow, &matches, &names->at.at[i], object);
    matches.is_cut = names->is_cut;
    return matches;
}

bool flow_use_concerns(struct flow *flow, const struct flow_use *use, const struct ir_expr *object)
{
    if (!use->object)
        return true;
    struct flow_matches matches = flow_use_matches(flow, use, object);
    return matches.at.count > 0 || matches.is_cut;
}

const struct flow_use *flow_next_use(struct flow *flow, enum act_kind kind,
                                     const struct ir_expr *object, const struct flow_use *after)
{
    size_t count;
    const struct flow_use *uses = flow_uses(flow, kind, &count);
    for (size_t i = after ? (size_t)(after - uses) + 1 : 0; i < count; i++)
        if (flow_use_concerns(flow, &uses[i], object))
            return &uses[i];
    return NULL;
}

/* Is there a pointer to a function in it? */
static bool holds_function(const struct ir_type *type, int depth)
{
    while (type->kind == IR_TYPE_ARRAY && type->target)
        type = type->target;
    if (type->kind == IR_TYPE_POINTER)
        return type->target && type->target->kind == IR_TYPE_FUNCTION;
    for (size_t i = 0; type->kind == IR_TYPE_RECORD && depth < 8 && i < type->record->field_count;
         i++)
        if (holds_function(type->record->fields[i].type, depth + 1))
            return true;
    return false;
}

bool flow_calls_back(const struct ir_op *op)
{
    for (size_t i = 0; i < op->arg_count; i++) {
        const struct ir_type *type = op->args[i]->type;
        if (type->kind == IR_TYPE_POINTER && type->target && type->target->kind == IR_TYPE_RECORD &&
            holds_function(type->target, 0))
            return true;
    }
    return false;
}

bool flow_call_is_opaque(struct flow *flow, const struct ir_func *func, const struct ir_op *op)
{
    if (op->kind != IR_OP_CALL || op->act)
        return false;
    const struct ir_symbol *callee = ir_callee(op);
    if (callee && callee->is_in_system_header)
        return false;
    return flow_callees(flow, func, op).has_unknown;
}

bool flow_is_handed_out(struct flow *flow, const struct ir_expr *object)
{
    struct points points = flow_points(flow, object);
    return flow_points_handed_out(flow, &points);
}

bool flow_is_seen_whole(struct flow *flow, const struct ir_expr *object)
{
    struct points points = flow_points(flow, object);
    return flow_points_seen_whole(flow, &points);
}
