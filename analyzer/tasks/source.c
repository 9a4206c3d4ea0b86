#include "tasks/source.h"
#include "tasks/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

bool source_is_url(const char *name)
{
    return strncasecmp(name, "http://", 7) == 0 || strncasecmp(name, "https://", 8) == 0;
}

bool source_open(struct source *source, struct arena *arena, const char *name,
                 const struct source_options *options, const char **error)
{
    *source = (struct source){
        .path = text_is(name, "-") ? NULL : name,
        .name = text_is(name, "-") ? "standard input" : name,
        .options = *options,
    };
    if (!source_is_url(name))
        return true;
    source->fetch = fetch_open(arena, name, &source->options, error);
    return source->fetch != NULL;
}

void source_close(struct source *source)
{
    if (source->fetch)
        fetch_close(source->fetch);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Pipes and devices have no size that could be asked for. */
static bool read_all(int fd, struct text *out)
{
    char piece[1 << 16];

    for (;;) {
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            return true;
        if ((size_t)got > SOURCE_BYTES_MAX - out->length) {
            errno = EFBIG;
            return false;
        }
        text_add_bytes(out, piece, (size_t)got);
    }
}

/* "127.0.0.1:6060", or with a path behind it. */
static bool is_address(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon && colon > name && strspn(colon + 1, "0123456789") > 0 &&
           !memchr(name, '/', (size_t)(colon - name));
}

static const char *explain(struct arena *arena, const char *name, int error)
{
    if (error == EFBIG)
        return arena_printf(arena, "it has more than %d MiB, too much for a dump",
                            SOURCE_BYTES_MAX >> 20);
    if (error == ENOENT && is_address(name))
        return arena_printf(arena, "there is no such file; for a service: leash tasks http://%s",
                            name);
    if (error == ENOENT && strstr(name, "://"))
        return "there is no such file, and services are asked by http:// or https://";
    return arena_strdup(arena, strerror(error));
}

static bool read_file(const char *name, struct text *out)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    bool done = fd >= 0 && read_all(fd, out);
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return done;
}

bool source_read(struct source *source, struct arena *arena, struct text *out, const char **error)
{
    if (source->fetch)
        return fetch_read(source->fetch, arena, out, error);
    if (source->path ? read_file(source->path, out) : read_all(STDIN_FILENO, out))
        return true;
    *error = explain(arena, source->name, errno);
    return false;
}
