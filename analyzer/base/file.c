#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_regular(const char *path, size_t limit, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    struct stat status;
    int error = 0;
    if (fstat(fd, &status) != 0)
        error = errno;
    else if (S_ISDIR(status.st_mode))
        error = EISDIR;
    else if (!S_ISREG(status.st_mode))
        error = EINVAL;
    else if ((uintmax_t)status.st_size > limit)
        error = EFBIG;
    if (error) {
        close(fd);
        errno = error;
        return -1;
    }
    *size = (size_t)status.st_size;
    return fd;
}

char *file_read(struct arena *arena, const char *path, size_t limit, size_t *length)
{
    size_t size;
    int fd = open_regular(path, limit, &size);
    if (fd < 0)
        return NULL;
    char *data = arena_push(arena, size + 1);
    size_t filled = 0;
    while (filled < size) {
        ssize_t got = read(fd, data + filled, size - filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int error = errno;
            close(fd);
            errno = error;
            return NULL;
        }
        if (got == 0)
            break;
        filled += (size_t)got;
    }
    close(fd);
    *length = filled;
    return data;
}

const struct file_buffer *file_buffer_find(const struct file_buffer *buffers, size_t count,
                                           const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (text_is(buffers[i].path, path))
            return &buffers[i];
    return NULL;
}

bool fd_write_all(int fd, const void *data, size_t length)
{
    for (const char *at = data; length;) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        at += written;
        length -= (size_t)written;
    }
    return true;
}

bool file_write(const char *path, const void *data, size_t length)
{
    struct text temporary = {0};
    text_printf(&temporary, "%s.XXXXXX", path);
    int fd = mkostemp(temporary.at, O_CLOEXEC);
    bool done = fd >= 0 && fd_write_all(fd, data, length) && fchmod(fd, 0644) == 0;
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && done) {
        done = false;
        error = errno;
    }
    if (done && rename(temporary.at, path) != 0) {
        done = false;
        error = errno;
    }
    if (!done && fd >= 0)
        unlink(temporary.at);
    text_release(&temporary);
    errno = error;
    return done;
}

char *path_clean(struct arena *arena, const char *path)
{
    bool absolute = path[0] == '/';
    char *clean = arena_push(arena, strlen(path) + 2);
    size_t length = 0, floor = 0; /* floor: what ".." may not fold away */
    if (absolute)
        clean[length++] = '/', floor = 1;
    for (const char *part = path; *part;) {
        size_t size = strcspn(part, "/");
        bool up = size == 2 && part[0] == '.' && part[1] == '.';
        if (up && length > floor) {
            while (length > floor && clean[length - 1] != '/')
                length--;
            if (length > floor)
                length--;
        } else if (up && absolute) {
            /* the root's parent is the root */
        } else if (size > 0 && !(size == 1 && part[0] == '.')) {
            if (length > 0 && clean[length - 1] != '/')
                clean[length++] = '/';
            memcpy(clean + length, part, size);
            length += size;
            if (up)
                floor = length;
        }
        part += size;
        part += strspn(part, "/");
    }
    if (length == 0)
        clean[length++] = '.';
    clean[length] = '\0';
    return clean;
}

char *path_join(struct arena *arena, const char *directory, const char *path)
{
    if (path[0] == '/' || !directory || !directory[0])
        return path_clean(arena, path);
    return path_clean(arena, arena_printf(arena, "%s/%s", directory, path));
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_directory(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return arena_strdup(arena, ".");
    return arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *path_below(const char *path, const char *root)
{
    size_t length = strlen(root);
    if (length == 1 && root[0] == '/')
        return path;
    if (strncmp(path, root, length) == 0 && path[length] == '/')
        return path + length + 1;
    return path;
}
