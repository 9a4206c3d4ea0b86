/*
 * atomic.c - __atomic_*, __c11_atomic_* and what <stdatomic.h> makes of them.
 *
 * libclang shows them without a name and with their operands in an order of its own.  They become
 * calls of a function of that name, operands as written, so that a model can say what they mean.
 */
#include "frontend/lower.h"

#include <ctype.h>
#include <string.h>

/* libclang's order is pointer, order, value, order on failure, second value, weak. */
static const unsigned char as_written[][6] = {
    [1] = {0},          [2] = {0, 1},          [3] = {0, 2, 1},
    [4] = {0, 2, 3, 1}, [5] = {0, 2, 4, 1, 3}, [6] = {0, 2, 4, 5, 1, 3},
};

/* The name of the built-in function that stands at the cursor, or NULL. */
static const char *atomic_name(struct source *source, CXCursor cursor)
{
    static const char *const prefixes[] = {"__atomic_", "__c11_atomic_", "__scoped_atomic_",
                                           "__opencl_atomic_"};
    size_t length;
    const char *text = text_of_start(source, cursor, &length);
    if (!text)
        return NULL;
    size_t end = 0;
    while (end < length && (isalnum((unsigned char)text[end]) || text[end] == '_'))
        end++;
    for (size_t i = 0; i < COUNT_OF(prefixes); i++)
        if (end > strlen(prefixes[i]) && memcmp(text, prefixes[i], strlen(prefixes[i])) == 0)
            return intern_strn(&source->names, text, end);
    return NULL;
}

const struct ir_expr *lower_atomic(struct build *build, CXCursor cursor, struct kids kids)
{
    struct source *source = build->source;
    const char *name = atomic_name(source, cursor);
    if (!name)
        return NULL;
    bool is_ordered = kids.count < COUNT_OF(as_written) && !text_starts(name, "__scoped");
    const struct ir_expr **args = arena_array(build->arena, const struct ir_expr *, kids.count);
    for (size_t i = 0; i < kids.count; i++)
        args[i] = lower_expr(build, kid(source, kids, is_ordered ? as_written[kids.count][i] : i));
    const struct ir_expr *callee = ir_symbol(build->arena, symbol_named(source, name));
    return emit_call(build, callee, args, kids.count, type_at(source, cursor),
                     pos_of(source, cursor));
}
