/*
 * cursor.c - libclang's cursors as we use them: children, strings, positions and source text.
 */
#include "frontend/lower.h"

#include <ctype.h>
#include <string.h>

/* ---- children -------------------------------------------------------------------------------- */

static enum CXChildVisitResult add_kid(CXCursor cursor, CXCursor parent, CXClientData data)
{
    (void)parent;
    struct source *source = data;
    *vec_add(&source->scratch, &source->kids) = cursor;
    return CXChildVisit_Continue;
}

struct kids kids_of(struct source *source, CXCursor cursor)
{
    struct kids kids = {.at = source->kids.count};
    clang_visitChildren(cursor, add_kid, source);
    kids.count = source->kids.count - kids.at;
    return kids;
}

void kids_drop(struct source *source, struct kids kids)
{
    source->kids.count = kids.at;
}

CXCursor kid(const struct source *source, struct kids kids, size_t i)
{
    BUG_ON(i >= kids.count);
    return source->kids.at[kids.at + i];
}

/* ---- strings --------------------------------------------------------------------------------- */

const char *own_string(struct source *source, CXString string)
{
    const char *text = clang_getCString(string);
    const char *own = intern_str(&source->names, text ? text : "");
    clang_disposeString(string);
    return own;
}

bool evaluate(CXCursor cursor, int64_t *value)
{
    CXEvalResult result = clang_Cursor_Evaluate(cursor);
    if (!result)
        return false;
    bool is_int = clang_EvalResult_getKind(result) == CXEval_Int;
    if (is_int)
        *value = clang_EvalResult_isUnsignedInt(result)
                     ? (int64_t)clang_EvalResult_getAsUnsigned(result)
                     : clang_EvalResult_getAsLongLong(result);
    clang_EvalResult_dispose(result);
    return is_int;
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_system_file(struct source *source, CXFile file)
{
    return clang_Location_isInSystemHeader(clang_getLocationForOffset(source->tu, file, 0)) != 0;
}

static uint32_t add_file(struct source *source, CXFile file, const char *path)
{
    struct own_file *own = vec_add(&source->scratch, &source->own_files);
    own->file = file;
    own->text = clang_getFileContents(source->tu, file, &own->length);
    struct ir_file *ir = vec_add(&source->scratch, &source->files);
    ir->path = path;
    ir->hash = own->text ? hash_bytes(own->text, own->length) : 0;
    ir->size = own->text ? own->length : 0;
    ir->is_system = is_system_file(source, file);
    return (uint32_t)source->files.count - 1;
}

/* libclang may hand out several handles for one file: the path tells.  (Its own comparison takes
 * all buffers without a file on disk for the same.) */
static uint32_t find_file(struct source *source, CXFile file)
{
    const char *name = own_string(source, clang_getFileName(file));
    char *path = path_clean(source->arena, path_join(source->arena, source->unit->directory, name));
    void **slot = map_put_str(&source->path_index, path);
    if (!*slot)
        *slot = (void *)(uintptr_t)(add_file(source, file, path) + 1);
    return (uint32_t)(uintptr_t)*slot - 1;
}

uint32_t file_index(struct source *source, CXFile file)
{
    if (!file)
        return 0;
    if (file == source->last_file)
        return source->last_index;
    void **slot = map_put(&source->file_index, &file, sizeof file);
    if (!*slot)
        *slot = (void *)(uintptr_t)(find_file(source, file) + 1);
    source->last_file = file;
    source->last_index = (uint32_t)(uintptr_t)*slot - 1;
    return source->last_index;
}

/* ---- source text ----------------------------------------------------------------------------- */

const char *text_at(struct source *source, CXSourceLocation location, size_t *length)
{
    CXFile file = NULL;
    unsigned offset = 0;
    clang_getSpellingLocation(location, &file, NULL, NULL, &offset);
    if (!file)
        return NULL; /* pasted tokens stand in no file */
    const struct own_file *own = &source->own_files.at[file_index(source, file)];
    if (!own->text || offset >= own->length)
        return NULL;
    *length = own->length - offset;
    return own->text + offset;
}

const char *text_of_start(struct source *source, CXCursor cursor, size_t *length)
{
    return text_at(source, clang_getRangeStart(clang_getCursorExtent(cursor)), length);
}

static const char *skip_comment(const char *text, const char *end)
{
    if (text[1] == '/') {
        while (text < end && *text != '\n')
            text++;
        return text;
    }
    for (text += 2; text < end; text++)
        if (*text == '*' && text + 1 < end && text[1] == '/')
            return text + 2;
    return end;
}

static bool is_comment(const char *text, const char *end)
{
    return end - text >= 2 && text[0] == '/' && (text[1] == '/' || text[1] == '*');
}

/* A backslash before a line's end, as macro definitions have it. */
static bool is_continuation(const char *text, const char *end)
{
    return end - text >= 2 && text[0] == '\\' && (text[1] == '\n' || text[1] == '\r');
}

const char *skip_blank(const char *text, const char *end)
{
    while (text < end) {
        if (is_comment(text, end))
            text = skip_comment(text, end);
        else if (isspace((unsigned char)*text) || is_continuation(text, end))
            text++;
        else
            break;
    }
    return text;
}

static const char *skip_quoted(const char *text, const char *end)
{
    char quote = *text++;
    for (; text < end && *text != quote && *text != '\n'; text++)
        if (*text == '\\' && text + 1 < end)
            text++;
    return text < end ? text + 1 : end;
}

static const char *skip_bracketed(const char *text, const char *end)
{
    unsigned depth = 0;
    while (text < end) {
        char c = *text;
        if (c == '"' || c == '\'') {
            text = skip_quoted(text, end);
            continue;
        }
        if (is_comment(text, end)) {
            text = skip_comment(text, end);
            continue;
        }
        text++;
        if (c == '(' || c == '[' || c == '{')
            depth++;
        else if ((c == ')' || c == ']' || c == '}') && --depth == 0)
            return text;
    }
    return end;
}

const char *skip_piece(const char *text, const char *end)
{
    if (text >= end)
        return end;
    if (is_comment(text, end))
        return skip_comment(text, end);
    if (*text == '"' || *text == '\'')
        return skip_quoted(text, end);
    if (*text == '(' || *text == '[' || *text == '{')
        return skip_bracketed(text, end);
    if (!isalnum((unsigned char)*text) && *text != '_')
        return text + 1;
    while (text < end && (isalnum((unsigned char)*text) || *text == '_'))
        text++;
    return text;
}

/* ---- positions ------------------------------------------------------------------------------- */

struct place {
    CXFile file;
    unsigned line, column, offset;
};

static struct place file_place(CXSourceLocation location)
{
    struct place place = {0};
    clang_getFileLocation(location, &place.file, &place.line, &place.column, &place.offset);
    return place;
}

static struct place expansion_place(CXSourceLocation location)
{
    struct place place = {0};
    clang_getExpansionLocation(location, &place.file, &place.line, &place.column, &place.offset);
    return place;
}

static bool is_same_place(const struct place *a, const struct place *b)
{
    return a->file == b->file && a->offset == b->offset;
}

static struct place move_to(struct place place, const char *from, const char *to)
{
    for (; from < to; from++) {
        place.offset++;
        place.column++;
        if (*from == '\n') {
            place.line++;
            place.column = 1;
        }
    }
    return place;
}

/* The end of the macro call whose name stands at `name`: past its arguments where it has some. */
static struct place find_macro_end(struct source *source, struct place name)
{
    const struct own_file *own = &source->own_files.at[file_index(source, name.file)];
    if (!own->text || name.offset >= own->length)
        return name;
    const char *start = own->text + name.offset;
    const char *end = own->text + own->length;
    const char *behind = skip_piece(start, end);
    const char *bracket = skip_blank(behind, end);
    if (bracket < end && *bracket == '(')
        behind = skip_piece(bracket, end);
    return move_to(name, start, behind);
}

/* The last answer is kept: many constructs come out of one long macro call. */
static struct place macro_end(struct source *source, struct place name)
{
    struct macro_call *last = &source->last_macro;
    if (last->file != name.file || last->offset != name.offset) {
        struct place end = find_macro_end(source, name);
        *last = (struct macro_call){name.file, name.offset, end.line, end.column, end.offset};
    }
    return (struct place){last->file, last->end_line, last->end_column, last->end_offset};
}

/* Two ends inside of macro arguments are inside the same one if no comma parts them. */
static bool is_one_argument(struct source *source, const struct place *start,
                            const struct place *end)
{
    if (start->file != end->file || start->offset >= end->offset)
        return false;
    const struct own_file *own = &source->own_files.at[file_index(source, start->file)];
    if (!own->text || end->offset > own->length)
        return false;
    const char *at = own->text + start->offset;
    const char *stop = own->text + end->offset;
    while (at < stop) {
        if (*at == ',' || *at == ')' || *at == ']' || *at == '}')
            return false;
        at = skip_piece(at, stop);
    }
    return true;
}

/* What ends in the body of a macro that was called within another's argument: there libclang's end
 * is that inner call's name. */
static void finish_inner_call(struct source *source, CXSourceLocation location, struct place *start,
                              struct place *end)
{
    struct place spelled = {0};
    clang_getSpellingLocation(location, &spelled.file, NULL, NULL, &spelled.offset);
    if (is_same_place(&spelled, end))
        return; /* written in the argument itself */
    if (start->file == end->file && start->offset > end->offset)
        *start = *end;
    *end = macro_end(source, *end);
}

/*
 * libclang maps an end in a macro's body to the end of the outermost macro call, and leaves an end
 * in a macro's argument where it is.  So: both plain or in a body, the usual case, need nothing;
 * the others are widened to the whole macro call, unless all of the construct is in one argument.
 */
static void widen(struct source *source, CXSourceRange range, struct place *start,
                  struct place *end)
{
    struct place outer_start = expansion_place(clang_getRangeStart(range));
    struct place outer_end = expansion_place(clang_getRangeEnd(range));
    bool starts_inside = !is_same_place(start, &outer_start);
    bool ends_inside = !is_same_place(end, &outer_end);
    if (starts_inside && ends_inside) {
        finish_inner_call(source, clang_getRangeEnd(range), start, end);
        if (is_one_argument(source, start, end))
            return;
    }
    *start = outer_start;
    if (ends_inside)
        *end = macro_end(source, outer_end);
}

static struct ir_pos to_pos(struct source *source, const struct place *start,
                            const struct place *end)
{
    struct ir_pos pos = {file_index(source, start->file), start->line, start->column, end->line,
                         end->column};
    if (end->file != start->file || end->offset < start->offset) {
        pos.end_line = pos.line;
        pos.end_column = pos.column + 1;
    }
    return pos;
}

/* libclang's encoding of a location sets the top bit for what a macro expands to.  To ask for the
 * expansion of each location instead would cost a twentieth of a unit's time. */
static bool is_in_macro(CXSourceRange range)
{
    return ((range.begin_int_data | range.end_int_data) & UINT32_C(0x80000000)) != 0;
}

struct ir_pos pos_of_range(struct source *source, CXSourceRange range)
{
    struct place start = file_place(clang_getRangeStart(range));
    struct place end = file_place(clang_getRangeEnd(range));
    if (!start.file)
        return (struct ir_pos){0};
    if (is_in_macro(range))
        widen(source, range, &start, &end);
    return to_pos(source, &start, &end);
}

struct ir_pos pos_of(struct source *source, CXCursor cursor)
{
    return pos_of_range(source, clang_getCursorExtent(cursor));
}

struct ir_pos pos_of_name(struct source *source, CXCursor cursor, const char *name)
{
    struct place start = file_place(clang_getCursorLocation(cursor));
    if (!start.file)
        return (struct ir_pos){0};
    const struct own_file *own = &source->own_files.at[file_index(source, start.file)];
    size_t length = strlen(name);
    struct place end = start;
    if (own->text && start.offset + length <= own->length &&
        memcmp(own->text + start.offset, name, length) == 0) {
        end.offset += (unsigned)length;
        end.column += (unsigned)length;
    } else {
        end = macro_end(source, start);
    }
    return to_pos(source, &start, &end);
}

struct ir_pos end_of(struct ir_pos pos)
{
    pos.line = pos.end_line;
    pos.column = pos.end_column > 1 ? pos.end_column - 1 : pos.end_column;
    return pos;
}

struct ir_pos pos_of_end(struct source *source, CXCursor cursor)
{
    return end_of(pos_of(source, cursor));
}
