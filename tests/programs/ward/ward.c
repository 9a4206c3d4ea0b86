/* ward.c - who looks after the actors. */
#include "actor.h"

#include <stdlib.h>
#include <string.h>

/* Deals with letters until it is to stop or fails; then the ward gets its place in `living`. */
static void work(struct actor *actor)
{
    struct ward *ward = actor->ward;
    struct letter letter;

    while (chan_select(RECV(actor->mailbox, &letter), DONE(ward->stopping)) == 0) {
        int error = actor->behave(actor, actor->state, &letter);
        if (error) {
            chan_send(ward->failures, &(struct failure){actor, error});
            return;
        }
    }
    wg_done(&ward->living);
}

static void watch(struct ward *ward)
{
    struct failure failure;

    while (chan_recv(ward->failures, &failure)) {
        struct actor *actor = failure.actor;
        fprintf(stderr, "%s: %s\n", actor->name, strerror(failure.error));
        if (++actor->failures <= ward->failures_max) {
            spawn(work, actor);
            continue;
        }
        chan_close(actor->down);
        wg_done(&ward->living);
    }
    wg_done(&ward->watching);
}

void ward_open(struct ward *ward, int failures_max)
{
    *ward = (struct ward){
        .failures_max = failures_max,
        .failures = chan_make(struct failure, 0),
        .stopping = done_make(),
    };
    wg_add(&ward->watching, 1);
    spawn(watch, ward);
}

static struct actor *find(struct ward *ward, const char *name)
{
    struct actor *actor = ward->actors;

    while (actor && strcmp(actor->name, name) != 0)
        actor = actor->next;
    return actor;
}

struct actor *ward_find(struct ward *ward, const char *name)
{
    rw_rlock(&ward->lock);
    struct actor *actor = find(ward, name);
    rw_runlock(&ward->lock);
    return actor;
}

struct actor *ward_add(struct ward *ward, const char *name, actor_fn behave, void *state, int room)
{
    struct actor *actor = malloc(sizeof *actor);

    if (!actor)
        return NULL;
    *actor = (struct actor){.name = name, .behave = behave, .state = state, .ward = ward};
    rw_lock(&ward->lock);
    if (find(ward, name)) {
        rw_unlock(&ward->lock);
        free(actor);
        return NULL;
    }
    actor->mailbox = chan_make(struct letter, room);
    actor->down = done_make();
    actor->next = ward->actors;
    ward->actors = actor;
    wg_add(&ward->living, 1);
    spawn(work, actor);
    rw_unlock(&ward->lock);
    return actor;
}

/* Letters that nobody has read. */
static void empty(chan_t *mailbox)
{
    struct letter letter;

    chan_close(mailbox);
    while (chan_recv(mailbox, &letter))
        if (letter.reply)
            chan_free(letter.reply);
    chan_free(mailbox);
}

void ward_close(struct ward *ward)
{
    chan_close(ward->stopping);
    wg_wait(&ward->living);
    chan_close(ward->failures);
    wg_wait(&ward->watching);
    while (ward->actors) {
        struct actor *actor = ward->actors;
        ward->actors = actor->next;
        empty(actor->mailbox);
        chan_free(actor->down);
        free(actor);
    }
    chan_free(ward->failures);
    chan_free(ward->stopping);
}
