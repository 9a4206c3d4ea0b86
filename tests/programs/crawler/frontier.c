/* frontier.c - see frontier.h. */
#include "frontier.h"

#include <stdlib.h>
#include <string.h>

void frontier_init(struct frontier *frontier, struct stats *stats)
{
    *frontier = (struct frontier){.stats = stats};
}

void frontier_release(struct frontier *frontier)
{
    for (int i = 0; i < BUCKETS; i++) {
        struct known_path *known = frontier->buckets[i];
        while (known) {
            struct known_path *next = known->next_in_bucket;
            free(known);
            known = next;
        }
    }
}

static struct known_path **bucket_of(struct frontier *frontier, const struct path *path)
{
    unsigned hash = 5381;

    for (const char *at = path->text; *at; at++)
        hash = hash * 33 + (unsigned char)*at;
    return &frontier->buckets[hash % BUCKETS];
}

static bool is_known(const struct known_path *known, const struct path *path)
{
    for (; known; known = known->next_in_bucket)
        if (strcmp(known->path.text, path->text) == 0)
            return true;
    return false;
}

static void append(struct frontier *frontier, struct known_path *known)
{
    if (frontier->last)
        frontier->last->next_pending = known;
    else
        frontier->first = known;
    frontier->last = known;
}

int frontier_add(struct frontier *frontier, const struct path *path)
{
    mu_lock(&frontier->lock);
    struct known_path **bucket = bucket_of(frontier, path);
    if (is_known(*bucket, path)) {
        stats_count_duplicate(frontier->stats);
        mu_unlock(&frontier->lock);
        return 0;
    }
    struct known_path *known = calloc(1, sizeof *known);
    if (!known) {
        mu_unlock(&frontier->lock);
        return ENOMEM;
    }
    known->path = *path;
    known->next_in_bucket = *bucket;
    *bucket = known;
    append(frontier, known);
    cv_signal(&frontier->changed);
    mu_unlock(&frontier->lock);
    return 0;
}

static struct known_path *take_first(struct frontier *frontier)
{
    struct known_path *first = frontier->first;

    frontier->first = first->next_pending;
    if (!frontier->first)
        frontier->last = NULL;
    first->next_pending = NULL;
    return first;
}

bool frontier_next(struct frontier *frontier, struct path *path)
{
    mu_lock(&frontier->lock);
    defer_unlock(&frontier->lock);
    while (!frontier->first && frontier->working > 0 && !frontier->closed)
        cv_wait(&frontier->changed, &frontier->lock);
    if (!frontier->first || frontier->closed)
        return false;
    *path = take_first(frontier)->path;
    frontier->working++;
    return true;
}

void frontier_finished(struct frontier *frontier)
{
    mu_lock(&frontier->lock);
    defer_unlock(&frontier->lock);
    frontier->working--;
    if (frontier->working == 0 && !frontier->first)
        cv_broadcast(&frontier->changed);
}

void frontier_close(struct frontier *frontier)
{
    mu_lock(&frontier->lock);
    defer_unlock(&frontier->lock);
    frontier->closed = true;
    cv_broadcast(&frontier->changed);
}

int frontier_length(struct frontier *frontier)
{
    int length = 0;

    mu_lock(&frontier->lock);
    defer_unlock(&frontier->lock);
    for (const struct known_path *at = frontier->first; at; at = at->next_pending)
        length++;
    return length + frontier->working;
}
