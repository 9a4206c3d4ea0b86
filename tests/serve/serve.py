#!/usr/bin/env python3
"""debug_serve amid hostile clients, while the program has work to do.

    serve.py PROGRAM [--short] [--any-memory] [--seed N]

PROGRAM is busy.c, built.  Each attack lasts a few seconds; while it does, the program's own reports
must show that its work goes on, and behind it /healthz has to answer soon.  At the end the program
has as many descriptors open as before, its memory has stayed within what the connections may hold,
and debug_stop returns though clients hang on it.

--short is the test of every day: fewer clients, no wrk, and patience, as other tests run beside it.
--any-memory is for sanitizers, which keep what was freed.

Exit status 1: something of this does not hold.  2: wrk is not there.
"""
import argparse
import contextlib
import os
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

PARKED = 1000          # tasks in a dump
CONNECTIONS = 32       # that the server takes at the same time, see serve.c
SLACK_KIB = 16 * 1024  # for stacks of threads, buffers of connections, the allocator
ADDRESSES = [f"127.0.0.{i}" for i in range(1, 5)]  # all are loopback; there are limits for each
JSON = "/debug/tasks?format=json"


def request(path, method="GET", headers=""):
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


class Scale:
    """How much, and what may be asked of the program meanwhile."""

    def __init__(self, short):
        self.short = short
        self.clients = 100 if short else 500
        self.requests = 50 if short else 500
        self.seconds = 0.5 if short else 3
        self.pause_ms = 15_000 if short else 2000
        self.healthy_s = 8 if short else 1  # idle clients are let go after 10
        self.share = 0 if short else 0.1  # of the throughput without clients


class Failure(Exception):
    pass


# ---- the program --------------------------------------------------------------------------------


class Program:
    """Runs; a thread reads its reports."""

    def __init__(self, path, wait_s):
        self.wait_s = wait_s
        self.reports = []  # (rounds, longest pause in ms)
        self.stopped_ms = None
        self.news = threading.Condition()
        self.child = subprocess.Popen([path, str(PARKED)], stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=1)
        line = self.child.stderr.readline()
        match = re.fullmatch(r"leash: debug server at http://127\.0\.0\.1:(\d+)/\n", line)
        if not match:
            self.child.kill()
            raise Failure(f"the program does not serve: {line!r}")
        self.port = int(match[1])
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            word, *numbers = line.split()
            with self.news:
                if word == "work":
                    self.reports.append(tuple(map(int, numbers)))
                else:
                    self.stopped_ms = int(numbers[0])
                self.news.notify_all()

    def wait_for(self, condition, what):
        with self.news:
            if not self.news.wait_for(condition, self.wait_s):
                raise Failure(f"{what} (its status: {self.child.poll()})")

    def next_reports(self, count):
        wanted = len(self.reports) + count
        self.wait_for(lambda: len(self.reports) >= wanted, "the program no longer reports its work")

    def descriptors(self):
        """How many lead to connections, pipes, ..., and the files that are open: a dump opens those
        of the code it comes upon, once."""
        folder = pathlib.Path(f"/proc/{self.child.pid}/fd")
        targets = []
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                targets.append(os.readlink(folder / name))
        files = {target for target in targets if target.startswith("/")}
        return len(targets) - len(files), files

    def memory_kib(self, name):
        """VmRSS, now; VmHWM, the most there was."""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB$", status, re.M)[1])

    def stop_server(self):
        self.child.stdin.write("s")
        self.child.stdin.flush()
        self.wait_for(lambda: self.stopped_ms is not None, "debug_stop does not return")
        return self.stopped_ms

    def end(self):
        self.child.stdin.close()
        said = self.child.stderr.read()
        if self.child.wait(self.wait_s) != 0 or said:
            raise Failure(f"it ends with status {self.child.returncode} and {said!r}")


# ---- clients ------------------------------------------------------------------------------------


class Clients:
    """Connections to a port, which all end with the block.  Nothing here waits for the server unless
    it says so; what the server refuses is its right."""

    def __init__(self, port):
        self.port = port
        self.sockets = []

    def open(self, count, greeting=b"", receive_bytes=None):
        for number in range(count):
            client = socket.socket()
            if receive_bytes:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            client.bind((ADDRESSES[number % len(ADDRESSES)], 0))
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))
            self.sockets.append(client)
        time.sleep(0.05)
        self.send(greeting)

    def send(self, data):
        for client in self.sockets:
            with contextlib.suppress(OSError):
                client.send(data)

    def receive(self, size):
        """The number of bytes that were there."""
        got = 0
        for client in self.sockets:
            with contextlib.suppress(OSError):
                got += len(client.recv(size))
        return got

    def reset(self):
        """Gone, without a farewell."""
        for client in self.sockets:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        self.sockets = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.sockets:
            client.close()


def talk(port, data, ends=False, patience_s=30):
    """All that the server says to these bytes until it closes; with `ends` it hears that there are
    no more of them."""
    answer = bytearray()
    with socket.socket() as client:
        client.settimeout(patience_s)
        with contextlib.suppress(OSError):
            client.connect(("127.0.0.1", port))
            client.sendall(data)
            if ends:
                client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while piece := client.recv(1 << 16):
                answer += piece
    return bytes(answer)


def get(port, path):
    """The body; None: there was no good answer."""
    head, _, body = talk(port, request(path, headers="Connection: close\r\n")).partition(b"\r\n\r\n")
    return body if head.startswith(b"HTTP/1.1 200 ") else None


def expect_health(port, limit_s):
    """The seconds until /healthz answers."""
    start = time.monotonic()
    while get(port, "/healthz") != b"ok\n":
        if time.monotonic() - start > limit_s:
            raise Failure(f"/healthz does not answer within {limit_s} s")
        time.sleep(0.01)
    took = time.monotonic() - start
    if took > limit_s:
        raise Failure(f"/healthz takes {took:.1f} s")
    return took


# ---- attacks: each says what came of it ---------------------------------------------------------


def half_open(port, scale, _):
    with Clients(port) as clients:
        clients.open(scale.clients, b"GET /debug/ta")
        time.sleep(scale.seconds)
    return f"{scale.clients} connections"


def drip(port, scale, _):
    """A byte at a time, so that none is idle."""
    with Clients(port) as clients:
        clients.open(scale.clients, b"GET /healthz HTTP/1.1\r\nX-Long: ")
        for _ in range(round(scale.seconds * 10)):
            clients.send(b"x")
            time.sleep(0.1)
    return f"{scale.clients} connections"


def slow_readers(port, scale, _):
    got = 0
    with Clients(port) as clients:
        clients.open(scale.clients, request(JSON) * 20, receive_bytes=4096)
        for _ in range(round(scale.seconds * 10)):
            got += clients.receive(100)
            time.sleep(0.1)
    return f"{scale.clients} connections, {got} bytes read"


def leavers(port, scale, _):
    rounds = max(scale.requests // 20, 1)
    for _ in range(rounds):
        with Clients(port) as clients:
            clients.open(20, request(JSON))
            clients.reset()
    return f"{rounds * 20} connections reset"


def oversized(port, scale, _):
    filler = b"x" * (1 << 20)
    starts = [b"GET /healthz HTTP/1.1\r\nX-Long: ", b"GET /", b"", b"GET /healthz HTTP/1.1\r\n" +
              b"X: y\r\n" * 200_000]
    count = max(scale.requests // 10, 4)
    for number in range(count):
        answer = talk(port, starts[number % len(starts)] + filler, ends=True)
        if answer and not answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 501")):
            raise Failure(f"a request of 1 MB gets {answer[:100]!r}")
    return f"{count} requests of 1 MB or more"


def random_bytes(port, scale, choose):
    """Half of it from nothing, half of it good requests with some bytes changed."""
    with Clients(port) as clients:
        for _ in range(scale.requests):
            data = bytearray(choose.randbytes(choose.randint(1, 20_000)))
            if choose.random() < 0.5:
                data = bytearray(request(JSON, headers="Content-Length: 5\r\n") * 3)
                for _ in range(choose.randint(1, 8)):
                    data[choose.randrange(len(data))] = choose.randrange(256)
            clients.open(1)
            with contextlib.suppress(OSError):
                clients.sockets[-1].send(data)
            if len(clients.sockets) >= 20:
                clients.receive(1 << 16)
                clients.reset()
    return f"{scale.requests} requests"


def pipelined(port, scale, _):
    """The server ends a connection with its answer, so the others of a pipeline get none."""
    paths = ["/healthz", "/metrics", JSON]
    rounds = max(scale.requests // 20, 3)
    for number in range(rounds):
        data = b"".join(request(paths[(number + i) % len(paths)]) for i in range(scale.requests))
        answers = re.findall(rb"HTTP/1\.1 (\d+) ", talk(port, data))
        if answers not in ([b"200"], []):  # none: what it left unread reset the connection
            raise Failure(f"{scale.requests} requests at once get {answers[:10]} ...")
    return f"{rounds} times {scale.requests} requests at once"


def bad_methods(port, scale, _):
    bad = [request("/", method) for method in
           ["BREW", "TRACE", "OPTIONS", "DELETE", "x" * 2000, "get"]]
    bad += [
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        request("/", "POST", "Content-Length: 1048576\r\n") + b"x" * (1 << 20),
        request("/", "POST", "Content-Length: -1\r\n"),
        request("/", "POST", "Transfer-Encoding: chunked\r\n") + b"FFFFFFFFFFFFFFFFF\r\nx",
        request("/", "POST", "Transfer-Encoding: chunked\r\n") + b"zz\r\n",
    ]
    count = max(scale.requests // 5, len(bad))
    for number in range(count):
        answer = talk(port, bad[number % len(bad)], ends=True)
        if answer.startswith(b"HTTP/1.1 2"):
            raise Failure(f"{bad[number % len(bad)][:60]!r} gets {answer[:60]!r}")
    return f"{count} requests"


def lost(port, scale, _):
    """Each of these stops all threads for a moment."""
    end = time.monotonic() + scale.seconds
    count = 0
    while count == 0 or time.monotonic() < end:
        if get(port, "/debug/tasks/lost") is None:
            raise Failure("/debug/tasks/lost does not answer")
        count += 1
    return f"{count} searches"


def wrk(path):
    def attack(port, scale, _):
        done = subprocess.run(["wrk", "-t2", "-c200", f"-d{scale.seconds * 2}s", "--timeout", "5s",
                               f"http://127.0.0.1:{port}{path}"], text=True, capture_output=True)
        figures = re.search(r"(\d+) requests in ", done.stdout)
        if done.returncode != 0 or not figures or figures[1] == "0":
            raise Failure(f"wrk on {path} was not answered: {done.stdout}{done.stderr}")
        return f"{figures[1]} requests in {scale.seconds * 2} s"
    return attack


ATTACKS = {"half open": half_open, "byte by byte": drip, "slow readers": slow_readers,
           "leavers": leavers, "1 MB headers": oversized, "random bytes": random_bytes,
           "pipelined": pipelined, "bad methods": bad_methods, "lost tasks": lost}
WITH_WRK = {f"wrk {path}": wrk(path) for path in ["/", JSON, "/metrics", "/debug/tasks/lost"]}


# ---- what must hold -----------------------------------------------------------------------------


def rate(reports):
    """Rounds in a report, on average."""
    return sum(rounds for rounds, _ in reports) / len(reports)


def check_work(reports, usual, scale):
    pause_ms = max(pause for _, pause in reports)
    if pause_ms > scale.pause_ms:
        raise Failure(f"the program's work stood still for {pause_ms} ms")
    if not scale.short and min(rounds for rounds, _ in reports) == 0:
        raise Failure("there was no ping-pong for half a second")
    if rate(reports) <= usual * scale.share:
        raise Failure(f"ping-pong fell from {usual:.0f} to {rate(reports):.0f} rounds in 0.5 s")
    return f"{rate(reports) / usual:7.0%}  {pause_ms:5} ms"


def run_attack(program, name, attack, usual, scale, choose):
    first = len(program.reports)
    what = attack(program.port, scale, choose)
    healthy_s = expect_health(program.port, scale.healthy_s)
    program.next_reports(1)
    work = check_work(program.reports[first:], usual, scale)
    print(f"{name:35} {work}  {healthy_s * 1000:5.0f} ms  {what}", flush=True)


def expect_descriptors(program, count):
    """Those of the last clients close in a moment."""
    end = time.monotonic() + program.wait_s
    while program.descriptors()[0] != count:
        if time.monotonic() > end:
            raise Failure(f"{program.descriptors()} descriptors are open, {count} were before")
        time.sleep(0.05)
    return f"{count} descriptors, as before, and {len(program.descriptors()[1])} files of code"


def check_memory(program, before_kib, dump_bytes):
    """A connection holds an answer, of which a growing stream may keep two."""
    limit_kib = before_kib + CONNECTIONS * 2 * dump_bytes // 1024 + SLACK_KIB
    most_kib = program.memory_kib("VmHWM")
    if most_kib > limit_kib:
        raise Failure(f"resident memory grew to {most_kib} KiB, {limit_kib} KiB are bearable")
    return f"{before_kib} KiB before, at most {most_kib} KiB, limit {limit_kib} KiB"


def check_stop(program, scale):
    with Clients(program.port) as clients:
        clients.open(CONNECTIONS, request(JSON) * 20, receive_bytes=4096)
        clients.open(2 * CONNECTIONS, b"GET /heal")
        time.sleep(1)  # they have all places then
        stopped_ms = program.stop_server()
        if stopped_ms > scale.healthy_s * 1000:
            raise Failure(f"debug_stop took {stopped_ms} ms")
    return stopped_ms


def run(program, attacks, scale, any_memory, choose):
    dump_bytes = len(get(program.port, JSON))  # what the first one opens may stay open
    program.next_reports(4)
    usual = rate(program.reports[1:])  # the first holds the start
    if usual == 0:
        raise Failure("the program does nothing even without clients")
    (descriptors, _), before_kib = program.descriptors(), program.memory_kib("VmRSS")
    print(f"{usual * 2:.0f} rounds of ping-pong a second without clients; "
          f"a dump of {PARKED} parked tasks has {dump_bytes} bytes\n"
          f"{'clients':35} ping-pong    pause   health")
    for name, attack in attacks.items():
        run_attack(program, name, attack, usual, scale, choose)
    print(expect_descriptors(program, descriptors))
    if not any_memory:
        print("resident memory:", check_memory(program, before_kib, dump_bytes))
    print(f"debug_stop amid hanging clients: {check_stop(program, scale)} ms")
    program.end()


def main():
    parser = argparse.ArgumentParser(description="debug_serve amid hostile clients")
    parser.add_argument("program")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--any-memory", action="store_true")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    if not options.short and not shutil.which("wrk"):
        parser.error("wrk is not installed (apt-get install wrk); --short does without")
    scale = Scale(options.short)
    print(f"seed {options.seed}")
    attacks = ATTACKS if options.short else WITH_WRK | ATTACKS
    program = None
    try:
        program = Program(options.program, scale.pause_ms / 1000 + 15)
        run(program, attacks, scale, options.any_memory, random.Random(options.seed))
    except Failure as failure:
        print(f"FAILED: {failure} (again: --seed {options.seed})")
        return 1
    finally:
        if program and program.child.poll() is None:
            program.child.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
