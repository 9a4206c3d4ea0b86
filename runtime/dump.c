#include "dump.h"
#include "scheduler.h"
#include "stack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---------------------------------------------------------------------------------- */

void *allocate(size_t size, const char *site)
{
    void *memory = malloc(size);

    if (unlikely(!memory))
        fatal(site, "no memory (%zu bytes)", size);
    return memory;
}

void *allocate_zeroed(size_t count, size_t size, const char *site)
{
    void *memory = calloc(count, size);

    if (unlikely(!memory))
        fatal(site, "no memory (%zu times %zu bytes)", count, size);
    return memory;
}

void *allocate_aligned(size_t alignment, size_t size, const char *site)
{
    void *memory = aligned_alloc(alignment, size);

    if (unlikely(!memory))
        fatal(site, "no memory (%zu bytes)", size);
    return memset(memory, 0, size);
}

/* ---- the dump -------------------------------------------------------------------------------- */

static const char *state_word(const struct task *task, uint32_t state)
{
    switch (state) {
    case TASK_RUNNING:
        return "running";
    case TASK_READY:
        return "runnable";
    default: {
        const char *word = atomic_load_explicit(&task->note.state, memory_order_relaxed);
        return word ? word : "parked";
    }
    }
}

void dump_task(struct task *task, FILE *out)
{
    uint32_t state = atomic_load_explicit(&task->state, memory_order_relaxed);
    const char *site = atomic_load_explicit(&task->note.site, memory_order_relaxed);
    const char *spawn = atomic_load_explicit(&task->spawn, memory_order_relaxed);
    fprintf(out, "task %" PRIu64 " [%s]: %s", task->id, state_word(task, state), task->name);
    if (state == TASK_PARKED && site)
        fprintf(out, ", parked at %s", site);
    fprintf(out, ", spawned at %s", spawn ? spawn : "?");
    if (task->parent_id)
        fprintf(out, " by task %" PRIu64, task->parent_id);
    fputc('\n', out);
}

static void dump_if_alive(struct task *task, void *out)
{
    if (task_is_alive(task))
        dump_task(task, out);
}

int leash_task_dump(FILE *out)
{
    errno = 0;
    stack_each(dump_if_alive, out);
    /* An unbuffered stream, or a buffer that was full, has failed before the flush. */
    if (!fflush(out) && !ferror(out))
        return 0;
    return errno ? errno : EIO;
}

size_t leash_task_count(void)
{
    uint64_t count = 0;

    /* The ended first: a task that ends in between is counted as alive. */
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        count -= atomic_load(&runtime.workers[i]->ended);
    for (uint32_t i = 0; i < runtime.worker_count; i++)
        count += atomic_load(&runtime.workers[i]->spawned);
    return count;
}

void fatal(const char *site, const char *format, ...)
{
    va_list values;

    fflush(stdout);
    flockfile(stderr);
    fprintf(stderr, "leash: %s%s", site ? site : "", site ? ": " : "");
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    if (atomic_load(&runtime.running))
        leash_task_dump(stderr);
    fflush(stderr);
    abort();
}
