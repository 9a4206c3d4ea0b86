/*
 * decl.c - functions, objects and local variables: symbols, attributes, initialisers.
 */
#include "frontend/lower.h"

#include <stdlib.h>
#include <string.h>

/* ---- the table of declarations --------------------------------------------------------------- */

static uint32_t hash_of(CXCursor cursor)
{
    return (uint32_t)(clang_hashCursor(cursor) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The slot of the cursor, or the free one where it belongs. */
static struct decl_slot *find_slot(const struct decl_table *table, uint32_t hash, CXCursor cursor)
{
    size_t mask = table->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct decl_slot *slot = &table->slots[i];
        if (!slot->number ||
            (slot->hash == hash &&
             clang_equalCursors(table->entries.at[slot->number - 1].cursor, cursor)))
            return slot;
    }
}

static void grow(struct decl_table *table)
{
    struct decl_table old = *table;
    table->capacity = old.capacity ? old.capacity * 2 : 16;
    table->slots = xmalloc(table->capacity * sizeof *table->slots);
    memset(table->slots, 0, table->capacity * sizeof *table->slots);
    size_t mask = table->capacity - 1;
    for (size_t i = 0; i < old.capacity; i++) {
        if (!old.slots[i].number)
            continue;
        size_t to = old.slots[i].hash & mask;
        while (table->slots[to].number)
            to = (to + 1) & mask;
        table->slots[to] = old.slots[i];
    }
    free(old.slots);
}

static struct decl *table_get(const struct decl_table *table, CXCursor cursor)
{
    if (!table->entries.count)
        return NULL;
    const struct decl_slot *slot = find_slot(table, hash_of(cursor), cursor);
    return slot->number ? table->entries.at[slot->number - 1].decl : NULL;
}

static void table_put(struct decl_table *table, CXCursor cursor, struct decl *decl)
{
    if (table->entries.count * 4 >= table->capacity * 3)
        grow(table);
    uint32_t hash = hash_of(cursor);
    struct decl_slot *slot = find_slot(table, hash, cursor);
    if (!slot->number) {
        *heap_add(&table->entries) = (struct decl_entry){.cursor = cursor};
        *slot = (struct decl_slot){hash, (uint32_t)table->entries.count};
    }
    table->entries.at[slot->number - 1].decl = decl;
}

void decls_release(struct decl_table *table)
{
    free(table->slots);
    free(table->entries.at);
    *table = (struct decl_table){.arena = table->arena};
}

void decls_clear(struct decl_table *table)
{
    enum { SLOTS_KEPT = 1024 }; /* clearing must not cost more than what was in it */
    if (table->capacity > SLOTS_KEPT)
        decls_release(table);
    else if (table->entries.count)
        memset(table->slots, 0, table->capacity * sizeof *table->slots);
    table->entries.count = 0;
}

struct decl *decl_get(struct source *source, CXCursor cursor)
{
    struct decl *decl = table_get(&source->locals, cursor);
    return decl ? decl : table_get(&source->globals, cursor);
}

struct decl *decl_put(struct source *source, CXCursor cursor, enum decl_kind kind)
{
    bool is_local = kind == DECL_VAR || kind == DECL_LABEL;
    struct decl_table *table = is_local ? &source->locals : &source->globals;
    struct decl *decl = arena_new(table->arena, struct decl);
    decl->kind = kind;
    table_put(table, cursor, decl);
    return decl;
}

/* ---- attributes ------------------------------------------------------------------------------ */

struct attributes {
    struct source *source;
    VEC(const char *) notes;
    bool is_noreturn, is_weak, has_cleanup;
};

static bool is_word(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);
    return length >= size && memcmp(text, word, size) == 0;
}

/* Most attributes are only known by their text. */
static void read_unexposed(struct attributes *attributes, CXCursor cursor)
{
    size_t length;
    const char *text = text_of_start(attributes->source, cursor, &length);
    if (!text)
        return;
    if (is_word(text, length, "_Noreturn") || is_word(text, length, "noreturn") ||
        is_word(text, length, "__noreturn__"))
        attributes->is_noreturn = true;
    else if (is_word(text, length, "weak") || is_word(text, length, "__weak__"))
        attributes->is_weak = true;
    else if (is_word(text, length, "cleanup") || is_word(text, length, "__cleanup__") ||
             is_word(text, length, "gnu::cleanup"))
        attributes->has_cleanup = true;
}

static enum CXChildVisitResult read_attribute(CXCursor cursor, CXCursor parent, CXClientData data)
{
    (void)parent;
    struct attributes *attributes = data;
    struct source *source = attributes->source;
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    if (kind == CXCursor_AnnotateAttr)
        *vec_add(&source->scratch, &attributes->notes) =
            own_string(source, clang_getCursorSpelling(cursor));
    else if (kind == CXCursor_UnexposedAttr)
        read_unexposed(attributes, cursor);
    else if (kind == CXCursor_CompoundStmt)
        return CXChildVisit_Break;
    return CXChildVisit_Continue;
}

static struct attributes attributes_of(struct source *source, CXCursor cursor)
{
    struct attributes attributes = {.source = source};
    if (clang_Cursor_hasAttrs(cursor))
        clang_visitChildren(cursor, read_attribute, &attributes);
    return attributes;
}

static const char **own_notes(struct arena *arena, const struct attributes *attributes)
{
    size_t bytes = attributes->notes.count * sizeof(const char *);
    return bytes ? arena_copy(arena, attributes->notes.at, bytes) : NULL;
}

/* ---- symbols --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum builtin builtin;
} builtins[] = {
    {"__builtin_assume", BUILTIN_SHORT_CIRCUIT_NOTHING},
    {"__builtin_assume_aligned", BUILTIN_FIRST_ARG},
    {"__builtin_classify_type", BUILTIN_CONSTANT},
    {"__builtin_constant_p", BUILTIN_CONSTANT},
    {"__builtin_dynamic_object_size", BUILTIN_CONSTANT},
    {"__builtin_expect", BUILTIN_FIRST_ARG},
    {"__builtin_expect_with_probability", BUILTIN_FIRST_ARG},
    {"__builtin_object_size", BUILTIN_CONSTANT},
    {"__builtin_unreachable", BUILTIN_UNREACHABLE},
    {"__builtin_va_copy", BUILTIN_NONE},
};

static enum builtin builtin_of(const char *name)
{
    if (!text_starts(name, "__builtin_"))
        return BUILTIN_NONE;
    for (size_t i = 0; i < COUNT_OF(builtins); i++)
        if (strcmp(name, builtins[i].name) == 0)
            return builtins[i].builtin;
    return BUILTIN_NONE;
}

/* `__sync_fetch_and_add_4` is how libclang calls `__sync_fetch_and_add` on four bytes. */
static const char *without_size(struct source *source, const char *name)
{
    size_t length = strlen(name);
    if (!text_starts(name, "__sync_"))
        return name;
    size_t digits = strspn(name + length - 1, "0123456789");
    if (length > 2 && name[length - 2] >= '0' && name[length - 2] <= '9')
        digits++;
    if (!digits || name[length - digits - 1] != '_')
        return name;
    return intern_strn(&source->names, name, length - digits - 1);
}

/* A definition; of an object also a tentative one. */
static bool is_definition(CXCursor cursor)
{
    if (clang_isCursorDefinition(cursor))
        return true;
    if (clang_getCursorKind(cursor) != CXCursor_VarDecl)
        return false;
    enum CX_StorageClass storage = clang_Cursor_getStorageClass(cursor);
    return storage == CX_SC_None || storage == CX_SC_Static;
}

static bool is_local(CXCursor cursor)
{
    enum CXCursorKind kind = clang_getCursorKind(clang_getCursorSemanticParent(cursor));
    return kind == CXCursor_FunctionDecl;
}

static const char *scope_of(struct source *source, CXCursor cursor, const struct ir_pos *pos)
{
    if (clang_getCursorKind(cursor) == CXCursor_VarDecl && is_local(cursor) &&
        clang_Cursor_getStorageClass(cursor) == CX_SC_Static) {
        const char *function =
            own_string(source, clang_getCursorSpelling(clang_getCursorSemanticParent(cursor)));
        return intern_str(&source->names, arena_printf(&source->scratch, "%s:%s:%u:%u",
                                                       source->files.at[pos->file].path, function,
                                                       pos->line, pos->column));
    }
    if (clang_getCursorLinkage(cursor) != CXLinkage_Internal)
        return NULL;
    return intern_str(&source->names, source->files.at[pos->file].path);
}

static struct ir_symbol *add_symbol(struct source *source, enum ir_symbol_kind kind,
                                    const char *name)
{
    struct ir_symbol *symbol = arena_new(source->arena, struct ir_symbol);
    symbol->id = (uint32_t)source->symbols.count;
    symbol->kind = kind;
    symbol->name = name;
    *vec_add(&source->scratch, &source->symbols) = symbol;
    return symbol;
}

static void describe_params(struct source *source, struct ir_symbol *symbol, CXCursor cursor)
{
    int count = clang_Cursor_getNumArguments(cursor);
    for (int i = 0; i < count; i++) {
        CXCursor param = clang_Cursor_getArgument(cursor, (unsigned)i);
        struct attributes attributes = attributes_of(source, param);
        for (size_t k = 0; k < attributes.notes.count; k++)
            note_param(source, symbol, (uint32_t)i, attributes.notes.at[k]);
    }
}

/* What the declaration at `cursor` adds to what is known of the symbol. */
static void describe(struct source *source, struct ir_symbol *symbol, CXCursor cursor)
{
    struct attributes attributes = attributes_of(source, cursor);
    symbol->pos = pos_of_name(source, cursor, symbol->name);
    symbol->type = type_at(source, cursor);
    symbol->is_defined = is_definition(cursor);
    symbol->is_noreturn |= attributes.is_noreturn || is_noreturn_type(symbol->type);
    symbol->is_weak |= attributes.is_weak;
    symbol->is_inline =
        symbol->kind == IR_SYMBOL_FUNCTION && clang_Cursor_isFunctionInlined(cursor);
    symbol->is_thread_local = clang_getCursorTLSKind(cursor) != CXTLS_None;
    symbol->is_in_system_header =
        clang_Location_isInSystemHeader(clang_getCursorLocation(cursor)) != 0;
    if (attributes.notes.count) {
        symbol->notes = own_notes(source->arena, &attributes);
        symbol->note_count = attributes.notes.count;
    }
    if (symbol->kind == IR_SYMBOL_FUNCTION)
        describe_params(source, symbol, cursor);
}

static struct decl *make_symbol(struct source *source, CXCursor cursor)
{
    bool is_function = clang_getCursorKind(cursor) == CXCursor_FunctionDecl;
    const char *name = own_string(source, clang_getCursorSpelling(cursor));
    struct decl *decl = decl_put(source, clang_getCanonicalCursor(cursor), DECL_SYMBOL);
    if (is_function && (decl->builtin = builtin_of(name)) != BUILTIN_NONE) {
        decl->kind = DECL_BUILTIN;
        return decl;
    }
    name = without_size(source, name);
    struct ir_symbol *symbol =
        add_symbol(source, is_function ? IR_SYMBOL_FUNCTION : IR_SYMBOL_DATA, name);
    CXCursor definition = clang_getCursorDefinition(cursor);
    bool has_definition = !clang_Cursor_isNull(definition);
    describe(source, symbol, has_definition ? definition : cursor);
    /* Attributes of the declaration a call refers to count before the definition is met. */
    if (has_definition && !clang_equalCursors(definition, cursor))
        symbol->is_noreturn |= attributes_of(source, cursor).is_noreturn;
    symbol->scope = scope_of(source, has_definition ? definition : cursor, &symbol->pos);
    decl->symbol = symbol;
    return decl;
}

struct decl *symbol_of(struct source *source, CXCursor cursor)
{
    struct decl *decl = decl_get(source, cursor);
    if (decl)
        return decl;
    decl = decl_get(source, clang_getCanonicalCursor(cursor));
    if (!decl)
        decl = make_symbol(source, cursor);
    table_put(&source->globals, cursor, decl);
    return decl;
}

const struct ir_expr *expr_of(struct source *source, struct decl *decl)
{
    if (decl->kind == DECL_SYMBOL && !decl->expr)
        decl->expr = ir_symbol(source->arena, decl->symbol);
    return decl->expr;
}

struct ir_symbol *symbol_named(struct source *source, const char *name)
{
    void **slot = map_put_str(&source->named_symbols, name);
    if (!*slot) {
        struct ir_symbol *symbol =
            add_symbol(source, IR_SYMBOL_FUNCTION, intern_str(&source->names, name));
        symbol->type = source->unknown_type;
        symbol->is_in_system_header = true;
        *slot = symbol;
    }
    return *slot;
}

struct ir_symbol *static_literal(struct source *source, const struct ir_type *type,
                                 struct ir_pos pos)
{
    const char *name = arena_printf(&source->scratch, "literal%u", ++source->init.literal_count);
    struct ir_symbol *symbol = add_symbol(source, IR_SYMBOL_DATA, intern_str(&source->names, name));
    symbol->scope = intern_str(&source->names,
                               arena_printf(&source->scratch, "%s:%u:%u",
                                            source->files.at[pos.file].path, pos.line, pos.column));
    symbol->type = type;
    symbol->pos = pos;
    symbol->is_defined = true;
    return symbol;
}

/* ---- cleanup attributes ---------------------------------------------------------------------- */

struct named_function {
    CXCursor cursor;
};

static enum CXChildVisitResult add_function_name(CXCursor cursor, CXCursor parent,
                                                 CXClientData data)
{
    (void)parent;
    struct source *source = data;
    if (clang_getCursorKind(cursor) != CXCursor_FunctionDecl)
        return CXChildVisit_Continue;
    CXString name = clang_getCursorSpelling(cursor);
    void **slot = map_put_str(&source->function_names, clang_getCString(name));
    clang_disposeString(name);
    if (!*slot)
        *slot = arena_new(&source->scratch, struct named_function);
    *(struct named_function *)*slot = (struct named_function){cursor};
    return CXChildVisit_Continue;
}

/* The attribute has no reference to its function, so that is looked up by name. */
static const struct ir_symbol *function_named(struct source *source, const char *name)
{
    if (!source->has_function_names)
        clang_visitChildren(clang_getTranslationUnitCursor(source->tu), add_function_name, source);
    source->has_function_names = true;
    const struct named_function *named = map_get_str(&source->function_names, name);
    return named ? symbol_of(source, named->cursor)->symbol : NULL;
}

/* The pretty-printed declaration shows the name also where a macro put it together. */
static const struct ir_symbol *find_cleanup(struct source *source, CXCursor cursor)
{
    CXPrintingPolicy policy = clang_getCursorPrintingPolicy(cursor);
    CXString printed = clang_getCursorPrettyPrinted(cursor, policy);
    const char *text = clang_getCString(printed);
    const char *at = text ? strstr(text, "cleanup(") : NULL;
    const struct ir_symbol *symbol = NULL;
    if (at) {
        at += strlen("cleanup(");
        const char *name = arena_strndup(&source->scratch, at, strcspn(at, ") \t"));
        symbol = function_named(source, name);
    }
    clang_disposeString(printed);
    clang_PrintingPolicy_dispose(policy);
    return symbol;
}

/* ---- variables ------------------------------------------------------------------------------- */

struct ir_var *add_var(struct build *build, enum ir_var_kind kind, const char *name,
                       const struct ir_type *type, struct ir_pos pos)
{
    struct source *source = build->source;
    struct ir_var *var = arena_new(build->arena, struct ir_var);
    var->id = (uint32_t)build->vars.count;
    var->kind = kind;
    var->name = name;
    var->type = type;
    var->pos = pos;
    *vec_add(&source->scratch, &build->vars) = var;
    return var;
}

void read_attributes(struct build *build, CXCursor cursor, struct ir_var *var)
{
    struct source *source = build->source;
    struct attributes attributes = attributes_of(source, cursor);
    if (var->kind != IR_VAR_PARAM) {
        var->notes = own_notes(build->arena, &attributes);
        var->note_count = attributes.notes.count;
    }
    if (!attributes.has_cleanup)
        return;
    var->cleanup = find_cleanup(source, cursor);
    if (!var->cleanup)
        build_incomplete(build, "a cleanup attribute names a function that cannot be found");
}

static struct ir_var *declare(struct build *build, CXCursor cursor, enum ir_var_kind kind)
{
    struct source *source = build->source;
    const char *name = own_string(source, clang_getCursorSpelling(cursor));
    const struct ir_type *type = type_at(source, cursor);
    if (kind == IR_VAR_PARAM && type->kind == IR_TYPE_ARRAY)
        type = pointer_to(source, type->target);
    struct ir_var *var = add_var(build, kind, name, type, pos_of_name(source, cursor, name));
    read_attributes(build, cursor, var);
    struct decl *decl = decl_put(source, cursor, DECL_VAR);
    decl->var = var;
    decl->expr = ir_var(build->arena, var);
    return var;
}

/* `int a[n()]` evaluates n() where it is declared. */
static void lower_array_sizes(struct build *build, CXCursor cursor, CXType type)
{
    while (type.kind == CXType_ConstantArray || type.kind == CXType_IncompleteArray ||
           type.kind == CXType_Pointer)
        type = type.kind == CXType_Pointer ? clang_getPointeeType(type)
                                           : clang_getArrayElementType(type);
    if (type.kind != CXType_VariableArray)
        return;
    CXCursor initialiser = clang_Cursor_getVarDeclInitializer(cursor);
    struct kids kids = kids_of(build->source, cursor);
    for (size_t i = 0; i < kids.count; i++) {
        CXCursor one = kid(build->source, kids, i);
        if (clang_isExpression(clang_getCursorKind(one)) && !clang_equalCursors(one, initialiser))
            lower_effect(build, one);
    }
    kids_drop(build->source, kids);
}

static void lower_static(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    struct decl *decl = symbol_of(source, cursor);
    CXCursor initialiser = clang_Cursor_getVarDeclInitializer(cursor);
    if (decl->is_lowered || clang_Cursor_isNull(initialiser))
        return;
    decl->is_lowered = true;
    source->init.labels = build->labels;
    const struct ir_expr *value = lower_initialiser(&source->init, initialiser, decl->symbol->type);
    emit_assign(&source->init, expr_of(source, decl), value, pos_of(source, cursor));
    source->init.labels = &source->init;
}

void lower_local(struct build *build, CXCursor cursor)
{
    struct source *source = build->source;
    if (clang_Cursor_hasVarDeclGlobalStorage(cursor)) {
        lower_static(build, cursor);
        return;
    }
    lower_array_sizes(build, cursor, clang_getCursorType(cursor));
    struct ir_var *var = declare(build, cursor, IR_VAR_LOCAL);
    emit(build, IR_OP_BEGIN, var->pos)->var = var;
    CXCursor initialiser = clang_Cursor_getVarDeclInitializer(cursor);
    if (!clang_Cursor_isNull(initialiser)) {
        const struct ir_expr *value = lower_initialiser(build, initialiser, var->type);
        emit_assign(build, decl_get(source, cursor)->expr, value, pos_of(source, cursor));
    }
    push_live(build, var);
}

void lower_global(struct source *source, CXCursor cursor)
{
    struct decl *decl = symbol_of(source, cursor);
    if (decl->kind != DECL_SYMBOL)
        return;
    if (!decl->symbol->is_defined && is_definition(cursor))
        describe(source, decl->symbol, cursor);
    lower_static(&source->init, cursor);
}

/* ---- functions ------------------------------------------------------------------------------- */

static void add_params(struct build *build, CXCursor cursor)
{
    int count = clang_Cursor_getNumArguments(cursor);
    for (int i = 0; i < count; i++)
        push_live(build,
                  declare(build, clang_Cursor_getArgument(cursor, (unsigned)i), IR_VAR_PARAM));
    build->func->param_count = count > 0 ? (size_t)count : 0;
}

static void lower_body(struct build *build, CXCursor body)
{
    struct source *source = build->source;
    build->func->body = pos_of(source, body);
    build->exit_pos = end_of(build->func->body);
    struct kids kids = kids_of(source, body);
    for (size_t i = 0; i < kids.count; i++)
        lower_stmt(build, kid(source, kids, i));
    kids_drop(source, kids);
}

/* A finished body is kept with the unit, or given to who asked for it and forgotten. */
static void hand_over(struct source *source, struct ir_symbol *symbol, struct ir_func *func)
{
    if (source->take) {
        source->take(source->take_context, func);
        arena_reset(&source->body);
        return;
    }
    symbol->func = func;
    *vec_add(&source->scratch, &source->funcs) = func;
}

void lower_function(struct source *source, CXCursor cursor)
{
    struct decl *decl = symbol_of(source, cursor);
    if (decl->kind != DECL_SYMBOL || decl->is_lowered)
        return;
    struct kids kids = kids_of(source, cursor);
    CXCursor body = clang_getNullCursor();
    for (size_t i = 0; i < kids.count; i++)
        if (clang_getCursorKind(kid(source, kids, i)) == CXCursor_CompoundStmt)
            body = kid(source, kids, i);
    kids_drop(source, kids);
    if (clang_Cursor_isNull(body))
        return;
    decl->is_lowered = true;
    struct arena *arena = source->take ? &source->body : source->arena;
    struct ir_func *func = arena_new(arena, struct ir_func);
    func->symbol = decl->symbol;
    func->unit = source->unit;
    func->pos = pos_of_name(source, cursor, decl->symbol->name);
    struct build *build = &source->function;
    build_begin(build, source, arena, func);
    build->cursor = cursor;
    if (source->errors.count) {
        struct ir_pos extent = pos_of(source, cursor);
        func->incomplete = error_within(source, &extent);
    }
    add_params(build, cursor);
    lower_body(build, body);
    build_end(build);
    hand_over(source, decl->symbol, func);
}
