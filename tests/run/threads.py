"""Programs on plain threads: built, run, and where the threads of one stand that does not end.

A thread is not asked where it waits, as a task is (libleash.py): gdb looks.  Each line of a call on
its stack counts, since the waiting call itself lies in libc.
"""
import re
import subprocess

from libleash import End, NotBuilt, Site

GDB_S = 20
FRAME = re.compile(r"^#\d+ .* at (?P<file>\S+):(?P<line>\d+)$", re.MULTILINE)


def build(program, sources, *flags, cwd=None):
    """Returns the path of the program; raises NotBuilt."""
    done = subprocess.run(["cc", *flags, *sources, "-o", program], cwd=cwd, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise NotBuilt(done.stderr)
    return program


def run(program, *arguments, limit_s, cwd=None):
    """Runs it to its end, or for so long: then status is None.  Also the lines its threads stand on."""
    child = subprocess.Popen([program, *arguments], cwd=cwd, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _, said = child.communicate(timeout=limit_s)
        return End(child.returncode, said, []), set()
    except subprocess.TimeoutExpired:
        stacks = stacks_of(child.pid)
        child.kill()
        child.communicate()
    return End(None, stacks, []), lines_in(stacks)


def stacks_of(pid):
    done = subprocess.run(["gdb", "-nx", "-batch", "-p", str(pid), "-ex", "thread apply all bt"],
                          capture_output=True, text=True, check=False, timeout=GDB_S)
    return done.stdout


def lines_in(stacks):
    return {Site(match["file"], int(match["line"])) for match in FRAME.finditer(stacks)}
