#include "report/report.h"

#include <string.h>

#define BOLD      "\033[1m"
#define CYAN      "\033[36m"
#define NO_COLOUR "\033[0m"

struct page_line {
    const char *text;
    size_t length; /* without the newline */
};

/* The line at `at`, and where the next one begins; NULL at the end of the text. */
static const char *take_line(const char *at, struct page_line *line)
{
    if (!*at)
        return NULL;
    line->text = at;
    line->length = strcspn(at, "\n");
    at += line->length;
    if (line->length && line->text[line->length - 1] == '\r')
        line->length--;
    return *at ? at + 1 : at;
}

/* Does the line open a block of code, or, inside of one, close it? */
static bool is_fence(const struct page_line *line, bool is_inside)
{
    if (line->length < 3 || memcmp(line->text, "```", 3) != 0)
        return false;
    return !is_inside || line->length == 3;
}

/* ---- for a terminal -------------------------------------------------------------------------- */

/* `code` and **strong** without their marks. */
static void add_prose(struct text *out, const char *text, size_t length, bool colour)
{
    bool is_code = false, is_strong = false;

    for (size_t i = 0; i < length; i++) {
        bool is_star = !is_code && text[i] == '*' && i + 1 < length && text[i + 1] == '*';
        if (text[i] != '`' && !is_star) {
            text_add_char(out, text[i]);
            continue;
        }
        if (is_star)
            i++;
        bool *state = is_star ? &is_strong : &is_code;
        *state = !*state;
        if (colour)
            text_add(out, *state ? (is_star ? BOLD : CYAN) : NO_COLOUR);
    }
    if (colour && (is_code || is_strong))
        text_add(out, NO_COLOUR);
}

static void add_heading(struct text *out, const struct page_line *line, size_t level, bool colour)
{
    size_t skip = level + strspn(line->text + level, " ");

    if (colour)
        text_add(out, BOLD);
    text_add_bytes(out, line->text + skip, line->length > skip ? line->length - skip : 0);
    if (colour)
        text_add(out, NO_COLOUR);
    text_add_char(out, '\n');
}

static void add_code(struct text *out, const struct page_line *line, bool colour)
{
    if (line->length) {
        text_add(out, colour ? "    " CYAN : "    ");
        text_add_bytes(out, line->text, line->length);
        if (colour)
            text_add(out, NO_COLOUR);
    }
    text_add_char(out, '\n');
}

void page_render(struct text *out, const char *markdown, bool colour)
{
    struct page_line line;
    bool is_code = false;

    while ((markdown = take_line(markdown, &line))) {
        size_t level = strspn(line.text, "#");
        if (is_fence(&line, is_code))
            is_code = !is_code;
        else if (is_code)
            add_code(out, &line, colour);
        else if (level > 0 && level < 7 && line.text[level] == ' ')
            add_heading(out, &line, level, colour);
        else {
            add_prose(out, line.text, line.length, colour);
            text_add_char(out, '\n');
        }
    }
}

/* ---- its sections ---------------------------------------------------------------------------- */

const char *page_section(const char *markdown, const char *heading, size_t *length)
{
    const char *start = NULL;
    bool is_code = false;
    struct page_line line;

    for (const char *next; (next = take_line(markdown, &line)); markdown = next) {
        bool is_heading = !is_code && line.length > 3 && memcmp(line.text, "## ", 3) == 0;
        if (is_fence(&line, is_code))
            is_code = !is_code;
        if (is_heading && start)
            break;
        if (is_heading && line.length == 3 + strlen(heading) &&
            memcmp(line.text + 3, heading, strlen(heading)) == 0)
            start = next;
    }
    if (!start)
        return NULL;
    start += strspn(start, "\n");
    const char *end = markdown;
    while (end > start && end[-1] == '\n')
        end--;
    *length = (size_t)(end - start);
    return start;
}

/* ---- its blocks of code ---------------------------------------------------------------------- */

static bool opens(const struct page_line *fence, const char *info)
{
    return fence->length == 3 + strlen(info) && memcmp(fence->text + 3, info, strlen(info)) == 0;
}

bool page_next_block(const char *markdown, const char *info, struct page_block *block,
                     const struct page_block *after)
{
    const char *bound = after ? after->text : NULL;
    struct page_block current = {0};
    bool is_open = false, is_wanted = false;
    struct page_line line;
    uint32_t number = 0;

    for (const char *next; (next = take_line(markdown, &line)); markdown = next) {
        number++;
        if (!is_fence(&line, is_open))
            continue;
        if (!is_open) {
            is_wanted = opens(&line, info);
            current = (struct page_block){next, 0, number + 1};
        } else if (is_wanted && (!bound || current.text > bound)) {
            current.length = (size_t)(line.text - current.text);
            *block = current;
            return true;
        }
        is_open = !is_open;
    }
    return false;
}
