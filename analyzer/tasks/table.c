#include "tasks/table.h"
#include "base/utf8.h"

#include <string.h>

/* A longer text stands out of its column, and does not push those of all other rows away. */
enum { WIDTH_MAX = 40, GAP = 2 };

/* ---- a line ---------------------------------------------------------------------------------- */

static size_t room_of(struct line_style style)
{
    return style.width ? style.width : SIZE_MAX;
}

/* As far as it fits into *room cells, which it takes. */
static void add_cut(struct text *out, const char *text, size_t *room)
{
    const char *end = text + strlen(text);

    while (text < end) {
        int32_t character;
        size_t bytes = utf8_next(text, end, &character);
        size_t cells = utf8_cells(character);
        if (cells > *room)
            break;
        utf8_add(out, text, bytes, true);
        *room -= cells;
        text += bytes;
    }
}

static void add_coloured(struct text *out, const char *text, const char *colour, size_t *room)
{
    if (colour)
        text_add(out, colour);
    add_cut(out, text, room);
    if (colour)
        text_add(out, NO_COLOUR);
}

void line_add(struct text *out, const char *line, const char *colour, struct line_style style)
{
    size_t room = room_of(style);

    add_coloured(out, line, style.colour ? colour : NULL, &room);
    text_add_char(out, '\n');
}

/* ---- columns --------------------------------------------------------------------------------- */

static const char *shown(const char *cell)
{
    return cell ? cell : "-";
}

static size_t width_of(const char *cell)
{
    return utf8_width(shown(cell), strlen(shown(cell)));
}

void table_measure(struct table *table)
{
    size_t count = table->columns.count;

    for (size_t i = 0; i < count; i++) {
        struct column *column = &table->columns.at[i];
        column->width = width_of(column->title);
        for (size_t j = i; j < table->cells.count; j += count) {
            size_t width = width_of(table->cells.at[j]);
            if (width > column->width)
                column->width = width < WIDTH_MAX ? width : WIDTH_MAX;
        }
    }
}

static void add_blanks(struct text *out, size_t count, size_t *room)
{
    for (; count && *room; count--, --*room)
        text_add_char(out, ' ');
}

/* The cell of a column, behind `gap` blanks; returns those between its text and its edge. */
static size_t add_cell(struct text *out, const struct column *column, const char *cell,
                       const char *colour, size_t gap, size_t *room)
{
    size_t filled = width_of(cell);
    size_t left = column->width > filled ? column->width - filled : 0;

    add_blanks(out, gap + (column->is_right ? left : 0), room);
    add_coloured(out, shown(cell), colour, room);
    return column->is_right ? 0 : left;
}

void table_add_titles(struct text *out, const struct table *table, struct line_style style)
{
    size_t room = room_of(style), gap = 0;

    for (size_t i = 0; i < table->columns.count; i++) {
        const struct column *column = &table->columns.at[i];
        gap = GAP + add_cell(out, column, column->title, style.colour ? BOLD : NULL, gap, &room);
    }
    text_add_char(out, '\n');
}

void table_add_row(struct text *out, const struct table *table, size_t row, struct line_style style)
{
    const char *const *cells = table->cells.at + row * table->columns.count;
    size_t room = room_of(style), gap = 0;

    for (size_t i = 0; i < table->columns.count; i++) {
        const struct column *column = &table->columns.at[i];
        gap =
            GAP + add_cell(out, column, cells[i], style.colour ? column->colour : NULL, gap, &room);
    }
    text_add_char(out, '\n');
}
