/*
 * stmt.c - statements as control flow.
 */
#include "frontend/lower.h"

#include <string.h>

/* Deeper nesting than this is left out and the function marked: our own stack is bounded too. */
enum { DEPTH_MAX = 1500 };

bool enter_depth(struct build *build)
{
    if (build->depth < DEPTH_MAX) {
        build->depth++;
        return true;
    }
    build_incomplete(build, "nested too deeply");
    return false;
}

/* ---- scopes ---------------------------------------------------------------------------------- */

/* Ends the variables that came alive since `outer`, on the way that falls through. */
static void leave_scope(struct build *build, struct live *outer, struct ir_pos pos)
{
    if (build->current != NO_BLOCK)
        emit_exit(build, outer, pos);
    build->live = outer;
}

static void lower_all(struct build *build, CXCursor cursor)
{
    struct kids kids = kids_of(build->source, cursor);
    for (size_t i = 0; i < kids.count; i++)
        lower_stmt(build, kid(build->source, kids, i));
    kids_drop(build->source, kids);
}

static void lower_compound_stmt(struct build *build, CXCursor cursor)
{
    struct live *outer = build->live;
    lower_all(build, cursor);
    if (build->live != outer)
        leave_scope(build, outer, pos_of_end(build->source, cursor));
}

/* A statement below another is a scope of its own, with braces or not. */
static void lower_inner(struct build *build, CXCursor cursor)
{
    struct live *outer = build->live;
    lower_stmt(build, cursor);
    if (build->live != outer)
        leave_scope(build, outer, pos_of_end(build->source, cursor));
}

/* ---- declarations ---------------------------------------------------------------------------- */

/* `typedef int row[n()];` evaluates n(). */
static void lower_typedef(struct build *build, CXCursor cursor)
{
    if (clang_getTypedefDeclUnderlyingType(cursor).kind != CXType_VariableArray)
        return;
    struct kids kids = kids_of(build->source, cursor);
    for (size_t i = 0; i < kids.count; i++)
        if (clang_isExpression(clang_getCursorKind(kid(build->source, kids, i))))
            lower_effect(build, kid(build->source, kids, i));
    kids_drop(build->source, kids);
}

static void lower_decl_stmt(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    for (size_t i = 0; i < kids.count; i++) {
        CXCursor one = kid(source, kids, i);
        enum CXCursorKind kind = clang_getCursorKind(one);
        if (kind == CXCursor_VarDecl)
            lower_local(build, one);
        else if (kind == CXCursor_TypedefDecl)
            lower_typedef(build, one);
    }
    kids_drop(source, kids);
}

/* ---- selections ------------------------------------------------------------------------------ */

/* A chain of `else if` is a loop here: generated ones are long. */
static void lower_if(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct live *outer = build->live;
    struct ir_pos end = pos_of_end(source, cursor);
    uint32_t join = new_block(build);
    for (;;) {
        struct kids kids = kids_of(source, cursor);
        if (kids.count < 2) {
            build_incomplete(build, "an if lacks its condition");
            kids_drop(source, kids);
            break;
        }
        bool has_else = kids.count > 2;
        uint32_t then = new_block(build);
        uint32_t otherwise = has_else ? new_block(build) : join;
        lower_condition(build, kid(source, kids, 0), then, otherwise);
        start_block(build, then);
        lower_inner(build, kid(source, kids, 1));
        jump(build, join);
        CXCursor rest = has_else ? kid(source, kids, 2) : cursor;
        kids_drop(source, kids);
        if (!has_else)
            break;
        start_block(build, otherwise);
        if (clang_getCursorKind(rest) != CXCursor_IfStmt) {
            lower_inner(build, rest);
            break;
        }
        cursor = rest;
    }
    start_block(build, join);
    if (build->live != outer)
        leave_scope(build, outer, end);
}

/* A switch on a constant takes one way. */
static void prune_switch(struct build *build, uint32_t from, int64_t value)
{
    struct raw_block *block = &build->blocks.at[from];
    uint32_t chosen = block->last_edge; /* the default */
    for (uint32_t i = block->first_edge; i != NO_ITEM; i = build->edges.at[i].next) {
        const struct ir_edge *edge = &build->edges.at[i].edge;
        if (edge->is_default || value < edge->low || value > edge->high)
            continue;
        chosen = i;
        break;
    }
    build->edges.at[chosen].edge.is_default = false;
    build->edges.at[chosen].next = NO_ITEM;
    block->first_edge = block->last_edge = chosen;
    block->edge_count = 1;
    block->end = IR_JUMP;
    block->value = NULL;
}

static void lower_switch(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    if (kids.count < 2) {
        build_incomplete(build, "a switch lacks its value");
        kids_drop(source, kids);
        return;
    }
    struct live *outer = build->live;
    struct target old_break = build->break_to;
    struct switch_state *old = build->in_switch;
    const struct ir_expr *value = lower_expr(build, kid(source, kids, 0));
    uint32_t done = new_block(build);
    struct switch_state state = {current_block(build), NO_BLOCK};
    end_block(build, IR_SWITCH, value, pos_of(source, kid(source, kids, 0)));
    build->in_switch = &state;
    build->break_to = (struct target){done, build->live};
    lower_inner(build, kid(source, kids, 1));
    build->in_switch = old;
    build->break_to = old_break;
    kids_drop(source, kids);
    uint32_t to = state.default_block == NO_BLOCK ? done : state.default_block;
    add_edge(build, state.block, (struct ir_edge){.to = to, .is_default = true});
    if (value->kind == IR_CONST)
        prune_switch(build, state.block, value->value);
    start_block(build, done);
    if (build->live != outer)
        leave_scope(build, outer, pos_of_end(source, cursor));
}

static void add_case(struct build *build, struct kids kids)
{
    struct source *source = build->source;
    int64_t low = 0, high = 0;
    bool is_known = evaluate(kid(source, kids, 0), &low);
    high = low;
    if (kids.count > 2)
        is_known &= evaluate(kid(source, kids, 1), &high);
    if (!is_known)
        build_incomplete(build, "a case has no constant value");
    if (!build->in_switch || !is_known)
        return;
    uint32_t block = new_block(build);
    add_edge(build, build->in_switch->block,
             (struct ir_edge){.to = block, .low = low, .high = high});
    start_block(build, block);
}

static void add_default(struct build *build)
{
    if (!build->in_switch)
        return;
    uint32_t block = new_block(build);
    build->in_switch->default_block = block;
    start_block(build, block);
}

/* ---- labels and jumps ------------------------------------------------------------------------ */

struct label *label_of(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    /* The declaration around it, kept in the first word, differs with how the cursor was reached.
     */
    cursor.data[0] = NULL;
    struct decl *decl = decl_get(source, cursor);
    if (!decl)
        decl = decl_put(source, cursor, DECL_LABEL);
    if (!decl->label) {
        decl->label = arena_new(&source->brief, struct label);
        decl->label->block = new_block(build);
        *vec_add(&source->scratch, &build->all_labels) = decl->label;
    }
    return decl->label;
}

static void place_label(struct build *build, CXCursor cursor)
{
    struct label *label = label_of(build, cursor);
    start_block(build, label->block);
    build->blocks.at[label->block].is_dead = false; /* a goto may yet come */
    label->live = build->live;
    label->is_placed = true;
}

static void lower_goto(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    CXCursor named =
        kids.count ? clang_getCursorReferenced(kid(source, kids, 0)) : clang_getNullCursor();
    kids_drop(source, kids);
    if (clang_getCursorKind(named) != CXCursor_LabelStmt) {
        build_incomplete(build, "a goto without its label");
        end_block(build, IR_STOP, NULL, pos_of(source, cursor));
        return;
    }
    struct label *label = label_of(build, named);
    struct ir_pos pos = pos_of(source, cursor);
    uint32_t block = current_block(build);
    uint32_t op = emit_exit(build, NULL, pos); /* how far it leaves is known at the end */
    *vec_add(&source->scratch, &build->gotos) = (struct pending_goto){op, label};
    if (label->is_placed)
        *vec_add(&source->scratch, &build->loops) =
            (struct raw_loop){label->block, block, NO_ITEM, pos};
    jump(build, label->block);
}

static void lower_computed_goto(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    const struct ir_expr *value = kids.count ? lower_expr(build, kid(source, kids, 0))
                                             : ir_unknown(build->arena, source->unknown_type);
    kids_drop(source, kids);
    *vec_add(&source->scratch, &build->computed) = current_block(build);
    end_block(build, IR_COMPUTED, value, pos_of(source, cursor));
}

static void lower_jump(struct build *build, CXCursor cursor, struct target to)
{
    if (to.block == NO_BLOCK)
        return; /* outside of any loop: an error that the compiler has reported */
    current_block(build);
    emit_exit(build, to.live, pos_of(build->source, cursor));
    jump(build, to.block);
}

static void lower_return(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    struct ir_pos pos = pos_of(source, cursor);
    const struct ir_expr *value = NULL;
    if (kids.count && type_at(source, kid(source, kids, 0))->kind == IR_TYPE_VOID)
        lower_effect(build, kid(source, kids, 0));
    else if (kids.count)
        value = lower_expr(build, kid(source, kids, 0));
    kids_drop(source, kids);
    current_block(build);
    uint32_t exit = emit_exit(build, NULL, pos);
    if (exit != NO_ITEM)
        build->ops.at[exit].is_return = true;
    end_block(build, IR_RETURN, value, pos);
}

/* ---- loops ----------------------------------------------------------------------------------- */

static void add_loop(struct build *build, uint32_t head, CXCursor cursor)
{
    *vec_add(&build->source->scratch, &build->loops) = (struct raw_loop){
        head, NO_BLOCK, (uint32_t)build->edges.count, pos_of(build->source, cursor)};
}

/* Break and continue of a loop's body; what they led to before. */
struct targets {
    struct target break_to, continue_to;
};

static struct targets enter_loop(struct build *build, uint32_t break_to, uint32_t continue_to)
{
    struct targets old = {build->break_to, build->continue_to};
    build->break_to = (struct target){break_to, build->live};
    build->continue_to = (struct target){continue_to, build->live};
    return old;
}

static void leave_loop(struct build *build, struct targets old)
{
    build->break_to = old.break_to;
    build->continue_to = old.continue_to;
}

static void lower_while(struct build *build, CXCursor cursor, struct kids kids)
{
    struct source *source = build->source;
    uint32_t head = new_block(build);
    uint32_t body = new_block(build);
    uint32_t done = new_block(build);
    start_block(build, head);
    add_loop(build, head, cursor);
    lower_condition(build, kid(source, kids, 0), body, done);
    start_block(build, body);
    struct targets old = enter_loop(build, done, head);
    lower_inner(build, kid(source, kids, 1));
    leave_loop(build, old);
    jump(build, head);
    start_block(build, done);
}

static void lower_do(struct build *build, CXCursor cursor, struct kids kids)
{
    struct source *source = build->source;
    uint32_t body = new_block(build);
    uint32_t test = new_block(build);
    uint32_t done = new_block(build);
    start_block(build, body);
    add_loop(build, body, cursor);
    struct targets old = enter_loop(build, done, test);
    lower_inner(build, kid(source, kids, 0));
    leave_loop(build, old);
    start_block(build, test);
    lower_condition(build, kid(source, kids, 1), body, done);
    start_block(build, done);
}

/* Which of a for's three parts are there. */
struct slots {
    bool init, cond, inc;
};

static bool add_slot(struct slots *slots, size_t which, bool is_present)
{
    if (which == 0)
        slots->init = is_present;
    else if (which == 1)
        slots->cond = is_present;
    else if (which == 2)
        slots->inc = is_present;
    return which < 3;
}

/* Reads `for (a; b; c)` at `text`; false: it does not stand there. */
static bool read_slots(const char *text, const char *end, struct slots *slots)
{
    if (end - text < 4 || memcmp(text, "for", 3) != 0)
        return false;
    const char *at = skip_blank(text + 3, end);
    if (at >= end || *at != '(')
        return false;
    const char *stop = skip_piece(at, end) - 1;
    size_t which = 0;
    bool is_present = false;
    for (at = skip_blank(at + 1, stop); at < stop; at = skip_blank(at, stop)) {
        if (*at == ';') {
            if (!add_slot(slots, which++, is_present))
                return false;
            is_present = false;
            at++;
            continue;
        }
        is_present = true;
        at = skip_piece(at, stop);
    }
    add_slot(slots, which, is_present);
    return which == 2;
}

static size_t slot_count(const struct slots *slots)
{
    return (size_t)slots->init + slots->cond + slots->inc;
}

static const char *printed_body(struct build *build)
{
    if (build->printed)
        return build->printed;
    CXPrintingPolicy policy = clang_getCursorPrintingPolicy(build->cursor);
    CXString text = clang_getCursorPrettyPrinted(build->cursor, policy);
    const char *printed = clang_getCString(text);
    build->printed = arena_strdup(&build->source->scratch, printed ? printed : "");
    clang_disposeString(text);
    clang_PrintingPolicy_dispose(policy);
    return build->printed;
}

/* The function as the compiler prints it after the preprocessor holds its loops in our order. */
static bool read_printed_slots(struct build *build, uint32_t number, struct slots *slots)
{
    const char *at = printed_body(build);
    const char *end = at + strlen(at);
    for (; at < end; at = *at == '(' || *at == '{' || *at == '[' ? at + 1 : skip_piece(at, end)) {
        at = skip_blank(at, end);
        if (end - at < 5 || memcmp(at, "for (", 5) != 0)
            continue;
        if (number-- == 0)
            return read_slots(at, end, slots);
        at += 3;
    }
    return false;
}

static bool find_slots(struct build *build, CXCursor cursor, size_t count, struct slots *slots)
{
    uint32_t number = build->for_count++;
    *slots = (struct slots){count == 3, count == 3, count == 3};
    if (count == 0 || count == 3)
        return true;
    size_t length;
    const char *text = text_of_start(build->source, cursor, &length);
    if (text && read_slots(text, text + length, slots) && slot_count(slots) == count)
        return true;
    *slots = (struct slots){0};
    return !build->is_static && read_printed_slots(build, number, slots) &&
           slot_count(slots) == count;
}

static void lower_for_condition(struct build *build, CXCursor cursor, const CXCursor *condition,
                                bool is_sure, uint32_t body, uint32_t done)
{
    struct source *source = build->source;
    if (!is_sure) {
        build_incomplete(build, "which parts a for has cannot be told");
        branch(build, ir_unknown(build->arena, source->int_type), pos_of(source, cursor), body,
               done);
    } else if (condition) {
        lower_condition(build, *condition, body, done);
    }
}

static void lower_for(struct build *build, CXCursor cursor, struct kids kids)
{
    struct source *source = build->source;
    struct slots slots;
    bool is_sure = find_slots(build, cursor, kids.count - 1, &slots);
    size_t at = 0;
    if (slots.init)
        lower_stmt(build, kid(source, kids, at++));
    CXCursor condition = slots.cond ? kid(source, kids, at++) : cursor;
    CXCursor increment = slots.inc ? kid(source, kids, at++) : cursor;
    uint32_t head = new_block(build);
    uint32_t body = new_block(build);
    uint32_t next = new_block(build);
    uint32_t done = new_block(build);
    start_block(build, head);
    add_loop(build, head, cursor);
    lower_for_condition(build, cursor, slots.cond ? &condition : NULL, is_sure, body, done);
    start_block(build, body);
    struct targets old = enter_loop(build, done, next);
    lower_inner(build, kid(source, kids, kids.count - 1));
    leave_loop(build, old);
    start_block(build, next);
    if (slots.inc)
        lower_effect(build, increment);
    jump(build, head);
    start_block(build, done);
}

static void lower_loop(struct build *build, CXCursor cursor, size_t least,
                       void (*lower)(struct build *, CXCursor, struct kids))
{
    struct source *source = build->source;
    struct live *outer = build->live;
    struct kids kids = kids_of(source, cursor);
    if (kids.count >= least)
        lower(build, cursor, kids);
    else
        build_incomplete(build, "a loop lacks a part");
    kids_drop(source, kids);
    if (build->live != outer)
        leave_scope(build, outer, pos_of_end(source, cursor));
}

/* ---- assembler ------------------------------------------------------------------------------- */

/* `asm goto` shows its labels nowhere but in the text. */
static bool is_asm_goto(struct source *source, CXCursor cursor)
{
    size_t length;
    const char *text = text_of_start(source, cursor, &length);
    if (!text)
        return false;
    const char *end = text + length;
    for (const char *at = text; at < end && *at != '(' && *at != ';'; at = skip_blank(at, end)) {
        const char *next = skip_piece(at, end);
        if (next - at == 4 && memcmp(at, "goto", 4) == 0)
            return true;
        at = next;
    }
    return false;
}

static void lower_asm(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct ir_pos pos = pos_of(source, cursor);
    struct kids kids = kids_of(source, cursor);
    VEC(const struct ir_expr *) outputs = {0};
    for (size_t i = 0; i < kids.count; i++) {
        CXCursor operand = kid(source, kids, i);
        const struct ir_expr *value = lower_expr(build, operand);
        /* Inputs are loaded through an implicit cast; what stands bare may be written. */
        bool is_bare = clang_getCursorKind(operand) != CXCursor_UnexposedExpr;
        if (is_bare && is_place(value) && value->kind != IR_TEMP)
            *vec_add(&source->scratch, &outputs) = value;
    }
    kids_drop(source, kids);
    bool is_goto = is_asm_goto(source, cursor);
    emit_unknown(build, is_goto ? "asm goto" : "asm", pos);
    for (size_t i = 0; i < outputs.count; i++)
        emit_assign(build, outputs.at[i], ir_unknown(build->arena, outputs.at[i]->type), pos);
    if (!is_goto)
        return;
    build_incomplete(build, "the labels of an asm goto are not known");
    *vec_add(&source->scratch, &build->asm_gotos) = current_block(build);
    uint32_t next = new_block(build);
    add_edge(build, current_block(build), (struct ir_edge){.to = next});
    end_block(build, IR_COMPUTED, ir_unknown(build->arena, source->unknown_type), pos);
    start_block(build, next);
}

/* ---- all ------------------------------------------------------------------------------------- */

/* Statements that wrap one other: its cursor, or a null cursor.  Labels and cases are placed. */
static bool unwrap(struct build *build, CXCursor *cursor)
{
    struct source *source = build->source;
    enum CXCursorKind kind = clang_getCursorKind(*cursor);
    if (kind != CXCursor_LabelStmt && kind != CXCursor_CaseStmt && kind != CXCursor_DefaultStmt &&
        kind != CXCursor_UnexposedStmt)
        return false;
    struct kids kids = kids_of(source, *cursor);
    CXCursor inner = kids.count ? kid(source, kids, kids.count - 1) : clang_getNullCursor();
    if (kind == CXCursor_LabelStmt)
        place_label(build, *cursor);
    else if (kind == CXCursor_DefaultStmt)
        add_default(build);
    else if (kind == CXCursor_CaseStmt && kids.count >= 2)
        add_case(build, kids);
    kids_drop(source, kids);
    *cursor = inner;
    return true;
}

static void lower_kind(struct build *build, CXCursor cursor)
{
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    if (clang_isExpression(kind)) {
        lower_effect(build, cursor);
        return;
    }
    switch ((int)kind) {
    case CXCursor_CompoundStmt:
        lower_compound_stmt(build, cursor);
        break;
    case CXCursor_DeclStmt:
        lower_decl_stmt(build, cursor);
        break;
    case CXCursor_IfStmt:
        lower_if(build, cursor);
        break;
    case CXCursor_WhileStmt:
        lower_loop(build, cursor, 2, lower_while);
        break;
    case CXCursor_DoStmt:
        lower_loop(build, cursor, 2, lower_do);
        break;
    case CXCursor_ForStmt:
        lower_loop(build, cursor, 1, lower_for);
        break;
    case CXCursor_SwitchStmt:
        lower_switch(build, cursor);
        break;
    case CXCursor_ReturnStmt:
        lower_return(build, cursor);
        break;
    case CXCursor_GotoStmt:
        lower_goto(build, cursor);
        break;
    case CXCursor_IndirectGotoStmt:
        lower_computed_goto(build, cursor);
        break;
    case CXCursor_BreakStmt:
        lower_jump(build, cursor, build->break_to);
        break;
    case CXCursor_ContinueStmt:
        lower_jump(build, cursor, build->continue_to);
        break;
    case CXCursor_GCCAsmStmt:
        lower_asm(build, cursor);
        break;
    case CXCursor_NullStmt:
        break;
    default:
        emit_unknown(build, "a statement that is not understood", pos_of(build->source, cursor));
        build_incomplete(build, "a statement that is not understood");
    }
}

void lower_stmt(struct build *build, CXCursor cursor)
{
    if (!enter_depth(build))
        return;
    while (unwrap(build, &cursor))
        if (clang_Cursor_isNull(cursor))
            break;
    if (!clang_Cursor_isNull(cursor))
        lower_kind(build, cursor);
    build->depth--;
}

/* ---- statement expressions ------------------------------------------------------------------- */

/* The last statement's value, kept in a temp: its scope ends before it is used. */
static const struct ir_expr *lower_last(struct build *build, CXCursor cursor, bool is_used)
{
    while (unwrap(build, &cursor))
        if (clang_Cursor_isNull(cursor))
            return NULL;
    if (!is_used || !clang_isExpression(clang_getCursorKind(cursor))) {
        lower_stmt(build, cursor);
        return NULL;
    }
    const struct ir_expr *value = lower_expr(build, cursor);
    if (value->type->kind == IR_TYPE_VOID || value->kind == IR_CONST || value->kind == IR_TEMP ||
        value->kind == IR_STRING || value->kind == IR_UNKNOWN)
        return value;
    const struct ir_expr *temp = new_temp(build, value->type);
    emit_assign(build, temp, value, pos_of(build->source, cursor));
    return temp;
}

const struct ir_expr *lower_stmt_expr(struct build *build, CXCursor cursor, bool is_used)
{
    struct source *source = build->source;
    if (build->is_static) { /* wrong code: there is nothing that could run it */
        emit_unknown(build, "a statement expression that initialises a static object",
                     pos_of(source, cursor));
        return NULL;
    }
    struct kids outer = kids_of(source, cursor);
    CXCursor body = outer.count ? kid(source, outer, 0) : clang_getNullCursor();
    kids_drop(source, outer);
    if (clang_getCursorKind(body) != CXCursor_CompoundStmt)
        return NULL;
    const struct ir_expr *value = NULL;
    struct live *live = build->live;
    struct kids kids = kids_of(source, body);
    for (size_t i = 0; i < kids.count; i++) {
        if (i + 1 == kids.count)
            value = lower_last(build, kid(source, kids, i), is_used);
        else
            lower_stmt(build, kid(source, kids, i));
    }
    kids_drop(source, kids);
    if (build->live != live)
        leave_scope(build, live, pos_of_end(source, body));
    return value;
}
