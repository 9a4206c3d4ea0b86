/*
 * expr.c - expressions: their effects become operations, in order; what is left is a tree.
 *
 * Order is clang's: of a call the callee, then the arguments from left to right; of an assignment
 * the right side first; of other operators the left side first.
 */
#include "frontend/lower.h"

#include <string.h>

typedef const struct ir_expr expr;

static expr *lower_used(struct build *build, CXCursor cursor, bool is_used);

/* ---- small helpers --------------------------------------------------------------------------- */

static expr *unknown_at(struct build *build, CXCursor cursor)
{
    return ir_unknown(build->arena, type_at(build->source, cursor));
}

static expr *unknown(struct build *build, const struct ir_type *type)
{
    return ir_unknown(build->arena, type);
}

static expr *number(struct build *build, const struct ir_type *type, int64_t value)
{
    return ir_const(build->arena, type, value);
}

expr *new_string(struct build *build, const struct ir_type *type, const char *text)
{
    struct ir_expr *string = (struct ir_expr *)ir_unknown(build->arena, type);
    string->kind = IR_STRING;
    string->text = text;
    return string;
}

bool is_place(expr *e)
{
    switch (e->kind) {
    case IR_VAR:
    case IR_TEMP:
    case IR_FIELD:
    case IR_INDEX:
    case IR_DEREF:
        return true;
    case IR_SYMBOL:
        return e->symbol->kind == IR_SYMBOL_DATA;
    default:
        return false;
    }
}

static expr *address_of(struct build *build, expr *place, const struct ir_type *type)
{
    if (place->kind == IR_STRING)
        return new_string(build, type, place->text);
    if (!is_place(place))
        return place->kind == IR_SYMBOL ? place : unknown(build, type);
    expr *root = ir_expr_root(place);
    if (root && root->kind == IR_VAR)
        ((struct ir_var *)root->var)->is_address_taken = true; /* at most; ir_func_finish settles */
    return ir_addr(build->arena, type, place);
}

/* The one child of a wrapper that adds nothing: brackets and implicit casts. */
static bool is_wrapper(CXCursor cursor, CXCursor child)
{
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    if (kind == CXCursor_ParenExpr)
        return true;
    /* va_arg and others have one child too, but that begins further on. */
    return kind == CXCursor_UnexposedExpr &&
           clang_equalLocations(clang_getCursorLocation(cursor), clang_getCursorLocation(child));
}

static CXCursor strip(struct source *source, CXCursor cursor, bool through_casts)
{
    for (;;) {
        enum CXCursorKind kind = clang_getCursorKind(cursor);
        if (kind != CXCursor_ParenExpr && !(through_casts && kind == CXCursor_UnexposedExpr))
            return cursor;
        struct kids kids = kids_of(source, cursor);
        CXCursor child = kids.count == 1 ? kid(source, kids, 0) : cursor;
        bool is_more = kids.count == 1 && is_wrapper(cursor, child);
        kids_drop(source, kids);
        if (!is_more)
            return cursor;
        cursor = child;
    }
}

CXCursor strip_parens(struct source *source, CXCursor cursor)
{
    return strip(source, cursor, false);
}

/* ---- conversions ----------------------------------------------------------------------------- */

static bool is_number_kind(const struct ir_type *type)
{
    return type->kind == IR_TYPE_INT || type->kind == IR_TYPE_BOOL;
}

static bool keeps_value(const struct ir_type *from, const struct ir_type *to)
{
    if (from->kind == IR_TYPE_BOOL)
        return true;
    if (to->kind == IR_TYPE_BOOL)
        return false;
    if (from->size == to->size)
        return from->is_signed == to->is_signed;
    return from->size < to->size && (!from->is_signed || to->is_signed);
}

static expr *new_cast(struct build *build, expr *value, const struct ir_type *type)
{
    struct ir_expr *cast = (struct ir_expr *)ir_unknown(build->arena, type);
    if (value->kind == IR_UNKNOWN)
        return cast;
    cast->kind = IR_CAST;
    cast->a = value;
    return cast;
}

static bool is_scalar(const struct ir_type *type)
{
    return is_number_kind(type) || type->kind == IR_TYPE_POINTER;
}

static bool is_function_or_array(expr *value)
{
    return value->type->kind == IR_TYPE_ARRAY || value->type->kind == IR_TYPE_FUNCTION;
}

expr *convert(struct build *build, expr *value, const struct ir_type *type)
{
    const struct ir_type *from = value->type;
    if (from == type || type->kind == IR_TYPE_VOID || type->kind == IR_TYPE_ARRAY)
        return value;
    if (type->kind == IR_TYPE_POINTER && is_function_or_array(value))
        return address_of(build, value, type);
    if (value->kind == IR_CONST && is_scalar(type))
        return number(build, type, value->value);
    if (from->kind == IR_TYPE_POINTER && type->kind == IR_TYPE_POINTER)
        return value;
    if (is_number_kind(from) && is_number_kind(type))
        return keeps_value(from, type) ? value : new_cast(build, value, type);
    if (from->kind == IR_TYPE_FLOAT || type->kind == IR_TYPE_FLOAT)
        return from->kind == type->kind ? value : unknown(build, type);
    if (is_scalar(type) && (is_scalar(from) || from->kind == IR_TYPE_FUNCTION))
        return value->kind == IR_UNKNOWN ? unknown(build, type) : new_cast(build, value, type);
    return value;
}

/* ---- names ----------------------------------------------------------------------------------- */

static expr *lower_enumerator(struct build *build, CXCursor cursor, CXCursor named)
{
    const struct ir_type *type = type_at(build->source, cursor);
    return number(build, type, clang_getEnumConstantDeclValue(named));
}

/* Wrong code lets the initialiser of a static local name a variable of its function. */
static bool is_foreign(const struct build *build, const struct decl *decl)
{
    if (decl->kind != DECL_VAR)
        return false;
    uint32_t id = decl->var->id;
    return id >= build->vars.count || build->vars.at[id] != decl->var;
}

static expr *lower_name(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    CXCursor named = clang_getCursorReferenced(cursor);
    struct decl *decl = decl_get(source, named);
    if (!decl) {
        enum CXCursorKind kind = clang_getCursorKind(named);
        if (kind == CXCursor_EnumConstantDecl)
            return lower_enumerator(build, cursor, named);
        if (kind == CXCursor_FunctionDecl ||
            (kind == CXCursor_VarDecl && clang_Cursor_hasVarDeclGlobalStorage(named)))
            decl = symbol_of(source, named);
    }
    expr *named_by = decl ? expr_of(source, decl) : NULL;
    if (!named_by || is_foreign(build, decl)) {
        if (!decl)
            build_incomplete(build, "a name without a declaration that is understood");
        return unknown_at(build, cursor);
    }
    return named_by;
}

/* A `const int` with a constant initialiser reads as that constant. */
static bool is_constant_object(CXCursor cursor, expr *place)
{
    if (place->kind != IR_VAR && place->kind != IR_SYMBOL)
        return false;
    return is_number_kind(place->type) && !place->type->is_volatile &&
           clang_isConstQualifiedType(clang_getCursorType(cursor));
}

/* ---- literals -------------------------------------------------------------------------------- */

static expr *lower_number(struct build *build, CXCursor cursor)
{
    int64_t value;
    const struct ir_type *type = type_at(build->source, cursor);
    if (!is_scalar(type) || !evaluate(cursor, &value))
        return unknown(build, type);
    return number(build, type, value);
}

/* One character of a literal as the compiler prints it; `at` moves past it. */
static char unescape(const char **at)
{
    static const char names[] = "abfnrtv";
    static const char values[] = "\a\b\f\n\r\t\v";
    char c = *(*at)++;
    if (c != '\\')
        return c;
    int octal = 0;
    size_t digits = 0;
    while (digits < 3 && **at >= '0' && **at <= '7') {
        octal = octal * 8 + (*(*at)++ - '0');
        digits++;
    }
    if (digits)
        return (char)octal;
    c = *(*at)++;
    const char *name = strchr(names, c);
    return name && c ? values[name - names] : c;
}

/* The content, up to a NUL within it.  Wide literals begin with a letter: their content is "". */
static const char *content_of(struct source *source, const char *spelling)
{
    size_t length = strlen(spelling);
    if (text_starts(spelling, "u8\""))
        spelling += 2;
    if (spelling[0] != '"' || length < 2)
        return "";
    char *content = arena_push(&source->scratch, length);
    size_t count = 0;
    for (const char *at = spelling + 1; at[0] && at[0] != '"';)
        content[count++] = unescape(&at);
    return intern_str(&source->names, content);
}

static expr *lower_string(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    const char *spelling = own_string(source, clang_getCursorSpelling(cursor));
    return new_string(build, type_at(source, cursor), content_of(source, spelling));
}

/* ---- places ---------------------------------------------------------------------------------- */

static const struct ir_record *record_of(const struct ir_type *type)
{
    if (type->kind == IR_TYPE_POINTER && type->target)
        type = type->target;
    return type->kind == IR_TYPE_RECORD ? type->record : NULL;
}

/* Past the anonymous members on the way to a named one. */
static CXCursor skip_anonymous(struct source *source, CXCursor cursor)
{
    for (;;) {
        CXCursor inner = strip_parens(source, cursor);
        if (clang_getCursorKind(inner) != CXCursor_MemberRefExpr ||
            own_string(source, clang_getCursorSpelling(inner))[0])
            return cursor;
        struct kids kids = kids_of(source, inner);
        bool has_base = kids.count != 0;
        cursor = has_base ? kid(source, kids, 0) : cursor;
        kids_drop(source, kids);
        if (!has_base)
            return cursor;
    }
}

/* The record's place, be it named by `.` or `->`. */
static expr *lower_base(struct build *build, CXCursor cursor, const struct ir_type **type)
{
    struct source *source = build->source;
    cursor = skip_anonymous(source, cursor);
    CXCursor inner = strip_parens(source, cursor);
    *type = type_at(source, cursor);
    if (clang_getCursorKind(inner) == CXCursor_CompoundLiteralExpr &&
        (*type)->kind == IR_TYPE_RECORD)
        return lower_compound_literal(build, inner, true);
    expr *base = lower_expr(build, cursor);
    if ((*type)->kind == IR_TYPE_ARRAY && base->type->kind == IR_TYPE_POINTER)
        *type = base->type; /* a parameter declared as an array */
    if ((*type)->kind != IR_TYPE_POINTER)
        return base;
    const struct ir_type *target = (*type)->target ? (*type)->target : source->unknown_type;
    return ir_deref(build->arena, target, base);
}

static expr *lower_member(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    const struct ir_type *type = NULL;
    expr *base = kids.count ? lower_base(build, kid(source, kids, 0), &type) : NULL;
    kids_drop(source, kids);
    const struct ir_record *record = type ? record_of(type) : NULL;
    const char *name = own_string(source, clang_getCursorSpelling(cursor));
    struct ir_field field;
    if (record)
        complete_records(source);
    if (!record || !ir_record_field(record, name, &field))
        return unknown_at(build, cursor);
    if (!is_place(base))
        return unknown(build, field.type);
    return ir_field(build->arena, field.type, base, name, field.offset);
}

/* `pointer + index`, as a place. */
static expr *element(struct build *build, expr *pointer, expr *index, const struct ir_type *type)
{
    struct arena *arena = build->arena;
    return ir_index(arena, type, ir_deref(arena, type, pointer), index);
}

static expr *lower_subscript(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    if (kids.count != 2) {
        kids_drop(source, kids);
        return unknown_at(build, cursor);
    }
    expr *a = lower_expr(build, kid(source, kids, 0));
    expr *b = lower_expr(build, kid(source, kids, 1));
    kids_drop(source, kids);
    if (a->type->kind != IR_TYPE_POINTER && b->type->kind == IR_TYPE_POINTER) {
        expr *swapped = a; /* `i[a]` */
        a = b;
        b = swapped;
    }
    return element(build, a, b, type_at(source, cursor));
}

/* ---- assignments ----------------------------------------------------------------------------- */

/* What an assignment is worth: the variable, or the value where reading back might not give it. */
static expr *assigned(expr *place, expr *value)
{
    if (place->kind == IR_VAR && !place->type->is_volatile)
        return place;
    switch (value->kind) {
    case IR_CONST:
    case IR_TEMP:
    case IR_VAR:
    case IR_STRING:
        return value;
    default:
        return place;
    }
}

static expr *assign(struct build *build, CXCursor cursor, expr *place, expr *value)
{
    struct ir_pos pos = pos_of(build->source, cursor);
    if (!is_place(place)) {
        emit_unknown(build, "assignment to something not understood", pos);
        return value;
    }
    emit_assign(build, place, value, pos);
    return assigned(place, value);
}

static enum ir_operator operator_of(enum CXBinaryOperatorKind kind)
{
    switch (kind) {
    case CXBinaryOperator_Mul:
    case CXBinaryOperator_MulAssign:
        return IR_MUL;
    case CXBinaryOperator_Div:
    case CXBinaryOperator_DivAssign:
        return IR_DIV;
    case CXBinaryOperator_Rem:
    case CXBinaryOperator_RemAssign:
        return IR_REM;
    case CXBinaryOperator_Add:
    case CXBinaryOperator_AddAssign:
        return IR_ADD;
    case CXBinaryOperator_Sub:
    case CXBinaryOperator_SubAssign:
        return IR_SUB;
    case CXBinaryOperator_Shl:
    case CXBinaryOperator_ShlAssign:
        return IR_SHL;
    case CXBinaryOperator_Shr:
    case CXBinaryOperator_ShrAssign:
        return IR_SHR;
    case CXBinaryOperator_And:
    case CXBinaryOperator_AndAssign:
        return IR_AND;
    case CXBinaryOperator_Xor:
    case CXBinaryOperator_XorAssign:
        return IR_XOR;
    case CXBinaryOperator_Or:
    case CXBinaryOperator_OrAssign:
        return IR_OR;
    case CXBinaryOperator_LT:
        return IR_LT;
    case CXBinaryOperator_GT:
        return IR_GT;
    case CXBinaryOperator_LE:
        return IR_LE;
    case CXBinaryOperator_GE:
        return IR_GE;
    case CXBinaryOperator_EQ:
        return IR_EQ;
    case CXBinaryOperator_NE:
        return IR_NE;
    default:
        return IR_OP_NONE;
    }
}

static expr *negate(struct build *build, expr *value)
{
    const struct ir_type *type = value->type;
    if (type->kind == IR_TYPE_INT && !type->is_signed && value->kind != IR_CONST)
        return ir_unary(build->arena, type, IR_NEG, value);
    if (value->kind == IR_CONST)
        return number(build,
                      build->source->int_type->size < type->size ? type : build->source->int_type,
                      (int64_t)(0 - (uint64_t)value->value));
    return ir_unary(build->arena, type, IR_NEG, value);
}

/* `pointer + index` or `pointer - index`, as a value. */
static expr *step_pointer(struct build *build, enum ir_operator op, expr *pointer, expr *index)
{
    const struct ir_type *type = pointer->type;
    const struct ir_type *target = type->target ? type->target : build->source->unknown_type;
    if (target->kind == IR_TYPE_VOID || target->kind == IR_TYPE_FUNCTION)
        target = build->source->unknown_type; /* GNU: in steps of one byte */
    if (op == IR_SUB)
        index = negate(build, index);
    return address_of(build, element(build, pointer, index, target), type);
}

static bool is_pointer(expr *value)
{
    return value->type->kind == IR_TYPE_POINTER;
}

static bool is_arithmetic_known(expr *value)
{
    return is_scalar(value->type) || value->type->kind == IR_TYPE_FUNCTION;
}

/* Pointers of casts that were left out have another target than C sees; then C's counts. */
static expr *combine(struct build *build, enum ir_operator op, expr *a, expr *b,
                     const struct ir_type *type)
{
    bool is_step = op == IR_ADD || op == IR_SUB;
    if (is_step && is_pointer(a) && !is_pointer(b))
        return step_pointer(build, op, a, b);
    if (op == IR_ADD && is_pointer(b) && !is_pointer(a))
        return step_pointer(build, op, b, a);
    bool is_comparison = op >= IR_LT && op <= IR_NE;
    if (!is_arithmetic_known(a) || !is_arithmetic_known(b) || !is_scalar(type) ||
        (is_pointer(a) && !is_comparison))
        return unknown(build, type);
    return ir_binary(build->arena, type, op, a, b);
}

/* The value seen as a pointer of C's type, for steps: the tree keeps no casts between pointers. */
static expr *as_pointer(struct build *build, CXCursor cursor, expr *value)
{
    const struct ir_type *type = type_at(build->source, cursor);
    if (value->type->kind != IR_TYPE_POINTER || type->kind != IR_TYPE_POINTER ||
        value->type == type)
        return value;
    struct ir_expr *copy = arena_copy(build->arena, value, sizeof *value);
    copy->type = type;
    return copy;
}

static expr *lower_assign(struct build *build, CXCursor cursor, struct kids kids)
{
    struct source *source = build->source;
    expr *value = lower_expr(build, kid(source, kids, 1));
    expr *place = lower_expr(build, kid(source, kids, 0));
    return assign(build, cursor, place, value);
}

static expr *lower_compound(struct build *build, CXCursor cursor, struct kids kids,
                            enum ir_operator op)
{
    struct source *source = build->source;
    expr *b = lower_expr(build, kid(source, kids, 1));
    expr *place = lower_expr(build, kid(source, kids, 0));
    expr *a = as_pointer(build, kid(source, kids, 0), place);
    return assign(build, cursor, place, combine(build, op, a, b, place->type));
}

static expr *lower_step(struct build *build, CXCursor cursor, CXCursor operand, bool is_up,
                        bool is_post, bool is_used)
{
    expr *place = lower_expr(build, operand);
    expr *a = as_pointer(build, operand, place);
    expr *one = number(build, build->source->int_type, 1);
    expr *old = place;
    if (is_post && is_used) {
        old = new_temp(build, place->type);
        emit_assign(build, old, place, pos_of(build->source, cursor));
    }
    expr *value = combine(build, is_up ? IR_ADD : IR_SUB, a, one, place->type);
    expr *after = assign(build, cursor, place, value);
    return is_post ? old : after;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static bool is_builtin_call(struct source *source, struct kids kids, enum builtin builtin)
{
    if (kids.count < 2)
        return false;
    CXCursor callee = strip(source, kid(source, kids, 0), true);
    if (clang_getCursorKind(callee) != CXCursor_DeclRefExpr)
        return false;
    CXCursor named = clang_getCursorReferenced(callee);
    if (clang_getCursorKind(named) != CXCursor_FunctionDecl)
        return false;
    return symbol_of(source, named)->builtin == builtin;
}

static void lower_logical(struct build *build, struct kids kids, bool is_and, uint32_t then,
                          uint32_t otherwise)
{
    struct source *source = build->source;
    uint32_t right = new_block(build);
    lower_condition(build, kid(source, kids, 0), is_and ? right : then, is_and ? otherwise : right);
    start_block(build, right);
    lower_condition(build, kid(source, kids, 1), then, otherwise);
}

static bool condition_of_operator(struct build *build, CXCursor cursor, struct kids kids,
                                  uint32_t then, uint32_t otherwise)
{
    switch ((int)clang_getCursorBinaryOperatorKind(cursor)) {
    case CXBinaryOperator_LAnd:
        lower_logical(build, kids, true, then, otherwise);
        return true;
    case CXBinaryOperator_LOr:
        lower_logical(build, kids, false, then, otherwise);
        return true;
    case CXBinaryOperator_Comma:
        lower_effect(build, kid(build->source, kids, 0));
        lower_condition(build, kid(build->source, kids, 1), then, otherwise);
        return true;
    default:
        return false;
    }
}

static void condition_of_conditional(struct build *build, struct kids kids, uint32_t then,
                                     uint32_t otherwise)
{
    uint32_t left = new_block(build);
    uint32_t right = new_block(build);
    lower_condition(build, kid(build->source, kids, 0), left, right);
    start_block(build, left);
    lower_condition(build, kid(build->source, kids, 1), then, otherwise);
    start_block(build, right);
    lower_condition(build, kid(build->source, kids, 2), then, otherwise);
}

/* Conditions that are control flow themselves; false: an ordinary value. */
static bool lower_flow(struct build *build, CXCursor cursor, struct kids kids, uint32_t then,
                       uint32_t otherwise)
{
    struct source *source = build->source;
    switch ((int)clang_getCursorKind(cursor)) {
    case CXCursor_BinaryOperator:
        return kids.count == 2 && condition_of_operator(build, cursor, kids, then, otherwise);
    case CXCursor_UnaryOperator:
        if (kids.count != 1 || clang_getCursorUnaryOperatorKind(cursor) != CXUnaryOperator_LNot)
            return false;
        lower_condition(build, kid(source, kids, 0), otherwise, then);
        return true;
    case CXCursor_ConditionalOperator:
        if (kids.count != 3)
            return false;
        condition_of_conditional(build, kids, then, otherwise);
        return true;
    case CXCursor_CallExpr:
        if (!is_builtin_call(source, kids, BUILTIN_FIRST_ARG))
            return false;
        lower_condition(build, kid(source, kids, 1), then, otherwise);
        return true;
    default:
        return false;
    }
}

void lower_condition(struct build *build, CXCursor cursor, uint32_t then, uint32_t otherwise)
{
    struct source *source = build->source;
    if (!enter_depth(build)) {
        branch(build, unknown(build, source->int_type), pos_of(source, cursor), then, otherwise);
        return;
    }
    CXCursor inner = strip(source, cursor, true);
    struct kids kids = kids_of(source, inner);
    if (!lower_flow(build, inner, kids, then, otherwise)) {
        expr *value = lower_expr(build, cursor);
        branch(build, value, pos_of(source, cursor), then, otherwise);
    }
    kids_drop(source, kids);
    build->depth--;
}

/* ---- values by control flow ------------------------------------------------------------------ */

/* `a && b` as a number. */
static expr *lower_truth(struct build *build, CXCursor cursor, bool is_used)
{
    uint32_t then = new_block(build);
    uint32_t otherwise = new_block(build);
    uint32_t join = new_block(build);
    const struct ir_type *type = type_at(build->source, cursor);
    lower_condition(build, cursor, then, otherwise);
    bool is_open = has_incoming(build, then) && has_incoming(build, otherwise);
    expr *temp = is_used && is_open ? new_temp(build, type) : NULL;
    bool is_true = has_incoming(build, then);
    struct ir_pos pos = temp ? pos_of(build->source, cursor) : (struct ir_pos){0};
    start_block(build, then);
    if (temp)
        emit_assign(build, temp, number(build, type, 1), pos);
    jump(build, join);
    start_block(build, otherwise);
    if (temp)
        emit_assign(build, temp, number(build, type, 0), pos);
    start_block(build, join);
    return temp ? temp : number(build, type, is_true);
}

/* One arm of a conditional; its value goes to `temp` where that is. */
static expr *lower_arm(struct build *build, CXCursor cursor, const struct ir_type *type, expr *temp,
                       bool is_used)
{
    if (!is_used)
        return lower_used(build, cursor, false);
    expr *value = convert(build, lower_expr(build, cursor), type);
    if (temp && build->current != NO_BLOCK)
        emit_assign(build, temp, value, pos_of(build->source, cursor));
    return value;
}

static const struct ir_type *value_type(struct build *build, CXCursor cursor)
{
    const struct ir_type *type = type_at(build->source, cursor);
    return type->kind == IR_TYPE_ARRAY && type->target ? pointer_to(build->source, type->target)
                                                       : type;
}

static expr *lower_conditional(struct build *build, CXCursor cursor, bool is_used)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    if (kids.count != 3) {
        kids_drop(source, kids);
        return unknown_at(build, cursor);
    }
    uint32_t then = new_block(build);
    uint32_t otherwise = new_block(build);
    uint32_t join = new_block(build);
    const struct ir_type *type = value_type(build, cursor);
    is_used &= type->kind != IR_TYPE_VOID;
    lower_condition(build, kid(source, kids, 0), then, otherwise);
    bool is_then = has_incoming(build, then);
    bool is_open = is_then && has_incoming(build, otherwise);
    expr *temp = is_used && is_open ? new_temp(build, type) : NULL;
    start_block(build, then);
    expr *first = lower_arm(build, kid(source, kids, 1), type, temp, is_used);
    jump(build, join);
    start_block(build, otherwise);
    expr *second = lower_arm(build, kid(source, kids, 2), type, temp, is_used);
    start_block(build, join);
    kids_drop(source, kids);
    if (is_used && !is_open)
        return is_then ? first : second;
    return temp ? temp : unknown(build, type);
}

/* `a ?: b`: libclang shows a three times, once is enough. */
static expr *lower_elvis(struct build *build, CXCursor cursor, struct kids kids, bool is_used)
{
    struct source *source = build->source;
    uint32_t then = new_block(build);
    uint32_t otherwise = new_block(build);
    uint32_t join = new_block(build);
    const struct ir_type *type = value_type(build, cursor);
    CXCursor first = kid(source, kids, 0);
    expr *temp = is_used ? new_temp(build, type) : NULL;
    expr *value = lower_expr(build, first);
    struct ir_pos pos = pos_of(source, first);
    branch(build, value, pos, then, otherwise);
    start_block(build, then);
    if (temp)
        emit_assign(build, temp, convert(build, value, type), pos);
    jump(build, join);
    start_block(build, otherwise);
    lower_arm(build, kid(source, kids, 3), type, temp, is_used);
    start_block(build, join);
    return temp ? temp : unknown(build, type);
}

/* ---- operators ------------------------------------------------------------------------------- */

static expr *lower_binary(struct build *build, CXCursor cursor, struct kids kids, bool is_used)
{
    struct source *source = build->source;
    enum CXBinaryOperatorKind kind = clang_getCursorBinaryOperatorKind(cursor);
    switch ((int)kind) {
    case CXBinaryOperator_LAnd:
    case CXBinaryOperator_LOr:
        return lower_truth(build, cursor, is_used);
    case CXBinaryOperator_Comma:
        lower_effect(build, kid(source, kids, 0));
        return lower_used(build, kid(source, kids, 1), is_used);
    case CXBinaryOperator_Assign:
        return lower_assign(build, cursor, kids);
    default:
        break;
    }
    enum ir_operator op = operator_of(kind);
    CXCursor left = kid(source, kids, 0);
    CXCursor right = kid(source, kids, 1);
    expr *a = as_pointer(build, left, lower_expr(build, left));
    expr *b = as_pointer(build, right, lower_expr(build, right));
    const struct ir_type *type = type_at(source, cursor);
    return op == IR_OP_NONE ? unknown(build, type) : combine(build, op, a, b, type);
}

static expr *lower_address(struct build *build, CXCursor cursor, CXCursor operand)
{
    struct source *source = build->source;
    CXCursor inner = strip_parens(source, operand);
    const struct ir_type *type = type_at(source, cursor);
    if (clang_getCursorKind(inner) == CXCursor_CompoundLiteralExpr)
        return address_of(build, lower_compound_literal(build, inner, true), type);
    return address_of(build, lower_expr(build, operand), type);
}

static expr *lower_not(struct build *build, CXCursor cursor, CXCursor operand, bool is_used)
{
    CXCursor inner = strip(build->source, operand, true);
    int kind = (int)clang_getCursorKind(inner) == CXCursor_BinaryOperator
                   ? (int)clang_getCursorBinaryOperatorKind(inner)
                   : 0;
    if (kind == CXBinaryOperator_LAnd || kind == CXBinaryOperator_LOr)
        return lower_truth(build, cursor, is_used);
    expr *value = lower_expr(build, operand);
    const struct ir_type *type = type_at(build->source, cursor);
    if (value->kind == IR_STRING)
        return number(build, type, 0);
    if (!is_arithmetic_known(value))
        return unknown(build, type);
    return ir_unary(build->arena, type, IR_NOT, value);
}

static expr *lower_plain_unary(struct build *build, CXCursor cursor, CXCursor operand,
                               enum ir_operator op)
{
    expr *value = lower_expr(build, operand);
    const struct ir_type *type = type_at(build->source, cursor);
    if (!is_scalar(type) || !is_scalar(value->type))
        return unknown(build, type);
    return ir_unary(build->arena, type, op, value);
}

static expr *lower_unary(struct build *build, CXCursor cursor, struct kids kids, bool is_used)
{
    struct source *source = build->source;
    CXCursor operand = kid(source, kids, 0);
    switch ((int)clang_getCursorUnaryOperatorKind(cursor)) {
    case CXUnaryOperator_PostInc:
        return lower_step(build, cursor, operand, true, true, is_used);
    case CXUnaryOperator_PostDec:
        return lower_step(build, cursor, operand, false, true, is_used);
    case CXUnaryOperator_PreInc:
        return lower_step(build, cursor, operand, true, false, is_used);
    case CXUnaryOperator_PreDec:
        return lower_step(build, cursor, operand, false, false, is_used);
    case CXUnaryOperator_AddrOf:
        return lower_address(build, cursor, operand);
    case CXUnaryOperator_Deref:
        return ir_deref(build->arena, type_at(source, cursor), lower_expr(build, operand));
    case CXUnaryOperator_Minus:
        return lower_plain_unary(build, cursor, operand, IR_NEG);
    case CXUnaryOperator_Not:
        return lower_plain_unary(build, cursor, operand, IR_BIT_NOT);
    case CXUnaryOperator_LNot:
        return lower_not(build, cursor, operand, is_used);
    case CXUnaryOperator_Plus:
    case CXUnaryOperator_Extension:
        return lower_used(build, operand, is_used);
    default:
        lower_effect(build, operand);
        return unknown_at(build, cursor);
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

expr *emit_call(struct build *build, expr *callee, expr **args, size_t arg_count,
                const struct ir_type *result, struct ir_pos pos)
{
    bool is_void = result->kind == IR_TYPE_VOID;
    uint32_t temp = is_void ? 0 : ++build->temp_count;
    struct ir_op *op = emit(build, IR_OP_CALL, pos);
    op->callee = callee;
    op->args = args;
    op->arg_count = (uint32_t)arg_count;
    op->temp = temp;
    bool stops = (callee->kind == IR_SYMBOL && callee->symbol->is_noreturn) ||
                 is_noreturn_type(callee->type);
    if (stops)
        end_block(build, IR_STOP, NULL, pos);
    if (is_void)
        return build->source->nothing;
    return ir_temp(build->arena, result, temp);
}

static expr *lower_builtin(struct build *build, CXCursor cursor, struct kids kids,
                           enum builtin builtin, bool is_used)
{
    struct source *source = build->source;
    switch (builtin) {
    case BUILTIN_FIRST_ARG: {
        expr *value = lower_used(build, kid(source, kids, 1), is_used);
        for (size_t i = 2; i < kids.count; i++)
            lower_effect(build, kid(source, kids, i));
        return value;
    }
    case BUILTIN_CONSTANT:
        return lower_number(build, cursor);
    case BUILTIN_UNREACHABLE:
        end_block(build, IR_STOP, NULL, pos_of(source, cursor));
        return unknown(build, source->void_type);
    default:
        return unknown_at(build, cursor);
    }
}

/* The declaration a direct call names, also through brackets and casts; NULL: none. */
static struct decl *callee_decl(struct source *source, CXCursor cursor)
{
    CXCursor callee = strip(source, cursor, true);
    if (clang_getCursorKind(callee) != CXCursor_DeclRefExpr)
        return NULL;
    CXCursor named = clang_getCursorReferenced(callee);
    return clang_getCursorKind(named) == CXCursor_FunctionDecl ? symbol_of(source, named) : NULL;
}

/* The whole object that memset(p, 0, sizeof *p) zeroes; NULL: it is no such call. */
static expr *zeroed_place(struct build *build, expr *callee, expr **args, size_t count)
{
    bool is_memset = callee->kind == IR_SYMBOL && callee->symbol->is_in_system_header &&
                     strcmp(callee->symbol->name, "memset") == 0;
    if (!is_memset || count != 3 || !ir_is_zero(args[1]) || args[2]->kind != IR_CONST)
        return NULL;
    expr *to = args[0];
    const struct ir_type *target = to->type->kind == IR_TYPE_POINTER ? to->type->target : NULL;
    expr *place = to->kind == IR_ADDR                        ? to->a
                  : target && target->kind == IR_TYPE_RECORD ? ir_deref(build->arena, target, to)
                                                             : to;
    bool is_pointer = place == to && to->type->kind != IR_TYPE_ARRAY;
    return !is_pointer && place->type->size == (uint64_t)args[2]->value ? place : NULL;
}

static expr *lower_named_call(struct build *build, CXCursor cursor, expr *callee, expr **args,
                              size_t count)
{
    struct source *source = build->source;
    struct ir_pos pos = pos_of(source, cursor);
    expr *zeroed = zeroed_place(build, callee, args, count);
    if (!zeroed)
        return emit_call(build, callee, args, count, type_at(source, cursor), pos);
    emit_assign(build, zeroed, zero_of(build, zeroed->type), pos);
    return args[0];
}

static expr *lower_call(struct build *build, CXCursor cursor, bool is_used)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    if (!kids.count) {
        emit_unknown(build, "a call that is not understood", pos_of(source, cursor));
        return unknown_at(build, cursor);
    }
    struct decl *decl = callee_decl(source, kid(source, kids, 0));
    expr *value;
    if (decl && decl->kind == DECL_BUILTIN &&
        (kids.count > 1 || decl->builtin == BUILTIN_UNREACHABLE)) {
        value = lower_builtin(build, cursor, kids, decl->builtin, is_used);
    } else {
        expr *callee = decl ? expr_of(source, decl) : NULL;
        if (!callee)
            callee = lower_expr(build, kid(source, kids, 0));
        size_t count = kids.count - 1;
        expr **args = arena_array(build->arena, expr *, count);
        for (size_t i = 0; i < count; i++)
            args[i] = lower_expr(build, kid(source, kids, i + 1));
        value = lower_named_call(build, cursor, callee, args, count);
    }
    kids_drop(source, kids);
    return value;
}

/* ---- casts and wrappers ---------------------------------------------------------------------- */

static expr *lower_wrapped(struct build *build, CXCursor cursor, CXCursor child, bool is_used)
{
    struct source *source = build->source;
    const struct ir_type *type = type_at(source, cursor);
    CXCursor inner = strip_parens(source, child);
    enum CXCursorKind kind = clang_getCursorKind(inner);
    if (kind == CXCursor_CompoundLiteralExpr && type->kind == IR_TYPE_POINTER &&
        type_at(source, inner)->kind == IR_TYPE_ARRAY)
        return address_of(build, lower_compound_literal(build, inner, true), type);
    expr *value = lower_used(build, child, is_used);
    if (!is_used)
        return value;
    int64_t known;
    if (kind == CXCursor_DeclRefExpr && is_constant_object(inner, value) &&
        evaluate(cursor, &known))
        return number(build, type, known);
    return convert(build, value, type);
}

static expr *lower_cast(struct build *build, CXCursor cursor, bool is_used)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    expr *value = kids.count
                      ? lower_wrapped(build, cursor, kid(source, kids, kids.count - 1),
                                      is_used && type_at(source, cursor)->kind != IR_TYPE_VOID)
                      : unknown_at(build, cursor);
    kids_drop(source, kids);
    return value;
}

/* Whether the source text at the start of the construct begins with `word`. */
static bool begins_with(struct source *source, CXCursor cursor, const char *word)
{
    size_t length;
    const char *text = text_of_start(source, cursor, &length);
    return text && length >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

/* __builtin_choose_expr(constant, a, b): the arm not chosen is not evaluated. */
static expr *lower_choose(struct build *build, CXCursor cursor, struct kids kids, bool is_used)
{
    int64_t chosen;
    if (!evaluate(kid(build->source, kids, 0), &chosen)) {
        build_incomplete(build, "__builtin_choose_expr of something that is no constant");
        return unknown_at(build, cursor);
    }
    return lower_used(build, kid(build->source, kids, chosen ? 1 : 2), is_used);
}

static expr *lower_unexposed(struct build *build, CXCursor cursor, bool is_used)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    expr *value = NULL;
    if (kids.count == 1 && is_wrapper(cursor, kid(source, kids, 0)))
        value = lower_wrapped(build, cursor, kid(source, kids, 0), is_used);
    else if (kids.count == 3 && begins_with(source, cursor, "__builtin_choose_expr"))
        value = lower_choose(build, cursor, kids, is_used);
    else if (begins_with(source, cursor, "__builtin_offsetof") ||
             begins_with(source, cursor, "__builtin_types_compatible_p"))
        value = lower_number(build, cursor);
    else if (kids.count)
        value = lower_atomic(build, cursor, kids);
    if (!value && kids.count == 4 &&
        clang_equalLocations(clang_getCursorLocation(cursor),
                             clang_getCursorLocation(kid(source, kids, 0))))
        value = lower_elvis(build, cursor, kids, is_used);
    if (!value && kids.count == 0)
        value = lower_number(build, cursor);
    if (!value) {
        for (size_t i = 0; i < kids.count; i++) /* va_arg has the type's name among them */
            if (clang_isExpression(clang_getCursorKind(kid(source, kids, i))))
                lower_effect(build, kid(source, kids, i));
        value = unknown_at(build, cursor);
    }
    kids_drop(source, kids);
    return value;
}

/* ---- _Generic -------------------------------------------------------------------------------- */

static expr *lower_generic(struct build *build, CXCursor cursor, bool is_used)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    bool is_sure = false;
    size_t chosen = kids.count > 1 ? choose_association(source, cursor, kids, &is_sure) : 0;
    if (!is_sure)
        build_incomplete(build, "which branch of a _Generic is taken cannot be told");
    expr *value =
        chosen ? lower_used(build, kid(source, kids, chosen), is_used) : unknown_at(build, cursor);
    kids_drop(source, kids);
    return value;
}

/* ---- all ------------------------------------------------------------------------------------- */

static expr *lower_with_kids(struct build *build, CXCursor cursor, size_t least, bool is_used,
                             expr *(*lower)(struct build *, CXCursor, struct kids, bool))
{
    struct kids kids = kids_of(build->source, cursor);
    expr *value =
        kids.count >= least ? lower(build, cursor, kids, is_used) : unknown_at(build, cursor);
    kids_drop(build->source, kids);
    return value;
}

static expr *lower_compound_operator(struct build *build, CXCursor cursor, struct kids kids,
                                     bool is_used)
{
    (void)is_used;
    return lower_compound(build, cursor, kids,
                          operator_of(clang_getCursorBinaryOperatorKind(cursor)));
}

static expr *lower_label_address(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct kids kids = kids_of(source, cursor);
    CXCursor named = kids.count ? clang_getCursorReferenced(kid(source, kids, 0))
                                : clang_getCursorReferenced(cursor);
    kids_drop(source, kids);
    if (clang_getCursorKind(named) == CXCursor_LabelStmt) {
        struct build *owner = build->labels;
        struct label *label = label_of(owner, named);
        if (!label->is_taken)
            *vec_add(&source->scratch, &owner->taken_labels) = label;
        label->is_taken = true;
    }
    return unknown_at(build, cursor);
}

static expr *lower_kind(struct build *build, CXCursor cursor, bool is_used)
{
    switch ((int)clang_getCursorKind(cursor)) {
    case CXCursor_DeclRefExpr:
        return lower_name(build, cursor);
    case CXCursor_UnexposedExpr:
        return lower_unexposed(build, cursor, is_used);
    case CXCursor_MemberRefExpr:
        return lower_member(build, cursor);
    case CXCursor_CallExpr:
        return lower_call(build, cursor, is_used);
    case CXCursor_IntegerLiteral:
    case CXCursor_CharacterLiteral:
    case CXCursor_UnaryExpr: /* sizeof and _Alignof: the operand is not evaluated */
    case CXCursor_CXXBoolLiteralExpr:
    case CXCursor_CXXNullPtrLiteralExpr:
        return lower_number(build, cursor);
    case CXCursor_StringLiteral:
        return lower_string(build, cursor);
    case CXCursor_ParenExpr:
    case CXCursor_CStyleCastExpr:
        return lower_cast(build, cursor, is_used);
    case CXCursor_UnaryOperator:
        return lower_with_kids(build, cursor, 1, is_used, lower_unary);
    case CXCursor_ArraySubscriptExpr:
        return lower_subscript(build, cursor);
    case CXCursor_BinaryOperator:
        return lower_with_kids(build, cursor, 2, is_used, lower_binary);
    case CXCursor_CompoundAssignOperator:
        return lower_with_kids(build, cursor, 2, is_used, lower_compound_operator);
    case CXCursor_ConditionalOperator:
        return lower_conditional(build, cursor, is_used);
    case CXCursor_CompoundLiteralExpr:
        return lower_compound_literal(build, cursor, false);
    case CXCursor_InitListExpr:
        return lower_initialiser(build, cursor, type_at(build->source, cursor));
    case CXCursor_AddrLabelExpr:
        return lower_label_address(build, cursor);
    case CXCursor_StmtExpr: {
        expr *value = lower_stmt_expr(build, cursor, is_used);
        return value ? value : unknown_at(build, cursor);
    }
    case CXCursor_GenericSelectionExpr:
        return lower_generic(build, cursor, is_used);
    case CXCursor_FloatingLiteral:
    case CXCursor_ImaginaryLiteral:
        return unknown_at(build, cursor);
    default:
        emit_unknown(build, "an expression that is not understood", pos_of(build->source, cursor));
        return unknown_at(build, cursor);
    }
}

static expr *lower_used(struct build *build, CXCursor cursor, bool is_used)
{
    if (!enter_depth(build))
        return unknown(build, build->source->unknown_type);
    expr *value = lower_kind(build, cursor, is_used);
    build->depth--;
    return value;
}

expr *lower_expr(struct build *build, CXCursor cursor)
{
    return lower_used(build, cursor, true);
}

void lower_effect(struct build *build, CXCursor cursor)
{
    lower_used(build, cursor, false);
}
