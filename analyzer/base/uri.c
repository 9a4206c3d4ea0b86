#include "base/uri.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void uri_add_path(struct text *out, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~/";

    for (; *path; path++)
        if (strchr(plain, *path))
            text_add_char(out, *path);
        else
            text_printf(out, "%%%02X", (unsigned char)*path);
}

static int digit_value(char digit)
{
    return isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
}

/* In place; false: an escape is cut short, or would end the path early. */
static bool unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        if (!isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[2]))
            return false;
        *to = (char)(digit_value(from[1]) * 16 + digit_value(from[2]));
        if (!*to++)
            return false;
        from += 2;
    }
    *to = '\0';
    return true;
}

const char *uri_to_path(struct arena *arena, const char *uri)
{
    static const char *const starts[] = {"file:///", "file://localhost/", "file:/"};

    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        size_t length = strlen(starts[i]);
        if (strncasecmp(uri, starts[i], length) != 0)
            continue;
        const char *path = uri + length - 1;
        if (path[1] == '/')
            return NULL; /* file://host/... */
        char *copy = arena_strndup(arena, path, strcspn(path, "?#"));
        return unescape(copy) ? path_clean(arena, copy) : NULL;
    }
    return NULL;
}
