/*
 * driver.c - runs of the stream: to the end, with errors in either function, with pauses, and one
 * that is destroyed while it is paused.
 */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 60, NEVER = -1 };

struct run {
    const char *name;
    int next;       /* the next number */
    int map_fails;  /* from this number on */
    int sink_fails; /* at a batch that begins with this number or a later one */
    long sum;
};

static void *next_number(void *user)
{
    struct run *run = user;
    int *item;

    if (run->next == ITEMS || !(item = malloc(sizeof *item)))
        return NULL;
    if (run->next % 7 == 0)
        task_sleep_ms(1);
    *item = run->next++;
    return item;
}

/* Drops every fifth number. */
static int square(void *user, void *item, void **result)
{
    struct run *run = user;
    int *number = item;

    task_sleep_ms(*number % 3);
    if ((run->map_fails != NEVER && *number >= run->map_fails) || *number % 5 == 4) {
        int error = *number % 5 == 4 ? 0 : EDOM;
        free(number);
        return error;
    }
    *number *= *number;
    *result = number;
    return 0;
}

static int add_up(void *user, void *const *items, size_t count)
{
    struct run *run = user;
    bool fails = run->sink_fails != NEVER && *(int *)items[0] >= run->sink_fails;

    task_sleep_ms(1);
    for (size_t i = 0; i < count; i++) {
        run->sum += *(int *)items[i];
        free(items[i]);
    }
    return fails ? EIO : 0;
}

static void forget(void *user, void *item)
{
    (void)user;
    free(item);
}

static struct stream *start(struct run *run)
{
    struct stream_options options = {.next = next_number,
                                     .map = square,
                                     .consume = add_up,
                                     .discard = forget,
                                     .user = run,
                                     .mappers = 3,
                                     .batch_max = 4,
                                     .batch_ms = 3,
                                     .in_work_max = 9};
    struct stream *stream;

    if (stream_start(&options, &stream) != 0)
        abort();
    return stream;
}

static void to_the_end(struct run run)
{
    struct stream *stream = start(&run);
    int error = stream_wait(stream);
    struct stream_numbers numbers = stream_numbers(stream);

    printf("%s: error %d, %zu read, %zu consumed, sum %ld\n", run.name, error, numbers.read,
           numbers.consumed, run.sum);
    stream_destroy(stream);
}

static void with_pauses(struct run run, bool to_the_end)
{
    struct stream *stream = start(&run);

    for (int i = 0; i < 3; i++) {
        task_sleep_ms(2);
        stream_pause(stream);
        task_sleep_ms(4);
        if (i < 2 || to_the_end)
            stream_resume(stream);
    }
    if (to_the_end)
        stream_wait(stream);
    stream_destroy(stream);
    printf("%s: sum %ld\n", run.name, run.sum);
}

static int entry(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    to_the_end((struct run){.name = "whole", .map_fails = NEVER, .sink_fails = NEVER});
    to_the_end((struct run){.name = "map fails", .map_fails = 20, .sink_fails = NEVER});
    to_the_end((struct run){.name = "sink fails", .map_fails = NEVER, .sink_fails = 400});
    with_pauses((struct run){.name = "pauses", .map_fails = NEVER, .sink_fails = NEVER}, true);
    with_pauses((struct run){.name = "left", .map_fails = NEVER, .sink_fails = NEVER}, false);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
