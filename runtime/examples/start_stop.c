/*
 * start_stop.c - a mailer that delivers in the background until it is stopped.
 *
 * The pattern: a struct that owns its tasks, with a start and a stop.  Whoever has it can end what
 * it does; nobody else needs to know that there are tasks at all.
 *
 *  - The workers are counted before they run, by wg_spawn.  stop asks them to end and then waits:
 *    when it has returned, no task of the mailer's is left.
 *  - Two channels are closed, and they say different things.  The queue: no more letters; who posts
 *    gets false, and the letter stays his.  `done`: leave now, even with letters in the queue.
 *    Closing the queue alone would be the patient stop, where all that was accepted is delivered.
 *  - After the close nothing gets into the queue any more, so what stop finds there is all that
 *    was accepted and not delivered.
 *
 * With a context in place of `done` the same struct ends with its parent too: ctx_with_cancel in
 * start, ctx_cancel, wg_wait and ctx_free in stop.
 */
#include <leash.h>

#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 3, QUEUE = 8, DELIVERY_MS = 2, OPEN_MS = 50 };

struct letter {
    int number;
};

struct mailer {
    chan_t *done;  /* closed by mailer_stop */
    chan_t *queue; /* of struct letter *; closed by mailer_stop */
    wg_t workers;
    mu_t lock;
    int delivered; /* under lock */
};

/* Owns the letter. */
static void deliver(struct mailer *mailer, struct letter *letter)
{
    task_sleep_ms(DELIVERY_MS);
    free(letter);
    mu_lock(&mailer->lock);
    defer_unlock(&mailer->lock);
    mailer->delivered++;
}

static void work(struct mailer *mailer)
{
    struct letter *letter = NULL;
    bool more = true;

    while (chan_select(RECV_OK(mailer->queue, &letter, &more), DONE(mailer->done)) == 0 && more)
        deliver(mailer, letter);
}

static void mailer_start(struct mailer *mailer, int workers)
{
    *mailer = (struct mailer){.done = done_make(), .queue = chan_make(struct letter *, QUEUE)};
    for (int i = 0; i < workers; i++)
        wg_spawn(&mailer->workers, work, mailer);
}

/* true: the mailer owns the letter now.  false: it was stopped.  Parks while the queue is full. */
static bool mailer_post(struct mailer *mailer, struct letter *letter)
{
    return chan_send(mailer->queue, &letter);
}

/* To be called once; others may be posting meanwhile.  The number of letters that were accepted and
 * not delivered. */
static int mailer_stop(struct mailer *mailer)
{
    struct letter *letter;
    int left = 0;

    chan_close(mailer->done);
    chan_close(mailer->queue);
    wg_wait(&mailer->workers);
    while (chan_recv(mailer->queue, &letter)) {
        free(letter);
        left++;
    }
    return left;
}

/* After mailer_stop, and when nobody posts any more. */
static void mailer_free(struct mailer *mailer)
{
    chan_free(mailer->queue);
    chan_free(mailer->done);
}

/* Posts until the mailer wants no more; their number goes to *posted. */
static void post_letters(struct mailer *mailer, int *posted)
{
    for (int number = 0;; number++) {
        struct letter *letter = malloc(sizeof *letter);
        if (!letter)
            return;
        letter->number = number;
        if (!mailer_post(mailer, letter)) {
            free(letter);
            return;
        }
        ++*posted;
    }
}

static int entry(int argc, char **argv)
{
    struct mailer mailer;
    wg_t posting = {0};
    int posted = 0;

    (void)argc;
    (void)argv;
    mailer_start(&mailer, WORKERS);
    wg_spawn(&posting, post_letters, &mailer, &posted);
    task_sleep_ms(OPEN_MS);
    int left = mailer_stop(&mailer);
    wg_wait(&posting);
    printf("%d posted, %d delivered, %d left\n", posted, mailer.delivered, left);
    mailer_free(&mailer);
    return posted == mailer.delivered + left ? 0 : 1;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
