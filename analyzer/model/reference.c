/*
 * How models name values ("arg 1", "*arg 0", "arg 0 -> lock", "return") and results ("return ==
 * 0").
 */
#include "model/table.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { ARGS_MAX = 64, STEPS_MAX = 16 };

/* A text being read; `wrong` is the first mistake. */
struct scanner {
    struct arena *arena;
    const char *at;
    const char *wrong;
};

static void skip_blanks(struct scanner *scanner)
{
    while (*scanner->at == ' ' || *scanner->at == '\t')
        scanner->at++;
}

static bool skip_text(struct scanner *scanner, const char *text)
{
    skip_blanks(scanner);
    if (!text_starts(scanner->at, text))
        return false;
    scanner->at += strlen(text);
    return true;
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The C identifier that stands here, NULL: none. */
static const char *scan_name(struct scanner *scanner)
{
    skip_blanks(scanner);
    const char *start = scanner->at;
    if (isdigit((unsigned char)*start))
        return NULL;
    while (is_word_char(*scanner->at))
        scanner->at++;
    if (scanner->at == start)
        return NULL;
    return arena_strndup(scanner->arena, start, (size_t)(scanner->at - start));
}

static bool scan_number(struct scanner *scanner, int64_t min, int64_t max, int64_t *value)
{
    skip_blanks(scanner);
    const char *start = scanner->at, *end = start + (*start == '-');
    while (isdigit((unsigned char)*end))
        end++;
    const char *text = arena_strndup(scanner->arena, start, (size_t)(end - start));
    if (!text_to_int(text, min, max, value))
        return false;
    scanner->at = end;
    return true;
}

/* ---- references ------------------------------------------------------------------------------ */

static bool scan_word_base(struct scanner *scanner, const char *word, struct reference *reference)
{
    if (text_is(word, "return"))
        reference->base = REFERENCE_RETURN;
    else if (text_is(word, "null"))
        reference->base = REFERENCE_INTEGER;
    else if (text_is(word, "unknown"))
        reference->base = REFERENCE_UNKNOWN;
    else if (!text_is(word, "arg"))
        return false;
    else if (!scan_number(scanner, 0, ARGS_MAX - 1, &reference->number))
        scanner->wrong = "'arg' wants a number behind it, counted from 0";
    else
        reference->base = REFERENCE_ARG;
    return true;
}

static void scan_base(struct scanner *scanner, struct reference *reference)
{
    if (scan_number(scanner, INT64_MIN, INT64_MAX, &reference->number)) {
        reference->base = REFERENCE_INTEGER;
        return;
    }
    const char *word = scan_name(scanner);
    if (!word || !scan_word_base(scanner, word, reference))
        scanner->wrong = "it begins with none of arg, return, null, unknown or a number";
}

static bool scan_step(struct scanner *scanner, struct reference_step *step)
{
    *step = (struct reference_step){0};
    if (skip_text(scanner, "[")) {
        step->kind = STEP_INDEX;
        if (!scan_number(scanner, 0, INT32_MAX, &step->index) || !skip_text(scanner, "]"))
            scanner->wrong = "'[' wants a number and ']' behind it";
        return true;
    }
    if (skip_text(scanner, "->"))
        step->kind = STEP_ARROW;
    else if (skip_text(scanner, "."))
        step->kind = STEP_DOT;
    else
        return false;
    step->field = scan_name(scanner);
    if (!step->field)
        scanner->wrong = "'.' and '->' want a field's name behind them";
    return true;
}

static void check_steps(struct scanner *scanner, const struct reference *reference, size_t stars)
{
    bool has_value = reference->base == REFERENCE_ARG || reference->base == REFERENCE_RETURN;
    if (!has_value && reference->step_count)
        scanner->wrong = "only an argument and the result lead further";
    else if (stars && reference->step_count > stars)
        scanner->wrong = "'*' does not go with a field or an index: write 'arg 0 -> field', and "
                         "'[0]' for what a field points to";
}

static void scan_reference(struct scanner *scanner, struct reference *reference)
{
    VEC(struct reference_step) steps = {0};
    *reference = (struct reference){0};
    size_t stars = 0;
    for (; skip_text(scanner, "*") && steps.count < STEPS_MAX; stars++)
        vec_add(scanner->arena, &steps)->kind = STEP_STAR;
    scan_base(scanner, reference);
    struct reference_step step;
    while (!scanner->wrong && scan_step(scanner, &step)) {
        if (steps.count == STEPS_MAX)
            scanner->wrong = "it has too many steps";
        else
            *vec_add(scanner->arena, &steps) = step;
    }
    reference->steps = steps.at;
    reference->step_count = steps.count;
    if (!scanner->wrong)
        check_steps(scanner, reference, stars);
}

static const char *finish(struct scanner *scanner)
{
    skip_blanks(scanner);
    if (!scanner->wrong && *scanner->at)
        scanner->wrong = arena_printf(scanner->arena, "'%.40s' is left over", scanner->at);
    return scanner->wrong;
}

const char *reference_parse(struct arena *arena, const char *text, struct reference *reference)
{
    struct scanner scanner = {.arena = arena, .at = text};
    scan_reference(&scanner, reference);
    return finish(&scanner);
}

/* ---- conditions ------------------------------------------------------------------------------ */

static enum ir_operator scan_compare(struct scanner *scanner)
{
    static const struct {
        const char *text;
        enum ir_operator compare;
    } table[] = {{"==", IR_EQ}, {"!=", IR_NE}, {"<=", IR_LE}, {">=", IR_GE},
                 {"<", IR_LT},  {">", IR_GT},  {"&", IR_AND}};
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (skip_text(scanner, table[i].text))
            return table[i].compare;
    scanner->wrong = "it wants one of == != < <= > >= between the value and a constant";
    return IR_OP_NONE;
}

/* The C library knows the names of its error numbers; it lists one name for each number. */
static bool errno_value(const char *name, int64_t *value)
{
    enum { ERRNO_MAX = 255 };
    if (text_is(name, "EWOULDBLOCK"))
        name = "EAGAIN";
    else if (text_is(name, "EOPNOTSUPP"))
        name = "ENOTSUP";
    for (int number = 1; number <= ERRNO_MAX; number++)
        if (text_is(strerrorname_np(number), name)) {
            *value = number;
            return true;
        }
    return false;
}

static void scan_constant(struct scanner *scanner, struct condition *condition)
{
    if (scan_number(scanner, INT64_MIN, INT64_MAX, &condition->value))
        return;
    const char *name = scan_name(scanner);
    if (!name)
        scanner->wrong = "it wants a number, an errno name or an enum constant on the right";
    else if (text_is(name, "true"))
        condition->value = 1;
    else if (!text_is(name, "false") && !text_is(name, "null") &&
             !errno_value(name, &condition->value))
        condition->enumerator = name;
}

const char *condition_parse(struct arena *arena, const char *text, struct condition *condition)
{
    struct scanner scanner = {.arena = arena, .at = text};
    *condition = (struct condition){0};
    scan_reference(&scanner, &condition->what);
    if (!scanner.wrong && condition->what.base != REFERENCE_ARG &&
        condition->what.base != REFERENCE_RETURN)
        scanner.wrong = "a constant tells nothing: it wants an argument or the result on the left";
    if (!scanner.wrong)
        condition->compare = scan_compare(&scanner);
    if (!scanner.wrong)
        scan_constant(&scanner, condition);
    return finish(&scanner);
}
