"""Programs: found in the repository, built, and run under the runtime's schedules.

What a run says is kept in a cache by the hash of all that it depends on, so that a second run only
asks leash anew.
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from ctext import Source

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "run"))
import fixtures  # noqa: E402 found there
import libleash  # noqa: E402

ROOT = libleash.ROOT
WRAPPED = [f"-Wl,--wrap={name}" for name in ("leash_run", "clock_gettime", "epoll_pwait2")]

# Examples that need arguments or input, and servers, which only a client can end.
ARGUMENTS = fixtures.ARGUMENTS | {
    "or_channel": (["3", "2000"], ""),
    "pipeline": (["a", "3"], "a\nb\nca\n" * 40),
    "worker_pool": (["file1", "file2", "file3", "file4"], ""),
    "ticker_shutdown": (["1"], ""),
    "fan_in": (["127.0.0.1:1", "127.0.0.1:1"], ""),
}
STATUS_OF_SUCCESS = {"fan_in": 1}  # nobody answers

# How a run ends that shows a stuck task: the runtime's statuses, and those of watch.c.
STUCK = {24: "all parked", 23: "left", 25: "left", 26: "late"}
# The runtime's word for a task left waiting on a channel that its last owner gives back.
FREED = "is freed while a task is parked on it"
# Parked like this a task waits for the world outside, which may let it go at any time.
OUTSIDE = {"blocking call", "io wait"}
HAS_TIME = re.compile(r"_timeout_ms|_deadline_ms|_sleep_|AFTER_MS|UNTIL_MS|alarm_after|ticker")

SHOWN = 3  # of a mutant's schedules with stuck tasks, so many are looked at
LIMIT_MS, GRACE_MS = 2000, 500  # ten times as long for the program: see watch.c
PATIENT_MS = 6000  # once more where something may end later


class Program:
    """A program: its name, the texts of its C files and headers, its flags, how it is run."""

    def __init__(self, name, folder, files):
        self.name = name
        self.files = files
        self.texts = [(folder / file).read_text() for file in files]
        self.sources = [Source(text) for text in self.texts]
        self.headers = {header.name: header.read_text() for header in sorted(folder.glob("*.h"))} \
            if len(files) > 1 else {}
        self.flags = [flag for text in self.texts
                      for flag in re.findall(r"\A// flags: (.*)", text)[:1]]
        self.arguments, self.input = ARGUMENTS.get(name, ([], ""))
        self.status = STATUS_OF_SUCCESS.get(name, 0)

    def command_flags(self):
        return libleash.FLAGS + self.own_flags()

    def own_flags(self):
        return [flag for line in self.flags for flag in line.split()]


def find_programs():
    """Every good fixture and example that is a whole program on leash.h; whether it ends is seen
    when it is run."""
    found = [Program(fixture.name, fixture.folder, fixture.files)
             for fixture in fixtures.find("good_") if fixture.kind == fixtures.RUNTIME]
    for path in sorted((ROOT / "runtime/examples").glob("*.c")):
        found.append(Program(path.stem, path.parent, [path.name]))
    return found


def write_program(program, texts, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in [*zip(program.files, texts), *program.headers.items()]:
        (folder / name).write_text(text)


class Runner:
    """Builds and runs.  `build` is a folder with libleash.a; the cache lies in `work`."""

    def __init__(self, build, work, seeds):
        self.library = build / "libleash.a"
        self.work = work
        self.seeds = seeds
        self.watch = work / "watch.o"
        (work / "cache").mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O1", *libleash.FLAGS, "-c", HERE / "watch.c", "-o", self.watch],
                       check=True)
        self.world = hashlib.sha256(self.library.read_bytes() + self.watch.read_bytes()
                                    + (HERE / "programs.py").read_bytes()
                                    + pathlib.Path(libleash.__file__).read_bytes()).hexdigest()

    def outcome(self, program, texts):
        """{"compiled": …, "stuck": how or None, "places": [[file, line], …], "failed": …}"""
        key = json.dumps([self.world, self.seeds, program.files, texts, program.headers,
                          program.flags, program.arguments, program.input])
        cached = self.work / "cache" / (hashlib.sha256(key.encode()).hexdigest() + ".json")
        if cached.exists():
            return json.loads(cached.read_text())
        with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
            outcome = self._build_and_run(program, texts, pathlib.Path(folder))
        temporary = cached.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(outcome))
        temporary.replace(cached)
        return outcome

    def _build_and_run(self, program, texts, folder):
        write_program(program, texts, folder)
        outcome = {"compiled": False, "stuck": None, "seed": 0, "places": [], "failed": ""}
        try:
            libleash.build("program", [*program.files, self.watch], self.library, "-O0", "-w",
                           *program.own_flags(), *WRAPPED, cwd=folder)
        except libleash.NotBuilt as error:
            outcome["failed"] = str(error)
            return outcome
        outcome["compiled"] = True
        for i in range(1, 5):
            (folder / f"file{i}").write_bytes(b"x" * i * 1000)
        self._run_all(program, texts, folder, outcome)
        return outcome

    def _run_all(self, program, texts, folder, outcome):
        shown, places = 0, set()
        has_time, ended_late = any(HAS_TIME.search(text) for text in texts), False
        for seed in range(1, self.seeds + 1):
            how, found = self._run(program, folder, seed, LIMIT_MS, GRACE_MS)
            if how in ("left", "late") and ended_late:
                continue
            if (how == "late" or how == "left" and has_time) and not shown:
                how, found = self._run(program, folder, seed, PATIENT_MS, PATIENT_MS)
                ended_late = not how
            if found:
                outcome["stuck"] = outcome["stuck"] or how
                outcome["seed"] = outcome["seed"] or seed
                places |= found
                shown += 1
            elif how:
                outcome["failed"] = outcome["failed"] or f"{how} (seed {seed})"
            if shown == SHOWN:
                break
        outcome["places"] = sorted(map(list, places))

    def _run(self, program, folder, seed, limit_ms, grace_ms):
        """One run: how it went wrong ("" when it did not), and the places of stuck tasks."""
        end = libleash.run(
            "./program", *program.arguments, schedule=f"random:{seed}", cwd=folder,
            limit_s=(limit_ms + grace_ms) / 1000 + 10, stdin=program.input,
            environment={"WATCH_LIMIT_MS": str(limit_ms), "WATCH_GRACE_MS": str(grace_ms)})
        if end.status is None:
            return "does not end", set()
        if end.status == program.status:
            return "", set()
        how = "freed" if FREED in end.said else STUCK.get(end.status)
        if not how:  # misuse of the runtime, most of the time
            return f"status {end.status}: {''.join(end.said.splitlines()[:1])}", set()
        return how, stuck_places(end.tasks, how)


def stuck_places(tasks, how):
    """The (file, line) where tasks are stuck, by the tasks of a run's dumps.

    Where the first task is still there after a long time, somebody is parked for good or goes
    round without end.  To stop the latter is the remedy as well, so all places where tasks were met
    count.
    """
    parked = [task for task in tasks if task.parked]
    if how == "late" and all(task.state in OUTSIDE for task in parked):
        return set()
    return {task.parked for task in parked}
