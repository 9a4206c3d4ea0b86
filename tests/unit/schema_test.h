/*
 * schema_test.h - the committed JSON Schemas are what the loader's own grammar prints.
 */
#ifndef LEASH_SCHEMA_TEST_H
#define LEASH_SCHEMA_TEST_H

#include "model/shape.h"

/* Fails where the file differs from the grammar; with LEASH_UPDATE_SCHEMAS set, writes it anew. */
void assert_schema(const char *path, const struct shape *grammar, const char *title);

#endif
