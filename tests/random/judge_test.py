#!/usr/bin/env python3
"""What counts as right, wrong and missed."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from judge import Case, by_rule, by_template, disagreement, judge  # noqa: E402 see the line above


def finding(line, rule="unbounded-receive", notes=(), confidence="likely", end_line=None):
    return {"line": line, "end_line": end_line or line, "rule": rule, "confidence": confidence,
            "message": "waits", "notes": [{"line": note, "message": "here"} for note in notes]}


def verdict(*findings, stuck=(), unsettled=(), never=()):
    return judge(Case("out/gate_1.c", "gate", 1, list(stuck), list(unsettled), list(never),
                      list(findings)))


class Judge(unittest.TestCase):
    def test_judge__construct_on_the_stuck_line(self):
        result = verdict(finding(9, end_line=11), stuck=[[10, 10]])
        self.assertTrue(result.is_found and result.agreed and not result.disagrees)

    def test_judge__a_note_on_the_stuck_line(self):
        self.assertTrue(verdict(finding(5, notes=[10]), stuck=[[10, 10]]).is_found)

    def test_judge__elsewhere_is_wrong_and_missed(self):
        result = verdict(finding(5), stuck=[[10, 10]])
        self.assertEqual((len(result.wrong), result.is_found), (1, False))
        self.assertEqual(result.missed, [[10, 10]])
        self.assertEqual(len(disagreement(result)), 2)

    def test_judge__sound_and_silent(self):
        result = verdict()
        self.assertFalse(result.leaks or result.disagrees or disagreement(result))

    def test_judge__one_of_several_places_is_enough(self):
        result = verdict(finding(10), stuck=[[10, 10], [20, 20]])
        self.assertEqual((result.is_found, result.missed), (True, [[20, 20]]))

    def test_judge__unsettled_is_neither_wrong_nor_missed(self):
        self.assertFalse(verdict(finding(10), unsettled=[[10, 10]]).disagrees)
        self.assertFalse(verdict(unsettled=[[10, 10]]).disagrees)

    def test_judge__behind_another_leak(self):
        result = verdict(finding(12), stuck=[[10, 10]], never=[[12, 12]])
        self.assertEqual((len(result.behind), result.wrong, result.is_found), (1, [], False))

    def test_judge__a_note_behind_another_leak(self):
        self.assertEqual(len(verdict(finding(3, notes=[12]), never=[[12, 12]]).behind), 1)

    def test_judge__proven_has_no_excuse(self):
        result = verdict(finding(12, confidence="proven"), never=[[12, 12]])
        self.assertEqual(len(result.wrong), 1)
        self.assertIn("PROVEN WRONG", disagreement(result)[0])

    def test_judge__other_questions_are_not_asked(self):
        result = verdict(finding(3, rule="lost-cancel"))
        self.assertEqual((len(result.not_asked), result.disagrees), (1, False))

    def test_judge__tables_count(self):
        verdicts = [verdict(finding(10), stuck=[[10, 10]]), verdict(stuck=[[4, 4]]),
                    verdict(finding(7, confidence="proven")), verdict(unsettled=[[3, 3]])]
        self.assertEqual(by_template(verdicts)[1].split(),
                         ["gate", "4", "2", "1", "50%", "1", "1", "1", "1"])
        self.assertEqual(by_rule(verdicts)[1].split(),
                         ["unbounded-receive", "1", "1", "0", "0", "1", "1"])


if __name__ == "__main__":
    unittest.main()
