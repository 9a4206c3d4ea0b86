/*
 * wrap: each call of the API goes through a function made for that call alone.
 *
 *     static bool w3(leash_chan_t *a0, void *a1, ...) { return leash_chan_recv(a0, a1, ...); }
 *     ...
 *     #define leash_chan_recv w3
 *         while (chan_recv(jobs, &job)) {
 *     #undef leash_chan_recv
 *
 * The call itself is not touched: a macro renames the function for the lines of the call.  So it
 * does not matter through which macros, with which types and how many arguments the program comes
 * to the function, and spawn and chan_select are no exceptions.  The lines that come in belong to
 * the line of the call.
 *
 * What stays as it is: defers and pthread_cleanup_push, which are no calls and would end with the
 * helper, and calls that a comment speaks of, since it would not reach the helper.
 */
#include "transform.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* The headers whose functions are the API. */
static const char *const headers[] = {"leash.h", "pthread.h", "threads.h"};

/* A use of one function of the API. */
struct use {
    size_t file;          /* of the fixture */
    uint32_t offset;      /* of the call */
    uint32_t first, last; /* lines between which no line may come in */
    const char *name;
    CXCursor function;
    size_t helper; /* its number */
};

struct extent {
    size_t file;
    uint32_t start, end;
};

struct wrap {
    struct parsed *parsed;
    VEC(struct use) uses;
    VEC(struct extent) whole; /* macro calls and comments: no line may come in */
    size_t helpers, left;
};

static size_t index_of(const struct wrap *wrap, const struct parsed_file *file)
{
    return (size_t)(file - wrap->parsed->files);
}

/* ---- finding the calls ----------------------------------------------------------------------- */

/* As the user asks: PATTERN, or -PATTERN for all others. */
static bool is_wanted(const struct wrap *wrap, const char *name)
{
    const char *only = wrap->parsed->only;

    if (!only)
        return true;
    return *only == '-' ? fnmatch(only + 1, name, 0) != 0 : fnmatch(only, name, 0) == 0;
}

/* Names with an underscore in front are a library's inside, as pthread_cleanup_push expands to. */
static bool is_api(struct wrap *wrap, CXCursor function)
{
    CXFile file = NULL;
    const char *name = parsed_name(wrap->parsed, function);

    if (clang_getCursorKind(function) != CXCursor_FunctionDecl || *name == '_' ||
        clang_isFunctionTypeVariadic(clang_getCursorType(function)))
        return false;
    clang_getFileLocation(clang_getCursorLocation(function), &file, NULL, NULL, NULL);
    const char *header = path_base(parsed_string(wrap->parsed, clang_getFileName(file)));
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        if (text_is(header, headers[i]))
            return is_wanted(wrap, name);
    return false;
}

static void see_macro(struct wrap *wrap, CXCursor macro)
{
    CXSourceRange range = clang_getCursorExtent(macro);
    struct extent extent = {0};
    const char *name = parsed_name(wrap->parsed, macro);
    const struct parsed_file *file =
        parsed_where(wrap->parsed, clang_getRangeStart(range), &extent.start);

    if (!file || parsed_where(wrap->parsed, clang_getRangeEnd(range), &extent.end) != file)
        return;
    extent.file = index_of(wrap, file);
    *vec_add(wrap->parsed->arena, &wrap->whole) = extent;
    wrap->left += text_starts(name, "defer_") || text_starts(name, "LEASH_DEFER") ||
                  text_is(name, "pthread_cleanup_push");
}

static enum CXChildVisitResult see(void *context, CXCursor cursor)
{
    struct wrap *wrap = context;
    uint32_t offset;
    const struct parsed_file *file = parsed_at(wrap->parsed, cursor, &offset);

    if (clang_getCursorKind(cursor) == CXCursor_MacroExpansion)
        see_macro(wrap, cursor);
    if (clang_getCursorKind(cursor) != CXCursor_DeclRefExpr || !file)
        return CXChildVisit_Recurse;
    CXCursor function = clang_getCursorReferenced(cursor);
    if (is_api(wrap, function))
        *vec_add(wrap->parsed->arena, &wrap->uses) =
            (struct use){.file = index_of(wrap, file),
                         .offset = offset,
                         .name = parsed_name(wrap->parsed, function),
                         .function = function};
    return CXChildVisit_Recurse;
}

static void see_comments(struct wrap *wrap)
{
    for (size_t i = 0; i < wrap->parsed->fixture->files.count; i++) {
        const struct parsed_file *file = &wrap->parsed->files[i];
        for (size_t k = 0; k < file->tokens.count; k++) {
            const struct token *token = &file->tokens.at[k];
            if (token->kind == CXToken_Comment)
                *vec_add(wrap->parsed->arena, &wrap->whole) =
                    (struct extent){i, token->offset, token->offset + token->length};
        }
    }
}

/* ---- the lines of a call --------------------------------------------------------------------- */

static const char *line_text(const struct wrap *wrap, const struct parsed_file *file, uint32_t line)
{
    uint32_t from = file->lines.at[line - 1];
    uint32_t to = line < file->lines.count ? file->lines.at[line] : file->length;

    return arena_strndup(wrap->parsed->arena, file->text + from, to - from);
}

static bool is_continued(const struct wrap *wrap, const struct parsed_file *file, uint32_t line)
{
    return line > 0 && text_ends(line_text(wrap, file, line), "\\\n");
}

/* A comment alone on its line speaks of the next one, and stays beside it. */
static bool is_comment(const struct wrap *wrap, const struct parsed_file *file, uint32_t line)
{
    if (line == 0)
        return false;
    const char *text = line_text(wrap, file, line);
    text += strspn(text, " \t");
    return text_starts(text, "//") || text_starts(text, "/*");
}

/* Wider, until no macro call, comment or continued line is cut. */
static void widen(const struct wrap *wrap, struct use *use)
{
    const struct parsed_file *file = &wrap->parsed->files[use->file];
    uint32_t first, last;

    use->first = use->last = line_at(file, use->offset);
    do {
        first = use->first;
        last = use->last;
        for (size_t i = 0; i < wrap->whole.count; i++) {
            const struct extent *whole = &wrap->whole.at[i];
            uint32_t from = line_at(file, whole->start);
            uint32_t to = line_at(file, whole->end);
            if (whole->file != use->file || from > use->last || to < use->first)
                continue;
            use->first = from < use->first ? from : use->first;
            use->last = to > use->last ? to : use->last;
        }
        while (is_continued(wrap, file, use->first - 1) || is_comment(wrap, file, use->first - 1))
            use->first--;
        while (is_continued(wrap, file, use->last))
            use->last++;
    } while (use->first != first || use->last != last);
}

/* Does a comment on these lines, or above, speak to the analyzer? */
static bool is_spoken_of(const struct wrap *wrap, const struct use *use)
{
    const struct parsed_file *file = &wrap->parsed->files[use->file];

    for (uint32_t line = use->first > 1 ? use->first - 1 : 1; line <= use->last; line++) {
        const char *text = line_text(wrap, file, line);
        if (strstr(text, "leash:ignore") || strstr(text, "NOLINT"))
            return true;
    }
    return false;
}

static int compare_uses(const void *a, const void *b)
{
    const struct use *left = a;
    const struct use *right = b;

    if (left->file != right->file)
        return left->file < right->file ? -1 : 1;
    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    if (left->offset != right->offset)
        return left->offset < right->offset ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* Uses that share lines go together; a function used twice there has one helper. */
static void join(struct wrap *wrap)
{
    if (wrap->uses.count)
        qsort(wrap->uses.at, wrap->uses.count, sizeof *wrap->uses.at, compare_uses);
    for (size_t i = 1; i < wrap->uses.count; i++) {
        struct use *use = &wrap->uses.at[i];
        const struct use *before = &wrap->uses.at[i - 1];
        if (use->file != before->file || use->first > before->last)
            continue;
        use->first = before->first;
        use->last = use->last > before->last ? use->last : before->last;
        for (size_t k = i; k > 0 && wrap->uses.at[k - 1].first == use->first; k--)
            wrap->uses.at[k - 1].last = use->last;
    }
}

static bool is_together(const struct use *a, const struct use *b)
{
    return a->file == b->file && a->first == b->first;
}

static void number(struct wrap *wrap)
{
    for (size_t i = 0; i < wrap->uses.count; i++) {
        struct use *use = &wrap->uses.at[i];
        for (size_t k = i; k > 0 && is_together(&wrap->uses.at[k - 1], use) && !use->helper; k--)
            if (text_is(wrap->uses.at[k - 1].name, use->name))
                use->helper = wrap->uses.at[k - 1].helper;
        if (use->helper)
            continue;
        if (is_spoken_of(wrap, use))
            wrap->left++;
        else
            use->helper = ++wrap->helpers;
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

struct writer {
    struct wrap *wrap;
    size_t file;
    struct text out;
    VEC(uint32_t) lines; /* by line of `out` */
};

static void add_line(struct writer *writer, const char *text, uint32_t line)
{
    text_add(&writer->out, text);
    *vec_add(writer->wrap->parsed->arena, &writer->lines) = line;
}

/* A pointer to a function wraps itself around the name; __typeof__ undoes that. */
static const char *declare(struct parsed *parsed, CXType type, const char *name)
{
    const char *spelling = parsed_string(parsed, clang_getTypeSpelling(type));

    if (strstr(spelling, "(*"))
        return arena_printf(parsed->arena, "__typeof__(%s) %s", spelling, name);
    return arena_printf(parsed->arena, "%s %s", spelling, name);
}

static const char *parameters(struct parsed *parsed, CXCursor function)
{
    CXType type = clang_getCursorType(function);
    int count = clang_getNumArgTypes(type);
    const char *all = count ? "" : "void";

    for (int i = 0; i < count; i++)
        all = arena_printf(parsed->arena, "%s%s%s", all, i ? ", " : "",
                           declare(parsed, clang_getArgType(type, (unsigned)i),
                                   arena_printf(parsed->arena, "a%d", i)));
    return all;
}

static void write_helper(struct writer *writer, const struct use *use)
{
    struct parsed *parsed = writer->wrap->parsed;
    CXType result = clang_getCursorResultType(use->function);
    int count = clang_getNumArgTypes(clang_getCursorType(use->function));
    const char *arguments = "";

    for (int i = 0; i < count; i++)
        arguments = arena_printf(parsed->arena, "%s%sa%d", arguments, i ? ", " : "", i);
    const char *head =
        arena_printf(parsed->arena, "w%zu(%s)", use->helper, parameters(parsed, use->function));
    add_line(writer,
             arena_printf(parsed->arena, "static %s { %s%s(%s); }\n", declare(parsed, result, head),
                          result.kind == CXType_Void ? "" : "return ", use->name, arguments),
             line_at(&parsed->files[use->file], use->offset));
}

/* One use stands for all that share its helper. */
static bool is_first(const struct wrap *wrap, size_t i)
{
    const struct use *use = &wrap->uses.at[i];

    for (size_t k = i; k > 0 && is_together(&wrap->uses.at[k - 1], use); k--)
        if (wrap->uses.at[k - 1].helper == use->helper)
            return false;
    return use->helper > 0;
}

/* Behind the last include all types are there that the API has. */
static uint32_t last_include(const struct wrap *wrap, const struct parsed_file *file)
{
    uint32_t last = 0;

    for (uint32_t line = 1; line <= file->lines.count; line++)
        if (text_starts(line_text(wrap, file, line), "#include"))
            last = line;
    return last;
}

static void write_helpers(struct writer *writer)
{
    for (size_t i = 0; i < writer->wrap->uses.count; i++)
        if (writer->wrap->uses.at[i].file == writer->file && is_first(writer->wrap, i))
            write_helper(writer, &writer->wrap->uses.at[i]);
}

/* The directives before (or behind) a line. */
static void write_directives(struct writer *writer, uint32_t line, bool is_behind)
{
    const struct wrap *wrap = writer->wrap;
    struct arena *arena = wrap->parsed->arena;

    for (size_t i = 0; i < wrap->uses.count; i++) {
        const struct use *use = &wrap->uses.at[i];
        if (use->file != writer->file || (is_behind ? use->last : use->first) != line ||
            !is_first(wrap, i))
            continue;
        add_line(writer,
                 is_behind ? arena_printf(arena, "#undef %s\n", use->name)
                           : arena_printf(arena, "#define %s w%zu\n", use->name, use->helper),
                 line);
    }
}

static void write_file(struct wrap *wrap, size_t index, struct transformed *out)
{
    struct parsed *parsed = wrap->parsed;
    const struct parsed_file *file = &parsed->files[index];
    struct writer writer = {.wrap = wrap, .file = index};
    uint32_t include = last_include(wrap, file);

    *vec_add(parsed->arena, &writer.lines) = 0; /* there is no line 0 */
    if (include == 0)
        write_helpers(&writer);
    for (uint32_t line = 1; line <= file->lines.count; line++) {
        write_directives(&writer, line, false);
        add_line(&writer, line_text(wrap, file, line), line);
        write_directives(&writer, line, true);
        if (line == include)
            write_helpers(&writer);
    }
    struct origin *origin = transformed_add(
        parsed, out, file->path, arena_strndup(parsed->arena, writer.out.at, writer.out.length),
        writer.out.length, file->path);
    origin->lines = writer.lines.at;
    origin->line_count = (uint32_t)writer.lines.count;
    text_release(&writer.out);
}

bool transform_wrap(struct parsed *parsed, struct transformed *out, struct text *trouble)
{
    struct wrap wrap = {.parsed = parsed};

    (void)trouble;
    parsed_visit(parsed, see, &wrap);
    see_comments(&wrap);
    for (size_t i = 0; i < wrap.uses.count; i++)
        widen(&wrap, &wrap.uses.at[i]);
    join(&wrap);
    number(&wrap);
    for (size_t i = 0; i < parsed->fixture->files.count; i++)
        write_file(&wrap, i, out);
    out->done = wrap.helpers;
    out->left = wrap.left;
    return true;
}
