"""http_server from its clients' side: the good, the slow, the greedy and those who leave."""

import signal
import socket
import struct
import time

import example

HEADER_BYTES_MAX = 8 * 1024
URL_BYTES_MAX = 1024
BODY_BYTES_MAX = 64 * 1024


def request(path="/", method="GET", body=b"", *headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Response:
    """The next one of a connection."""

    def __init__(self, stream, has_body=True):
        self.status_line = stream.readline().decode().rstrip("\r\n")
        self.status = int(self.status_line.split(" ")[1]) if self.status_line else 0
        self.headers = {}
        while (line := stream.readline().decode().rstrip("\r\n")) != "":
            name, value = line.split(": ", 1)
            self.headers[name] = value
        length = int(self.headers.get("Content-Length", 0)) if has_body else 0
        self.body = stream.read(length)


class HttpServer(example.Case):
    def server(self, *options):
        return example.Server(self, "http_server", "-p", 0, *options)

    def ask(self, connection, data, has_body=True):
        """Sends it and takes the answer, after which the server closes or does not."""
        connection.sendall(data)
        with connection.makefile("rb", buffering=0) as stream:
            return Response(stream, has_body)

    def refused(self, data, status, *options):
        """The answer to what the server must not accept: it closes behind it."""
        with self.server(*options) as server:
            connection = server.connect()
            connection.sendall(data)
            with connection.makefile("rb") as stream:
                response = Response(stream)
                self.assertEqual(response.status, status)
                self.assertEqual(response.headers["Connection"], "close")
                self.assertEqual(stream.read(), b"")
            return response

    def assert_no_answer(self, connection):
        try:
            self.assertEqual(connection.recv(1), b"")
        except ConnectionError:
            pass

    # ---- what it is for ------------------------------------------------------------------------

    def test_answers(self):
        with self.server() as server:
            connection = server.connect()
            response = self.ask(connection, request())
            self.assertEqual(response.status_line, "HTTP/1.1 200 OK")
            self.assertEqual(response.body, b"Hello from a task.\n")
            self.assertRegex(response.headers["Date"], r"^\w{3}, \d\d \w{3} \d{4} .* GMT$")
            self.assertEqual(server.next_line(), "GET / 200\n")

    def test_keeps_the_connection(self):
        with self.server() as server:
            connection = server.connect()
            for number in range(5):
                body = b"x" * (number * 5000)
                response = self.ask(connection, request("/echo", "POST", body))
                self.assertEqual((response.status, response.body), (200, body))
                self.assertEqual(response.headers["Connection"], "keep-alive")
            response = self.ask(connection, request("/", "GET", b"", "Connection: close"))
            self.assertEqual(response.headers["Connection"], "close")
            self.assertEqual(connection.recv(1), b"")

    def test_speaks_http_1_0(self):
        with self.server() as server:
            connection = server.connect()
            response = self.ask(connection, b"GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers["Connection"], "close")
            self.assertEqual(connection.recv(1), b"")

    def test_head_has_no_body(self):
        with self.server() as server:
            connection = server.connect()
            response = self.ask(connection, request("/", "HEAD"), has_body=False)
            self.assertEqual(response.headers["Content-Length"], "19")
            self.assertEqual(self.ask(connection, request()).body, b"Hello from a task.\n")

    def test_takes_a_body_in_chunks(self):
        with self.server() as server:
            connection = server.connect()
            head = request("/echo", "POST", b"", "Transfer-Encoding: chunked")
            response = self.ask(connection, head + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
            self.assertEqual(response.body, b"abcdefg")

    def test_asks_for_a_body_that_waits(self):
        with self.server() as server:
            connection = server.connect()
            connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                               b"Content-Length: 3\r\n\r\n")
            with connection.makefile("rb") as stream:
                self.assertEqual(Response(stream).status, 100)
                connection.sendall(b"abc")
                self.assertEqual(Response(stream).body, b"abc")

    def test_answers_pipelined_requests_in_order(self):
        with self.server() as server:
            connection = server.connect()
            bodies = [b"%d" % number * 700 for number in range(100, 130)]
            connection.sendall(b"".join(request("/echo", "POST", body) for body in bodies))
            with connection.makefile("rb") as stream:
                self.assertEqual([Response(stream).body for _ in bodies], bodies)

    def test_takes_a_request_in_single_bytes(self):
        with self.server() as server:
            connection = server.connect()
            for byte in request("/echo", "POST", b"abc"):
                connection.sendall(bytes([byte]))
                time.sleep(0.001)
            self.assertEqual(self.ask(connection, b"").body, b"abc")

    def test_works_on_many_at_a_time(self):
        with self.server() as server:
            connections = [server.connect() for _ in range(50)]
            start = time.monotonic()
            for connection in connections:
                connection.sendall(request("/offer?ms=500"))
            for connection in connections:
                self.assertEqual(self.ask(connection, b"").body, b"5 at 9 each\n")
            self.assertLess(time.monotonic() - start, 10)  # one after the other: 25 s

    # ---- what it must not accept ---------------------------------------------------------------

    def test_refuses_nonsense(self):
        self.refused(b"\x16\x03\x01 how do you do\r\n\r\n", 400)

    def test_refuses_a_request_without_host(self):
        self.refused(b"GET / HTTP/1.1\r\n\r\n", 400)

    def test_refuses_a_long_header(self):
        self.refused(request("/", "GET", b"", "X: " + "y" * 2 * HEADER_BYTES_MAX), 431)

    def test_refuses_many_header_lines(self):
        self.refused(request("/", "GET", b"", *(f"X{i}: y" for i in range(HEADER_BYTES_MAX // 6))),
                     431)

    def test_refuses_a_long_url(self):
        self.refused(request("/" + "x" * URL_BYTES_MAX), 414)

    def test_refuses_a_long_body_before_it_comes(self):
        self.refused(request("/echo", "POST", b"",
                             f"Content-Length: {BODY_BYTES_MAX + 1}"), 413)

    def test_refuses_a_long_body_that_comes(self):
        self.refused(request("/echo", "POST", b"x" * (BODY_BYTES_MAX + 1)), 413)

    def test_refuses_a_long_body_in_chunks(self):
        head = request("/echo", "POST", b"", "Transfer-Encoding: chunked")
        self.refused(head + b"1000\r\n%b\r\n" % (b"x" * 4096) * 17, 413)

    def test_takes_the_longest_body(self):
        with self.server() as server:
            body = b"x" * BODY_BYTES_MAX
            connection = server.connect()
            connection.sendall(request("/echo", "POST", body))
            with connection.makefile("rb") as stream:
                self.assertEqual(Response(stream).body, body)

    def test_says_what_it_has_not(self):
        with self.server() as server:
            connection = server.connect()
            self.assertEqual(self.ask(connection, request("/none")).status, 404)
            response = self.ask(connection, request("/echo"))
            self.assertEqual((response.status, response.headers["Allow"]), (405, "POST"))
            self.assertEqual(self.ask(connection, request("/offer?ms=-1")).status, 400)
            self.assertEqual(self.ask(connection, request()).status, 200)

    # ---- who is slow, and who leaves -----------------------------------------------------------

    def test_limits_the_time_of_a_request(self):
        """A byte now and then does not help."""
        with self.server("-r", 300) as server:
            connection = server.connect()
            start = time.monotonic()
            connection.sendall(b"GET / HTTP/1.1\r\n")
            connection.settimeout(0.05)
            while time.monotonic() - start < example.PATIENCE_S:
                try:
                    self.assertTrue(connection.recv(1, socket.MSG_PEEK))
                    break
                except TimeoutError:
                    connection.sendall(b"X: y\r\n")
            self.assertGreater(time.monotonic() - start, 0.29)
            connection.settimeout(example.PATIENCE_S)
            response = self.ask(connection, b"")
            self.assertEqual(response.status, 408)
            self.assertEqual(connection.recv(1), b"")

    def test_limits_the_time_between_requests(self):
        with self.server("-i", 300) as server:
            connection = server.connect()
            self.assertEqual(self.ask(connection, request()).status, 200)
            start = time.monotonic()
            self.assertEqual(connection.recv(1), b"")
            self.assertGreater(time.monotonic() - start, 0.25)

    def test_limits_the_time_of_a_response(self):
        """A client that asks and asks and takes no answer."""
        with self.server("-w", 300) as server:
            with socket.socket() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.settimeout(5)
                connection.connect(("127.0.0.1", server.port))
                data = request("/echo", "POST", b"x" * BODY_BYTES_MAX)
                with self.assertRaises((ConnectionError, TimeoutError)):
                    for _ in range(1000):
                        connection.sendall(data)
                while (line := server.next_line()) == "POST /echo 200\n":
                    pass
                self.assertEqual(line, "POST /echo 200 not taken\n")

    def test_stops_the_work_of_a_client_that_hangs_up(self):
        with self.server() as server:
            connection = server.connect()
            start = time.monotonic()
            connection.sendall(request("/offer?ms=60000"))
            time.sleep(0.1)
            connection.close()
            self.assertEqual(server.next_line(), "GET /offer?ms=60000 0 client gone\n")
            self.assertLess(time.monotonic() - start, 30)

    def test_outlives_clients_that_reset(self):
        with self.server() as server:
            for _ in range(10):
                connection = server.connect()
                connection.sendall(request("/echo", "POST", b"x" * 50000) * 3)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
                connection.close()
            self.assertEqual(self.ask(server.connect(), request()).status, 200)

    # ---- the end -------------------------------------------------------------------------------

    def test_finishes_a_request_before_it_stops(self):
        for number in [signal.SIGTERM, signal.SIGINT]:
            with self.server() as server:
                busy, idle, half = (server.connect() for _ in range(3))
                self.assertEqual(self.ask(idle, request()).status, 200)
                busy.sendall(request("/offer?ms=700"))
                half.sendall(b"GET / HTTP/1.1\r\n")
                time.sleep(0.2)
                server.ask_to_stop(number)
                self.assertEqual(idle.recv(1), b"")
                response = self.ask(busy, b"")
                self.assertEqual((response.status, response.body), (200, b"5 at 9 each\n"))
                self.assertEqual(response.headers["Connection"], "close")
                response = self.ask(half, b"Host: a\r\n\r\n")
                self.assertEqual((response.status, response.headers["Connection"]), (200, "close"))
                lines = server.expect_end().splitlines()
                self.assertCountEqual(lines[2:-1], ["GET /offer?ms=700 200", "GET / 200"])
                self.assertEqual(lines[:2] + lines[-1:], ["GET / 200", "stopping", "stopped"])

    def test_accepts_nobody_after_the_signal(self):
        with self.server() as server:
            server.connect().sendall(request("/offer?ms=700"))
            time.sleep(0.2)
            server.ask_to_stop()
            self.assertEqual(server.next_line(), "stopping\n")
            late = server.connect()  # the kernel takes it in, the server does not
            late.sendall(request())
            self.assert_no_answer(late)
            self.assertEqual(server.expect_end(), "GET /offer?ms=700 200\nstopped\n")

    def test_gives_up_after_the_grace_period(self):
        with self.server("-g", 300) as server:
            connection = server.connect()
            connection.sendall(request("/offer?ms=60000"))
            time.sleep(0.2)
            server.ask_to_stop()
            self.assertEqual(connection.recv(1), b"")
            self.assertEqual(server.expect_end(),
                             "stopping\nGET /offer?ms=60000 0 cut off\nstopped\n")

    def test_refuses_wrong_options(self):
        _, err = self.run_example("http_server", "-x", status=2)
        self.assertIn("usage: ", err)
        self.run_example("http_server", "-p", 70000, status=2)


if __name__ == "__main__":
    example.main()
