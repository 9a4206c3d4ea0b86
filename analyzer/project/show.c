#include "project/catalog.h"
#include "project/run.h"

#include <string.h>

enum { ERRORS_A_UNIT_MAX = 20 };

/* Seen from the working directory. */
static const char *short_path(const struct run *run, const char *path)
{
    return path_below(path, run->directory);
}

/* ---- problems -------------------------------------------------------------------------------- */

static bool is_missing_file(const char *message)
{
    return text_ends(message, "file not found");
}

static const char *remedy_of(const struct run *run, const char *message)
{
    if (text_starts(message, "bracket nesting level exceeded"))
        return "allow more: leash check --extra-arg=-fbracket-depth=1024 ...";
    if (!is_missing_file(message))
        return NULL;
    if (run->inputs.database)
        return "build the project first if it makes this header; else the compile_commands.json "
               "is out of date";
    return "name its folder: leash check FILE -- -I FOLDER; or have a compile_commands.json "
           "written, which holds the flags";
}

/* The same error of a header comes from every unit that includes it: once is enough. */
static bool is_new(struct map *seen, const struct problem *problem)
{
    struct text key = {0};
    text_printf(&key, "%s:%u:%u:%s", problem->path, problem->line, problem->column,
                problem->message);
    void **place = map_put(seen, key.at, key.length);
    bool is_first = !*place;
    *place = seen;
    text_release(&key);
    return is_first;
}

static void gather_errors(struct run *run, struct map *seen, const struct ir_unit *ir)
{
    size_t told = 0;
    for (size_t i = 0; i < ir->error_count; i++) {
        const struct ir_error *error = &ir->errors[i];
        const char *path = error->pos.line ? ir_pos_path(ir, &error->pos) : ir->main_file;
        struct problem problem = {
            .path = arena_strdup(&run->arena, path ? path : ir->main_file),
            .line = error->pos.line,
            .column = error->pos.column,
            .message = arena_strdup(&run->arena, error->message),
        };
        problem.remedy = remedy_of(run, problem.message);
        if (!is_new(seen, &problem))
            continue;
        if (told++ < ERRORS_A_UNIT_MAX)
            *vec_add(&run->arena, &run->problems) = problem;
    }
    if (told > ERRORS_A_UNIT_MAX)
        problem_add(&run->arena, &run->problems, arena_strdup(&run->arena, ir->main_file), 0, 0,
                    "%zu more errors", told - ERRORS_A_UNIT_MAX);
}

void run_gather_problems(struct run *run)
{
    struct map seen = {.arena = &run->arena};
    for (size_t i = 0; i < run->inputs.units.count; i++) {
        const struct unit *unit = run->inputs.units.at[i];
        if (unit->state == UNIT_FAILED) {
            size_t length = strlen(unit->file);
            bool names_it = strncmp(unit->why, unit->file, length) == 0 &&
                            strncmp(unit->why + length, ": ", 2) == 0;
            problem_add(&run->arena, &run->problems, unit->file, 0, 0, "%s",
                        names_it ? unit->why + length + 2 : unit->why);
        } else if (unit->ir) {
            gather_errors(run, &seen, unit->ir);
        }
    }
}

static void show_problem(struct run *run, const struct problem *problem)
{
    struct text *out = &run->result->errors;
    struct text place = {0};
    text_add(&place, problem->path[0] ? short_path(run, problem->path) : "leash");
    if (problem->line)
        text_printf(&place, ":%u", problem->line);
    if (problem->line && problem->column)
        text_printf(&place, ":%u", problem->column);
    text_printf(out, "%s: error: %s\n", place.at, problem->message);
    if (problem->remedy)
        text_printf(out, "%s: note: %s\n", place.at, problem->remedy);
    text_release(&place);
}

void run_show_problems(struct run *run)
{
    for (size_t i = 0; i < run->problems.count; i++)
        show_problem(run, &run->problems.at[i]);
}

/* ---- units ----------------------------------------------------------------------------------- */

static void list_unit(struct run *run, const struct unit *unit)
{
    struct text *out = &run->result->output;
    const char *file = short_path(run, unit->file);
    switch (unit->state) {
    case UNIT_SKIPPED:
        text_printf(out, "skipped   %s: %s\n", file, unit->why);
        break;
    case UNIT_WAITING:
    case UNIT_FAILED:
        text_printf(out, "failed    %s: %s\n", file, unit->why ? unit->why : "not parsed");
        break;
    case UNIT_ANALYSED:
        if (unit->ir->error_count)
            text_printf(out, "in part   %s: %zu error%s, the first: %s\n", file,
                        unit->ir->error_count, unit->ir->error_count == 1 ? "" : "s",
                        unit->ir->errors[0].message);
        else
            text_printf(out, "analysed  %s\n", file);
        break;
    }
}

void run_list_units(struct run *run)
{
    for (size_t i = 0; i < run->inputs.units.count; i++)
        list_unit(run, run->inputs.units.at[i]);
}

void run_dump(struct run *run)
{
    for (size_t i = 0; i < run->inputs.units.count; i++)
        if (run->inputs.units.at[i]->ir)
            ir_dump_unit(&run->result->output, run->inputs.units.at[i]->ir);
}

/* ---- findings -------------------------------------------------------------------------------- */

struct counts {
    size_t analysed, in_part, failed, skipped, functions;
};

static struct counts count_units(const struct run *run)
{
    struct counts counts = {0};
    for (size_t i = 0; i < run->inputs.units.count; i++) {
        const struct unit *unit = run->inputs.units.at[i];
        counts.failed += unit->state == UNIT_FAILED;
        counts.skipped += unit->state == UNIT_SKIPPED;
        if (!unit->ir)
            continue;
        counts.analysed++;
        counts.in_part += unit->ir->error_count > 0;
        counts.functions += unit->ir->func_count;
    }
    return counts;
}

static const struct report_tool *tool(void)
{
    static struct report_tool it = {.version = LEASH_VERSION};
    it.frontend = frontend_version();
    return &it;
}

static failures failures_of(struct run *run)
{
    failures failed = {0};
    for (size_t i = 0; i < run->problems.count; i++) {
        const struct problem *problem = &run->problems.at[i];
        const char *message = problem->message;
        if (problem->remedy)
            message = arena_printf(&run->arena, "%s; %s", message, problem->remedy);
        *vec_add(&run->arena, &failed) =
            (struct failure){.path = problem->path, .line = problem->line, .message = message};
    }
    return failed;
}

static void show_json(struct run *run)
{
    failures failed = failures_of(run);
    struct counts counts = count_units(run);
    const struct report_stat stats[] = {
        {"units", (int64_t)counts.analysed},
        {"units_in_part", (int64_t)counts.in_part},
        {"units_failed", (int64_t)counts.failed},
        {"units_skipped", (int64_t)counts.skipped},
        {"units_repeated", (int64_t)run->inputs.repeated},
        {"programs", (int64_t)run->programs.count},
        {"functions", (int64_t)counts.functions},
        {"findings", (int64_t)run->found.count},
        {"suppressed", (int64_t)run->tally.suppressed},
        {"below_confidence", (int64_t)run->tally.hidden},
        {"scopes", (int64_t)run->explored.scopes},
        {"scopes_cut", (int64_t)run->explored.cut_scopes},
        {"states", (int64_t)run->explored.states},
        {"effort", (int64_t)run->explored.effort},
    };
    report_json(&run->result->output, &run->found, &failed, tool(), stats, COUNT_OF(stats),
                run->directory);
}

static void show_sarif(struct run *run, const struct report_style *style)
{
    failures failed = failures_of(run);
    struct report_rules known = catalog_report_rules(&run->arena);
    report_sarif(&run->result->output, &run->found, &failed, tool(), &known, style);
}

void run_show_findings(struct run *run)
{
    struct sources sources = run_sources(run);
    struct report_style style = {
        .sources = &sources, .directory = run->directory, .colour = run->options->colour};
    switch (run->options->format) {
    case OUTPUT_TEXT:
        report_text(&run->result->output, &run->found, &style);
        break;
    case OUTPUT_JSON:
        show_json(run);
        break;
    case OUTPUT_SARIF:
        show_sarif(run, &style);
        break;
    }
    sources_release(&sources);
}

/* ---- the last line --------------------------------------------------------------------------- */

static void add_count(struct text *out, size_t count, const char *word)
{
    text_printf(out, "%zu %s%s", count, word, count == 1 ? "" : "s");
}

static void sum_findings(struct run *run)
{
    static const char *const words[] = {
        [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error"};
    struct text *out = &run->result->summary;
    size_t by_severity[COUNT_OF(words)] = {0};
    bool first = true;
    for (size_t i = 0; i < run->found.count; i++)
        by_severity[run->found.at[i]->severity]++;
    add_count(out, run->found.count, "finding");
    for (size_t i = COUNT_OF(words); i-- > 0;) {
        if (!by_severity[i])
            continue;
        text_add(out, first ? " (" : ", ");
        add_count(out, by_severity[i], words[i]);
        first = false;
    }
    text_add(out, first ? " in " : ") in ");
}

/* "; 3 C++ units skipped", for each kind in the order of the units. */
static void sum_skipped(struct run *run)
{
    struct text *out = &run->result->summary;
    const unit_list *units = &run->inputs.units;
    struct map counts = {.arena = &run->arena};
    name_list kinds = {0};
    for (size_t i = 0; i < units->count; i++) {
        if (units->at[i]->state != UNIT_SKIPPED)
            continue;
        void **place = map_put_str(&counts, units->at[i]->why);
        if (!*place)
            *vec_add(&run->arena, &kinds) = units->at[i]->why;
        *place = (void *)((uintptr_t)*place + 1);
    }
    for (size_t i = 0; i < kinds.count; i++) {
        size_t count = (uintptr_t)map_get_str(&counts, kinds.at[i]);
        text_printf(out, "; %zu %s unit%s skipped", count, kinds.at[i], count == 1 ? "" : "s");
    }
}

/* What the search did, and where it did not see everything. */
static void add_explored(struct run *run)
{
    enum { ROOTS_NAMED_MAX = 5 };
    struct text *out = &run->result->summary;
    const struct explore_stats *explored = &run->explored;
    add_count(out, explored->scopes, "scope");
    text_add(out, " explored: ");
    add_count(out, explored->states, "state");
    if (explored->nanoseconds)
        text_printf(out, ", %.0f a second",
                    (double)explored->states * 1e9 / (double)explored->nanoseconds);
    text_add(out, "; ");
    text_printf(out, "an effort of %zu, where %zu are allowed; ", explored->effort,
                explored->allowance);
    add_count(out, explored->cut_scopes, "scope");
    text_add(out, " not in full");
    size_t named =
        explored->cut_roots.count < ROOTS_NAMED_MAX ? explored->cut_roots.count : ROOTS_NAMED_MAX;
    for (size_t i = 0; i < named; i++)
        text_printf(out, "%s'%s' of %s", i ? ", " : ": from ",
                    explored->cut_roots.at[i]->symbol->name,
                    short_path(run, explored->cut_roots.at[i]->unit->main_file));
    if (named && explored->cut_scopes > named)
        text_printf(out, " and %zu more", explored->cut_scopes - named);
    text_add(out, explored->cut_scopes ? " (--budget allows more)\n" : "\n");
}

static void add_stats(struct run *run, const struct counts *counts)
{
    static const char *const stages[] = {
        [STAGE_COLLECT] = "collect", [STAGE_MODEL] = "models",  [STAGE_LINK] = "link",
        [STAGE_RULES] = "rules",     [STAGE_REPORT] = "report",
    };
    struct text *out = &run->result->summary;
    text_printf(out,
                "%zu functions in %zu programs; %zu findings suppressed, %zu below the least "
                "confidence, %zu seen more than once; %zu entries repeated\n",
                counts->functions, run->programs.count, run->tally.suppressed, run->tally.hidden,
                run->tally.merged, run->inputs.repeated);
    add_explored(run);
    for (size_t i = 0; i < STAGE_COUNT; i++)
        text_printf(out, "%-8s %9.1f ms\n", stages[i], (double)run->nanoseconds[i] / 1e6);
}

void run_summary(struct run *run)
{
    struct text *out = &run->result->summary;
    struct counts counts = count_units(run);
    if (!run->options->lists_units)
        sum_findings(run);
    add_count(out, counts.analysed, "unit");
    if (run->options->lists_units)
        text_add(out, " analysed");
    if (counts.in_part)
        text_printf(out, "; %zu of them only in part, see the errors above", counts.in_part);
    if (counts.failed)
        text_printf(out, "; %zu failed", counts.failed);
    sum_skipped(run);
    text_add(out, "\n");
    if (run->options->has_stats)
        add_stats(run, &counts);
}
