#!/usr/bin/env python3
"""Random small concurrent programs, decided exhaustively and by leash: where do they differ?

    ./dev random                            300 programs from seed 1 on
    ./dev random --count 2000 --seed 5000   others
    ./dev random --template gate -v         of one skeleton; all places, not only the first
    ./dev random --show 17                  one program with its answer, and nothing else
    ./dev random --shrink 17                the same, made smaller while the two differ
    ./dev random --check-runtime 50         50 of them on the runtime too, with random schedules

The C files stay in out/random/, named after template and seed.  Exit status 1: leash called
something proven that no execution shows, or the runtime was stuck where the exhaustive answer
is not.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
from compile import TooLarge  # noqa: E402 leaves no byte code in the source tree
from explore import Explorer, Misuse  # noqa: E402
from generate import generate, smaller_programs  # noqa: E402
from judge import Case, by_rule, by_template, disagreement, judge, lines_of  # noqa: E402
from print_c import Printer  # noqa: E402
from runtime import check_runtime  # noqa: E402
from templates import TEMPLATES  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "out", "random")


def decide(program, path, seed, options):
    """(Case, text) of a program; a word in place of the case where it is none."""
    try:
        answer = Explorer(program, options.states).answer()
    except Misuse:
        return "misuse", None
    except TooLarge:
        return "too large", None
    printer = Printer(program, answer.outlives)
    text = printer.text()

    def places(statements):
        return sorted(printer.places[number] for number in statements
                      if number in printer.places)

    return Case(path, program.template, seed, places(answer.stuck), places(answer.unsettled),
                places(answer.never)), text


def make(seed, options):
    """The same of a seed."""
    program = generate(seed, options.template)
    if program is None:
        return "no valid C", None
    return decide(program, os.path.join(OUT, f"{program.template}_{seed}.c"), seed, options)


def begin():
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)


def write(case, text):
    with open(case.path, "w", encoding="utf-8") as file:
        file.write(text)


def write_all(options):
    """Generates until there are enough; (cases, how many were dropped for what)."""
    begin()
    cases, dropped, seed = [], {}, options.seed
    while len(cases) < options.count and seed < options.seed + 20 * options.count + 100:
        case, text = make(seed, options)
        seed += 1
        if text is None:
            dropped[case] = dropped.get(case, 0) + 1
            continue
        write(case, text)
        cases.append(case)
    return cases, dropped


def ask_leash(cases, options):
    """One run over all files, each of which is a program of its own: it has its own main."""
    include = "-I" + os.path.join(ROOT, "runtime", "include")
    commands = [{"directory": OUT, "file": case.path,
                 "arguments": ["cc", "-std=gnu17", include, "-c", case.path]} for case in cases]
    with open(os.path.join(OUT, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(commands, file, indent=1)
    # Settings of the repository are for its own code.
    with open(os.path.join(OUT, ".leash.yaml"), "w", encoding="utf-8") as file:
        file.write("{}\n")
    run = subprocess.run([options.leash, "check", "-p", OUT, "--format", "json",
                          "--min-confidence", options.min_confidence],
                         capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"run.py: leash ended with status {run.returncode}:\n{run.stderr}")
    report = json.loads(run.stdout)
    if report["stats"]["programs"] != len(cases):
        sys.exit(f"run.py: leash saw {report['stats']['programs']} programs in {len(cases)} files")
    by_path = {case.path: case for case in cases}
    for finding in report["findings"]:
        if finding["group"] == "leak":
            by_path[os.path.abspath(finding["file"])].findings.append(finding)


def report(verdicts, dropped, options):
    for verdict in verdicts:
        for line in disagreement(verdict):
            print(os.path.relpath(line) if line.startswith(ROOT) else line)
        if options.verbose and verdict.is_found and verdict.missed:
            path = os.path.relpath(verdict.case.path)
            print(f"{path}: found, and also parked at line {lines_of(verdict.missed)}")
    print()
    print("\n".join(by_template(verdicts)))
    print()
    print("\n".join(by_rule(verdicts)))
    print()
    words = ", ".join(f"{count} {word}" for word, count in sorted(dropped.items()))
    print(f"{len(verdicts)} programs; dropped: {words or 'none'}")


def show(case, text):
    """One program, its stuck lines marked."""
    for number, line in enumerate(text.splitlines(), 1):
        stuck = any(first <= number <= last for first, last in case.stuck)
        unsettled = any(first <= number <= last for first, last in case.unsettled)
        print(f"{number:3} {'*' if stuck else '?' if unsettled else ' '} {line}")
    print(f"\n{case.template}: "
          + (f"tasks stay parked at line {lines_of(case.stuck)}" if case.stuck else "nobody stays"))


def show_seed(options):
    case, text = make(options.show, options)
    if text is None:
        print(f"seed {options.show}: {case}")
    else:
        show(case, text)


def verdict_kind(verdict):
    """What must stay the same while a program gets smaller."""
    rules = tuple(sorted({finding["rule"] for finding in verdict.wrong}))
    return rules or ("missed" if verdict.disagrees else None)


def ask_about(programs, options):
    """[(Program, Verdict, text)] of those that are programs at all, in one run of leash."""
    begin()
    asked = []
    for number, program in enumerate(programs):
        case, text = decide(program, os.path.join(OUT, f"smaller_{number}.c"), 0, options)
        if text is not None:
            write(case, text)
            asked.append((program, case, text))
    if asked:
        ask_leash([case for _, case, _ in asked], options)
    return [(program, judge(case), text) for program, case, text in asked]


def shrink(options):
    """Takes statements away as long as leash and the exhaustive answer differ in the same way."""
    program = generate(options.shrink, options.template)
    best = ask_about([program] if program else [], options)
    if not best or not best[0][1].disagrees:
        print(f"seed {options.shrink}: no program on which the two differ")
        return
    kind, smallest = verdict_kind(best[0][1]), best[0]
    while True:
        smaller = [result for result in ask_about(smaller_programs(smallest[0]), options)
                   if verdict_kind(result[1]) == kind]
        if not smaller:
            break
        smallest = min(smaller, key=lambda result: result[2].count("\n"))
    _, verdict, text = smallest
    begin()
    verdict.case.path = os.path.join(OUT, f"{program.template}_{options.shrink}.c")
    write(verdict.case, text)
    show(verdict.case, text)
    print("\n".join(os.path.relpath(line) for line in disagreement(verdict)))


def parse_options():
    parser = argparse.ArgumentParser(
        prog="./dev random", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=300, help="how many programs (300)")
    parser.add_argument("--seed", type=int, default=1, help="the first one's seed (1)")
    parser.add_argument("--states", type=int, default=20000,
                        help="programs with more states are dropped (20000)")
    parser.add_argument("--template", choices=sorted(TEMPLATES), metavar="NAME",
                        help="only of this skeleton: " + ", ".join(sorted(TEMPLATES)))
    parser.add_argument("--show", type=int, metavar="SEED", help="print one program and stop")
    parser.add_argument("--shrink", type=int, metavar="SEED",
                        help="the smallest program on which the two still differ as on this one")
    parser.add_argument("--min-confidence", default="likely", help="leash's option (likely)")
    parser.add_argument("--check-runtime", type=int, default=0, metavar="N",
                        help="run N of the programs on the runtime as well")
    parser.add_argument("--leash", default=os.environ.get("LEASH",
                                                          os.path.join(ROOT, "build", "leash")),
                        help="the tool ($LEASH, else build/leash)")
    parser.add_argument("--library", default=os.path.join(ROOT, "build", "libleash.a"),
                        help="the runtime for --check-runtime (build/libleash.a)")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="also the places beside the one that was found")
    return parser.parse_args()


def main():
    options = parse_options()
    if options.show is not None:
        show_seed(options)
        return 0
    if options.shrink is not None:
        shrink(options)
        return 0
    cases, dropped = write_all(options)
    ask_leash(cases, options)
    verdicts = [judge(case) for case in cases]
    report(verdicts, dropped, options)
    status = any(finding["confidence"] == "proven"
                 for verdict in verdicts for finding in verdict.wrong)
    if options.check_runtime:
        status |= not check_runtime(cases[:options.check_runtime], OUT, options.library,
                                    options.verbose)
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
