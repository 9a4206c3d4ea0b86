#!/usr/bin/env python3
"""The mutation oracle: mistakes made mechanically in good programs, kept where the runtime shows a
stuck task, and the share of them that leash finds.  README.md beside this file says how."""
import argparse
import concurrent.futures
import difflib
import fnmatch
import hashlib
import os
import pathlib
import shutil
import sys

import findings
import mistakes
import programs


class Mutant:
    def __init__(self, program, number, index, mutation):
        self.program = program
        self.file = program.files[index]
        self.mutation = mutation
        self.texts = list(program.texts)
        self.texts[index] = mutation.apply(program.texts[index])
        self.before, self.after = program.texts[index], self.texts[index]
        self.name = f"{program.name.replace('/', '-')}-{number:03}-{mutation.operator}"
        self.outcome = None  # of its runs
        self.found = []  # leash's new findings, where it was asked
        self.verdict = None  # where it is stuck

    def title(self):
        mutation = self.mutation
        return f"{self.name}: line {mutation.line}, {mutation.says}"

    def diff(self):
        return "".join(difflib.unified_diff(
            self.before.splitlines(keepends=True), self.after.splitlines(keepends=True),
            self.file, self.file, n=2))

    def story(self):
        places = ", ".join(f"{file}:{line}" for file, line in self.outcome["places"])
        return f"{self.outcome['stuck']} (seed {self.outcome['seed']}), stuck at {places}"


def options():
    parser = argparse.ArgumentParser(prog="./dev mutate", description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=programs.ROOT / "build",
                        help="where leash and libleash.a are (build)")
    parser.add_argument("--seeds", type=int, default=20, metavar="N",
                        help="schedules that each mutant is run under (20)")
    parser.add_argument("--jobs", type=int, default=6 * (os.cpu_count() or 1), metavar="N",
                        help="mutants at a time (six for each core: most of them sleep)")
    parser.add_argument("--only", action="append", metavar="OPERATOR", choices=mistakes.OPERATORS,
                        help=f"only these mistakes: {', '.join(mistakes.OPERATORS)}")
    parser.add_argument("--source", action="append", metavar="GLOB",
                        help="only programs with such a name, as 'documents/*' or 'crawler'")
    parser.add_argument("--sample", type=int, metavar="N",
                        help="only N of the mutants, the same ones each time")
    parser.add_argument("--sample-seed", type=int, default=1, metavar="N",
                        help="which sample it is (1)")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR",
                        help="write the stuck mutants there, each with its diff and story")
    parser.add_argument("--min", type=float, metavar="PERCENT",
                        help="exit with 1 where leash finds a smaller share at the line")
    parser.add_argument("--min-confidence", default="likely", metavar="WORD",
                        help="as of leash check (likely)")
    parser.add_argument("--unstuck", action="store_true",
                        help="ask leash about the mutants without a stuck task too")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="name every program, and show the missed mutants with their diffs")
    chosen = parser.parse_args()
    chosen.build = chosen.build.resolve()
    return chosen


def why_left_out(outcome):
    """In one line: a server that only a client ends, an argument that is missing, no such call."""
    lines = outcome["failed"].splitlines()
    errors = [line for line in lines if "error" in line or "undefined" in line]
    return (errors or lines or [f"a task is stuck: {outcome['stuck']}"])[0]


def sample(mutants, count, seed):
    """`count` of them in their order.  A hash of the name chooses, so that a program more or less
    changes only a few of those chosen from the others."""
    def throw(mutant):
        return hashlib.sha256(f"{seed} {mutant.name}".encode()).digest()

    chosen = set(sorted(map(throw, mutants))[:count])
    return [mutant for mutant in mutants if throw(mutant) in chosen]


class Oracle:
    """Runs everything; results come in the order of the mutants, whatever ends first."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.work = programs.ROOT / "out/mutate"
        self.runner = programs.Runner(chosen.build, self.work, chosen.seeds)
        self.pool = concurrent.futures.ThreadPoolExecutor(chosen.jobs)

    def sources(self):
        """The programs that run clean, and (name, why) of the others."""
        wanted = [program for program in programs.find_programs()
                  if not self.chosen.source or any(fnmatch.fnmatch(program.name, glob)
                                                   for glob in self.chosen.source)]
        outcomes = self.pool.map(lambda program: self.runner.outcome(program, program.texts),
                                 wanted)
        clean, others = [], []
        for program, outcome in zip(wanted, outcomes):
            if outcome["failed"] or outcome["stuck"]:
                others.append((program.name, why_left_out(outcome)))
            else:
                clean.append(program)
        return clean, others

    def mutants(self, sources):
        names = [name for name in mistakes.OPERATORS
                 if not self.chosen.only or name in self.chosen.only]
        made = [Mutant(program, number, index, mutation) for program in sources
                for number, (index, mutation) in enumerate(mistakes.mutations(program, names), 1)]
        if self.chosen.sample is not None:
            made = sample(made, self.chosen.sample, self.chosen.sample_seed)
        outcomes = self.pool.map(lambda mutant: self.runner.outcome(mutant.program, mutant.texts),
                                 made)
        for done, (mutant, outcome) in enumerate(zip(made, outcomes), 1):
            mutant.outcome = outcome
            if sys.stderr.isatty():
                print(f"\r{done} of {len(made)} run", end="", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
        return made

    def ask_leash(self, name, program, texts):
        folder = self.work / "programs" / name.replace("/", "-")
        programs.write_program(program, texts, folder)
        return findings.check(self.chosen.build / "leash",
                              [f"--min-confidence={self.chosen.min_confidence}"], folder, program)

    def judge(self, mutants, originals):
        asked = [mutant for mutant in mutants if mutant.outcome["compiled"]
                 and (mutant.outcome["stuck"] or self.chosen.unstuck)]
        answers = self.pool.map(
            lambda mutant: self.ask_leash(mutant.name, mutant.program, mutant.texts), asked)
        for mutant, answer in zip(asked, answers):
            mutant.found = findings.new_findings(answer, originals[mutant.program.name])
            if mutant.outcome["stuck"]:
                mutant.verdict = findings.verdict(mutant.found, mutant.outcome["places"],
                                                  dict(zip(mutant.program.files, mutant.texts)))


# ---- what is printed -----------------------------------------------------------------------------

COLUMNS = ["mutants", "compiled", "stuck", "at line", "elsewhere", "missed"]
# How sure the runs are that somebody is stuck: see README.md.
SURE = {"all parked": True, "left": True, "late": False, "freed": False}


def counts(mutants):
    stuck = [mutant for mutant in mutants if mutant.outcome["stuck"]]
    verdicts = [mutant.verdict for mutant in stuck]
    return [len(mutants), sum(mutant.outcome["compiled"] for mutant in mutants), len(stuck),
            *(verdicts.count(word) for word in COLUMNS[3:])]


def print_table(mutants):
    print(f"{'operator':18}" + "".join(f"{column:>10}" for column in COLUMNS))
    for name in mistakes.OPERATORS:
        ours = [mutant for mutant in mutants if mutant.mutation.operator == name]
        if ours:
            print(f"{name:18}" + "".join(f"{number:10}" for number in counts(ours)))
    print(f"{'all':18}" + "".join(f"{number:10}" for number in counts(mutants)))


def print_labels(mutants):
    """The same by how the runs showed it: what may be no stuck task stays in, and is named."""
    print(f"\n{'shown as':18}" + "".join(f"{column:>10}" for column in COLUMNS[2:]))
    for label, is_sure in SURE.items():
        ours = [mutant for mutant in mutants if mutant.outcome["stuck"] == label]
        if ours:
            name = label if is_sure else f"{label} (unsure)"
            print(f"{name:18}" + "".join(f"{number:10}" for number in counts(ours)[2:]))


def say_finding(finding):
    return f"{finding['file']}:{finding['line']}: {finding['message']} [{finding['rule']}]"


def print_details(mutants):
    for mutant in mutants:
        if mutant.verdict in (findings.MISSED, findings.ELSEWHERE):
            print(f"\n{mutant.verdict}: {mutant.title()}\n  {mutant.story()}")
            for finding in mutant.found:
                print(f"  leash: {say_finding(finding)}")
            print(mutant.diff(), end="")


def print_unstuck(mutants):
    """Findings on mutants that never got stuck: rare schedules, or false."""
    told = [mutant for mutant in mutants if mutant.found and not mutant.outcome["stuck"]]
    print(f"\n{len(told)} mutants have findings but no stuck task under these schedules")
    for mutant in told:
        ended = f" (it ended with {mutant.outcome['failed']})" if mutant.outcome["failed"] else ""
        print(f"{mutant.title()}{ended}")
        for finding in mutant.found:
            print(f"  leash: {say_finding(finding)}")


def keep(mutants, folder):
    """Each stuck mutant in a folder of its own, below one for its verdict."""
    for mutant in mutants:
        if mutant.outcome["stuck"]:
            place = folder / mutant.verdict.replace(" ", "-") / mutant.name
            shutil.rmtree(place, ignore_errors=True)
            programs.write_program(mutant.program, mutant.texts, place)
            (place / "mutant.txt").write_text("\n".join(
                [mutant.title(), mutant.story(), *map(say_finding, mutant.found), mutant.diff()]))


def print_sources(sources, others, originals, verbose):
    false = [(program.name, finding) for program in sources for finding in originals[program.name]]
    print(f"{len(sources)} programs run clean, {len(others)} do not end by themselves or not so; "
          f"{len(false)} findings on the clean ones")
    for name, finding in false:
        print(f"  {name}: {say_finding(finding)}")
    if verbose:
        for program in sources:
            print(f"  clean: {program.name}")
        for name, why in others:
            print(f"  left out: {name}: {why}")
    print()


def share_found(mutants):
    stuck, at_line, elsewhere = counts(mutants)[2:5]
    if not stuck:
        print("\nno mutant shows a stuck task")
        return 0.0
    share = 100 * at_line / stuck
    conventions = sum(mutant.verdict == findings.AT_LINE and not findings.is_mistake(mutant.found)
                      for mutant in mutants)
    print(f"\nfound at the line: {share:.1f} % of {stuck}; with those found elsewhere: "
          f"{100 * (at_line + elsewhere) / stuck:.1f} %")
    if conventions:
        print(f"{conventions} of those at the line only by a convention, no leak or misuse")
    return share


def main():
    chosen = options()
    oracle = Oracle(chosen)
    sources, others = oracle.sources()
    originals = dict(zip((program.name for program in sources), oracle.pool.map(
        lambda program: oracle.ask_leash(program.name, program, program.texts), sources)))
    print_sources(sources, others, originals, chosen.verbose)
    mutants = oracle.mutants(sources)
    oracle.judge(mutants, originals)
    if chosen.verbose:
        print_details(mutants)
        print()
    print_table(mutants)
    print_labels(mutants)
    share = share_found(mutants)
    if chosen.unstuck:
        print_unstuck(mutants)
    if chosen.keep:
        keep(mutants, chosen.keep)
    return 1 if chosen.min is not None and share < chosen.min else 0


if __name__ == "__main__":
    sys.exit(main())
