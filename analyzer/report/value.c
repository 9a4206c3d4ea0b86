#include "report/value.h"

#include "base/utf8.h"

#include <string.h>

json_t *value_text(const char *text)
{
    struct text clean = {0};

    utf8_add(&clean, text, strlen(text), false);
    json_t *value = json_stringn(clean.at ? clean.at : "", clean.length);
    BUG_ON(!value);
    text_release(&clean);
    return value;
}

json_t *value_number(uint64_t number)
{
    return json_integer((json_int_t)number);
}

void value_set(json_t *object, const char *key, json_t *value)
{
    BUG_ON(json_object_set_new(object, key, value) != 0);
}

void value_append(json_t *array, json_t *value)
{
    BUG_ON(json_array_append_new(array, value) != 0);
}

static int add_bytes(const char *data, size_t length, void *out)
{
    text_add_bytes(out, data, length);
    return 0;
}

void value_write(struct text *out, json_t *value)
{
    BUG_ON(json_dump_callback(value, add_bytes, out, JSON_COMPACT) != 0);
    json_decref(value);
}

void value_write_element(struct text *out, size_t index, json_t *value)
{
    text_add(out, index ? ",\n" : "\n");
    value_write(out, value);
}
