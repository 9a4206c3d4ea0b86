"""Runs a program over all interleavings and says where its tasks can be parked for good.

The meaning of each call is that of leash.h, and no more than that: where the header leaves open who
goes first (several parked receivers, two arms that can go), every answer is tried.  Timeouts and
contexts with a time end at any moment.  A task arrives at a call, and there either goes on or is
parked; a parked one is moved by whoever makes its call possible.

    objects   chan, done: (closed, values) · wg: count · mu: 0 or 1 · rw: (readers, writer)
              cv: None, its waiters are the tasks parked on it · ctx: 0 or 1 (ended) · int: value
    task      (code, step, is_parked, locals)
    state     (objects, tasks), the tasks sorted: who is alike needs no telling apart
"""
from dataclasses import dataclass, field
from itertools import product

from compile import LOCAL, Compiler, TooLarge

TASKS_MAX = 9
ARGC = (1, 2, 3, 4)
COMPARE = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}


class Misuse(Exception):
    """The program can come to an abort, so it is no example of anything."""


@dataclass
class Answer:
    """stuck: statement -> functions of the tasks that can be parked there for good.
    unsettled: the same where others then run for ever, so that a reader may argue about it."""
    states: int = 0
    stuck: dict = field(default_factory=dict)
    unsettled: dict = field(default_factory=dict)
    never: set = field(default_factory=set)   # the statements that no task comes to
    outlives: bool = False    # a task can be alive when run has returned


class Draft:
    """One outcome of a step under construction: what of the state has changed."""

    def __init__(self, objects, tasks):
        self.objects = list(objects)
        self.tasks = list(tasks)
        self.moved = {}       # task -> the tasks it may have become

    def copy(self):
        twin = Draft(self.objects, self.tasks)
        twin.moved = dict(self.moved)
        return twin


class Explorer:
    def __init__(self, program, states_max=20000):
        self.kinds = [thing.kind for thing in program.objects]
        self.capacities = [thing.capacity for thing in program.objects]
        self.children = {i: [j for j, thing in enumerate(program.objects)
                             if thing.parent == parent.name]
                         for i, parent in enumerate(program.objects) if parent.kind == "ctx"}
        self.timers = [i for i, thing in enumerate(program.objects) if thing.timeout]
        self.null = {i for i, thing in enumerate(program.objects) if thing.is_null}
        self.objects = tuple(self.first_value(thing) for thing in program.objects)
        self.codes = Compiler(program).codes
        self.states_max = states_max
        self.cache = {}
        self.passed = set()   # the statements that some task has come to

    @staticmethod
    def first_value(thing):
        return {"chan": (False, ()), "done": (False, ()), "rw": (0, 0), "cv": None,
                "int": thing.value}.get(thing.kind, 0)

    # ---- between visible steps

    def advance(self, code, at, values):
        """Local steps from `at` on: a list of (task or None at its end, tasks it started)."""
        key = (code, at, values)
        if key not in self.cache:
            self.cache[key] = self.advance_anew(key)
        return self.cache[key]

    def advance_anew(self, start):
        results, todo, seen = [], [(start, ())], set()
        while todo:
            here = todo.pop()
            if here in seen:
                continue
            seen.add(here)
            (code, at, values), started = here
            step = self.codes[code].steps[at]
            self.passed.add(step.stmt)
            if step.op not in LOCAL:
                results.append(((code, at, False, values), started))
            elif step.op == "end":
                results.append((None, started))
            else:
                todo += self.local_step(code, at, values, started, step)
        if not results:
            raise TooLarge("a loop that never comes to a visible step")
        return results

    def local_step(self, code, at, values, started, step):
        to = at + 1 if step.to is None else step.to
        if step.op == "coin":
            return [((code, to, values), started), ((code, step.other, values), started)]
        if step.op == "branch":
            place, op, number = step.compare
            if not COMPARE[op](values[place], number):
                to = step.other
        elif step.op == "let":
            values = values[:step.obj] + (step.amount,) + values[step.obj + 1:]
        elif step.op == "spawn":
            if len(started) >= TASKS_MAX:
                raise TooLarge("too many tasks")
            return [((code, to, values), started + (first,)) for first in self.fresh(step.code)]
        return [((code, to, values), started)]

    def fresh(self, code, argc=0):
        """The tasks that a spawn may give, each at its first visible step; None: ended already."""
        count = max(len(self.codes[code].locals), 1)
        firsts = []
        for task, started in self.advance(code, 0, (argc,) + (0,) * (count - 1)):
            if started:
                # A task that spawns before its first visible step: a tuple of them all.
                firsts.append(("group", task, started))
            else:
                firsts.append(task)
        return firsts

    # ---- moving tasks

    def step_of(self, task):
        return self.codes[task[0]].steps[task[1]]

    def go(self, draft, i, to=None, into=None, value=0):
        """Task i has made its call and goes on at step `to`."""
        code, at, _, values = draft.tasks[i]
        if into is not None:
            values = values[:into] + (value,) + values[into + 1:]
        draft.moved[i] = self.advance(code, at + 1 if to is None else to, values)

    def on(self, draft, i):
        self.go(draft, i, self.step_of(draft.tasks[i]).to)

    @staticmethod
    def park(draft, i):
        code, at, _, values = draft.tasks[i]
        draft.moved[i] = [((code, at, True, values), ())]

    def parked(self, draft, op, obj):
        """The tasks parked at `op` on the object that have not been moved yet."""
        for j, task in enumerate(draft.tasks):
            if task[2] and j not in draft.moved:
                step = self.step_of(task)
                if step.op == op and step.obj == obj:
                    yield j, step

    @staticmethod
    def is_off(task, arm):
        return arm.off is not None and task[3][arm.off]

    def parked_arms(self, draft, kinds, obj):
        for j, task in enumerate(draft.tasks):
            if task[2] and j not in draft.moved:
                for arm in self.step_of(task).arms:
                    if arm.obj == obj and arm.kind in kinds and not self.is_off(task, arm):
                        yield j, arm

    @staticmethod
    def value_of(task, value):
        return task[3][value[0]] if isinstance(value, tuple) else value

    # ---- channels

    def arm_outcomes(self, start, i, arm):
        """The drafts in which task i goes by this arm at once."""
        if arm.obj is None or arm.obj in self.null or self.is_off(start.tasks[i], arm):
            return []
        if self.kinds[arm.obj] == "ctx":
            if not start.objects[arm.obj]:
                return []
            draft = start.copy()
            self.go(draft, i, arm.closed)
            return [draft]
        return self.send_now(start, i, arm) if arm.kind == "send" else self.recv_now(start, i, arm)

    def recv_now(self, start, i, arm):
        closed, values = start.objects[arm.obj]
        senders = list(self.parked_arms(start, ("send",), arm.obj))
        drafts = []
        for j, other in senders or [(None, None)]:
            draft, queue = start.copy(), values
            if j is not None:
                queue += (self.value_of(start.tasks[j], other.value),)
                self.go(draft, j, other.ok)
            if queue:
                draft.objects[arm.obj] = (closed, queue[1:])
                self.go(draft, i, arm.ok, arm.into, queue[0])
            elif closed:
                self.go(draft, i, arm.closed, arm.into, 0)
            else:
                continue
            drafts.append(draft)
        return drafts

    def send_now(self, start, i, arm):
        closed, values = start.objects[arm.obj]
        value = self.value_of(start.tasks[i], arm.value)
        drafts = []
        if closed:
            draft = start.copy()
            self.go(draft, i, arm.closed)
            return [draft]
        for j, other in self.parked_arms(start, ("recv", "done"), arm.obj):
            draft = start.copy()
            self.go(draft, i, arm.ok)
            self.go(draft, j, other.ok, other.into, value)
            drafts.append(draft)
        if not drafts and len(values) < self.capacities[arm.obj]:
            draft = start.copy()
            draft.objects[arm.obj] = (closed, values + (value,))
            self.go(draft, i, arm.ok)
            drafts.append(draft)
        return drafts

    def do_select(self, start, i, step):
        drafts = [draft for arm in step.arms for draft in self.arm_outcomes(start, i, arm)]
        if drafts:
            return drafts
        if step.default is not None:
            self.go(start, i, step.default)
        else:
            self.park(start, i)
        return [start]

    def fire_timer(self, start, i):
        """The drafts in which a parked task goes on because its time is up."""
        drafts = []
        for arm in self.step_of(start.tasks[i]).arms:
            if arm.kind == "after":
                draft = start.copy()
                self.go(draft, i, arm.ok)
                drafts.append(draft)
        return drafts

    def wake_arms(self, draft, obj):
        """All that is parked on a channel or context that has just ended goes on."""
        waiters = {}
        for j, arm in self.parked_arms(draft, ("recv", "done", "send"), obj):
            waiters.setdefault(j, []).append(arm)
        drafts = []
        for arms in product(*waiters.values()):
            twin = draft.copy()
            for j, arm in zip(waiters, arms):
                self.go(twin, j, arm.closed, arm.into, 0)
            drafts.append(twin)
        return drafts

    def do_close(self, draft, i, step):
        if step.obj in self.null or draft.objects[step.obj][0]:
            raise Misuse("close of NULL, or a second one")
        draft.objects[step.obj] = (True, draft.objects[step.obj][1])
        self.on(draft, i)
        return self.wake_arms(draft, step.obj)

    # ---- contexts

    def end_context(self, draft, obj):
        if draft.objects[obj]:
            return [draft]
        draft.objects[obj] = 1
        for j, task in enumerate(draft.tasks):
            step = self.step_of(task)
            if task[2] and step.ctx == obj and j not in draft.moved:
                self.go(draft, j, step.other)
        drafts = self.wake_arms(draft, obj)
        for child in self.children[obj]:
            drafts = [result for twin in drafts for result in self.end_context(twin, child)]
        return drafts

    def do_cancel(self, draft, i, step):
        self.on(draft, i)
        return self.end_context(draft, step.obj)

    def do_ended(self, draft, i, step):
        self.go(draft, i, step.to if draft.objects[step.obj] else step.other)
        return [draft]

    def is_ended(self, draft, ctx):
        return ctx is not None and draft.objects[ctx]

    # ---- wait groups

    def change_count(self, draft, obj, amount):
        draft.objects[obj] += amount
        if draft.objects[obj] < 0:
            raise Misuse("a count below zero")
        if draft.objects[obj] > 20:
            raise TooLarge("a count above 20")
        if draft.objects[obj] == 0:
            for j, step in list(self.parked(draft, "wait", obj)):
                self.go(draft, j, step.to)

    def do_add(self, draft, i, step):
        self.on(draft, i)
        self.change_count(draft, step.obj, step.amount)
        return [draft]

    def do_wait(self, start, i, step):
        drafts = []
        if start.objects[step.obj] == 0:
            drafts.append(start.copy())
            self.on(drafts[-1], i)
        if self.is_ended(start, step.ctx):
            drafts.append(start.copy())
            self.go(drafts[-1], i, step.other)
        if not drafts:
            self.park(start, i)
            drafts.append(start)
        return drafts

    def do_wgspawn(self, draft, i, step):
        self.change_count(draft, step.obj, 1)
        code, at, _, values = draft.tasks[i]
        firsts = self.fresh(step.code)
        draft.moved[i] = [(task, (first,) + started)
                          for task, started in self.advance(code, at + 1, values)
                          for first in firsts]
        return [draft]

    # ---- locks

    def do_lock(self, draft, i, step):
        if draft.objects[step.obj]:
            self.park(draft, i)
        else:
            draft.objects[step.obj] = 1
            self.on(draft, i)
        return [draft]

    def do_try(self, draft, i, step):
        free = not draft.objects[step.obj]
        draft.objects[step.obj] = 1
        self.go(draft, i, step.to if free else step.other)
        return [draft]

    def release(self, draft, mu):
        """The lock goes to one who waits for it."""
        if not draft.objects[mu]:
            raise Misuse("unlocking what is not locked")
        waiters = list(self.parked(draft, "lock", mu))
        if not waiters:
            draft.objects[mu] = 0
            return [draft]
        drafts = []
        for j, step in waiters:
            twin = draft.copy()
            self.go(twin, j, step.to)
            drafts.append(twin)
        return drafts

    def do_unlock(self, draft, i, step):
        self.on(draft, i)
        return self.release(draft, step.obj)

    def do_rlock(self, draft, i, step):
        readers, writer = draft.objects[step.obj]
        if writer or any(self.parked(draft, "wlock", step.obj)):
            self.park(draft, i)
        else:
            draft.objects[step.obj] = (readers + 1, 0)
            self.on(draft, i)
        return [draft]

    def do_wlock(self, draft, i, step):
        readers, writer = draft.objects[step.obj]
        if readers or writer:
            self.park(draft, i)
        else:
            draft.objects[step.obj] = (0, 1)
            self.on(draft, i)
        return [draft]

    def to_writers(self, draft, obj):
        """The free lock goes to a writer that waits: one draft for each."""
        drafts = []
        for j, step in self.parked(draft, "wlock", obj):
            twin = draft.copy()
            twin.objects[obj] = (0, 1)
            self.go(twin, j, step.to)
            drafts.append(twin)
        return drafts

    def do_runlock(self, draft, i, step):
        readers, _ = draft.objects[step.obj]
        if not readers:
            raise Misuse("unlocking what is not locked")
        draft.objects[step.obj] = (readers - 1, 0)
        self.on(draft, i)
        return (readers == 1 and self.to_writers(draft, step.obj)) or [draft]

    def do_wunlock(self, draft, i, step):
        if not draft.objects[step.obj][1]:
            raise Misuse("unlocking what is not locked")
        draft.objects[step.obj] = (0, 0)
        self.on(draft, i)
        drafts = self.to_writers(draft, step.obj)
        readers = list(self.parked(draft, "rlock", step.obj))
        if readers or not drafts:
            draft.objects[step.obj] = (len(readers), 0)
            for j, waiting in readers:
                self.go(draft, j, waiting.to)
            drafts.append(draft)
        return drafts

    # ---- conditions and shared numbers

    def do_cvwait(self, draft, i, step):
        if self.is_ended(draft, step.ctx):
            # It does not even give the lock up: on behind the step that takes it again.
            self.go(draft, i, step.other + 1)
            return [draft]
        self.park(draft, i)
        return self.release(draft, step.mu)

    def do_signal(self, start, i, step):
        drafts = []
        self.on(start, i)
        for j, waiting in self.parked(start, "cvwait", step.obj):
            drafts.append(start.copy())
            self.go(drafts[-1], j, waiting.to)
        return drafts or [start]

    def do_broadcast(self, draft, i, step):
        self.on(draft, i)
        for j, waiting in list(self.parked(draft, "cvwait", step.obj)):
            self.go(draft, j, waiting.to)
        return [draft]

    def do_set(self, draft, i, step):
        draft.objects[step.obj] = step.amount
        self.on(draft, i)
        return [draft]

    def do_step(self, draft, i, step):
        draft.objects[step.obj] += step.amount
        if abs(draft.objects[step.obj]) > 20:
            raise TooLarge("a number above 20")
        self.on(draft, i)
        return [draft]

    def do_test(self, draft, i, step):
        _, op, number = step.compare
        is_true = COMPARE[op](draft.objects[step.obj], number)
        self.go(draft, i, step.to if is_true else step.other)
        return [draft]

    # ---- states

    def finish(self, draft):
        """The states that a draft stands for, and the tasks that moved on the way there."""
        stay = [task for i, task in enumerate(draft.tasks) if i not in draft.moved]
        moved = [draft.tasks[i] for i in draft.moved]
        objects = tuple(draft.objects)
        for results in product(*draft.moved.values()):
            tasks = list(stay)
            for task, started in results:
                gather(tasks, task)
                for first in started:
                    gather(tasks, first)
            if len(tasks) > TASKS_MAX:
                raise TooLarge("too many tasks")
            tasks.sort()
            yield (objects, tuple(tasks)), moved

    def edges(self, state):
        """(next state, the tasks of this one that moved) for all that can happen next."""
        objects, tasks = state
        for i, task in enumerate(tasks):
            if i and task == tasks[i - 1]:
                continue      # alike: the same happens
            draft = Draft(objects, tasks)
            if task[2]:
                drafts = self.fire_timer(draft, i)
            else:
                step = self.step_of(task)
                drafts = getattr(self, "do_" + step.op)(draft, i, step)
            for result in drafts:
                yield from self.finish(result)
        for timer in self.timers:
            if not objects[timer]:
                for result in self.end_context(Draft(objects, tasks), timer):
                    yield from self.finish(result)

    def first_states(self):
        """One for each argc that makes a difference, and each way to the first visible step."""
        uses_argc = any(step.op == "branch" and step.compare[0] == 0
                        for step in self.codes[0].steps)
        for argc in ARGC if uses_argc else ARGC[:1]:
            for first in self.fresh(0, argc):
                tasks = []
                gather(tasks, first)
                yield self.objects, tuple(sorted(tasks))

    def explore(self):
        """All states with their edges, in the order of their distance."""
        graph, todo = {}, []
        self.came = {}
        for state in self.first_states():
            if state not in self.came:
                self.came[state] = None
                todo.append(state)
        for state in todo:
            graph[state] = list(self.edges(state))
            for after, _ in graph[state]:
                if after not in self.came:
                    self.came[after] = state
                    todo.append(after)
            if len(todo) > self.states_max:
                raise TooLarge(f"more than {self.states_max} states")
        return graph

    def answer(self):
        graph = self.explore()
        answer = Answer(states=len(graph))
        answer.never = {step.stmt for code in self.codes for step in code.steps
                        if step.stmt >= 0} - self.passed
        for state in graph:
            if state[1] and state[1][0][0] != 0:
                answer.outlives = True
        for state, task in sorted(stuck_pairs(graph), key=lambda pair: repr(pair[1])):
            stmt, name = self.step_of(task).stmt, self.codes[task[0]].key[0]
            places = answer.unsettled if graph[state] else answer.stuck
            places.setdefault(stmt, set()).add(name)
        # A final state settles what other states leave open.
        for stmt in answer.stuck:
            answer.unsettled.pop(stmt, None)
        return answer


def gather(tasks, first):
    """Adds a task, or one with those it started before its first visible step; None is none."""
    if first is None:
        return
    if first[0] == "group":
        gather(tasks, first[1])
        for other in first[2]:
            gather(tasks, other)
    else:
        tasks.append(first)


def stuck_pairs(graph):
    """The pairs (state, parked task) from which no state is reached in which the task can move."""
    before, alive = {}, set()
    for state, edges in graph.items():
        for after, moved in edges:
            alive.update((state, task) for task in moved)
            for task in set(state[1]).difference(moved):
                before.setdefault((after, task), []).append((state, task))
    todo = list(alive)
    while todo:
        for pair in before.get(todo.pop(), ()):
            if pair not in alive:
                alive.add(pair)
                todo.append(pair)
    return {(state, task) for state in graph for task in state[1]
            if task[2] and (state, task) not in alive}
