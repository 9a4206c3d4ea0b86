#include "tasks/render.h"
#include "tasks/group.h"
#include "tasks/tree.h"

#include <inttypes.h>

/* ---- pieces ---------------------------------------------------------------------------------- */

/* "850ms", "12.3s", "3m12s", "5h07m", "3d04h": two parts are enough to judge a wait by. */
static const char *duration(struct arena *arena, int64_t ms)
{
    int64_t seconds = ms / 1000, minutes = seconds / 60, hours = minutes / 60;

    if (ms < 0)
        return NULL;
    if (ms < 1000)
        return arena_printf(arena, "%" PRId64 "ms", ms);
    if (seconds < 60)
        return arena_printf(arena, "%" PRId64 ".%" PRId64 "s", seconds, ms % 1000 / 100);
    if (minutes < 60)
        return arena_printf(arena, "%" PRId64 "m%02" PRId64 "s", minutes, seconds % 60);
    if (hours < 24)
        return arena_printf(arena, "%" PRId64 "h%02" PRId64 "m", hours, minutes % 60);
    return arena_printf(arena, "%" PRId64 "d%02" PRId64 "h", hours / 24, hours % 24);
}

static const char *tasks_word(size_t count)
{
    return count == 1 ? "task" : "tasks";
}

/* "[chan receive, 3m12s]: worker, parked at server.c:41, spawned at server.c:88": what is alike. */
static void describe(struct line *line, struct arena *arena, const struct group *group)
{
    const struct task *task = group->first;
    const char *wait = duration(arena, group->longest_ms);
    const char *most = wait && group->count > 1 ? "up to " : "";

    line_part(line, "[", NULL);
    line_part(line, task->state, CYAN);
    if (wait)
        line_part(line, arena_printf(arena, ", %s%s", most, wait), NULL);
    line_part(line, "]: ", NULL);
    line_part(line, task->function, BOLD);
    if (task->parked)
        line_part(line, arena_printf(arena, ", parked at %s", task->parked), NULL);
    if (task->spawned)
        line_part(line, arena_printf(arena, ", spawned at %s", task->spawned), NULL);
}

static struct group only(const struct task *task)
{
    return (struct group){task, 1, task->parked_ms};
}

/* The calls, and who spawned the task. */
static void add_stack(struct text *out, struct arena *arena, const struct task *task,
                      const char *indent, const struct render_style *style)
{
    const struct stack *stack = task->stack;

    if (!style->shows_stacks)
        return;
    for (size_t i = 0; stack && i < stack->count; i++) {
        const struct frame *frame = &stack->frames[i];
        const char *function = frame->function ? frame->function : "?";
        line_add(out,
                 frame->at ? arena_printf(arena, "%s%s at %s", indent, function, frame->at)
                           : arena_printf(arena, "%s%s", indent, function),
                 NULL, style->line);
    }
    if (task->created_by && task->spawned)
        line_add(
            out,
            arena_printf(arena, "%screated by %s at %s", indent, task->created_by, task->spawned),
            NULL, style->line);
}

/* ---- top ------------------------------------------------------------------------------------- */

/* "+12", "-3", "" */
static const char *change(struct arena *arena, size_t before, size_t now)
{
    if (now == before)
        return "";
    return now > before ? arena_printf(arena, "+%zu", now - before)
                        : arena_printf(arena, "-%zu", before - now);
}

/* "1003 tasks (+3): 1000 chan receive, 2 sleep, 1 running" */
static void add_counts(struct text *out, struct arena *arena, const struct dump *dump,
                       const struct render_style *style)
{
    group_list states = count_states(arena, dump);
    struct text line = {0};

    text_printf(&line, "%zu %s", dump->tasks.count, tasks_word(dump->tasks.count));
    if (style->since && style->since->total != dump->tasks.count)
        text_printf(&line, " (%s)", change(arena, style->since->total, dump->tasks.count));
    for (size_t i = 0; i < states.count; i++)
        text_printf(&line, "%s%zu %s", i ? ", " : ": ", states.at[i].count,
                    states.at[i].first->state);
    line_add(out, line.at, BOLD, style->line);
    text_release(&line);
}

static bool has_waits(const group_list *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        if (groups->at[i].longest_ms >= 0)
            return true;
    return false;
}

static void add_column(struct table *table, const char *title, bool is_right, const char *colour)
{
    *vec_add(table->arena, &table->columns) = (struct column){title, is_right, colour, 0};
}

static void add_cell(struct table *table, const char *text)
{
    *vec_add(table->arena, &table->cells) = text;
}

static struct table table_of(struct arena *arena, const group_list *groups,
                             const struct group_counts *since)
{
    struct table table = {.arena = arena};
    bool waits = has_waits(groups);

    add_column(&table, "COUNT", true, BOLD);
    if (since)
        add_column(&table, "CHANGE", true, YELLOW);
    if (waits)
        add_column(&table, "LONGEST", true, NULL);
    add_column(&table, "STATE", false, CYAN);
    add_column(&table, "FUNCTION", false, NULL);
    add_column(&table, "PARKED AT", false, NULL);
    add_column(&table, "SPAWNED AT", false, NULL);
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *group = &groups->at[i];
        add_cell(&table, arena_printf(arena, "%zu", group->count));
        if (since)
            add_cell(&table, change(arena, counts_of(since, group), group->count));
        if (waits)
            add_cell(&table, duration(arena, group->longest_ms));
        add_cell(&table, group->first->state);
        add_cell(&table, group->first->function);
        add_cell(&table, group->first->parked);
        add_cell(&table, group->first->spawned);
    }
    table_measure(&table);
    return table;
}

/* The lines that a group fills. */
static size_t height_of(const struct group *group, const struct render_style *style)
{
    const struct task *task = group->first;

    if (!style->shows_stacks)
        return 1;
    return 1 + (task->stack ? task->stack->count : 0) + (task->created_by && task->spawned);
}

/* How many groups fit below the counts, an empty line and the titles, with a line for the rest. */
static size_t groups_that_fit(const group_list *groups, const struct render_style *style)
{
    size_t filled = 3, fit = 0;

    if (!style->height)
        return groups->count;
    for (size_t i = 0; i < groups->count; i++) {
        filled += height_of(&groups->at[i], style);
        if (filled <= style->height)
            fit = i + 1;
    }
    return filled <= style->height || !fit ? fit : fit - 1;
}

void render_top(struct text *out, const struct dump *dump, const struct render_style *style)
{
    struct arena arena = {0};
    task_refs all = dump_refs(&arena, dump);
    group_list groups = group_tasks(&arena, &all);
    struct table table = table_of(&arena, &groups, style->since);
    size_t shown = groups_that_fit(&groups, style);

    add_counts(out, &arena, dump, style);
    if (groups.count) {
        text_add_char(out, '\n');
        table_add_titles(out, &table, style->line);
    }
    for (size_t i = 0; i < shown; i++) {
        table_add_row(out, &table, i, style->line);
        add_stack(out, &arena, groups.at[i].first, "         ", style);
    }
    if (shown < groups.count)
        line_add(out, arena_printf(&arena, "and %zu more groups", groups.count - shown), NULL,
                 style->line);
    arena_release(&arena);
}

/* ---- list ------------------------------------------------------------------------------------ */

void render_list(struct text *out, const struct dump *dump, const struct render_style *style)
{
    struct arena arena = {0};

    for (size_t i = 0; i < dump->tasks.count; i++) {
        const struct task *task = &dump->tasks.at[i];
        struct group group = only(task);
        struct line line = line_begin(out, style->line);
        line_part(&line, arena_printf(&arena, "task %" PRIu64 " ", task->id), NULL);
        describe(&line, &arena, &group);
        if (task->parent)
            line_part(&line, arena_printf(&arena, " by task %" PRIu64, task->parent), NULL);
        line_end(&line);
        add_stack(out, &arena, task, "    ", style);
        arena_recycle(&arena);
    }
    arena_release(&arena);
}

/* ---- tree ------------------------------------------------------------------------------------ */

/* A tree can be as deep as there are tasks; of more levels only the innermost are drawn. */
enum { LEVELS_MAX = 32 };

/* What leads to the rows of one level. */
typedef VEC(bool) open_levels; /* of each level: whether another row follows in it */

static void set_level(struct arena *arena, open_levels *open, const struct tree_row *row)
{
    while (open->count <= row->depth)
        *vec_add(arena, open) = false;
    open->at[row->depth] = !row->is_last;
}

/* What leads to a row, or with `is_below` to what stands below it. */
static const char *branches(struct arena *arena, const open_levels *open, size_t depth,
                            bool is_below)
{
    size_t first = depth > LEVELS_MAX ? depth - LEVELS_MAX : 0;
    const char *all = first ? arena_printf(arena, "(%zu levels) ", first) : "";

    for (size_t i = first + 1; i <= depth; i++) {
        bool is_own = !is_below && i == depth;
        const char *branch = open->at[i] ? (is_own ? "|-- " : "|   ") : is_own ? "`-- " : "    ";
        all = arena_printf(arena, "%s%s", all, branch);
    }
    return is_below ? arena_printf(arena, "%s    ", all) : all;
}

static void add_row(struct text *out, struct arena *arena, const struct tree_row *row,
                    const char *before, const struct render_style *style)
{
    const struct group *group = &row->group;
    struct line line = line_begin(out, style->line);

    line_part(&line, arena_printf(arena, "%stask %" PRIu64, before, row->id), NULL);
    if (group->count > 1)
        line_part(&line, arena_printf(arena, " and %zu like it", group->count - 1), NULL);
    line_part(&line, group->count ? " " : ", which has ended", NULL);
    if (group->count)
        describe(&line, arena, group);
    line_end(&line);
}

void render_tree(struct text *out, const struct dump *dump, const struct render_style *style)
{
    struct arena arena = {0}, scratch = {0};
    tree_rows rows = tree_of(&arena, dump);
    open_levels open = {0};

    for (size_t i = 0; i < rows.count; i++) {
        const struct tree_row *row = &rows.at[i];
        set_level(&arena, &open, row);
        add_row(out, &scratch, row, branches(&scratch, &open, row->depth, false), style);
        if (row->group.count && style->shows_stacks)
            add_stack(out, &scratch, row->group.first, branches(&scratch, &open, row->depth, true),
                      style);
        arena_recycle(&scratch);
    }
    arena_release(&scratch);
    arena_release(&arena);
}

/* ---- objects --------------------------------------------------------------------------------- */

void render_objects(struct text *out, const struct dump *dump, const struct render_style *style)
{
    struct arena arena = {0};
    waiting_list all = group_waiting(&arena, dump);

    for (size_t i = 0; i < all.count; i++) {
        const struct waiting *waiting = &all.at[i];
        const char *object = waiting->object ? waiting->object : "no single object";
        line_add(out,
                 arena_printf(&arena, "%zu %s for %s", waiting->count,
                              waiting->count == 1 ? "task waits" : "tasks wait", object),
                 BOLD, style->line);
        for (size_t j = 0; j < waiting->groups.count; j++) {
            const struct group *group = &waiting->groups.at[j];
            struct line line = line_begin(out, style->line);
            line_part(&line, arena_printf(&arena, "%7zu ", group->count), NULL);
            describe(&line, &arena, group);
            line_end(&line);
            add_stack(out, &arena, group->first, "            ", style);
        }
    }
    arena_release(&arena);
}
