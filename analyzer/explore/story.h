/*
 * story.h - how it came to that: the steps on the way to a stuck task, in words.
 */
#ifndef LEASH_STORY_H
#define LEASH_STORY_H

#include "explore/blame.h"

#include "flow/points.h"

/* Fills in the verdict's words, place, certainty and steps.  `state` is where the others rest. */
void story_tell(struct arena *, struct search *, uint32_t state, const struct blame *,
                struct verdict *);

/* ---- a story while it is told ----------------------------------------------------------------
 */

struct story {
    struct arena *arena;
    struct search *search;
    const struct blame *blame;
    struct verdict *verdict;
    const struct ir_func *entry_of[TASKS_MAX]; /* what runs in each slot, as the story goes on */
    size_t number_of[TASKS_MAX];               /* as task_number of struct verdict */
    struct points wanted;                      /* what the task waits for */
    const struct site *maker;                  /* of that; NULL: not made by a call */
    bool is_guess;   /* it rests on what only somebody out of sight would do */
    size_t key_step; /* that must be told, + 1; 0: none */
};

/* Around the replay of what is told: the machine's events are the story's then. */
void story_begin_replay(struct machine *);
void story_end_replay(struct story *);
const struct event *story_event_at(const struct story *, size_t index);
bool story_is_act(const struct event *, enum act_kind);
/* Do the two concern what is `wanted`? */
struct points story_points_of(const struct story *, const struct ir_func *, const struct ir_expr *);
bool story_concerns(const struct story *, const struct ir_func *, const struct ir_expr *object);

/* Adds the step, where it is worth telling. */
void story_tell_event(struct story *, const struct event *);
void story_add_step(struct story *, const struct ir_func *, struct ir_pos, const char *text);
/* To as many steps as one likes to read. */
void story_shorten(struct story *);
void story_stand_at(struct story *, const struct ir_func *, struct ir_pos, const char *message);
enum certainty story_certainty_of(const struct story *);

const char *story_name_of(const struct ir_func *entry);
/* As the code says it; what a defer keeps, by what it was given.  `arm` is -1 but for a select. */
const char *story_object_text(struct story *, const struct ir_func *, const struct ir_op *,
                              int8_t arm);

#endif
