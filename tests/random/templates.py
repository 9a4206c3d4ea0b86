"""The skeletons of the generated programs: what people write, with its usual choices and slips.

Each template takes a random.Random and returns a Build.  Whether the outcome leaks is nobody's
intention: the explorer says it.
"""
import copy

from program import (COIN, Arm, Break, Call, Cond, Continue, CvWait, Defer, Do, For, Function, If,
                     Let, Object, Program, Recv, RecvLoop, Return, Select, Send, Spawn, SwitchOff,
                     WaitCtx, While, walk)

NAMES = {
    "jobs": ["jobs", "work", "queue", "requests"],
    "results": ["results", "answers", "replies", "output"],
    "done": ["done", "stop", "quit"],
    "stopped": ["stopped", "finished", "over"],
    "wg": ["wg", "workers", "pending"],
    "mu": ["mu", "lock", "guard"],
    "cv": ["changed", "wakeup", "cond"],
    "ctx": ["ctx", "request_ctx", "life"],
    "worker": ["worker", "consume", "handle", "serve"],
    "producer": ["produce", "feed", "generate", "reader"],
    "flag": ["ready", "opened", "started"],
}


class Build:
    """A program under construction."""

    def __init__(self, rng):
        self.rng = rng
        self.is_careful = self.chance(50)   # forgets nothing
        self.objects = []
        self.functions = []

    def chance(self, percent):
        return self.rng.randrange(100) < percent

    def slips(self, percent):
        return self.chance(percent) and not self.is_careful

    def name(self, word):
        return self.rng.choice(NAMES.get(word, [word]))

    def add(self, kind, word, **fields):
        name = self.name(word)
        taken = {thing.name for thing in self.objects} | {f.name for f in self.functions}
        if name in taken:
            name = word + "_" + str(len(self.objects))
        self.objects.append(Object(kind, name, **fields))
        return name

    def chan(self, word, capacities=(0, 0, 1, 2)):
        return self.add("chan", word, capacity=self.rng.choice(capacities))

    def function(self, word, body, params=(), views=None):
        name = self.name(word)
        taken = {thing.name for thing in self.objects} | {f.name for f in self.functions}
        if name in taken:
            name = word + "_" + str(len(self.functions))
        self.functions.append(Function(name, body, list(params), views or {}))
        return name

    def run(self, body):
        self.functions.append(Function("run", body))
        return self

    def maybe(self, percent, *stmts):
        return list(stmts) if self.chance(percent) else []

    def usually(self, percent, *stmts):
        """What only the careless leave out."""
        return [] if self.slips(100 - percent) else list(stmts)

    def unknown(self):
        """A condition that goes either way, for run."""
        return COIN if self.chance(50) else Cond("argc", number=self.rng.choice((1, 2)))

    def counted(self, wg, body, slip=15):
        """A task's body that lowers `wg` at its end; by defer, or on the last line."""
        if self.slips(slip):
            return body
        leaves = self.is_careful and any(isinstance(stmt, Return) for stmt in walk(body))
        if leaves or self.chance(50):
            return [Defer(Do("done", wg))] + body
        return body + [Do("done", wg)]

    def start(self, wg, fn, times, args=(), slip=10):
        """The spawns of `times` tasks that `counted` functions run."""
        count = max(times + self.rng.choice((-1, 1)), 1) if self.slips(slip) else times
        spawn = Spawn(fn, list(args))
        many = [For(times, [spawn])] if times > 1 else [spawn]
        if self.chance(50):
            return [Do("add", wg, count)] + many
        one = [Do("add", wg, 1), spawn]
        return [For(times, one)] if times > 1 else one


def early_return(b, percent=40):
    return b.maybe(percent, If(COIN, [Return()]))


# ---- channels ------------------------------------------------------------------------------------


def workers(rng):
    b = Build(rng)
    jobs, results = b.chan("jobs"), b.chan("results", (0, 0, 1, 2, 3))
    wg = b.add("wg", "wg")
    count, rounds = rng.choice((1, 2, 2)), rng.choice((1, 2, 2, 3))
    slip = rng.choice(([], [], [If(COIN, [Continue()])], [If(COIN, [Return()])]))
    is_spawn = b.chance(40)
    body = [RecvLoop(jobs, slip + [Send(results)])]
    worker = b.function("worker", body if is_spawn else b.counted(wg, body))
    if is_spawn:
        start = [For(count, [Spawn(worker, wg=wg)])]
    else:
        start = b.start(wg, worker, count)
    feed = [For(rounds, [Send(jobs)])] + b.usually(85, Do("close", jobs))
    way = rng.randrange(3)
    if way == 0:
        closer = b.function("closer", [Do("wait", wg)] + b.usually(85, Do("close", results)))
        ends = [Spawn(closer), RecvLoop(results, b.maybe(30, If(b.unknown(), [Break()])))]
    elif way == 1:
        ends = [For(rounds, [Recv(results)]), Do("wait", wg)]
    else:
        ends = [Do("wait", wg), Do("close", results), RecvLoop(results, [])]
    return b.run(start + feed + b.maybe(15, If(b.unknown(), [Return()])) + ends)


def done_channel(rng):
    b = Build(rng)
    out, done, wg = b.chan("results"), b.add("done", "done"), b.add("wg", "wg")
    arms = [Arm("send", out)] + b.usually(80, Arm("done", done, [Return()]))
    if b.chance(50):
        arms.reverse()
    body = [While(None, [Select(arms)])] if len(arms) > 1 else [While(COIN, [Send(out)])]
    producer = b.function("producer", b.counted(wg, body))
    ends = b.usually(80, Do("close", done)) + [Do("wait", wg)]
    if b.slips(40):
        ends = [If(b.unknown(), [Do("close", done)])] + [Do("wait", wg)]
    take = [For(rng.choice((1, 2)), [Recv(out)])]
    return b.run(b.start(wg, producer, rng.choice((1, 1, 2))) + take + early_return(b, 20) + ends)


def timeout(rng):
    b = Build(rng)
    result = b.chan("results", (0, 0, 1))
    tries = rng.choice((1, 1, 2))
    work = b.function("operation", b.maybe(50, Do("sleep")) + early_return(b, 20) + [Send(result)])
    other = rng.choice(("after", "after", "ctx", "none"))
    arms = [Arm("recv", result)]
    begin = []
    if other == "after":
        arms.append(Arm("after"))
    elif other == "ctx":
        ctx = b.add("ctx", "ctx", timeout=b.chance(70))
        begin = [Defer(Do("free", ctx))]
        arms.append(Arm("done", ctx, b.maybe(40, Return())))
    body = [Spawn(work), Select(arms)]
    return b.run(begin + ([For(tries, body)] if tries > 1 else body))


def handshake(rng):
    b = Build(rng)
    request, reply = b.chan("jobs", (0, 0, 1)), b.chan("results", (0, 0, 1))
    wg = b.add("wg", "wg")
    serve = [Send(reply)]
    if b.slips(20):
        serve += early_return(b, 100)
    if b.is_careful or b.chance(60):
        server_body = [RecvLoop(request, serve)]
    else:
        take = Recv(request, otherwise=rng.choice((None, "return")))
        server_body = [For(rng.choice((1, 2)), [take] + serve)]
    server = b.function("worker", server_body)
    ask = [Send(request), Recv(reply)]
    if b.slips(20):
        ask.reverse()
    rounds = rng.choice((1, 2))
    client = b.function("client", [For(rounds, ask)] if rounds > 1 else ask)
    start = [Spawn(server, wg=wg if b.chance(40) else None)]
    start += [Spawn(client, wg=wg)] * rng.choice((1, 1, 2))
    if b.chance(30):
        start.reverse()
    ends = [Do("wait", wg), Do("close", request)]
    if b.chance(30):
        ends.reverse()
    return b.run(copy.deepcopy(start) + ends[:1 if b.slips(20) else 2])


def pipeline(rng):
    b = Build(rng)
    first, second = b.chan("jobs"), b.chan("results")
    rounds = rng.choice((1, 2, 3))

    def ending(ch, body):
        if b.slips(15):
            return body
        if b.chance(50):
            return [Defer(Do("close", ch))] + body
        return body + [Do("close", ch)]

    source = b.function("producer", ending(first, early_return(b, 25)
                                           + [For(rounds, [Send(first)] + early_return(b, 15))]))
    stage = b.function("stage", ending(second, [RecvLoop(first, b.maybe(25, If(COIN, [Continue()]))
                                                         + [Send(second)] + early_return(b, 15))]))
    if b.chance(25):
        ends = [For(rounds, [Recv(second)])]
    else:
        ends = [RecvLoop(second, b.maybe(25, If(b.unknown(), [Break()])))]
    return b.run([Spawn(source), Spawn(stage)] + ends)


def sentinel(rng):
    b = Build(rng)
    queue, wg = b.chan("jobs"), b.add("wg", "wg")
    count = rng.choice((1, 1, 2))
    leave = rng.choice((Return, Break))
    body = [While(None, [Recv(queue, into="item"), If(Cond("local", "item"), [leave()])])]
    if leave is Return:
        worker = b.function("worker", [Defer(Do("done", wg))] + body)
    else:
        worker = b.function("worker", body + [Do("done", wg)])
    feed = [For(rng.choice((1, 2)), [Send(queue, 7)])]
    last = [Send(queue, 0)]
    if b.chance(25):
        last = [If(b.unknown(), last)]
    if count > 1 and b.chance(60):
        last = [For(2, last)]
    return b.run([Do("add", wg, count), For(count, [Spawn(worker)])] + feed + last
                 + [Do("wait", wg)])


def semaphore(rng):
    b = Build(rng)
    slots, wg = b.chan("slots", (1, 1, 2)), b.add("wg", "wg")
    work = rng.choice(([], [If(COIN, [Return()])], [If(COIN, [Recv(slots), Return()])],
                       [Do("sleep")]))
    task = b.function("job", [Send(slots)] + work + [Recv(slots)])
    return b.run([For(rng.choice((2, 2, 3)), [Spawn(task, wg=wg)]), Do("wait", wg)])


def first_wins(rng):
    b = Build(rng)
    found = b.chan("results", (0, 1, 2))
    done = b.add("done", "done")
    count = rng.choice((2, 2, 3))
    if b.chance(40):
        body = [Select([Arm("send", found), Arm("done", done)])]
    elif b.chance(25):
        body = [Select([Arm("send", found), Arm("default")])]
    else:
        body = early_return(b, 25) + [Send(found)]
    search = b.function("search", body)
    ends = [Recv(found)] + b.maybe(60, Do("close", done))
    if b.chance(25):
        ends = [Defer(Do("close", done)), Select([Arm("recv", found), Arm("after")])]
    return b.run([For(count, [Spawn(search)])] + ends)


def stopped_channel(rng):
    b = Build(rng)
    jobs, stopped = b.chan("jobs"), b.add("done", "stopped")
    body = [RecvLoop(jobs, early_return(b, 30))]
    if b.chance(50):
        body = [Defer(Do("close", stopped))] + body
    elif b.chance(85):
        body = body + [Do("close", stopped)]
    worker = b.function("worker", body)
    feed = b.maybe(30, If(b.unknown(), [Return()])) + [For(rng.choice((1, 2)), [Send(jobs)])]
    ends = b.usually(85, Do("close", jobs)) + [Recv(stopped)]
    if b.slips(15):
        ends.reverse()
    return b.run([Spawn(worker)] + feed + ends)


def switched_off(rng):
    b = Build(rng)
    jobs, extra = b.chan("jobs"), b.add("chan", "extra", is_null=b.chance(70))
    arms = [Arm("recv", jobs, [], closed=[Return()]), Arm("recv", extra)]
    if b.chance(30):
        arms.pop(0)
    wait = Select(arms)
    if b.chance(25):
        wait = Recv(extra, otherwise="return")
    worker = b.function("worker", [While(None, [wait])])
    return b.run([Spawn(worker), For(rng.choice((1, 2)), [Send(jobs)])]
                 + b.usually(85, Do("close", jobs)))


def merge(rng):
    """Two inputs until both are closed; each is switched off as it ends."""
    b = Build(rng)
    left, right = b.chan("lefts", (0, 0, 1)), b.chan("rights", (0, 0, 1))
    sources = [b.function(word, early_return(b, 15) + [For(rng.choice((1, 2)), [Send(ch)])]
                          + b.usually(85, Do("close", ch)))
               for word, ch in (("odds", left), ("evens", right))]
    leave = If(Cond("off", "one"), [If(Cond("off", "two"), [Return()])])
    if b.slips(25):
        leave = If(Cond("off", "one"), [Return()])
    body = [While(None, b.usually(85, leave)
                  + [Select([Arm("recv", "one", closed=[SwitchOff("one")]),
                             Arm("recv", "two", closed=[SwitchOff("two")])])])]
    both = b.function("merge", body, views={"one": left, "two": right})
    return b.run([Spawn(source) for source in sources] + [Spawn(both)])


def errors(rng):
    """The first error ends the collecting; the others still want to report."""
    b = Build(rng)
    count = rng.choice((1, 2))
    results = b.add("chan", "results", capacity=rng.choice((0, count)))
    failed = b.add("chan", "failures", capacity=rng.choice((0, count)))
    task = b.function("worker", [If(COIN, [Send(failed), Return()]), Send(results)])
    leaves = b.maybe(60, Return())
    collect = For(count, [Select([Arm("recv", results), Arm("recv", failed, leaves)])])
    return b.run([For(count, [Spawn(task)]), collect])


def tokens(rng):
    """A channel full of permits."""
    b = Build(rng)
    permits, wg = b.chan("permits", (1, 2)), b.add("wg", "wg")
    hold = rng.choice(([], [], [If(COIN, [Return()])], [If(COIN, [Send(permits), Return()])]))
    task = b.function("job", [Recv(permits)] + hold + [Send(permits)])
    fill = [For(rng.choice((1, 1, 2)), [Send(permits)])]
    return b.run(fill + [For(2, [Spawn(task, wg=wg)]), Do("wait", wg)])


def subscribers(rng):
    """A close tells all of them."""
    b = Build(rng)
    news, wg = b.add("done", "news"), b.add("wg", "wg")
    reader = b.function("subscriber", early_return(b, 20) + [Recv(news)])
    tell = b.usually(85, Do("close", news))
    if b.slips(30):
        tell = [If(b.unknown(), tell)] if tell else []
    if b.chance(30):
        teller = b.function("publisher", early_return(b, 20) + tell)
        tell = [Spawn(teller)]
    return b.run([For(rng.choice((1, 2)), [Spawn(reader, wg=wg)])] + tell + [Do("wait", wg)])


# ---- locks and conditions ------------------------------------------------------------------------


def lock_order(rng):
    b = Build(rng)
    locks = [b.add("mu", name) for name in ("left", "right", "table")[:rng.choice((2, 2, 3))]]
    wg = b.add("wg", "wg")
    hold = rng.choice(([], [If(COIN, [Return()])],
                       [If(COIN, [Do("unlock", "second"), Do("unlock", "first"), Return()])]))
    body = [Do("lock", "first"), Do("lock", "second")] + hold
    if b.chance(50):
        body += [Do("unlock", "second"), Do("unlock", "first")]
    elif b.chance(50):
        body = [Do("lock", "first"), Defer(Do("unlock", "first")), Do("lock", "second"),
                Defer(Do("unlock", "second"))]
    else:
        body = [Do("lock", "first"), If(Cond("try", "second"), [Do("unlock", "second")]),
                Do("unlock", "first")]
    philosopher = b.function("eat", body, [("first", "mu"), ("second", "mu")])
    starts = []
    for i in range(len(locks)):
        pair = [locks[i], locks[(i + 1) % len(locks)]]
        starts.append(Spawn(philosopher, sorted(pair) if b.chance(50) else pair, wg))
    return b.run(starts + [Do("wait", wg)])


def lock_helper(rng):
    b = Build(rng)
    mu, wg = b.add("mu", "mu"), b.add("wg", "wg")
    total = b.add("int", "total")
    inner = b.function("bump", [Do("lock", mu), Do("step", total, 1), Do("unlock", mu)])
    body = [Do("lock", mu), Do("step", total, 1)]
    body += rng.choice(([Do("unlock", mu), Call(inner)], [Do("unlock", mu), Call(inner)],
                        [Call(inner), Do("unlock", mu)],
                        [If(COIN, [Return()]), Do("unlock", mu)],
                        [If(COIN, [Do("unlock", mu), Return()]), Do("unlock", mu)]))
    task = b.function("account", body)
    return b.run([For(2, [Spawn(task, wg=wg)])] + b.maybe(40, Call(inner)) + [Do("wait", wg)])


def sometimes_locked(rng):
    b = Build(rng)
    mu, wg, total = b.add("mu", "mu"), b.add("wg", "wg"), b.add("int", "total")
    again = Cond("local", "shared_use", "!=") if b.chance(75) else COIN
    task = b.function("account", [
        Let("shared_use", "coin"), If(Cond("local", "shared_use", "!="), [Do("lock", mu)]),
        Do("step", total, 1), If(again, [Do("unlock", mu)])])
    return b.run([For(2, [Spawn(task, wg=wg)]), Do("wait", wg)])


def readers_writers(rng):
    b = Build(rng)
    rw, wg, setting = b.add("rw", "config_lock"), b.add("wg", "wg"), b.add("int", "setting")
    look = b.function("look", [Do("rlock", rw), If(Cond("shared", setting, "!="), [Do("sleep")]),
                               Do("runlock", rw)])
    body = [Do("rlock", rw)] + early_return(b, 15)
    body += [Call(look), Do("runlock", rw)] if b.chance(45) else [Do("runlock", rw), Call(look)]
    reader = b.function("reader", body)
    writer = b.function("writer", [Do("wlock", rw), Do("set", setting, 1)]
                        + b.maybe(12, Call(look)) + early_return(b, 12) + [Do("wunlock", rw)])
    return b.run([For(rng.choice((1, 2)), [Spawn(reader, wg=wg)]), Spawn(writer, wg=wg),
                  Do("wait", wg)])


def buffer(rng):
    b = Build(rng)
    mu, count, wg = b.add("mu", "mu"), b.add("int", "count"), b.add("wg", "wg")
    room = rng.choice((1, 2))
    filled = b.add("cv", "filled")
    emptied = filled if b.slips(50) else b.add("cv", "emptied")
    tell = "broadcast" if b.chance(30) else "signal"
    is_loop = not b.slips(25)
    put = b.function("put", [
        Do("lock", mu), CvWait(emptied, mu, Cond("shared", count, "<", room), is_loop),
        Do("step", count, 1), *b.usually(90, Do(tell, filled)), Do("unlock", mu)])
    get = b.function("get", [
        Do("lock", mu), CvWait(filled, mu, Cond("shared", count, ">", 0), is_loop),
        Do("step", count, -1), *b.usually(90, Do(tell, emptied)), Do("unlock", mu)])
    puts = rng.choice((1, 2, 2, 3))
    gets = puts + rng.choice((-1, 1)) if b.slips(35) else puts
    producer = b.function("producer", early_return(b, 12) + [For(puts, [Call(put)])])
    consumer = b.function("consumer", [For(gets, [Call(get)])])
    both = rng.choice((1, 1, 2)) if puts < 3 else 1
    return b.run([For(both, [Spawn(producer, wg=wg), Spawn(consumer, wg=wg)]), Do("wait", wg)])


def gate(rng):
    b = Build(rng)
    mu, flag, cv, wg = (b.add("mu", "mu"), b.add("int", "flag"), b.add("cv", "cv"),
                        b.add("wg", "wg"))
    opened = Cond("shared", flag, "!=")
    waiter = b.function("waiter", [Do("lock", mu), CvWait(cv, mu, opened, not b.slips(25)),
                                   Do("unlock", mu)])
    many = rng.choice((1, 2))
    tell = Do("signal" if b.slips(60) else "broadcast", cv)
    opens = [Do("lock", mu), Do("set", flag, 1), tell, Do("unlock", mu)]
    slip = rng.randrange(8)
    if slip == 0:
        opens = [Do("set", flag, 1), tell]
    elif slip == 1:
        opens.remove(tell)
    elif slip == 2:
        opens = [tell, Do("lock", mu), Do("set", flag, 1), Do("unlock", mu)]
    elif slip == 3:
        opens = [Do("lock", mu), Do("set", flag, 1), Do("unlock", mu), tell]
    elif slip == 4:
        opens = [If(b.unknown(), opens)]
    return b.run([For(many, [Spawn(waiter, wg=wg)])] + opens + [Do("wait", wg)])


def barrier(rng):
    b = Build(rng)
    mu, arrived, cv, wg = (b.add("mu", "mu"), b.add("int", "arrived"), b.add("cv", "cv"),
                           b.add("wg", "wg"))
    parties = 2
    needs = parties + 1 if b.slips(30) else parties
    all_in = Cond("shared", arrived, ">=", needs)
    tell = Do("signal" if b.slips(40) else "broadcast", cv)
    body = [Do("lock", mu), *early_return(b, 10), Do("step", arrived, 1),
            If(Cond("shared", arrived, ">=", needs), [tell],
               [CvWait(cv, mu, all_in, not b.slips(25))]),
            Do("unlock", mu)]
    party = b.function("party", early_return(b, 12) + body)
    return b.run([For(parties, [Spawn(party, wg=wg)]), Do("wait", wg)])


def turns(rng):
    """Two tasks take turns by a number under a lock."""
    b = Build(rng)
    mu, turn, cv, wg = (b.add("mu", "mu"), b.add("int", "turn"), b.add("cv", "cv"),
                        b.add("wg", "wg"))
    rounds = rng.choice((1, 2))

    def player(name, mine, next_one):
        tell = b.usually(85, Do("signal" if b.chance(60) else "broadcast", cv))
        body = [Do("lock", mu), CvWait(cv, mu, Cond("shared", turn, "==", mine), not b.slips(20)),
                Do("set", turn, next_one)] + tell + [Do("unlock", mu)]
        return b.function(name, [For(rounds if not b.slips(20) else 1, body)])

    order = (0, 1, 0) if rng.randrange(3) else (0, 1, 2)
    players = [player("ping", order[0], order[1]), player("pong", order[1], order[2])]
    if order[2] == 2:
        players.append(player("pung", 2, 0))
    return b.run([Spawn(name, wg=wg) for name in players] + [Do("wait", wg)])


def wait_while_locked(rng):
    """A condition is waited for while another lock is held."""
    b = Build(rng)
    outer, mu, ready, cv, wg = (b.add("mu", "registry"), b.add("mu", "mu"), b.add("int", "flag"),
                                b.add("cv", "cv"), b.add("wg", "wg"))
    wait = [Do("lock", mu), CvWait(cv, mu, Cond("shared", ready, "!=")), Do("unlock", mu)]
    needs = [Do("lock", outer)] + wait + [Do("unlock", outer)]
    if b.is_careful:
        needs = [Do("lock", outer), Do("unlock", outer)] + wait
    opens = [Do("lock", mu), Do("set", ready, 1), Do("broadcast", cv), Do("unlock", mu)]
    gives = [Do("lock", outer)] + opens + [Do("unlock", outer)] if b.chance(60) else opens
    one, two = b.function("waiter", needs), b.function("setter", gives)
    starts = [Spawn(one, wg=wg), Spawn(two, wg=wg)]
    if b.chance(50):
        starts.reverse()
    return b.run(starts + [Do("wait", wg)])


def wait_or_end(rng):
    """A condition or the end of a context, whichever comes first."""
    b = Build(rng)
    mu, ready, cv, wg = (b.add("mu", "mu"), b.add("int", "flag"), b.add("cv", "cv"),
                         b.add("wg", "wg"))
    ctx = b.add("ctx", "ctx", timeout=b.chance(40))
    watched = None if b.slips(30) else ctx
    waiter = b.function("waiter", [Do("lock", mu), CvWait(cv, mu, Cond("shared", ready, "!="),
                                                          ctx=watched), Do("unlock", mu)])
    ends = b.maybe(50, Do("lock", mu), Do("set", ready, 1), Do("broadcast", cv), Do("unlock", mu))
    ends += b.usually(85, Do("cancel", ctx))
    return b.run([Defer(Do("free", ctx)), For(rng.choice((1, 2)), [Spawn(waiter, wg=wg)])] + ends
                 + [Do("wait", wg)])


def locked_send(rng):
    b = Build(rng)
    mu, ch, wg = b.add("mu", "mu"), b.chan("jobs", (0, 0, 1)), b.add("wg", "wg")
    send = [Do("lock", mu), Send(ch), Do("unlock", mu)]
    if b.chance(40):
        send = [Do("lock", mu), Do("unlock", mu), Send(ch)]
    sender = b.function("sender", send)
    take = [Do("lock", mu), Recv(ch), Do("unlock", mu)]
    if b.chance(50):
        take = [Recv(ch), Do("lock", mu), Do("unlock", mu)]
    taker = b.function("taker", take)
    starts = [Spawn(sender, wg=wg), Spawn(taker, wg=wg)]
    return b.run(starts + [Do("wait", wg)])


def stop_flag(rng):
    b = Build(rng)
    mu, stop, jobs, wg = (b.add("mu", "mu"), b.add("int", "stopping"), b.chan("jobs", (0, 1)),
                          b.add("wg", "wg"))
    check = [Do("lock", mu), If(Cond("shared", stop, "!="), [Do("unlock", mu), Return()]),
             Do("unlock", mu)]
    wait = rng.choice((Recv(jobs), Select([Arm("recv", jobs), Arm("after")]),
                       Recv(jobs, otherwise="return")))
    worker = b.function("worker", [While(None, check + [wait])])
    ends = [Do("lock", mu), Do("set", stop, 1), Do("unlock", mu)]
    ends += b.maybe(40, Do("close", jobs)) + [Do("wait", wg)]
    return b.run([Spawn(worker, wg=wg)] + b.maybe(60, Send(jobs)) + ends)


# ---- wait groups and contexts --------------------------------------------------------------------


def wait_group(rng):
    b = Build(rng)
    wg, out = b.add("wg", "wg"), b.chan("results", (0, 1, 2))
    count = rng.choice((1, 2))
    body = early_return(b, 50) + b.maybe(50, Send(out))
    task = b.function("worker", b.counted(wg, body, 5))
    uses = [stmt for stmt in body if isinstance(stmt, Send)]
    drain = [For(count, [Recv(out)])] if uses and b.chance(60) else []
    ends = [Do("wait", wg)] + drain
    if b.chance(60):
        ends.reverse()
    if b.chance(15):
        ends = [If(b.unknown(), [Return()])] + ends
    return b.run(b.start(wg, task, count) + ends)


def parents(rng):
    """A task starts tasks of its own and waits for them; others wait for it."""
    b = Build(rng)
    wg, below, out = b.add("wg", "wg"), b.add("wg", "children"), b.chan("results", (0, 1, 2))
    child = b.function("child", b.maybe(70, Send(out)) + early_return(b, 15))
    count = rng.choice((1, 2))
    body = [For(count, [Spawn(child, wg=below)]), *b.maybe(40, If(COIN, [Return()]))]
    drains = b.maybe(60, For(count, [Recv(out)]))
    body += (drains + [Do("wait", below)]) if not b.slips(25) else ([Do("wait", below)] + drains)
    parent = b.function("parent", b.counted(wg, body))
    return b.run(b.start(wg, parent, 1) + [Do("wait", wg)])


def cancelled_pipeline(rng):
    """Stages that a context ends; some forget it."""
    b = Build(rng)
    first, second, wg = b.chan("jobs", (0, 1)), b.chan("results", (0, 1)), b.add("wg", "wg")
    ctx = b.add("ctx", "ctx", timeout=b.chance(30))

    def watched():
        return None if b.slips(25) else ctx

    source = b.function("producer", [Defer(Do("close", first)), For(
        rng.choice((1, 2)), [Send(first, otherwise="return", ctx=watched())])])
    stage = b.function("stage", [Defer(Do("close", second)), RecvLoop(
        first, [Send(second, otherwise="return", ctx=watched())], ctx=watched())])
    take = [Recv(second)] if b.chance(50) else [RecvLoop(second, [If(COIN, [Break()])])]
    ends = b.usually(80, Do("cancel", ctx)) + [Do("wait", wg)]
    begin = [Defer(Do("free", ctx)), Spawn(source, wg=wg), Spawn(stage, wg=wg)]
    return b.run(begin + take + ends)


def context(rng):
    b = Build(rng)
    ctx, jobs, wg = (b.add("ctx", "ctx", timeout=b.chance(25)), b.chan("jobs", (0, 1)),
                     b.add("wg", "wg"))
    watched = ctx
    if b.chance(30):
        watched = b.add("ctx", "child", parent=ctx if b.chance(75) else None)
    way = rng.randrange(4)
    if way == 0:
        body = [While(None, [Recv(jobs, otherwise="return", ctx=watched)])]
    elif way == 1:
        body = [While(None, [Select([Arm("recv", jobs), Arm("done", watched, [Return()])])])]
    elif way == 2:
        body = [While(None, [If(Cond("ended", watched), [Return()]), Recv(jobs)])]
    else:
        body = [RecvLoop(jobs, early_return(b, 20), ctx=watched)]
    worker = b.function("worker", body)
    begin = [Defer(Do("free", ctx))]
    if watched != ctx:
        begin.append(Defer(Do("free", watched)))
    feed = [For(rng.choice((1, 2)), [Send(jobs, ctx=watched if b.chance(60) else None)])]
    ends = b.usually(75, Do("cancel", ctx))
    if b.chance(20):
        ends = [If(b.unknown(), ends)] if ends else []
    if b.chance(20):
        ends += [WaitCtx(wg, ctx)]
    else:
        ends += [Do("wait", wg)]
    starts = [For(rng.choice((1, 2)), [Spawn(worker, wg=wg)])]
    return b.run(begin + starts + feed + ends)


# ---- without a plan ------------------------------------------------------------------------------


def noise(rng):
    """Tasks of random statements over a few objects."""
    b = Build(rng)
    channels = [b.chan("jobs"), b.chan("results")]
    done, wg, mu = b.add("done", "done"), b.add("wg", "wg"), b.add("mu", "mu")

    def some(depth, length):
        return [stmt for _ in range(rng.choice(range(1, length + 1))) for stmt in one(depth)]

    def one(depth):
        ch = rng.choice(channels)
        kind = rng.randrange(11 if depth else 7)
        if kind < 2:
            return [Send(ch)]
        if kind < 4:
            return [Recv(ch)]
        if kind == 4:
            return [Do("lock", mu), *(some(0, 1) if depth else []), Do("unlock", mu)]
        if kind == 5:
            return [If(COIN, [Return()])]
        if kind == 6:
            return [Select([Arm("recv", ch), Arm("done", done, b.maybe(50, Return()))])]
        if kind == 7:
            return [For(2, some(depth - 1, 2))]
        if kind == 8:
            return [RecvLoop(ch, some(0, 1))]
        if kind == 9:
            return [If(COIN, some(depth - 1, 2), b.maybe(50, *some(depth - 1, 1)))]
        return [Select([Arm("recv", channels[0]), Arm("send", channels[1]), Arm("after")])]

    words = ("first", "second", "third")[:rng.choice((2, 3))]
    tasks = [b.function(word, some(1, 3)) for word in words]
    body = [Spawn(task, wg=wg if b.chance(70) else None) for task in tasks]
    ends = [Do("close", channels[0]), Do("close", done), Do("wait", wg)]
    return b.run(body + some(1, 2) + ends[rng.choice((0, 0, 1, 2)):])


TEMPLATES = {function.__name__: function for function in (
    workers, done_channel, timeout, handshake, pipeline, sentinel, semaphore, first_wins,
    stopped_channel, switched_off, lock_order, lock_helper, sometimes_locked, readers_writers,
    buffer, gate, barrier, locked_send, stop_flag, wait_group, context, noise, merge, errors,
    tokens, subscribers, turns, wait_while_locked, wait_or_end, parents, cancelled_pipeline)}


def build(template, rng):
    done = TEMPLATES[template](rng)
    return Program(template, done.objects, done.functions), done.is_careful
