#include "tasks/change.h"

/* Texts of two dumps are not the same pointers: the key is what they say.  No text holds a NUL. */
static void add(struct text *key, const char *part)
{
    text_add(key, part ? part : "");
    text_add_char(key, '\0');
}

static struct text key_of(const struct task *task)
{
    const struct stack *stack = task->stack;
    struct text key = {0};

    add(&key, task->state);
    add(&key, task->function);
    add(&key, task->parked);
    add(&key, task->spawned);
    for (size_t i = 0; stack && i < stack->count; i++) {
        add(&key, stack->frames[i].function);
        add(&key, stack->frames[i].at);
    }
    return key;
}

struct group_counts counts_take(struct arena *arena, const struct dump *dump)
{
    struct group_counts counts = {.groups.arena = arena, .total = dump->tasks.count};
    task_refs all = dump_refs(arena, dump);
    group_list groups = group_tasks(arena, &all);

    for (size_t i = 0; i < groups.count; i++) {
        struct text key = key_of(groups.at[i].first);
        *map_put(&counts.groups, key.at, key.length) = (void *)(uintptr_t)groups.at[i].count;
        text_release(&key);
    }
    return counts;
}

size_t counts_of(const struct group_counts *counts, const struct group *group)
{
    struct text key = key_of(group->first);
    size_t count = (uintptr_t)map_get(&counts->groups, key.at, key.length);

    text_release(&key);
    return count;
}
