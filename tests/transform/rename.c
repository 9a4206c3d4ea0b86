/*
 * rename: every identifier that the program declares itself gets a name that says nothing.
 *
 * It goes by spelling: one new name for each old one, in all files, macro bodies and switched-off
 * lines too.  So the hardest case, a name inside a macro, needs no care, and names that belong
 * together (a field and its designator, a label and its goto) stay together.  The price: a name
 * that also stands for something of a header somewhere in the program is kept; and where ## is
 * used, what macros declare and the parts that such names are put together from.
 */
#include "transform.h"

#include "model/table.h"

#include <ctype.h>
#include <string.h>

struct renaming {
    struct parsed *parsed;
    const struct model_set *models;
    struct map declared;      /* the program's own names */
    struct map defined;       /* functions with a body */
    struct map foreign;       /* names that stand for something of a header */
    struct map seen;          /* every token */
    VEC(const char *) pasted; /* names that macros make, where ## is used */
    struct map fresh;         /* the new name of an old one */
    size_t number;            /* of the last new name */
};

static void mark(struct map *names, const char *name)
{
    *map_put_str(names, name) = names;
}

/* The parameters of `#define NAME(a, b)`: identifiers up to the closing parenthesis. */
static void declare_macro_parameters(struct renaming *renaming, CXCursor macro)
{
    uint32_t offset;
    const struct parsed_file *file = parsed_at(renaming->parsed, macro, &offset);

    if (!file || !clang_Cursor_isMacroFunctionLike(macro))
        return;
    for (size_t i = token_at(file, offset) + 1; i < file->tokens.count && !token_is(file, i, ")");
         i++)
        if (file->tokens.at[i].kind == CXToken_Identifier)
            mark(&renaming->declared, token_text(renaming->parsed->arena, file, i));
}

/* A function that models know and the program only declares is the library's all the same. */
static void see_function(struct renaming *renaming, CXCursor cursor, const char *name)
{
    if (clang_isCursorDefinition(cursor))
        mark(&renaming->defined, name);
    else if (map_get_str(&renaming->models->functions, name))
        mark(&renaming->foreign, name);
}

static void see_reference(struct renaming *renaming, CXCursor cursor)
{
    struct parsed *parsed = renaming->parsed;
    CXCursor target = clang_getCursorReferenced(cursor);
    uint32_t at, offset;
    const struct parsed_file *file = parsed_at(parsed, cursor, &at);

    if (!file || clang_Cursor_isNull(target) || parsed_at(parsed, target, &offset))
        return;
    const char *name = parsed_name(parsed, target);
    if (text_is(name, word_at(parsed->arena, file, at)))
        mark(&renaming->foreign, name);
}

static void see_declaration(struct renaming *renaming, CXCursor cursor)
{
    struct parsed *parsed = renaming->parsed;
    const char *name = parsed_name(parsed, cursor);
    uint32_t at;
    const struct parsed_file *file = parsed_at(parsed, cursor, &at);

    mark(&renaming->declared, name);
    if (clang_getCursorKind(cursor) == CXCursor_FunctionDecl)
        see_function(renaming, cursor, name);
    if (clang_getCursorKind(cursor) == CXCursor_MacroDefinition)
        declare_macro_parameters(renaming, cursor);
    if (*name && file && map_get_str(&renaming->seen, "##") &&
        !text_is(name, word_at(parsed->arena, file, at)))
        *vec_add(parsed->arena, &renaming->pasted) = name;
}

static enum CXChildVisitResult see(void *context, CXCursor cursor)
{
    struct renaming *renaming = context;
    enum CXCursorKind kind = clang_getCursorKind(cursor);

    if (clang_isDeclaration(kind) || kind == CXCursor_LabelStmt || kind == CXCursor_MacroDefinition)
        see_declaration(renaming, cursor);
    else
        see_reference(renaming, cursor);
    return CXChildVisit_Recurse;
}

static void see_tokens(struct renaming *renaming)
{
    for (size_t i = 0; i < renaming->parsed->fixture->files.count; i++) {
        const struct parsed_file *file = &renaming->parsed->files[i];
        for (size_t k = 0; k < file->tokens.count; k++)
            mark(&renaming->seen, token_text(renaming->parsed->arena, file, k));
    }
}

static bool is_own(const struct renaming *renaming, const char *name)
{
    if (text_is(name, "main") || !map_get_str(&renaming->declared, name))
        return false;
    for (size_t i = 0; i < renaming->pasted.count; i++)
        if (text_starts(renaming->pasted.at[i], name) || text_ends(renaming->pasted.at[i], name))
            return false;
    return !map_get_str(&renaming->foreign, name) || map_get_str(&renaming->defined, name);
}

static const char *fresh_name(struct renaming *renaming, const char *name)
{
    void **slot = map_put_str(&renaming->fresh, name);

    while (!*slot) {
        char *candidate = arena_printf(renaming->parsed->arena, "n%zu", ++renaming->number);
        if (!map_get_str(&renaming->seen, candidate))
            *slot = candidate;
    }
    return *slot;
}

/* The last token of the directive that begins with the '#' at `token`, as far as its words are the
 * preprocessor's: all of #include and #pragma, else the word behind the '#'. */
static size_t skip_directive(const struct parsed_file *file, size_t token)
{
    uint32_t line = line_at(file, file->tokens.at[token].offset);

    if (!token_is(file, token + 1, "include") && !token_is(file, token + 1, "pragma"))
        return token + 1;
    while (token + 1 < file->tokens.count &&
           line_at(file, file->tokens.at[token + 1].offset) == line)
        token++;
    return token;
}

static bool is_directive(const struct parsed_file *file, size_t token)
{
    return token_is(file, token, "#") &&
           (token == 0 || line_at(file, file->tokens.at[token - 1].offset) !=
                              line_at(file, file->tokens.at[token].offset));
}

/* `cleanup` of __attribute__((cleanup(f), unused)): attributes have names of their own. */
static bool is_attribute(const struct parsed_file *file, size_t token)
{
    return token >= 3 && token_is(file, token - 1, "(") && token_is(file, token - 2, "(") &&
           token_is(file, token - 3, "__attribute__");
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* `leash:takes job` names parameters, up to the reason behind " -- ". */
static void rename_note(struct renaming *renaming, const struct parsed_file *file,
                        const struct token *token, changes *all)
{
    struct arena *arena = renaming->parsed->arena;
    const char *note = arena_strndup(arena, file->text + token->offset, token->length);
    const char *at = strstr(note, "leash:takes");

    if (!at)
        return;
    for (at += strlen("leash:takes"); *at && !text_starts(at, "--");) {
        size_t length = 0;
        while (is_word(at[length]))
            length++;
        const char *name = arena_strndup(arena, at, length);
        if (length && is_own(renaming, name))
            change_add(arena, all, token->offset + (uint32_t)(at - note), (uint32_t)length,
                       fresh_name(renaming, name));
        at += length ? length : 1;
    }
}

static void rename_file(struct renaming *renaming, const struct parsed_file *file,
                        struct transformed *out)
{
    struct parsed *parsed = renaming->parsed;
    changes all = {0};
    size_t length = 0;

    for (size_t i = 0; i < file->tokens.count; i++) {
        const struct token *token = &file->tokens.at[i];
        if (is_directive(file, i)) {
            i = skip_directive(file, i);
            continue;
        }
        const char *name = token_text(parsed->arena, file, i);
        if (token->kind == CXToken_Comment)
            rename_note(renaming, file, token, &all);
        if (token->kind == CXToken_Identifier && !is_attribute(file, i) && is_own(renaming, name))
            change_add(parsed->arena, &all, token->offset, token->length,
                       fresh_name(renaming, name));
    }
    const char *text = changes_apply(parsed->arena, &all, file, &length);
    transformed_add(parsed, out, file->path, text, length, file->path);
}

static void count_kept(struct renaming *renaming, struct transformed *out)
{
    struct map counted = {.arena = renaming->parsed->arena};

    for (size_t i = 0; i < renaming->parsed->fixture->files.count; i++) {
        const struct parsed_file *file = &renaming->parsed->files[i];
        for (size_t k = 0; k < file->tokens.count; k++) {
            const char *name = token_text(renaming->parsed->arena, file, k);
            if (!map_get_str(&renaming->declared, name) || is_own(renaming, name) ||
                map_get_str(&counted, name))
                continue;
            mark(&counted, name);
            out->left++;
        }
    }
}

bool transform_rename(struct parsed *parsed, struct transformed *out, struct text *trouble)
{
    struct arena *arena = parsed->arena;
    struct model_set *models = model_set_new(arena);
    struct renaming renaming = {.parsed = parsed,
                                .models = models,
                                .declared = {.arena = arena},
                                .defined = {.arena = arena},
                                .foreign = {.arena = arena},
                                .seen = {.arena = arena},
                                .fresh = {.arena = arena}};

    model_set_add_bundled(models);
    see_tokens(&renaming);
    parsed_visit(parsed, see, &renaming);
    for (size_t i = 0; i < parsed->fixture->files.count; i++)
        rename_file(&renaming, &parsed->files[i], out);
    count_kept(&renaming, out);
    out->done = renaming.fresh.count;
    if (!out->done)
        text_add(trouble, "it declares no name that could be changed\n");
    return out->done > 0;
}
