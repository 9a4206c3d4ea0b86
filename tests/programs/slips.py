#!/usr/bin/env python3
"""How many of the slips that an engineer makes in a hurry does leash find in programs of several files?

    slips.py [--leash BINARY] [-v] [PROGRAM...]
    slips.py --run [SEEDS] [PROGRAM...]
    slips.py --list [PROGRAM...]

Each folder beside this file that holds `slips/` is a program without leaks: its own *.c files, with a
main or, for a library, with a driver in `driver/` that only runs and is not analysed.  Each
`slips/NN-title.patch` makes one mistake in it and begins with the line

    # RULE FILE:LINE[ FILE:LINE...]: why

that names the rule a reviewer would name, and where a task is then parked for ever: any of these
lines, in the files with the slip in them.  Where a task is not parked but goes round for ever, it is
the line that waits for that task.

A slip counts as found when a finding that the sound program does not have stands at its line or has a
note there; as found elsewhere when there are new findings of a leak or a misuse at other places only.
What leash says of the sound programs is printed too: leaks and misuse there are alarms.

--run builds each program with libleash (build/) and runs it under SEEDS random schedules (24), with
the arguments of each line of its `runs` where it has that file.  The sound ones must end by
themselves and leave no task; with a slip, a dump must show a task parked at its line.  Programs on
plain threads are run as often, and gdb looks where those hang.  This holds the expectations to
account and says nothing of leash.

--list applies the patches and prints the lines they name, which must be ones that can park.

Exit status 1: an alarm; with --run, a program that leaks or a slip that was not seen.  2: something
is wrong with the programs or the slips themselves.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "run"))
import libleash  # noqa: E402 found there
import threads  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(ROOT, "out", "slips")
FLAGS = ["-std=gnu17", "-pthread", "-Wall", "-Wextra"]
RUN_LIMIT_S = 3  # for those that hang while a ticker goes on
CHECK_LIMIT_S = 300
PARKS = re.compile(r"\b(chan_(send|recv|select)(_ctx)?|wg_wait|mu_lock|rw_r?lock|cv_wait"
                   r"|pthread_(mutex_lock|rwlock_(rd|wr)lock|cond_wait|join)|mtx_lock|cnd_wait|thrd_join)\(")

Slip = collections.namedtuple("Slip", "name rule places why text")
HEAD = re.compile(r"# (?P<rule>[a-z-]+)(?P<places>( [\w./-]+:\d+)+): (?P<why>.+)\n")
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class Wrong(Exception):
    """A program or slip that is not as the text above says."""


# ---- programs and patches -----------------------------------------------------------------------


def programs(wanted):
    names = sorted(name for name in os.listdir(HERE)
                   if os.path.isdir(os.path.join(HERE, name, "slips")))
    for name in wanted:
        if name not in names:
            raise Wrong(f"no program '{name}'; there are: {' '.join(names)}")
    return wanted or names


def sources(folder, suffix=".c"):
    return sorted(name for name in os.listdir(folder) if name.endswith(suffix))


def read_slip(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    head = HEAD.match(text)
    if not head:
        raise Wrong(f"{path}: the first line is not '# RULE FILE:LINE: why'")
    places = []
    for place in head["places"].split():
        file, line = place.rsplit(":", 1)
        places.append((file, int(line)))
    return Slip(os.path.basename(path)[: -len(".patch")], head["rule"], places, head["why"], text)


def slips_of(program):
    folder = os.path.join(HERE, program, "slips")
    return [read_slip(os.path.join(folder, name)) for name in sources(folder, ".patch")]


def hunks(text):
    """(file, first line, the hunk's lines) for each hunk of a unified diff."""
    file = first = None
    lines = []
    for line in text.splitlines():
        if line.startswith(("--- a/", "+++ b/")):
            if lines:
                yield file, first, lines
            file, lines = line[len("--- a/"):].split("\t")[0], []
        elif HUNK.match(line):
            if lines:
                yield file, first, lines
            first, lines = int(HUNK.match(line)[1]), []
        elif file and line[:1] in (" ", "+", "-"):
            lines.append(line)
    if lines:
        yield file, first, lines


def apply(slip, folder):
    """Makes the changes in the files of the folder; a hunk fits at its line or not at all."""
    moved = collections.Counter()
    for name, first, lines in hunks(slip.text):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            text = file.read().splitlines()
        old = [line[1:] for line in lines if line[0] != "+"]
        new = [line[1:] for line in lines if line[0] != "-"]
        at = first - 1 + moved[name]
        if text[at:at + len(old)] != old:
            raise Wrong(f"{slip.name}: the hunk for line {first} of {name} does not fit")
        text[at:at + len(old)] = new
        moved[name] += len(new) - len(old)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(text) + "\n")


def copy_of(out, program, name, slip=None):
    """The program in a folder of its own, with the slip in it and with its compile_commands.json."""
    folder = os.path.join(out, program, name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, program), folder, ignore=shutil.ignore_patterns("slips"))
    if slip:
        apply(slip, folder)
    include = "-I" + os.path.join(ROOT, "runtime", "include")
    commands = [{"directory": folder, "file": source,
                 "arguments": ["cc", *FLAGS, include, "-c", source, "-o", source[:-1] + "o"]}
                for source in sources(folder)]
    with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(commands, file, indent=1)
    return folder


# ---- what leash says ----------------------------------------------------------------------------


def check(leash, folder):
    """The findings, and the seconds it took."""
    begin = time.monotonic()
    done = subprocess.run([leash, "check", "-p", folder, "--format", "json"], cwd=folder,
                          capture_output=True, text=True, check=False, timeout=CHECK_LIMIT_S)
    seconds = time.monotonic() - begin
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {"errors": [done.stderr or f"status {done.returncode}"], "findings": []}
    if answer["errors"] or done.returncode not in (0, 1):
        raise Wrong(f"leash could not judge {folder}: {answer['errors'] or done.stderr}")
    return answer["findings"], seconds


def identity(finding):
    """Line numbers move with a slip; this stays, as long as the finding does."""
    return finding["rule"], os.path.basename(finding["file"]), finding["function"], finding["message"]


def covers(finding, places):
    end = finding.get("end_line", finding["line"])
    spots = [(finding["file"], finding["line"], end)]
    spots += [(note["file"], note["line"], note.get("end_line", note["line"]))
              for note in finding["notes"]]
    return any(os.path.basename(file) == os.path.basename(place) and first <= line <= last
               for file, first, last in spots for place, line in places)


def is_serious(finding):
    return finding["group"] in ("leak", "misuse")


def verdict(slip, findings):
    """A word, and the findings that stand for it."""
    there = [finding for finding in findings if covers(finding, slip.places)]
    # A convention beside it is no finding of the slip.
    there = [finding for finding in there if is_serious(finding) or finding["rule"] == slip.rule]
    if there:
        return "found", there
    serious = [finding for finding in findings if is_serious(finding)]
    return ("elsewhere", serious) if serious else ("missed", [])


def line_of(finding):
    return (f"{os.path.basename(finding['file'])}:{finding['line']}: {finding['message']} "
            f"[{finding['rule']}]")


def judge(leash, out, program, verbose, total):
    sound, seconds = check(leash, copy_of(out, program, "sound"))
    print(f"{program}: {len(sound)} finding(s) without a slip, {seconds:.1f} s")
    for finding in sound:
        word = "ALARM" if is_serious(finding) else "also "
        total["alarm" if is_serious(finding) else "convention"] += 1
        print(f"  {word} {line_of(finding)}")
    known = collections.Counter(map(identity, sound))
    for slip in slips_of(program):
        findings, seconds = check(leash, copy_of(out, program, slip.name, slip))
        new = [finding for finding in findings if not known[identity(finding)]]
        word, why = verdict(slip, new)
        total[word] += 1
        total["right rule"] += any(finding["rule"] == slip.rule for finding in why)
        total["slips"] += 1
        total["seconds"] = max(total["seconds"], seconds)
        rules = ", ".join(sorted({finding["rule"] for finding in why}))
        by = " <- " + rules if rules else ""
        print(f"  {word:9} {seconds:5.1f} s  {slip.name:32} {slip.rule}{by}")
        if verbose:
            for finding in new:
                print(f"            {line_of(finding)}")


# ---- the slips themselves -----------------------------------------------------------------------


def show(out, program, slip):
    """The slip and the lines that it names; fails where one of them cannot park."""
    folder = copy_of(out, program, slip.name, slip)
    print(f"{program}/{slip.name}: {slip.rule}: {slip.why}")
    for name, number in slip.places:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            line = file.read().splitlines()[number - 1].strip()
        if not PARKS.search(line):
            raise Wrong(f"{program}/{slip.name}: nothing parks at {name}:{number}: {line}")
        print(f"    {name}:{number}: {line}")


# ---- what the runtime says ----------------------------------------------------------------------


def is_on_threads(folder):
    """Whether it does without libleash."""
    return not any("leash.h" in pathlib.Path(folder, name).read_text(encoding="utf-8")
                   for name in sources(folder) + sources(folder, ".h"))


def build(folder):
    """The program, linked with libleash where it uses that; its path."""
    files = sources(folder)
    if os.path.isdir(os.path.join(folder, "driver")):
        files += [f"driver/{name}" for name in sources(os.path.join(folder, "driver"))]
    flags = [*FLAGS, "-Werror", "-g", "-I."]
    try:
        if is_on_threads(folder):
            threads.build("program", files, *flags, cwd=folder)
        else:
            libleash.build("program", files, os.path.join(ROOT, "build", "libleash.a"), *flags,
                           cwd=folder)
    except libleash.NotBuilt as error:
        raise Wrong(f"{folder} does not build:\n{error}") from error
    return os.path.join(folder, "program")


def runs_of(program, seeds):
    """(seed, arguments) for each run."""
    path = os.path.join(HERE, program, "runs")
    lines = [""]
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    return [(seed, line.split()) for seed in range(1, seeds + 1) for line in lines]


def run(binary, seed, arguments):
    """How it ended, and the places where a task or a thread was then parked."""
    folder = os.path.dirname(binary)
    if is_on_threads(folder):
        return threads.run(binary, *arguments, limit_s=RUN_LIMIT_S, cwd=folder)
    end = libleash.run(binary, *arguments, schedule=f"random:{seed}", threads=1 + seed % 2,
                       limit_s=RUN_LIMIT_S, cwd=folder)
    return end, end.parked


def run_sound(out, program, seeds):
    """The number of runs that did not end well."""
    faults = 0
    binary = build(copy_of(out, program, "sound"))
    for seed, arguments in runs_of(program, seeds):
        end, _ = run(binary, seed, arguments)
        if end.status != 0:
            faults += 1
            print(f"{program}: status {end.status} without a slip, seed {seed}\n{end.said}")
    return faults


def run_slip(out, program, slip, seeds):
    """Whether a run shows a task parked where the slip says."""
    binary = build(copy_of(out, program, slip.name, slip))
    said = ""
    for seed, arguments in runs_of(program, seeds):
        end, parked = run(binary, seed, arguments)
        said = end.said
        if end.status != 0 and parked.intersection(slip.places):
            print(f"{program}/{slip.name}: parked there, seed {seed}")
            return True
    print(f"{program}/{slip.name}: NOT SEEN; the last run said\n{said}")
    return False


def run_program(out, program, seeds):
    """The number of things that were not as they should be."""
    return run_sound(out, program, seeds) + sum(not run_slip(out, program, slip, seeds)
                                                for slip in slips_of(program))


# ---- the whole ----------------------------------------------------------------------------------


def summary(total):
    slips = total["slips"] or 1
    found = total["found"]
    print(f"{found} of {total['slips']} slips found at their line ({100 * found / slips:.0f} %), "
          f"{total['elsewhere']} elsewhere, {total['missed']} missed; "
          f"{total['right rule']} under the rule a reviewer would name; "
          f"{total['alarm']} alarm(s) and {total['convention']} convention(s) on the sound programs; "
          f"at most {total['seconds']:.1f} s for one program")


def main():
    parser = argparse.ArgumentParser(description="seeded slips in programs of several files")
    parser.add_argument("--leash", default=os.path.join(ROOT, "build", "leash"))
    parser.add_argument("--run", nargs="?", const=24, type=int, metavar="SEEDS")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--out", default=OUT, help="where the copies go")
    parser.add_argument("-v", "--verbose", action="store_true", help="each new finding")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    options = parser.parse_args()
    out = os.path.abspath(options.out)
    total = collections.Counter()
    try:
        names = programs(options.programs)
        if options.list:
            for name in names:
                for slip in slips_of(name):
                    show(out, name, slip)
            return 0
        if options.run:
            return 1 if sum(run_program(out, name, options.run) for name in names) else 0
        for name in names:
            judge(os.path.abspath(options.leash), out, name, options.verbose, total)
    except (Wrong, OSError, subprocess.TimeoutExpired) as error:
        print(f"slips.py: {error}", file=sys.stderr)
        return 2
    summary(total)
    return 1 if total["alarm"] else 0


if __name__ == "__main__":
    sys.exit(main())
