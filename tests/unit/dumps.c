#include "dumps.h"

#include <stdlib.h>
#include <string.h>

int arena_setup(void **state)
{
    struct arena *arena = xmalloc(sizeof *arena);

    *arena = (struct arena){0};
    *state = arena;
    return 0;
}

int arena_teardown(void **state)
{
    arena_release(*state);
    free(*state);
    return 0;
}

struct dump dump_of(struct arena *arena, const char *json)
{
    struct dump dump;
    const char *error = NULL;

    if (!dump_parse(arena, json, strlen(json), &dump, &error))
        fail_msg("%s", error);
    assert_null(error);
    return dump;
}
