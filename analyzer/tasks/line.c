#include "tasks/line.h"
#include "base/utf8.h"

#include <string.h>

struct line line_begin(struct text *out, struct line_style style)
{
    return (struct line){out, style.width ? style.width : SIZE_MAX, style.colour};
}

static void add_cut(struct line *line, const char *text)
{
    const char *end = text + strlen(text);

    while (text < end) {
        int32_t character;
        size_t bytes = utf8_next(text, end, &character);
        size_t cells = utf8_cells(character);
        if (cells > line->room) {
            line->room = 0; /* what is narrower must not take the place of what is cut */
            break;
        }
        utf8_add(line->out, text, bytes, true);
        line->room -= cells;
        text += bytes;
    }
}

void line_part(struct line *line, const char *text, const char *colour)
{
    bool is_coloured = line->colour && colour;

    if (is_coloured)
        text_add(line->out, colour);
    add_cut(line, text);
    if (is_coloured)
        text_add(line->out, NO_COLOUR);
}

void line_blanks(struct line *line, size_t count)
{
    for (; count && line->room; count--, line->room--)
        text_add_char(line->out, ' ');
}

void line_end(struct line *line)
{
    text_add_char(line->out, '\n');
}

void line_add(struct text *out, const char *text, const char *colour, struct line_style style)
{
    struct line line = line_begin(out, style);

    line_part(&line, text, colour);
    line_end(&line);
}
