"""Running one example, and talking to it when it is a server.

Every example runs under LEASH_LEAKS=fail: a task that is left at the end makes the status 23, and
then the test fails.  EXAMPLE_RUNNER is a command to run them by, valgrind or qemu.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

PATIENCE_S = 30  # for what should take no time; a sanitized build on a busy machine takes some


def folder():
    return pathlib.Path(sys.argv[1]).resolve()


def main():
    """What each test file ends with: the folder of the executables is the first argument."""
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)


def start(name, *arguments, **options):
    runner = os.environ.get("EXAMPLE_RUNNER", "").split()
    return subprocess.Popen(
        [*runner, folder() / name, *map(str, arguments)], text=True, stdout=subprocess.PIPE,
        env=os.environ | {"LEASH_LEAKS": "fail"}, **options)


class Case(unittest.TestCase):
    def run_example(self, name, *arguments, status=0, stdin="", cwd=None):
        """Runs it to its end; what it printed, and what it said on stderr."""
        child = start(name, *arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd)
        try:
            out, err = child.communicate(stdin, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            self.fail(f"{name} does not end; it printed {out!r} and {err!r}")
        self.assertEqual(child.returncode, status, f"{name} printed {out!r} and {err!r}")
        return out, err


def connect(port, timeout_s=PATIENCE_S):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)


class Server:
    """A server on a port of its own choice.  Ends with the block, and must end with status 0."""

    def __init__(self, case, name, *arguments):
        self.case = case
        self.child = start(name, *arguments)
        self.sockets = []
        line = self.child.stdout.readline()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not match:
            self.child.kill()
            case.fail(f"{name} does not listen: {line!r}")
        self.port = int(match[1])

    def connect(self, timeout_s=PATIENCE_S):
        connection = connect(self.port, timeout_s)
        self.sockets.append(connection)
        return connection

    def next_line(self):
        return self.child.stdout.readline()

    def ask_to_stop(self, number=signal.SIGTERM):
        self.child.send_signal(number)

    def expect_end(self):
        """The rest of its output."""
        try:
            out, _ = self.child.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            out, _ = self.child.communicate()
            self.case.fail(f"the server does not stop; it printed {out!r}")
        self.case.assertEqual(self.child.returncode, 0, out)
        return out

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for connection in self.sockets:
            connection.close()
        if self.child.poll() is None and kind is None:
            self.ask_to_stop()
            self.expect_end()
        elif self.child.poll() is None:
            self.child.kill()
        self.child.stdout.close()
        self.child.wait()


def read_all(connection):
    """Everything until the peer closes."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
    return data
