#include "transform.h"

#include <stdlib.h>
#include <string.h>

struct origin *transformed_add(struct parsed *parsed, struct transformed *out, const char *path,
                               const char *text, size_t length, const char *origin)
{
    struct origin *added = vec_add(parsed->arena, &out->origins);

    *vec_add(parsed->arena, &out->program.files) = (struct fixture_file){path, text, length};
    added->path = origin;
    return added;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* What was found, as text that can be compared. */
struct outcome {
    const char *what; /* "rule at file:line", seen from the fixture's own text */
    const char *path; /* where it was in fact */
};
typedef VEC(struct outcome) outcomes;

static int compare_outcomes(const void *a, const void *b)
{
    const struct outcome *left = a;
    const struct outcome *right = b;
    int order = strcmp(left->what, right->what);

    return order ? order : strcmp(left->path, right->path);
}

static const char *describe(struct arena *arena, const struct finding *finding,
                            const struct transformed *from, const char *root)
{
    const char *path = finding->place.path;
    uint32_t line = finding->place.line;

    for (size_t i = 0; from && i < from->program.files.count; i++) {
        const struct origin *origin = &from->origins.at[i];
        if (!text_is(from->program.files.at[i].path, finding->place.path))
            continue;
        path = origin->path;
        if (origin->lines && line < origin->line_count)
            line = origin->lines[line];
    }
    return arena_printf(arena, "%s at %s:%u", finding->rule, path_below(path, root), line);
}

/* What is said of a line that stands in two files of the transformed program, such as a comment in
 * both halves, counts as often as in the file where it is said most. */
static outcomes join_files(struct arena *arena, const outcomes *all)
{
    outcomes joined = {0};
    size_t kept = 0, here = 0; /* how often the present one is in `joined`, and of this path */

    for (size_t i = 0; i < all->count; i++) {
        const struct outcome *outcome = &all->at[i];
        bool is_same = i > 0 && text_is(outcome->what, outcome[-1].what);
        if (!is_same)
            kept = here = 0;
        else if (!text_is(outcome->path, outcome[-1].path))
            here = 0;
        if (++here <= kept)
            continue;
        *vec_add(arena, &joined) = *outcome;
        kept++;
    }
    return joined;
}

static outcomes describe_all(struct arena *arena, const findings *found,
                             const struct transformed *from, const char *root)
{
    outcomes all = {0};

    for (size_t i = 0; i < found->count; i++)
        *vec_add(arena, &all) =
            (struct outcome){describe(arena, found->at[i], from, root), found->at[i]->place.path};
    if (all.count)
        qsort(all.at, all.count, sizeof *all.at, compare_outcomes);
    return join_files(arena, &all);
}

size_t transformed_compare(struct arena *arena, const findings *before, const findings *after,
                           const struct transformed *transformed, const char *root,
                           struct text *out)
{
    outcomes was = describe_all(arena, before, NULL, root);
    outcomes is = describe_all(arena, after, transformed, root);
    size_t w = 0, i = 0, count = 0;

    while (w < was.count || i < is.count) {
        int order = w == was.count ? 1 : i == is.count ? -1 : strcmp(was.at[w].what, is.at[i].what);
        if (order < 0)
            text_printf(out, "  lost: %s\n", was.at[w].what);
        if (order > 0)
            text_printf(out, "  new:  %s\n", is.at[i].what);
        count += order != 0;
        w += order <= 0;
        i += order >= 0;
    }
    return count;
}
