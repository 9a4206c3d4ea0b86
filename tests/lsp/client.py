"""A client of `leash lsp`, for tests: it speaks the protocol and remembers what it is told."""
import json
import os
import pathlib
import queue
import subprocess
import threading
import time
import urllib.parse

PATIENCE = 60  # seconds for an answer; a machine may be busy


class Closed(Exception):
    """The server has closed its output."""


def uri_of(path):
    return "file://" + urllib.parse.quote(str(path))


def path_of(uri):
    return pathlib.Path(urllib.parse.unquote(uri.removeprefix("file://")))


def framed(body):
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def cpu_seconds(process):
    """Of a process and of those it has waited for."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class Client:
    """One session.  Every request of the server is answered with null."""

    def __init__(self, leash):
        self.process = subprocess.Popen([leash, "lsp"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.messages = queue.Queue()
        self.seen = []          # all messages, in order
        self.diagnostics = {}   # uri → params of the last publishDiagnostics
        self.errors = b""       # of stderr
        self.last_id = 0
        self.initialized = self.is_shut_down = False
        self.versions = {}
        self.threads = [threading.Thread(target=self._read), threading.Thread(target=self._listen)]
        for thread in self.threads:
            thread.start()

    # ---- the stream --------------------------------------------------------------------------

    def _read(self):
        out = self.process.stdout
        while header := out.readline():
            length = int(header.removeprefix(b"Content-Length: "))
            assert out.readline() == b"\r\n"
            self.messages.put(json.loads(out.read(length)))
        self.messages.put(None)

    def _listen(self):
        for line in self.process.stderr:
            self.errors += line

    def complained(self, word):
        """Does stderr say so, now or soon?"""
        deadline = time.monotonic() + PATIENCE
        while word.encode() not in self.errors and time.monotonic() < deadline:
            time.sleep(0.01)
        return word.encode() in self.errors

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        self.write(framed(json.dumps({"jsonrpc": "2.0", **message}).encode()))

    def receive(self, deadline):
        """The next message; None at the deadline."""
        try:
            message = self.messages.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        if message is None:
            raise Closed
        self.seen.append(message)
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]
        if "method" in message and "id" in message:
            self.send({"id": message["id"], "result": None})
        return message

    def wait_for(self, wanted, what, patience=PATIENCE):
        """The first message from now on for which `wanted` is true."""
        deadline = time.monotonic() + patience
        while message := self.receive(deadline):
            if wanted(message):
                return message
        raise AssertionError(f"the server did not send {what}; stderr: {self.errors.decode()}")

    def until(self, holds, what):
        """Listens until it holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if not self.receive(deadline):
                raise AssertionError(f"the server did not come to {what}; "
                                     f"stderr: {self.errors.decode()}")

    def quiet(self, seconds=0.5):
        """What comes until nothing came for so long: to see that nothing comes."""
        messages = []
        while message := self.receive(time.monotonic() + seconds):
            messages.append(message)
        return messages

    # ---- calls -------------------------------------------------------------------------------

    def notify(self, method, params=None):
        self.send({"method": method, "params": {} if params is None else params})

    def request(self, method, params=None):
        """The whole response."""
        self.last_id += 1
        sent = self.last_id
        self.is_shut_down |= method == "shutdown"
        self.send({"id": sent, "method": method, "params": {} if params is None else params})
        return self.wait_for(lambda m: m.get("id") == sent and "method" not in m,
                             f"an answer to {method}")

    def initialize(self, root=None, capabilities=None, options=None):
        response = self.request("initialize", {
            "processId": os.getpid(),
            "rootUri": uri_of(root) if root else None,
            "capabilities": CAPABILITIES if capabilities is None else capabilities,
            **({"initializationOptions": options} if options is not None else {}),
        })
        self.notify("initialized")
        self.initialized = True
        return response["result"]

    def open(self, path, text=None, language="c"):
        uri = uri_of(path)
        self.versions[uri] = 1
        self.notify("textDocument/didOpen", {"textDocument": {
            "uri": uri, "languageId": language, "version": 1,
            "text": pathlib.Path(path).read_text() if text is None else text}})
        return uri

    def change(self, uri, *changes):
        """Each a whole text, or a change as LSP has it."""
        self.versions[uri] += 1
        self.notify("textDocument/didChange", {
            "textDocument": {"uri": uri, "version": self.versions[uri]},
            "contentChanges": [{"text": c} if isinstance(c, str) else c for c in changes]})

    def save(self, uri):
        self.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def close(self, uri):
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def published(self, uri, version=None, patience=PATIENCE):
        """The diagnostics of the next publication for that file, of that version where one is
        given."""
        def is_it(message):
            params = message.get("params") or {}
            return (message.get("method") == "textDocument/publishDiagnostics" and
                    params["uri"] == uri and version in (None, params.get("version")))
        what = f"diagnostics of {uri}" + (f", version {version}" if version else "")
        return self.wait_for(is_it, what, patience)["params"]["diagnostics"]

    def codes(self, uri):
        """Of what was said last of a file; None: nothing."""
        params = self.diagnostics.get(uri)
        return params and [d.get("code") for d in params["diagnostics"]]

    def judged(self, uri):
        """The diagnostics of the text that was sent last."""
        return self.published(uri, self.versions[uri])

    # ---- the end -----------------------------------------------------------------------------

    def finish(self):
        """shutdown and exit; the exit status."""
        self.request("shutdown")
        self.notify("exit")
        return self.ended()

    def ended(self):
        status = self.process.wait(PATIENCE)
        self._join()
        return status

    def _join(self):
        for thread in self.threads:
            thread.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass

    def kill(self):
        """Where it has ended already, nothing happens."""
        self.process.kill()
        self.process.wait()
        self._join()


CAPABILITIES = {
    "general": {"positionEncodings": ["utf-8", "utf-16"]},
    "window": {"workDoneProgress": True},
    "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True},
                  "workspaceEdit": {"documentChanges": True}},
    "textDocument": {"publishDiagnostics": {"relatedInformation": True,
                                            "tagSupport": {"valueSet": [1, 2]}}},
}
