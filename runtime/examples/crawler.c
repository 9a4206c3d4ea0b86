/*
 * crawler.c - counts the files below a directory and adds up their sizes.
 *
 * The pattern: work that breeds work, with a bounded number of tasks.  Workers that both take from
 * a queue and put into it can fill it and then all wait for room; so here there is no queue to wait
 * on. A task keeps its directories in a list of its own.  While fewer tasks run than allowed it
 * gives half of the list to a new one; otherwise it goes on alone.  Nobody ever waits for a place.
 *
 *  - Each task is counted before it starts, by a task that is counted itself: so the count cannot
 *    touch zero while there is work left, and waiting for zero is waiting for the end.
 *  - Directories are read by helper threads, a disk or a network being slow at times.
 *  - The context is looked at for each directory: after the time limit the tasks free their lists.
 */
#include <leash.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TASKS_MAX = 8, TIME_LIMIT_MS = 30 * 1000 };

/* A directory still to be read: one node on the heap, owned by the list it is in. */
struct directory {
    struct directory *next;
    char path[];
};

struct totals {
    uint64_t files, bytes, failures;
};

/* What one task has to do and has done. */
struct share {
    struct directory *list;
    struct totals totals;
};

struct crawl {
    wg_t tasks;
    mu_t lock;
    int running;          /* under lock */
    struct totals totals; /* under lock */
};

static void push(struct share *share, const char *parent, const char *name)
{
    size_t size = strlen(parent) + 1 + strlen(name) + 1;
    struct directory *directory = malloc(sizeof *directory + size);

    if (!directory) {
        share->totals.failures++;
        return;
    }
    (void)snprintf(directory->path, size, "%s%s%s", parent, *parent ? "/" : "", name);
    directory->next = share->list;
    share->list = directory;
}

static void count_entry(struct share *share, const char *path, int fd, const char *name)
{
    struct stat status;

    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        share->totals.failures++;
    } else if (S_ISDIR(status.st_mode)) {
        push(share, path, name);
    } else {
        share->totals.files++;
        share->totals.bytes += (uint64_t)status.st_size;
    }
}

/* Takes the first directory off the list and puts those in it on.  On a helper thread. */
static void *visit_first(void *argument)
{
    struct share *share = argument;
    struct directory *first = share->list;
    DIR *stream = opendir(first->path);
    int fd = stream ? dirfd(stream) : -1;
    struct dirent *entry;

    share->list = first->next;
    if (fd < 0)
        share->totals.failures++;
    while (fd >= 0 && (entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count_entry(share, first->path, fd, entry->d_name);
    if (stream)
        (void)closedir(stream);
    free(first);
    return NULL;
}

/* Every other directory of the list, which keeps the rest. */
static struct directory *split(struct directory *list)
{
    struct directory *half = NULL;

    for (; list && list->next; list = list->next) {
        struct directory *taken = list->next;
        list->next = taken->next;
        taken->next = half;
        half = taken;
    }
    return half;
}

static bool take_place(struct crawl *crawl)
{
    mu_lock(&crawl->lock);
    defer_unlock(&crawl->lock);
    if (crawl->running >= TASKS_MAX)
        return false;
    crawl->running++;
    return true;
}

static void leave_place(struct crawl *crawl, const struct totals *totals)
{
    mu_lock(&crawl->lock);
    defer_unlock(&crawl->lock);
    crawl->running--;
    crawl->totals.files += totals->files;
    crawl->totals.bytes += totals->bytes;
    crawl->totals.failures += totals->failures;
}

/* Owns the list. */
static void visit_all(ctx_t *ctx, struct crawl *crawl, struct directory *list)
{
    struct share share = {.list = list};

    while (share.list && ctx_err(ctx) == 0) {
        task_blocking(visit_first, &share);
        if (share.list && share.list->next && take_place(crawl))
            wg_spawn(&crawl->tasks, visit_all, ctx, crawl, split(share.list));
    }
    while (share.list) {
        struct directory *first = share.list;
        share.list = first->next;
        free(first);
    }
    leave_place(crawl, &share.totals);
}

static int entry(int argc, char **argv)
{
    ctx_t *ctx = ctx_with_timeout_ms(ctx_background(), TIME_LIMIT_MS);
    defer_ctx_free(ctx);
    struct crawl crawl = {0};
    struct share start = {0};

    push(&start, "", argc > 1 ? argv[1] : ".");
    if (!start.list || !take_place(&crawl))
        return 1;
    wg_spawn(&crawl.tasks, visit_all, ctx, &crawl, start.list);
    wg_wait(&crawl.tasks);
    printf("%s%llu files, %llu bytes, %llu not readable\n", ctx_err(ctx) ? "so far " : "",
           (unsigned long long)crawl.totals.files, (unsigned long long)crawl.totals.bytes,
           (unsigned long long)crawl.totals.failures);
    return crawl.totals.failures ? 1 : 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
