/*
 * find [RUNS]: leak_find among 100,000 parked tasks, of which 1,000 are lost, while two more hand
 * values to each other.
 *
 * Says of the runs what was found, how many live tasks were among it, how long the threads stood
 * still and how long the call took.  Exit status 1 where a run finds fewer than 990, finds a live
 * one, or stops the threads for 100 ms or more.
 */
// leash:ignore-file spawn-without-done -- tasks are parked, and some lost, on purpose
// leash:ignore-file unbounded-receive -- that is how
#include "bench.h"

#include <leash.h>

#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TASKS = 100000,
    EVERY = 100,
    FOUND_MIN = TASKS / EVERY * 99 / 100,
    STOOD_MS_MAX = 100,
    SETTLE_MS = 200
};

struct run {
    size_t found;
    size_t live;
    double stood_ms;
    double all_ms;
};

/* Two names for the same, to be told apart in the report. */
static void wait_held(chan_t *ch)
{
    chan_recv(ch, NULL);
}

static void wait_lost(chan_t *ch)
{
    chan_recv(ch, NULL);
}

static void hand_on(chan_t *from, chan_t *to)
{
    int value;

    while (chan_recv(from, &value) && chan_send(to, &value))
        ;
}

static __attribute__((noinline)) void park(chan_t **held)
{
    for (int i = 0; i < TASKS; i++) {
        chan_t *ch = chan_make(int, 0);
        held[i] = i % EVERY ? ch : NULL;
        if (held[i])
            spawn(wait_held, ch);
        else
            spawn(wait_lost, ch);
    }
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;

    while ((text = strstr(text, word))) {
        count++;
        text += strlen(word);
    }
    return count;
}

static struct run look(void)
{
    static const char stood[] = "stood still for ";
    char *text = NULL;
    size_t size;
    struct run run = {0};
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort();
    double begin_ms = wall_ns() / 1e6;
    run.found = leak_find(out);
    run.all_ms = wall_ns() / 1e6 - begin_ms;
    fclose(out);
    run.live = run.found - count_of(text, "wait_lost");
    const char *place = strstr(text, stood);
    run.stood_ms = place ? strtod(place + strlen(stood), NULL) : DBL_MAX;
    free(text);
    return run;
}

static bool holds(const struct run *run)
{
    return run->found >= FOUND_MIN && run->live == 0 && run->stood_ms < STOOD_MS_MAX;
}

static int compare_stops(const void *left, const void *right)
{
    double a = ((const struct run *)left)->stood_ms;
    double b = ((const struct run *)right)->stood_ms;

    return (a > b) - (a < b);
}

static int judge(struct run *runs, size_t count)
{
    size_t held = 0;

    for (size_t i = 0; i < count; i++) {
        held += holds(&runs[i]);
        printf("found %zu, live among them %zu, stood still %.1f ms, took %.1f ms\n", runs[i].found,
               runs[i].live, runs[i].stood_ms, runs[i].all_ms);
    }
    qsort(runs, count, sizeof(*runs), compare_stops);
    printf("stood still: median %.1f ms, longest %.1f ms; holds in %zu of %zu runs\n",
           runs[count / 2].stood_ms, runs[count - 1].stood_ms, held, count);
    return held == count ? 0 : 1;
}

static int entry(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 20;
    chan_t **held = calloc(TASKS, sizeof(*held));
    struct run *runs = calloc(count, sizeof(*runs));
    chan_t *there = chan_make(int, 0);
    chan_t *back = chan_make(int, 0);
    int value = 0;

    if (!held || !runs || !count)
        return 2;
    park(held);
    spawn(hand_on, there, back);
    spawn(hand_on, back, there);
    chan_send(there, &value);
    task_sleep_ms(SETTLE_MS);
    for (size_t i = 0; i < count; i++) {
        runs[i] = look();
        task_yield();
    }
    int status = judge(runs, count);
    /* Tasks are left, which is no leak of this program's. */
    fflush(stdout);
    _exit(status);
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
