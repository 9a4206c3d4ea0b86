/*
 * split: each .c file becomes two of one program, with the same lines.
 *
 * The first half defines the functions of odd number, the second one those of even number and all
 * variables, so that even a single function is apart from the variables it uses.  What is defined
 * over there is declared here.  `static` would keep the halves from each other and goes.  A file
 * in which a macro makes definitions stays whole, and so does one that has a name of its own which
 * another file has as well.
 */
#include "transform.h"

#include <string.h>

enum { HALVES = 2, FIRST = 0, SECOND = 1 };

struct split {
    struct parsed *parsed;
    struct parsed_file *file;
    changes halves[HALVES];
    size_t functions;        /* seen in this file */
    const struct map *homes; /* of the whole program, see find_home */
    bool is_whole;           /* it cannot be split */
    size_t moved;            /* definitions */
};

static void blank(struct split *split, int half, uint32_t from, uint32_t to)
{
    change_blank(split->parsed->arena, &split->halves[half], split->file, from, to);
}

static void blank_token(struct split *split, int half, size_t token)
{
    const struct token *it = &split->file->tokens.at[token];

    blank(split, half, it->offset, it->offset + it->length);
}

/* The words before the name that bind a declaration to its file; *token is the first one. */
static bool next_binding(const struct parsed_file *file, size_t *token, size_t name)
{
    static const char *const words[] = {"static", "inline", "__inline", "__inline__"};

    for (; *token < name; ++*token)
        for (size_t i = 0; i < COUNT_OF(words); i++)
            if (token_is(file, *token, words[i]))
                return true;
    return false;
}

static size_t first_token(struct split *split, CXCursor cursor)
{
    uint32_t offset = 0;

    parsed_where(split->parsed, clang_getRangeStart(clang_getCursorExtent(cursor)), &offset);
    return token_at(split->file, offset);
}

/* `static` that a macro brings cannot be taken away. */
static void check_binding(struct split *split, CXCursor cursor, size_t name)
{
    size_t token = first_token(split, cursor);

    if (clang_Cursor_getStorageClass(cursor) == CX_SC_Static &&
        !next_binding(split->file, &token, name))
        split->is_whole = true;
}

/* Without static, a name that another file defines too would clash. */
static void check_name(struct split *split, CXCursor cursor)
{
    if (map_get_str(split->homes, parsed_name(split->parsed, cursor)) != split->file)
        split->is_whole = true;
}

/* ---- functions ------------------------------------------------------------------------------- */

static enum CXChildVisitResult find_body(CXCursor cursor, CXCursor parent, CXClientData data)
{
    (void)parent;
    if (clang_getCursorKind(cursor) != CXCursor_CompoundStmt)
        return CXChildVisit_Continue;
    *(CXCursor *)data = cursor;
    return CXChildVisit_Break;
}

static bool is_comment(const struct parsed_file *file, size_t token)
{
    return token < file->tokens.count && file->tokens.at[token].kind == CXToken_Comment;
}

/* A comment behind the closing brace speaks of the function, and goes with it. */
static uint32_t with_comment(const struct parsed_file *file, uint32_t end)
{
    size_t next = token_at(file, end);

    if (is_comment(file, next) &&
        line_at(file, file->tokens.at[next].offset) == line_at(file, end - 1))
        return file->tokens.at[next].offset + file->tokens.at[next].length;
    return end;
}

/* Comments above the function or in its head that speak to the analyzer go with it as well. */
static void take_suppressions(struct split *split, size_t first, uint32_t body, int half)
{
    const struct parsed_file *file = split->file;
    size_t token = first;

    while (token > 0 && is_comment(file, token - 1))
        token--;
    for (; token < file->tokens.count && file->tokens.at[token].offset < body; token++) {
        const char *text = token_text(split->parsed->arena, file, token);
        if (is_comment(file, token) && (strstr(text, "leash:ignore ") || strstr(text, "NOLINT")))
            blank_token(split, half, token);
    }
}

/* The body becomes a semicolon. */
static void take_body(struct split *split, CXCursor function, int half)
{
    CXCursor body = clang_getNullCursor();
    uint32_t from = 0, to = 0;

    clang_visitChildren(function, find_body, &body);
    CXSourceRange extent = clang_getCursorExtent(body);
    if (clang_Cursor_isNull(body) ||
        parsed_where(split->parsed, clang_getRangeStart(extent), &from) != split->file ||
        parsed_where(split->parsed, clang_getRangeEnd(extent), &to) != split->file ||
        split->file->text[from] != '{' || split->file->text[to - 1] != '}') {
        split->is_whole = true;
        return;
    }
    change_add(split->parsed->arena, &split->halves[half], from, 1, ";");
    blank(split, half, from + 1, with_comment(split->file, to));
    take_suppressions(split, first_token(split, function), from, half);
}

static void split_function(struct split *split, CXCursor function, size_t name)
{
    int home = split->functions % HALVES == 0 ? FIRST : SECOND;

    for (size_t token = first_token(split, function); next_binding(split->file, &token, name);
         token++) {
        blank_token(split, FIRST, token);
        blank_token(split, SECOND, token);
    }
    if (!clang_isCursorDefinition(function))
        return;
    check_name(split, function);
    split->functions++;
    take_body(split, function, home == FIRST ? SECOND : FIRST);
    split->moved += home == SECOND;
}

/* ---- variables ------------------------------------------------------------------------------- */

/* Where the declarator that begins at `token` comes to `end`, to ',' or to ';', brackets aside. */
static size_t skip_declarator(const struct parsed_file *file, size_t token, const char *end)
{
    size_t depth = 0;

    for (; token < file->tokens.count; token++) {
        if (token_is(file, token, "(") || token_is(file, token, "[") || token_is(file, token, "{"))
            depth++;
        else if (token_is(file, token, ")") || token_is(file, token, "]") ||
                 token_is(file, token, "}"))
            depth -= depth > 0;
        else if (depth == 0 && (token_is(file, token, end) || token_is(file, token, ",") ||
                                token_is(file, token, ";")))
            return token;
    }
    return token;
}

/* `int all[] = {1, 2}` is `extern int all[2]` from elsewhere. */
static void complete_array(struct split *split, CXCursor variable, size_t name)
{
    const struct parsed_file *file = split->file;
    long long count = clang_getArraySize(clang_getCursorType(variable));

    if (count >= 0 && token_is(file, name + 1, "[") && token_is(file, name + 2, "]"))
        change_add(split->parsed->arena, &split->halves[FIRST], file->tokens.at[name + 2].offset, 0,
                   arena_printf(split->parsed->arena, "%lld", count));
}

static void declare_outside(struct split *split, CXCursor variable, size_t start, size_t name)
{
    const struct parsed_file *file = split->file;
    struct arena *arena = split->parsed->arena;
    size_t binding = start;
    size_t value = skip_declarator(file, name, "=");

    if (next_binding(file, &binding, name))
        change_add(arena, &split->halves[FIRST], file->tokens.at[binding].offset,
                   file->tokens.at[binding].length, "extern");
    else
        change_add(arena, &split->halves[FIRST], file->tokens.at[start].offset, 0, "extern ");
    if (token_is(file, value, "=")) {
        size_t end = skip_declarator(file, value, ";");
        blank(split, FIRST, file->tokens.at[value].offset, file->tokens.at[end].offset);
    }
    complete_array(split, variable, name);
}

static void split_variable(struct split *split, CXCursor variable, size_t name)
{
    size_t start = first_token(split, variable);
    size_t binding = start;

    if (clang_Cursor_getStorageClass(variable) == CX_SC_Extern)
        return;
    check_name(split, variable);
    declare_outside(split, variable, start, name);
    if (next_binding(split->file, &binding, name))
        blank_token(split, SECOND, binding);
    split->moved++;
}

/* ---- files ----------------------------------------------------------------------------------- */

static enum CXChildVisitResult see(void *context, CXCursor cursor)
{
    struct split *split = context;
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    uint32_t offset;

    if (parsed_at(split->parsed, cursor, &offset) != split->file ||
        (kind != CXCursor_FunctionDecl && kind != CXCursor_VarDecl))
        return CXChildVisit_Continue;
    size_t name = token_at(split->file, offset);
    check_binding(split, cursor, name);
    if (!text_is(token_text(split->parsed->arena, split->file, name),
                 parsed_name(split->parsed, cursor)))
        split->is_whole = true;
    else if (kind == CXCursor_FunctionDecl)
        split_function(split, cursor, name);
    else
        split_variable(split, cursor, name);
    return CXChildVisit_Continue;
}

static void split_file(struct split *split, struct transformed *out)
{
    struct arena *arena = split->parsed->arena;
    const char *path = split->file->path;
    const char *const paths[HALVES] = {
        path, arena_printf(arena, "%.*s.second.c", (int)(strlen(path) - strlen(".c")), path)};

    parsed_visit(split->parsed, see, split);
    if (split->is_whole) {
        transformed_add(split->parsed, out, path, split->file->text, split->file->length, path);
        out->left++;
        return;
    }
    for (int half = 0; half < HALVES; half++) {
        size_t length = 0;
        const char *text = changes_apply(arena, &split->halves[half], split->file, &length);
        transformed_add(split->parsed, out, paths[half], text, length, path);
    }
    out->done += split->moved;
}

struct homes {
    struct parsed *parsed;
    struct map files; /* by name: the file that defines it; this struct: there are several */
};

static enum CXChildVisitResult find_home(void *context, CXCursor cursor)
{
    struct homes *homes = context;
    enum CXCursorKind kind = clang_getCursorKind(cursor);
    uint32_t offset;
    struct parsed_file *file = parsed_at(homes->parsed, cursor, &offset);

    if (!file || !text_ends(file->path, ".c") ||
        (kind == CXCursor_FunctionDecl
             ? !clang_isCursorDefinition(cursor)
             : kind != CXCursor_VarDecl || clang_Cursor_getStorageClass(cursor) == CX_SC_Extern))
        return CXChildVisit_Continue;
    void **home = map_put_str(&homes->files, parsed_name(homes->parsed, cursor));
    *home = *home && *home != file ? (void *)homes : file;
    return CXChildVisit_Continue;
}

bool transform_split(struct parsed *parsed, struct transformed *out, struct text *trouble)
{
    struct homes homes = {parsed, {.arena = parsed->arena}};

    (void)trouble;
    parsed_visit(parsed, find_home, &homes);
    for (size_t i = 0; i < parsed->fixture->files.count; i++) {
        struct parsed_file *file = &parsed->files[i];
        struct split split = {.parsed = parsed, .file = file, .homes = &homes.files};
        if (text_ends(file->path, ".c"))
            split_file(&split, out);
        else
            transformed_add(parsed, out, file->path, file->text, file->length, file->path);
    }
    return true;
}
