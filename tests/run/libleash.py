"""Programs on libleash: built, run under a schedule, and what they then say of their tasks.

    build("program", ["program.c"], "build/libleash.a")
    end = run("./program", schedule="random:7")
    if end.is_stuck:
        for task in end.tasks:
            print(task.state, task.parked, task.spawned)

A run reports the tasks that are left (LEASH_LEAKS=fail).  One that goes on after its time is asked
for a dump and killed, so that its tasks are known too.
"""
import os
import pathlib
import re
import signal
import subprocess
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "runtime" / "include"
FLAGS = ["-std=gnu17", f"-I{INCLUDE}", "-pthread"]

LEFT, ALL_PARKED = 23, 24  # the runtime's own exit statuses
ABORTED = -signal.SIGABRT
LIMIT_S = 30  # for what should take no time, on a busy machine
DUMP_S = 1  # for a dump that was asked for

# A task in a dump or a report.
TASK = re.compile(r"^task (?P<id>\d+) \[(?P<state>[^\],]*)(?:, [^\]]*)?\]: (?P<function>.*?)"
                  r"(?:, parked at (?P<parked>.*?))?, spawned at (?P<spawned>.*?)"
                  r"(?: by task (?P<parent>\d+))?$", re.MULTILINE)


# A misuse of the runtime, which ends the program there.
MISUSE = re.compile(r"^leash: (?P<site>.*?:\d+): ", re.MULTILINE)


class NotBuilt(Exception):
    """What the compiler says."""


class Site(typing.NamedTuple):
    """A line of a source, the file as the compiler was given it."""
    file: str
    line: int

    def __str__(self):
        return f"{os.path.basename(self.file)}:{self.line}"


class Task(typing.NamedTuple):
    id: int
    state: str  # as in dumps: "chan receive"
    function: str
    parked: Site | None  # None: it is not parked, or in a call that notes no line
    spawned: Site | None  # None: the first one
    parent: int | None  # the id of the one that spawned it


class End(typing.NamedTuple):
    """How a run ended."""
    status: int | None  # None: it had to be killed
    said: str  # on stderr
    tasks: list[Task]  # of all dumps and reports

    @property
    def is_stuck(self):
        """Tasks were left, or all of them were parked."""
        return self.status in (LEFT, ALL_PARKED)

    @property
    def parked(self):
        """The sites where tasks were parked."""
        return {task.parked for task in self.tasks if task.parked}

    @property
    def misused_at(self):
        """The site of the call for which the runtime ended the program; None: for none."""
        match = MISUSE.search(self.said) if self.status == ABORTED else None
        return site(match["site"]) if match else None


def site(text):
    """Of "file.c:12"; None of what is no line: the first task is spawned at "leash_run"."""
    file, _, line = (text or "").rpartition(":")
    return Site(file, int(line)) if file and line.isdecimal() else None


def tasks_in(text):
    """The tasks of the dumps and reports in it."""
    return [Task(int(match["id"]), match["state"], match["function"], site(match["parked"]),
                 site(match["spawned"]), int(match["parent"]) if match["parent"] else None)
            for match in TASK.finditer(text)]


def build(program, sources, library, *flags, compiler="cc", cwd=None):
    """Returns the path of the program; raises NotBuilt."""
    done = subprocess.run([compiler, *FLAGS, *flags, *sources, library, "-o", program], cwd=cwd,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotBuilt(done.stderr)
    return program


def settings_of(schedule, threads):
    """Environment variables; what is None is left to the program's user."""
    settings = {"LEASH_LEAKS": "fail", "LEASH_SIGQUIT": "dump", "LEASH_SCHEDULE": schedule,
                "LEASH_THREADS": threads and str(threads)}
    return {name: value for name, value in settings.items() if value}


def run(program, *arguments, schedule=None, threads=1, limit_s=LIMIT_S, stdin="", cwd=None,
        environment=None):
    """Runs it to its end.  `schedule` is one of LEASH_SCHEDULE, None the plain one; on one thread
    the same one picks alike each time."""
    child = subprocess.Popen(
        [program, *arguments], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace",
        env=os.environ | settings_of(schedule, threads) | (environment or {}))
    status = None
    try:
        _, said = child.communicate(stdin, timeout=limit_s)
        status = child.returncode
    except subprocess.TimeoutExpired:
        said = dump_and_kill(child)
    return End(status, said, tasks_in(said))


def dump_and_kill(child):
    """What it said on stderr, a dump at the end."""
    child.send_signal(signal.SIGQUIT)
    try:
        _, said = child.communicate(timeout=DUMP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        _, said = child.communicate()
    return said
