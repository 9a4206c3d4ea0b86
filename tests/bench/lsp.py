#!/usr/bin/env python3
"""How soon leash lsp says what a change brought.

    lsp.py [--leash TOOL] [--changes N] [FILE...]

Opens each FILE (without one: a small program of two files), types into it, waits after each change
until the diagnostics of that text have come, and tells the milliseconds that took: the first look,
then the median and the worst of the changes.  The pause that the server leaves for the next key is
part of it.  The CPU time of a change, of the server and its processes, says the same on a machine
that has other work.  FILE stands below a compile_commands.json.
"""
import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lsp"))
os.environ.setdefault("LEASH", str(ROOT / "build" / "leash"))
import client  # noqa: E402
import program  # noqa: E402


def small_program(folder):
    case = program.Case()
    case.folder = pathlib.Path(folder)
    return case.program()[0]


def measure(leash, path, changes):
    session = client.Client(leash)
    session.initialize(path.parent)
    begin = time.monotonic()
    uri = session.open(path)
    session.judged(uri)
    first = time.monotonic() - begin
    text = path.read_text(errors="replace")
    session.quiet()  # until the first analysis has ended, so that its time is not counted
    times = []
    cpu = client.cpu_seconds(session.process)
    for i in range(changes):
        begin = time.monotonic()
        session.change(uri, text + f"\n// {i}\n")
        session.judged(uri)
        times.append(time.monotonic() - begin)
    session.quiet()
    cpu = (client.cpu_seconds(session.process) - cpu) / changes
    found = sum(len(p["diagnostics"]) for p in session.diagnostics.values())
    session.finish()
    print(f"{path.name:24} first {first * 1000:6.0f} ms   "
          f"change {statistics.median(times) * 1000:5.0f} ms (worst {max(times) * 1000:.0f}), "
          f"{cpu * 1000:.0f} ms of CPU   {found} findings", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--leash", default=os.environ["LEASH"])
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    for path in options.files:
        measure(options.leash, path.resolve(), options.changes)
    if not options.files:
        with tempfile.TemporaryDirectory() as folder:
            measure(options.leash, small_program(folder), options.changes)


if __name__ == "__main__":
    main()
