"""Runs of small programs, and what is read from their dumps.

    libleash_test.py COMPILER LIBLEASH
"""
import pathlib
import sys
import tempfile
import unittest

import libleash
from libleash import Site, Task

STUCK = """
#include <leash.h>

static void wait_for_ever(chan_t *nothing)
{
    chan_recv(nothing, NULL);
}

static int entry(int argc, char **argv)
{
    chan_t *nothing = done_make();

    (void)argv;
    spawn(wait_for_ever, nothing);
    if (argc == 2)
        chan_recv(nothing, NULL);
    while (argc == 3)
        task_sleep_ms(1);
    return 0;
}

int main(int argc, char **argv)
{
    return leash_run(entry, argc, argv);
}
"""
WAITS = Task(2, "chan receive", "wait_for_ever", Site("stuck.c", 6), Site("stuck.c", 14), 1)


class Dumps(unittest.TestCase):
    def test_tasks_in__a_dump(self):
        self.assertEqual(
            libleash.tasks_in("leash: a.c:3: a message\n"
                              "task 1 [running]: main, spawned at leash_run\n"
                              "task 2 [chan send, 3m12s]: f, parked at a b/c.c:4, spawned at /d.c:7"
                              " by task 1\n"
                              "task 3 [mutex lock]: g, spawned at d.c:8 by task 2\n"),
            [Task(1, "running", "main", None, None, None),
             Task(2, "chan send", "f", Site("a b/c.c", 4), Site("/d.c", 7), 1),
             Task(3, "mutex lock", "g", None, Site("d.c", 8), 2)])

    def test_tasks_in__what_is_no_dump(self):
        self.assertEqual(libleash.tasks_in("my task 1 [chan send]: f, parked at a.c:4\n"), [])

    def test_tasks_in__a_call_that_notes_no_line(self):
        [task] = libleash.tasks_in("task 1 [alarm]: main, parked at alarm_stop, spawned at ?\n")
        self.assertIsNone(task.parked)

    def test_site__is_shown_without_folders(self):
        self.assertEqual(str(Site("/a/b.c", 3)), "b.c:3")


class Runs(unittest.TestCase):
    compiler, library = "cc", "libleash.a"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        source = pathlib.Path(cls.folder.name) / "stuck.c"
        source.write_text(STUCK)
        cls.program = libleash.build(source.with_suffix(""), ["stuck.c"],
                                     pathlib.Path(cls.library).resolve(),
                                     compiler=cls.compiler, cwd=cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_run__names_the_tasks_that_are_left(self):
        for schedule in (None, "random:1", "pct:1:2"):
            end = libleash.run(self.program, schedule=schedule)
            self.assertEqual((end.status, end.tasks), (libleash.LEFT, [WAITS]))
            self.assertTrue(end.is_stuck)

    def test_run__names_them_where_all_are_parked(self):
        end = libleash.run(self.program, "x")
        self.assertEqual(end.status, libleash.ALL_PARKED)
        self.assertEqual(end.parked, {Site("stuck.c", 6), Site("stuck.c", 16)})

    def test_run__asks_for_a_dump_when_the_time_is_over(self):
        end = libleash.run(self.program, "x", "y", limit_s=0.3)
        self.assertIsNone(end.status)
        self.assertFalse(end.is_stuck)
        self.assertIn(WAITS, end.tasks)

    def test_build__says_what_the_compiler_says(self):
        with self.assertRaisesRegex(libleash.NotBuilt, "missing.c"):
            libleash.build("program", ["missing.c"], self.library, compiler=self.compiler)


if __name__ == "__main__":
    Runs.compiler, Runs.library = sys.argv[1:]
    unittest.main(argv=sys.argv[:1], verbosity=2)
