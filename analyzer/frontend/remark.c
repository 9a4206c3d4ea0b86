/*
 * remark.c - comments that say something of the code, and the declarations they stand at.
 *
 *     // leash:WORD                 above a function, or behind its head: of the function
 *     // leash:WORD name, other     there: of its parameters with these names
 *     int *a, // leash:WORD         between its parentheses: of the parameter beside it
 *
 * Whatever else a remark stands at is code, and it is known by its line.  What the words mean is
 * for models to say.
 */
#include "frontend/lower.h"

#include <ctype.h>
#include <string.h>

/* ---- gathering ------------------------------------------------------------------------------- */

static void add_remark(struct source *source, uint32_t file, const struct marker *marker)
{
    const struct comment *comment = marker->comment;
    struct own_remark *remark = vec_add(&source->scratch, &source->remarks);
    uint32_t column = comment->column + (uint32_t)(marker->word - comment->text);
    *remark = (struct own_remark){.marker = *marker};
    remark->ir = (struct ir_remark){
        .pos = {file, comment->line, column, comment->line, column + (uint32_t)marker->word_length},
        .text = intern_strn(&source->names, marker->word, marker->word_length),
        .target = comment->target,
        .is_conditional = comment->is_conditional,
    };
}

static void collect_from(struct source *source, uint32_t index)
{
    const struct own_file *own = &source->own_files.at[index];
    if (source->files.at[index].is_system || !own->text ||
        !memmem(own->text, own->length, MARKER_START, strlen(MARKER_START)))
        return;
    comments found = {0};
    comments_scan(&source->scratch, own->text, own->length, &found);
    for (size_t i = 0; i < found.count; i++) {
        struct marker marker;
        if (comment_read_marker(&found.at[i], &marker) && !marker_is_suppression(&marker))
            add_remark(source, index, &marker);
    }
}

void collect_remarks(struct source *source)
{
    for (size_t i = 0; i < source->files.count; i++)
        collect_from(source, (uint32_t)i);
}

/* ---- what a remark says of a function -------------------------------------------------------- */

/* A function's declaration, with where its parts stand in the text. */
struct head {
    CXCursor cursor;
    struct ir_symbol *symbol;
    struct ir_pos pos;        /* from the declaration's beginning to the body's, or to the end */
    const char *open, *close; /* the parentheses around the parameters; NULL: not found */
};

static void note_function(struct source *source, struct ir_symbol *symbol, const char *text)
{
    const char **notes = arena_array(source->arena, const char *, symbol->note_count + 1);
    for (size_t i = 0; i < symbol->note_count; i++)
        notes[i] = symbol->notes[i];
    notes[symbol->note_count++] = text;
    symbol->notes = notes;
}

void note_param(struct source *source, struct ir_symbol *symbol, uint32_t param, const char *text)
{
    size_t count = symbol->param_note_count;
    struct ir_param_note *notes = arena_array(source->arena, struct ir_param_note, count + 1);
    for (size_t i = 0; i < count; i++)
        notes[i] = symbol->param_notes[i];
    notes[count] = (struct ir_param_note){param, text};
    symbol->param_notes = notes;
    symbol->param_note_count = count + 1;
}

static int find_param(struct source *source, const struct head *head,
                      const struct marker_name *name)
{
    int count = clang_Cursor_getNumArguments(head->cursor);
    const char *wanted = intern_strn(&source->names, name->text, name->length);
    for (int i = 0; i < count; i++) {
        CXCursor param = clang_Cursor_getArgument(head->cursor, (unsigned)i);
        if (own_string(source, clang_getCursorSpelling(param)) == wanted)
            return i;
    }
    return -1;
}

/* Notes the parameters that it names; false: none of them is there. */
static bool note_named(struct source *source, const struct head *head, struct own_remark *remark)
{
    struct marker marker = remark->marker;
    struct marker_name name;
    bool has_any = false;
    while (marker_next_name(&marker, &name)) {
        int param = find_param(source, head, &name);
        if (param >= 0)
            note_param(source, head->symbol, (uint32_t)param, remark->ir.text);
        else if (!remark->ir.unknown)
            remark->ir.unknown = intern_strn(&source->names, name.text, name.length);
        has_any |= param >= 0;
    }
    return has_any;
}

static bool is_gap(char c)
{
    return c == ' ' || c == '\t';
}

/* The byte behind the comment. */
static const char *end_of_comment(const struct comment *comment, const struct own_file *own)
{
    const char *at = comment->text + comment->length, *end = own->text + own->length;
    bool is_closed = comment->text[-1] == '*' && end - at >= 2;
    return is_closed ? at + strlen("*/") : at;
}

/* Does code follow the comment on its line? */
static bool stands_before_code(const struct comment *comment, const struct own_file *own)
{
    const char *at = end_of_comment(comment, own), *end = own->text + own->length;
    while (at < end && is_gap(*at))
        at++;
    bool is_comment = end - at >= 2 && at[0] == '/' && (at[1] == '/' || at[1] == '*');
    return at < end && *at != '\n' && *at != '\r' && !is_comment;
}

/* What stands before the comment on its line, past blanks; the newline: nothing. */
static char before_comment(const struct comment *comment, const struct own_file *own)
{
    const char *at = comment->text - strlen("/*");
    while (at > own->text && is_gap(at[-1]))
        at--;
    return at == own->text ? '\n' : at[-1];
}

/* The parameter beside the comment: the next one where it stands before it, else the last one that
 * begins before it.  -1: there is none. */
static int param_beside(struct source *source, const struct head *head,
                        const struct comment *comment)
{
    const struct own_file *own = &source->own_files.at[head->pos.file];
    char before = before_comment(comment, own);
    bool is_before =
        comment->target != comment->line ||
        (stands_before_code(comment, own) && (before == ',' || before == '(' || before == '\n'));
    int count = clang_Cursor_getNumArguments(head->cursor), last = -1;
    for (int i = 0; i < count; i++) {
        size_t length;
        CXCursor param = clang_Cursor_getArgument(head->cursor, (unsigned)i);
        const char *start = text_of_start(source, param, &length);
        if (!start || start < head->open || start > head->close)
            continue;
        if (start < comment->text)
            last = i;
        else if (is_before)
            return i;
    }
    return last;
}

static void place_remark(struct source *source, const struct head *head, struct own_remark *remark)
{
    const char *word = remark->marker.word;
    bool is_inside = head->open && word > head->open && word < head->close;
    remark->is_placed = true;
    remark->ir.symbol = head->symbol;
    remark->ir.at = IR_REMARK_PARAM;
    if (note_named(source, head, remark))
        return;
    int param = is_inside ? param_beside(source, head, remark->marker.comment) : -1;
    if (param >= 0) {
        note_param(source, head->symbol, (uint32_t)param, remark->ir.text);
        return;
    }
    remark->ir.at = IR_REMARK_FUNCTION;
    note_function(source, head->symbol, remark->ir.text);
}

/* ---- which function -------------------------------------------------------------------------- */

static void find_parentheses(struct source *source, struct head *head)
{
    size_t length;
    const char *text = text_at(source, clang_getCursorLocation(head->cursor), &length);
    size_t name = strlen(head->symbol->name);
    if (!text || length < name || memcmp(text, head->symbol->name, name) != 0)
        return;
    const char *end = text + length, *open = skip_blank(text + name, end);
    if (open == end || *open != '(')
        return;
    head->open = open;
    head->close = skip_piece(open, end) - 1;
}

static struct head head_of(struct source *source, CXCursor cursor, struct ir_symbol *symbol)
{
    struct head head = {.cursor = cursor, .symbol = symbol, .pos = pos_of(source, cursor)};
    struct kids kids = kids_of(source, cursor);
    for (size_t i = 0; i < kids.count; i++) {
        CXCursor one = kid(source, kids, i);
        if (clang_getCursorKind(one) != CXCursor_CompoundStmt)
            continue;
        struct ir_pos body = pos_of(source, one);
        head.pos.end_line = body.line;
        head.pos.end_column = body.column;
    }
    kids_drop(source, kids);
    find_parentheses(source, &head);
    return head;
}

/* Is there nothing but words, such as macros for attributes, from the comment to the declaration?
 */
static bool leads_to(struct source *source, const struct comment *comment, const struct head *head)
{
    const struct own_file *own = &source->own_files.at[head->pos.file];
    size_t length;
    const char *start = text_of_start(source, head->cursor, &length);
    const char *at = end_of_comment(comment, own);
    if (before_comment(comment, own) != '\n' || !start || start < at ||
        start > own->text + own->length)
        return false;
    for (; at < start; at = skip_piece(at, start)) {
        at = skip_blank(at, start);
        if (at < start && strchr("#;{}", *at))
            return false;
    }
    return true;
}

static bool is_about(struct source *source, const struct own_remark *remark,
                     const struct head *head)
{
    uint32_t target = remark->ir.target;
    if (remark->is_placed || remark->ir.pos.file != head->pos.file)
        return false;
    return (target >= head->pos.line && target <= head->pos.end_line) ||
           leads_to(source, remark->marker.comment, head);
}

void place_remarks(struct source *source, CXCursor cursor)
{
    struct decl *decl = symbol_of(source, cursor);
    if (decl->kind != DECL_SYMBOL)
        return;
    struct head head = head_of(source, cursor, decl->symbol);
    for (size_t i = 0; i < source->remarks.count; i++)
        if (is_about(source, &source->remarks.at[i], &head))
            place_remark(source, &head, &source->remarks.at[i]);
}
