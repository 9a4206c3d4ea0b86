#include "proc.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TEXT_BYTES = 4096, LINE_BYTES = 512 };

/* What getdents64(2) writes. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short bytes;
    unsigned char kind;
    char name[];
};

bool proc_each_number(int folder, void (*visit)(int number, void *arg), void *arg)
{
    _Alignas(struct entry) char buffer[TEXT_BYTES];
    long bytes;

    lseek(folder, 0, SEEK_SET);
    while ((bytes = syscall(SYS_getdents64, folder, buffer, sizeof(buffer))) > 0) {
        for (long place = 0; place < bytes;) {
            const struct entry *entry = (const struct entry *)(buffer + place);
            if (*entry->name != '.')
                visit((int)strtol(entry->name, NULL, 10), arg);
            place += entry->bytes;
        }
    }
    return bytes == 0;
}

bool proc_each_line(const char *path, void (*visit)(const char *line, void *arg), void *arg)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    char text[TEXT_BYTES];
    char line[LINE_BYTES + 1];
    size_t length = 0;
    ssize_t bytes;

    if (file < 0)
        return false;
    while ((bytes = read(file, text, sizeof(text))) > 0) {
        for (ssize_t i = 0; i < bytes; i++) {
            if (text[i] != '\n') {
                if (length < LINE_BYTES)
                    line[length++] = text[i];
                continue;
            }
            line[length] = '\0';
            visit(line, arg);
            length = 0;
        }
    }
    close(file);
    return bytes == 0;
}

uintptr_t proc_read_number(const char **text, unsigned base)
{
    uintptr_t number = 0;

    for (;; ++*text) {
        unsigned char c = (unsigned char)**text;
        unsigned digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
        if (digit >= base)
            return number;
        number = number * base + digit;
    }
}

/* ---- what the system keeps ------------------------------------------------------------------- */

struct keeping {
    void (*visit)(uintptr_t word, void *arg);
    void *arg;
    const char *before; /* goes before a word on its line */
    bool failed;
};

static void visit_word(const char *line, void *arg)
{
    const struct keeping *keeping = arg;
    const char *place = strstr(line, keeping->before);

    if (!place)
        return;
    place += strlen(keeping->before);
    place += strspn(place, " ");
    keeping->visit(proc_read_number(&place, 16), keeping->arg);
}

/* Descriptors without a file have no type; among them are the few that the question is about. */
static bool is_epoll(int fd)
{
    static const char kind[] = "anon_inode:[eventpoll]";
    char path[64];
    char target[sizeof(kind)];
    struct stat about;

    if (fstat(fd, &about) || about.st_mode & S_IFMT)
        return false;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t bytes = readlink(path, target, sizeof(target));
    return bytes == (ssize_t)strlen(kind) && !memcmp(target, kind, strlen(kind));
}

/* What the runtime's own keeps are numbers. */
static void visit_descriptor(int fd, void *arg)
{
    struct keeping *keeping = arg;
    char path[64];

    if (io_is_poller(fd) || !is_epoll(fd))
        return;
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    if (!proc_each_line(path, visit_word, keeping))
        keeping->failed = true;
}

bool proc_each_kept_word(void (*visit)(uintptr_t word, void *arg), void *arg)
{
    struct keeping of_epoll = {visit, arg, "data:", false};
    struct keeping of_timers = {visit, arg, "/", false};
    int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return false;
    bool listed = proc_each_number(folder, visit_descriptor, &of_epoll);
    close(folder);
    /* Not every system tells of timers. */
    bool timers = proc_each_line("/proc/self/timers", visit_word, &of_timers) || errno == ENOENT;
    return listed && timers && !of_epoll.failed;
}
