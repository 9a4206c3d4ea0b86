/*
 * rule.h - what a rule is, and what it may ask.
 *
 * A rule looks once at each program, asks the flow facts, and reports.  It never sees libclang and
 * knows no API by name.
 */
#ifndef LEASH_RULE_H
#define LEASH_RULE_H

#include "flow/flow.h"
#include "report/finding.h"

struct rule;

/* A setting that a rule takes: `spawn-without-done: {strict: true}`. */
struct rule_option {
    const char *name;
    const char *summary;
    bool fallback;
};

/* One rule on one program. */
struct pass {
    const struct rule *rule;
    struct flow *flow;
    struct arena *arena; /* of the run: findings live here */
    findings *out;
    enum severity severity;
    const bool *options; /* by index in rule->options */
    struct map *judged;  /* by rule and question → in how many programs; NULL: not counted */
};

struct rule {
    const char *id;
    enum rule_group group;
    const char *summary;
    const struct rule_option *options; /* ends with a NULL name; NULL: none */
    void (*check_program)(struct pass *);
};

extern const struct rule *const rules[];
extern const size_t rule_count;
const struct rule *rule_find(const char *id);
bool rule_is_default(const struct rule *); /* all groups but pedantic */
enum severity rule_severity(const struct rule *);

/* A rule that is switched on, and how. */
struct rule_choice {
    const struct rule *rule;
    enum severity severity;
    const bool *options; /* by index in rule->options; NULL: the fallbacks */
};

/* Run the chosen rules over one program; findings are added to `out`, in no promised order.
 * `judged` is the same map for all programs of a run, or NULL. */
void rules_run(struct arena *run, struct flow *, const struct rule_choice *, size_t count,
               struct map *judged, findings *out);

/* The page of a rule, Markdown; NULL: unknown id. */
const char *rule_page(const char *id);

/* A finding at `pos` of `function` (its unit is the one `pos` belongs to). */
struct finding *pass_report(struct pass *, const struct ir_func *function, struct ir_pos pos,
                            enum confidence, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void pass_note(struct pass *, struct finding *, const struct ir_func *function, struct ir_pos pos,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Tells where the task that runs in this frame is spawned; nothing, where it is the first one. */
void pass_note_task(struct pass *, struct finding *, const struct frame *);
/* The next thing that happens in an execution; they are numbered by who tells them. */
void pass_step(struct pass *, struct finding *, const struct ir_func *function, struct ir_pos pos,
               const char *text);
/* Where the call only hands on to the call that is meant: says where that one stands. */
void pass_note_inner(struct pass *, struct finding *, const struct ir_op *call);
/* The task of the finding stays at this place.  One stuck task is one finding: where a more
 * specific rule of the leak group stands there too, says that its task stays there, or names the
 * place in a note that is no step, this finding goes. */
void pass_stuck_at(struct pass *, struct finding *, const struct ir_func *function, struct ir_pos);
/* Was this function, run by this operation in this frame, judged in several programs of the run
 * already?  Tests by the dozen link one library: the question is the same in each, and so is nearly
 * always the answer.  Counts as one more. */
bool pass_was_judged(struct pass *, const struct frame *, const struct ir_op *,
                     const struct ir_func *);
bool pass_option(const struct pass *, const char *name);

#endif
