/*
 * request.c - what the parser's calls make of a request.  One that returns -1 ends the parsing, and
 * `refusal` says why.
 */
#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse(struct request *request, int status)
{
    request->refusal = status;
    return -1;
}

static int on_url(http_parser *parser, const char *bytes, size_t length)
{
    struct request *request = parser->data;

    if (length > URL_BYTES_MAX - request->url_length)
        return refuse(request, HTTP_STATUS_URI_TOO_LONG);
    memcpy(request->url + request->url_length, bytes, length);
    request->url_length += length;
    return 0;
}

/* A name may come in pieces. */
static int on_header_name(http_parser *parser, const char *bytes, size_t length)
{
    struct request *request = parser->data;

    if (request->in_value)
        request->name_length = 0;
    request->in_value = false;
    size_t room = sizeof request->name - 1 - request->name_length;
    if (length > room)
        length = room;
    memcpy(request->name + request->name_length, bytes, length);
    request->name_length += length;
    request->name[request->name_length] = '\0';
    return 0;
}

/* A name tells all we want to know: the only thing to expect is a 100. */
static int on_header_value(http_parser *parser, const char *bytes, size_t length)
{
    struct request *request = parser->data;

    (void)bytes;
    (void)length;
    request->in_value = true;
    if (strcasecmp(request->name, "Host") == 0)
        request->has_host = true;
    else if (strcasecmp(request->name, "Expect") == 0)
        request->has_expect = true;
    return 0;
}

static int on_headers_complete(http_parser *parser)
{
    struct request *request = parser->data;
    bool has_length = (parser->flags & F_CONTENTLENGTH) != 0;

    if (!request->has_host && parser->http_major == 1 && parser->http_minor == 1)
        return refuse(request, HTTP_STATUS_BAD_REQUEST);
    if (has_length && parser->content_length > BODY_BYTES_MAX)
        return refuse(request, HTTP_STATUS_PAYLOAD_TOO_LARGE);
    request->wants_consent = request->has_expect && parser->http_minor >= 1;
    return 0;
}

/* A body in chunks does not say its length before. */
static int on_body(http_parser *parser, const char *bytes, size_t length)
{
    struct request *request = parser->data;

    if (!request->body)
        request->body = malloc(BODY_BYTES_MAX);
    if (!request->body)
        return refuse(request, HTTP_STATUS_SERVICE_UNAVAILABLE);
    if (length > BODY_BYTES_MAX - request->body_length)
        return refuse(request, HTTP_STATUS_PAYLOAD_TOO_LARGE);
    memcpy(request->body + request->body_length, bytes, length);
    request->body_length += length;
    return 0;
}

/* Pauses the parser: what follows in the buffer is the next request. */
static int on_complete(http_parser *parser)
{
    struct request *request = parser->data;

    request->complete = true;
    request->keep_connection = http_should_keep_alive(parser) && !parser->upgrade;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings calls = {
    .on_url = on_url,
    .on_header_field = on_header_name,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void request_set_up(void)
{
    http_parser_set_max_header_size(HEADER_BYTES_MAX);
}

void request_start(struct request *request)
{
    *request = (struct request){0};
    http_parser_init(&request->parser, HTTP_REQUEST);
    request->parser.data = request;
}

void request_end(struct request *request)
{
    free(request->body);
    request->body = NULL;
}

size_t request_parse(struct request *request, const char *bytes, size_t length)
{
    size_t used = http_parser_execute(&request->parser, &calls, bytes, length);

    if (request->complete || request->refusal != 0)
        return used;
    if (HTTP_PARSER_ERRNO(&request->parser) == HPE_HEADER_OVERFLOW)
        request->refusal = HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
    else if (HTTP_PARSER_ERRNO(&request->parser) != HPE_OK || request->parser.upgrade)
        request->refusal = HTTP_STATUS_BAD_REQUEST;
    return used;
}
