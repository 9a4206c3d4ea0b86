"""The operators: each makes one kind of mistake, at every place of a file where it can be made.

An operator is a function of a Program (programs.py) and one of its files; it yields mutations.
They work on whole statements and on the calls of leash.h by name, so what they make reads like
something a person forgot.
"""
import re

from mutation import Edit, Mutation

OPERATORS = {}  # by name, in the order of the table


def operator(name):
    def enter(function):
        OPERATORS[name] = function
        return function
    return enter


def replace(source, first, end, text):
    """An edit of the tokens from `first` up to the one before `end`."""
    return Edit(source.tokens[first].start, source.tokens[end - 1].end, text)


def insert(source, at, text):
    return Edit(source.tokens[at].start, source.tokens[at].start, text)


# ---- dropping a statement ------------------------------------------------------------------------

DROPS = {
    "drop-close": ["chan_close", "defer_close"],
    "drop-done": ["wg_done", "defer_wg_done"],
    "drop-unlock": ["mu_unlock", "rw_unlock", "rw_runlock", "defer_unlock", "defer_rw_unlock",
                    "defer_rw_runlock"],
    "drop-cancel": ["ctx_cancel", "ctx_free", "defer_cancel", "defer_ctx_free"],
    "drop-signal": ["cv_signal", "cv_broadcast"],
    "drop-send": ["chan_send", "chan_send_ctx"],
}


def drop_statements(name, calls):
    def drop(_, source):
        for call in source.calls:
            statement = source.statement_of(call) if call.name in calls else None
            if statement:
                says = f"without {source.slice(call.at, call.close + 1)}"
                yield Mutation(name, source.line(call.at), says,
                               [replace(source, *statement, ";")])
    OPERATORS[name] = drop


for drop_name, drop_calls in DROPS.items():
    drop_statements(drop_name, drop_calls)


@operator("uncounted-spawn")
def uncounted_spawn(_, source):
    """wg_spawn counts and takes off the count; here the task is counted and never taken off."""
    for call in source.calls:
        statement = source.statement_of(call) if call.name == "wg_spawn" else None
        if statement and len(call.arguments) > 1:
            group = source.argument(call, 0)
            rest = source.slice(call.arguments[1][0], call.close)
            yield Mutation("uncounted-spawn", source.line(call.at), f"no wg_done of {group}",
                           [replace(source, *statement,
                                    f"{{ wg_add({group}, 1); spawn({rest}); }}")])


@operator("signal-one")
def signal_one(_, source):
    for call in source.calls:
        if call.name == "cv_broadcast" and source.statement_of(call):
            yield Mutation("signal-one", source.line(call.at), "cv_signal for cv_broadcast",
                           [replace(source, call.at, call.at + 1, "cv_signal")])


# ---- selects -------------------------------------------------------------------------------------

def renumbered(number, dropped):
    """What the index of an arm becomes; -1, which no select returns, for that of the dropped."""
    return -1 if number == dropped else number - (number > dropped)


def numbers_in_switch(source, body):
    """The tokens of the case labels of a switch; None where one is no plain number."""
    labels, i = [], body + 1
    while i < source.partner[body]:
        if source.word(i) == "switch":
            i = source.end_of_statement(i)
            continue
        if source.word(i) == "case":
            if not source.word(i + 1).isdigit() or source.word(i + 2) != ":":
                return None
            labels.append(i + 1)
        i += 1
    return labels


def uses_of_result(source, call):
    """The number tokens that a select's result is compared with; None when that is unknown."""
    if source.statement_of(call):
        return []
    after = call.close + 1
    if source.word(call.at - 1) == "(" and source.word(call.at - 2) == "switch":
        return numbers_in_switch(source, after + 1) if source.word(after + 1) == "{" else None
    if source.word(after) in ("==", "!=") and source.word(after + 1).isdigit():
        return [after + 1]
    return None


@operator("drop-arm")
def drop_arm(_, source):
    for call in source.calls:
        if call.name != "chan_select" or len(call.arguments) < 2:
            continue
        uses = uses_of_result(source, call)
        for k, (first, end) in enumerate(call.arguments):
            is_last = k == len(call.arguments) - 1
            if uses is None and not is_last:  # the others would get another index
                continue
            cut = (first - 1, end) if is_last else (first, end + 1)
            edits = [replace(source, *cut, "")]
            for use in uses or []:
                number = int(source.word(use))
                if renumbered(number, k) != number:
                    edits.append(replace(source, use, use + 1, str(renumbered(number, k))))
            yield Mutation("drop-arm", source.line(first),
                           f"without the arm {source.slice(first, end)}", edits)


# ---- numbers -------------------------------------------------------------------------------------

@operator("shrink-capacity")
def shrink_capacity(_, source):
    for call in source.calls:
        if call.name != "chan_make" or len(call.arguments) != 2:
            continue
        capacity = source.argument(call, 1)
        for smaller in ("0", "1"):
            if capacity not in ("0", smaller) and (capacity, smaller) != ("2", "1"):
                yield Mutation("shrink-capacity", source.line(call.at), f"{capacity} to {smaller}",
                               [replace(source, *call.arguments[1], smaller)])


@operator("count-more")
def count_more(_, source):
    for call in source.calls:
        if call.name == "wg_add" and len(call.arguments) == 2 and source.statement_of(call):
            count = source.argument(call, 1)
            more = str(int(count) + 1) if count.isdigit() else f"({count}) + 1"
            yield Mutation("count-more", source.line(call.at), f"{count} to {more}",
                           [replace(source, *call.arguments[1], more)])


# ---- order ---------------------------------------------------------------------------------------

LOCKS = {"mu_lock", "rw_lock", "rw_rlock"}
GOES_BETWEEN = re.compile(r"defer_(rw_)?r?unlock")


@operator("swap-locks")
def swap_locks(_, source):
    """Two locks that are taken one right after the other, in the other order."""
    last = None  # the statement of the lock before, while nothing but defers came since
    for call in source.calls:
        statement = source.statement_of(call)
        if not statement or GOES_BETWEEN.fullmatch(call.name):
            continue
        if call.name not in LOCKS:
            last = None
            continue
        if last and source.block_of[last[0]] == source.block_of[call.at]:
            first, second = source.slice(*last), source.slice(*statement)
            if first != second:
                yield Mutation("swap-locks", source.line(last[0]), f"{second} before {first}",
                               [replace(source, *last, second), replace(source, *statement, first)])
        last = statement


def earlier_loops(source, statement):
    """The loops in the same block before the statement that receive, nearest first."""
    block, i, loops = source.block_of[statement], None, []
    if block is None:
        return loops
    i = block + 1
    while i < statement:
        end = source.end_of_statement(i)
        if source.word(i) in ("while", "for", "do"):
            names = {call.name for call in source.calls if i < call.at < end}
            if names & {"chan_recv", "chan_recv_ctx", "chan_select"}:
                loops.insert(0, i)
        i = max(end, i + 1)
    return loops


@operator("wait-before-drain")
def wait_before_drain(_, source):
    for call in source.calls:
        statement = source.statement_of(call) if call.name == "wg_wait" else None
        for loop in earlier_loops(source, statement[0]) if statement else []:
            wait = source.slice(*statement)
            yield Mutation("wait-before-drain", source.line(loop), f"{wait} before the loop",
                           [insert(source, loop, wait + " "), replace(source, *statement, ";")])


# ---- leaving early -------------------------------------------------------------------------------

STARTS = {"spawn": 0, "try_spawn": 0, "wg_spawn": 1, "alarm_after_ms": 1,
          "run": 0}  # leash_run


def task_functions(sources):
    """The names of functions that run as tasks, the first task's among them."""
    names = set()
    for source in sources:
        for call in source.calls:
            place = STARTS.get(call.name, len(call.arguments))
            if place < len(call.arguments):
                names.add(source.argument(call, place))
    return names


MATTERS = re.compile(r"(chan|wg|mu|rw|cv|ctx|done|ticker)_\w+|spawn|try_spawn|alarm_\w+")


def returns(name, program, source, condition):
    """A return before each statement of a task that begins with a call of leash.h."""
    tasks = task_functions(program.sources)
    for call in source.calls:
        function = source.function_of(call.at)
        statement = source.statement_of(call)
        if not function or function.name not in tasks or not statement:
            continue
        if not MATTERS.fullmatch(call.name):
            continue
        leave = "return;" if source.returns_nothing(function) else "return 0;"
        if condition:
            leave = f"{{ {condition} {leave} }}"
        edits = [insert(source, statement[0], leave + " ")]
        if source.word(statement[0] - 1) in (")", "else", "do"):  # it is the body of something
            end = source.tokens[statement[1] - 1].end
            edits = [insert(source, statement[0], "{ " + leave + " "), Edit(end, end, " }")]
        yield Mutation(name, source.line(statement[0]), leave, edits)


@operator("return-early")
def return_early(program, source):
    yield from returns("return-early", program, source, "")


@operator("return-sometimes")
def return_sometimes(program, source):
    """As after an error.  watch.c defines the function, which the schedule's seed decides."""
    yield from returns("return-sometimes", program, source,
                       "extern int step_fails(void); if (step_fails())")


def mutations(program, names):
    """(index of the file, mutation) of a program, in the order of the table."""
    seen = {source.text for source in program.sources}
    for name in names:
        for index, source in enumerate(program.sources):
            for mutation in OPERATORS[name](program, source):
                text = mutation.apply(source.text)
                if text not in seen:
                    seen.add(text)
                    yield index, mutation
