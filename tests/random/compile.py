"""Turns the functions of a program into steps: what one task does, with its callees written in.

A step is either local (a jump, a coin, a branch on a local, a spawn) or visible, that is, other
tasks can tell whether it has happened.  The explorer (explore.py) takes visible steps one by one.
"""
from dataclasses import dataclass, field

LOCAL = {"jump", "coin", "branch", "let", "spawn", "end"}
CALLS_DEPTH_MAX = 8


class TooLarge(Exception):
    """The program is beyond what is run exhaustively."""


@dataclass(eq=False)
class StepArm:
    """kind: recv, send, done, after.  obj: an object's index, None where it can never go.
    value: a number, or the place of a local as (place,).  into: the place of a local or None."""
    kind: str
    obj: int = None
    value: object = 0
    into: int = None
    ok: int = None
    closed: int = None
    off: int = None           # the place of a local: the arm is switched off where it is not 0


@dataclass(eq=False)
class Step:
    op: str
    stmt: int
    obj: int = None
    amount: int = 0
    to: int = None            # where it goes on; the next step where None
    other: int = None         # the other way: a coin's, a branch's, a wait ended by its context
    compare: tuple = None     # (place or None, op, number)
    ctx: int = None
    arms: list = field(default_factory=list)
    default: int = None
    code: int = None          # what a spawn starts
    mu: int = None


@dataclass(eq=False)
class Code:
    """What one task runs.  key: (function, the objects of its parameters, counted)."""
    key: tuple
    steps: list
    locals: list              # names; the first is argc in the code of `run`


class Compiler:
    """codes: one Code for each way a function is started; code 0 is run's."""

    def __init__(self, program):
        self.program = program
        self.index = {thing.name: i for i, thing in enumerate(program.objects)}
        self.codes = []
        self.by_key = {}
        self.code_of("run", (), None)

    def code_of(self, function, args, wg):
        """The number of the code that runs `function` with these objects; counted by `wg`."""
        key = (function, args, wg)
        if key not in self.by_key:
            self.by_key[key] = len(self.codes)
            self.codes.append(Code(key, [], []))
            _Body(self, self.codes[self.by_key[key]]).compile()
        return self.by_key[key]


class _Body:
    """Compiles one Code."""

    def __init__(self, compiler, code):
        self.compiler = compiler
        self.code = code
        self.loops = []       # (steps to patch at break, steps to patch at continue)
        self.frames = []      # of functions written in: [binding, prefix, defers, returns, views]

    def compile(self):
        function, args, wg = self.code.key
        if function == "run":
            self.place("argc")
        self.inline(function, args)
        if wg is not None:
            self.emit("add", -1, obj=wg, amount=-1)
        self.emit("end", -1)

    # ---- small parts

    def emit(self, op, stmt, **fields):
        step = Step(op, stmt, **fields)
        self.code.steps.append(step)
        if len(self.code.steps) > 600:
            raise TooLarge("a task of more than 600 steps")
        return step

    def here(self):
        return len(self.code.steps)

    def place(self, name):
        """Where a local lives; each call of a function has its own."""
        if self.frames:
            name = self.frames[-1][1] + name
        if name not in self.code.locals:
            self.code.locals.append(name)
        return self.code.locals.index(name)

    def obj(self, name):
        if name is None:
            return None
        binding = self.frames[-1][0]
        name = self.views().get(name, name)
        return binding[name] if name in binding else self.compiler.index[name]

    def views(self):
        return self.frames[-1][4]

    def off(self, name):
        """The place that says whether a view is switched off."""
        return self.place("off " + name) if name in self.views() else None

    def value(self, value):
        return (self.place(value),) if isinstance(value, str) else value

    def into(self, name):
        return None if name is None else self.place(name)

    # ---- functions

    def inline(self, function, args):
        if len(self.frames) >= CALLS_DEPTH_MAX:
            raise TooLarge("calls too deep")
        body = self.compiler.program.function(function)
        binding = {name: arg for (name, _), arg in zip(body.params, args)}
        prefix = "" if not self.frames else f"{self.here()}."
        loops, self.loops = self.loops, []
        self.frames.append([binding, prefix, [], [], body.views])
        for name in body.views:
            self.emit("let", -1, obj=self.off(name), amount=0)
        self.block(body.body)
        self.run_defers()
        for step in self.frames[-1][3]:
            step.to = self.here()
        self.frames.pop()
        self.loops = loops

    def run_defers(self):
        for call in reversed(self.frames[-1][2]):
            self.do(call)

    def leave(self, stmt):
        """A return: what is deferred so far, then to the end of the function."""
        self.run_defers()
        self.frames[-1][3].append(self.emit("jump", stmt.number))

    def give_up(self, stmt):
        """What a statement's `otherwise` says."""
        if stmt.otherwise == "return":
            self.leave(stmt)
        else:
            self.loops[-1][0].append(self.emit("jump", stmt.number))

    def block(self, stmts):
        for stmt in stmts:
            getattr(self, "on_" + type(stmt).__name__.lower())(stmt)

    # ---- statements

    def do(self, stmt):
        verb, obj = stmt.verb, self.obj(stmt.name)
        if verb == "sleep":
            return
        if verb == "done":
            self.emit("add", stmt.number, obj=obj, amount=-1)
        elif verb == "free":
            self.emit("cancel", stmt.number, obj=obj)
        else:
            self.emit(verb, stmt.number, obj=obj, amount=stmt.amount)

    on_do = do

    def on_defer(self, stmt):
        self.frames[-1][2].append(stmt.call)

    def on_let(self, stmt):
        place = self.place(stmt.name)
        if stmt.value != "coin":
            self.emit("let", stmt.number, obj=place, amount=stmt.value)
            return
        coin = self.emit("coin", stmt.number)
        self.emit("let", stmt.number, obj=place, amount=1)
        over = self.emit("jump", stmt.number)
        coin.other = self.here()
        self.emit("let", stmt.number, obj=place, amount=0)
        over.to = self.here()

    def one_case(self, stmt, arm):
        """A select of one case, and a second one where a context can end it; its step."""
        arm.off = self.off(stmt.ch)
        arms = [arm]
        if stmt.ctx:
            arms.append(StepArm("done", self.obj(stmt.ctx)))
        return self.emit("select", stmt.number, arms=arms)

    def end_case(self, step, stmt):
        """Behind a one_case: where its ways go on."""
        arm = step.arms[0]
        arm.ok = arm.closed = self.here()
        if stmt.otherwise:
            over = self.emit("jump", stmt.number)
            arm.ok, arm.closed = self.code.steps.index(over), self.here()
            self.give_up(stmt)
            over.to = self.here()
        for other in step.arms[1:]:
            other.closed = arm.closed

    def on_send(self, stmt):
        arm = StepArm("send", self.obj(stmt.ch), value=self.value(stmt.value))
        self.end_case(self.one_case(stmt, arm), stmt)

    def on_recv(self, stmt):
        arm = StepArm("recv", self.obj(stmt.ch), into=self.into(stmt.into))
        self.end_case(self.one_case(stmt, arm), stmt)

    def on_recvloop(self, stmt):
        top = self.here()
        step = self.one_case(stmt, StepArm("recv", self.obj(stmt.ch), into=self.into(stmt.into)))
        step.arms[0].ok = self.here()
        self.loop_body(stmt.body, top)
        for arm in step.arms:
            arm.closed = self.here()

    def loop_body(self, body, top, last=True):
        """The body and the way back to `top`; break goes behind it."""
        self.loops.append(([], []))
        self.block(body)
        breaks, continues = self.loops.pop()
        for step in continues:
            step.to = top if last else self.here()
        if last:
            self.emit("jump", -1, to=top)
        for step in breaks:
            step.to = self.here()
        return breaks

    def on_select(self, stmt):
        step = self.emit("select", stmt.number)
        ends = []
        for arm in stmt.arms:
            compiled = StepArm(arm.kind, self.obj(arm.name), value=self.value(arm.value),
                               into=self.into(arm.into), ok=self.here(), closed=self.here(),
                               off=self.off(arm.name))
            self.block(arm.body)
            ends.append(self.emit("jump", stmt.number))
            if arm.closed is not None:
                compiled.closed = self.here()
                self.block(arm.closed)
                ends.append(self.emit("jump", stmt.number))
            if arm.kind == "default":
                step.default = compiled.ok
            else:
                step.arms.append(compiled)
        for jump in ends:
            jump.to = self.here()

    def on_switchoff(self, stmt):
        self.emit("let", stmt.number, obj=self.off(stmt.name), amount=1)

    def on_waitctx(self, stmt):
        step = self.emit("wait", stmt.number, obj=self.obj(stmt.name), ctx=self.obj(stmt.ctx))
        over = self.emit("jump", stmt.number)
        step.other = self.here()
        self.block(stmt.body)
        over.to = self.here()

    def on_cvwait(self, stmt):
        top = self.here()
        test = self.test(stmt.until, stmt)
        wait = self.emit("cvwait", stmt.number, obj=self.obj(stmt.cv), mu=self.obj(stmt.mu),
                         ctx=self.obj(stmt.ctx))
        self.emit("lock", stmt.number, obj=self.obj(stmt.mu))
        over = self.emit("jump", stmt.number, to=top if stmt.is_loop else None)
        if stmt.ctx:
            wait.other = self.here()
            self.emit("lock", stmt.number, obj=self.obj(stmt.mu))
            self.emit("unlock", stmt.number, obj=self.obj(stmt.mu))
            self.leave(stmt)
        test.to, test.other = self.here(), self.code.steps.index(wait)
        if not stmt.is_loop:
            over.to = self.here()

    def spawned(self, stmt):
        wg = self.obj(stmt.wg)
        args = tuple(self.obj(arg) for arg in stmt.args)
        return wg, self.compiler.code_of(stmt.fn, args, wg)

    def on_spawn(self, stmt):
        wg, code = self.spawned(stmt)
        self.emit("spawn" if wg is None else "wgspawn", stmt.number, obj=wg, code=code)

    def on_call(self, stmt):
        self.inline(stmt.fn, tuple(self.obj(arg) for arg in stmt.args))

    def test(self, cond, stmt):
        """A branch whose `to` (true) and `other` (false) the caller sets."""
        compare = (None, cond.op, cond.number)
        if cond.kind == "coin":
            return self.emit("coin", stmt.number)
        if cond.kind == "argc":
            return self.emit("branch", stmt.number, compare=(0, ">", cond.number))
        if cond.kind == "local":
            place = self.place(cond.name)
            return self.emit("branch", stmt.number, compare=(place, cond.op, cond.number))
        if cond.kind == "off":
            return self.emit("branch", stmt.number, compare=(self.off(cond.name), "!=", 0))
        op = {"shared": "test", "try": "try", "ended": "ended"}[cond.kind]
        return self.emit(op, stmt.number, obj=self.obj(cond.name), compare=compare)

    def on_if(self, stmt):
        test = self.test(stmt.cond, stmt)
        test.to = self.here()
        self.block(stmt.then)
        over = self.emit("jump", stmt.number)
        test.other = self.here()
        self.block(stmt.orelse)
        over.to = self.here()

    def on_while(self, stmt):
        top = self.here()
        if stmt.cond is None:
            self.loop_body(stmt.body, top)
            return
        test = self.test(stmt.cond, stmt)
        test.to = self.here()
        self.loop_body(stmt.body, top)
        test.other = self.here()

    def on_for(self, stmt):
        """Written out: each round knows its number."""
        breaks = []
        for number in range(stmt.times):
            self.emit("let", stmt.number, obj=self.place(stmt.name), amount=number)
            breaks += self.loop_body(stmt.body, None, last=False)
        for step in breaks:
            step.to = self.here()

    def on_return(self, stmt):
        self.leave(stmt)

    def on_break(self, stmt):
        self.loops[-1][0].append(self.emit("jump", stmt.number))

    def on_continue(self, stmt):
        self.loops[-1][1].append(self.emit("jump", stmt.number))
