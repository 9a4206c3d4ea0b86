#include "tasks/group.h"

#include <stdlib.h>
#include <string.h>

/* What is alike in a group; texts and stacks of one dump compare by pointer. */
struct key {
    const char *state, *function, *parked, *spawned;
    const struct stack *stack;
};

static struct key key_of(const struct task *task)
{
    return (struct key){task->state, task->function, task->parked, task->spawned, task->stack};
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *left = a, *right = b;

    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    if (left->longest_ms != right->longest_ms)
        return left->longest_ms > right->longest_ms ? -1 : 1;
    return (left->first->id > right->first->id) - (left->first->id < right->first->id);
}

static void sort(group_list *groups)
{
    if (groups->count)
        qsort(groups->at, groups->count, sizeof *groups->at, compare_groups);
}

/* Groups being made; each is found by what is alike in it. */
struct grouping {
    struct map places; /* from the key to 1 + the index in `groups` */
    group_list groups;
};

static void add(struct grouping *grouping, const struct task *task, const void *key, size_t length)
{
    struct arena *arena = grouping->places.arena;
    void **place = map_put(&grouping->places, key, length);

    if (!*place) {
        *vec_add(arena, &grouping->groups) = (struct group){task, 0, -1};
        *place = (void *)(uintptr_t)grouping->groups.count;
    }
    struct group *group = &grouping->groups.at[(uintptr_t)*place - 1];
    group->count++;
    if (task->parked_ms > group->longest_ms)
        group->longest_ms = task->parked_ms;
}

task_refs dump_refs(struct arena *arena, const struct dump *dump)
{
    task_refs refs = {0};

    for (size_t i = 0; i < dump->tasks.count; i++)
        *vec_add(arena, &refs) = &dump->tasks.at[i];
    return refs;
}

group_list group_tasks(struct arena *arena, const task_refs *tasks)
{
    struct grouping grouping = {.places.arena = arena};

    for (size_t i = 0; i < tasks->count; i++) {
        struct key key = key_of(tasks->at[i]);
        add(&grouping, tasks->at[i], &key, sizeof key);
    }
    sort(&grouping.groups);
    return grouping.groups;
}

group_list count_states(struct arena *arena, const struct dump *dump)
{
    struct grouping grouping = {.places.arena = arena};

    for (size_t i = 0; i < dump->tasks.count; i++) {
        const struct task *task = &dump->tasks.at[i];
        add(&grouping, task, task->state, strlen(task->state));
    }
    sort(&grouping.groups);
    return grouping.groups;
}

/* ---- who waits for what ---------------------------------------------------------------------- */

static int compare_waiting(const void *a, const void *b)
{
    const struct waiting *left = a, *right = b;

    if (!left->object != !right->object)
        return left->object ? -1 : 1;
    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    return left->object ? strcmp(left->object, right->object) : 0;
}

/* A task that says where it waits, and for what, if that is one thing. */
static bool is_waiting(const struct task *task)
{
    return task->object || task->parked || task->parked_ms >= 0;
}

waiting_list group_waiting(struct arena *arena, const struct dump *dump)
{
    struct map objects = {.arena = arena};
    VEC(struct {
        const char *object;
        task_refs tasks;
    })
    found = {0};
    waiting_list all = {0};

    for (size_t i = 0; i < dump->tasks.count; i++) {
        const struct task *task = &dump->tasks.at[i];
        if (!is_waiting(task))
            continue;
        void **place = map_put(&objects, &task->object, sizeof task->object);
        if (!*place) {
            vec_add(arena, &found)->object = task->object;
            *place = (void *)(uintptr_t)found.count;
        }
        *vec_add(arena, &found.at[(uintptr_t)*place - 1].tasks) = task;
    }
    for (size_t i = 0; i < found.count; i++)
        *vec_add(arena, &all) = (struct waiting){found.at[i].object, found.at[i].tasks.count,
                                                 group_tasks(arena, &found.at[i].tasks)};
    if (all.count)
        qsort(all.at, all.count, sizeof *all.at, compare_waiting);
    return all;
}
