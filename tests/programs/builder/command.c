/*
 * command.c - see command.h.
 *
 * The command runs in a task of its own, as a child process would, and leaves its status in a
 * channel with room for it: whoever started it may have given up by then.
 */
#include "command.h"

/* The reference to `status` is its own. */
static void run_child(chan_t *status, int cost_ms, int result)
{
    task_sleep_ms(cost_ms);
    chan_send(status, &result);
    chan_free(status);
}

static int wait_for_child(struct commands *commands, const struct job *job)
{
    chan_t *status = chan_make(int, 1);
    defer_free(status);
    ctx_t *limit = ctx_with_timeout_ms(commands->ctx, commands->limit_ms);
    defer_ctx_free(limit);
    int result;

    spawn(run_child, chan_ref(status), job->cost_ms, job->broken ? EIO : 0);
    int error = chan_recv_ctx(limit, status, &result);
    return error ? error : result;
}

int command_run(struct commands *commands, const struct job *job)
{
    if (job->heavy)
        memory_take(commands->memory);
    int error = ctx_err(commands->ctx);
    if (error) {
        if (job->heavy)
            memory_give(commands->memory);
        return error;
    }
    journal_say(commands->journal, "%s ...", job->name);
    error = wait_for_child(commands, job);
    if (job->heavy)
        memory_give(commands->memory);
    return error;
}
