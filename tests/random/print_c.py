"""Writes a program as C on <leash.h>, and remembers on which lines each statement stands."""
import random

from program import (Call, Function, If, Let, Recv, RecvLoop, Select, Send, Spawn, While, names_in,
                     walk)

POINTERS = {"chan": "chan_t *", "done": "chan_t *", "ctx": "ctx_t *"}
VALUES = {"wg": "wg_t", "mu": "mu_t", "rw": "rw_t", "cv": "cv_t", "int": "int"}
CALLS = {
    "close": "chan_close", "lock": "mu_lock", "unlock": "mu_unlock", "rlock": "rw_rlock",
    "runlock": "rw_runlock", "wlock": "rw_lock", "wunlock": "rw_unlock", "done": "wg_done",
    "wait": "wg_wait", "signal": "cv_signal", "broadcast": "cv_broadcast", "cancel": "ctx_cancel",
    "free": "ctx_free",
}
DEFERS = {
    "close": "defer_close", "unlock": "defer_unlock", "runlock": "defer_rw_runlock",
    "wunlock": "defer_rw_unlock", "done": "defer_wg_done", "cancel": "defer_cancel",
    "free": "defer_ctx_free",
}
SPAWN_ARGS_MAX = 6
OTHER_NAMES = {
    "chan": ["in", "out", "from", "to", "ch", "pipe"], "done": ["closed", "end", "halt"],
    "wg": ["group", "running", "all"], "mu": ["m", "access", "latch"], "rw": ["rw", "access_rw"],
    "cv": ["cv", "event", "news"], "ctx": ["c", "scope", "bound"], "int": ["n", "state", "number"],
}
TIMEOUT_MS = 2                # of all timers and contexts: soon over on the runtime


def type_of(kind):
    """As a parameter or a pointer's declaration begins."""
    return POINTERS.get(kind) or VALUES[kind] + " *"


class Printer:
    """lines: the text.  places: statement -> [first, last] line of the call that may park."""

    def __init__(self, program, outlives):
        self.program = program
        self.style = program.style
        self.outlives = outlives
        self.lines = []
        self.places = {}
        self.depth = 0
        self.has_maker = self.style == "made"   # a function makes the struct
        if self.has_maker:
            self.style = "struct"
        self.used = self.shared_in_use()
        if self.style == "params" and any(len(names) + len(function.params) > SPAWN_ARGS_MAX
                                          for function, names in self.used.items()):
            self.style = "struct"

    # ---- which shared objects each function names, itself or below

    def shared_in_use(self):
        used = {}
        for function in self.program.functions:
            own = {name for name, _ in function.params}
            names = set()
            for stmt in walk(function.body):
                names.update(name for name in names_in(stmt) if name not in own)
                if isinstance(stmt, (Call, Spawn)):
                    names.update(used.get(self.program.function(stmt.fn), ()))
            names.update(function.views.values())
            names = {name for name in names if self.program.object(name)}
            used[function] = [thing.name for thing in self.program.objects if thing.name in names]
        return used

    # ---- naming an object

    def other_names(self, function):
        """What a function calls the shared objects that are handed to it."""
        names = {name: name for name in self.used[function]}
        if not self.program.renames or function.name == "run":
            return names
        rng = random.Random(f"{self.program.renames} {function.name}")
        taken = {name for name, _ in function.params} | set(function.views)
        for name in names:
            free = [other for other in OTHER_NAMES[self.program.object(name).kind]
                    if other not in taken]
            names[name] = rng.choice(free) if free else name
            taken.add(names[name])
        return names

    def is_param(self, name):
        if any(name == own for own, _ in self.function.params):
            return True
        return self.style == "params" and self.function.name != "run"

    def kind(self, name):
        for own, kind in self.function.params:
            if own == name:
                return kind
        return self.program.object(self.function.views.get(name, name)).kind

    def place(self, name):
        """The variable itself."""
        if name in self.function.views:
            return name
        if self.style == "params" and not any(name == own for own, _ in self.function.params):
            return self.names.get(name, name)
        if self.is_param(name) or self.style != "struct":
            return name
        return f"shared->{name}"

    def ref(self, name):
        """What calls take: a pointer."""
        if self.kind(name) in POINTERS or self.is_param(name):
            return self.place(name)
        return "&" + self.place(name)

    def number(self, name):
        """The value of a shared int."""
        return ("*" if self.is_param(name) else "") + self.place(name)

    # ---- lines

    def put(self, text, stmt=None):
        """A line, or several where it is too long; they are where `stmt` parks."""
        first = len(self.lines) + 1
        indent = "    " * self.depth
        self.lines += fold(indent + text)
        if stmt is not None:
            self.places[stmt.number] = [first, len(self.lines)]

    def open(self, text, stmt=None):
        self.put(text + " {", stmt)
        self.depth += 1

    def close(self, text="}"):
        self.depth -= 1
        self.put(text)

    def text(self):
        program = self.program
        self.put("#include <leash.h>")
        if self.style == "struct" and (self.outlives or self.has_maker):
            self.put("#include <stdlib.h>")
        self.put("")
        self.put("extern int coin(void);")
        self.declare_shared()
        if self.has_maker:
            self.define_maker()
        for function in program.functions:
            self.put("")
            self.define(function)
        self.put("")
        self.put("int main(int argc, char **argv)")
        self.put("{")
        self.put("    return leash_run(run, argc, argv);")
        self.put("}")
        return "\n".join(self.lines) + "\n"

    # ---- declarations

    def declare_shared(self):
        self.put("")
        if self.style == "struct":
            self.open("struct shared")
            for thing in self.program.objects:
                self.put(declaration(thing) + ";")
            self.close("};")
        elif self.style == "global":
            for thing in self.program.objects:
                first = f" = {thing.value}" if thing.kind == "int" and thing.value else ""
                self.put(f"static {declaration(thing)}{first};")
        else:
            self.lines.pop()

    def define_maker(self):
        self.function = Function("shared_new", [])
        self.put("")
        self.put("static struct shared *shared_new(void)")
        self.put("{")
        self.depth = 1
        self.put("struct shared *shared = calloc(1, sizeof(*shared));")
        self.put("if (!shared)")
        self.put("    abort();")
        for thing in self.program.objects:
            self.make(thing)
        self.put("return shared;")
        self.depth = 0
        self.put("}")

    def define(self, function):
        self.function = function
        self.names = self.other_names(function) if self.style == "params" else {}
        self.put(self.head(function))
        self.put("{")
        self.depth = 1
        if function.name == "run":
            self.begin_run(function)
        for name, shared in function.views.items():
            self.put(f"chan_t *{name} = {self.ref(shared)};")
        if any(needs_value(stmt) for stmt in walk(function.body)):
            self.put("int value = 0;")
        for name in sorted(locals_of(function)):
            self.put(f"int {name} = 0;")
        for stmt in walk(function.body):
            if isinstance(stmt, Select) and any(arm.closed is not None for arm in stmt.arms):
                self.put(f"bool ok{stmt.number} = false;")
        self.block(function.body)
        if function.name == "run" and not ends(function.body):
            self.put("return 0;")
        self.depth = 0
        self.put("}")

    def head(self, function):
        if function.name == "run":
            return "static int run(int argc, char **argv)"
        params = []
        if self.style == "struct" and self.used[function]:
            params.append("struct shared *shared")
        elif self.style == "params":
            params += [type_of(self.program.object(name).kind) + self.names[name]
                       for name in self.used[function]]
        params += [type_of(kind) + name for name, kind in function.params]
        return f"static void {function.name}({', '.join(params) or 'void'})"

    def begin_run(self, function):
        if not any(getattr(stmt, "cond", None) and stmt.cond.kind == "argc"
                   for stmt in walk(function.body)):
            self.put("(void)argc;")
        self.put("(void)argv;")
        if self.has_maker:
            self.put("struct shared *shared = shared_new();")
            return
        if self.style == "struct":
            self.make_struct()
        for thing in self.program.objects:
            self.make(thing)

    def make_struct(self):
        if self.outlives:
            self.put("struct shared *shared = calloc(1, sizeof(*shared));")
            self.put("if (!shared)")
            self.put("    return 1;")
        else:
            self.put("struct shared room = {0};")
            self.put("struct shared *shared = &room;")

    def make(self, thing):
        """What makes it ready; in the style `params` its declaration too."""
        first = first_value(thing, self)
        if self.style != "params":
            if first is not None:
                self.put(f"{self.place(thing.name)} = {first};")
            return
        if thing.kind in POINTERS:
            self.put(f"{declaration(thing)} = {first or 'NULL'};")
        else:
            storage = "static " if self.outlives else ""
            self.put(f"{storage}{declaration(thing)} = {first or zero(thing)};")

    # ---- statements

    def block(self, stmts):
        for stmt in stmts:
            getattr(self, "on_" + type(stmt).__name__.lower())(stmt)

    def on_do(self, stmt):
        if stmt.verb == "sleep":
            self.put("task_sleep_ms(1);")
        elif stmt.verb == "add":
            self.put(f"wg_add({self.ref(stmt.name)}, {stmt.amount});", stmt)
        elif stmt.verb == "set":
            self.put(f"{self.number(stmt.name)} = {stmt.amount};", stmt)
        elif stmt.verb == "step":
            sign = "+" if stmt.amount > 0 else "-"
            self.put(f"{self.number(stmt.name)} {sign}= {abs(stmt.amount)};", stmt)
        else:
            self.put(f"{CALLS[stmt.verb]}({self.ref(stmt.name)});", stmt)

    def on_defer(self, stmt):
        self.put(f"{DEFERS[stmt.call.verb]}({self.ref(stmt.call.name)});", stmt)

    def on_switchoff(self, stmt):
        self.put(f"{stmt.name} = NULL;", stmt)

    def on_let(self, stmt):
        value = "coin() != 0" if stmt.value == "coin" else stmt.value
        self.put(f"{stmt.name} = {value};", stmt)

    def out(self, into):
        return "NULL" if into is None else f"&{into}"

    def value(self, value):
        return f"&{value}" if isinstance(value, str) else "&value" if value == 0 else \
            f"&(int){{{value}}}"

    def otherwise(self, stmt, call, sent):
        """`call` is true, or with a context 0, when it did its work."""
        if stmt.otherwise is None:
            self.put(f"{'(void)' if stmt.ctx and not sent else ''}{call};", stmt)
            return
        self.put(f"if ({'' if stmt.ctx else '!'}{call})", stmt)
        self.put("    break;" if stmt.otherwise == "break" else "    " + self.leave())

    def leave(self):
        return "return 1;" if self.function.name == "run" else "return;"

    def on_send(self, stmt):
        ch, value = self.ref(stmt.ch), self.value(stmt.value)
        if stmt.ctx:
            call = f"chan_send_ctx({self.ref(stmt.ctx)}, {ch}, {value})"
            if stmt.otherwise is None:
                self.open(f"if ({call} != 0)", stmt)
                self.put("value = 0; // not sent")
                self.close()
                return
        else:
            call = f"chan_send({ch}, {value})"
        self.otherwise(stmt, call, True)

    def recv_call(self, stmt):
        ch, out = self.ref(stmt.ch), self.out(stmt.into)
        if stmt.ctx:
            return f"chan_recv_ctx({self.ref(stmt.ctx)}, {ch}, {out})"
        return f"chan_recv({ch}, {out})"

    def on_recv(self, stmt):
        if stmt.ctx and stmt.otherwise is None:
            self.open(f"if ({self.recv_call(stmt)} != 0)", stmt)
            self.put("value = 0; // nothing came")
            self.close()
            return
        self.otherwise(stmt, self.recv_call(stmt), False)

    def on_recvloop(self, stmt):
        test = " == 0" if stmt.ctx else ""
        self.open(f"while ({self.recv_call(stmt)}{test})", stmt)
        self.block(stmt.body)
        self.close()

    def arm(self, arm, number):
        if arm.kind == "after":
            return f"AFTER_MS({TIMEOUT_MS})"
        if arm.kind == "default":
            return "DEFAULT()"
        if arm.kind == "done":
            return f"DONE({self.ref(arm.name)})"
        if arm.kind == "send":
            return f"SEND({self.ref(arm.name)}, {self.value(arm.value)})"
        if arm.closed is not None:
            return f"RECV_OK({self.ref(arm.name)}, {self.out(arm.into)}, &ok{number})"
        return f"RECV({self.ref(arm.name)}, {self.out(arm.into)})"

    def on_select(self, stmt):
        arms = ", ".join(self.arm(arm, stmt.number) for arm in stmt.arms)
        self.put(f"switch (chan_select({arms})) {{", stmt)
        for number, arm in enumerate(stmt.arms):
            self.put(f"case {number}:" if number < len(stmt.arms) - 1 else "default:")
            self.depth += 1
            self.arm_body(arm, stmt.number)
            if not ends(arm.body) or arm.closed is not None:
                self.put("break;")
            self.depth -= 1
        self.put("}")

    def arm_body(self, arm, number):
        if arm.closed is None:
            self.block(arm.body)
            return
        self.open(f"if (!ok{number})")
        self.block(arm.closed)
        self.close()
        if arm.body:
            self.open(f"if (ok{number})")
            self.block(arm.body)
            self.close()

    def on_waitctx(self, stmt):
        self.open(f"if (wg_wait_ctx({self.ref(stmt.ctx)}, {self.ref(stmt.name)}))", stmt)
        if stmt.body:
            self.block(stmt.body)
        else:
            self.put("(void)0; // they go on without us")
        self.close()

    def on_cvwait(self, stmt):
        word = "while" if stmt.is_loop else "if"
        head = f"{word} ({self.negated(stmt.until)})"
        if stmt.ctx:
            self.open(head)
            self.open(f"if (cv_wait_ctx({self.ref(stmt.ctx)}, {self.ref(stmt.cv)}, "
                      f"{self.ref(stmt.mu)}))", stmt)
            self.put(f"mu_unlock({self.ref(stmt.mu)});")
            self.put(self.leave())
            self.close()
            self.close()
            return
        self.put(head)
        self.depth += 1
        self.put(f"cv_wait({self.ref(stmt.cv)}, {self.ref(stmt.mu)});", stmt)
        self.depth -= 1

    def args(self, stmt):
        function = self.program.function(stmt.fn)
        args = []
        if self.style == "struct" and self.used[function]:
            args.append("shared")
        elif self.style == "params":
            args += [self.ref(name) for name in self.used[function]]
        return args + [self.ref(name) for name in stmt.args]

    def on_spawn(self, stmt):
        args = [stmt.fn] + self.args(stmt)
        if stmt.wg:
            self.put(f"wg_spawn({', '.join([self.ref(stmt.wg)] + args)});", stmt)
        else:
            self.put(f"spawn({', '.join(args)});", stmt)

    def on_call(self, stmt):
        self.put(f"{stmt.fn}({', '.join(self.args(stmt))});", stmt)

    def condition(self, cond):
        if cond.kind == "coin":
            return "coin()"
        if cond.kind == "argc":
            return f"argc > {cond.number}"
        if cond.kind == "try":
            return f"mu_trylock({self.ref(cond.name)})"
        if cond.kind == "off":
            return "!" + cond.name
        if cond.kind == "ended":
            return f"ctx_err({self.ref(cond.name)})"
        name = cond.name if cond.kind == "local" else self.number(cond.name)
        if (cond.op, cond.number) == ("!=", 0):
            return name
        if (cond.op, cond.number) == ("==", 0):
            return "!" + name
        return f"{name} {cond.op} {cond.number}"

    def negated(self, cond):
        text = self.condition(cond)
        opposite = {"==": "!=", "!=": "==", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}
        if text.startswith("!"):
            return text[1:]
        if " " not in text:
            return "!" + text
        name, op, number = text.rsplit(" ", 2)
        return f"{name} {opposite[op]} {number}"

    def on_if(self, stmt):
        self.open(f"if ({self.condition(stmt.cond)})", stmt)
        self.block(stmt.then)
        if stmt.orelse:
            self.depth -= 1
            self.put("} else {")
            self.depth += 1
            self.block(stmt.orelse)
        self.close()

    def on_while(self, stmt):
        self.open("for (;;)" if stmt.cond is None else f"while ({self.condition(stmt.cond)})", stmt)
        self.block(stmt.body)
        self.close()

    def on_for(self, stmt):
        self.open(f"for (int {stmt.name} = 0; {stmt.name} < {stmt.times}; {stmt.name}++)", stmt)
        self.block(stmt.body)
        self.close()

    def on_return(self, stmt):
        self.put("return 0;" if self.function.name == "run" else "return;", stmt)

    def on_break(self, stmt):
        self.put("break;", stmt)

    def on_continue(self, stmt):
        self.put("continue;", stmt)


# ---- helpers of the printer ----------------------------------------------------------------------


def declaration(thing):
    if thing.kind in POINTERS:
        return POINTERS[thing.kind] + thing.name
    return f"{VALUES[thing.kind]} {thing.name}"


def zero(thing):
    return "0" if thing.kind == "int" else "{0}"


def first_value(thing, printer):
    """What is assigned at the start; None where zero bytes do."""
    if thing.is_null:
        return None
    if thing.kind == "chan":
        return f"chan_make(int, {thing.capacity})"
    if thing.kind == "done":
        return "done_make()"
    if thing.kind == "ctx":
        parent = printer.place(thing.parent) if thing.parent else "NULL"
        if thing.timeout:
            return f"ctx_with_timeout_ms({parent}, {TIMEOUT_MS})"
        return f"ctx_with_cancel({parent})"
    if thing.kind == "int" and thing.value:
        return str(thing.value)
    return None


def needs_value(stmt):
    """Whether its C uses the variable `value`."""
    if isinstance(stmt, Send):
        return stmt.value == 0 or stmt.ctx is not None and stmt.otherwise is None
    if isinstance(stmt, Recv):
        return stmt.ctx is not None and stmt.otherwise is None
    return isinstance(stmt, Select) and any(arm.kind == "send" and arm.value == 0
                                            for arm in stmt.arms)


def locals_of(function):
    names = set()
    for stmt in walk(function.body):
        if isinstance(stmt, Let):
            names.add(stmt.name)
        elif isinstance(stmt, (Recv, RecvLoop)) and stmt.into:
            names.add(stmt.into)
        elif isinstance(stmt, Select):
            names.update(arm.into for arm in stmt.arms if arm.into)
        elif isinstance(stmt, (If, While)) and stmt.cond and stmt.cond.kind == "local":
            names.add(stmt.cond.name)
    return names


def ends(block):
    """Whether nothing behind the block is reached, as compilers see it."""
    return bool(block) and type(block[-1]).__name__ in ("Return", "Break", "Continue")


def fold(line):
    """A call that is too long is continued on lines of its own."""
    lines = []
    while len(line) > 100 and ", " in line[:99]:
        cut = line.rindex(", ", 0, 99) + 1
        lines.append(line[:cut])
        indent = len(lines[0]) - len(lines[0].lstrip()) + 8
        line = " " * indent + line[cut + 1:]
    return lines + [line]
