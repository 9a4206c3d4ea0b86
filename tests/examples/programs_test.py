"""The examples that end by themselves: what they print.  Lines of tasks that run side by side may
come in any order."""

import collections
import os
import re
import signal
import socket
import subprocess
import tempfile

import example


def random_numbers(state, count):
    """What done_channel's generator makes of `state`."""
    mask = 0xFFFFFFFF
    for _ in range(count):
        state ^= state << 13 & mask
        state ^= state >> 17
        state ^= state << 5 & mask
        yield state


def checksum(data):
    total = 2166136261
    for byte in data:
        total = (total ^ byte) * 16777619 & 0xFFFFFFFF
    return total


def is_prime(number):
    return number > 1 and all(number % i for i in range(2, int(number**0.5) + 1))


class Programs(example.Case):
    def lines_of(self, name, *arguments, **options):
        out, _ = self.run_example(name, *arguments, **options)
        return out.splitlines()

    def test_done_channel(self):
        *lines, last = self.lines_of("done_channel")
        wanted = [f"{i}: {n}" for i, n in enumerate(random_numbers(2463534242, 3), 1)]
        self.assertEqual(lines[:3], wanted)
        self.assertCountEqual(lines[3:], ["generate: told to stop", "print_news: told to stop"])
        self.assertEqual(last, "both have ended")

    def test_or_channel__enough(self):
        *primes, last = self.lines_of("or_channel", 4, 60000)
        self.assertEqual(last, "stopped: found enough")
        self.assertEqual(len(set(primes)), 4)
        for prime in primes:
            self.assertTrue(is_prime(int(prime)), prime)

    def test_or_channel__time(self):
        lines = self.lines_of("or_channel", 1000000000, 100)
        self.assertEqual(lines[-1], "stopped: the time is up")

    def test_or_channel__signal(self):
        with example.start("or_channel", 1000000000, 60000) as child:
            self.assertRegex(child.stdout.readline(), r"^\d+$")
            child.send_signal(signal.SIGINT)
            out, _ = child.communicate(timeout=example.PATIENCE_S)
        self.assertEqual(child.returncode, 0)
        self.assertEqual(out.splitlines()[-1], "stopped: interrupted")

    def test_pipeline(self):
        text = "".join(f"{'odd' if i % 2 else 'even'} {i}\n" for i in range(1000))
        lines = self.lines_of("pipeline", "odd", 3, stdin=text)
        self.assertEqual(lines, ["ODD 1", "ODD 3", "ODD 5"])
        lines = self.lines_of("pipeline", "odd 99", 1000, stdin=text)
        self.assertEqual(lines, ["ODD 99"] + [f"ODD {i}" for i in range(991, 1000, 2)])

    def test_pipeline__stops_before_the_input_does(self):
        with example.start("pipeline", "a", 1, stdin=subprocess.PIPE) as child:
            child.stdin.write("a\n")
            child.stdin.flush()
            self.assertEqual(child.stdout.read(), "A\n")
            self.assertEqual(child.wait(example.PATIENCE_S), 0)

    def test_worker_pool(self):
        with tempfile.TemporaryDirectory() as folder:
            contents = {f"file{i}": os.urandom(i * 1000) for i in range(10)}
            for name, data in contents.items():
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(data)
            lines = self.lines_of("worker_pool", *contents, cwd=folder)
            wanted = [f"{checksum(data):08x}  {name}" for name, data in contents.items()]
            self.assertCountEqual(lines, wanted)
            out, err = self.run_example("worker_pool", "file1", "none", cwd=folder, status=1)
            self.assertEqual(out, f"{checksum(contents['file1']):08x}  file1\n")
            self.assertEqual(err, "none: No such file or directory\n")

    def test_fan_in(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                dead = f"127.0.0.1:{unused.getsockname()[1]}"
                live = f"127.0.0.1:{listener.getsockname()[1]}"
                out, _ = self.run_example("fan_in", dead, live)
                self.assertRegex(out, rf"^{re.escape(live)} after \d+ ms\n$")
                _, err = self.run_example("fan_in", dead, "nonsense", status=1)
        self.assertCountEqual(err.splitlines(), [
            f"{dead}: Connection refused", "nonsense: Invalid argument", "nobody answers"])

    def test_crawler(self):
        with tempfile.TemporaryDirectory() as folder:
            for i in range(200):
                below = os.path.join(folder, *str(i))
                os.makedirs(below, exist_ok=True)
                with open(os.path.join(below, f"file{i}"), "wb") as file:
                    file.write(bytes(i))
            lines = self.lines_of("crawler", folder)
        self.assertEqual(lines, [f"200 files, {sum(range(200))} bytes, 0 not readable"])

    def test_ticker_shutdown(self):
        *samples, last = self.lines_of("ticker_shutdown", 2)
        self.assertRegex("\n".join(samples), r"^load \d+\.\d\d(\nload \d+\.\d\d)?$")
        self.assertRegex(last, rf"^{len(samples)} samples, at most \d+\.\d\d$")

    def test_ticker_shutdown__signal(self):
        with example.start("ticker_shutdown") as child:
            self.assertRegex(child.stdout.readline(), "^load ")
            child.send_signal(signal.SIGTERM)
            out, _ = child.communicate(timeout=example.PATIENCE_S)
        self.assertEqual(child.returncode, 0)
        self.assertRegex(out, r"signal 15, stopping\n\d+ samples, at most \d+\.\d\d\n$")

    def test_timeout(self):
        lines = self.lines_of("timeout")
        # What is to be quick may be late on a busy machine; what is slow is never early.
        self.assertRegex("\n".join(lines), "^" + "\n".join([
            "below 1000: (871|not in time)",
            "below 1000000000000: not in time",
            "a lookup of 1 ms: (found|gave up)",
            "a lookup of 400 ms: gave up",
            "nobody is left behind",
        ]) + "$")

    def test_context_tree(self):
        lines = self.lines_of("context_tree")
        closing = lines.index("closing time")
        self.assertCountEqual(lines[:closing], [
            f"{order}, {step}: {outcome}"
            for order, outcome in [("books", "done"), ("piano", "took too long"),
                                   ("hat", "called off")]
            for step in ["pack", "bill"]])
        self.assertEqual(collections.Counter(lines[closing + 1:-1]), collections.Counter(
            [f"ship in a bottle, {step}: called off" for step in ["pack", "bill"]]))
        self.assertEqual(lines[-1], "all orders have ended")

    def test_start_stop(self):
        (line,) = self.lines_of("start_stop")
        match = re.fullmatch(r"(\d+) posted, (\d+) delivered, (\d+) left", line)
        self.assertTrue(match, line)
        posted, delivered, left = map(int, match.groups())
        self.assertEqual(posted, delivered + left)
        self.assertGreater(delivered, 0)


if __name__ == "__main__":
    example.main()
