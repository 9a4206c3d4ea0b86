/*
 * value.h - JSON values made and written, for all that speaks JSON.
 *
 * None of these fails: where memory runs out, the program ends.
 */
#ifndef LEASH_VALUE_H
#define LEASH_VALUE_H

#include "base/base.h"

#include <jansson.h>

/* Source files hold anything, JSON only UTF-8: every bad byte becomes U+FFFD. */
json_t *value_text(const char *text);
json_t *value_number(uint64_t);
/* Both give `value` away. */
void value_set(json_t *object, const char *key, json_t *value);
void value_append(json_t *array, json_t *value);

/* Writes and gives back `value`: one at a time, so that a large report stays small in memory. */
void value_write(struct text *out, json_t *value);
/* The same as the element `index` of an array that is being written: a line of its own. */
void value_write_element(struct text *out, size_t index, json_t *value);

#endif
