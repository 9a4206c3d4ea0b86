#include "base/base.h"

#include <string.h>

void *vec_grow_(struct arena *arena, void *at, size_t size, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return at;
    *capacity = *capacity ? *capacity * 2 : 8;
    void *moved = arena_push(arena, *capacity * size);
    if (count)
        memcpy(moved, at, count * size);
    return moved;
}
