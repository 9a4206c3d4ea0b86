#include "tasks/table.h"
#include "base/utf8.h"

#include <string.h>

/* A longer text stands out of its column, and does not push those of all other rows away. */
enum { WIDTH_MAX = 40, GAP = 2 };

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

/* The cell of a column, behind `gap` blanks; returns those between its text and its edge. */
static size_t add_cell(struct line *line, const struct column *column, const char *cell,
                       const char *colour, size_t gap)
{
    size_t filled = width_of(cell);
    size_t left = column->width > filled ? column->width - filled : 0;

    line_blanks(line, gap + (column->is_right ? left : 0));
    line_part(line, shown(cell), colour);
    return column->is_right ? 0 : left;
}

void table_add_titles(struct text *out, const struct table *table, struct line_style style)
{
    struct line line = line_begin(out, style);
    size_t gap = 0;

    for (size_t i = 0; i < table->columns.count; i++) {
        const struct column *column = &table->columns.at[i];
        gap = GAP + add_cell(&line, column, column->title, BOLD, gap);
    }
    line_end(&line);
}

void table_add_row(struct text *out, const struct table *table, size_t row, struct line_style style)
{
    const char *const *cells = table->cells.at + row * table->columns.count;
    struct line line = line_begin(out, style);
    size_t gap = 0;

    for (size_t i = 0; i < table->columns.count; i++) {
        const struct column *column = &table->columns.at[i];
        gap = GAP + add_cell(&line, column, cells[i], column->colour, gap);
    }
    line_end(&line);
}
