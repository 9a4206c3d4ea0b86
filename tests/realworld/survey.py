#!/usr/bin/env python3
"""One leash run over a whole program: is each of its units accounted for, and at what cost?

    survey.py [--leash PATH] [--report FILE] NAME VERSION BUILD-DIR

Prints the counts as a row of README.md's table, and every unit that was not analysed in full with
the reason; --report keeps leash's own report.  Exit status 1: leash crashed, or said nothing of some
entry of compile_commands.json, or gave a unit up without a reason.
"""
import argparse
import collections
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

HEADING = ("| package | version | entries | lines | functions | analysed | in part | failed | "
           "skipped | repeated | findings | wall s | CPU s | peak MB | decide/parse |")


def entries_of(folder):
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
        return json.load(file)


def lines_in(entries):
    """Lines of the main files, each once."""
    paths = {os.path.realpath(os.path.join(e["directory"], e["file"])) for e in entries}
    count = 0
    for path in paths:
        with open(path, "rb") as file:
            count += file.read().count(b"\n")
    return count


def run(command, folder):
    """(status, stdout, stderr, wall seconds, CPU seconds, peak memory in MB of one process)."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return (done.returncode, done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"), wall, cpu, after.ru_maxrss // 1024)


def phases(messages):
    """Seconds of parsing and of deciding, as --stats tells them."""
    took = {name: float(ms) / 1000 for name, ms in re.findall(r"^(\w+) +([\d.]+) ms$", messages,
                                                              re.MULTILINE)}
    return took["collect"], took["models"] + took["link"] + took["rules"]


def unnamed(entries, listing, folder):
    """Files of the database that `--list-units` does not name."""
    named = set()
    for line in listing.splitlines():
        found = re.match(r"\S+ +(.*?)(: .*)?$", line)
        if found:
            named.add(os.path.realpath(os.path.join(folder, found[1])))
    paths = {os.path.realpath(os.path.join(e["directory"], e["file"])) for e in entries}
    return sorted(paths - named)


def main():
    parser = argparse.ArgumentParser(description="account for all units of a program")
    parser.add_argument("--leash", default="build/leash")
    parser.add_argument("--heading", action="store_true", help="print the table's heading first")
    parser.add_argument("--report", metavar="FILE", help="keep the JSON report in FILE")
    parser.add_argument("name")
    parser.add_argument("version")
    parser.add_argument("folder", metavar="BUILD-DIR")
    options = parser.parse_args()
    leash, folder = os.path.abspath(options.leash), os.path.realpath(options.folder)
    entries = entries_of(folder)

    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.abspath(options.report or os.path.join(scratch, "report.json"))
        if os.path.exists(out):
            os.remove(out)  # an old report is none
        status, _, messages, wall, cpu, peak = run(
            [leash, "check", "-p", folder, "--format", "json", "--stats", "-o", out], folder)
        try:
            with open(out, encoding="utf-8") as file:
                report = json.load(file)
        except (OSError, ValueError):
            report = None
    if status not in (0, 1, 2) or report is None:
        print(f"survey.py: leash ended with status {status} on {options.name}:\n{messages}")
        return 1
    _, listing, _, _, _, _ = run([leash, "check", "-p", folder, "--list-units"], folder)

    stats = report["stats"]
    parse, decide = phases(messages)
    # A unit that failed is also counted in the errors, each of which has to tell why.
    silent = [error for error in report["errors"] if not error.get("message")]
    lost = unnamed(entries, listing, folder)
    counted = sum(stats[key] for key in ("units", "units_failed", "units_skipped",
                                         "units_repeated"))
    if options.heading:
        print(HEADING)
        print("|" + "---|" * HEADING[1:].count("|"))
    print(f"| {options.name} | {options.version} | {len(entries)} | {lines_in(entries)} "
          f"| {stats['functions']} | {stats['units']} | {stats['units_in_part']} "
          f"| {stats['units_failed']} | {stats['units_skipped']} | {stats['units_repeated']} "
          f"| {stats['findings']} | {wall:.1f} | {cpu:.1f} | {peak} "
          f"| {decide:.2f} / {parse:.2f} s = {decide / parse:.2f} |")
    for line in listing.splitlines():
        if not line.startswith("analysed "):
            print(f"    {line}")
    rules = collections.Counter(finding["rule"] for finding in report["findings"])
    for rule, count in sorted(rules.items()):
        print(f"    {count} x {rule}")
    for path in lost:
        print(f"    NOT NAMED: {path}")
    for error in silent:
        print(f"    WITHOUT A REASON: {error}")
    if counted != len(entries):
        print(f"    {counted} entries accounted for, but there are {len(entries)}")
    return 1 if lost or silent or counted != len(entries) else 0


if __name__ == "__main__":
    sys.exit(main())
