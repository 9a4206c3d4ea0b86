#include "lsp/frame.h"

#include <string.h>
#include <strings.h>

static const char length_name[] = "Content-Length:";

/* ---- bytes ----------------------------------------------------------------------------------- */

static const char *at(const struct frame_reader *reader)
{
    return reader->bytes.at + reader->taken;
}

static size_t left(const struct frame_reader *reader)
{
    return reader->bytes.length - reader->taken;
}

static void drop(struct frame_reader *reader, size_t count)
{
    reader->taken += count;
}

/* What was taken goes only now, so that a body stays valid until the next call. */
void frame_feed(struct frame_reader *reader, const void *bytes, size_t length)
{
    size_t rest = left(reader);
    if (reader->taken)
        memmove(reader->bytes.at, at(reader), rest);
    reader->bytes.length = rest;
    reader->taken = 0;
    text_add_bytes(&reader->bytes, bytes, length);
}

bool frame_is_inside(const struct frame_reader *reader)
{
    return left(reader) > 0 || reader->skip > 0;
}

void frame_release(struct frame_reader *reader)
{
    text_release(&reader->bytes);
    *reader = (struct frame_reader){0};
}

/* ---- headers --------------------------------------------------------------------------------- */

static enum frame_state lose(struct frame_reader *reader, struct frame *frame, const char *problem)
{
    reader->is_lost = true;
    frame->problem = problem;
    return FRAME_BROKEN;
}

/* To the next header that may be one; what is surely none goes. */
static bool find_header(struct frame_reader *reader)
{
    size_t keep = sizeof length_name - 2; /* it may have come in part */
    const char *found = memmem(at(reader), left(reader), length_name, sizeof length_name - 1);
    if (found)
        drop(reader, (size_t)(found - at(reader)));
    else if (left(reader) > keep)
        drop(reader, left(reader) - keep);
    reader->is_lost = !found;
    return found;
}

/* The number behind "Content-Length:" in one of the lines; false: there is none, or no number. */
static bool read_length(const char *header, size_t length, uint64_t *value)
{
    size_t name = sizeof length_name - 1;
    for (const char *line = header, *end = header + length; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline ? newline : end;
        if ((size_t)(stop - line) > name && strncasecmp(line, length_name, name) == 0) {
            const char *digit = line + name;
            while (digit < stop && *digit == ' ')
                digit++;
            const char *first = digit;
            for (*value = 0; digit < stop && *digit >= '0' && *digit <= '9'; digit++)
                *value = *value < UINT32_MAX ? *value * 10 + (uint64_t)(*digit - '0') : *value;
            return digit > first && (digit == stop || *digit == '\r');
        }
        line = stop + 1;
    }
    return false;
}

/* The bytes of the header, the empty line included; 0: it has not come in full. */
static size_t header_bytes(const struct frame_reader *reader)
{
    size_t reach = left(reader) < FRAME_HEADER_BYTES_MAX ? left(reader) : FRAME_HEADER_BYTES_MAX;
    const char *end = memmem(at(reader), reach, "\r\n\r\n", 4);
    return end ? (size_t)(end - at(reader)) + 4 : 0;
}

static void skip(struct frame_reader *reader)
{
    size_t count = reader->skip < left(reader) ? (size_t)reader->skip : left(reader);
    drop(reader, count);
    reader->skip -= count;
}

enum frame_state frame_next(struct frame_reader *reader, struct frame *frame)
{
    uint64_t length;
    *frame = (struct frame){0};
    skip(reader);
    if (reader->skip || !left(reader) || (reader->is_lost && !find_header(reader)))
        return FRAME_NONE;
    size_t header = header_bytes(reader);
    if (!header && left(reader) >= FRAME_HEADER_BYTES_MAX) {
        drop(reader, 1);
        return lose(reader, frame, "a message's header is too long");
    }
    if (!header)
        return FRAME_NONE;
    if (!read_length(at(reader), header, &length)) {
        drop(reader, 1); /* a sound header may stand further on in it */
        return lose(reader, frame, "a message's header has no Content-Length that is a number");
    }
    if (length > FRAME_BODY_BYTES_MAX) {
        drop(reader, header);
        reader->skip = length;
        frame->problem = "a message is too long, and is left out";
        return FRAME_BROKEN;
    }
    if (left(reader) - header < length)
        return FRAME_NONE;
    frame->body = at(reader) + header;
    frame->length = (size_t)length;
    drop(reader, header + (size_t)length);
    return FRAME_WHOLE;
}

void frame_add(struct text *out, const char *body, size_t length)
{
    text_printf(out, "%s %zu\r\n\r\n", length_name, length);
    text_add_bytes(out, body, length);
}
