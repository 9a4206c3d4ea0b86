"""The parked tasks of a program on libleash in gdb, live or from a core file:

    (gdb) source leash-gdb.py
    (gdb) leash tasks        every task: its number, its state, where it is parked
    (gdb) leash bt 7         the calls of task 7, which does not run

It needs no debug information of libleash, and only reads.
"""
import re
import struct

import gdb
import gdb.unwinder

# Of stack_map in stack.c, in its order.
MAP = ["chunks", "chunk_count", "stack_bytes", "chunk_size", "chunk_stacks", "colours", "line",
       "room", "sp", "state", "id", "parent", "name", "spawn", "note_state", "note_site"]
FREE, READY, RUNNING, PARKED = range(4)  # enum task_state

# What context_switch in x86_64.S leaves on the stack, from its pointer on.
SAVED = ["r15", "r14", "r13", "r12", "rbx", "rbp", "rip"]
# What ucontext.c leaves there: a ucontext_t, with these from a certain place on.
UCONTEXT_REGISTERS = 40  # offsetof(ucontext_t, uc_mcontext.gregs)
UCONTEXT_SAVED = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx",
                  "rdx", "rax", "rcx", "rsp", "rip"]

OUTERMOST = re.compile(r"\b(task_main|leash_rt_task_main|context_start) \(")


def words(address, count=1):
    memory = gdb.selected_inferior().read_memory(address, 8 * count)
    return struct.unpack(f"<{count}Q", bytes(memory))


def word(address):
    return words(address)[0]


def text(address):
    if not address:
        return None
    return gdb.Value(address).cast(gdb.lookup_type("char").pointer()).string(errors="replace")


def address_of(symbol):
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)&{symbol}"))
    except gdb.error:
        return None


class Task:
    def __init__(self, where, at):
        self.sp = word(where + at["sp"])
        self.state = gdb.selected_inferior().read_memory(where + at["state"], 1)[0][0]
        self.id, self.parent = word(where + at["id"]), word(where + at["parent"])
        self.name, self.spawned = text(word(where + at["name"])), text(word(where + at["spawn"]))
        parked = self.state == PARKED
        self.waits = parked and text(word(where + at["note_state"])) or "parked"
        self.site = parked and text(word(where + at["note_site"]))

    def __str__(self):
        state = {READY: "runnable", RUNNING: "running"}.get(self.state, self.waits)
        site = f", parked at {self.site}" if self.site else ""
        parent = f" by task {self.parent}" if self.parent else ""
        return f"task {self.id} [{state}]: {self.name}{site}, spawned at {self.spawned or '?'}{parent}"


def control_blocks(at):
    """The addresses of all of them, as stack_each goes through them."""
    size = word(at["stack_bytes"])
    for index in range(word(at["chunk_count"])):
        base = word(word(at["chunks"]) + index * at["chunk_size"])
        for slot in range(base, base + at["chunk_stacks"] * size, size):
            yield slot + size - at["room"] - slot // size % at["colours"] * at["line"]


def tasks():
    """All that are alive, by their numbers."""
    place = address_of("leash_rt_stack_map")
    if place is None:
        raise gdb.GdbError("no program on libleash, or it has not been started")
    at = dict(zip(MAP, words(place, len(MAP))))
    found = []
    for where in control_blocks(at):
        try:
            task = Task(where, at)
        except gdb.MemoryError:  # never used, so not in the core file
            continue
        if task.state != FREE:
            found.append(task)
    return sorted(found, key=lambda task: task.id)


def registers(sp):
    """Of a task that does not run, by name."""
    if address_of("context_start") is None:  # that is in the assembly
        return dict(zip(UCONTEXT_SAVED, words(sp + UCONTEXT_REGISTERS, len(UCONTEXT_SAVED))))
    saved = dict(zip(SAVED, words(sp, len(SAVED))))
    return saved | {"rsp": sp + 8 * len(SAVED)}


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class IntoTask(gdb.unwinder.Unwinder):
    """Makes the stack of a task come after the innermost frame of the selected thread: that needs no
    register written, so it works with a core file, too."""

    def __init__(self):
        super().__init__("leash-task")
        self.sp = None  # of the task; None: threads have their own stacks
        self.innermost = None  # stack pointer and place of the thread's frame

    def __call__(self, frame):
        here = tuple(int(frame.read_register(name)) for name in ("rsp", "rip"))
        if self.sp is None or here != self.innermost:
            return None
        # As if the frame lay below the task's: gdb takes a caller that lies lower for damage.
        info = frame.create_unwind_info(FrameId(gdb.Value(self.sp), gdb.Value(here[1])))
        long = gdb.lookup_type("unsigned long")
        for name, value in registers(self.sp).items():
            info.add_saved_register(name, gdb.Value(value).cast(long))
        return info

    def backtrace(self, sp):
        """What gdb says, the thread's own frame first."""
        frame = gdb.newest_frame()
        self.innermost = tuple(int(frame.read_register(name)) for name in ("rsp", "rip"))
        self.sp = sp
        gdb.invalidate_cached_frames()
        try:
            return gdb.execute("backtrace", to_string=True)
        finally:
            self.sp = None
            gdb.invalidate_cached_frames()


into_task = IntoTask()
gdb.unwinder.register_unwinder(None, into_task, replace=True)


class Leash(gdb.Command):
    """Tasks of a program on libleash."""

    def __init__(self):
        super().__init__("leash", gdb.COMMAND_STACK, prefix=True)


class LeashTasks(gdb.Command):
    """leash tasks: every task, its state, where it is parked and who spawned it."""

    def __init__(self):
        super().__init__("leash tasks", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for task in tasks():
            print(task)


class LeashBt(gdb.Command):
    """leash bt ID: the calls of a task that does not run, the innermost first."""

    def __init__(self):
        super().__init__("leash bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        chosen = [task for task in tasks() if str(task.id) == argument.strip()]
        if not chosen:
            raise gdb.GdbError("leash bt ID: the number of a task, as leash tasks shows it")
        task = chosen[0]
        if task.state == RUNNING:
            raise gdb.GdbError(f"task {task.id} runs: see the threads")
        if "x86-64" not in architecture():
            raise gdb.GdbError("this is known for x86-64 alone")
        print(task)
        if task.sp:
            show(into_task.backtrace(task.sp))
        else:
            print("it has not run yet")


def architecture():
    return gdb.newest_frame().architecture().name()


def show(lines):
    """From the frame after the thread's down to the user's function."""
    for line in lines.splitlines()[1:]:
        if OUTERMOST.search(line):
            break
        print(re.sub(r"^#(\d+)", lambda match: f"#{int(match[1]) - 1}", line))


Leash()
LeashTasks()
LeashBt()
