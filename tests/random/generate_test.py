#!/usr/bin/env python3
"""Generated programs are the same each time and compile; their calls stand where it is said."""
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from generate import STYLES, generate, smaller_programs  # noqa: E402 needs the line above
from print_c import Printer  # noqa: E402
from program import Do, Function, Object, Program, Recv, Select, Arm, Spawn  # noqa: E402
from templates import TEMPLATES  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def text_of(program):
    return Printer(program, True).text()


class Generate(unittest.TestCase):
    def test_generate__same_seed_same_program(self):
        for seed in range(20):
            first, second = generate(seed), generate(seed)
            self.assertEqual(first is None, second is None)
            if first:
                self.assertEqual(text_of(first), text_of(second))

    def test_generate__compiles_without_warning(self):
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for template in sorted(TEMPLATES):
                for seed in range(6):
                    program = generate(seed, template)
                    if program is None:
                        continue
                    program.style = sorted(set(STYLES))[seed % 4]
                    files.append(os.path.join(folder, f"{template}_{seed}.c"))
                    with open(files[-1], "w", encoding="utf-8") as file:
                        file.write(Printer(program, seed % 2 == 0).text())
            run = subprocess.run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-fsyntax-only",
                                  "-I" + os.path.join(ROOT, "runtime", "include"), *files],
                                 capture_output=True, text=True, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertGreater(len(files), 3 * len(TEMPLATES))

    def test_smaller__each_has_less(self):
        for seed in range(30):
            program = generate(seed)
            if program is None:
                continue
            size = len(text_of(program).splitlines())
            smaller = smaller_programs(program)
            self.assertTrue(smaller)
            for other in smaller:
                self.assertLess(other.count_statements(), program.count_statements())
                self.assertLessEqual(len(text_of(other).splitlines()), size)

    def test_smaller__leaves_the_program_alone(self):
        program = generate(3)
        before = text_of(program)
        smaller_programs(program)
        self.assertEqual(text_of(program), before)

    def test_print__places_are_the_calls(self):
        recv, select, wait = Recv("ch"), Select([Arm("recv", "ch"), Arm("after")]), Do("wait", "wg")
        for style in set(STYLES):
            program = Program("test", [Object("chan", "ch"), Object("wg", "wg")],
                              [Function("task", [recv]),
                               Function("run", [Spawn("task"), select, wait])],
                              style)
            program.count_statements()
            printer = Printer(program, False)
            lines = printer.text().splitlines()
            for stmt, word in ((recv, "chan_recv("), (select, "chan_select("), (wait, "wg_wait(")):
                first, last = printer.places[stmt.number]
                self.assertEqual(first, last)
                self.assertIn(word, lines[first - 1])


if __name__ == "__main__":
    unittest.main()
