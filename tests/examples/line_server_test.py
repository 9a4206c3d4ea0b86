"""line_server from its clients' side."""

import socket

import example


class LineServer(example.Case):
    def server(self):
        return example.Server(self, "line_server", 0)

    def test_answers_in_capitals(self):
        with self.server() as server:
            connection = server.connect()
            for text in [b"one\n", b"two\nthree\n", b"fo", b"ur\n"]:
                connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(example.read_all(connection), b"ONE\nTWO\nTHREE\nFOUR\n")

    def test_many_at_a_time(self):
        with self.server() as server:
            connections = [server.connect() for _ in range(50)]
            for number, connection in enumerate(connections):
                connection.sendall(b"client %d\n" % number)
            for number, connection in reversed(list(enumerate(connections))):
                self.assertEqual(connection.recv(100), b"CLIENT %d\n" % number)

    def test_a_line_without_end_ends_the_connection(self):
        with self.server() as server:
            connection = server.connect()
            connection.sendall(b"x" * 1024)
            self.assertEqual(connection.recv(100), b"")

    def test_a_client_that_is_gone_harms_nobody(self):
        with self.server() as server:
            for _ in range(10):
                connection = server.connect()
                connection.sendall(b"lost\n" * 100)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
            connection = server.connect()
            connection.sendall(b"still here\n")
            self.assertEqual(connection.recv(100), b"STILL HERE\n")

    def test_finishes_what_is_under_way(self):
        with self.server() as server:
            connection = server.connect()
            connection.sendall(b"one\n")
            self.assertEqual(connection.recv(100), b"ONE\n")
            server.ask_to_stop()
            self.assertEqual(server.next_line(), "stopping\n")
            connection.sendall(b"two\n")
            self.assertEqual(connection.recv(100), b"TWO\n")
            connection.close()
            self.assertEqual(server.expect_end(), "stopped\n")

    def test_does_not_wait_for_ever_for_a_client(self):
        with self.server() as server:
            connection = server.connect()
            connection.sendall(b"one\n")
            self.assertEqual(connection.recv(100), b"ONE\n")
            server.ask_to_stop()
            self.assertEqual(server.expect_end(), "stopping\nstopped\n")
            self.assertEqual(connection.recv(100), b"")


if __name__ == "__main__":
    example.main()
