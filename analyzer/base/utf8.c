#include "base/utf8.h"

/* How many bytes follow, and the least character that needs as many; -1: no first byte. */
static int following_bytes(unsigned char first, int32_t *least)
{
    if (first < 0x80) {
        *least = 0;
        return 0;
    }
    if (first >= 0xC2 && first < 0xE0) {
        *least = 0x80;
        return 1;
    }
    if (first >= 0xE0 && first < 0xF0) {
        *least = 0x800;
        return 2;
    }
    if (first >= 0xF0 && first < 0xF5) {
        *least = 0x10000;
        return 3;
    }
    return -1;
}

size_t utf8_next(const char *at, const char *end, int32_t *character)
{
    static const unsigned char first_bits[] = {0x7F, 0x1F, 0x0F, 0x07};
    int32_t least;
    int more = following_bytes((unsigned char)*at, &least);

    *character = UTF8_BAD;
    if (more < 0 || end - at <= more)
        return 1;
    int32_t value = (unsigned char)*at & first_bits[more];
    for (int i = 1; i <= more; i++) {
        if (((unsigned char)at[i] & 0xC0) != 0x80)
            return 1;
        value = value << 6 | ((unsigned char)at[i] & 0x3F);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return 1;
    *character = value;
    return (size_t)more + 1;
}

struct span {
    int32_t first, last;
};

static bool is_within(int32_t character, const struct span *spans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (character >= spans[i].first && character <= spans[i].last)
            return true;
    return false;
}

/* The blocks that matter in source code, not Unicode's full tables. */
uint32_t utf8_cells(int32_t character)
{
    static const struct span none[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},
                                       {0x610, 0x61A},   {0x64B, 0x65F},   {0x1AB0, 0x1AFF},
                                       {0x1DC0, 0x1DFF}, {0x200B, 0x200D}, {0x20D0, 0x20FF},
                                       {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
    static const struct span two[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
                                      {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
                                      {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE4F},
                                      {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                                      {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

    if (character < 0x300)
        return 1;
    if (is_within(character, none, COUNT_OF(none)))
        return 0;
    return is_within(character, two, COUNT_OF(two)) ? 2 : 1;
}

bool utf8_is_unprintable(int32_t character)
{
    static const struct span hidden[] = {{UTF8_BAD, 0x1F}, {0x7F, 0x9F},     {0x61C, 0x61C},
                                         {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069},
                                         {0xFFF9, 0xFFFB}};

    return is_within(character, hidden, COUNT_OF(hidden));
}

bool utf8_is_valid(const char *text, size_t length)
{
    const char *end = text + length;

    while (text < end) {
        int32_t character;
        text += utf8_next(text, end, &character);
        if (character == UTF8_BAD)
            return false;
    }
    return true;
}

size_t utf8_width(const char *text, size_t length)
{
    const char *end = text + length;
    size_t cells = 0;

    while (text < end) {
        int32_t character;
        text += utf8_next(text, end, &character);
        cells += utf8_is_unprintable(character) ? 1 : utf8_cells(character);
    }
    return cells;
}

void utf8_add(struct text *out, const char *text, size_t length, bool printable)
{
    const char *end = text + length;

    while (text < end) {
        int32_t character;
        size_t bytes = utf8_next(text, end, &character);
        if (character == UTF8_BAD || (printable && utf8_is_unprintable(character)))
            text_add(out, UTF8_REPLACEMENT);
        else
            text_add_bytes(out, text, bytes);
        text += bytes;
    }
}
