#include "base/comment.h"

#include <ctype.h>
#include <string.h>

struct scanner {
    struct arena *arena;
    const char *at, *end;
    const char *line_start;
    uint32_t line;
    uint32_t code_line;   /* the last line on which code was seen */
    size_t waiting;       /* comments from this index on have no target yet */
    uint32_t depth;       /* of #if around this place */
    uint32_t guard_depth; /* 1 inside an include guard */
    bool saw_code;
    bool may_be_guard; /* the file's first code was #ifndef, and nothing since */
    comments *out;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool looking_at(const struct scanner *s, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(s->end - s->at) >= length && memcmp(s->at, text, length) == 0;
}

/* Length of a backslash and the line end that it takes back; 0: there is none here. */
static size_t continuation(const struct scanner *s)
{
    if (looking_at(s, "\\\n"))
        return 2;
    return looking_at(s, "\\\r\n") ? 3 : 0;
}

static void step(struct scanner *s)
{
    if (*s->at == '\n') {
        s->line++;
        s->line_start = s->at + 1;
    }
    s->at++;
}

static void skip(struct scanner *s, size_t count)
{
    while (count--)
        step(s);
}

/* Code stands on this line: the comments that waited for some speak of it. */
static void mark_code(struct scanner *s)
{
    s->code_line = s->line;
    s->saw_code = true;
    while (s->waiting < s->out->count)
        s->out->at[s->waiting++].target = s->line;
}

static struct comment *begin_comment(struct scanner *s)
{
    struct comment *comment = vec_add(s->arena, s->out);

    skip(s, 2);
    comment->text = s->at;
    comment->line = s->line;
    comment->column = (uint32_t)(s->at - s->line_start) + 1;
    comment->is_conditional = s->depth > s->guard_depth;
    if (s->code_line == s->line) {
        comment->target = s->line;
        s->waiting = s->out->count;
    }
    return comment;
}

static void scan_line_comment(struct scanner *s)
{
    struct comment *comment = begin_comment(s);

    while (s->at < s->end && *s->at != '\n') {
        size_t joined = continuation(s);
        skip(s, joined ? joined : 1);
    }
    comment->length = (size_t)(s->at - comment->text);
}

static void scan_block_comment(struct scanner *s)
{
    struct comment *comment = begin_comment(s);

    while (s->at < s->end && !looking_at(s, "*/"))
        step(s);
    comment->length = (size_t)(s->at - comment->text);
    if (s->at < s->end)
        skip(s, 2);
}

/* A string or character constant; one that is not closed ends with its line. */
static void scan_quoted(struct scanner *s)
{
    char quote = *s->at;

    step(s);
    while (s->at < s->end && *s->at != '\n') {
        size_t joined = continuation(s);
        if (joined)
            skip(s, joined);
        else if (*s->at == '\\' && s->at + 1 < s->end)
            skip(s, 2);
        else if (*s->at == quote) {
            step(s);
            return;
        } else
            step(s);
    }
}

/* Numbers are told from words for the sake of 1'000. */
static void scan_word(struct scanner *s)
{
    bool is_number = isdigit((unsigned char)*s->at);

    while (s->at < s->end) {
        bool separates = is_number && *s->at == '\'' && s->at + 1 < s->end && is_word(s->at[1]);
        if (!is_word(*s->at) && !separates)
            return;
        step(s);
    }
}

static bool reads(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

/* The '#' and its word; the rest of the line is scanned as code. */
static void scan_directive(struct scanner *s, bool is_first)
{
    step(s);
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
        step(s);
    const char *word = s->at;
    while (s->at < s->end && is_word(*s->at))
        step(s);
    size_t length = (size_t)(s->at - word);
    if (reads(word, length, "ifndef") || reads(word, length, "ifdef") ||
        reads(word, length, "if")) {
        s->depth++;
        s->may_be_guard = is_first && reads(word, length, "ifndef");
        return;
    }
    if (reads(word, length, "endif") && s->depth > 0) {
        s->depth--;
        if (s->depth == 0)
            s->guard_depth = 0;
    }
    if (s->may_be_guard && reads(word, length, "define"))
        s->guard_depth = 1;
    s->may_be_guard = false;
}

static void scan_code(struct scanner *s)
{
    bool is_first = !s->saw_code, begins_line = s->code_line != s->line;

    mark_code(s);
    if (*s->at == '#' && begins_line) {
        scan_directive(s, is_first);
        return;
    }
    if (begins_line)
        s->may_be_guard = false;
    if (*s->at == '"' || *s->at == '\'')
        scan_quoted(s);
    else if (is_word(*s->at))
        scan_word(s);
    else
        step(s);
}

void comments_scan(struct arena *arena, const char *text, size_t length, comments *out)
{
    struct scanner scanner = {.arena = arena,
                              .at = text,
                              .end = text + length,
                              .line_start = text,
                              .line = 1,
                              .waiting = out->count,
                              .out = out};
    struct scanner *s = &scanner;

    while (s->at < s->end) {
        size_t joined = continuation(s);
        if (joined)
            skip(s, joined);
        else if (isspace((unsigned char)*s->at))
            step(s);
        else if (looking_at(s, "//"))
            scan_line_comment(s);
        else if (looking_at(s, "/*"))
            scan_block_comment(s);
        else
            scan_code(s);
    }
}

/* ---- comments that speak to leash ------------------------------------------------------------ */

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool begins_name(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static size_t skip_blanks(const char *text, size_t at, size_t end)
{
    while (at < end && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at;
}

bool comment_read_marker(const struct comment *comment, struct marker *marker)
{
    const char *text = comment->text, *newline = memchr(text, '\n', comment->length);
    size_t end = newline ? (size_t)(newline - text) : comment->length, at = 0;

    while (at < end && text[at] && strchr(" \t/*!<", text[at]))
        at++;
    size_t start = at;
    if (end - start < strlen(MARKER_START) ||
        memcmp(text + start, MARKER_START, strlen(MARKER_START)) != 0)
        return false;
    for (at += strlen(MARKER_START); at < end && is_name(text[at]);)
        at++;
    *marker = (struct marker){
        .comment = comment, .word = text + start, .word_length = at - start, .at = at, .end = end};
    return marker->word_length > strlen(MARKER_START);
}

bool marker_next_name(struct marker *marker, struct marker_name *name)
{
    const char *text = marker->comment->text;
    size_t start = skip_blanks(text, marker->at, marker->end), at = start;

    marker->at = start;
    if (start == marker->end || !begins_name(text[start]))
        return false;
    while (at < marker->end && is_name(text[at]))
        at++;
    *name =
        (struct marker_name){text + start, at - start, marker->comment->column + (uint32_t)start};
    at = skip_blanks(text, at, marker->end);
    bool goes_on = at < marker->end && text[at] == ',';
    marker->at = goes_on ? at + 1 : at;
    if (!goes_on)
        marker->end = at;
    return true;
}

bool marker_is(const struct marker *marker, const char *word)
{
    return reads(marker->word, marker->word_length, word);
}

bool marker_is_suppression(const struct marker *marker)
{
    return marker_is(marker, "leash:ignore") || marker_is(marker, "leash:ignore-file");
}
