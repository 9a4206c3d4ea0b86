/*
 * generic.c - which branch of a _Generic is taken.
 *
 * libclang does not mark it, and shows the branches without the types before them.  The type of the
 * whole is that of the branch taken, which mostly settles it.  Where several branches have that
 * type (calls that all return void, say), the type's name is read from the text before the branch,
 * and compared with the type of the controlling expression.
 */
#include "frontend/lower.h"

#include <ctype.h>
#include <string.h>

enum { NAME_MAX_BYTES = 200 };

/* ---- type names ------------------------------------------------------------------------------ */

/* A type's name taken apart, as far as it consists of keywords and tags. */
struct type_name {
    bool is_const, is_volatile, is_unsigned, is_signed, is_tag;
    unsigned longs;
    char base[NAME_MAX_BYTES]; /* "int", "struct worker"; "": none yet */
    char rest[NAME_MAX_BYTES]; /* from the first `*` on, without white space */
};

static void append(char *to, const char *text, size_t length)
{
    size_t used = strlen(to);
    if (used + length + 1 < NAME_MAX_BYTES) {
        memcpy(to + used, text, length);
        to[used + length] = '\0';
    }
}

static bool is_base_word(const char *word)
{
    static const char *const words[] = {"void", "char", "short", "float", "double", "_Bool"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* Takes one word in; false: it is no keyword, so the name may be a typedef's. */
static bool take_word(struct type_name *name, const char *word)
{
    if (name->is_tag && strchr(name->base, ' ') == NULL) {
        append(name->base, " ", 1);
        append(name->base, word, strlen(word));
        return true;
    }
    if (strcmp(word, "struct") == 0 || strcmp(word, "union") == 0 || strcmp(word, "enum") == 0)
        name->is_tag = true;
    bool is_bool = strcmp(word, "bool") == 0;
    if (name->is_tag || is_bool || is_base_word(word))
        append(name->base, is_bool ? "_Bool" : word, strlen(is_bool ? "_Bool" : word));
    else if (strcmp(word, "long") == 0)
        name->longs++;
    else if (strcmp(word, "unsigned") == 0)
        name->is_unsigned = true;
    else if (strcmp(word, "signed") == 0)
        name->is_signed = true;
    else if (strcmp(word, "const") == 0)
        name->is_const = true;
    else if (strcmp(word, "volatile") == 0)
        name->is_volatile = true;
    else
        return strcmp(word, "int") == 0;
    return true;
}

static bool parse_type_name(const char *text, struct type_name *name)
{
    *name = (struct type_name){0};
    while (*text && *text != '*') {
        char word[NAME_MAX_BYTES] = "";
        size_t length = 0;
        while (isalnum((unsigned char)text[length]) || text[length] == '_')
            length++;
        append(word, text, length);
        if (length ? !take_word(name, word) : !isspace((unsigned char)*text))
            return false;
        text += length ? length : 1;
    }
    for (; *text; text++)
        if (!isspace((unsigned char)*text))
            append(name->rest, text, 1);
    return true;
}

static bool is_same_name(const struct type_name *a, const struct type_name *b)
{
    bool is_char = strcmp(a->base, "char") == 0; /* plain, signed and unsigned are three types */
    return a->is_const == b->is_const && a->is_volatile == b->is_volatile &&
           a->is_unsigned == b->is_unsigned && (!is_char || a->is_signed == b->is_signed) &&
           a->longs == b->longs && strcmp(a->base, b->base) == 0 && strcmp(a->rest, b->rest) == 0;
}

/* ---- associations ---------------------------------------------------------------------------- */

/* The text between the comma before an association and its colon; false: it cannot be had. */
static bool association_name(struct source *source, CXCursor branch, char *name)
{
    CXFile file = NULL;
    unsigned offset = 0;
    CXSourceLocation start = clang_getRangeStart(clang_getCursorExtent(branch));
    clang_getSpellingLocation(start, &file, NULL, NULL, &offset);
    const struct own_file *own = file ? &source->own_files.at[file_index(source, file)] : NULL;
    if (!own || !own->text || offset > own->length)
        return false;
    const char *at = own->text + offset;
    while (at > own->text && strchr(" \t\r\n\\(", at[-1]))
        at--;
    if (at == own->text || at[-1] != ':')
        return false;
    const char *stop = --at;
    while (at > own->text && at[-1] != ',' && at[-1] != ';' && stop - at < NAME_MAX_BYTES)
        at--;
    name[0] = '\0';
    for (; at < stop; at++)
        if (*at != '\\')
            append(name, isspace((unsigned char)*at) ? " " : at, 1);
    return true;
}

enum fit { FIT_NO, FIT_MAYBE, FIT_YES, FIT_DEFAULT };

static bool is_spelt(CXType type, const char *name)
{
    CXString spelling = clang_getTypeSpelling(clang_getUnqualifiedType(type));
    const char *text = clang_getCString(spelling);
    while (*name == ' ')
        name++;
    bool is_same = text && strcmp(text, name) == 0;
    clang_disposeString(spelling);
    return is_same;
}

static bool parse_type(CXType type, struct type_name *name)
{
    CXType canonical = clang_getUnqualifiedType(clang_getCanonicalType(type));
    CXString spelling = clang_getTypeSpelling(canonical);
    bool is_understood = parse_type_name(clang_getCString(spelling), name);
    clang_disposeString(spelling);
    return is_understood;
}

static enum fit fit_of(struct source *source, CXCursor branch, CXType control)
{
    char text[NAME_MAX_BYTES];
    if (!association_name(source, branch, text))
        return FIT_MAYBE;
    const char *first = text + strspn(text, " ");
    if (text_starts(first, "default") && strspn(first + 7, " ") == strlen(first + 7))
        return FIT_DEFAULT;
    if (is_spelt(control, text))
        return FIT_YES;
    struct type_name wanted, given;
    if (!parse_type(control, &wanted) || !parse_type_name(text, &given))
        return FIT_MAYBE;
    return is_same_name(&wanted, &given) ? FIT_YES : FIT_NO;
}

size_t choose_association(struct source *source, CXCursor cursor, struct kids kids, bool *is_sure)
{
    CXType whole = clang_getCanonicalType(clang_getCursorType(cursor));
    CXType control = clang_getCursorType(kid(source, kids, 0));
    size_t candidates = 0, last = 0, maybe = 0, maybes = 0, otherwise = 0;
    for (size_t i = 1; i < kids.count; i++) {
        CXCursor branch = kid(source, kids, i);
        if (!clang_equalTypes(clang_getCanonicalType(clang_getCursorType(branch)), whole))
            continue;
        candidates++;
        last = i;
    }
    *is_sure = true;
    if (candidates == 1)
        return last;
    for (size_t i = 1; i < kids.count; i++) {
        CXCursor branch = kid(source, kids, i);
        if (!clang_equalTypes(clang_getCanonicalType(clang_getCursorType(branch)), whole))
            continue;
        enum fit fit = fit_of(source, branch, control);
        if (fit == FIT_YES)
            return i;
        if (fit == FIT_DEFAULT)
            otherwise = i;
        else if (fit == FIT_MAYBE && !maybes++)
            maybe = i;
    }
    *is_sure = maybes + (otherwise != 0) == 1;
    return maybe ? maybe : otherwise;
}
