#!/usr/bin/env python3
"""triage.py must fail on a finding nobody judged and on a true one that is lost, and only on these."""
import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import triage  # noqa: E402 the folder has to be on the path first

TABLE = """\
| package | where | function | rule | about | verdict | why |
|---|---|---|---|---|---|---|
| pump | `src/a.c:10` | `start` | endless | `run` | true | no way out |
| pump | `src/b.c:20` | `start` | endless | `idle` | false | it has a flag |
| tank | `src/a.c:10` | `start` | endless | `fill` | true | no way out |
"""


def finding(file, name, line=10):
    return {"file": file, "line": line, "function": "start", "rule": "endless",
            "message": f"thread '{name}' runs on"}


RUN, IDLE = finding("src/a.c", "run"), finding("src/b.c", "idle")


class Triage(unittest.TestCase):
    def run_on(self, findings):
        """(exit status, output)"""
        with tempfile.TemporaryDirectory() as folder:
            report, table = os.path.join(folder, "report.json"), os.path.join(folder, "table.md")
            with open(report, "w", encoding="utf-8") as file:
                json.dump({"findings": findings}, file)
            with open(table, "w", encoding="utf-8") as file:
                file.write(TABLE)
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                status = triage.main(["pump", report, table])
        return status, output.getvalue()

    def test_triage__all_judged(self):
        status, output = self.run_on([RUN, IDLE])
        self.assertEqual(status, 0)
        self.assertEqual(output, "findings: 1 true, 1 false, 0 unsure, 0 not judged, 0 lost\n")

    def test_triage__new_finding_is_named(self):
        status, output = self.run_on([RUN, IDLE, finding("src/c.c", "spin", 7)])
        self.assertEqual(status, 1)
        self.assertIn("NOT JUDGED: src/c.c:7: thread 'spin' runs on [endless]", output)

    def test_triage__another_packages_judgement_is_none(self):
        status, output = self.run_on([RUN, IDLE, finding("src/a.c", "fill")])
        self.assertEqual(status, 1)
        self.assertIn("'fill'", output)

    def test_triage__lost_true_finding_is_named(self):
        status, output = self.run_on([IDLE])
        self.assertEqual(status, 1)
        self.assertIn("LOST: src/a.c:10: 'run'", output)

    def test_triage__false_finding_may_go(self):
        status, output = self.run_on([RUN])
        self.assertEqual(status, 0)
        self.assertIn("gone: src/b.c:20: 'idle'", output)

    def test_triage__line_and_folder_may_move(self):
        status, _ = self.run_on([finding("/cache/pump/source/src/a.c", "run", 99), IDLE])
        self.assertEqual(status, 0)


if __name__ == "__main__":
    unittest.main()
