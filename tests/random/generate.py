"""From a seed to a program: a template, a few random edits, and what is unused taken away."""
import copy
import random

from program import (COIN, Arm, Break, Call, Continue, CvWait, Defer, Do, For, Function, If, Let,
                     Recv, RecvLoop, Return, Select, Send, Spawn, SwitchOff, While, blocks_of,
                     names_in, walk)
from templates import TEMPLATES, build

STYLES = ("params", "params", "struct", "made", "global")
EDITS = (0, 0, 1, 1, 2, 3)
EDITS_CAREFUL = (0, 0, 0, 0, 1)


def generate(seed, template=None):
    """The program of a seed, numbered and tidy; None where the edits left no valid C."""
    rng = random.Random(seed)
    name = rng.choice(list(TEMPLATES))
    program, is_careful = build(template or name, rng)
    # What stands twice in a template is two statements.
    program.functions = [unshare(function) for function in program.functions]
    for _ in range(rng.choice(EDITS_CAREFUL if is_careful else EDITS)):
        edit(program, rng)
    if rng.randrange(4) == 0:
        extract(program, rng)
    program.style = rng.choice(STYLES)
    program.renames = rng.choice((0, seed + 1))
    if any(has_break_in_arm(function.body) for function in program.functions):
        return None
    tidy(program)
    program.count_statements()
    return program


def unshare(thing):
    """A deep copy in which nothing stands twice, unlike in one of copy.deepcopy."""
    if isinstance(thing, list):
        return [unshare(item) for item in thing]
    if isinstance(thing, dict):
        return dict(thing)
    if hasattr(thing, "__dataclass_fields__"):
        twin = copy.copy(thing)
        twin.__dict__.update({name: unshare(value) for name, value in thing.__dict__.items()})
        return twin
    return thing


# ---- edits ---------------------------------------------------------------------------------------


def all_blocks(block):
    yield block
    for stmt in block:
        for inner in blocks_of(stmt):
            yield from all_blocks(inner)


def edit(program, rng):
    """One small change somewhere; none where it does not fit."""
    function = rng.choice(program.functions)
    block = rng.choice([block for block in all_blocks(function.body) if block] or [function.body])
    if block:
        at = rng.randrange(len(block))
        rng.choice(EDITORS)(program, rng, block, at)


def delete(_program, _rng, block, at):
    del block[at]


def double(_program, _rng, block, at):
    block.insert(at, unshare(block[at]))


def swap(_program, _rng, block, at):
    if at and not isinstance(block[at], Let) and not isinstance(block[at - 1], Let):
        block[at - 1], block[at] = block[at], block[at - 1]


def leave_early(_program, _rng, block, at):
    block.insert(at, If(COIN, [Return()]))


def make_conditional(_program, _rng, block, at):
    if not isinstance(block[at], (Defer, Let)):
        block[at] = If(COIN, [block[at]])


def change_number(_program, rng, block, at):
    stmt = block[at]
    by = rng.choice((-1, 1))
    if isinstance(stmt, For) and 1 <= stmt.times + by <= 3:
        stmt.times += by
    elif isinstance(stmt, Do) and stmt.verb == "add" and stmt.amount + by > 0:
        stmt.amount += by
    elif isinstance(stmt, Do) and stmt.verb == "signal":
        stmt.verb = "broadcast"
    elif isinstance(stmt, Do) and stmt.verb == "broadcast":
        stmt.verb = "signal"
    elif isinstance(stmt, CvWait) and not stmt.ctx:
        stmt.is_loop = not stmt.is_loop


def change_room(program, rng, _block, _at):
    channels = [thing for thing in program.objects if thing.kind == "chan"]
    if channels:
        rng.choice(channels).capacity = rng.choice((0, 1, 2))


def add_way_out(program, rng, block, at):
    """A send or receive becomes a select with one more arm."""
    stmt = block[at]
    if not isinstance(stmt, (Send, Recv)) or stmt.ctx or stmt.otherwise:
        return
    arm = Arm("send", stmt.ch, value=stmt.value) if isinstance(stmt, Send) else \
        Arm("recv", stmt.ch, into=stmt.into)
    done = [thing.name for thing in program.objects if thing.kind in ("done", "ctx")]
    others = [Arm("after"), Arm("default")] + [Arm("done", name, [Return()]) for name in done]
    block[at] = Select([arm, rng.choice(others)])


def lose_way_out(_program, _rng, block, at):
    stmt = block[at]
    if isinstance(stmt, Select) and len(stmt.arms) > 1:
        stmt.arms.pop()


EDITORS = (delete, delete, double, swap, swap, leave_early, leave_early, make_conditional,
           change_number, change_number, change_room, add_way_out, lose_way_out)

# ---- the same program, written otherwise ---------------------------------------------------------


def extract(program, rng):
    """A few statements of a function move to a helper of their own, where that changes nothing."""
    function = rng.choice(program.functions)
    block = rng.choice(list(all_blocks(function.body)))
    length = rng.choice((1, 2, 3))
    starts = [at for at in range(len(block) - length + 1)
              if all(can_move(stmt, function) for stmt in walk(block[at:at + length]))]
    if not starts:
        return
    at = rng.choice(starts)
    body = block[at:at + length]
    used = {name for stmt in walk(body) for name in names_in(stmt)}
    params = [(name, kind) for name, kind in function.params if name in used]
    helper = Function("step_of_" + function.name, body, params)
    block[at:at + length] = [Call(helper.name, [name for name, _ in params])]
    program.functions.insert(program.functions.index(function), helper)


def can_move(stmt, function):
    """Neither leaves the function nor uses a local of it."""
    if isinstance(stmt, (Return, Break, Continue, Defer, Let, SwitchOff)) or stmt_locals(stmt):
        return False
    if getattr(stmt, "otherwise", None) or isinstance(stmt, CvWait) and stmt.ctx:
        return False
    return not any(name in function.views for name in names_in(stmt))


def stmt_locals(stmt):
    """Whether it reads or sets locals, argc included."""
    if isinstance(stmt, (Send, Recv, RecvLoop)):
        return isinstance(getattr(stmt, "value", 0), str) or bool(getattr(stmt, "into", None))
    if isinstance(stmt, Select):
        return any(isinstance(arm.value, str) or arm.into for arm in stmt.arms)
    return isinstance(stmt, (If, While)) and stmt.cond is not None and \
        stmt.cond.kind in ("local", "argc", "off")


# ---- smaller programs ----------------------------------------------------------------------------


def smaller_programs(program):
    """The programs with one statement less, or with a block in place of the statement around it."""
    results = []
    for number in range(len(list(numbered(program)))):
        for change in (delete_at, hoist_at):
            twin = unshare(program)
            block, at = list(numbered(twin))[number]
            if change is hoist_at and not any(blocks_of(block[at])):
                continue
            change(block, at)
            if any(has_break_in_arm(function.body) or has_stray_break(function.body)
                   for function in twin.functions):
                continue
            tidy(twin)
            twin.count_statements()
            results.append(twin)
    return results


def numbered(program):
    """(block, place in it) of all statements."""
    for function in program.functions:
        for block in all_blocks(function.body):
            for at in range(len(block)):
                yield block, at


def delete_at(block, at):
    del block[at]


def hoist_at(block, at):
    block[at:at + 1] = [stmt for inner in blocks_of(block[at]) for stmt in inner]


def has_stray_break(block, in_loop=False):
    """Whether taking the loop away left a break or continue behind."""
    for stmt in block:
        leaves = isinstance(stmt, (Break, Continue)) or getattr(stmt, "otherwise", None) == "break"
        inside = in_loop or isinstance(stmt, (For, While, RecvLoop))
        if leaves and not in_loop:
            return True
        if any(has_stray_break(inner, inside) for inner in blocks_of(stmt)):
            return True
    return False


# ---- valid and without anything unused -----------------------------------------------------------


def has_break_in_arm(block, in_arm=False):
    """In C such a break would leave the switch and not the loop."""
    for stmt in block:
        leaves = isinstance(stmt, Break) or getattr(stmt, "otherwise", None) == "break"
        if leaves and in_arm:
            return True
        inside = isinstance(stmt, Select) or in_arm and not isinstance(stmt, (For, While, RecvLoop))
        if any(has_break_in_arm(inner, inside) for inner in blocks_of(stmt)):
            return True
    return False


def tidy(program):
    """Takes away what compilers would call unused."""
    for function in program.functions:
        unroll_ones(function.body)
        if function.name != "run":
            forget_argc(function)
    drop_unused_locals(program)
    while drop_unused_functions(program) or drop_unused_params(program):
        pass
    drop_unread_numbers(program)
    for function in program.functions:
        own = {name for stmt in walk(function.body) for name in names_in(stmt)}
        function.views = {name: of for name, of in function.views.items() if name in own}
        for block in all_blocks(function.body):
            block[:] = [stmt for stmt in block if not isinstance(stmt, SwitchOff)
                        or stmt.name in function.views]
    names = {name for function in program.functions for stmt in walk(function.body)
             for name in [*names_in(stmt), *function.views.values()]}
    for thing in program.objects:
        if thing.name in names and thing.parent:
            names.add(thing.parent)
    program.objects = [thing for thing in program.objects if thing.name in names]


def forget_argc(function):
    """Only run has it; a statement that came to another function asks a coin."""
    for stmt in walk(function.body):
        if isinstance(stmt, If) and stmt.cond.kind == "argc":
            stmt.cond = COIN


def unroll_ones(block):
    """A loop of one round that nothing leaves is its body."""
    for at in reversed(range(len(block))):
        stmt = block[at]
        for inner in blocks_of(stmt):
            unroll_ones(inner)
        if isinstance(stmt, For) and stmt.times == 1 and \
                not any(isinstance(inner, (Break, Continue)) for inner in walk(stmt.body)):
            block[at:at + 1] = stmt.body


def drop_unread_numbers(program):
    """Assignments to shared numbers that nobody tests."""
    read = {stmt.until.name if isinstance(stmt, CvWait) else stmt.cond.name
            for function in program.functions for stmt in walk(function.body)
            if isinstance(stmt, CvWait) or isinstance(stmt, (If, While)) and stmt.cond}
    for function in program.functions:
        for block in all_blocks(function.body):
            block[:] = [stmt for stmt in block if not isinstance(stmt, Do) or stmt.verb != "set"
                        or stmt.name in read]


def drop_unused_locals(program):
    for function in program.functions:
        used = {stmt.cond.name for stmt in walk(function.body)
                if isinstance(stmt, (If, While)) and stmt.cond and stmt.cond.kind == "local"}
        for block in all_blocks(function.body):
            block[:] = [stmt for stmt in block if not isinstance(stmt, Let) or stmt.name in used]


def drop_unused_functions(program):
    called = {stmt.fn for function in program.functions for stmt in walk(function.body)
              if isinstance(stmt, (Call, Spawn))}
    kept = [function for function in program.functions
            if function.name == "run" or function.name in called]
    changed = len(kept) < len(program.functions)
    program.functions = kept
    return changed


def drop_unused_params(program):
    changed = False
    for function in program.functions:
        used = {name for stmt in walk(function.body) for name in names_in(stmt)}
        keep = [i for i, (name, _) in enumerate(function.params) if name in used]
        if len(keep) == len(function.params):
            continue
        changed = True
        function.params = [function.params[i] for i in keep]
        for caller in program.functions:
            for stmt in walk(caller.body):
                if isinstance(stmt, (Call, Spawn)) and stmt.fn == function.name:
                    stmt.args = [stmt.args[i] for i in keep]
    return changed
