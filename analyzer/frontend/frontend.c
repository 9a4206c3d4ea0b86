/*
 * frontend.c - one translation unit: parse it, gather its errors, lower all that is its own.
 */
#include "frontend/frontend.h"

#include "frontend/flags.h"
#include "frontend/lower.h"

#include <stdlib.h>
#include <string.h>

/* ---- parsing --------------------------------------------------------------------------------- */

static struct CXUnsavedFile *unsaved_files(struct arena *arena, const struct frontend_job *job)
{
    struct CXUnsavedFile *files = arena_array(arena, struct CXUnsavedFile, job->buffer_count);
    for (size_t i = 0; i < job->buffer_count; i++)
        files[i] = (struct CXUnsavedFile){job->buffers[i].path, job->buffers[i].text,
                                          job->buffers[i].length};
    return files;
}

static const char *explain(struct arena *arena, enum CXErrorCode code, const char *file)
{
    switch (code) {
    case CXError_ASTReadError:
        return arena_printf(arena,
                            "%s: libclang does not accept its compiler flags (an unknown -std=, "
                            "or the file named twice); try them with clang -fsyntax-only",
                            file);
    case CXError_Crashed:
        return arena_printf(arena, "%s: libclang crashed on it; leave it out, or report it to LLVM",
                            file);
    default:
        return arena_printf(arena,
                            "%s: libclang cannot parse it: the file is missing or unreadable, or "
                            "its flags name an unknown target; try it with clang -fsyntax-only",
                            file);
    }
}

static CXTranslationUnit parse(struct arena *arena, CXIndex index, const struct frontend_job *job,
                               const char *file, const char **problem)
{
    struct frontend_flags flags = frontend_clean_flags(arena, job);
    if (flags.problem || flags.skipped) {
        *problem = flags.problem ? flags.problem
                                 : arena_printf(arena, "is not for leash: %s", flags.skipped);
        return NULL;
    }
    CXTranslationUnit tu = NULL;
    enum CXErrorCode code = clang_parseTranslationUnit2(
        index, file, flags.at, (int)flags.count, unsaved_files(arena, job),
        (unsigned)job->buffer_count, CXTranslationUnit_KeepGoing, &tu);
    if (code != CXError_Success || !tu)
        *problem = explain(arena, code, file);
    return tu;
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* Unknown flags of another compiler: libclang reports them and goes on without. */
static bool is_about_flags(const char *message)
{
    static const char *const starts[] = {"unknown argument", "unsupported option",
                                         "unsupported argument", "optimization flag",
                                         "argument unused"};
    for (size_t i = 0; i < COUNT_OF(starts); i++)
        if (text_starts(message, starts[i]))
            return true;
    return false;
}

/* Whether declarations may be missing anywhere.  (With KeepGoing nothing is called fatal.) */
static bool is_about_headers(const char *message)
{
    return text_ends(message, "file not found") || text_starts(message, "cannot open file") ||
           text_starts(message, "#include nested too deeply");
}

static void add_error(struct source *source, CXDiagnostic diagnostic)
{
    enum CXDiagnosticSeverity severity = clang_getDiagnosticSeverity(diagnostic);
    if (severity < CXDiagnostic_Error)
        return;
    const char *message = own_string(source, clang_getDiagnosticSpelling(diagnostic));
    CXFile file = NULL;
    struct ir_pos pos = {0};
    clang_getFileLocation(clang_getDiagnosticLocation(diagnostic), &file, &pos.line, &pos.column,
                          NULL);
    if (!file && is_about_flags(message))
        return;
    if (file) {
        pos.file = file_index(source, file);
        pos.end_line = pos.line;
        pos.end_column = pos.column + 1;
    }
    if (severity == CXDiagnostic_Fatal || !file || is_about_headers(message))
        source->unit->is_incomplete = true;
    *vec_add(&source->scratch, &source->errors) = (struct ir_error){pos, message};
}

static int compare_places(const struct ir_pos *a, const struct ir_pos *b)
{
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

static int compare_errors(const void *a, const void *b)
{
    const struct ir_error *left = a;
    const struct ir_error *right = b;
    int order = compare_places(&left->pos, &right->pos);
    return order ? order : strcmp(left->message, right->message);
}

static void collect_errors(struct source *source)
{
    unsigned count = clang_getNumDiagnostics(source->tu);
    for (unsigned i = 0; i < count; i++) {
        CXDiagnostic diagnostic = clang_getDiagnostic(source->tu, i);
        add_error(source, diagnostic);
        clang_disposeDiagnostic(diagnostic);
    }
    if (source->errors.count)
        qsort(source->errors.at, source->errors.count, sizeof(struct ir_error), compare_errors);
}

const char *error_within(const struct source *source, const struct ir_pos *extent)
{
    size_t low = 0;
    size_t high = source->errors.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_places(&source->errors.at[middle].pos, extent) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == source->errors.count)
        return NULL;
    const struct ir_error *error = &source->errors.at[low];
    struct ir_pos end = {extent->file, extent->end_line, extent->end_column, 0, 0};
    return compare_places(&error->pos, &end) <= 0 ? error->message : NULL;
}

/* ---- the unit's own declarations ------------------------------------------------------------- */

static enum CXChildVisitResult add_enumerator(CXCursor cursor, CXCursor parent, CXClientData data)
{
    (void)parent;
    struct source *source = data;
    if (clang_getCursorKind(cursor) == CXCursor_EnumConstantDecl)
        *vec_add(&source->scratch, &source->enumerators) =
            (struct ir_enumerator){own_string(source, clang_getCursorSpelling(cursor)),
                                   clang_getEnumConstantDeclValue(cursor)};
    return CXChildVisit_Continue;
}

static enum CXChildVisitResult find_enum(CXCursor cursor, CXCursor parent, CXClientData data)
{
    (void)parent;
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    if (kind == CXCursor_EnumDecl)
        clang_visitChildren(cursor, add_enumerator, data);
    return kind == CXCursor_StructDecl || kind == CXCursor_UnionDecl ? CXChildVisit_Recurse
                                                                     : CXChildVisit_Continue;
}

static bool is_in_system_header(CXCursor cursor)
{
    return clang_Location_isInSystemHeader(clang_getCursorLocation(cursor)) != 0;
}

static void collect_enumerators(struct source *source, CXCursor cursor)
{
    if (is_in_system_header(cursor))
        return;
    if (clang_getCursorKind(cursor) == CXCursor_EnumDecl)
        clang_visitChildren(cursor, add_enumerator, source);
    else
        clang_visitChildren(cursor, find_enum, source);
}

/* Only what is ours is lowered; of headers most is thrown away by its kind alone. */
static enum CXChildVisitResult lower_decl(CXCursor cursor, CXCursor parent, CXClientData data)
{
    (void)parent;
    struct source *source = data;
    switch ((int)clang_getCursorKind(cursor)) {
    case CXCursor_FunctionDecl:
        if (source->remarks.count && !is_in_system_header(cursor))
            place_remarks(source, cursor);
        if (clang_isCursorDefinition(cursor) && !is_in_system_header(cursor))
            lower_function(source, cursor);
        break;
    case CXCursor_VarDecl:
        if (!is_in_system_header(cursor))
            lower_global(source, cursor);
        break;
    case CXCursor_EnumDecl:
    case CXCursor_StructDecl:
    case CXCursor_UnionDecl:
        collect_enumerators(source, cursor);
        break;
    default:
        break;
    }
    return CXChildVisit_Continue;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void add_inclusion(CXFile file, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
    (void)stack;
    (void)depth;
    file_index(data, file);
}

static void collect_files(struct source *source, const char *main_file)
{
    CXFile file = clang_getFile(source->tu, main_file);
    if (file)
        file_index(source, file); /* the main file comes first, whatever was read before it */
    clang_getInclusions(source->tu, add_inclusion, source);
}

/* ---- the unit -------------------------------------------------------------------------------- */

static int compare_enumerators(const void *a, const void *b)
{
    const struct ir_enumerator *left = a;
    const struct ir_enumerator *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : (left->value > right->value) - (left->value < right->value);
}

#define MOVE(unit, source, field, count_field)                                                     \
    ((unit)->count_field = (source)->field.count,                                                  \
     (unit)->field = arena_copy((source)->arena, (source)->field.at,                               \
                                (source)->field.count * sizeof *(source)->field.at))

static void finish_unit(struct source *source)
{
    struct ir_unit *unit = source->unit;
    complete_records(source);
    if (source->enumerators.count)
        qsort(source->enumerators.at, source->enumerators.count, sizeof(struct ir_enumerator),
              compare_enumerators);
    MOVE(unit, source, files, file_count);
    MOVE(unit, source, types, type_count);
    MOVE(unit, source, records, record_count);
    MOVE(unit, source, symbols, symbol_count);
    MOVE(unit, source, funcs, func_count);
    MOVE(unit, source, enumerators, enumerator_count);
    MOVE(unit, source, errors, error_count);
    unit->remark_count = source->remarks.count;
    unit->remarks = arena_array(source->arena, struct ir_remark, unit->remark_count);
    for (size_t i = 0; i < unit->remark_count; i++)
        unit->remarks[i] = source->remarks.at[i].ir;
}

static struct ir_unit *new_unit(struct arena *arena, const struct frontend_job *job,
                                const char *file)
{
    struct ir_unit *unit = arena_new(arena, struct ir_unit);
    unit->arena = arena;
    unit->main_file = path_clean(arena, file);
    unit->directory = arena_strdup(arena, job->directory);
    unit->output = arena_strdup(arena, job->output ? job->output : "");
    unit->init = arena_new(arena, struct ir_func);
    unit->init->unit = unit;
    return unit;
}

static uint64_t pointer_size(CXTranslationUnit tu)
{
    CXTargetInfo target = clang_getTranslationUnitTargetInfo(tu);
    int bits = clang_TargetInfo_getPointerWidth(target);
    clang_TargetInfo_dispose(target);
    return bits > 0 ? (uint64_t)bits / 8 : 8;
}

static void begin_source(struct source *source)
{
    source->names.map.arena = source->arena;
    source->file_index.arena = &source->scratch;
    source->path_index.arena = &source->scratch;
    source->named_symbols.arena = &source->scratch;
    source->function_names.arena = &source->scratch;
    source->pointer_size = pointer_size(source->tu);
    source->globals.arena = &source->scratch;
    source->locals.arena = &source->brief;
    types_begin(source);
    source->nothing = ir_unknown(source->arena, source->void_type);
    build_begin(&source->init, source, source->arena, source->unit->init);
    source->init.is_static = true;
}

static void lower_source(struct source *source, const char *file)
{
    begin_source(source);
    collect_files(source, file);
    collect_errors(source);
    collect_remarks(source);
    clang_visitChildren(clang_getTranslationUnitCursor(source->tu), lower_decl, source);
    build_end(&source->init);
    finish_unit(source);
}

struct ir_unit *frontend_parse_each(struct arena *arena, const struct frontend_job *job,
                                    frontend_take *take, void *context, const char **problem)
{
    const char *file = path_join(arena, job->directory, job->file);
    CXIndex index = clang_createIndex(0, 0);
    CXTranslationUnit tu = parse(arena, index, job, file, problem);
    struct ir_unit *unit = NULL;
    if (tu) {
        struct source *source = arena_new(arena, struct source);
        source->arena = arena;
        source->tu = tu;
        source->take = take;
        source->take_context = context;
        source->unit = unit = new_unit(arena, job, file);
        lower_source(source, file);
        arena_release(&source->scratch);
        arena_release(&source->brief);
        arena_release(&source->body);
        decls_release(&source->globals);
        decls_release(&source->locals);
        build_release(&source->function);
        build_release(&source->init);
        clang_disposeTranslationUnit(tu);
    }
    clang_disposeIndex(index);
    return unit;
}

struct ir_unit *frontend_parse(struct arena *arena, const struct frontend_job *job,
                               const char **problem)
{
    return frontend_parse_each(arena, job, NULL, NULL, problem);
}

/* "Debian clang version 19.1.7 (3+b1)": the number is what counts. */
static void read_version(char *version, size_t size)
{
    CXString string = clang_getClangVersion();
    const char *text = clang_getCString(string);
    const char *number = text ? strstr(text, "version ") : NULL;
    number = number ? number + strlen("version ") : "of unknown version";
    snprintf(version, size, "libclang %.*s", (int)strcspn(number, " ("), number);
    clang_disposeString(string);
}

const char *frontend_version(void)
{
    static _Thread_local char version[64];
    if (!version[0])
        read_version(version, sizeof version);
    return version;
}
