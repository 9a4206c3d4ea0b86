/*
 * findings.h - findings made by hand, for the tests of the report layer.
 */
#ifndef LEASH_TEST_FINDINGS_H
#define LEASH_TEST_FINDINGS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

/* An arena, files that exist only here, and findings in them. */
struct bench {
    struct arena arena;
    struct sources sources;
    struct file_buffer buffers[8];
    findings found;
};

static inline int bench_setup(void **state)
{
    struct bench *bench = xmalloc(sizeof *bench);

    *bench = (struct bench){0};
    bench->sources.buffers = bench->buffers;
    *state = bench;
    return 0;
}

static inline int bench_teardown(void **state)
{
    struct bench *bench = *state;

    sources_release(&bench->sources);
    arena_release(&bench->arena);
    free(bench);
    return 0;
}

static inline void bench_file(struct bench *bench, const char *path, const char *text)
{
    bench->buffers[bench->sources.buffer_count++] = (struct file_buffer){path, text, strlen(text)};
}

static inline struct finding *bench_finding(struct bench *bench, const char *rule,
                                            struct place place, const char *message)
{
    struct finding *finding = arena_new(&bench->arena, struct finding);

    finding->rule = rule;
    finding->group = GROUP_LEAK;
    finding->severity = SEVERITY_ERROR;
    finding->confidence = CONFIDENCE_LIKELY;
    finding->place = place;
    finding->function = "worker";
    finding->message = message;
    *vec_add(&bench->arena, &bench->found) = finding;
    return finding;
}

static inline void bench_note(struct bench *bench, struct finding *finding, struct place place,
                              const char *message)
{
    *vec_add(&bench->arena, &finding->notes) = (struct note){place, message};
}

#endif
