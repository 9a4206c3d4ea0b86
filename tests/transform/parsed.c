#include "parsed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- parsing --------------------------------------------------------------------------------- */

static void find_lines(struct parsed *parsed, struct parsed_file *file)
{
    *vec_add(parsed->arena, &file->lines) = 0;
    for (uint32_t at = 0; at < file->length; at++)
        if (file->text[at] == '\n')
            *vec_add(parsed->arena, &file->lines) = at + 1;
}

static void add_files(struct parsed *parsed)
{
    const struct fixture *fixture = parsed->fixture;

    parsed->files = arena_array(parsed->arena, struct parsed_file, fixture->files.count);
    for (size_t i = 0; i < fixture->files.count; i++) {
        struct parsed_file *file = &parsed->files[i];
        file->path = fixture->files.at[i].path;
        file->text = fixture->files.at[i].text;
        file->length = (uint32_t)fixture->files.at[i].length;
        find_lines(parsed, file);
    }
}

static CXTranslationUnit parse(struct parsed *parsed, const char *path, const char *const *flags,
                               size_t flag_count)
{
    const struct fixture *fixture = parsed->fixture;
    struct CXUnsavedFile *unsaved =
        arena_array(parsed->arena, struct CXUnsavedFile, fixture->files.count);
    CXTranslationUnit unit = NULL;

    for (size_t i = 0; i < fixture->files.count; i++)
        unsaved[i] = (struct CXUnsavedFile){fixture->files.at[i].path, fixture->files.at[i].text,
                                            fixture->files.at[i].length};
    clang_parseTranslationUnit2(parsed->index, path, flags, (int)flag_count, unsaved,
                                (unsigned)fixture->files.count,
                                CXTranslationUnit_DetailedPreprocessingRecord, &unit);
    return unit;
}

static uint32_t offset_of(CXSourceLocation location)
{
    unsigned offset = 0;

    clang_getFileLocation(location, NULL, NULL, NULL, &offset);
    return offset;
}

static void read_tokens(struct parsed *parsed, struct parsed_file *file, CXTranslationUnit unit)
{
    CXFile handle = clang_getFile(unit, file->path);
    CXToken *tokens = NULL;
    unsigned count = 0;

    if (!handle || file->tokens.count)
        return;
    clang_tokenize(unit,
                   clang_getRange(clang_getLocationForOffset(unit, handle, 0),
                                  clang_getLocationForOffset(unit, handle, file->length)),
                   &tokens, &count);
    for (unsigned i = 0; i < count; i++) {
        CXSourceRange extent = clang_getTokenExtent(unit, tokens[i]);
        uint32_t start = offset_of(clang_getRangeStart(extent));
        uint32_t end = offset_of(clang_getRangeEnd(extent));
        *vec_add(parsed->arena, &file->tokens) =
            (struct token){clang_getTokenKind(tokens[i]), start, end - start};
    }
    clang_disposeTokens(unit, tokens, count);
}

bool parsed_open(struct parsed *parsed, struct arena *arena, const struct fixture *fixture,
                 const char *root, const struct expected *expected, struct text *out)
{
    size_t flag_count = 0;
    const char *const *flags = fixture_flags(arena, root, expected, &flag_count);

    *parsed = (struct parsed){.arena = arena, .fixture = fixture};
    parsed->index = clang_createIndex(0, 0);
    add_files(parsed);
    for (size_t i = 0; i < fixture->files.count; i++) {
        if (!text_ends(parsed->files[i].path, ".c"))
            continue;
        CXTranslationUnit unit = parse(parsed, parsed->files[i].path, flags, flag_count);
        if (!unit) {
            text_printf(out, "%s: libclang cannot parse it\n", parsed->files[i].path);
            return false;
        }
        *vec_add(arena, &parsed->units) = unit;
        for (size_t k = 0; k < fixture->files.count; k++)
            read_tokens(parsed, &parsed->files[k], unit);
    }
    return true;
}

void parsed_close(struct parsed *parsed)
{
    for (size_t i = 0; i < parsed->units.count; i++)
        clang_disposeTranslationUnit(parsed->units.at[i]);
    clang_disposeIndex(parsed->index);
}

/* ---- cursors --------------------------------------------------------------------------------- */

const char *parsed_string(struct parsed *parsed, CXString string)
{
    const char *text = clang_getCString(string);
    const char *own = arena_strdup(parsed->arena, text ? text : "");

    clang_disposeString(string);
    return own;
}

const char *parsed_name(struct parsed *parsed, CXCursor cursor)
{
    return parsed_string(parsed, clang_getCursorSpelling(cursor));
}

/* By its path: libclang may have several handles for one file. */
struct parsed_file *parsed_where(struct parsed *parsed, CXSourceLocation location, uint32_t *offset)
{
    struct parsed_file *found = NULL;
    unsigned at = 0;
    CXFile handle = NULL;

    clang_getFileLocation(location, &handle, NULL, NULL, &at);
    if (!handle)
        return NULL;
    CXString path = clang_getFileName(handle);
    for (size_t i = 0; i < parsed->fixture->files.count && !found; i++)
        if (text_is(clang_getCString(path), parsed->files[i].path))
            found = &parsed->files[i];
    clang_disposeString(path);
    *offset = at;
    return found;
}

struct parsed_file *parsed_at(struct parsed *parsed, CXCursor cursor, uint32_t *offset)
{
    return parsed_where(parsed, clang_getCursorLocation(cursor), offset);
}

struct visit {
    struct parsed *parsed;
    parsed_see *see;
    void *context;
};

static enum CXChildVisitResult visit_inside(CXCursor cursor, CXCursor parent, CXClientData data)
{
    struct visit *visit = data;

    (void)parent;
    return visit->see(visit->context, cursor);
}

/* What headers declare is passed over at the top. */
static enum CXChildVisitResult visit_top(CXCursor cursor, CXCursor parent, CXClientData data)
{
    struct visit *visit = data;
    uint32_t offset;

    (void)parent;
    if (!parsed_at(visit->parsed, cursor, &offset))
        return CXChildVisit_Continue;
    if (visit->see(visit->context, cursor) == CXChildVisit_Recurse)
        clang_visitChildren(cursor, visit_inside, visit);
    return CXChildVisit_Continue;
}

void parsed_visit(struct parsed *parsed, parsed_see *see, void *context)
{
    struct visit visit = {parsed, see, context};

    for (size_t i = 0; i < parsed->units.count; i++)
        clang_visitChildren(clang_getTranslationUnitCursor(parsed->units.at[i]), visit_top, &visit);
}

/* ---- text ------------------------------------------------------------------------------------ */

const char *word_at(struct arena *arena, const struct parsed_file *file, uint32_t offset)
{
    uint32_t end = offset;

    while (end < file->length &&
           (isalnum((unsigned char)file->text[end]) || file->text[end] == '_'))
        end++;
    return arena_strndup(arena, file->text + offset, end - offset);
}

uint32_t line_at(const struct parsed_file *file, uint32_t offset)
{
    size_t low = 0;
    size_t high = file->lines.count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (file->lines.at[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return (uint32_t)low + 1;
}

size_t token_at(const struct parsed_file *file, uint32_t offset)
{
    size_t low = 0;
    size_t high = file->tokens.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (file->tokens.at[middle].offset + file->tokens.at[middle].length <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool token_is(const struct parsed_file *file, size_t token, const char *text)
{
    if (token >= file->tokens.count)
        return false;
    const struct token *it = &file->tokens.at[token];
    return it->length == strlen(text) && memcmp(file->text + it->offset, text, it->length) == 0;
}

const char *token_text(struct arena *arena, const struct parsed_file *file, size_t token)
{
    const struct token *it = &file->tokens.at[token];

    return arena_strndup(arena, file->text + it->offset, it->length);
}

/* ---- changes --------------------------------------------------------------------------------- */

void change_add(struct arena *arena, changes *all, uint32_t offset, uint32_t length,
                const char *text)
{
    *vec_add(arena, all) = (struct change){offset, length, text};
}

void change_blank(struct arena *arena, changes *all, const struct parsed_file *file, uint32_t from,
                  uint32_t to)
{
    char *blank = arena_strndup(arena, file->text + from, to - from);

    for (char *c = blank; *c; c++)
        if (*c != '\n')
            *c = ' ';
    change_add(arena, all, from, to - from, blank);
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *left = a;
    const struct change *right = b;

    if (left->offset != right->offset)
        return left->offset < right->offset ? -1 : 1;
    if (left->length != right->length)
        return left->length < right->length ? -1 : 1;
    return strcmp(left->text, right->text);
}

const char *changes_apply(struct arena *arena, changes *all, const struct parsed_file *file,
                          size_t *length)
{
    struct text out = {0};
    uint32_t at = 0;

    if (all->count)
        qsort(all->at, all->count, sizeof *all->at, compare_changes);
    for (size_t i = 0; i < all->count; i++) {
        const struct change *change = &all->at[i];
        if (i > 0 && compare_changes(&all->at[i - 1], change) == 0)
            continue;
        BUG_ON(change->offset < at);
        text_add_bytes(&out, file->text + at, change->offset - at);
        text_add(&out, change->text);
        at = change->offset + change->length;
    }
    text_add_bytes(&out, file->text + at, file->length - at);
    *length = out.length;
    const char *result = arena_strndup(arena, out.at, out.length);
    text_release(&out);
    return result;
}
