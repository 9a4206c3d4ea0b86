#include "model/grammar.h"

#include "model/table.h"

#include <ctype.h>

/* ---- texts ----------------------------------------------------------------------------------- */

static const char *refuse_reference(struct arena *arena, const char *text)
{
    struct reference ignored;
    return reference_parse(arena, text, &ignored);
}

static const char *refuse_condition(struct arena *arena, const char *text)
{
    struct condition parsed;
    const char *wrong = condition_parse(arena, text, &parsed);
    if (!wrong && parsed.compare == IR_AND)
        wrong = "only 'when' asks for bits";
    return wrong;
}

static const char *refuse_situation(struct arena *arena, const char *text)
{
    struct condition parsed;
    const char *wrong = condition_parse(arena, text, &parsed);
    if (!wrong && parsed.what.base != REFERENCE_ARG)
        wrong = "before the call there are only its arguments";
    return wrong;
}

static const char *refuse_identifier(struct arena *arena, const char *text)
{
    (void)arena;
    bool is_good = !isdigit((unsigned char)*text);
    for (const char *at = text; *at; at++)
        is_good = is_good && (isalnum((unsigned char)*at) || *at == '_');
    return is_good ? NULL : "it is no identifier of C";
}

static const struct shape any_text = {.kind = SHAPE_TEXT};

static const struct shape identifier = {
    .kind = SHAPE_TEXT,
    .name = "identifier",
    .expected = "a name as C has them",
    .pattern = "^[A-Za-z_][A-Za-z_0-9]*$",
    .refuses = refuse_identifier,
};

static const struct shape reference = {
    .kind = SHAPE_TEXT,
    .name = "reference",
    .expected = "a value such as 'arg 0', '*arg 0', 'arg 0 -> field', 'return', 8 or null",
    .pattern =
        "^ *(\\** *(arg +[0-9]+|return)|(arg +[0-9]+|return)( *(->|\\.) *[A-Za-z_]\\w*| *\\[ "
        "*[0-9]+ *\\])*|-?[0-9]+|null|unknown) *$",
    .refuses = refuse_reference,
    .may_be = MAY_BE_INTEGER | MAY_BE_NULL,
};

static const struct shape condition = {
    .kind = SHAPE_TEXT,
    .name = "condition",
    .expected = "a condition such as 'return == 0' or 'return == EPIPE'",
    .pattern = "^ *\\*{0,16} *(arg +[0-9]+|return).*(==|!=|<=|>=|<|>) *(-?[0-9]+|[A-Za-z_]\\w*) *$",
    .refuses = refuse_condition,
};

static const char *refuse_argument(struct arena *arena, const char *text)
{
    struct reference named;
    const char *wrong = reference_parse(arena, text, &named);
    if (wrong)
        return wrong;
    return named.base == REFERENCE_ARG && !named.step_count ? NULL
                                                            : "only a whole argument can be taken";
}

static const struct shape argument = {
    .kind = SHAPE_TEXT,
    .expected = "an argument such as 'arg 0'",
    .pattern = "^ *arg +[0-9]+ *$",
    .refuses = refuse_argument,
};
static const struct shape arguments = {.kind = SHAPE_LIST, .item = &argument};

static const struct shape situation = {
    .kind = SHAPE_TEXT,
    .name = "situation",
    .expected = "a condition such as 'arg 1 == 0' or 'arg 3 & 64'",
    .pattern = "^ *\\*{0,16} *arg +[0-9]+.*(==|!=|<=|>=|<|>|&) *(-?[0-9]+|[A-Za-z_]\\w*) *$",
    .refuses = refuse_situation,
};

static const struct shape truth = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"true", NULL},
};

static const struct shape yes_or_no = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"true", "false", NULL},
};

static const struct shape kind_word = {
    .kind = SHAPE_TEXT,
    .name = "kind",
    .expected =
        "chan, wg, mutex, rwlock, cond, context, once, thread, timer, or a word of your own",
    .pattern = "^[A-Za-z_][A-Za-z_0-9]*$",
    .refuses = refuse_identifier,
};

/* ---- structures ------------------------------------------------------------------------------ */

static const struct shape references = {.kind = SHAPE_LIST, .item = &reference};

static const struct shape counted_references = {
    .kind = SHAPE_RECORD,
    .name = "counted",
    .keys =
        (const struct shape_key[]){
            {"count", &reference, "how many values there are", .is_required = true},
            {"values", &reference, "the array that holds them", .is_required = true},
            {0},
        },
};

static const struct shape reference_list = {
    .kind = SHAPE_EITHER,
    .either = (const struct shape *const[]){&references, &counted_references, NULL},
};

static const struct shape call = {
    .kind = SHAPE_RECORD,
    .name = "call",
    .keys =
        (const struct shape_key[]){
            {"entry", &reference, "the function that runs", .is_required = true},
            {"args", &reference_list, "what it is called with; left out: not known"},
            {0},
        },
};

static const struct shape closed_by_any = {
    .kind = SHAPE_RECORD,
    .keys =
        (const struct shape_key[]){
            {"any_of", &reference_list, "the channels of which any closes it", .is_required = true},
            {0},
        },
};

static const struct shape done_channel = {
    .kind = SHAPE_EITHER,
    .either = (const struct shape *const[]){&reference, &closed_by_any, NULL},
};

static const struct shape arm_word = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"receive", "send", "after", "until", "default", NULL},
};

static const char *refuse_constant(struct arena *arena, const char *text)
{
    int64_t value;
    if (text_to_int(text, INT64_MIN, INT64_MAX, &value))
        return NULL;
    return refuse_identifier(arena, text) ? "it is neither a number nor an identifier of C" : NULL;
}

static const struct shape constant = {
    .kind = SHAPE_TEXT,
    .expected = "a number or an enum constant",
    .pattern = "^(-?[0-9]+|[A-Za-z_][A-Za-z_0-9]*)$",
    .refuses = refuse_constant,
};

static const struct shape arm_words = {.kind = SHAPE_MAP, .key = &constant, .item = &arm_word};

static const struct shape selection = {
    .kind = SHAPE_RECORD,
    .name = "select",
    .keys =
        (const struct shape_key[]){
            {"cases", &reference, "the array of cases", .is_required = true},
            {"count", &reference, "how many cases there are", .is_required = true},
            {"operation", &identifier, "the field that tells what a case does",
             .is_required = true},
            {"operations", &arm_words, "what the values of that field mean", .is_required = true},
            {"channel", &identifier, "the field of the channel", .is_required = true},
            {"into", &identifier, "the field that says where a received value goes"},
            {"value", &identifier, "the field that points to the value sent"},
            {"ok", &identifier, "the field that says where it is told whether the case succeeded"},
            {"timeout_ms", &identifier, "the field of the time that 'after' waits"},
            {0},
        },
};

static const struct shape conditions = {.kind = SHAPE_LIST, .item = &condition};
static const struct shape one_or_more_conditions = {
    .kind = SHAPE_EITHER,
    .either = (const struct shape *const[]){&condition, &conditions, NULL},
};

static const struct shape situations = {.kind = SHAPE_LIST, .item = &situation};
static const struct shape one_or_more_situations = {
    .kind = SHAPE_EITHER,
    .either = (const struct shape *const[]){&situation, &situations, NULL},
};

static const struct shape end_word = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"true", "resumed", NULL},
};

static const struct shape attribute_word = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"detached", "recursive", NULL},
};

static const struct shape parks_word = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"never", "maybe", NULL},
};

static const struct shape mode_word = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"exclusive", "shared", NULL},
};

static const struct shape feeder_word = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"outside", "ticks", NULL},
};
static const struct shape zero_word = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"zero", NULL},
};

static const struct shape later_word = {
    .kind = SHAPE_WORD,
    .words = (const char *const[]){"later", NULL},
};

#define WAITS "receive send select wait lock cond_wait join sleep io"
#define TELLS WAITS " make spawn close derive check_context watch detach unlock free limit"

static const struct shape_key function_keys[] = {
    {"make", &kind_word, "makes an object of that kind", .is_choice = true},
    {"spawn", &call, "starts a task or thread", .is_choice = true},
    {"invoke", &call, "calls a function here and now", .is_choice = true},
    {"send", &reference, "sends on that channel", .is_choice = true},
    {"receive", &reference, "receives from that channel", .is_choice = true},
    {"close", &reference, "closes that channel", .is_choice = true},
    {"select", &selection, "waits for one of several cases", .is_choice = true},
    {"add", &reference, "adds to the count of that wait group", .is_choice = true},
    {"done", &reference, "takes one from the count of that wait group", .is_choice = true},
    {"wait", &reference, "waits until the count of that wait group is zero", .is_choice = true},
    {"lock", &reference, "takes that lock", .is_choice = true},
    {"unlock", &reference, "gives that lock back", .is_choice = true},
    {"cond_wait", &reference, "waits for that condition", .is_choice = true},
    {"signal", &reference, "wakes one that waits for that condition", .is_choice = true},
    {"broadcast", &reference, "wakes all that wait for that condition", .is_choice = true},
    {"derive", &reference, "makes a context below that one", .is_choice = true},
    {"cancel", &reference, "ends that context, or tells that task to stop", .is_choice = true},
    {"done_channel", &done_channel, "gives the channel that closes when that context ends",
     .is_choice = true},
    {"check_context", &reference, "asks whether that context has ended", .is_choice = true},
    {"join", &reference, "waits until that task has ended", .is_choice = true},
    {"detach", &reference, "says that nobody will join that task", .is_choice = true},
    {"sleep", &reference, "waits for so many milliseconds", .is_choice = true},
    {"yield", &truth, "lets others run", .is_choice = true},
    {"io", &reference, "reads, writes or waits for that descriptor", .is_choice = true},
    {"free", &reference, "frees that object, or gives up one hold on it", .is_choice = true},
    {"ref", &reference, "takes one more hold on that object and returns it", .is_choice = true},
    {"exit", &truth, "ends the process", .is_choice = true},
    {"end_task", &end_word, "ends the calling task; resumed: goes on with an end begun elsewhere",
     .is_choice = true},
    {"at_end", &reference,
     "has a handler run when the calling task ends; it is taken back by that object",
     .is_choice = true},
    {"not_at_end", &reference, "takes that handler back", .is_choice = true},
    {"limit", &reference, "waits for that object end by themselves from now on", .is_choice = true},
    {"set", &reference, "sets an attribute for what is made with that object", .is_choice = true},
    {"watch", &truth, "asks whether the task was told to stop", .is_choice = true},
    {"daemon", &truth, "is itself a task meant to live as long as the program", .is_choice = true},
    {"takes", &arguments, "closes, frees, finishes or cancels these arguments, now or later",
     .is_choice = true},
    {"nothing", &truth, "has no meaning, whatever an earlier model says", .is_choice = true},

    {"when", &one_or_more_situations, "the calls that this is about; else all"},
    {"word", &any_text, "what users call it in messages; else the function's name"},
    {"kind", &kind_word, "the kind of the object, where its type does not tell"},
    {"object", &reference, "where the new handle goes: 'return', or '*arg 0'",
     .with = "make spawn derive done_channel watch"},
    {"attributes", &reference, "the object whose attributes it gets", .with = "make spawn"},
    {"attribute", &attribute_word, "what is set; what the new object has in any case",
     .with = "set make spawn"},
    {"capacity", &reference, "how many values the channel holds", .with = "make"},
    {"element_size", &reference, "the bytes of one value", .with = "make"},
    {"content", &zero_word, "zero: all bytes of the new object are zero", .with = "make"},
    {"fed", &feeder_word,
     "the system sends on it, no task does; outside: and may close it, ticks: and never closes it",
     .with = "make"},
    {"value", &reference,
     "the pointer to the value sent; the status the process ends with; what the handler gets",
     .with = "send exit at_end"},
    {"into", &reference, "the pointer to where the value goes", .with = "receive"},
    {"count", &reference, "how much is added or taken; else one; what a semaphore begins with",
     .with = "add done make"},
    {"counted_by", &reference, "the wait group that counts the task until it returns",
     .with = "spawn"},
    {"begins", &later_word,
     "later: when its time comes; a join before that calls it off, and fails", .with = "spawn"},
    {"once", &reference, "only the first call for that object calls it; others wait for its end",
     .with = "invoke"},
    {"releases", &reference, "the lock that is released while it waits", .with = "cond_wait"},
    {"mode", &mode_word, "shared: several may hold it together", .with = "lock unlock"},
    {"tries", &yes_or_no, "gives up at once where it would have to wait", .with = WAITS},
    {"context", &reference, "the context that ends the wait early", .with = WAITS},
    {"timeout_ms", &reference, "how long it waits at most, negative: for ever",
     .with = WAITS " derive"},
    {"deadline", &reference, "the point in time at which it gives up", .with = WAITS " derive"},
    {"index", &reference, "the index of the case that went", .with = "select"},
    {"parks", &parks_word, "can the call wait for another task or the outside?"},
    {"ok_when", &one_or_more_conditions, "it happened", .with = TELLS},
    {"closed_when", &one_or_more_conditions, "the channel is closed", .with = TELLS},
    {"ended_when", &one_or_more_conditions, "the context ended, or time ran out", .with = TELLS},
    {"failed_when", &one_or_more_conditions, "it did not happen", .with = TELLS},
    {0},
};

static const struct shape function = {
    .kind = SHAPE_RECORD, .name = "function", .keys = function_keys};
static const struct shape alternatives = {.kind = SHAPE_LIST, .item = &function};
static const struct shape function_or_list = {
    .kind = SHAPE_EITHER,
    .either = (const struct shape *const[]){&function, &alternatives, NULL},
};
static const struct shape functions = {
    .kind = SHAPE_MAP, .key = &identifier, .item = &function_or_list};

/* ---- the file -------------------------------------------------------------------------------- */

static const struct shape type = {
    .kind = SHAPE_RECORD,
    .keys =
        (const struct shape_key[]){{"is", &kind_word, "what it stands for", .is_required = true},
                                   {0}},
};
static const struct shape type_name = {.kind = SHAPE_TEXT, .expected = "the name of a type"};
static const struct shape types = {.kind = SHAPE_MAP, .key = &type_name, .item = &type};

static const struct shape annotation = {
    .kind = SHAPE_RECORD,
    .keys =
        (const struct shape_key[]){
            {"daemon", &truth, "the function is a task that lives as long as the program",
             .is_choice = true},
            {"takes", &truth, "the function closes, frees, finishes or cancels the parameter",
             .is_choice = true},
            {0},
        },
};
static const struct shape note = {.kind = SHAPE_TEXT, .expected = "the text of an annotation"};
static const struct shape annotations = {.kind = SHAPE_MAP, .key = &note, .item = &annotation};

static const struct shape header = {
    .kind = SHAPE_TEXT,
    .expected = "the name of a header, with or without folders before it",
};
static const struct shape headers = {.kind = SHAPE_LIST, .item = &header};

const struct shape model_grammar = {
    .kind = SHAPE_RECORD,
    .keys =
        (const struct shape_key[]){
            {"library", &any_text, "what the model is about", .is_required = true},
            {"headers", &headers, "it applies to files that include one of these; empty: to all"},
            {"types", &types, "what types stand for"},
            {"functions", &functions, "what calls mean"},
            {"cleanups", &functions, "functions named in __attribute__((cleanup(...)))"},
            {"annotations", &annotations, "what __attribute__((annotate(\"...\"))) says"},
            {0},
        },
};
