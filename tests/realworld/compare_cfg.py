#!/usr/bin/env python3
"""Our control-flow graphs against clang's, function by function.

    compare_cfg.py [OPTION...] BUILD-DIR        every C unit of BUILD-DIR/compile_commands.json
    compare_cfg.py --dumps CLANG LEASH          two dumps that lie in files

What is compared is the relation "this call can be the next one after that call", the function's
entry and its exits included.  It is taken from the dump of clang's checker debug.DumpCFG and from
`leash check --dump-ir`.

Neither dump numbers a call in a way that the other one knows, so call sites are identified by what
both say of them: whom they call (the function, variable or field that names it) with how many
arguments, and then their place in the relation, refined until it distinguishes no more (partition
refinement: two sites are the same when their labels are, and their predecessors and successors are
the same again).  A function agrees when both relations have the same sites in the same number.

What is levelled out before, and why:
 1. Built-in functions (__builtin_..., __sync_..., __atomic_..., __c11_...) are no calls on either
    side: the IR keeps only their value, and the two name them differently.  Nor is memset: where it
    zeroes a whole object the IR has an assignment in its place.
 2. Nothing follows a call that does not return.  Clang draws an edge to the exit from there.
 3. Branches on constants: clang drops the dead edge, so it is dropped in the IR as well.  But where
    a switch names each enumerator clang declares its default edge dead, and we do not, since an
    enumeration may hold any integer: that edge is kept.
 4. Clang joins the ways of `a && b` before it applies `!` or `__builtin_expect` to it, and those of
    `a ? b : 0` always, and then branches both ways.  The IR branches at once, so it lacks pairs
    that no run can show.  So a function also agrees when it does so after clang's edges were
    followed through such a join with the value they carry there; these are counted apart.
 5. What cannot be reached from the entry is left out on both sides.
 6. Functions of system headers are left out: leash does not lower them.  Clang does not tell where
    a function stands, so a header's function counts only if leash has it; one of the main file that
    leash lacks counts as missing.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

AGREE, AGREE_THREADED, DIFFER, MISSING = "agrees", "agrees through a join", "differs", "missing"
UNKNOWN = "has no graph of clang's"
COMPARED = (AGREE, AGREE_THREADED, DIFFER, MISSING)
BUILTIN = re.compile(r"__(builtin|sync|atomic|c11)_|memset/3$")
REF = re.compile(r"\[B(\d+)\.(\d+)\]")
ENTRY, EXIT = "ENTRY", "EXIT"
LINES_MAX = 12  # of the difference of one function


class Block:
    """Calls in order, and where control goes; `exits` means out of the function."""

    def __init__(self):
        self.calls = []  # (label, position or "")
        self.successors = []
        self.exits = False


class Graph:
    def __init__(self, name, place=""):
        self.name, self.place = name, place
        self.blocks = {}
        self.entry = None


def count_arguments(text):
    """Arguments in `text`, what stands between a call's parentheses."""
    if not text.strip():
        return 0
    depth, commas, quote, i = 0, 0, "", 0
    while i < len(text):
        letter = text[i]
        if quote:
            if letter == "\\":
                i += 1
            elif letter == quote:
                quote = ""
        elif letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif letter == "," and depth == 0:
            commas += 1
        i += 1
    return commas + 1


def closing(text, start):
    """The index of the bracket that closes the one at `start`; -1: there is none."""
    depth, quote, i = 0, "", start
    while i < len(text):
        letter = text[i]
        if quote:
            if letter == "\\":
                i += 1
            elif letter == quote:
                quote = ""
        elif letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    return -1


def label_of(name, argument_count):
    return f"{name}/{argument_count}"


# ---- clang's dump -------------------------------------------------------------------------------


class ClangBlock:
    def __init__(self, marks):
        self.marks = marks  # "ENTRY", "EXIT", "NORETURN", ...
        self.elements = []
        self.terminator = ""
        self.successors = []  # (block, is it reachable), None for no edge
        self.edge_list = ""  # "Preds" or "Succs": the list that is being read


def declared_name(line):
    """The function's name in a declaration as clang prints it: `int f(void)`, `int (f)(void)`."""
    line = re.sub(r"__attribute__\(\((?:[^()]|\([^()]*\))*\)\)", "", line)
    for match in re.finditer(r"([A-Za-z_]\w*)\)?\(", line):
        if match[1] not in ("typeof", "__typeof__", "_Atomic", "_Alignas", "__declspec"):
            return match[1]
    return None


def parse_clang(text):
    """The functions of a dump: a list of (name, blocks by number)."""
    functions, blocks, block = [], None, None
    for line in text.splitlines():
        heading = re.match(r" \[B(\d+)(?: \((.*)\))?\]$", line)
        if heading and blocks is not None:
            block = blocks[int(heading[1])] = ClangBlock(heading[2] or "")
            continue
        if line and not line[0].isspace() and not line.startswith("}") and (
                block is None or "EXIT" in block.marks):
            name = declared_name(line)
            if name:
                blocks, block = {}, None
                functions.append((name, blocks))
            continue
        if block is not None:
            parse_clang_line(block, line)
    return functions


def parse_clang_line(block, line):
    element = re.match(r" +(\d+): (.*)$", line)
    edges = re.match(r"   (Preds|Succs) \(\d+\):(.*)$", line)
    if edges:
        block.edge_list = edges[1]
        line = edges[2]
    if block.edge_list == "Succs":  # a long list takes several lines
        for word in line.split():
            edge = re.match(r"B(\d+)(\(Unreachable\))?$", word)
            block.successors.append((int(edge[1]), not edge[2]) if edge else None)
    elif block.edge_list:
        pass
    elif line.startswith("   T: "):
        block.terminator = line[6:]
    elif element and int(element[1]) == len(block.elements) + 1:
        block.elements.append(element[2])
    elif block.elements and not block.terminator:
        block.elements[-1] += "\n" + line  # an initialiser with statements in it


CALL = re.compile(r"\(*\[B\d+\.\d+\]\)*\(")


class ClangFunction:
    """Turns clang's blocks into a Graph."""

    def __init__(self, name, blocks):
        self.name, self.blocks = name, blocks

    def element(self, ref):
        block = self.blocks.get(int(ref[1]))
        number = int(ref[2])
        return block.elements[number - 1] if block and number <= len(block.elements) else ""

    def callee(self, text, depth=0):
        """Whom an expression names: a function, a variable, a field after '.'; '*' otherwise."""
        text = re.sub(r" \((ImplicitCastExpr|CStyleCastExpr), .*\)$", "", text, flags=re.S)
        text = re.sub(r"^_Generic\(.*(\[B\d+\.\d+\]).*\)$", r"\1", text, flags=re.S)
        text = re.sub(r"^[(&*]*(\([^()\[\]]*(\(\*\)\([^\[\]]*\))?\))?(?=\(*\[B)", "", text)
        ref = REF.match(text.lstrip("("))
        rest = text.lstrip("(")[ref.end():].strip(")") if ref else ""
        if depth > 20:
            return "*"
        if re.fullmatch(r"[A-Za-z_]\w*", text):
            return text
        field = re.fullmatch(r"(?:->|\.)(\w+)", rest)
        if field:
            return "." + field[1]
        if ref and not rest:
            return self.callee(self.element(ref), depth + 1)
        return "*"

    def call(self, text):
        """The label of an element that is a call, else None."""
        cleanup = re.match(r"CleanupFunction \((\w+)\)$", text)
        if cleanup:
            return label_of(cleanup[1], 1)
        head = CALL.match(text)
        if not head or closing(text, head.end() - 1) != len(text) - 1:
            return None
        callee = text[:head.end() - 1]
        is_through_pointer = "*" in callee
        name = "*" if is_through_pointer else self.callee(callee)
        return label_of(name, count_arguments(text[head.end():-1]))

    def calls(self, block):
        labels = [self.call(text) for text in block.elements]
        return [label for label in labels if label and not BUILTIN.match(label)]

    def edge(self, block, index):
        """The block an edge leads to; None: it cannot be taken (rules 2 and 3)."""
        if "NORETURN" in block.marks or index >= len(block.successors):
            return None
        edge = block.successors[index]
        if edge is None:
            return None
        dead = [e for e in block.successors if e is not None and not e[1]]
        is_default_of_enum = (block.terminator.startswith("switch") and len(dead) == 1 and
                              index == len(block.successors) - 1 and len(block.successors) > 1 and
                              not self.is_constant_switch(block))
        return edge[0] if edge[1] or is_default_of_enum else None

    def is_constant_switch(self, block):
        refs = list(REF.finditer(block.terminator))
        return bool(refs) and re.fullmatch(r"-?\d+\w*", self.element(refs[-1])) is not None

    def brings(self, number, index, target):
        """The value an edge carries into the join at its target; None: not known."""
        join = self.blocks[target].elements[:1] or [""]
        terminator = self.blocks[number].terminator
        if re.search(r"\]\)* (&&|\|\|) \(*(\[|!)", join[0]):
            return index == 0 if re.search(r"(&&|\|\|) \.\.\.$", terminator) else None
        if not terminator and re.search(r"\]\)* \? ", join[0]):
            arms = [ref for ref in list(REF.finditer(join[0]))[1:] if int(ref[1]) == number]
            return self.constant(arms[0]) if arms else None
        return None

    def constant(self, ref):
        """Whether a number, at the end of commas and casts, is not 0; None: it is no number."""
        for _ in range(20):
            text = self.element(ref)
            if re.fullmatch(r"\d+\w*", text):
                return int(re.match(r"\d+", text)[0]) != 0
            inner = re.fullmatch(r"(?:\.\.\. , |\([\w *]+\))?\(*(\[B\d+\.\d+\])\)*"
                                 r"(?: \(\w+Cast.*)?", text)
            if not inner:
                return None
            ref = REF.match(inner[1])
        return None

    def joined(self, number):
        """Whether the first element's value is negated before the branch on it.

        None: the block does more than to branch on that value."""
        block = self.blocks[number]
        if self.calls(block) or len(block.successors) != 2 or not block.terminator:
            return None
        refs = list(REF.finditer(block.terminator))
        if not refs or int(refs[-1][1]) != number:
            return None
        return self.negation(refs[-1], number)

    def negation(self, ref, number):
        is_negated = False
        for _ in range(20):
            if (int(ref[1]), int(ref[2])) == (number, 1):
                return is_negated
            text = re.sub(r" \((Implicit|CStyle)CastExpr, .*\)$", "", self.element(ref))
            refs = list(REF.finditer(text))
            call = self.call(text)
            if call and call.startswith("__builtin_expect") and len(refs) > 1:
                ref = refs[1]
            elif len(refs) == 1 and re.match(r"(!|\([\w *]+\))?\(*\[", text):
                is_negated ^= text.startswith("!")
                ref = refs[0]
            else:
                return None
        return None

    def follow(self, number, index):
        """Rule 4: the target of an edge, through joins that only branch on what it brings."""
        target = self.edge(self.blocks[number], index)
        for _ in range(100):
            value = self.brings(number, index, target) if target is not None else None
            is_negated = self.joined(target) if value is not None else None
            if is_negated is None:
                break
            number, index = target, int(value == is_negated)
            target = self.edge(self.blocks[number], index)
        return target

    def graph(self, is_threaded):
        graph = Graph(self.name)
        for number, block in self.blocks.items():
            made = graph.blocks[number] = Block()
            made.calls = [(label, "") for label in self.calls(block)]
            made.exits = "EXIT" in block.marks
            for index in range(len(block.successors)):
                target = (self.follow(number, index) if is_threaded else self.edge(block, index))
                if target is not None:
                    made.successors.append(target)
            if "ENTRY" in block.marks:
                graph.entry = number
        return graph


# ---- our dump -----------------------------------------------------------------------------------


def parse_leash(text):
    """The functions of `leash check --dump-ir`, by name."""
    functions, graph, block = {}, None, None
    for line in text.splitlines():
        heading = re.match(r"function (.*) at (\S+:\d+:\d+|\d+:\d+)", line)
        if heading:
            name = re.match(r"([A-Za-z_]\w*)\(", heading[1])[1]
            graph, block = Graph(name, heading[2]), None
            functions[name] = graph
        elif line and not line[0].isspace():
            graph = None
        elif graph is not None:
            start = re.match(r"  b(\d+):", line)
            if start:
                block = graph.blocks[int(start[1])] = Block()
                graph.entry = 0
            elif block is not None and line.startswith("    "):
                parse_leash_line(block, line)
    return functions


def leash_callee(text):
    if re.fullmatch(r"\w+(\.\d+)?", text) and not re.fullmatch(r"t\d+", text):
        return text.split(".")[0]
    field = re.search(r"(?:->|\.)([A-Za-z_]\w*)$", text)
    return "." + field[1] if field and not text.startswith(("*", "(*")) else "*"


def leash_call(text):
    """The label of an operation that is a call, else None."""
    text = re.sub(r"^(cleanup )?(t\d+ = )?", "", text)
    start = 0
    if text.startswith("("):
        if not text.startswith(("(*", "(&", "((")):
            return None  # a cast
        start = closing(text, 0) + 1
    elif not re.match(r"[A-Za-z_]", text):
        return None
    while start < len(text) and text[start] != "(":
        if text[start] == "[":
            start = closing(text, start)
        elif not re.match(r"[\w.>-]", text[start]):
            return None
        start += 1
    if start >= len(text) or closing(text, start) != len(text) - 1:
        return None
    return label_of(leash_callee(text[:start]), count_arguments(text[start + 1:-1]))


def parse_leash_line(block, line):
    text, position = re.match(r"\s*(.*?)(?:\s+# (\S+))?$", line).groups()
    branch = re.match(r"if (.*) goto b(\d+) else b(\d+)$", text)
    if branch:
        taken = {"true": [2], "1": [2], "false": [3], "0": [3]}.get(branch[1], [2, 3])
        block.successors = [int(branch[i]) for i in taken]
    elif re.match(r"goto b\d+$", text):
        block.successors = [int(text[6:])]
    elif re.match(r"(switch .*: .*|goto \*\(.*\):.*)$", text):
        block.successors = leash_targets(text)
    elif re.match(r"return( |$)", text):
        block.exits = True
    elif not re.match(r"(stop|begin \S+|end \S+|unknown .*)$", text):
        label = leash_call(text)
        if label and not BUILTIN.match(label):
            block.calls.append((label, position))


def leash_targets(text):
    constant = re.match(r"switch (-?\d+): ", text)
    if constant:
        cases = re.findall(r"(-?\d+|default)(?:\.\.(-?\d+))? -> b(\d+)", text)
        for low, high, target in cases:
            if low == "default" or int(low) <= int(constant[1]) <= int(high or low):
                return [int(target)]
    return [int(target) for target in re.findall(r"(?:-> b|\)?:? b)(\d+)(?=,|$)", text)]


# ---- the relation -------------------------------------------------------------------------------


class Relation:
    """Call sites and, for each, what can come next: other sites, or the exit."""

    def __init__(self, graph):
        self.labels, self.places = [ENTRY, EXIT], ["", ""]
        self.next = [set(), set()]
        self.first_site = {}
        self.graph = graph
        self.starts = {}
        if graph.entry is None:
            return
        waiting, seen = [(0, graph.entry)], set()
        while waiting:
            site, block = waiting.pop()
            for key in self.events_from(block):
                follower = 1 if key == EXIT else self.site(key)
                self.next[site].add(follower)
                if key != EXIT and follower not in seen:
                    seen.add(follower)
                    waiting += self.after(key, follower)

    def site(self, block):
        """The number of the first site of a block; all of its sites are made with it."""
        if block not in self.first_site:
            self.first_site[block] = len(self.labels)
            for label, place in self.graph.blocks[block].calls:
                self.labels.append(label)
                self.places.append(place)
                self.next.append(set())
        return self.first_site[block]

    def after(self, block, first):
        """Links the sites of a block in a row; what is to be linked to its last one."""
        last = first + len(self.graph.blocks[block].calls) - 1
        for site in range(first, last):
            self.next[site].add(site + 1)
        if self.graph.blocks[block].exits:
            self.next[last].add(1)
        return [(last, target) for target in self.graph.blocks[block].successors]

    def events_from(self, block):
        """The blocks with calls that come first from the start of `block`, and EXIT."""
        if block not in self.starts:
            found, seen, waiting = set(), {block}, [block]
            while waiting:
                number = waiting.pop()
                at = self.graph.blocks[number]
                if at.calls:
                    found.add(number)
                    continue
                if at.exits:
                    found.add(EXIT)
                for target in at.successors:
                    if target not in seen:
                        seen.add(target)
                        waiting.append(target)
            self.starts[block] = found
        return self.starts[block]

    def pairs(self):
        """How often one label follows another."""
        return collections.Counter((self.labels[a], self.labels[b])
                                   for a in range(len(self.labels)) for b in self.next[a])

    def where(self, pair):
        found = [(self.places[a], self.places[b]) for a in range(len(self.labels))
                 for b in self.next[a] if (self.labels[a], self.labels[b]) == pair]
        return [f"{a or '?'} to {b or '?'}" for a, b in found if a or b]


def colours(relations):
    """Sites of several relations, by a number that is equal where they cannot be told apart."""
    sites = [(r, s) for r, relation in enumerate(relations) for s in range(len(relation.labels))]
    before = collections.defaultdict(list)
    for r, s in sites:
        for follower in relations[r].next[s]:
            before[(r, follower)].append((r, s))
    colour = {(r, s): relations[r].labels[s] for r, s in sites}
    count = len(set(colour.values()))
    while True:
        signature = {
            (r, s): (colour[(r, s)], tuple(sorted(colour[(r, f)] for f in relations[r].next[s])),
                     tuple(sorted(colour[p] for p in before[(r, s)]))) for r, s in sites}
        numbers = {key: f"{i}" for i, key in enumerate(sorted(set(signature.values())))}
        colour = {site: numbers[signature[site]] for site in sites}
        if len(numbers) == count:
            return [collections.Counter(colour[(r, s)] for s in range(len(relation.labels)))
                    for r, relation in enumerate(relations)]
        count = len(numbers)


def is_same(ours, clang):
    if len(ours.labels) != len(clang.labels) or ours.pairs() != clang.pairs():
        return False
    left, right = colours([ours, clang])
    return left == right


class Result:
    """What came out for one function."""

    def __init__(self, name, place, verdict, lines=(), has_calls=False):
        self.name, self.place = name, place  # place: "" when leash has no such function
        self.verdict, self.lines = verdict, list(lines)  # lines tell the difference
        self.has_calls = has_calls

    def is_in_header(self):
        return self.place.count(":") == 2  # "util.h:12:5", but "12:5" in the main file


def compare(clang_function, our_graph):
    clang = Relation(clang_function.graph(is_threaded=False))
    has_calls = len(clang.labels) > 2
    if our_graph is None:
        return Result(clang_function.name, "", MISSING, ["leash has no such function"], has_calls)
    ours, lines = Relation(our_graph), []
    threaded = Relation(clang_function.graph(is_threaded=True))
    if is_same(ours, clang):
        verdict = AGREE
    elif is_same(ours, threaded):
        verdict = AGREE_THREADED
    else:
        verdict, lines = DIFFER, difference(ours, threaded)
    return Result(clang_function.name, our_graph.place, verdict, lines, has_calls)


def difference(ours, clang):
    lines = []
    our_pairs, clang_pairs = ours.pairs(), clang.pairs()
    for word, more, less in (("only leash", our_pairs, clang_pairs),
                             ("only clang", clang_pairs, our_pairs)):
        for pair, count in sorted((more - less).items()):
            where = "; ".join(ours.where(pair)) if word == "only leash" else ""
            lines.append(f"{word}: {pair[0]} -> {pair[1]}" + (f" (x{count})" if count > 1 else "") +
                         (f"  [{where}]" if where else ""))
    if len(lines) > LINES_MAX:
        lines[LINES_MAX:] = [f"... and {len(lines) - LINES_MAX} more"]
    return lines or ["the same pairs of names, but other sites of these names"]


# ---- units --------------------------------------------------------------------------------------

DROPPED = {"-c", "-MD", "-MMD", "-MP", "-MM", "-M", "-pipe"}
DROPPED_WITH_VALUE = {"-o", "-MF", "-MT", "-MQ"}


def arguments_of(entry):
    return entry.get("arguments") or shlex.split(entry["command"])


def units_of(folder):
    """The C units of a database, each file once: its first entry."""
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    found = {}
    for entry in entries:
        path = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
        if path.endswith(".c") and "-cc1" not in arguments_of(entry):
            found.setdefault(path, entry)
    return found


def clang_command(clang, entry):
    arguments, kept = iter(arguments_of(entry)[1:]), []
    for argument in arguments:
        if argument in DROPPED_WITH_VALUE:
            next(arguments, None)
        elif argument not in DROPPED and not argument.startswith(("-Wp,", "-M")):
            kept.append(argument)
    return [clang, "--analyze", "--analyzer-no-default-checks", "-U__clang_analyzer__",
            "-Xclang", "-analyzer-checker=debug.DumpCFG", "-Qunused-arguments", *kept, "-w",
            "-o", "/dev/null"]


HEADERS_TOO = ["-Xclang", "-analyzer-opt-analyze-headers"]


def run(command, directory):
    done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    return (done.returncode, done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"))


def compare_unit(options, path, entry):
    """(problem or "", results)."""
    command = clang_command(options.clang, entry)
    status, _, dump = run(command + HEADERS_TOO, entry["directory"])
    if status:
        error = re.search(r".*error:.*", dump)
        return f"clang: {error[0] if error else f'status {status}'}", []
    status, out, messages = run(
        [options.leash, "check", "--dump-ir", path, "--", *arguments_of(entry)], entry["directory"])
    if status not in (0, 1):
        return f"leash: status {status}: {messages.strip()[:300]}", []
    results = list(compare_dumps(dump, out, options.only))
    if any(result.verdict == MISSING for result in results):
        # Clang dumps system headers as well, which leash leaves out: ask for the main file's alone.
        _, _, dump = run(command, entry["directory"])
        own = {name for name, _ in parse_clang(dump)}
        results = [result for result in results if result.verdict != MISSING or result.name in own]
    return "", results


def compare_dumps(clang_text, leash_text, only=None):
    """A result for each function of either dump."""
    ours = parse_leash(leash_text)
    for name, blocks in parse_clang(clang_text):
        graph = ours.pop(name, None)
        if blocks and (only is None or only == name):
            yield compare(ClangFunction(name, blocks), graph)
    for name, graph in ours.items():
        if only is None or only == name:
            yield Result(name, graph.place, UNKNOWN)


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Tally:
    """Functions by verdict; one of a header counts once, and once more for each difference."""

    def __init__(self):
        self.counts = collections.Counter()
        self.with_calls = collections.Counter()
        self.seen = set()
        self.problems = 0

    def add(self, unit, results):
        for result in results:
            key = (result.name, result.place, tuple(result.lines))
            if result.is_in_header() and key in self.seen:
                continue
            self.seen.add(key)
            self.counts[result.verdict] += 1
            self.with_calls[result.verdict] += result.has_calls
            if result.lines or result.verdict == UNKNOWN:
                print(f"{unit}: {result.name} at {result.place or '?'} {result.verdict}")
                for line in result.lines:
                    print(f"    {line}")

    @staticmethod
    def share(counts):
        total = sum(counts[verdict] for verdict in COMPARED)
        agreed = counts[AGREE] + counts[AGREE_THREADED]
        return total, agreed, 100 * agreed / total if total else 0

    def report(self, limit):
        total, agreed, percent = self.share(self.counts)
        calling, _, percent_calling = self.share(self.with_calls)
        print(f"{total} functions: {agreed} agree ({self.counts[AGREE_THREADED]} through a join), "
              f"{self.counts[DIFFER]} differ, {self.counts[MISSING]} missing: {percent:.2f} %; "
              f"of the {calling} that call something {percent_calling:.2f} %; "
              f"{self.counts[UNKNOWN]} without a graph of clang's")
        return 0 if total and percent >= limit and not self.problems else 1


def main():
    parser = argparse.ArgumentParser(description="leash's control-flow graphs against clang's")
    parser.add_argument("--leash", default="build/leash")
    parser.add_argument("--clang", default="clang-19")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=float, default=99.0, help="least percentage that agrees")
    parser.add_argument("--only", help="only the function of this name")
    parser.add_argument("--unit", help="only units whose path contains this")
    parser.add_argument("--dumps", nargs=2, metavar=("CLANG", "LEASH"))
    parser.add_argument("folder", nargs="?", metavar="BUILD-DIR")
    options = parser.parse_args()
    options.leash = os.path.abspath(options.leash)
    tally = Tally()
    if options.dumps:
        tally.add("dumps", compare_dumps(*map(text_of, options.dumps), options.only))
        return tally.report(options.limit)
    if not options.folder:
        parser.error("which BUILD-DIR?")
    units = {path: entry for path, entry in units_of(options.folder).items()
             if not options.unit or options.unit in path}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = [(path, pool.submit(compare_unit, options, path, entry))
                for path, entry in sorted(units.items())]
        for path, future in work:
            problem, results = future.result()
            if problem:
                tally.problems += problem.startswith("leash")
                print(f"{path}: not compared: {problem}")
            tally.add(path, results)
    print(f"{len(units)} units")
    return tally.report(options.limit)


if __name__ == "__main__":
    sys.exit(main())
