/*
 * task_dump_as: the tasks arranged otherwise than one by one.
 *
 * The words are those of `leash tasks`, which does the same with a dump that was saved.  All tasks
 * are read first; they are sorted, and what is alike then lies side by side.
 */
#include "dump.h"
#include "leash.h"
#include "stack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- all tasks ------------------------------------------------------------------------------- */

struct views {
    struct view *at;
    size_t count;
    size_t room;
    bool failed; /* there was no memory for all */
};

static void read_if_alive(struct task *task, void *arg)
{
    struct views *views = arg;

    if (views->failed || !task_is_alive(task))
        return;
    if (views->count == views->room) {
        size_t room = views->room ? 2 * views->room : 256;
        struct view *at = realloc(views->at, room * sizeof(*at));
        if (!at) {
            views->failed = true;
            return;
        }
        views->at = at;
        views->room = room;
    }
    views->at[views->count++] = dump_look_at(task);
}

/* NULL stands before all. */
static int compare_texts(const char *a, const char *b)
{
    if (a == b || !a || !b)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* 0: they are alike. */
static int compare_kinds(const struct view *a, const struct view *b)
{
    int order = compare_texts(a->parked, b->parked);

    if (!order)
        order = compare_texts(a->spawn, b->spawn);
    if (!order)
        order = compare_texts(a->state, b->state);
    if (!order)
        order = compare_texts(a->name, b->name);
    return order ? order : compare_numbers((uintptr_t)a->calls, (uintptr_t)b->calls);
}

static int by_kind(const void *left, const void *right)
{
    const struct view *a = left;
    const struct view *b = right;
    int order = compare_kinds(a, b);

    return order ? order : compare_numbers(a->id, b->id);
}

static int by_object(const void *left, const void *right)
{
    const struct view *a = left;
    const struct view *b = right;

    return compare_numbers((uintptr_t)a->object, (uintptr_t)b->object);
}

static int by_state(const void *left, const void *right)
{
    return compare_texts(((const struct view *)left)->state, ((const struct view *)right)->state);
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* Tasks that are alike, or whatever else lies side by side. */
struct group {
    struct view *first; /* of those that are alike, the one with the lowest id */
    size_t count;
    int64_t longest_ms; /* the longest wait among them; -1: none waits */
};

static int most_first(const void *left, const void *right)
{
    const struct group *a = left;
    const struct group *b = right;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->longest_ms != b->longest_ms)
        return a->longest_ms > b->longest_ms ? -1 : 1;
    return compare_numbers(a->first->id, b->first->id);
}

/* The views in this order, and as groups of those that it takes for equal: `groups` has room for as
 * many as there are views.  Returns their number. */
static size_t make_groups(struct view *views, size_t count,
                          int (*order)(const void *, const void *),
                          int (*compare)(const void *, const void *), struct group *groups)
{
    size_t made = 0;

    if (count)
        qsort(views, count, sizeof(*views), order);
    for (size_t i = 0; i < count; i++) {
        if (!made || compare(groups[made - 1].first, &views[i]) != 0)
            groups[made++] = (struct group){&views[i], 0, -1};
        struct group *group = &groups[made - 1];
        group->count++;
        if (views[i].parked_ms > group->longest_ms)
            group->longest_ms = views[i].parked_ms;
    }
    return made;
}

static int compare_as_kinds(const void *left, const void *right)
{
    return compare_kinds(left, right);
}

/* Those that are alike, most first. */
static size_t group_by_kind(struct view *views, size_t count, struct group *groups)
{
    size_t made = make_groups(views, count, by_kind, compare_as_kinds, groups);

    if (made)
        qsort(groups, made, sizeof(*groups), most_first);
    return made;
}

static void write_group(const struct group *group, FILE *out)
{
    fprintf(out, "%7zu ", group->count);
    dump_write_what(group->first, group->count, group->longest_ms, out);
    fputc('\n', out);
    dump_write_calls(group->first, 12, out);
}

/* "1003 tasks: 1000 chan receive, 2 sleep, 1 running" */
static void write_counts(struct views *views, struct group *groups, FILE *out)
{
    size_t count = make_groups(views->at, views->count, by_state, by_state, groups);

    if (count)
        qsort(groups, count, sizeof(*groups), most_first);
    fprintf(out, "%zu task%s", views->count, views->count == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%zu %s", i ? ", " : ": ", groups[i].count, groups[i].first->state);
    fputc('\n', out);
}

static bool write_top(struct views *views, struct group *groups, FILE *out)
{
    write_counts(views, groups, out);
    size_t count = group_by_kind(views->at, views->count, groups);
    for (size_t i = 0; i < count; i++)
        write_group(&groups[i], out);
    return true;
}

/* ---- who waits for what ---------------------------------------------------------------------- */

/* Those without an object stand at the end. */
static int objects_first(const void *left, const void *right)
{
    const struct group *a = left;
    const struct group *b = right;

    if (!a->first->object != !b->first->object)
        return a->first->object ? -1 : 1;
    return most_first(left, right);
}

static size_t keep_parked(struct views *views)
{
    size_t kept = 0;

    for (size_t i = 0; i < views->count; i++)
        if (views->at[i].parked_ms >= 0)
            views->at[kept++] = views->at[i];
    return kept;
}

static bool write_objects(struct views *views, struct group *groups, FILE *out)
{
    size_t parked = keep_parked(views);
    size_t count = make_groups(views->at, parked, by_object, by_object, groups);
    struct group *alike = calloc(parked + 1, sizeof(*alike));

    if (!alike)
        return false;
    if (count)
        qsort(groups, count, sizeof(*groups), objects_first);
    for (size_t i = 0; i < count; i++) {
        const void *object = groups[i].first->object;
        fprintf(out, "%zu %s for ", groups[i].count,
                groups[i].count == 1 ? "task waits" : "tasks wait");
        fprintf(out, object ? "%p\n" : "no single object\n", object);
        size_t kinds = group_by_kind(groups[i].first, groups[i].count, alike);
        for (size_t k = 0; k < kinds; k++)
            write_group(&alike[k], out);
    }
    free(alike);
    return true;
}

/* ---- who spawned whom ------------------------------------------------------------------------ */

/* A line of the tree: a task, several that are alike and have spawned none that lives, or one that
 * has ended and of which only what it spawned is there. */
struct row {
    uint64_t id; /* of the first of them */
    uint64_t parent_id;
    struct group group; /* count 0: it has ended */
    bool is_parent;
    size_t depth;
};

struct tree {
    struct row *rows;
    size_t count;
    struct row **pending; /* that are to be written, the next one last */
    size_t pending_count;
};

static int by_row_id(const void *left, const void *right)
{
    return compare_numbers(((const struct row *)left)->id, ((const struct row *)right)->id);
}

static int by_parent(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    int order = compare_numbers(a->parent_id, b->parent_id);

    return order ? order : compare_numbers(a->id, b->id);
}

static bool can_be_one(const struct row *a, const struct row *b)
{
    return a->parent_id == b->parent_id && !a->is_parent && !b->is_parent &&
           !compare_kinds(a->group.first, b->group.first);
}

/* So that rows which can be one lie side by side. */
static int by_likeness(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    int order = compare_numbers(a->parent_id, b->parent_id);

    if (!order)
        order = compare_numbers(a->is_parent, b->is_parent);
    if (!order && !a->is_parent)
        order = compare_kinds(a->group.first, b->group.first);
    return order ? order : compare_numbers(a->id, b->id);
}

/* A row for each task, and for each that has ended but has spawned one of them. */
static void fill_rows(struct tree *tree, struct views *views)
{
    for (size_t i = 0; i < views->count; i++) {
        struct view *view = &views->at[i];
        tree->rows[tree->count++] =
            (struct row){.id = view->id, view->parent_id, {view, 1, view->parked_ms}};
    }
    qsort(tree->rows, tree->count, sizeof(*tree->rows), by_row_id);
    size_t alive = tree->count;
    for (size_t i = 0; i < alive; i++) {
        struct row wanted = {.id = tree->rows[i].parent_id, .is_parent = true};
        struct row *parent = bsearch(&wanted, tree->rows, alive, sizeof(wanted), by_row_id);
        if (parent)
            parent->is_parent = true;
        else if (wanted.id)
            tree->rows[tree->count++] = wanted;
    }
}

/* One row for those that are alike, or stand for the same one that has ended. */
static void join_rows(struct tree *tree)
{
    size_t kept = 0;

    qsort(tree->rows, tree->count, sizeof(*tree->rows), by_likeness);
    for (size_t i = 0; i < tree->count; i++) {
        struct row *row = &tree->rows[i];
        struct row *last = kept ? &tree->rows[kept - 1] : NULL;
        if (last && last->id == row->id)
            continue;
        if (!last || !can_be_one(last, row)) {
            tree->rows[kept++] = *row;
            continue;
        }
        last->group.count++;
        if (row->group.longest_ms > last->group.longest_ms)
            last->group.longest_ms = row->group.longest_ms;
    }
    tree->count = kept;
    qsort(tree->rows, tree->count, sizeof(*tree->rows), by_parent);
}

/* The rows below that of the parent are the next ones, in their order. */
static void push_rows(struct tree *tree, uint64_t parent_id, size_t depth)
{
    size_t low = 0;
    size_t high = tree->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tree->rows[middle].parent_id <= parent_id)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low && tree->rows[low - 1].parent_id == parent_id; low--) {
        tree->rows[low - 1].depth = depth;
        tree->pending[tree->pending_count++] = &tree->rows[low - 1];
    }
}

/* A tree can be as deep as there are tasks. */
static int write_indent(size_t depth, FILE *out)
{
    enum { LEVELS_MAX = 32 };

    if (depth <= LEVELS_MAX)
        return fprintf(out, "%*s", (int)depth * 4, "");
    return fprintf(out, "%*s(%zu levels) ", LEVELS_MAX * 4, "", depth);
}

static void write_row(const struct row *row, FILE *out)
{
    const struct group *group = &row->group;
    int indent = write_indent(row->depth, out);

    fprintf(out, "task %" PRIu64, row->id);
    if (!group->count) {
        fputs(", which has ended\n", out);
        return;
    }
    if (group->count > 1)
        fprintf(out, " and %zu like it", group->count - 1);
    fputc(' ', out);
    dump_write_what(group->first, group->count, group->longest_ms, out);
    fputc('\n', out);
    dump_write_calls(group->first, indent + 8, out);
}

static bool write_tree(struct views *views, struct group *groups, FILE *out)
{
    size_t room = 2 * views->count + 1;
    struct tree tree = {.rows = calloc(room, sizeof(*tree.rows)),
                        .pending = calloc(room, sizeof(*tree.pending))};
    bool done = tree.rows && tree.pending;

    (void)groups;
    if (done) {
        fill_rows(&tree, views);
        join_rows(&tree);
        push_rows(&tree, 0, 0);
    }
    while (tree.pending_count) {
        const struct row *row = tree.pending[--tree.pending_count];
        write_row(row, out);
        if (row->is_parent)
            push_rows(&tree, row->id, row->depth + 1);
    }
    free(tree.rows);
    free(tree.pending);
    return done;
}

/* ---- by name --------------------------------------------------------------------------------- */

static const struct arrangement {
    const char *name;
    /* With room for as many groups as there are tasks.  False: no memory. */
    bool (*write)(struct views *views, struct group *groups, FILE *out);
} arrangements[] = {{"top", write_top}, {"tree", write_tree}, {"objects", write_objects}};

static int dump_as(const struct arrangement *arrangement, FILE *out)
{
    struct views views = {.at = NULL};

    stack_each(read_if_alive, &views);
    struct group *groups = calloc(views.count + 1, sizeof(*groups));
    bool done = groups && !views.failed;
    flockfile(out);
    errno = 0;
    done = done && arrangement->write(&views, groups, out);
    int error = done ? dump_finish(out) : ENOMEM;
    funlockfile(out);
    free(groups);
    free(views.at);
    return error;
}

static const struct arrangement *find_arrangement(const char *name)
{
    for (size_t i = 0; i < sizeof(arrangements) / sizeof(*arrangements); i++)
        if (!strcmp(name, arrangements[i].name))
            return &arrangements[i];
    return NULL;
}

bool dump_knows_view(const char *view)
{
    return !strcmp(view, "list") || find_arrangement(view);
}

int leash_task_dump_as(FILE *out, const char *view)
{
    const struct arrangement *arrangement = find_arrangement(view);

    if (arrangement)
        return dump_as(arrangement, out);
    return dump_knows_view(view) ? leash_task_dump(out) : EINVAL;
}
