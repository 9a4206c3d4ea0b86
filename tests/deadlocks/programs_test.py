"""The programs of fixtures/deadlocks, run: what is called wrong gets stuck, and what is called repaired
never does.

Each runs on one thread under random schedules, where a seed picks alike each time.  Where the rule
stands at the place of the wait, one run must have a task parked there.  Fixtures without a main
are left out.

    programs_test.py CC FOLDER [TEST]      FOLDER has libleash.a
"""

import pathlib
import re
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "run"))
import libleash  # noqa: E402 found there

GOOD_SEEDS = range(1, 31)
BAD_SEEDS = range(1, 61)  # at most: the first that shows it is enough

# These stand elsewhere than the wait, or their wait names no line.
ELSEWHERE = {
    "bad_defers_in_order.c": "a defer notes no line",
    "bad_timer_stop_under_lock.c": "alarm_stop notes no line",
    "close-by-receiver": "the close",
    "close-twice": "the second close",
    "done-never-closed": "where it is made",
    "lost-cancel": "the derivation",
    "missing-unlock": "the exit",
    "missing-wg-done": "the exit",
    "send-after-close": "the send",
    "wg-add-in-task": "the add",
    "wg-count": "the add",
}
# No task gets stuck in these: the program aborts, or has lost work and says so by its status.
OTHER_END = {"close-twice": libleash.ABORTED, "close-by-receiver": 1, "wg-add-in-task": 1}

compiler = sys.argv[1]
build = pathlib.Path(sys.argv[2]).resolve()
fixtures = pathlib.Path("fixtures/deadlocks")


def sources(fixture):
    """A fixture is a file, or a folder of some."""
    return sorted(fixture.glob("*.c")) if fixture.is_dir() else [fixture]


def expectations(fixture):
    """Place and rule of each but the conventions, which say nothing about a run."""
    for source in sources(fixture):
        for number, line in enumerate(source.read_text().splitlines(), 1):
            if match := re.search(r"// expect(?:-missing)?: ([\w-]+)", line):
                if match[1] not in ("nothing", "spawn-without-done"):
                    yield f"{source.name}:{number}", match[1]


def programs(kind):
    return [fixture for fixture in sorted(fixtures.glob(f"{kind}_*"))
            if any("int main(" in source.read_text() for source in sources(fixture))]


class Programs(unittest.TestCase):
    def compile(self, folder, fixture):
        return libleash.build(pathlib.Path(folder) / fixture.stem, sources(fixture),
                              build / "libleash.a", "-g", "-Wall", "-Wextra", "-Werror",
                              compiler=compiler)

    def run_seed(self, program, seed):
        return libleash.run(program, schedule=f"random:{seed}")

    def gets_stuck(self, program, fixture):
        """Whether one seed brings about what the file expects."""
        wanted = list(expectations(fixture))
        ends = {OTHER_END[rule] for _, rule in wanted if rule in OTHER_END}
        places = {place for place, rule in wanted
                  if rule not in ELSEWHERE and fixture.name not in ELSEWHERE}
        for seed in BAD_SEEDS:
            end = self.run_seed(program, seed)
            if end.status in ends or not ends and end.is_stuck:
                places -= set(map(str, end.parked))
                if not places:
                    return True
        return False

    def test_the_wrong_get_stuck(self):
        with tempfile.TemporaryDirectory() as folder:
            for fixture in programs("bad"):
                with self.subTest(fixture.name):
                    program = self.compile(folder, fixture)
                    self.assertTrue(self.gets_stuck(program, fixture))

    def test_the_repaired_never_do(self):
        with tempfile.TemporaryDirectory() as folder:
            for fixture in programs("good"):
                program = self.compile(folder, fixture)
                for seed in GOOD_SEEDS:
                    with self.subTest(fixture.name, seed=seed):
                        end = self.run_seed(program, seed)
                        self.assertEqual(end.status, 0, end.said)


unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
