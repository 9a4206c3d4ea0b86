"""price_server leaks a task for each client that does not wait, and whoever looks at it sees them."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import time
import unittest
import urllib.request

import example

LEAKS = 5


class PriceServer(example.Case):
    def setUp(self):
        self.child = example.start("price_server", 0, ":0", stderr=subprocess.PIPE)
        self.port = int(re.search(r":(\d+)\n", self.child.stdout.readline())[1])
        self.url = re.search(r"http://[\d.:]+", self.child.stderr.readline())[0]

    def tearDown(self):
        self.child.kill()
        self.child.communicate()

    def ask(self, patience_ms):
        with example.connect(self.port) as connection:
            connection.sendall(b"%d\n" % patience_ms)
            return example.read_all(connection)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=example.PATIENCE_S) as answer:
            return answer.read().decode()

    def left(self):
        """The tasks that nobody receives from."""
        tasks = json.loads(self.get("/debug/tasks?format=json"))["tasks"]
        return [task for task in tasks
                if (task["function"], task["state"]) == ("fetch_price", "chan send")]

    def leak(self):
        for _ in range(LEAKS):
            self.assertEqual(self.ask(1), b"too late\n")
        deadline = time.monotonic() + example.PATIENCE_S
        while len(self.left()) < LEAKS and time.monotonic() < deadline:
            time.sleep(0.05)

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        _, err = self.child.communicate(timeout=example.PATIENCE_S)
        return self.child.returncode, err

    def test_leaves_nothing_behind_who_waits(self):
        self.assertEqual(self.ask(1000 * example.PATIENCE_S), b"42\n")
        self.assertEqual(self.left(), [])
        self.assertEqual(self.end(), (0, ""))

    def test_shows_what_it_leaks(self):
        self.leak()
        left = self.left()
        self.assertEqual(len(left), LEAKS)
        self.assertEqual({task["spawned"] for task in left}, {left[0]["spawned"]})
        self.assertRegex(left[0]["spawned"], r"price_server\.c:\d+$")
        self.assertRegex(self.get("/metrics"), rf'\nleash_tasks{{state="parked"}} {LEAKS + 2}\n')
        status, err = self.end()
        self.assertEqual(status, 23)  # of LEASH_LEAKS=fail
        self.assertEqual(err.count("[chan send"), LEAKS)

    def test_says_what_is_lost(self):
        """Of those that are left one may be in doubt, and a sanitizer knows nothing."""
        self.leak()
        found = json.loads(self.get("/debug/tasks/lost?format=json"))
        if found["lost"] is None:
            self.skipTest(found["reason"])
        self.assertLessEqual(found["lost"], LEAKS)
        self.assertEqual({task["function"] for task in found["tasks"]} - {"fetch_price"}, set())
        self.assertEqual(len(found["tasks"]), found["lost"])
        self.assertRegex(self.get("/metrics"), rf"\nleash_tasks_lost {found['lost']}\n")

    def test_takes_no_other_lines(self):
        for line in [b"-5\n", b"", b"1" * 100]:
            with example.connect(self.port) as connection:
                try:
                    connection.sendall(line)
                    connection.shutdown(socket.SHUT_WR)
                    self.assertEqual(example.read_all(connection), b"")
                except OSError as error:  # it closes without having read all
                    self.assertIn(error.errno, [errno.ECONNRESET, errno.ENOTCONN, errno.EPIPE])
        self.assertEqual(self.ask(1000 * example.PATIENCE_S), b"42\n")

    def test_refuses_a_port_that_is_taken(self):
        _, err = self.run_example("price_server", self.port, status=1)
        self.assertIn("the ports cannot be had", err)


if __name__ == "__main__":
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # what it leaks is meant
    example.main()
