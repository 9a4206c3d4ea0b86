/*
 * types.c - libclang's types and records as ours.
 *
 * A type is looked up by libclang's pointer, which is unique per spelling, so that each is made
 * once.  Records are made empty and filled from a worklist: they may hold each other.
 */
#include "frontend/lower.h"

#include <string.h>

enum { TYPE_DEPTH = 200 }; /* of pointers, arrays and typedefs within each other */

/* ---- the table ------------------------------------------------------------------------------- */

static struct type_slot *find_slot(struct source *source, const void *key)
{
    size_t mask = source->type_capacity - 1;
    uint64_t hash = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = (hash >> 32) & mask;; i = (i + 1) & mask)
        if (!source->type_slots[i].key || source->type_slots[i].key == key)
            return &source->type_slots[i];
}

static void grow(struct source *source)
{
    struct type_slot *old = source->type_slots;
    size_t count = source->type_capacity;
    source->type_capacity = count ? count * 2 : 256;
    source->type_slots = arena_array(&source->scratch, struct type_slot, source->type_capacity);
    for (size_t i = 0; i < count; i++)
        if (old[i].key)
            *find_slot(source, old[i].key) = old[i];
}

static struct ir_type *table_get(struct source *source, const void *key)
{
    return source->type_capacity ? find_slot(source, key)->type : NULL;
}

static void table_put(struct source *source, const void *key, struct ir_type *type)
{
    if (source->type_count * 4 >= source->type_capacity * 3)
        grow(source);
    struct type_slot *slot = find_slot(source, key);
    if (!slot->key)
        source->type_count++;
    *slot = (struct type_slot){key, type};
}

static struct ir_type *new_type(struct source *source, enum ir_type_kind kind, const char *name)
{
    struct own_type *own = arena_new(source->arena, struct own_type);
    own->type.kind = kind;
    own->type.name = name;
    own->type.id = (uint32_t)source->types.count;
    *vec_add(&source->scratch, &source->types) = &own->type;
    return &own->type;
}

/* ---- records --------------------------------------------------------------------------------- */

/* An unnamed record is spelt with the place of its definition, which is nobody's name for it. */
static const char *without_places(struct source *source, const char *name)
{
    const char *open = strstr(name, "(unnamed");
    if (!open)
        open = strstr(name, "(anonymous");
    const char *close = open ? strchr(open, ')') : NULL;
    if (!close)
        return name;
    char *cut = arena_printf(&source->scratch, "%.*s{...}%s", (int)(open - name), name, close + 1);
    return intern_str(&source->names, without_places(source, cut));
}

/* "struct worker", or a typedef's name for a record without a tag: from libclang 22 on that is
 * spelt "struct name" too, and only the reference for other units tells. */
static const char *record_name(struct source *source, CXCursor cursor, CXType type)
{
    const char *name = own_string(source, clang_getTypeSpelling(clang_getUnqualifiedType(type)));
    if (strstr(name, "(unnamed") || strstr(name, "(anonymous"))
        return "";
    const char *space = strchr(name, ' ');
    if (!space)
        return name;
    CXString usr = clang_getCursorUSR(cursor);
    const char *text = clang_getCString(usr);
    bool has_tag = !text || (!strstr(text, "@SA@") && !strstr(text, "@UA@"));
    clang_disposeString(usr);
    return has_tag ? name : intern_str(&source->names, space + 1);
}

static struct ir_record *record_of(struct source *source, CXType type)
{
    CXCursor cursor = clang_getCanonicalCursor(clang_getTypeDeclaration(type));
    struct decl *decl = decl_get(source, cursor);
    if (decl)
        return decl->record;
    decl = decl_put(source, cursor, DECL_RECORD);
    struct ir_record *record = arena_new(source->arena, struct ir_record);
    decl->record = record;
    record->id = (uint32_t)source->records.count;
    *vec_add(&source->scratch, &source->records) = record;
    record->is_union = clang_getCursorKind(cursor) == CXCursor_UnionDecl;
    record->name = record_name(source, cursor, type);
    long long size = clang_Type_getSizeOf(type);
    record->size = size > 0 ? (uint64_t)size : 0;
    *vec_add(&source->scratch, &source->pending_records) = (struct pending_record){record, type};
    return record;
}

struct fields {
    struct source *source;
    VEC(struct ir_field) vec;
};

static enum CXVisitorResult add_field(CXCursor cursor, CXClientData data)
{
    struct fields *fields = data;
    struct source *source = fields->source;
    const struct ir_type *type = type_at(source, cursor);
    const char *name = own_string(source, clang_getCursorSpelling(cursor));
    long long bits = clang_Cursor_getOffsetOfField(cursor);
    bool is_unnamed = !name[0] || strchr(name, '(') || clang_Cursor_isAnonymous(cursor);
    if (is_unnamed && type->kind != IR_TYPE_RECORD)
        return CXVisit_Continue; /* an unnamed bit-field is padding */
    uint64_t offset = bits > 0 ? (uint64_t)bits / 8 : 0;
    if (clang_Cursor_isBitField(cursor) && type->size)
        offset = (uint64_t)(bits > 0 ? bits : 0) / (type->size * 8) * type->size;
    struct ir_field *field = vec_add(&source->scratch, &fields->vec);
    *field = (struct ir_field){is_unnamed ? "" : name, offset, type};
    return CXVisit_Continue;
}

void complete_records(struct source *source)
{
    while (source->records_done < source->pending_records.count) {
        struct pending_record pending = source->pending_records.at[source->records_done++];
        struct fields fields = {.source = source};
        clang_Type_visitFields(pending.type, add_field, &fields);
        pending.record->field_count = fields.vec.count;
        pending.record->fields =
            arena_copy(source->arena, fields.vec.at, fields.vec.count * sizeof(struct ir_field));
    }
}

/* ---- types ----------------------------------------------------------------------------------- */

static const struct ir_type *make_type(struct source *source, CXType type, unsigned depth);

/* libclang crashes when asked for the size of what is only a placeholder for a type, as erroneous
 * code has it. */
static uint64_t size_of(CXType type)
{
    if (type.kind == CXType_Unexposed || type.kind == CXType_Overload ||
        type.kind == CXType_Dependent)
        return 0;
    long long size = clang_Type_getSizeOf(type);
    return size > 0 ? (uint64_t)size : 0;
}

static enum ir_type_kind kind_of(enum CXTypeKind kind)
{
    switch (kind) {
    case CXType_Void:
        return IR_TYPE_VOID;
    case CXType_Bool:
        return IR_TYPE_BOOL;
    case CXType_Half:
    case CXType_Float:
    case CXType_Double:
    case CXType_LongDouble:
    case CXType_Float128:
    case CXType_Float16:
    case CXType_BFloat16:
    case CXType_Ibm128:
        return IR_TYPE_FLOAT;
    case CXType_Pointer:
    case CXType_NullPtr:
    case CXType_BlockPointer:
        return IR_TYPE_POINTER;
    case CXType_ConstantArray:
    case CXType_IncompleteArray:
    case CXType_VariableArray:
        return IR_TYPE_ARRAY;
    case CXType_Record:
        return IR_TYPE_RECORD;
    case CXType_FunctionProto:
    case CXType_FunctionNoProto:
        return IR_TYPE_FUNCTION;
    case CXType_Enum:
        return IR_TYPE_INT;
    default:
        return kind >= CXType_Char_U && kind <= CXType_Int128 ? IR_TYPE_INT : IR_TYPE_OTHER;
    }
}

static bool is_signed_kind(CXType type)
{
    if (type.kind == CXType_Enum)
        type = clang_getCanonicalType(clang_getEnumDeclIntegerType(clang_getTypeDeclaration(type)));
    return type.kind == CXType_Char_S || (type.kind >= CXType_SChar && type.kind <= CXType_Int128);
}

/* The values of an enum, as far as they count up from 0. */
struct enumerators {
    uint64_t seen; /* one bit for each of the first 64 */
    bool has_others;
};

static enum CXChildVisitResult see_enumerator(CXCursor cursor, CXCursor parent, CXClientData data)
{
    struct enumerators *enumerators = data;
    (void)parent;
    if (clang_getCursorKind(cursor) != CXCursor_EnumConstantDecl)
        return CXChildVisit_Continue;
    long long value = clang_getEnumConstantDeclValue(cursor);
    if (value < 0 || value > 63)
        enumerators->has_others = true;
    else
        enumerators->seen |= 1ull << value;
    return CXChildVisit_Continue;
}

static uint64_t count_enumerators(CXType type)
{
    struct enumerators enumerators = {0};
    if (type.kind != CXType_Enum)
        return 0;
    clang_visitChildren(clang_getTypeDeclaration(type), see_enumerator, &enumerators);
    uint64_t count = 0;
    while (count < 64 && (enumerators.seen >> count & 1))
        count++;
    bool is_gapless = count == 64 || enumerators.seen >> count == 0;
    return is_gapless && !enumerators.has_others ? count : 0;
}

static void fill_function(struct source *source, struct ir_type *own, CXType type, unsigned depth)
{
    own->target = make_type(source, clang_getResultType(type), depth);
    own->is_variadic = clang_isFunctionTypeVariadic(type) != 0;
    int count = clang_getNumArgTypes(type);
    own->param_count = count > 0 ? (size_t)count : 0;
    own->params = arena_array(source->arena, const struct ir_type *, own->param_count);
    for (unsigned i = 0; i < own->param_count; i++) {
        const struct ir_type *param = make_type(source, clang_getArgType(type, i), depth);
        /* libclang shows a parameter declared as an array as that array. */
        own->params[i] = param->kind == IR_TYPE_ARRAY ? pointer_to(source, param->target) : param;
    }
    if (strstr(own->name, "noreturn"))
        ((struct own_type *)own)->is_noreturn = true;
}

/* A type that is no typedef's name. */
static struct ir_type *make_plain(struct source *source, CXType type, unsigned depth)
{
    if (type.kind == CXType_Int)
        return (struct ir_type *)source->int_type;
    if (type.kind == CXType_Void)
        return (struct ir_type *)source->void_type;
    const char *name = without_places(source, own_string(source, clang_getTypeSpelling(type)));
    struct ir_type *own = new_type(source, kind_of(type.kind), name);
    table_put(source, type.data[0], own); /* before what it consists of, which may lead back */
    own->size = own->kind == IR_TYPE_FUNCTION || own->kind == IR_TYPE_VOID ? 0 : size_of(type);
    switch (own->kind) {
    case IR_TYPE_INT:
        own->is_signed = is_signed_kind(type);
        own->enumerator_count = count_enumerators(type);
        break;
    case IR_TYPE_POINTER:
        if (type.kind == CXType_Pointer)
            own->target = make_type(source, clang_getPointeeType(type), depth);
        break;
    case IR_TYPE_ARRAY:
        own->target = make_type(source, clang_getArrayElementType(type), depth);
        own->count = clang_getArraySize(type) > 0 ? (uint64_t)clang_getArraySize(type) : 0;
        break;
    case IR_TYPE_RECORD:
        own->record = record_of(source, type);
        break;
    case IR_TYPE_FUNCTION:
        fill_function(source, own, type, depth);
        break;
    default:
        break;
    }
    return own;
}

/* A copy under another name: for typedefs, _Atomic and volatile. */
static struct ir_type *copy_type(struct source *source, const struct ir_type *of, const char *name)
{
    struct ir_type *own = new_type(source, of->kind, name);
    uint32_t id = own->id;
    *(struct own_type *)own = *(const struct own_type *)of;
    own->id = id;
    own->name = name;
    ((struct own_type *)own)->with_volatile = NULL;
    return own;
}

static struct ir_type *make_typedef(struct source *source, CXType type, unsigned depth)
{
    CXType under = clang_getTypedefDeclUnderlyingType(clang_getTypeDeclaration(type));
    const struct ir_type *base = make_type(source, under, depth);
    const char *name = own_string(source, clang_getTypeSpelling(type));
    struct ir_type *own = copy_type(source, base, name);
    own->alias_of = base;
    return own;
}

static struct ir_type *make_unqualified(struct source *source, CXType type, unsigned depth)
{
    switch (type.kind) {
    case CXType_Elaborated:
        return (struct ir_type *)make_type(source, clang_Type_getNamedType(type), depth);
    case CXType_Attributed:
        return (struct ir_type *)make_type(source, clang_Type_getModifiedType(type), depth);
    case CXType_Typedef:
        return make_typedef(source, type, depth);
    case CXType_Atomic: {
        const struct ir_type *value = make_type(source, clang_Type_getValueType(type), depth);
        struct ir_type *own =
            copy_type(source, value, own_string(source, clang_getTypeSpelling(type)));
        own->alias_of = NULL;
        own->is_atomic = true;
        return own;
    }
    case CXType_Unexposed:
    case CXType_Auto: {
        CXType canonical = clang_getCanonicalType(type);
        if (canonical.kind == CXType_FunctionProto || canonical.kind == CXType_FunctionNoProto) {
            /* The brackets in a pointer to function: the sugar still knows the typedefs. */
            type.kind = canonical.kind;
            return make_plain(source, type, depth);
        }
        if (canonical.kind == CXType_Unexposed || canonical.data[0] == type.data[0])
            return make_plain(source, type, depth);
        return (struct ir_type *)make_type(source, canonical, depth);
    }
    default:
        return make_plain(source, type, depth);
    }
}

static struct ir_type *add_volatile(struct source *source, struct ir_type *type)
{
    struct own_type *own = (struct own_type *)type;
    if (type->is_volatile)
        return type;
    if (!own->with_volatile) {
        struct ir_type *copy = copy_type(source, type, type->name);
        copy->is_volatile = true;
        own->with_volatile = copy;
    }
    return own->with_volatile;
}

static const struct ir_type *make_type(struct source *source, CXType type, unsigned depth)
{
    if (type.kind == CXType_Invalid || !type.data[0] || depth > TYPE_DEPTH)
        return source->unknown_type;
    struct ir_type *own = table_get(source, type.data[0]);
    if (own)
        return own;
    bool is_bare = !clang_isConstQualifiedType(type) && !clang_isVolatileQualifiedType(type) &&
                   !clang_isRestrictQualifiedType(type);
    CXType bare = is_bare ? type : clang_getUnqualifiedType(type);
    if (bare.data[0] == type.data[0] || bare.kind == CXType_Invalid) {
        own = make_unqualified(source, type, depth + 1);
    } else {
        own = (struct ir_type *)make_type(source, bare, depth + 1);
        if (clang_isVolatileQualifiedType(type))
            own = add_volatile(source, own);
    }
    table_put(source, type.data[0], own);
    return own;
}

void types_begin(struct source *source)
{
    source->unknown_type = new_type(source, IR_TYPE_OTHER, "?");
    source->void_type = new_type(source, IR_TYPE_VOID, "void");
    struct ir_type *type = new_type(source, IR_TYPE_INT, "int");
    type->size = 4;
    type->is_signed = true;
    source->int_type = type;
}

const struct ir_type *type_of(struct source *source, CXType type)
{
    return make_type(source, type, 0);
}

const struct ir_type *type_at(struct source *source, CXCursor cursor)
{
    return make_type(source, clang_getCursorType(cursor), 0);
}

/* For parameters declared as arrays, whose pointer type libclang does not show. */
const struct ir_type *pointer_to(struct source *source, const struct ir_type *target)
{
    /* The target's own address, set apart from libclang's keys by an odd number. */
    const void *key = (const char *)target + 1;
    struct ir_type *own = table_get(source, key);
    if (own)
        return own;
    size_t bracket = target->kind == IR_TYPE_ARRAY ? strcspn(target->name, "[") : 0;
    const char *space = text_ends(target->name, "*") ? "" : " ";
    const char *name = bracket ? arena_printf(&source->scratch, "%.*s (*)%s", (int)bracket,
                                              target->name, target->name + bracket)
                               : arena_printf(&source->scratch, "%s%s*", target->name, space);
    own = new_type(source, IR_TYPE_POINTER, intern_str(&source->names, name));
    own->size = source->pointer_size;
    own->target = target;
    table_put(source, key, own);
    return own;
}

bool is_noreturn_type(const struct ir_type *type)
{
    if (type && type->kind == IR_TYPE_POINTER)
        type = type->target;
    return type && type->kind == IR_TYPE_FUNCTION && ((const struct own_type *)type)->is_noreturn;
}

static bool holds_pointer_within(struct source *source, const struct ir_type *type, unsigned depth)
{
    while (type->kind == IR_TYPE_ARRAY && type->target)
        type = type->target;
    if (type->kind != IR_TYPE_RECORD || !type->record || depth > 8)
        return type->kind != IR_TYPE_INT && type->kind != IR_TYPE_FLOAT &&
               type->kind != IR_TYPE_BOOL;
    complete_records(source);
    for (size_t i = 0; i < type->record->field_count; i++)
        if (holds_pointer_within(source, type->record->fields[i].type, depth + 1))
            return true;
    return false;
}

bool holds_pointer(struct source *source, const struct ir_type *type)
{
    return holds_pointer_within(source, type, 0);
}
