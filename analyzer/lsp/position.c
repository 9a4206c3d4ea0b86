#include "lsp/position.h"

#include "base/utf8.h"

static const char *const words[] = {
    [ENCODING_UTF16] = "utf-16", [ENCODING_UTF8] = "utf-8", [ENCODING_UTF32] = "utf-32"};

bool encoding_of_word(const char *word, enum encoding *encoding)
{
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (text_is(words[i], word)) {
            *encoding = (enum encoding)i;
            return true;
        }
    return false;
}

const char *encoding_word(enum encoding encoding)
{
    return words[encoding];
}

/* A byte that begins no character is shown as one by every editor. */
static unsigned units_of(enum encoding encoding, int32_t character, size_t bytes)
{
    switch (encoding) {
    case ENCODING_UTF8:
        return (unsigned)bytes;
    case ENCODING_UTF16:
        return character > 0xFFFF ? 2 : 1;
    case ENCODING_UTF32:
        return 1;
    }
    BUG("no encoding %d", (int)encoding);
}

uint64_t position_units(enum encoding encoding, const char *line, size_t length, size_t bytes)
{
    uint64_t units = 0;
    const char *end = line + length, *stop = line + (bytes < length ? bytes : length);
    while (line < stop) {
        int32_t character;
        size_t size = utf8_next(line, end, &character);
        units += units_of(encoding, character, size);
        line += size;
    }
    return units;
}

/* Behind the line that begins at `at`, with its end: \n, \r\n or \r. */
static const char *next_line(const char *at, const char *end)
{
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    if (at < end && *at == '\r' && at + 1 < end && at[1] == '\n')
        at++;
    return at < end ? at + 1 : end;
}

size_t position_offset(enum encoding encoding, const char *text, size_t length, uint64_t line,
                       uint64_t character)
{
    const char *at = text, *end = text + length;
    for (; line && at < end; line--)
        at = next_line(at, end);
    if (line)
        return length;
    for (uint64_t units = 0; at < end && *at != '\n' && *at != '\r';) {
        int32_t value;
        size_t size = utf8_next(at, end, &value);
        units += units_of(encoding, value, size);
        if (units > character)
            break;
        at += size;
    }
    return (size_t)(at - text);
}
