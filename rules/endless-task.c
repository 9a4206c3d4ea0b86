/*
 * endless-task: a loop in a task from which nothing leads out.  The task stays for as long as the
 * program runs, with its stack and all that it holds, and each start adds one more.
 *
 * Reported are loops without a way out that can be taken (flow/loops.h), in the task's function or
 * in what it calls, and functions that call each other on every way.  Where the task hears that it
 * is to stop inside of such a loop, the finding says that this leads nowhere: often a `break` that
 * leaves only the switch around it.
 *
 * Reported too, in a library: the call that gives up an object waits for a task which goes round
 * for ever, in all executions that are left.  That finding stands at the wait.
 *
 * Fine: tasks marked as daemons; threads that somebody cancels; loops that wait for descriptors or
 * signals, as servers do (server-without-shutdown); loops in which something may end the thread, or
 * the program in good order.
 *
 * Unseen: loops that need the close of a channel which nobody closes (missing-close), and loops on
 * memory that nobody sets.
 */
#include "flow/parties.h"
#include "flow/tasks.h"
#include "rules/rule.h"
#include "rules/verdict.h"

/* ---- the finding ----------------------------------------------------------------------------- */

static void note_parks(struct pass *pass, struct finding *finding, const struct flow_round *round)
{
    bool is_first = true;
    for (size_t i = 0; i < round->ops.count; i++) {
        const struct flow_task_op *at = &round->ops.at[i];
        if (!at->op->act || !at->op->act->may_park)
            continue;
        pass_stuck_at(pass, finding, at->frame->func, at->op->pos);
        if (is_first)
            pass_note(pass, finding, at->frame->func, at->op->pos, "each round waits here, in %s",
                      at->op->act->word);
        is_first = false;
    }
}

static void note_spawn(struct pass *pass, struct finding *finding, const struct frame *task)
{
    pass_note(pass, finding, task->parent->func, task->op->pos, "the task is started here");
}

static void report(struct pass *pass, const struct frame *task, const struct flow_round *round)
{
    const char *kind = task->op->act->object ? "thread" : "task";
    struct finding *finding = pass_report(
        pass, round->frame->func, round->endless.pos, CONFIDENCE_LIKELY,
        round->watch ? "%s '%s' can never end: being told to stop does not lead out of this loop"
                     : "%s '%s' can never end: nothing leads out of this loop",
        kind, task->func->symbol->name);
    pass_stuck_at(pass, finding, round->frame->func, round->endless.pos);
    if (round->watch)
        pass_note(pass, finding, round->watch->frame->func, round->watch->op->pos,
                  "it hears here that it is to stop, and goes on; leave the loop then");
    note_parks(pass, finding, round);
    note_spawn(pass, finding, task);
}

static void report_recursion(struct pass *pass, const struct frame *task,
                             const struct frame *caller, const struct ir_op *call)
{
    struct finding *finding =
        pass_report(pass, caller->func, call->pos, CONFIDENCE_LIKELY,
                    "%s '%s' can never end: every way leads to this call, and round again",
                    task->op->act->object ? "thread" : "task", task->func->symbol->name);
    pass_stuck_at(pass, finding, caller->func, call->pos);
    note_spawn(pass, finding, task);
}

/* ---- judging --------------------------------------------------------------------------------- */

/* A place is reported once, however many tasks come by. */
static bool was_reported(struct map *reported, const struct ir_func *func, struct ir_pos pos)
{
    struct {
        const struct ir_func *func;
        uint64_t line, column;
    } key = {func, pos.line, pos.column};
    void **slot = map_put(reported, &key, sizeof key);
    bool was = *slot != NULL;
    *slot = reported;
    return was;
}

static void check_loop(struct pass *pass, const struct flow_runs *runs, const struct frame *frame,
                       struct map *reported)
{
    struct flow_round round;
    if (!flow_in_daemon(pass->flow, frame) && flow_goes_round(pass->flow, runs, frame, &round) &&
        !was_reported(reported, frame->func, round.endless.pos))
        report(pass, runs->task, &round);
}

/* Does the call lead back to a function which is running, by nothing but calls?  What a once runs
 * is not run again. */
static bool leads_back(struct flow *flow, const struct flow_task_op *at)
{
    struct flow_targets targets = flow_callees_in(flow, at->frame, at->op);
    if (at->op->act || targets.bodies.count != 1)
        return false;
    for (const struct frame *frame = at->frame; frame; frame = frame->parent) {
        if (frame->func == targets.bodies.at[0])
            return true;
        if (!frame->op || frame->op->act)
            return false;
    }
    return false;
}

static void check_recursion(struct pass *pass, const struct flow_runs *runs, struct map *reported)
{
    for (size_t i = 0; i < runs->ops.count; i++) {
        const struct flow_task_op *at = &runs->ops.at[i];
        if (!leads_back(pass->flow, at))
            continue;
        if (!was_reported(reported, at->frame->func, at->op->pos))
            report_recursion(pass, runs->task, at->frame, at->op);
        return;
    }
}

static void check_task(struct pass *pass, const struct frame *task, struct map *reported)
{
    struct flow *flow = pass->flow;
    if (flow_is_daemon(flow, task) || pass_was_judged(pass, task->parent, task->op, task->func) ||
        flow_is_cancelled(flow, task))
        return;
    struct flow_runs runs = flow_task_runs(flow, task);
    for (size_t i = 0; i < runs.frames.count; i++)
        check_loop(pass, &runs, runs.frames.at[i], reported);
    if (!flow_can_end(flow, task->func))
        check_recursion(pass, &runs, reported);
}

static void check_program(struct pass *pass)
{
    const struct flow_frame_list *tasks = flow_tasks(pass->flow);
    struct map reported = {.arena = flow_arena(pass->flow)};
    for (size_t i = 0; i < tasks->at.count; i++)
        check_task(pass, tasks->at.at[i], &reported);
    verdict_report(pass, CAUSE_ENDLESS_TASK);
}

const struct rule rule_endless_task = {
    .id = "endless-task",
    .group = GROUP_LEAK,
    .summary = "a loop in a task from which nothing leads out",
    .check_program = check_program,
};
