"""The programs of fixtures/textbook, compiled and run under many schedules.

    textbook_test.py COMPILER LIBLEASH [NAME...]

A good_ program ends with status 0 under every schedule tried.  A bad_ one gets stuck under one of
them: all tasks parked (status 24), or tasks left at the end (23).  Where the rule it expects stands at
the operation that parks, one such report names that very line, so that the expectation is
what happens and not only what its author thought.
"""

import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "run"))
import libleash  # noqa: E402 found there

PROGRAMS = libleash.ROOT / "fixtures" / "textbook"
GOOD_SCHEDULES = 50
BAD_SCHEDULES = 400

# The rules whose findings stand at the operation that parks; others stand at what is missing.
AT_THE_PARK = {
    "abandoned-send", "background-wait", "blocked-while-locked", "cv-never-signalled",
    "done-ignored", "lock-cycle", "nil-channel", "unbounded-receive", "unbounded-send",
    "wait-before-drain",
}

# Parks, but is a plain function, so that the runtime does not know the line of the call.
PLAIN = "alarm_stop("


def sources(path):
    return sorted(path.glob("*.c")) if path.is_dir() else [path]


def parking_places(path):
    """ "file.c:line" of each expectation that stands at a park."""
    places = []
    for source in sources(path):
        waiting = []  # rules of comments alone on their line, for the next line of code
        for number, line in enumerate(source.read_text().splitlines(), 1):
            rules = waiting + re.findall(r"expect(?:-missing)?: ([a-z-]+)", line)
            is_alone = line.lstrip().startswith("//")
            waiting = rules if is_alone else []
            if not is_alone and PLAIN not in line and AT_THE_PARK.intersection(rules):
                places.append(f"{source.name}:{number}")
    return places


def compile_program(compiler, library, path, folder):
    return libleash.build(pathlib.Path(folder) / path.stem, sources(path), library,
                          "-g", "-Wall", "-Wextra", "-Werror", compiler=compiler)


def run(program, seed):
    return libleash.run(program, schedule=f"random:{seed}")


def never_stuck(program):
    for seed in range(GOOD_SCHEDULES):
        end = run(program, seed)
        if end.status != 0:
            return f"status {end.status} under seed {seed}:\n{end.said}"
    return None


def gets_stuck(program, places):
    """Every place has to be parked at in some report."""
    missing, is_stuck = set(places), False
    for seed in range(BAD_SCHEDULES):
        end = run(program, seed)
        if end.is_stuck:
            is_stuck = True
            missing -= set(map(str, end.parked))
        elif end.status != 0:
            return f"status {end.status} under seed {seed}:\n{end.said}"
        if is_stuck and not missing:
            return None
    return f"nobody is left parked at {sorted(missing)}" if is_stuck else "it is never stuck"


class Textbook(unittest.TestCase):
    compiler, library, names = "cc", "libleash.a", []

    def programs(self):
        found = sorted(path for path in PROGRAMS.iterdir() if path.name.startswith(("bad_", "good_")))
        return [path for path in found if not self.names or path.stem in self.names]

    def judge(self, folder, path):
        program = compile_program(self.compiler, self.library, path, folder)
        if path.name.startswith("good_"):
            return never_stuck(program)
        return gets_stuck(program, parking_places(path))

    def test_wrong_ones_get_stuck_and_repaired_ones_do_not(self):
        with tempfile.TemporaryDirectory() as folder, \
                concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            programs = self.programs()
            self.assertTrue(programs)
            for path, trouble in zip(programs,
                                     pool.map(lambda path: self.judge(folder, path), programs)):
                with self.subTest(path.name):
                    self.assertIsNone(trouble, f"{path.name}: {trouble}")

    def test_each_has_its_twin(self):
        names = {path.name for path in PROGRAMS.iterdir()}
        for name in names:
            kind, _, rest = name.partition("_")
            if kind in ("bad", "good"):
                self.assertIn(("good_" if kind == "bad" else "bad_") + rest, names)


if __name__ == "__main__":
    Textbook.compiler, Textbook.library, *Textbook.names = sys.argv[1:]
    unittest.main(argv=sys.argv[:1], verbosity=2)
