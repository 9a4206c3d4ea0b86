/*
 * main.c - builds a made-up tree of sources with a few workers.
 *
 *     builder [MODULES [WORKERS [BROKEN [LIMIT_MS]]]]
 *
 * The scheduler ends by itself when all jobs are dealt with, or halted.  `finished` tells the
 * status task and the interrupt task; the journal goes last, since all others write to it.
 */
#include "command.h"
#include "graph.h"
#include "journal.h"
#include "memory.h"
#include "scheduler.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { OBJECTS_PER_MODULE = 4, MEMORY_PLACES = 1, COMMAND_MS = 30, HANGS_MS = 40, STATUS_MS = 5 };

struct build {
    ctx_t *ctx;
    struct graph graph;
    struct journal journal;
    struct memory memory;
    struct commands commands;
    struct scheduler scheduler;
    wg_t watchers;
};

/* Says now and then how far the build is. */
static void show_status(struct build *build)
{
    ticker_t *ticker = ticker_start_ms(STATUS_MS);
    int64_t now_ms;

    while (chan_select(RECV(ticker_chan(ticker), &now_ms), DONE(build->scheduler.finished)) == 0) {
        struct scheduler_numbers numbers = scheduler_numbers(&build->scheduler);
        journal_say(&build->journal, "[%d built, %d run, %zu left, %d want memory, %d lines]",
                    numbers.built, numbers.running, numbers.left, numbers.waiting_for_memory,
                    journal_written(&build->journal));
    }
    ticker_stop(ticker);
}

/* Calls the build off at SIGINT.  Workers that wait do so for one that runs, which will notice. */
static void watch_signals(struct build *build)
{
    chan_t *signals = signal_notify(SIGINT, SIGTERM);
    int number;

    if (chan_select(RECV(signals, &number), DONE(build->scheduler.finished)) == 0)
        ctx_cancel(build->ctx);
    signal_stop(signals);
}

/* The objects of a module, and the library that is linked from them. */
static int add_module(struct graph *graph, int module, int program, bool broken)
{
    char name[NAME_BYTES];

    (void)snprintf(name, sizeof name, "lib%d.a", module);
    int library = graph_add(graph, name, 2);
    if (library < 0)
        return ENOMEM;
    graph->jobs[library].heavy = true;
    for (int i = 0; i < OBJECTS_PER_MODULE; i++) {
        (void)snprintf(name, sizeof name, "%d/part%d.o", module, i);
        int object = graph_add(graph, name, 1 + (module + i) % 3);
        if (object < 0 || graph_depend(graph, library, object) != 0)
            return ENOMEM;
        graph->jobs[object].broken = broken && i == 1;
        if (broken && i == 3)
            graph->jobs[object].cost_ms = HANGS_MS;
        graph->jobs[object].heavy = i == 2;
    }
    return graph_depend(graph, program, library);
}

static int plan(struct graph *graph, int modules, int broken)
{
    int program = graph_add(graph, "program", 3);

    if (program < 0)
        return ENOMEM;
    for (int module = 0; module < modules; module++) {
        int error = add_module(graph, module, program, module < broken);
        if (error)
            return error;
    }
    return graph_has_cycle(graph) ? ELOOP : 0;
}

static void start(struct build *build, int workers, int failures_max)
{
    journal_start(&build->journal, stderr);
    memory_init(&build->memory, MEMORY_PLACES);
    build->commands = (struct commands){.ctx = build->ctx,
                                        .journal = &build->journal,
                                        .memory = &build->memory,
                                        .limit_ms = COMMAND_MS};
    build->scheduler = (struct scheduler){.graph = &build->graph,
                                          .commands = &build->commands,
                                          .journal = &build->journal,
                                          .failures_max = failures_max};
    scheduler_start(&build->scheduler, workers);
    wg_spawn(&build->watchers, show_status, build);
    wg_spawn(&build->watchers, watch_signals, build);
}

static void finish(struct build *build)
{
    chan_recv(build->scheduler.finished, NULL);
    wg_wait(&build->watchers);
    scheduler_release(&build->scheduler);
    journal_stop(&build->journal);
}

static int entry(int argc, char **argv)
{
    int modules = argc > 1 ? atoi(argv[1]) : 3;
    int workers = argc > 2 ? atoi(argv[2]) : 4;
    int broken = argc > 3 ? atoi(argv[3]) : 0;
    int limit_ms = argc > 4 ? atoi(argv[4]) : 60 * 1000;
    ctx_t *ctx = ctx_with_timeout_ms(ctx_background(), limit_ms);
    defer_ctx_free(ctx);
    struct build build = {.ctx = ctx};

    if (modules < 1 || workers < 1 || plan(&build.graph, modules, broken) != 0) {
        (void)fprintf(stderr, "usage: builder [MODULES [WORKERS [BROKEN [LIMIT_MS]]]]\n");
        graph_release(&build.graph);
        return 2;
    }
    start(&build, workers, 2);
    finish(&build);
    printf("%d of %zu built, %d failed\n", build.scheduler.built, build.graph.count,
           build.scheduler.failures);
    graph_release(&build.graph);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
