#!/usr/bin/env python3
"""Static and dynamic: what leash says of the fixtures, beside what their tasks do when they run.

    ./dev test-all table                good programs under 1000 schedules each, all under ASan too
    table.py [OPTION...] [NAME...]      NAME is as fixtures/NAME

Each bad fixture that is a whole program on the runtime is run, plainly and then under schedules,
until each of its findings is met: until a task that is left, or stuck as all are, is parked within
a place of the finding and was spawned within another.  The places are the finding's own lines and
those of its story.  Where the rule is about a call that parks, a task has to be parked in that
call.  A misuse is also met where the runtime ends the program for it, or where the program says by
its status that work was lost.  A blind spot, `expect-missing`, has to be parked at too, where its
rule is about such a call.

Each good one must end by itself with status 0, under every schedule, and leave no task.

What does not agree stands in known.txt with its reason; a line there that is not needed any more
is a failure too.  Left out, and counted: fragments, which have no main or call what is not there,
and programs on threads, of which the runtime knows nothing.

Exit status 1: something disagrees, or too few of the bad programs show what is wrong with them.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import typing

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "run"))
import fixtures  # noqa: E402 found there
import libleash  # noqa: E402
from libleash import ROOT  # noqa: E402

KNOWN = HERE / "known.txt"
SHOWN_MIN = 0.95  # of the bad programs
GOES_ROUND = {"running", "runnable"}  # what the dumps say of a task that is not parked
# Where the flags bring one in: what is left at the end is no error here, and an error is a crash.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
              "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1"}
LIMIT_S = 5  # for a program that should take no time, or goes on for ever

# The rules whose findings stand at the operation that parks; others stand at what is missing.
AT_THE_PARK = {
    "abandoned-send", "background-wait", "blocked-while-locked", "cv-never-signalled",
    "done-ignored", "lock-cycle", "nil-channel", "unbounded-receive", "unbounded-send",
    "wait-before-drain",
}


# ---- what leash says ----------------------------------------------------------------------------


class Lines(typing.NamedTuple):
    """Some lines of a file."""
    file: str
    first: int
    last: int

    def hold(self, site):
        return self.file == site.file and self.first <= site.line <= self.last


class Finding(typing.NamedTuple):
    """What leash says, or should say: a blind spot has no group, and no story."""
    rule: str
    group: str  # leak, misuse, convention; "" for a blind spot
    own: Lines
    story: tuple[Lines, ...]

    def __str__(self):
        where = f"{os.path.basename(self.own.file)}:{self.own.first} {self.rule}"
        return where if self.group else f"({where})"

    def knows(self, site):
        """Lies it within one of its places?"""
        return any(lines.hold(site) for lines in (self.own, *self.story))

    def is_met_by(self, task):
        """Is the task parked, and was it spawned, where this says?  The first task is spawned
        nowhere, and one that goes round is parked nowhere."""
        parks = self.own.hold if self.rule in AT_THE_PARK else self.knows
        spawns = task.spawned is None or not self.group or self.knows(task.spawned)
        if task.state in GOES_ROUND:
            return task.spawned is not None and spawns
        return task.parked is not None and parks(task.parked) and spawns


def lines_of(place):
    return Lines(place["file"], place["line"], place.get("end_line", place["line"]))


def paths_of(fixture):
    """As leash and the compiler are given them, so that both name the same files."""
    return [os.path.relpath(source, ROOT) for source in fixture.sources]


def blind_spots(fixture):
    return [Finding(rule, "", Lines(path, line, line), ())
            for path, text in zip(paths_of(fixture), fixture.texts)
            for line, rule in fixtures.missing_at(text) if rule in AT_THE_PARK]


def ask_leash(leash, fixture):
    done = subprocess.run(
        [leash, "check", "--format=json", "--jobs=1", *paths_of(fixture), "--", *libleash.FLAGS,
         *fixture.flags],
        cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{fixture.name}: leash ended with {done.returncode}: {done.stderr}")
    return [Finding(finding["rule"], finding["group"], lines_of(finding),
                    tuple(lines_of(note) for note in finding["notes"]))
            for finding in json.loads(done.stdout)["findings"]]


# ---- what the runtime says ----------------------------------------------------------------------


class Program:
    """A fixture, built.  Time leaps, until a run shows that the program waits for it to pass."""

    def __init__(self, fixture, folder, chosen):
        self.fixture = fixture
        self.clock = "virtual"
        self.path = libleash.build(
            folder / fixture.name.replace("/", "-"),
            paths_of(fixture), chosen.library, "-Wall", "-Wextra", "-Werror", *chosen.flag,
            *fixture.flags, compiler=chosen.compiler, cwd=ROOT)

    def run(self, schedule):
        end = self._run(schedule)
        if end.status is None and self.clock:
            self.clock = ""
            end = self._run(schedule)
        return end

    def _run(self, schedule):
        return libleash.run(self.path, *self.fixture.arguments, schedule=schedule,
                            stdin=self.fixture.stdin, limit_s=LIMIT_S,
                            environment={"LEASH_CLOCK": self.clock} | SANITIZERS)


def schedules(count):
    """The plain one first, then random ones."""
    return [None, *(f"random:{seed}" for seed in range(1, count + 1))]


# ---- the comparison -----------------------------------------------------------------------------


class Row(typing.NamedTuple):
    """What one finding, or a program without one, came to."""
    fixture: str
    rule: str  # "-": there is no finding
    static: str
    dynamic: str
    agrees: bool

    @property
    def key(self):
        """As in known.txt."""
        return f"{self.fixture} {self.rule}"

    def __str__(self):
        word = "yes" if self.agrees else "NO"
        return f"{self.fixture:42} {self.static:42} {word:4} {self.dynamic}"


class Judged(typing.NamedTuple):
    """What came of a fixture."""
    rows: list[Row]
    shown: str | None  # the schedule that first showed what is wrong; None: none did
    is_program: bool = True


def name_of(schedule):
    return schedule or "plain"


def say_task(task, schedule):
    where = task.parked or "no line"
    return f"[{task.state}] at {where}, spawned at {task.spawned or 'start'} ({name_of(schedule)})"


def meets(finding, end, schedule):
    """How the run shows the finding, in words; None: it does not."""
    site = end.misused_at
    if site:
        return f"ended at {site} ({name_of(schedule)})" if finding.knows(site) else None
    if end.is_stuck or end.status is None:
        for task in end.tasks:
            if finding.is_met_by(task):
                return say_task(task, schedule)
    elif end.status > 0 and finding.group == "misuse":
        return f"lost work, status {end.status} ({name_of(schedule)})"
    return None


def has_crashed(end):
    return end.status is not None and end.status < 0 and not end.misused_at


def what_was_seen(end):
    """Of a run that no finding fits."""
    if end is None:
        return "nothing"
    tasks = "; ".join(say_task(task, None) for task in end.tasks)
    lines = [line for line in end.said.splitlines() if line.strip("= ")]
    return f"status {end.status}: {end.misused_at or tasks or ''.join(lines[:1])}"


def sought(findings):
    """The findings that a run can show.  Conventions count where there is nothing else."""
    return [finding for finding in findings if finding.group != "convention"] or findings


def judge_bad(program, findings, count):
    met, shown, first = {}, None, None
    for schedule in schedules(count):
        end = program.run(schedule)
        if has_crashed(end):
            return Judged([Row(program.fixture.name, "-", "-", what_was_seen(end), False)], None)
        if end.status != 0 and not shown:
            shown, first = name_of(schedule), end
        for finding in findings:
            words = meets(finding, end, schedule)
            if words:
                met.setdefault(finding, words)
        if shown and len(met) == len(findings) or end.status is None:
            break
    return Judged(rows_of(program.fixture.name, findings, met, first), shown)


def rows_of(name, findings, met, first):
    if not findings:
        return [Row(name, "-", "-", what_was_seen(first), False)]
    seen = what_was_seen(first)
    return [Row(name, finding.rule, str(finding), met.get(finding, seen), finding in met)
            for finding in findings]


def judge_good(program, count):
    for schedule in schedules(count):
        end = program.run(schedule)
        if end.status != 0:
            words = f"{what_was_seen(end)} ({name_of(schedule)})"
            return Judged([Row(program.fixture.name, "-", "-", words, False)], name_of(schedule))
    return Judged([], None)


def judge(fixture, folder, chosen):
    try:
        program = Program(fixture, folder, chosen)
    except libleash.NotBuilt as error:
        if "undefined reference" in str(error):
            return Judged([], None, is_program=False)
        raise
    if fixture.is_bad:
        findings = sought(ask_leash(chosen.leash, fixture)) + blind_spots(fixture)
        return judge_bad(program, findings, chosen.schedules)
    return judge_good(program, chosen.good)


# ---- the whole ----------------------------------------------------------------------------------


def read_known():
    """{"FIXTURE RULE": reason}"""
    lines = [line for line in KNOWN.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(": ", 1) for line in lines)


def complaints(rows, known, names):
    """What is wrong, in lines.  `names`: of the fixtures that were looked at; none: of all."""
    wrong = {row.key for row in rows if not row.agrees}
    yield from (f"not in {KNOWN.name}: {row}" for row in rows
                if not row.agrees and row.key not in known)
    for key in sorted(known.keys() - wrong):
        if not names or key.split()[0] in names:
            yield f"{key} agrees by now, or is gone: its line in {KNOWN.name} can go"


def print_table(rows, known):
    print(f"{'fixture':42} {'leash':42} same runtime")
    for row in rows:
        print(row)
        if not row.agrees and row.key in known:
            print(f"{'':42} known: {known[row.key]}")


def print_counts(kind, found, answers):
    """Of the good or the bad ones: how many there are of which sort."""
    kinds = collections.Counter(fixture.kind for fixture in found)
    programs = [answer for answer in answers if answer.is_program]
    unlinked = kinds[fixtures.RUNTIME] - len(programs)
    print(f"{kind}: {len(programs)} programs run; not run: {kinds[fixtures.FRAGMENT]} without a "
          f"main, {unlinked} that call what is not there, {kinds[fixtures.THREADS]} on threads")
    return programs


def print_bad(programs, rows):
    """Returns whether enough of them showed what is wrong."""
    shown = [answer.shown for answer in programs if answer.shown]
    plain = shown.count("plain")
    share = len(shown) / max(len(programs), 1)
    print(f"  {len(shown)} of {len(programs)} show it ({100 * share:.1f} %): {plain} in a plain run, "
          f"{len(shown) - plain} under a schedule")
    agree = sum(row.agrees for row in rows)
    print(f"  {agree} of {len(rows)} findings agree with a run")
    return len(shown) >= SHOWN_MIN * len(programs)


def options():
    parser = argparse.ArgumentParser(
        description="what leash says of the fixtures, and how they run")
    parser.add_argument("--leash", default=ROOT / "build" / "leash", type=pathlib.Path)
    parser.add_argument("--library", default=ROOT / "build" / "libleash.a", type=pathlib.Path)
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--flag", default=[], action="append",
                        help="one more of the compiler, as the library has it")
    parser.add_argument("--schedules", default=100, type=int, metavar="N",
                        help="how many a bad program is run under, at most (100)")
    parser.add_argument("--good", default=3, type=int, metavar="N",
                        help="how many a good one is run under (3)")
    parser.add_argument("names", nargs="*", metavar="NAME")
    chosen = parser.parse_args()
    chosen.leash, chosen.library = chosen.leash.resolve(), chosen.library.resolve()
    return chosen


def chosen_fixtures(prefix, names):
    return [fixture for fixture in fixtures.find(prefix) if not names or fixture.name in names]


def judge_all(found, chosen):
    """The answers on those that have a main and run tasks, in order."""
    programs = [fixture for fixture in found if fixture.kind == fixtures.RUNTIME]
    with tempfile.TemporaryDirectory() as name, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(name)
        return list(pool.map(lambda fixture: judge(fixture, folder, chosen), programs))


def main():
    chosen = options()
    bad, good = (chosen_fixtures(prefix, chosen.names) for prefix in ("bad_", "good_"))
    answers = judge_all(bad + good, chosen)
    is_bad = [fixture.is_bad for fixture in bad + good if fixture.kind == fixtures.RUNTIME]
    of_bad = [answer for answer, own in zip(answers, is_bad) if own]
    of_good = [answer for answer, own in zip(answers, is_bad) if not own]
    rows = [row for answer in answers for row in answer.rows]
    known = read_known()
    print_table(rows, known)
    programs = print_counts("bad", bad, of_bad)
    is_enough = print_bad(programs, [row for answer in of_bad for row in answer.rows])
    print_counts("good", good, of_good)
    wrong = list(complaints(rows, known, chosen.names))
    print("\n".join(wrong))
    return 0 if is_enough and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
