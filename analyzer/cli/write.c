#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_to(int fd, const struct text *text)
{
    return fd_write_all(fd, text->at, text->length);
}

/* A device or a pipe is written to as it is; renaming a file over it would replace it. */
static bool write_special(const char *path, const struct text *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = write_to(fd, text);
    int error = errno;
    if (close(fd) != 0 && done) {
        done = false;
        error = errno;
    }
    errno = error;
    return done;
}

static bool write_file(const char *path, const struct text *text)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return write_special(path, text);
    /* Behind a symbolic link lies what is meant. */
    char *real = realpath(path, NULL);
    bool done = file_write(real ? real : path, text->at ? text->at : "", text->length);
    int error = errno;
    free(real);
    errno = error;
    return done;
}

bool write_output(const char *path, const struct text *text)
{
    if (path ? write_file(path, text) : write_to(STDOUT_FILENO, text))
        return true;
    fprintf(stderr, "leash: cannot write to %s: %s\n", path ? path : "standard output",
            strerror(errno));
    return false;
}

void write_errors(const struct text *text)
{
    (void)write_to(STDERR_FILENO, text);
}

bool is_terminal(int fd)
{
    const char *terminal = getenv("TERM");
    return isatty(fd) && terminal && !text_is(terminal, "dumb");
}

bool wants_colour(void)
{
    const char *refused = getenv("NO_COLOR");
    return is_terminal(STDOUT_FILENO) && (!refused || !refused[0]);
}
