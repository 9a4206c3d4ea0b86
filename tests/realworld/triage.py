#!/usr/bin/env python3
"""Has every finding on a package been judged?  Compares a report with the table in README.md.

    triage.py PACKAGE REPORT.json [TABLE.md]

A row of the table is a finding that somebody judged by reading the source:

    | package | where | function | rule | about | true, false or unsure | why |

`about` is the first name that the message quotes.  The line in `where` is for the reader: a finding
is known by its package, file, function, rule and name, so that a new version of the package does
not make it a new one.

Exit status 1: a finding without a judgement, or a true one that is no longer found.  A false one
that is gone is said, and its row may go too.
"""
import argparse
import collections
import json
import os
import re
import sys

VERDICTS = ("true", "false", "unsure")
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md")


def key_of(finding):
    path = re.sub(r".*/source/", "", finding["file"])
    quoted = re.search(r"'([^']*)'", finding["message"])
    return (path, finding["function"], finding["rule"], quoted[1] if quoted else "")


def judgements(path, package):
    """The package's rows: (verdict, place) by key."""
    rows = {}
    with open(path, encoding="utf-8") as table:
        for line in table:
            cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
            if len(cells) == 7 and cells[0] == package and cells[5] in VERDICTS:
                _, where, function, rule, about, verdict, _ = cells
                rows[(where.rpartition(":")[0], function, rule, about)] = (verdict, where)
    return rows


def main(arguments):
    parser = argparse.ArgumentParser(description="compare findings with their judgements")
    parser.add_argument("package")
    parser.add_argument("report", metavar="REPORT.json")
    parser.add_argument("table", metavar="TABLE.md", nargs="?", default=TABLE)
    options = parser.parse_args(arguments)
    with open(options.report, encoding="utf-8") as file:
        found = {key_of(finding): finding for finding in json.load(file)["findings"]}
    judged = judgements(options.table, options.package)

    new = [key for key in found if key not in judged]
    gone = [key for key in judged if key not in found]
    lost = [key for key in gone if judged[key][0] == "true"]
    for key in new:
        finding = found[key]
        print(f"    NOT JUDGED: {key[0]}:{finding['line']}: {finding['message']} [{key[2]}]")
    for key in gone:
        verdict, where = judged[key]
        word = "LOST" if key in lost else "gone"
        print(f"    {word}: {where}: '{key[3]}' [{key[2]}], judged {verdict}")
    counts = collections.Counter(judged[key][0] for key in found if key in judged)
    words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)
    print(f"findings: {words}, {len(new)} not judged, {len(lost)} lost")
    return 1 if new or lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
