#include "tasks/tree.h"

#include <stdlib.h>

/* A task, or one that has ended, and the tasks that it spawned. */
struct node {
    const struct task *task; /* NULL: it has ended */
    uint64_t id;             /* 0: what stands above all */
    struct node *next;       /* of the same parent, with a higher id */
    struct node *first, *last;
};

static void append(struct node *parent, struct node *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct node **place_of(struct map *nodes, uint64_t id)
{
    return (struct node **)map_put(nodes, &id, sizeof id);
}

static struct node *node_of(struct arena *arena, struct map *nodes, uint64_t id)
{
    struct node **place = place_of(nodes, id);

    if (!*place) {
        *place = arena_new(arena, struct node);
        (*place)->id = id;
    }
    return *place;
}

static int compare_ids(const void *a, const void *b)
{
    struct node *const *left = a, *const *right = b;

    return ((*left)->id > (*right)->id) - ((*left)->id < (*right)->id);
}

/* All below one node.  Parents have lower ids than what they spawn, so there are no circles. */
static struct node *make_nodes(struct arena *arena, const struct dump *dump)
{
    struct map nodes = {.arena = arena};
    VEC(struct node *) roots = {0};
    struct node *top = arena_new(arena, struct node);

    for (size_t i = 0; i < dump->tasks.count; i++) {
        const struct task *task = &dump->tasks.at[i];
        struct node *node = node_of(arena, &nodes, task->id);
        node->task = task;
        if (!task->parent) {
            *vec_add(arena, &roots) = node;
            continue;
        }
        struct node *parent = node_of(arena, &nodes, task->parent);
        if (!parent->task && !parent->first)
            *vec_add(arena, &roots) = parent;
        append(parent, node);
    }
    if (roots.count)
        qsort(roots.at, roots.count, sizeof *roots.at, compare_ids);
    for (size_t i = 0; i < roots.count; i++)
        append(top, roots.at[i]);
    return top;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* A row that is to come, and what it stands for. */
struct pending {
    struct tree_row row;
    const struct node *node; /* NULL: leaves */
};
typedef VEC(struct pending) pending_list;

static int compare_pending(const void *a, const void *b)
{
    const struct pending *left = a, *right = b;

    return (left->row.id > right->row.id) - (left->row.id < right->row.id);
}

static pending_list rows_below(struct arena *arena, const struct node *parent, size_t depth)
{
    task_refs leaves = {0};
    pending_list rows = {0};

    for (const struct node *node = parent->first; node; node = node->next) {
        if (!node->first) {
            *vec_add(arena, &leaves) = node->task;
            continue;
        }
        struct group group = {node->task, node->task ? 1 : 0,
                              node->task ? node->task->parked_ms : -1};
        *vec_add(arena, &rows) = (struct pending){{depth, false, group, node->id}, node};
    }
    group_list groups = group_tasks(arena, &leaves);
    for (size_t i = 0; i < groups.count; i++)
        *vec_add(arena, &rows) =
            (struct pending){{depth, false, groups.at[i], groups.at[i].first->id}, NULL};
    if (rows.count) {
        qsort(rows.at, rows.count, sizeof *rows.at, compare_pending);
        rows.at[rows.count - 1].row.is_last = true;
    }
    return rows;
}

static void push(struct arena *arena, pending_list *stack, const pending_list *rows)
{
    for (size_t i = rows->count; i > 0; i--)
        *vec_add(arena, stack) = rows->at[i - 1];
}

tree_rows tree_of(struct arena *arena, const struct dump *dump)
{
    pending_list stack = {0};
    tree_rows rows = {0};
    pending_list roots = rows_below(arena, make_nodes(arena, dump), 0);

    push(arena, &stack, &roots);
    while (stack.count) {
        struct pending next = stack.at[--stack.count];
        *vec_add(arena, &rows) = next.row;
        if (!next.node)
            continue;
        pending_list below = rows_below(arena, next.node, next.row.depth + 1);
        push(arena, &stack, &below);
    }
    return rows;
}
