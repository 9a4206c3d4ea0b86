"""runtime_readme_test.py COMPILER BUILD FLAGS: the code of runtime/README.md.

A block that is no whole program is compiled behind the headers that such code uses.  A program is
built by the command that the page gives, and its output is the next ```text block.  The ```json
block is what a dump looks like.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

COMPILER, BUILD = sys.argv[1], pathlib.Path(sys.argv[2])
FLAGS = sys.argv[3].split()
PAGE = pathlib.Path("runtime/README.md")
INCLUDE = pathlib.Path("runtime/include").resolve()
PRELUDE = "".join(f"#include <{name}>\n" for name in
                  ["leash.h", "errno.h", "netdb.h", "signal.h", "stdio.h", "stdlib.h", "string.h",
                   "sys/socket.h", "unistd.h"])


def blocks():
    """(kind, number of its first line, text) of each fenced block."""
    kind, start, text = None, 0, []
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if kind is None and line.startswith("```"):
            kind, start, text = line[3:], number + 1, []
        elif kind is not None and line == "```":
            yield kind, start, "\n".join(text) + "\n"
            kind = None
        elif kind is not None:
            text.append(line)


def as_file(start, text):
    """With the line numbers of the page, for messages."""
    prelude = "" if "#include" in text else PRELUDE
    return f'{prelude}#line {start} "{PAGE}"\n{text}'


class Readme(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def run_here(self, command):
        done = subprocess.run(command, cwd=self.folder, text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_the_page_has_code(self):
        kinds = [kind for kind, _, _ in blocks()]
        self.assertGreaterEqual(kinds.count("c"), 5)
        self.assertTrue(all(kind in {"c", "json", "text"} for kind in kinds), kinds)

    def test_blocks_compile(self):
        for kind, start, text in blocks():
            if kind == "c":
                with self.subTest(line=start):
                    self.write("block.c", as_file(start, text))
                    self.run_here([COMPILER, "-std=gnu17", "-Wall", "-Wextra", "-Werror",
                                   f"-I{INCLUDE}", "-c", "block.c", "-o", "block.o"])

    def test_blocks_give_no_finding(self):
        for kind, start, text in blocks():
            if kind == "c":
                with self.subTest(line=start):
                    self.write("block.c", as_file(start, text))
                    self.run_here([os.environ["LEASH"], "check", "block.c", "--", "-std=gnu17",
                                   f"-I{INCLUDE}"])

    def output_of(self, program, *settings):
        """What the program prints, built by the command that the page gives, in this environment."""
        (command,) = re.findall(r"^ {4}(cc .*)$", PAGE.read_text(), re.MULTILINE)
        self.write("squares.c", program)
        words = command.replace("build/libleash.a", str(BUILD / "libleash.a"))
        words = words.replace("build/include", str(BUILD / "include")).split()
        self.assertEqual(words[0], "cc")
        self.run_here([COMPILER, *FLAGS, *words[1:]])
        return self.run_here(["env", *settings, "./squares"])

    def first(self, wanted):
        return next(text for kind, _, text in blocks() if kind == wanted)

    def test_the_first_program_prints_what_the_page_says(self):
        self.assertEqual(self.output_of(self.first("c")), self.first("text"))

    def test_the_page_shows_a_task_of_its_first_program_as_the_dump_does(self):
        (shown,) = json.loads(self.first("json"))["tasks"]
        sends = "chan_send(numbers, &i);"
        self.assertIn(sends, self.first("c"))
        # In place of the sends, so that the line numbers stay; on one thread the receiver gets its
        # turn while this task sleeps, and parks.
        dump = "{ task_sleep_ms(20); task_dump_json(stdout); return; }"
        output = self.output_of(self.first("c").replace(sends, dump), "LEASH_THREADS=1")
        (written,) = [task for task in json.loads(output)["tasks"] if task["id"] == shown["id"]]
        self.assertRegex(written["object"], "^0x[0-9a-f]+$")
        self.assertEqual(list(written), list(shown))
        self.assertGreaterEqual(written["parked_ms"], 0)
        for differs in ("object", "parked_ms"):
            written[differs] = shown[differs]
        self.assertEqual(written, shown)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
