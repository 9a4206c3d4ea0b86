/*
 * search.h - every state that the tasks of a scope can reach, and who is stuck there.
 *
 * Breadth first, so the first way found to a state is a shortest one.  The question is asked of
 * pairs of a state and a task: an edge that moves the task makes its pair alive, as does an end of
 * the process; a pair that reaches no alive pair is stuck, also when the others go on for ever.
 * States beyond the bound count as alive for all: a bound costs findings, never precision.
 */
#ifndef LEASH_SEARCH_H
#define LEASH_SEARCH_H

#include "explore/blocks.h"
#include "explore/machine.h"

struct search_state {
    const uint32_t *blocks; /* its words, in search.blocks */
    uint32_t block_count;
    uint32_t parent;  /* the state it was first reached from */
    uint32_t choices; /* first of those that lead here, in search.choices */
    uint8_t choice_count;
    uint8_t alone;    /* the task that went by itself, + 1; 0: any, by the first choice */
    bool is_open;     /* what follows is not known in full */
    uint16_t present; /* bit by task: those that are there */
    uint16_t alive;   /* those that can still move */
    uint16_t ends;    /* those that can still end */
    uint16_t stays;   /* those of which the code says that they stay for good, see stay.h */
    bool is_expanded;
    uint32_t first_edge, edge_count; /* its own, in search.edges */
};

struct search_edge {
    uint32_t from, to;
    uint16_t moved;
};

/* An operation that must not happen, and how it came to it. */
struct search_misuse {
    struct misuse misuse;
    uint32_t state; /* from which the step goes that does it */
    uint32_t choices;
    uint8_t choice_count;
    uint8_t alone; /* as in a state */
};

/* What a search may cost: states looked at one after the other, then by walks, and bytes. */
struct search_budget {
    size_t states, walked, memory;
};

struct search {
    struct machine machine;
    struct arena *arena;
    struct blocks blocks;
    VEC(struct search_state) states;
    VEC(struct search_edge) edges;
    VEC(uint8_t) choices;
    VEC(struct search_misuse) misuses;
    uint32_t *table; /* by hash: state + 1 */
    size_t table_size;
    size_t expanded;     /* states */
    size_t moved_words;  /* read and written, of all steps */
    struct map meetings; /* of two operations, or of one: tasks have stood there on a walk */
    size_t walks_until;  /* the effort at which walks are over; 0: there were none yet */
    size_t limit;        /* of the effort, for the part of the search that goes on */
    struct search_budget budget;
    bool is_cut;             /* a bound was hit */
    bool has_pruned;         /* a step of the state that is being looked at leads nowhere */
    uint8_t alone;           /* as in the state that is found next */
    struct explain *explain; /* who watches, see explain.h; NULL: nobody */
};

/* Explores the scope as far as the budget goes.  All memory is in `arena`, which is empty. */
void search_run(struct search *, struct slice *, struct arena *, struct search_budget);

/* What was spent, in states; the same in every run. */
size_t search_effort(const struct search *);

/* Brings the machine's world into that state. */
void search_load(struct search *, uint32_t state);
/* The same way again, step by step, with the machine telling what happens: the events of the path
 * that leads to the state. */
void search_replay(struct search *, uint32_t state);
/* The same, then the step that does it. */
void search_replay_misuse(struct search *, const struct search_misuse *);
/* The nearest state from there in which nobody that may still move is left; if there is none, the
 * state itself. */
uint32_t search_rest(struct search *, uint32_t state, bool *is_at_rest);

#endif
