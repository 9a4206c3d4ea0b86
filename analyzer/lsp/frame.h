/*
 * frame.h - messages out of a stream of bytes: LSP's base protocol.
 *
 *     struct frame_reader reader = {0};
 *     frame_feed(&reader, bytes, length);
 *     while ((state = frame_next(&reader, &frame)) != FRAME_NONE) ...
 *
 * The bytes are hostile.  After a header that makes no sense the reader looks for the next
 * "Content-Length:"; a message that is too long is skipped.
 */
#ifndef LEASH_FRAME_H
#define LEASH_FRAME_H

#include "base/base.h"

enum { FRAME_HEADER_BYTES_MAX = 8 << 10, FRAME_BODY_BYTES_MAX = 128 << 20 };

struct frame_reader {
    struct text bytes; /* not yet taken */
    size_t taken;      /* of them, but still there */
    uint64_t skip;     /* bytes of a message that is too long, still to come */
    bool is_lost;      /* looking for the next header */
};

enum frame_state {
    FRAME_NONE,   /* more bytes are needed */
    FRAME_WHOLE,  /* body and length */
    FRAME_BROKEN, /* problem; the reader goes on behind it */
};

struct frame {
    const char *body; /* valid until the next call */
    size_t length;
    const char *problem;
};

void frame_feed(struct frame_reader *, const void *bytes, size_t length);
enum frame_state frame_next(struct frame_reader *, struct frame *);
/* Has it begun a message that is not finished? */
bool frame_is_inside(const struct frame_reader *);
void frame_release(struct frame_reader *);

/* Adds the header and body of one message. */
void frame_add(struct text *out, const char *body, size_t length);

#endif
