/*
 * endless-task: a loop in a task from which nothing leads out.  The task stays for as long as the
 * program runs, with its stack and all that it holds, and each start adds one more.
 *
 * Reported are loops without a way out that can be taken (flow/loops.h), in the task's function or
 * in what it calls, and functions that call each other on every way.  Where the task hears that it
 * is to stop inside of such a loop, the finding says that this leads nowhere: often a `break` that
 * leaves only the switch around it.
 *
 * Fine: tasks marked as daemons; threads that somebody cancels; loops that wait for descriptors or
 * signals, as servers do (server-without-shutdown); loops in which something may end the thread, or
 * the program in good order.
 *
 * Unseen: loops that need the close of a channel which nobody closes (missing-close), and loops on
 * memory that nobody sets.
 */
#include "flow/loops.h"
#include "flow/parties.h"
#include "flow/tasks.h"
#include "flow/waits.h"
#include "rules/rule.h"

#include <string.h>

/* One loop in one task. */
struct trap {
    struct pass *pass;
    const struct frame *task, *frame; /* the loop is in frame->func */
    struct flow_frame_list runs;      /* all that the task runs */
    struct flow_endless endless;      /* what is known of the loop */
    const struct ir_func *watch_func; /* of the first operation in it that hears of being told */
    const struct ir_op *watch;        /* to stop; NULL: there is none */
};

/* ---- what happens in the loop ---------------------------------------------------------------- */

/* Is an operation of the frame's function inside the loop: in its blocks, or below a call there? */
static bool is_inside(const struct trap *trap, const struct frame *frame, const struct ir_op *op)
{
    for (; frame && frame->depth >= trap->frame->depth; op = frame->op, frame = frame->parent)
        if (frame == trap->frame)
            return trap->endless.in[op->block];
    return false;
}

typedef bool op_test(struct trap *, const struct frame *, const struct ir_op *);

/* Does the test hold for an operation inside of the loop?  The first one ends it. */
static bool any_inside(struct trap *trap, op_test *test)
{
    for (size_t i = 0; i < trap->runs.at.count; i++) {
        const struct frame *frame = trap->runs.at.at[i];
        for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));)
            if (op->act && is_inside(trap, frame, op) && test(trap, frame, op))
                return true;
    }
    return false;
}

/* A server's loop waits for what comes from outside. */
static bool waits_for_outside(struct trap *trap, const struct frame *frame, const struct ir_op *op)
{
    return flow_waits_for_outside(trap->pass->flow, frame, op);
}

static bool is_in_endless_loop(struct trap *trap, const struct flow_use *use)
{
    struct flow *flow = trap->pass->flow;
    struct flow_endless endless;
    const struct frame *frame = flow_frame(flow, use->func, NULL, NULL);
    return flow_find_endless(flow, frame, &endless) && endless.in[use->op->block];
}

/* Is it a channel of the program at which nobody does the other half for ever? */
static bool is_left_alone(struct trap *trap, const struct frame *frame,
                          const struct ir_expr *handle, enum act_kind other_half)
{
    struct flow_channel channel;
    if (!handle || !flow_find_channel(trap->pass->flow, frame, handle, &channel))
        return false;
    const struct flow_use *use = NULL;
    while ((use = flow_next_use(trap->pass->flow, other_half, channel.object, use)))
        if (is_in_endless_loop(trap, use))
            return false;
    return true;
}

/* A task that gets stuck at a channel does not go round: that is for the rules on sends and
 * receives. */
static bool stays_at_channel(struct trap *trap, const struct frame *frame, const struct ir_op *op)
{
    const struct act *act = op->act;
    if (act->kind == ACT_RECV || act->kind == ACT_SEND)
        return !flow_is_bounded(trap->pass->flow, frame, act) &&
               is_left_alone(trap, frame, act->object, act->kind == ACT_RECV ? ACT_SEND : ACT_RECV);
    bool stays = act->kind == ACT_SELECT && act->arms_known;
    for (size_t i = 0; i < act->arm_count && stays; i++) {
        const struct act_arm *arm = &act->arms[i];
        stays =
            is_left_alone(trap, frame, arm->channel, arm->kind == ARM_RECV ? ACT_SEND : ACT_RECV);
    }
    return stays;
}

/* A program that stops when all is done, or a thread that ends itself, needs no way out of the
 * loop.  Giving up because something failed is none. */
static bool ends_in_good_order(struct trap *trap, const struct frame *frame, const struct ir_op *op)
{
    (void)trap, (void)frame;
    if (op->act->kind == ACT_END_TASK)
        return true;
    const struct ir_expr *status = op->act->kind == ACT_EXIT ? op->act->value : NULL;
    return status && !(status->kind == IR_CONST && status->value != 0);
}

static bool watches(struct trap *trap, const struct frame *frame, const struct ir_op *op)
{
    if (!flow_watches(trap->pass->flow, frame, op))
        return false;
    trap->watch_func = frame->func;
    trap->watch = op;
    return true;
}

/* ---- the finding ----------------------------------------------------------------------------- */

static void note_parks(const struct trap *trap, struct finding *finding)
{
    bool is_first = true;
    for (size_t i = 0; i < trap->runs.at.count; i++) {
        const struct frame *frame = trap->runs.at.at[i];
        for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));) {
            if (!op->act || !op->act->may_park || !is_inside(trap, frame, op))
                continue;
            pass_stuck_at(trap->pass, finding, frame->func, op->pos);
            if (is_first)
                pass_note(trap->pass, finding, frame->func, op->pos, "each round waits here, in %s",
                          op->act->word);
            is_first = false;
        }
    }
}

static void note_spawn(struct pass *pass, struct finding *finding, const struct frame *task)
{
    pass_note(pass, finding, task->parent->func, task->op->pos, "the task is started here");
}

static void report(struct trap *trap)
{
    struct pass *pass = trap->pass;
    const char *kind = trap->task->op->act->object ? "thread" : "task";
    const char *name = trap->task->func->symbol->name;
    any_inside(trap, watches);
    struct finding *finding = pass_report(
        pass, trap->frame->func, trap->endless.pos, CONFIDENCE_LIKELY,
        trap->watch ? "%s '%s' can never end: being told to stop does not lead out of this loop"
                    : "%s '%s' can never end: nothing leads out of this loop",
        kind, name);
    pass_stuck_at(pass, finding, trap->frame->func, trap->endless.pos);
    if (trap->watch)
        pass_note(pass, finding, trap->watch_func, trap->watch->pos,
                  "it hears here that it is to stop, and goes on; leave the loop then");
    note_parks(trap, finding);
    note_spawn(pass, finding, trap->task);
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

/* An asm statement may jump out, and what was not understood may as well. */
static bool is_understood(const struct ir_func *func)
{
    return !func->incomplete && !ir_next_op(func, IR_OP_UNKNOWN, NULL);
}

static void check_loop(struct trap *trap, struct map *reported)
{
    struct flow *flow = trap->pass->flow;
    if (!is_understood(trap->frame->func) || flow_in_daemon(flow, trap->frame) ||
        !flow_find_endless(flow, trap->frame, &trap->endless) || trap->endless.unclosed ||
        any_inside(trap, ends_in_good_order) || any_inside(trap, waits_for_outside) ||
        any_inside(trap, stays_at_channel) ||
        was_reported(reported, trap->frame->func, trap->endless.pos))
        return;
    report(trap);
}

/* The first call that leads back to a function which is running. */
static void check_recursion(struct pass *pass, const struct frame *task,
                            const struct flow_frame_list *runs, struct map *reported)
{
    for (size_t i = 0; i < runs->at.count; i++) {
        const struct frame *frame = runs->at.at[i];
        for (const struct ir_op *op = NULL; (op = ir_next_op(frame->func, IR_OP_CALL, op));) {
            if (op->act && op->act->kind != ACT_INVOKE)
                continue;
            struct flow_targets targets = flow_callees_in(pass->flow, frame, op);
            if (targets.bodies.count != 1 || !flow_task_has(frame, targets.bodies.at[0]))
                continue;
            if (!was_reported(reported, frame->func, op->pos))
                report_recursion(pass, task, frame, op);
            return;
        }
    }
}

static void check_task(struct pass *pass, const struct frame *task, struct map *reported)
{
    struct flow *flow = pass->flow;
    if (flow_is_daemon(flow, task) || pass_was_judged(pass, task->parent, task->op, task->func) ||
        flow_is_cancelled(flow, task))
        return;
    struct flow_frame_list runs = flow_task_runs(flow, task);
    for (size_t i = 0; i < runs.at.count; i++) {
        struct trap trap = {.pass = pass, .task = task, .frame = runs.at.at[i], .runs = runs};
        check_loop(&trap, reported);
    }
    if (!flow_can_end(flow, task->func))
        check_recursion(pass, task, &runs, reported);
}

static void check_program(struct pass *pass)
{
    const struct flow_frame_list *tasks = flow_tasks(pass->flow);
    struct map reported = {.arena = flow_arena(pass->flow)};
    for (size_t i = 0; i < tasks->at.count; i++)
        check_task(pass, tasks->at.at[i], &reported);
}

const struct rule rule_endless_task = {
    .id = "endless-task",
    .group = GROUP_LEAK,
    .summary = "a loop in a task from which nothing leads out",
    .check_program = check_program,
};
