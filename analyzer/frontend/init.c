/*
 * init.c - initialiser lists and compound literals.
 *
 * libclang shows a list as it was written, so which object a value belongs to is worked out here,
 * as C does: position by position, into inner aggregates with or without braces, and by
 * designators.
 */
#include "frontend/lower.h"

#include <string.h>

enum {
    TABLE_MAX = 256, /* elements without pointers that are looked at */
    RANGE_MAX = 256, /* elements that one `[a ... b] =` is spelt out to */
};

/* A literal being put together. */
struct literal {
    struct build *build;
    VEC(struct ir_element) elements;
    bool is_partial;
};

/* The values of one braced list, and the next to be used. */
struct list {
    struct kids kids;
    size_t at;
    bool
        is_lost; /* after a designator into the depths: where the next value goes is not followed */
};

static void fill_braced(struct literal *literal, CXCursor cursor, const struct ir_type *type,
                        uint64_t base);
static void fill_one(struct literal *literal, struct list *list, const struct ir_type *type,
                     uint64_t base);

static bool is_large_table(struct source *source, const struct ir_type *type)
{
    return type->kind == IR_TYPE_ARRAY && type->target && type->count > TABLE_MAX &&
           !holds_pointer(source, type->target);
}

static CXCursor strip_wrappers(struct source *source, CXCursor cursor)
{
    while (clang_getCursorKind(cursor) == CXCursor_UnexposedExpr ||
           clang_getCursorKind(cursor) == CXCursor_ParenExpr) {
        struct kids kids = kids_of(source, cursor);
        CXCursor child = kids.count == 1 ? kid(source, kids, 0) : cursor;
        bool is_same = kids.count == 1 && (clang_getCursorKind(cursor) == CXCursor_ParenExpr ||
                                           clang_equalLocations(clang_getCursorLocation(cursor),
                                                                clang_getCursorLocation(child)));
        kids_drop(source, kids);
        if (!is_same)
            break;
        cursor = child;
    }
    return cursor;
}

/* ---- elements -------------------------------------------------------------------------------- */

static void add_element(struct literal *literal, uint64_t offset, const struct ir_expr *value)
{
    struct arena *scratch = &literal->build->source->scratch;
    if (value->kind != IR_LITERAL) {
        *vec_add(scratch, &literal->elements) = (struct ir_element){offset, value};
        return;
    }
    literal->is_partial |= value->is_partial;
    for (uint32_t i = 0; i < value->element_count; i++)
        *vec_add(scratch, &literal->elements) =
            (struct ir_element){offset + value->elements[i].offset, value->elements[i].value};
}

static const struct ir_expr *finish(struct literal *literal, const struct ir_type *type)
{
    struct arena *arena = literal->build->arena;
    struct ir_expr *made = (struct ir_expr *)ir_unknown(arena, type);
    made->kind = IR_LITERAL;
    made->elements = arena_copy(arena, literal->elements.at,
                                literal->elements.count * sizeof(struct ir_element));
    made->element_count = (uint32_t)literal->elements.count;
    made->is_partial = literal->is_partial;
    return made;
}

const struct ir_expr *zero_of(struct build *build, const struct ir_type *type)
{
    struct literal literal = {.build = build};
    return ir_is_aggregate(type) ? finish(&literal, type) : ir_const(build->arena, type, 0);
}

/* Whether a value without braces initialises the whole aggregate. */
static bool is_whole(struct source *source, CXCursor cursor, const struct ir_type *type)
{
    CXCursor inner = strip_wrappers(source, cursor);
    if (type->kind == IR_TYPE_RECORD)
        return type_at(source, cursor)->kind == IR_TYPE_RECORD &&
               type_at(source, cursor)->record == type->record;
    enum CXCursorKind kind = clang_getCursorKind(inner);
    bool holds_characters = type->target && type->target->kind == IR_TYPE_INT;
    return (kind == CXCursor_StringLiteral && holds_characters) ||
           (kind == CXCursor_CompoundLiteralExpr && type_at(source, inner)->kind == IR_TYPE_ARRAY);
}

static void add_value(struct literal *literal, CXCursor cursor, const struct ir_type *type,
                      uint64_t base)
{
    add_element(literal, base, lower_initialiser(literal->build, cursor, type));
}

/* ---- designators ----------------------------------------------------------------------------- */

static bool is_designated(CXCursor cursor)
{
    return clang_getCursorKind(cursor) == CXCursor_UnexposedExpr &&
           clang_getCursorType(cursor).kind == CXType_Void;
}

/* `[1 ... 3]` has the same children as `[1][3]`: only the text tells. */
static bool has_range(struct source *source, CXCursor cursor)
{
    size_t length;
    const char *text = text_of_start(source, cursor, &length);
    if (!text)
        return false;
    const char *end = text + length;
    for (const char *at = text; at < end && *at != '=' && *at != ';'; at = skip_blank(at, end)) {
        const char *next = skip_piece(at, end);
        if (*at == '[')
            for (const char *dot = at; dot + 2 < next; dot++)
                if (memcmp(dot, "...", 3) == 0)
                    return true;
        at = next;
    }
    return false;
}

/* Where a designator leads. */
struct designated {
    const struct ir_type *type;
    uint64_t offset;
    uint64_t first;  /* the index or field at the outermost level */
    uint64_t repeat; /* elements, for a range */
    unsigned depth;
    bool is_known;
};

static bool designate_field(struct source *source, struct designated *to, CXCursor cursor)
{
    const char *name = own_string(source, clang_getCursorSpelling(cursor));
    if (!name[0])
        return true; /* an anonymous member on the way: found by the name that follows */
    struct ir_field field;
    if (to->type->kind != IR_TYPE_RECORD || !to->type->record ||
        !ir_record_field(to->type->record, name, &field))
        return false;
    if (to->depth++ == 0) {
        const struct ir_record *record = to->type->record;
        to->first = record->field_count;
        for (size_t i = 0; i < record->field_count; i++)
            if (record->fields[i].name == field.name)
                to->first = i;
    }
    to->type = field.type;
    to->offset += field.offset;
    return true;
}

static bool designate_index(struct designated *to, CXCursor cursor)
{
    int64_t index;
    if (to->type->kind != IR_TYPE_ARRAY || !to->type->target || !evaluate(cursor, &index) ||
        index < 0 || (to->type->count && (uint64_t)index >= to->type->count))
        return false;
    if (to->depth++ == 0)
        to->first = (uint64_t)index;
    to->type = to->type->target;
    to->offset += (uint64_t)index * to->type->size;
    return true;
}

static struct designated resolve(struct source *source, CXCursor cursor, struct kids kids,
                                 const struct ir_type *type, uint64_t base)
{
    struct designated to = {type, base, 0, 1, 0, true};
    bool is_range = has_range(source, cursor);
    for (size_t i = 0; i + 1 < kids.count && to.is_known; i++) {
        CXCursor one = kid(source, kids, i);
        if (clang_getCursorKind(one) == CXCursor_MemberRef) {
            to.is_known = designate_field(source, &to, one);
            continue;
        }
        int64_t low, high;
        to.is_known = designate_index(&to, one);
        if (!is_range || !to.is_known || i + 2 >= kids.count)
            continue;
        CXCursor last = kid(source, kids, ++i);
        is_range = false;
        to.is_known = evaluate(one, &low) && evaluate(last, &high) && high >= low;
        to.repeat = to.is_known ? (uint64_t)(high - low) + 1 : 1;
        to.first += to.repeat - 1;
    }
    return to;
}

/* One designated value; the index or field after it. */
static uint64_t fill_designated(struct literal *literal, struct list *list, CXCursor cursor,
                                const struct ir_type *type, uint64_t base)
{
    struct source *source = literal->build->source;
    struct kids kids = kids_of(source, cursor);
    uint64_t next = 0;
    list->is_lost = true;
    if (kids.count >= 2) {
        struct designated to = resolve(source, cursor, kids, type, base);
        CXCursor value = kid(source, kids, kids.count - 1);
        if (!to.is_known) {
            literal->is_partial = true;
            lower_effect(literal->build, value);
        } else if (ir_is_aggregate(to.type) &&
                   clang_getCursorKind(strip_wrappers(source, value)) != CXCursor_InitListExpr &&
                   !is_whole(source, value, to.type)) {
            literal->is_partial = true; /* the start of an aggregate without its braces */
            lower_effect(literal->build, value);
        } else {
            const struct ir_expr *one = lower_initialiser(literal->build, value, to.type);
            for (uint64_t i = 0; i < to.repeat && i < RANGE_MAX; i++)
                add_element(literal, to.offset + i * to.type->size, one);
            literal->is_partial |= to.repeat > RANGE_MAX;
            list->is_lost = to.depth != 1;
        }
        next = to.first + 1;
    }
    kids_drop(source, kids);
    return next;
}

/* ---- positions ------------------------------------------------------------------------------- */

/* The member at a position: an element of an array, a field of a record. */
static bool member_at(const struct ir_type *type, uint64_t position, struct ir_field *member)
{
    if (type->kind == IR_TYPE_ARRAY) {
        if (!type->target || (type->count && position >= type->count))
            return false;
        *member = (struct ir_field){"", position * type->target->size, type->target};
        return true;
    }
    const struct ir_record *record = type->record;
    if (!record || position >= record->field_count || (record->is_union && position > 0))
        return false;
    *member = record->fields[position];
    return true;
}

static void skip_value(struct literal *literal, struct list *list)
{
    literal->is_partial = true;
    lower_effect(literal->build, kid(literal->build->source, list->kids, list->at++));
}

/* Fills an aggregate from the list; without braces of its own only until it is full. */
static void fill_aggregate(struct literal *literal, struct list *list, const struct ir_type *type,
                           uint64_t base, bool is_braced)
{
    struct source *source = literal->build->source;
    uint64_t position = 0;
    struct ir_field member;
    while (list->at < list->kids.count) {
        CXCursor cursor = kid(source, list->kids, list->at);
        if (is_designated(cursor)) {
            if (!is_braced)
                return;
            list->at++;
            position = fill_designated(literal, list, cursor, type, base);
            continue;
        }
        if (list->is_lost) {
            skip_value(literal, list);
            continue;
        }
        if (!member_at(type, position++, &member)) {
            if (!is_braced)
                return;
            skip_value(literal, list);
            continue;
        }
        size_t before = list->at;
        fill_one(literal, list, member.type, base + member.offset);
        if (list->at == before && type->kind == IR_TYPE_ARRAY)
            skip_value(literal, list); /* elements without members: nothing would ever fit */
    }
}

static void fill_one(struct literal *literal, struct list *list, const struct ir_type *type,
                     uint64_t base)
{
    struct source *source = literal->build->source;
    CXCursor cursor = kid(source, list->kids, list->at);
    bool is_list = clang_getCursorKind(strip_wrappers(source, cursor)) == CXCursor_InitListExpr;
    if (!ir_is_aggregate(type) || is_list || is_whole(source, cursor, type)) {
        list->at++;
        add_value(literal, cursor, type, base);
        return;
    }
    if (!enter_depth(literal->build)) {
        list->at++;
        return;
    }
    fill_aggregate(literal, list, type, base, false);
    literal->build->depth--;
}

static void fill_braced(struct literal *literal, CXCursor cursor, const struct ir_type *type,
                        uint64_t base)
{
    struct source *source = literal->build->source;
    struct list list = {.kids = kids_of(source, cursor)};
    complete_records(source);
    fill_aggregate(literal, &list, type, base, true);
    kids_drop(source, list.kids);
}

/* ---- entry points ---------------------------------------------------------------------------- */

static const struct ir_expr *lower_scalar_list(struct build *build, CXCursor cursor,
                                               const struct ir_type *type)
{
    struct kids kids = kids_of(build->source, cursor);
    const struct ir_expr *value = kids.count
                                      ? lower_initialiser(build, kid(build->source, kids, 0), type)
                                      : ir_const(build->arena, type, 0);
    kids_drop(build->source, kids);
    return value;
}

static const struct ir_expr *lower_list(struct build *build, CXCursor cursor,
                                        const struct ir_type *type)
{
    struct literal literal = {.build = build};
    if (!ir_is_aggregate(type))
        return lower_scalar_list(build, cursor, type);
    if (is_large_table(build->source, type) || !enter_depth(build)) {
        literal.is_partial = true;
        return finish(&literal, type);
    }
    fill_braced(&literal, cursor, type, 0);
    build->depth--;
    return finish(&literal, type);
}

const struct ir_expr *lower_initialiser(struct build *build, CXCursor cursor,
                                        const struct ir_type *type)
{
    struct source *source = build->source;
    CXCursor inner = strip_wrappers(source, cursor);
    enum CXCursorKind kind = clang_getCursorKind(inner);
    if (kind == CXCursor_InitListExpr)
        return lower_list(build, inner, type);
    if (kind == CXCursor_CompoundLiteralExpr && ir_is_aggregate(type))
        return lower_compound_literal(build, inner, false);
    return convert(build, lower_expr(build, cursor), type);
}

const struct ir_expr *lower_compound_literal(struct build *build, CXCursor cursor, bool as_object)
{
    struct source *source = build->source;
    const struct ir_type *type = type_at(source, cursor);
    struct kids kids = kids_of(source, cursor);
    const struct ir_expr *value =
        kids.count ? lower_initialiser(build, kid(source, kids, kids.count - 1), type)
                   : ir_unknown(build->arena, type);
    kids_drop(source, kids);
    if (!as_object)
        return value;
    struct ir_pos pos = pos_of(source, cursor);
    const struct ir_expr *object;
    if (build->is_static) {
        object = ir_symbol(build->arena, static_literal(source, type, pos));
    } else {
        const char *name = arena_printf(&source->scratch, "literal%u", ++build->literal_count);
        struct ir_var *var =
            add_var(build, IR_VAR_LITERAL, intern_str(&source->names, name), type, pos);
        emit(build, IR_OP_BEGIN, pos)->var = var;
        push_live(build, var);
        object = ir_var(build->arena, var);
    }
    emit_assign(build, object, value, pos);
    return object;
}
