"""The table's own judgement, on findings, runs and tasks made by hand."""
import types
import unittest

import table
from table import Finding, Lines, Row, fixtures, libleash
from libleash import End, Site, Task

SENDS = Task(2, "chan send", "f", Site("a.c", 4), Site("a.c", 7), 1)
LEAK = Finding("unbounded-send", "leak", Lines("a.c", 3, 4), (Lines("a.c", 7, 7),))


def left(*tasks):
    return End(libleash.LEFT, "", list(tasks))


class Findings(unittest.TestCase):
    def test_is_met_by__parked_and_spawned_where_it_says(self):
        self.assertTrue(LEAK.is_met_by(SENDS))
        self.assertTrue(LEAK.is_met_by(SENDS._replace(spawned=None)))  # the first task
        for other in (SENDS._replace(parked=Site("a.c", 5)), SENDS._replace(parked=Site("b.c", 4)),
                      SENDS._replace(parked=None), SENDS._replace(spawned=Site("a.c", 8))):
            self.assertFalse(LEAK.is_met_by(other), other)

    def test_is_met_by__where_the_rule_is_about_a_park_the_story_is_not_enough(self):
        in_story = SENDS._replace(parked=Site("a.c", 7))
        self.assertFalse(LEAK.is_met_by(in_story))
        self.assertTrue(LEAK._replace(rule="missing-close").is_met_by(in_story))

    def test_is_met_by__one_that_goes_round_is_parked_nowhere(self):
        round_and_round = SENDS._replace(state="runnable", parked=None)
        self.assertTrue(LEAK.is_met_by(round_and_round))
        self.assertFalse(LEAK.is_met_by(round_and_round._replace(spawned=Site("a.c", 8))))
        self.assertFalse(LEAK.is_met_by(round_and_round._replace(spawned=None)))

    def test_is_met_by__a_blind_spot_has_no_story(self):
        blind = LEAK._replace(group="", story=())
        self.assertTrue(blind.is_met_by(SENDS))
        self.assertFalse(blind.is_met_by(SENDS._replace(parked=Site("a.c", 7))))

    def test_meets__only_runs_that_are_stuck(self):
        self.assertIn("a.c:4", table.meets(LEAK, left(SENDS), None))
        self.assertIsNone(table.meets(LEAK, left(SENDS)._replace(status=0), None))
        goes_on = left(SENDS)._replace(status=None)
        self.assertIn("(random:3)", table.meets(LEAK, goes_on, "random:3"))

    def test_meets__a_misuse_by_the_end_of_the_program(self):
        misuse = LEAK._replace(rule="close-twice", group="misuse")
        ended = End(libleash.ABORTED, "leash: a.c:4: closing twice\n", [])
        self.assertIn("ended at a.c:4", table.meets(misuse, ended, None))
        self.assertIsNone(table.meets(misuse, ended._replace(said="leash: a.c:9: no\n"), None))
        self.assertIn("status 1", table.meets(misuse, End(1, "", []), None))
        self.assertIsNone(table.meets(LEAK, End(1, "", []), None))


class Programs(unittest.TestCase):
    def program(self, *ends):
        """One that ends so, run after run, and with 0 after them."""
        ends = list(ends)
        return types.SimpleNamespace(
            fixture=types.SimpleNamespace(name="x/bad_y"),
            run=lambda schedule: ends.pop(0) if ends else End(0, "", []))

    def test_judge_bad__goes_on_until_it_is_shown(self):
        judged = table.judge_bad(self.program(End(0, "", []), left(SENDS)), [LEAK], 5)
        self.assertEqual((judged.shown, judged.rows[0].agrees), ("random:1", True))

    def test_judge_bad__goes_on_until_the_finding_is_met(self):
        elsewhere = left(SENDS._replace(parked=Site("a.c", 9)))
        judged = table.judge_bad(self.program(elsewhere, left(SENDS)), [LEAK], 5)
        self.assertEqual((judged.shown, judged.rows[0].agrees), ("plain", True))
        judged = table.judge_bad(self.program(elsewhere), [LEAK], 5)
        self.assertEqual((judged.shown, judged.rows[0].agrees), ("plain", False))

    def test_judge_bad__a_crash_shows_nothing(self):
        judged = table.judge_bad(self.program(End(-11, "", [])), [LEAK], 5)
        self.assertEqual((judged.shown, judged.rows[0].agrees), (None, False))

    def test_judge_bad__without_a_finding_a_stuck_task_does_not_agree(self):
        self.assertFalse(table.judge_bad(self.program(left(SENDS)), [], 5).rows[0].agrees)

    def test_judge_good__every_run_has_to_end_well(self):
        self.assertEqual(table.judge_good(self.program(), 5).rows, [])
        for end in (left(SENDS), End(None, "", []), End(-11, "", []), End(1, "", [])):
            judged = table.judge_good(self.program(End(0, "", []), end), 5)
            self.assertFalse(judged.rows[0].agrees)


class Known(unittest.TestCase):
    NO = Row("x/bad_y", "r", "a.c:3 r", "nothing", False)

    def complaints(self, rows, known, names=()):
        return list(table.complaints(rows, known, names))

    def test_complaints__what_disagrees_has_to_be_known(self):
        self.assertEqual(len(self.complaints([self.NO], {})), 1)
        self.assertEqual(self.complaints([self.NO], {"x/bad_y r": "why"}), [])

    def test_complaints__what_agrees_by_now_must_not_stay(self):
        yes = self.NO._replace(agrees=True)
        self.assertEqual(len(self.complaints([yes], {"x/bad_y r": "why"})), 1)
        self.assertEqual(len(self.complaints([], {"x/bad_y r": "why"})), 1)
        self.assertEqual(self.complaints([], {"x/bad_y r": "why"}, ["x/bad_z"]), [])

    def test_known__is_sorted_and_gives_reasons(self):
        known = table.read_known()
        self.assertEqual(list(known), sorted(known))
        self.assertTrue(all(known.values()))


class Fixtures(unittest.TestCase):
    def test_missing_at__its_line_or_the_next_of_code(self):
        self.assertEqual(list(fixtures.missing_at("a(); // expect-missing: r-one\n"
                                                  "    // expect-missing: r-two\n"
                                                  "    // why\n"
                                                  "    b(); // expect: r-three\n")),
                         [(1, "r-one"), (4, "r-two")])

    def test_textbook__each_has_its_twin(self):
        names = {kind: {fixture.name.replace(f"/{kind}", "/") for fixture in fixtures.find(kind)
                        if fixture.name.startswith("textbook/")} for kind in ("bad_", "good_")}
        self.assertEqual(names["bad_"], names["good_"])
        self.assertTrue(names["bad_"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
