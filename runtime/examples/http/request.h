/*
 * request.h - one HTTP/1.1 request, read into bounded memory.
 *
 * Nothing that a client sends is stored without a bound: header, URL and body have a maximum, and a
 * refusal of their own when it is exceeded.  Knows nothing of sockets and tasks.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>

enum { HEADER_BYTES_MAX = 8 * 1024, URL_BYTES_MAX = 1024, BODY_BYTES_MAX = 64 * 1024 };

struct request {
    http_parser parser;
    char url[URL_BYTES_MAX + 1];
    size_t url_length;
    char *body; /* on the heap, BODY_BYTES_MAX of room; NULL while there is none */
    size_t body_length;
    char name[16]; /* of the header line that is being read, cut off */
    size_t name_length;
    bool in_value;        /* of that line */
    bool has_host;        /* there is such a header */
    bool has_expect;      /* likewise */
    bool wants_consent;   /* the client sends its body after a 100; the reader clears it */
    bool complete;        /* to its last byte */
    bool keep_connection; /* what the client wishes, known when it is complete */
    int refusal;          /* 0, or the status it is refused with; a negative one is the reader's */
};

/* Once, before the first request. */
void request_set_up(void);

void request_start(struct request *request);

/* Takes from the `length` bytes what belongs to the request and returns how many these are.  The
 * request is complete or refused then, or they are all of them. */
size_t request_parse(struct request *request, const char *bytes, size_t length);

/* Gives back what it holds. */
void request_end(struct request *request);

#endif
