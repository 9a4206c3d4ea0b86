#include "base/utf8.h"
#include "report/report.h"

#include <string.h>

enum { TAB_CELLS = 8, WIDTH_FALLBACK = 120, WIDTH_MIN = 20, WINDOW_BYTES = 1 << 12 };

#define BOLD      "\033[1m"
#define RED       "\033[1;31m"
#define MAGENTA   "\033[1;35m"
#define CYAN      "\033[1;36m"
#define GREEN     "\033[1;32m"
#define NO_COLOUR "\033[0m"

static const char *colour_of(enum severity severity)
{
    static const char *const colours[] = {CYAN, MAGENTA, RED};

    return colours[severity];
}

static void begin_colour(struct text *out, const struct report_style *style, const char *colour)
{
    if (style->colour)
        text_add(out, colour);
}

static void end_colour(struct text *out, const struct report_style *style)
{
    begin_colour(out, style, NO_COLOUR);
}

/* ---- a source line --------------------------------------------------------------------------- */

/* Bytes of a line around the range, and the range as offsets in them. */
struct window {
    const char *text, *end;
    const char *first, *last; /* the range, last excluded; first == last: only a caret */
    bool is_cut_before, is_cut_after;
};

/* A construct over several lines is underlined to the end of its first line's code. */
static const char *end_of_code(const char *start, const char *end)
{
    for (const char *at = start; at + 1 < end && *at != '"'; at++)
        if (at[0] == '/' && (at[1] == '/' || at[1] == '*')) {
            end = at;
            break;
        }
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return end;
}

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Lines may have megabytes: look only at what can be shown. */
static void cut(struct window *window)
{
    if (window->first - window->text > WINDOW_BYTES) {
        window->text = window->first - WINDOW_BYTES;
        window->is_cut_before = true;
    }
    if (window->end - window->first > WINDOW_BYTES) {
        window->end = window->first + WINDOW_BYTES;
        window->is_cut_after = true;
    }
    while (window->is_cut_before && window->text < window->first &&
           is_inside_character(*window->text))
        window->text++;
    while (window->is_cut_after && window->end > window->first && is_inside_character(*window->end))
        window->end--;
    if (window->last > window->end)
        window->last = window->end;
}

static struct window window_of(const char *line, size_t length, const struct place *place)
{
    struct window window = {.text = line, .end = line + length};

    while (window.end > line && (window.end[-1] == ' ' || window.end[-1] == '\t'))
        window.end--;
    size_t shown = (size_t)(window.end - line);
    size_t first = place->column ? place->column - 1 : 0;
    window.first = line + (first < shown ? first : shown);
    window.last = window.first;
    if (place->end_line > place->line)
        window.last = end_of_code(window.first, window.end);
    else if (place->end_line == place->line && place->end_column > place->column)
        window.last = place->end_column - 1 < shown ? line + place->end_column - 1 : window.end;
    cut(&window);
    return window;
}

static uint32_t cells_of(int32_t character, uint32_t at)
{
    if (character == '\t')
        return TAB_CELLS - at % TAB_CELLS;
    if (utf8_is_unprintable(character))
        return 1;
    return utf8_cells(character);
}

/* Cells from the window's start up to the byte at `until`. */
static uint32_t cells_before(const struct window *window, const char *until)
{
    uint32_t cells = 0;

    for (const char *at = window->text; at < until;) {
        int32_t character;
        at += utf8_next(at, window->end, &character);
        cells += cells_of(character, cells);
    }
    return cells;
}

/* What of the window's cells is shown: [first, last). */
struct view {
    uint32_t first, last;
    bool dots_before, dots_after;
};

/* The range stands a quarter into the view of a line that is too long. */
static struct view view_of(const struct window *window, uint32_t width)
{
    uint32_t total = cells_before(window, window->end);
    uint32_t caret = cells_before(window, window->first);
    struct view view = {0, total, false, false};

    if (total > width) {
        view.first = caret > width / 4 ? caret - width / 4 : 0;
        if (view.first > total - width)
            view.first = total - width;
        view.last = view.first + width;
    }
    view.dots_before = view.first > 0 || window->is_cut_before;
    view.dots_after = view.last < total || window->is_cut_after;
    return view;
}

static void add_blanks(struct text *out, uint32_t count)
{
    while (count--)
        text_add_char(out, ' ');
}

/* The characters that lie wholly in [from, to); blanks for tabs, and for one that is cut. */
static void add_cells(struct text *out, const struct window *window, uint32_t from, uint32_t to)
{
    uint32_t cell = 0;

    for (const char *at = window->text; at < window->end && cell < to;) {
        int32_t character;
        size_t bytes = utf8_next(at, window->end, &character);
        uint32_t next = cell + cells_of(character, cell);
        uint32_t begin = cell > from ? cell : from, end = next < to ? next : to;
        if (character == '\t' || (next > cell && (cell < from || next > to)))
            add_blanks(out, end > begin ? end - begin : 0);
        else if (cell >= from)
            utf8_add(out, at, bytes, true);
        at += bytes;
        cell = next;
    }
}

enum { DOTS = 3 };

static void add_line(struct text *out, const struct window *window, const struct view *view)
{
    if (view->dots_before)
        text_add(out, "...");
    add_cells(out, window, view->first + (view->dots_before ? DOTS : 0),
              view->last - (view->dots_after ? DOTS : 0));
    if (view->dots_after)
        text_add(out, "...");
}

static void add_underline(struct text *out, const struct window *window, const struct view *view,
                          const struct report_style *style)
{
    uint32_t first = cells_before(window, window->first);
    uint32_t last = cells_before(window, window->last);

    if (last > view->last)
        last = view->last;
    add_blanks(out, first - view->first);
    begin_colour(out, style, GREEN);
    text_add_char(out, '^');
    for (uint32_t cell = first + 1; cell < last; cell++)
        text_add_char(out, '~');
    end_colour(out, style);
}

/* "   12 |     chan_send(out, &v);" and the range below it. */
static void add_source(struct text *out, const struct place *place,
                       const struct report_style *style)
{
    size_t length;
    const char *line = style->sources && place->line
                           ? sources_line(style->sources, place->path, place->line, &length)
                           : NULL;

    if (!line)
        return;
    uint32_t width = style->width ? style->width : WIDTH_FALLBACK;
    struct window window = window_of(line, length, place);
    struct view view = view_of(&window, width < WIDTH_MIN ? WIDTH_MIN : width);
    text_printf(out, "%5u | ", place->line);
    add_line(out, &window, &view);
    text_add_char(out, '\n');
    if (!place->column)
        return;
    int digits = snprintf(NULL, 0, "%5u", place->line);
    text_printf(out, "%*s | ", digits, "");
    add_underline(out, &window, &view, style);
    text_add_char(out, '\n');
}

/* ---- findings -------------------------------------------------------------------------------- */

static void add_printable(struct text *out, const char *text)
{
    utf8_add(out, text, strlen(text), true);
}

static void add_location(struct text *out, const struct place *place,
                         const struct report_style *style)
{
    begin_colour(out, style, BOLD);
    add_printable(out, style->directory ? path_below(place->path, style->directory) : place->path);
    if (place->line)
        text_printf(out, ":%u", place->line);
    if (place->line && place->column)
        text_printf(out, ":%u", place->column);
    text_add(out, ":");
    end_colour(out, style);
    text_add_char(out, ' ');
}

static void add_word(struct text *out, enum severity severity, const struct report_style *style)
{
    begin_colour(out, style, colour_of(severity));
    text_printf(out, "%s:", severity_word(severity));
    end_colour(out, style);
    text_add_char(out, ' ');
}

static bool is_same_spot(const struct place *a, const struct place *b)
{
    return a->line == b->line && a->column == b->column && text_is(a->path, b->path);
}

/* A note at the spot that was just shown does without the line. */
static void add_note(struct text *out, const struct note *note, const struct place *shown,
                     const struct report_style *style)
{
    if (note->place.path)
        add_location(out, &note->place, style);
    add_word(out, SEVERITY_NOTE, style);
    add_printable(out, note->message);
    text_add_char(out, '\n');
    if (note->place.path && !is_same_spot(&note->place, shown))
        add_source(out, &note->place, style);
}

void report_text_finding(struct text *out, const struct finding *finding,
                         const struct report_style *style)
{
    const struct place *shown = &finding->place;

    add_location(out, &finding->place, style);
    add_word(out, finding->severity, style);
    begin_colour(out, style, BOLD);
    add_printable(out, finding->message);
    end_colour(out, style);
    text_add(out, " [");
    begin_colour(out, style, colour_of(finding->severity));
    add_printable(out, finding->rule);
    end_colour(out, style);
    text_add(out, "]\n");
    add_source(out, &finding->place, style);
    for (size_t i = 0; i < finding->notes.count; i++) {
        add_note(out, &finding->notes.at[i], shown, style);
        shown = &finding->notes.at[i].place;
    }
}

void report_text(struct text *out, const findings *found, const struct report_style *style)
{
    for (size_t i = 0; i < found->count; i++) {
        if (i > 0)
            text_add_char(out, '\n');
        report_text_finding(out, found->at[i], style);
    }
}
