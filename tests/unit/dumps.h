/*
 * dumps.h - dumps of tasks, for the tests of what reads and shows them.
 */
#ifndef LEASH_TEST_DUMPS_H
#define LEASH_TEST_DUMPS_H

#include "tasks/dump.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* For cmocka: *state becomes an empty struct arena; and away with it. */
int arena_setup(void **state);
int arena_teardown(void **state);
#define arena_test(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

/* What `json` tells; the test fails where it is refused. */
struct dump dump_of(struct arena *, const char *json);

#endif
