"""What a generated program is made of: objects, functions, statements.

Statements name objects by their names; a function's own parameters (for example the two locks of a
philosopher) hide shared objects of the same name.  How shared objects travel in C (as parameters,
in a struct, as globals) is the printer's affair and no part of the program's meaning.
"""
from dataclasses import dataclass, field

# ---- objects -------------------------------------------------------------------------------------


@dataclass(eq=False)
class Object:
    """kind: chan, done, wg, mu, rw, cv, ctx, int."""
    kind: str
    name: str
    capacity: int = 0         # of a chan
    is_null: bool = False     # a chan variable that nobody fills
    parent: str = None        # of a ctx
    timeout: bool = False     # a ctx that also ends by its time
    value: int = 0            # the first value of an int


# ---- conditions ----------------------------------------------------------------------------------


@dataclass(eq=False)
class Cond:
    """kind: coin (either way, each time), argc (argc > number), local and shared (name op number),
    try (mu_trylock), ended (ctx_err), off (a view that is NULL)."""
    kind: str
    name: str = None
    op: str = "=="
    number: int = 0


COIN = Cond("coin")

# ---- statements ----------------------------------------------------------------------------------


@dataclass(eq=False)
class Stmt:
    """`number` tells statements apart; Program.count_statements gives it."""
    number: int = field(default=-1, init=False)


@dataclass(eq=False)
class Do(Stmt):
    """A call on one object with no result: close, lock, unlock, rlock, runlock, wlock, wunlock,
    add, done, wait, signal, broadcast, cancel, free, set (to number), step (by number), sleep."""
    verb: str
    name: str = None
    amount: int = 0


@dataclass(eq=False)
class Send(Stmt):
    """value: a number or a local's name.  otherwise: None, 'return' or 'break' when not sent."""
    ch: str
    value: object = 0
    otherwise: str = None
    ctx: str = None


@dataclass(eq=False)
class Recv(Stmt):
    """into: a local's name, or None where the value does not matter."""
    ch: str
    into: str = None
    otherwise: str = None
    ctx: str = None


@dataclass(eq=False)
class RecvLoop(Stmt):
    """while (chan_recv(ch, &into)) body"""
    ch: str
    body: list
    into: str = None
    ctx: str = None


@dataclass(eq=False)
class Arm:
    """kind: recv, send, done, after, default.  ok: what a RECV_OK arm does when the channel is
    closed (a list of statements), None for a plain RECV."""
    kind: str
    name: str = None
    body: list = field(default_factory=list)
    value: object = 0
    into: str = None
    closed: list = None


@dataclass(eq=False)
class Select(Stmt):
    arms: list


@dataclass(eq=False)
class WaitCtx(Stmt):
    """if (wg_wait_ctx(ctx, wg)) body"""
    name: str
    ctx: str
    body: list = field(default_factory=list)


@dataclass(eq=False)
class CvWait(Stmt):
    """while (!until) cv_wait(cv, mu); or with `if` where the wait is not in a loop.
    With a context: the function returns, after unlocking, when that ends the wait."""
    cv: str
    mu: str
    until: Cond
    is_loop: bool = True
    ctx: str = None


@dataclass(eq=False)
class Spawn(Stmt):
    fn: str
    args: list = field(default_factory=list)
    wg: str = None


@dataclass(eq=False)
class Call(Stmt):
    fn: str
    args: list = field(default_factory=list)


@dataclass(eq=False)
class If(Stmt):
    cond: Cond
    then: list
    orelse: list = field(default_factory=list)


@dataclass(eq=False)
class For(Stmt):
    """for (int NAME = 0; NAME < times; NAME++); in the body NAME is a local."""
    times: int
    body: list
    name: str = "i"


@dataclass(eq=False)
class While(Stmt):
    """while (cond) body; for (;;) where cond is None."""
    cond: Cond
    body: list


@dataclass(eq=False)
class Let(Stmt):
    """int NAME = value; value: a number or 'coin'."""
    name: str
    value: object


@dataclass(eq=False)
class SwitchOff(Stmt):
    """name = NULL, for a view of the function (see Function)."""
    name: str


@dataclass(eq=False)
class Defer(Stmt):
    """call: a Do with one of close, unlock, runlock, wunlock, done, cancel, free."""
    call: Do


@dataclass(eq=False)
class Return(Stmt):
    pass


@dataclass(eq=False)
class Break(Stmt):
    pass


@dataclass(eq=False)
class Continue(Stmt):
    pass


# ---- functions and programs ----------------------------------------------------------------------


@dataclass(eq=False)
class Function:
    """params: (name, kind) of what differs from call to call.
    views: name -> channel, for local pointer variables that can be switched off."""
    name: str
    body: list
    params: list = field(default_factory=list)
    views: dict = field(default_factory=dict)


def blocks_of(stmt):
    """The lists of statements within one, each to be changed in place."""
    if isinstance(stmt, Select):
        blocks = []
        for arm in stmt.arms:
            blocks.append(arm.body)
            if arm.closed is not None:
                blocks.append(arm.closed)
        return blocks
    if isinstance(stmt, If):
        return [stmt.then, stmt.orelse]
    if isinstance(stmt, (RecvLoop, For, While, WaitCtx)):
        return [stmt.body]
    return []


def walk(block):
    """All statements of a block, outer ones first."""
    for stmt in block:
        yield stmt
        for inner in blocks_of(stmt):
            yield from walk(inner)


@dataclass(eq=False)
class Program:
    """functions: callees first; the last is `run`, the first task."""
    template: str
    objects: list
    functions: list
    style: str = "params"     # how shared objects travel: params, struct, made, global
    renames: int = 0          # in the style params: a seed for other names in each function, or 0

    def count_statements(self):
        number = 0
        for function in self.functions:
            for stmt in walk(function.body):
                stmt.number = number
                number += 1
                if isinstance(stmt, Defer):
                    stmt.call.number = stmt.number
        return number

    def function(self, name):
        return next(function for function in self.functions if function.name == name)

    def object(self, name):
        return next((thing for thing in self.objects if thing.name == name), None)


def names_in(stmt):
    """The objects that one statement itself names, without those of its blocks."""
    names = []
    if isinstance(stmt, Do):
        names = [stmt.name]
    elif isinstance(stmt, Defer):
        names = [stmt.call.name]
    elif isinstance(stmt, (Send, Recv, RecvLoop)):
        names = [stmt.ch, stmt.ctx]
    elif isinstance(stmt, Select):
        names = [arm.name for arm in stmt.arms]
    elif isinstance(stmt, WaitCtx):
        names = [stmt.name, stmt.ctx]
    elif isinstance(stmt, CvWait):
        names = [stmt.cv, stmt.mu, stmt.ctx, stmt.until.name]
    elif isinstance(stmt, Spawn):
        names = [stmt.wg] + stmt.args
    elif isinstance(stmt, Call):
        names = list(stmt.args)
    elif isinstance(stmt, (If, While)) and stmt.cond and stmt.cond.kind not in ("local", "off"):
        names = [stmt.cond.name]
    return [name for name in names if name is not None]
