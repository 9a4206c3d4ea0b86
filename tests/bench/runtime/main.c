#include "bench.h"

#include <leash.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bench {
    const char *name;
    double (*run)(long count);
} benches[] = {
    {"spawn", bench_spawn},   {"yield", bench_yield},   {"pingpong", bench_pingpong},
    {"stream", bench_stream}, {"select", bench_select}, {"select-buffered", bench_select_buffered},
    {"fan-in", bench_fan_in}, {"timers", bench_timers}, {"memory", bench_memory},
    {"echo", bench_echo},     {"tree", bench_tree},
};

enum { BENCH_COUNT = sizeof benches / sizeof benches[0] };

static double result;

static int entry(int argc, char **argv)
{
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    for (size_t i = 0; i < BENCH_COUNT && count > 0; i++) {
        if (strcmp(argv[1], benches[i].name) == 0) {
            result = benches[i].run(count);
            return 0;
        }
    }
    return 2;
}

static void usage(void)
{
    fputs("usage: runtime_leash NAME COUNT\nnames:", stderr);
    for (size_t i = 0; i < BENCH_COUNT; i++)
        fprintf(stderr, " %s", benches[i].name);
    fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    int status = leash_run(entry, argc, argv);

    if (status == 0)
        printf("%.3f\n", result);
    else if (status == 2)
        usage();
    return status;
}
