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
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "fixtures" / "textbook"
GOOD_SCHEDULES = 50
BAD_SCHEDULES = 400
PATIENCE_S = 30
LEFT, ALL_PARKED = 23, 24

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
    program = pathlib.Path(folder) / path.stem
    subprocess.run([compiler, "-std=gnu17", "-g", "-Wall", "-Wextra", "-Werror",
                    f"-I{ROOT / 'runtime' / 'include'}", *sources(path), library, "-pthread",
                    "-o", program], check=True)
    return program


def run(program, seed):
    """Its status, and what it says of tasks that are stuck."""
    environment = {"LEASH_LEAKS": "fail", "LEASH_THREADS": "1",
                   "LEASH_SCHEDULE": f"random:{seed}"}
    child = subprocess.run([program], env=os.environ | environment, text=True, timeout=PATIENCE_S,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return child.returncode, child.stderr


def never_stuck(program):
    for seed in range(GOOD_SCHEDULES):
        status, report = run(program, seed)
        if status != 0:
            return f"status {status} under seed {seed}:\n{report}"
    return None


def gets_stuck(program, places):
    """Every place has to be parked at in some report."""
    missing, is_stuck = set(places), False
    for seed in range(BAD_SCHEDULES):
        status, report = run(program, seed)
        if status in (LEFT, ALL_PARKED):
            is_stuck = True
            parked = {pathlib.PurePath(place).name
                      for place in re.findall(r"parked at (\S+:\d+)", report)}
            missing -= parked
        elif status != 0:
            return f"status {status} under seed {seed}:\n{report}"
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
