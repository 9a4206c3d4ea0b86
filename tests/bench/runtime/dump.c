/*
 * dump [TASKS]: what dumps of 100,000 parked tasks cost, with the calls on their stacks and
 * without.
 *
 * The tasks are parked three calls deep, in as many places as a small service has.  Each line says
 * the processor time of one dump into memory, the least of RUNS, and its size.
 */
#include "bench.h"

#include <leash.h>
#include <stdio.h>
#include <stdlib.h>

enum { TASKS = 100000, RUNS = 5, SETTLE_MS = 300 };

static _Atomic int after; /* what comes after the calls, so that they stay on the stack */

#define NOINLINE __attribute__((noinline))

static NOINLINE void receive(chan_t *ch)
{
    chan_recv(ch, NULL);
    after = 1;
}

static NOINLINE void wait_for_work(chan_t *ch)
{
    receive(ch);
    after = 2;
}

static NOINLINE void wait_for_answer(chan_t *ch)
{
    receive(ch);
    after = 3;
}

static void work(chan_t *ch, int kind)
{
    if (kind % 2)
        wait_for_work(ch);
    else
        wait_for_answer(ch);
    after = 4;
}

/* ---- what is measured ------------------------------------------------------------------------ */

static int dump_top(FILE *out)
{
    return task_dump_as(out, "top");
}

static int dump_tree(FILE *out)
{
    return task_dump_as(out, "tree");
}

static int dump_objects(FILE *out)
{
    return task_dump_as(out, "objects");
}

static const struct dump {
    const char *name;
    int (*write)(FILE *out);
} dumps[] = {
    {"list", leash_task_dump}, {"json", leash_task_dump_json}, {"top", dump_top},
    {"tree", dump_tree},       {"objects", dump_objects},
};

static double time_one(const struct dump *dump, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    double start_ns = cpu_ns();

    if (!out || dump->write(out))
        abort();
    double passed_ms = (cpu_ns() - start_ns) / 1e6;
    fclose(out);
    free(text);
    return passed_ms;
}

static void measure(const char *how)
{
    for (size_t i = 0; i < sizeof(dumps) / sizeof(*dumps); i++) {
        size_t size;
        double first_ms = time_one(&dumps[i], &size);
        double least_ms = first_ms;
        for (int run = 1; run < RUNS; run++) {
            double ms = time_one(&dumps[i], &size);
            least_ms = ms < least_ms ? ms : least_ms;
        }
        printf("%-8s %-13s %6.1f ms, the first time %6.1f ms, %8.1f kB\n", dumps[i].name, how,
               least_ms, first_ms, (double)size / 1e3);
    }
}

static int entry(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : TASKS;
    chan_t *channels[10];

    for (int i = 0; i < 10; i++)
        channels[i] = chan_make(int, 0);
    for (int i = 0; i < count; i++)
        spawn(work, channels[i % 10], i);
    task_sleep_ms(SETTLE_MS);
    measure("without calls");
    debug_stacks();
    measure("with calls");
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
