/*
 * run.h - a folder for each test, and the tool run in it.
 */
#ifndef LEASH_TEST_RUN_H
#define LEASH_TEST_RUN_H

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct folder {
    struct arena arena; /* outcomes live here */
    const char *path;   /* absolute */
};

struct outcome {
    int status;      /* of exit; 128 + the signal where one ended it */
    const char *out; /* what came to stdout, to stderr */
    const char *err;
};

/* For cmocka: *state becomes a struct folder, with an empty folder on disk; and away with it. */
int folder_setup(void **state);
int folder_teardown(void **state);

/* Writes a file into the folder, and the folders on the way to it. */
void put(struct folder *, const char *name, const char *text);
void put_bytes(struct folder *, const char *name, const void *data, size_t length);

/* Runs `$LEASH ARGUMENTS` by the shell in the folder; the arguments may redirect and pipe. */
struct outcome leash(struct folder *, const char *arguments, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with any command; "$LEASH" names the tool. */
struct outcome shell(struct folder *, const char *command, ...)
    __attribute__((format(printf, 2, 3)));

#define assert_has(text, part)   assert_has_((text), (part), __FILE__, __LINE__)
#define assert_lacks(text, part) assert_lacks_((text), (part), __FILE__, __LINE__)
void assert_has_(const char *text, const char *part, const char *file, int line);
void assert_lacks_(const char *text, const char *part, const char *file, int line);
size_t count_of(const char *text, const char *part);

#define assert_status(outcome, wanted) assert_status_(&(outcome), (wanted), __FILE__, __LINE__)
void assert_status_(const struct outcome *, int wanted, const char *file, int line);

/* A program on pthreads whose task waits for ever: one finding of missing-wg-done in `name`. */
extern const char clean_source[], leaky_source[];

#define folder_test(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

#endif
