#!/usr/bin/env python3
"""leash lsp as LSP and JSON-RPC want it: life cycle, errors, hostile streams."""
import json
import os
import random
import signal
import subprocess
import time
import unittest

from client import PATIENCE, cpu_seconds, framed
from program import ALONE_C, INCLUDE, LEASH, RULE, Case, codes


def is_alive(pid):
    """Nobody may have waited for it yet: then it is dead all the same."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class LifeCycle(Case):
    def test_ends_with_0_after_shutdown_and_exit(self):
        client = self.session()
        self.assertEqual(client.finish(), 0)

    def test_ends_with_1_on_exit_without_shutdown(self):
        client = self.session()
        client.notify("exit")
        self.assertEqual(client.ended(), 1)

    def test_ends_with_1_on_exit_before_initialize(self):
        client = self.start()
        client.notify("exit")
        self.assertEqual(client.ended(), 1)

    def test_ends_with_1_when_the_client_is_gone(self):
        client = self.session()
        client.process.stdin.close()
        self.assertEqual(client.ended(), 1)
        self.assertEqual(client.errors, b"")

    def test_ends_while_it_analyses(self):
        os.mkfifo(self.folder / "never.h")
        client = self.session()
        client.open(self.write("a.c", '#include "never.h"\n'))
        self.assertEqual(client.finish(), 0)

    def test_rests_after_shutdown(self):
        os.mkfifo(self.folder / "never.h")
        client = self.session()
        client.open(self.write("a.c", '#include "never.h"\n'))
        client.open(self.write("b.c", "int b;\n"))  # has to wait for the first, which never ends
        client.request("shutdown")
        begin = cpu_seconds(client.process)
        time.sleep(1)
        self.assertLess(cpu_seconds(client.process) - begin, 0.1)
        client.notify("exit")
        self.assertEqual(client.ended(), 0)

    def test_refuses_requests_before_initialize(self):
        client = self.start()
        self.assertEqual(client.request("textDocument/hover")["error"]["code"], -32002)
        client.notify("textDocument/didOpen", {"textDocument": {}})  # dropped
        self.assertIn("capabilities", client.initialize())

    def test_refuses_a_second_initialize(self):
        client = self.session()
        self.assertEqual(client.request("initialize")["error"]["code"], -32600)

    def test_refuses_requests_after_shutdown(self):
        client = self.session()
        self.assertIsNone(client.request("shutdown")["result"])
        self.assertEqual(client.request("textDocument/hover")["error"]["code"], -32600)
        client.notify("exit")
        self.assertEqual(client.ended(), 0)

    def test_says_what_it_can(self):
        client = self.start()
        result = client.initialize(self.folder)
        self.assertEqual(result["serverInfo"]["name"], "leash")
        capabilities = result["capabilities"]
        self.assertEqual(capabilities["textDocumentSync"]["change"], 2)
        self.assertTrue(capabilities["hoverProvider"])
        self.assertEqual(capabilities["codeActionProvider"], {"codeActionKinds": ["quickfix"]})
        # Beside clangd: what that does better is not offered.
        for other in ("completionProvider", "definitionProvider", "renameProvider"):
            self.assertNotIn(other, capabilities)
        self.assertNotIn("diagnosticProvider", capabilities)  # pushed, so not pulled too

    def test_chooses_an_encoding(self):
        for offered, chosen in ((["utf-16", "utf-8"], "utf-8"), (["utf-16"], "utf-16"),
                                (["utf-32", "utf-16"], "utf-16"), (None, "utf-16")):
            client = self.start()
            general = {"positionEncodings": offered} if offered else {}
            result = client.initialize(capabilities={"general": general})
            self.assertEqual(result["capabilities"]["positionEncoding"], chosen)
            client.finish()

    def test_registers_for_files_where_it_can(self):
        client = self.session()
        sent = client.wait_for(lambda m: m.get("method") == "client/registerCapability",
                               "a registration")
        registration = sent["params"]["registrations"][0]
        self.assertEqual(registration["method"], "workspace/didChangeWatchedFiles")
        globs = [w["globPattern"] for w in registration["registerOptions"]["watchers"]]
        self.assertIn("**/compile_commands.json", globs)
        other = self.session(capabilities={})
        self.assertEqual(other.quiet(), [])


class Messages(Case):
    def test_refuses_unknown_requests(self):
        client = self.session()
        self.assertEqual(client.request("textDocument/rename")["error"]["code"], -32601)
        self.assertEqual(client.request("$/unknown")["error"]["code"], -32601)

    def test_drops_unknown_notifications(self):
        client = self.session(capabilities={})
        client.notify("$/setTrace", {"value": "verbose"})
        client.notify("textDocument/willSave", {"reason": 1})
        self.assertEqual(client.quiet(), [])

    def test_answers_with_ids_as_they_came(self):
        client = self.session()
        client.send({"id": "seven", "method": "shutdown"})
        client.wait_for(lambda m: m.get("id") == "seven" and m["result"] is None, "an answer")

    def test_refuses_what_is_no_message(self):
        client = self.session(capabilities={})
        for body in (b"[]", b"3", b"{}", b'{"id": {}, "method": "shutdown"}',
                     b'[{"id": 1, "method": "shutdown"}]'):
            client.write(framed(body))
            answer = client.wait_for(lambda m: "error" in m, f"an error for {body}")
            self.assertEqual((answer["id"], answer["error"]["code"]), (None, -32600))

    def test_lets_a_cancelled_request_be_answered_once(self):
        client = self.session()
        client.send({"id": 70, "method": "textDocument/hover", "params": {}})
        client.notify("$/cancelRequest", {"id": 70})
        client.notify("$/cancelRequest", {"id": "never sent"})
        client.wait_for(lambda m: m.get("id") == 70, "an answer")
        self.assertFalse([m for m in client.quiet() if m.get("id") == 70])
        self.assertEqual(client.finish(), 0)

    def test_survives_params_of_every_wrong_type(self):
        client = self.session()
        methods = ["textDocument/didOpen", "textDocument/didChange", "textDocument/didSave",
                   "textDocument/didClose", "workspace/didChangeWatchedFiles",
                   "workspace/didChangeWorkspaceFolders", "workspace/didChangeConfiguration"]
        wrong = [None, 3, [], "text", {}, {"textDocument": 3}, {"textDocument": {"uri": 3}},
                 {"textDocument": {"uri": "file:///%00", "text": "", "version": "x"}},
                 {"textDocument": {"uri": "untitled:1", "text": ""}, "contentChanges": [3, {}]},
                 {"settings": 3}, {"settings": {"leash": {"rules": 3}}},
                 {"event": {"added": [{"uri": 3}, 4], "removed": {}}}]
        for params in wrong:
            for method in methods:
                client.send({"method": method, "params": params})
            for method in ("textDocument/hover", "textDocument/codeAction"):
                client.request(method, params if isinstance(params, dict) else {"range": params})
        self.assertEqual(client.finish(), 0)

    def test_leaves_out_changes_that_make_no_sense(self):
        path = self.write("a.c", ALONE_C)
        client = self.session(options={"flags": [f"-I{INCLUDE}"]})
        uri = client.open(path)
        self.assertEqual(codes(client.judged(uri)), [RULE])
        point = {"line": 10 ** 9, "character": 10 ** 18}
        before = {"line": 0, "character": 0}
        client.change(uri, {"text": "x", "range": {"start": point, "end": before}},
                      {"text": "x", "range": {"start": {"line": -1, "character": 0}, "end": point}},
                      {"text": "x", "range": {"start": {}, "end": {}}},
                      {"text": "/* end */\n", "range": {"start": point, "end": point}})
        self.assertEqual(codes(client.judged(uri)), [RULE])


class Streams(Case):
    """What comes over the wire is anybody's; each time a good message behind it is answered."""

    def assert_alive(self, client):
        self.assertEqual(client.request("textDocument/rename")["error"]["code"], -32601)

    def assert_broken(self, client, word):
        answer = client.wait_for(lambda m: "error" in m, "an error")
        self.assertEqual((answer["id"], answer["error"]["code"]), (None, -32700))
        self.assertIn(word, answer["error"]["message"])
        self.assert_alive(client)
        self.assertTrue(client.complained(word))

    def test_goes_on_behind_bad_json(self):
        for body in (b"{", b"", b"\xff\xfe", b'{"id": 1,}', b"[" * 100000):
            client = self.session(capabilities={})
            client.write(framed(body))
            self.assert_broken(client, "no JSON")

    def test_goes_on_behind_a_bad_length(self):
        for length in (b"-5", b"many", b"", b"0x10", b"3 4"):
            client = self.session(capabilities={})
            client.write(b"Content-Length: " + length + b"\r\n\r\n")
            self.assert_broken(client, "Content-Length")

    def test_goes_on_behind_a_header_without_length(self):
        client = self.session(capabilities={})
        client.write(b"Content-Type: application/vscode-jsonrpc\r\n\r\n{}")
        self.assert_broken(client, "Content-Length")

    def test_goes_on_behind_a_header_without_end(self):
        client = self.session(capabilities={})
        client.write(b"x" * 100000)
        self.assert_broken(client, "header is too long")

    def test_leaves_out_a_message_that_is_too_long(self):
        client = self.session(capabilities={})
        length = (128 << 20) + 1
        client.write(b"Content-Length: %d\r\n\r\n" % length)
        for _ in range(length >> 20):
            client.write(b" " * (1 << 20))
        client.write(b" ")
        self.assert_broken(client, "too long")

    def test_does_not_wait_for_the_end_of_time(self):
        client = self.session(capabilities={})
        client.write(b"Content-Length: 99999999999999999999999999\r\n\r\n")
        answer = client.wait_for(lambda m: "error" in m, "an error")
        self.assertEqual(answer["error"]["code"], -32700)
        client.process.stdin.close()
        self.assertEqual(client.ended(), 1)

    def test_takes_other_headers_and_any_cut(self):
        client = self.session()
        body = json.dumps({"id": 9, "method": "shutdown"}).encode()
        message = (b"content-length: %d\r\nContent-Type: application/vscode-jsonrpc; "
                   b"charset=utf-8\r\n\r\n" % len(body)) + body
        for byte in message:
            client.write(bytes([byte]))
        client.wait_for(lambda m: m.get("id") == 9 and "result" in m, "an answer")

    def test_says_that_the_input_was_cut(self):
        client = self.session()
        client.write(b"Content-Length: 100\r\n\r\n{")
        client.process.stdin.close()
        self.assertEqual(client.ended(), 1)
        self.assertIn(b"ends within a message", client.errors)

    def test_goes_on_while_the_client_does_not_read(self):
        """Answers that nobody reads for a while do not keep it from reading."""
        client = self.session()
        client.write(b"".join(framed(b'{"id": %d, "method": "no/such/method"}' % i)
                              for i in range(20000)))
        client.wait_for(lambda m: m.get("id") == 19999, "the last answer")


class Noise(Case):
    """Sessions with bytes and values changed at random: whatever comes of them, the server ends by
    itself, and no sanitizer speaks."""

    SESSION = [
        {"id": 1, "method": "initialize", "params": {
            "rootUri": "file:///tmp", "initializationOptions": {"flags": ["-O0"], "rules": "leak"},
            "capabilities": {"general": {"positionEncodings": ["utf-16"]}}}},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": {
            "uri": "file:///tmp/a.c", "languageId": "c", "version": 1, "text": "int ä;\n😀"}}},
        {"method": "textDocument/didChange", "params": {
            "textDocument": {"uri": "file:///tmp/a.c", "version": 2},
            "contentChanges": [{"text": "x", "range": {"start": {"line": 0, "character": 5},
                                                       "end": {"line": 1, "character": 1}}}]}},
        {"id": 2, "method": "textDocument/codeAction", "params": {
            "textDocument": {"uri": "file:///tmp/a.c"}, "context": {"only": ["quickfix"]},
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}}},
        {"id": 3, "method": "textDocument/hover", "params": {
            "textDocument": {"uri": "file:///tmp/a.c"}, "position": {"line": 0, "character": 0}}},
        {"method": "workspace/didChangeWorkspaceFolders", "params": {"event": {
            "added": [{"uri": "file:///", "name": "root"}], "removed": [{"uri": "file:///tmp"}]}}},
        {"method": "workspace/didChangeConfiguration", "params": {"settings": {"leash": {
            "buildDir": "build", "minConfidence": "likely"}}}},
        {"method": "textDocument/didClose", "params": {"textDocument": {"uri": "file:///tmp/a.c"}}},
        {"id": 4, "method": "shutdown"},
        {"method": "exit"},
    ]
    OTHER = [None, True, -1, 2 ** 63 - 1, -2 ** 63, 1.5, "", "\0", "file:///%", [], {}, [[]],
             "x" * 999]

    def other_values(self, chance, value):
        """A copy in which one value in `chance.rate` is another one."""
        if chance.random() < chance.rate:
            return chance.choice(self.OTHER)
        if isinstance(value, dict):
            return {k: self.other_values(chance, v) for k, v in value.items()
                    if chance.random() >= chance.rate / 4}
        if isinstance(value, list):
            return [self.other_values(chance, v) for v in value]
        return value

    def other_bytes(self, chance, data):
        data = bytearray(data)
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(data))
            kind = chance.randrange(3)
            if kind == 0:
                data[at] = chance.randrange(256)
            elif kind == 1:
                del data[at:at + chance.randrange(1, 20)]
            else:
                data[at:at] = data[at:at + chance.randrange(1, 40)]
        return bytes(data)

    def play(self, data, what):
        ended = subprocess.run([LEASH, "lsp"], input=data, timeout=PATIENCE, check=False,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn(ended.returncode, (0, 1), what)
        for word in (b"Sanitizer", b"must not hold", b"runtime error"):
            self.assertNotIn(word, ended.stderr, what)

    def test_survives_other_values(self):
        for seed in range(60):
            chance = random.Random(seed)
            chance.rate = chance.choice([0.01, 0.05, 0.2])
            self.play(b"".join(framed(json.dumps(self.other_values(chance, m)).encode())
                               for m in self.SESSION), f"seed {seed}")

    def test_survives_other_bytes(self):
        whole = b"".join(framed(json.dumps(m, ensure_ascii=False).encode()) for m in self.SESSION)
        for seed in range(60):
            self.play(self.other_bytes(random.Random(seed), whole), f"seed {seed}")


class Children(Case):
    """An analysis is a process of its own."""

    def wait_for_child(self, pid):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                children = file.read().split()
            if children:
                return int(children[0])
            time.sleep(0.01)
        self.fail("there is no analysis")

    def assert_ends(self, *pids):
        deadline = time.monotonic() + PATIENCE
        while any(map(is_alive, pids)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual([pid for pid in pids if is_alive(pid)], [])

    def open_endless(self):
        """A session whose analysis waits for a named pipe."""
        os.mkfifo(self.folder / "never.h")
        client = self.session(options={"flags": [f"-I{INCLUDE}"]})
        uri = client.open(self.write("a.c", ALONE_C), '#include "never.h"\n')
        return client, uri, self.wait_for_child(client.process.pid)

    def test_answers_while_it_analyses(self):
        client, uri, _ = self.open_endless()
        position = {"line": 0, "character": 0}
        answer = client.request("textDocument/hover",
                                {"textDocument": {"uri": uri}, "position": position})
        self.assertIsNone(answer["result"])

    def test_a_change_ends_what_is_out_of_date(self):
        client, uri, child = self.open_endless()
        worker = self.wait_for_child(child)
        client.change(uri, ALONE_C)
        self.assertEqual(codes(client.judged(uri)), [RULE])
        self.assert_ends(child, worker)

    def test_the_death_of_an_analysis_is_told_and_survived(self):
        client, uri, child = self.open_endless()
        os.kill(child, signal.SIGKILL)
        self.assertIn("signal 9", self.shown(client, "analysis")["message"])
        # The second time in a row it is no news.
        client.change(uri, '\n#include "never.h"\n')
        os.kill(self.wait_for_child(client.process.pid), signal.SIGKILL)
        client.wait_for(lambda m: m.get("method") == "window/logMessage" and
                        "signal 9" in m["params"]["message"], "a line for the log")
        client.change(uri, ALONE_C)
        self.assertEqual(codes(client.judged(uri)), [RULE])
        self.assertEqual(client.finish(), 0)

    def test_it_ends_with_the_server(self):
        client, _, child = self.open_endless()
        worker = self.wait_for_child(child)
        client.kill()
        self.assert_ends(child, worker)


if __name__ == "__main__":
    unittest.main()
