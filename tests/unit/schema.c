#include "schema_test.h"

#include "unit_test.h"

#include <stdlib.h>

void assert_schema(const char *path, const struct shape *grammar, const char *title)
{
    struct text printed = {0};
    struct arena arena = {0};
    size_t length = 0;
    shape_print_schema(&printed, grammar, title);
    if (getenv("LEASH_UPDATE_SCHEMAS"))
        assert_true(file_write(path, printed.at, printed.length));
    const char *committed = file_read(&arena, path, (size_t)1 << 20, &length);
    if (!committed || !text_is(committed, printed.at))
        fail_msg(
            "%s is not what the grammar says: write it anew with LEASH_UPDATE_SCHEMAS=1 in the "
            "environment of this test",
            path);
    text_release(&printed);
    arena_release(&arena);
}
