"""The fixtures that are whole programs, and those that are not."""
import pathlib
import re
import typing

from libleash import ROOT

FOLDER = ROOT / "fixtures"
RUNTIME, THREADS, FRAGMENT = "on the runtime", "on threads", "fragment"

# What those are given that would else say how they are used, or do nothing: arguments, input.
ARGUMENTS = {
    "missing-close/good_as_many_arguments": (["/dev/null", "/dev/null"], ""),
    "missing-close/good_last_of_unknown": (["3"], "1 2 3 4\n"),
    "missing-close/good_main_end": (["two", "words"], ""),
    "unbounded-receive/good_main_end": (["Ada"], ""),
    "wg-count/bad_alarm_called_off": (["x"], ""),
}


class Fixture(typing.NamedTuple):
    name: str  # "deadlocks/bad_abba", below fixtures/
    folder: pathlib.Path  # of the files
    files: list[str]  # the C files, without the folder
    texts: list[str]  # of the files

    @property
    def is_bad(self):
        return self.name.rpartition("/")[2].startswith("bad_")

    @property
    def kind(self):
        """RUNTIME: it has a main and runs tasks; THREADS: it has one and runs threads alone."""
        if not self._has(r"\bmain *\("):
            return FRAGMENT
        return RUNTIME if self._has(r"\bleash_run *\(") else THREADS

    @property
    def flags(self):
        """What a first line `// flags: ...` asks for."""
        lines = [flags for text in self.texts
                 for flags in re.findall(r"\A// flags: (.*)", text)]
        return [flag for line in lines for flag in line.split()]

    @property
    def sources(self):
        return [self.folder / file for file in self.files]

    @property
    def arguments(self):
        return ARGUMENTS.get(self.name, ([], ""))[0]

    @property
    def stdin(self):
        return ARGUMENTS.get(self.name, ([], ""))[1]

    def _has(self, pattern):
        return any(re.search(pattern, text) for text in self.texts)


def read(path):
    """A file, or a folder whose files are one program."""
    sources = sorted(path.glob("*.c")) if path.is_dir() else [path]
    return Fixture(str(path.relative_to(FOLDER).with_suffix("")),
                   path if path.is_dir() else path.parent,
                   [source.name for source in sources],
                   [source.read_text() for source in sources])


def missing_at(text):
    """(line, rule) of each `expect-missing`: one alone on its line is for the next line of code."""
    waiting = []
    for number, line in enumerate(text.splitlines(), 1):
        rules = re.findall(r"// expect-missing: ([a-z-]+)", line)
        if line.lstrip().startswith("//"):
            waiting += rules
            continue
        yield from ((number, rule) for rule in waiting + rules)
        waiting = []


def is_fixture(path):
    is_within_another = path.parent.name.startswith(("bad_", "good_"))
    return (path.is_dir() or path.suffix == ".c") and not is_within_another


def find(prefix):
    """All whose name begins so: bad_, good_."""
    return [read(path) for path in sorted(FOLDER.rglob(f"{prefix}*")) if is_fixture(path)]
