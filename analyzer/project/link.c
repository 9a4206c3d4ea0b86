#include "project/link.h"

#include <string.h>

typedef VEC(uint32_t) index_list;

/* What is known of one unit. */
struct node {
    struct unit *unit;
    VEC(const char *) targets; /* interned */
    VEC(index_list *) needs;   /* for each name it needs: who defines it */
    bool has_main;
    bool is_used;   /* in some program */
    uint32_t stamp; /* of the last program it was put into */
};

struct linker {
    struct arena *arena;
    struct node *nodes;
    size_t count;
    struct map definers; /* name → index_list */
    struct map targets;  /* target → index_list */
    struct intern names;
    uint32_t stamp;   /* of the program at hand */
    uint32_t starter; /* the unit with main it is made for, or UINT32_MAX */
    index_list work;  /* in the program; those before `worked` have been looked at */
    size_t worked;
};

/* ---- targets --------------------------------------------------------------------------------- */

const char *link_target(struct arena *arena, const char *output)
{
    const char *cmake = strstr(output, "CMakeFiles/");
    for (const char *part = cmake ? cmake : output; *part;) {
        const char *end = strchr(part, '/');
        if (!end)
            return NULL;
        size_t length = (size_t)(end - part);
        bool is_cmake = cmake && length > 4 && memcmp(end - 4, ".dir", 4) == 0;
        bool is_meson = !cmake && length > 2 && memcmp(end - 2, ".p", 2) == 0;
        if (is_cmake || is_meson)
            return arena_strndup(arena, output, (size_t)(end - output));
        part = end + 1;
    }
    return NULL;
}

/* ---- what defines and needs what ------------------------------------------------------------- */

static index_list *list_of(struct linker *linker, struct map *map, const char *key)
{
    void **place = map_put_str(map, key);
    if (!*place)
        *place = arena_new(linker->arena, index_list);
    return *place;
}

static void add_targets(struct linker *linker, uint32_t index)
{
    struct node *node = &linker->nodes[index];
    for (size_t i = 0; i < node->unit->outputs.count; i++) {
        const char *target = link_target(linker->arena, node->unit->outputs.at[i]);
        if (!target)
            continue;
        *vec_add(linker->arena, &node->targets) = intern_str(&linker->names, target);
        *vec_add(linker->arena, list_of(linker, &linker->targets, target)) = index;
    }
}

static void add_symbols(struct linker *linker, uint32_t index)
{
    struct node *node = &linker->nodes[index];
    const struct ir_unit *ir = node->unit->ir;
    for (size_t i = 0; i < ir->symbol_count; i++) {
        const struct ir_symbol *symbol = ir->symbols[i];
        if (symbol->scope)
            continue;
        index_list *definers = list_of(linker, &linker->definers, symbol->name);
        if (symbol->is_defined)
            *vec_add(linker->arena, definers) = index;
        else
            *vec_add(linker->arena, &node->needs) = definers;
        if (symbol->is_defined && symbol->kind == IR_SYMBOL_FUNCTION &&
            text_is(symbol->name, "main"))
            node->has_main = true;
    }
}

/* ---- putting a program together -------------------------------------------------------------- */

static bool shares_target(const struct node *a, const struct node *b)
{
    for (size_t i = 0; i < a->targets.count; i++)
        for (size_t j = 0; j < b->targets.count; j++)
            if (a->targets.at[i] == b->targets.at[j])
                return true;
    return false;
}

static void put(struct linker *linker, uint32_t index)
{
    struct node *node = &linker->nodes[index];
    if (node->stamp == linker->stamp || (node->has_main && index != linker->starter))
        return;
    node->stamp = linker->stamp;
    node->is_used = true;
    *vec_add(linker->arena, &linker->work) = index;
}

/* Was the same source file, built another time, put already? */
static bool has_twin(const struct linker *linker, const index_list *definers, size_t at)
{
    const char *file = linker->nodes[definers->at[at]].unit->file;
    for (size_t i = 0; i < definers->count; i++) {
        const struct node *other = &linker->nodes[definers->at[i]];
        if (i != at && other->stamp == linker->stamp && text_is(other->unit->file, file))
            return true;
    }
    return false;
}

/* Puts those who define what `node` needs; true: there is one now. */
static bool put_definers(struct linker *linker, const struct node *node, const index_list *definers,
                         bool same_target)
{
    bool found = false;
    for (size_t i = 0; i < definers->count; i++) {
        const struct node *definer = &linker->nodes[definers->at[i]];
        if (same_target && !shares_target(node, definer))
            continue;
        if (!has_twin(linker, definers, i))
            put(linker, definers->at[i]);
        found |= definer->stamp == linker->stamp;
    }
    return found;
}

static bool is_defined(const struct linker *linker, const index_list *definers)
{
    for (size_t i = 0; i < definers->count; i++)
        if (linker->nodes[definers->at[i]].stamp == linker->stamp)
            return true;
    return false;
}

/* Everything that the units put so far need, transitively. */
static void put_needs(struct linker *linker)
{
    for (; linker->worked < linker->work.count; linker->worked++) {
        const struct node *node = &linker->nodes[linker->work.at[linker->worked]];
        for (size_t i = 0; i < node->needs.count; i++) {
            const index_list *definers = node->needs.at[i];
            if (!is_defined(linker, definers) && !put_definers(linker, node, definers, true))
                put_definers(linker, node, definers, false);
        }
    }
}

static void put_target(struct linker *linker, uint32_t index)
{
    const struct node *node = &linker->nodes[index];
    for (size_t i = 0; i < node->targets.count; i++) {
        const index_list *units = map_get_str(&linker->targets, node->targets.at[i]);
        for (size_t k = 0; k < units->count; k++)
            put(linker, units->at[k]);
    }
}

static void begin(struct linker *linker, uint32_t starter)
{
    linker->stamp++;
    linker->starter = starter;
    linker->work.count = 0;
    linker->worked = 0;
}

static void end(struct linker *linker, program_list *programs)
{
    struct program *program = vec_add(linker->arena, programs);
    program->has_main = linker->starter != UINT32_MAX;
    for (size_t i = 0; i < linker->count; i++)
        if (linker->nodes[i].stamp == linker->stamp)
            *vec_add(linker->arena, &program->units) = linker->nodes[i].unit;
}

/* ---- units without a program ----------------------------------------------------------------- */

static uint32_t find(uint32_t *parents, uint32_t index)
{
    while (parents[index] != index)
        index = parents[index] = parents[parents[index]];
    return index;
}

/* The smaller index stays the root, so that groups come in the order of the units. */
static void join(uint32_t *parents, uint32_t a, uint32_t b)
{
    a = find(parents, a);
    b = find(parents, b);
    if (a < b)
        parents[b] = a;
    else
        parents[a] = b;
}

/* Joins a unit left over with those, left over too, that define what it needs. */
static void join_needs(struct linker *linker, uint32_t *parents, const bool *is_left,
                       uint32_t index)
{
    const struct node *node = &linker->nodes[index];
    for (size_t i = 0; i < node->needs.count; i++) {
        const index_list *definers = node->needs.at[i];
        bool in_target = false;
        for (size_t k = 0; k < definers->count; k++)
            in_target |= shares_target(node, &linker->nodes[definers->at[k]]);
        for (size_t k = 0; k < definers->count; k++)
            if (is_left[definers->at[k]] &&
                (!in_target || shares_target(node, &linker->nodes[definers->at[k]])))
                join(parents, index, definers->at[k]);
    }
}

static void join_target(struct linker *linker, uint32_t *parents, const bool *is_left,
                        uint32_t index)
{
    const struct node *node = &linker->nodes[index];
    for (size_t i = 0; i < node->targets.count; i++) {
        const index_list *units = map_get_str(&linker->targets, node->targets.at[i]);
        for (size_t k = 0; k < units->count; k++)
            if (is_left[units->at[k]])
                join(parents, index, units->at[k]);
    }
}

static void group_the_rest(struct linker *linker, program_list *programs)
{
    uint32_t *parents = arena_array(linker->arena, uint32_t, linker->count);
    bool *is_left = arena_array(linker->arena, bool, linker->count);
    for (uint32_t i = 0; i < linker->count; i++) {
        parents[i] = i;
        is_left[i] = !linker->nodes[i].is_used;
    }
    for (uint32_t i = 0; i < linker->count; i++)
        if (is_left[i]) {
            join_target(linker, parents, is_left, i);
            join_needs(linker, parents, is_left, i);
        }
    for (uint32_t root = 0; root < linker->count; root++) {
        if (!is_left[root] || find(parents, root) != root)
            continue;
        begin(linker, UINT32_MAX);
        for (uint32_t i = root; i < linker->count; i++)
            if (is_left[i] && find(parents, i) == root)
                put(linker, i);
        put_needs(linker);
        end(linker, programs);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

void link_units(struct arena *arena, const unit_list *units, program_list *programs)
{
    struct linker linker = {
        .arena = arena,
        .nodes = arena_array(arena, struct node, units->count),
        .definers = {.arena = arena},
        .targets = {.arena = arena},
        .names = {.map = {.arena = arena}},
    };
    for (size_t i = 0; i < units->count; i++)
        if (units->at[i]->state == UNIT_ANALYSED)
            linker.nodes[linker.count++].unit = units->at[i];
    for (uint32_t i = 0; i < linker.count; i++) {
        add_targets(&linker, i);
        add_symbols(&linker, i);
    }
    for (uint32_t i = 0; i < linker.count; i++) {
        if (!linker.nodes[i].has_main)
            continue;
        begin(&linker, i);
        put(&linker, i);
        put_target(&linker, i);
        put_needs(&linker);
        end(&linker, programs);
    }
    group_the_rest(&linker, programs);
}

void link_as_one(struct arena *arena, const unit_list *units, program_list *programs)
{
    struct program *program = vec_add(arena, programs);
    for (size_t i = 0; i < units->count; i++)
        if (units->at[i]->state == UNIT_ANALYSED)
            *vec_add(arena, &program->units) = units->at[i];
    if (program->units.count == 0)
        programs->count--;
}
