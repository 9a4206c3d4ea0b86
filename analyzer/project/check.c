#include "project/check.h"

#include "project/run.h"

#include <time.h>

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* ---- the stages ------------------------------------------------------------------------------ */

static void collect(struct run *run)
{
    const char *problem = NULL;
    struct collect_options options = {
        .jobs = run->options->jobs,
        .limits = collect_default_limits,
        .buffers = run->options->buffers,
        .buffer_count = run->options->buffer_count,
        .progress = run->options->progress,
        .keep = run->options->keep,
        .context = run->options->context,
    };
    const struct unit_store *store = run->options->store;
    if (store)
        unit_store_fetch(store, &run->inputs.units, options.buffers, options.buffer_count);
    if (!collect_units(&run->arena, &run->inputs.units, &options, &problem))
        problem_add(&run->arena, &run->problems, "", 0, 0, "%s", problem);
    if (store)
        unit_store_restore(store, &run->arena, &run->inputs.units, options.buffers,
                           options.buffer_count, &run->broken);
    run_gather_problems(run);
}

static void apply_models(struct run *run)
{
    for (size_t i = 0; i < run->inputs.units.count; i++)
        if (run->inputs.units.at[i]->ir)
            model_apply(run->models, run->inputs.units.at[i]->ir);
}

static void link_programs(struct run *run)
{
    if (run->inputs.is_one_program)
        link_as_one(&run->arena, &run->inputs.units, &run->programs);
    else
        link_units(&run->arena, &run->inputs.units, &run->programs);
}

/* What is left when the program's facts go. */
static void add_explored(struct run *run, const struct explore_stats *stats)
{
    struct explore_stats *all = &run->explored;
    all->scopes += stats->scopes;
    all->states += stats->states;
    all->effort += stats->effort;
    all->cut_scopes += stats->cut_scopes;
    all->nanoseconds += stats->nanoseconds;
    for (size_t i = 0; i < stats->cut_roots.count; i++)
        *vec_add(&run->arena, &all->cut_roots) = stats->cut_roots.at[i];
}

/* What the rules are asked with, of all programs of a run. */
struct judging {
    struct rule_choice *choices;
    size_t choice_count;
    struct map judged; /* see rules_run */
    struct explore_options explored;
    struct arena facts; /* of one program */
};

/* Findings are copied to the run's arena by the pass; the flow facts go with each program. */
static void judge_program(struct run *run, struct judging *judging, const unit_list *units)
{
    struct ir_unit **irs = arena_array(&judging->facts, struct ir_unit *, units->count);
    for (size_t i = 0; i < units->count; i++)
        irs[i] = units->at[i]->ir;
    struct flow *flow = flow_new(&judging->facts, run->models, irs, units->count);
    size_t first = run->found.count;
    judging->explored.explain = run_watch(run, &judging->facts, irs, units->count);
    explore_prepare(flow, &judging->explored);
    rules_run(&run->arena, flow, judging->choices, judging->choice_count, &judging->judged,
              &run->found);
    run_keep_reasons(run, flow, judging->explored.explain, first);
    add_explored(run, explore_stats(flow));
    arena_recycle(&judging->facts);
}

static size_t analysed_units(const struct run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->inputs.units.count; i++)
        count += run->inputs.units.at[i]->ir != NULL;
    return count;
}

/* Libraries first: where there are so many tests that the run cannot afford to explore all of them,
 * it is better to know the library. */
static void judge(struct run *run)
{
    struct judging judging = {.judged = {.arena = &run->arena}};
    judging.explored.states_max = (size_t)run->options->budget_ms * EXPLORE_STATES_A_MS;
    size_t allowance = explore_allowance(analysed_units(run), &judging.explored);
    judging.explored.allowance = &allowance;
    judging.choices = settings_choices(run->settings, &judging.choice_count);
    run->explored.allowance = allowance;
    for (int has_main = 0; has_main <= 1; has_main++)
        for (size_t i = 0; i < run->programs.count; i++)
            if (run->programs.at[i].has_main == has_main &&
                (judging.choice_count || run->silent_path))
                judge_program(run, &judging, &run->programs.at[i].units);
    arena_release(&judging.facts);
}

struct sources run_sources(const struct run *run)
{
    return (struct sources){.buffers = run->options->buffers,
                            .buffer_count = run->options->buffer_count};
}

static void finish(struct run *run)
{
    name_list known = {0}, ran = {0};
    for (size_t i = 0; i < rule_count; i++) {
        *vec_add(&run->arena, &known) = rules[i]->id;
        if (run->settings->rule_settings[i].is_on)
            *vec_add(&run->arena, &ran) = rules[i]->id;
    }
    run_filter(run);
    name_list files = run_complete_files(run);
    struct sources sources = run_sources(run);
    /* Of a program that is only partly here, nobody can tell what a suppression is for. */
    bool is_part = run->inputs.is_one_program && run->inputs.database;
    struct report_job job = {
        .sources = &sources,
        .root = run->root,
        .min_confidence = run->settings->min_confidence,
        .files = files.at,
        .file_count = files.count,
        .known_rules = known.at,
        .known_rule_count = known.count,
        .rules_run = ran.at,
        .rules_run_count = ran.count,
        .keep_quiet_about_unused = run->hides_unused || is_part,
    };
    run->tally = report_finish(&run->arena, &run->found, &job);
    sources_release(&sources);
}

typedef void stage_function(struct run *);

static void do_stage(struct run *run, enum stage stage, stage_function *function)
{
    uint64_t start = now();
    function(run);
    run->nanoseconds[stage] += now() - start;
}

/* ---- status ---------------------------------------------------------------------------------- */

static int status_of(const struct run *run)
{
    enum fail_on fail_on = run->settings->fail_on;
    if (run->problems.count)
        return STATUS_TROUBLE;
    if (run->options->silent_file)
        return STATUS_CLEAN;
    for (size_t i = 0; i < run->found.count && fail_on != FAIL_ON_NEVER; i++) {
        enum severity severity = run->found.at[i]->severity;
        if (severity == SEVERITY_ERROR ||
            (severity == SEVERITY_WARNING && fail_on == FAIL_ON_WARNING))
            return STATUS_FINDINGS;
    }
    return STATUS_CLEAN;
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* What there is to do: settings, models, units.  false: nothing can be done. */
static bool prepare(struct run *run)
{
    bool usable = run_settings(run);
    if (run->options->shows_config) {
        if (usable)
            run_show_config(run);
        return false;
    }
    if (!usable || !run_models(run))
        return false;
    bool found = inputs_find(&run->arena, run->directory, &run->options->input, &run->inputs);
    for (size_t i = 0; i < run->inputs.problems.count; i++)
        *vec_add(&run->arena, &run->problems) = run->inputs.problems.at[i];
    return found;
}

static void hand_over(struct run *run, bool is_begun)
{
    struct sources sources = run_sources(run);
    struct check_outcome outcome = {
        .is_begun = is_begun,
        .found = &run->found,
        .problems = &run->problems,
        .units = &run->inputs.units,
        .broken = &run->broken,
        .database = run->inputs.database,
        .sources = &sources,
    };
    run->options->take(run->options->context, &outcome);
    sources_release(&sources);
}

static void analyse(struct run *run)
{
    do_stage(run, STAGE_COLLECT, collect);
    if (run->options->lists_units) {
        run_list_units(run);
        return;
    }
    do_stage(run, STAGE_MODEL, apply_models);
    if (run->options->dumps_ir) {
        run_dump(run);
        return;
    }
    if (run->options->silent_file && !run_knows_silent_file(run))
        return;
    do_stage(run, STAGE_LINK, link_programs);
    do_stage(run, STAGE_RULES, judge);
    do_stage(run, STAGE_REPORT, finish);
    if (run->silent_path)
        run_show_reasons(run);
}

static void begin(struct run *run, const struct check_options *options, struct check_result *result)
{
    *run = (struct run){.options = options, .result = result};
    run->directory = options->directory ? options->directory : working_directory(&run->arena);
}

static void end(struct run *run)
{
    for (size_t i = 0; i < run->inputs.units.count; i++)
        unit_release(run->inputs.units.at[i]);
    arena_release(&run->arena);
}

static void show(struct run *run, bool is_prepared)
{
    const struct check_options *options = run->options;
    run_show_problems(run);
    if (!options->lists_units && !options->dumps_ir && !options->shows_config &&
        !options->silent_file)
        run_show_findings(run);
    if (is_prepared && !options->dumps_ir && !options->silent_file)
        run_summary(run);
}

void check_run(const struct check_options *options, struct check_result *result)
{
    struct run run;
    begin(&run, options, result);
    bool prepared = prepare(&run);
    if (prepared)
        analyse(&run);
    if (options->take)
        hand_over(&run, prepared);
    else
        show(&run, prepared);
    result->status = run.problems.count ? STATUS_TROUBLE : status_of(&run);
    end(&run);
}

void check_result_release(struct check_result *result)
{
    text_release(&result->output);
    text_release(&result->errors);
    text_release(&result->summary);
}

/* ---- leash collect --------------------------------------------------------------------------- */

void collect_run(const struct input_options *input, struct check_result *result)
{
    struct check_options options = {.input = *input};
    struct run run;
    begin(&run, &options, result);
    if (inputs_find(&run.arena, run.directory, input, &run.inputs)) {
        for (size_t i = 0; i < run.inputs.problems.count; i++)
            *vec_add(&run.arena, &run.problems) = run.inputs.problems.at[i];
        collect(&run);
        for (size_t i = 0; i < run.inputs.units.count; i++) {
            const struct unit *unit = run.inputs.units.at[i];
            if (unit->state == UNIT_SKIPPED)
                problem_add(&run.arena, &run.problems, unit->file, 0, 0, "is not for leash: %s",
                            unit->why);
            if (unit->ir)
                ir_unit_write(&result->output, unit->ir);
        }
    }
    run_show_problems(&run);
    result->status = run.problems.count ? STATUS_TROUBLE : STATUS_CLEAN;
    end(&run);
}
