"""What the tests of the language server share: small programs, and the places in them.

The program is that of the page of missing-wg-done, over two files and a header.  The finding stands
at the return that lacks wg_done.  Its story: at the branch the way without wg_done begins; main
counts the task, spawns it, and waits for ever, in the other file.
"""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

from client import Client, uri_of

LEASH = os.environ["LEASH"]
INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "runtime" / "include"

CRAWL_H = """\
#ifndef CRAWL_H
#define CRAWL_H
#include <leash.h>
#include <stdbool.h>

bool fetch(int page, char **text);
void store(int page, char *text);
void crawl(wg_t *pages, int page);

static inline void finish(wg_t *pages)
{
    wg_done(pages);
}
#endif
"""
TASK_C = """\
#include "crawl.h"

void crawl(wg_t *pages, int page)
{
    char *text;

    if (!fetch(page, &text)) {
        return;
    }
    store(page, text);
    finish(pages);
}
"""
MENDED_C = TASK_C.replace("        return;", "        finish(pages);\n        return;")
MAIN_C = """\
#include "crawl.h"

void crawl_all(int count)
{
    wg_t pages = {0};

    for (int i = 0; i < count; i++) {
        wg_add(&pages, 1);
        spawn(crawl, &pages, i);
    }
    wg_wait(&pages);
}

int main(void)
{
    crawl_all(1);
}
"""
# The same in one file, to be judged alone.
ALONE_C = (CRAWL_H + TASK_C + MAIN_C).replace('#include "crawl.h"\n', "")
RULE = "missing-wg-done"


def place(text, part, encoding="utf-8"):
    """The LSP position of the first `part` in the text."""
    before, found, _ = text.partition(part)
    assert found, part
    line = before.rpartition("\n")[2]
    units = len(line.encode()) if encoding == "utf-8" else len(line.encode("utf-16-le")) // 2
    return {"line": before.count("\n"), "character": units}


def span(text, part, encoding="utf-8"):
    """The LSP range of the first `part`, which is a piece of one line."""
    start = place(text, part, encoding)
    units = len(part.encode()) if encoding == "utf-8" else len(part.encode("utf-16-le")) // 2
    return {"start": start, "end": {**start, "character": start["character"] + units}}


def codes(diagnostics):
    return [d.get("code") for d in diagnostics]


class Case(unittest.TestCase):
    """A folder of its own, and sessions that are ended with the test."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="leash-lsp-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder, True)

    def start(self):
        """Where the test does not end it, it has to end well: sanitizers say then what is wrong."""
        client = Client(LEASH)
        self.addCleanup(self.end, client)
        return client

    def end(self, client):
        if client.process.poll() is not None:
            return
        try:
            if client.initialized and not client.is_shut_down:
                self.assertEqual(client.finish(), 0)
        finally:
            client.kill()

    def session(self, **how):
        client = self.start()
        client.initialize(self.folder, **how)
        return client

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def write_database(self, folder, *names):
        entries = [{"directory": str(self.folder / folder), "file": name,
                    "arguments": ["cc", "-std=gnu17", f"-I{INCLUDE}", "-c", name]}
                   for name in names]
        return self.write(f"{folder}/compile_commands.json", json.dumps(entries, indent=1))

    def program(self, folder="crawler", task=TASK_C):
        """The program with its database; the paths of task.c and main.c."""
        self.write(f"{folder}/crawl.h", CRAWL_H)
        paths = [self.write(f"{folder}/task.c", task), self.write(f"{folder}/main.c", MAIN_C)]
        self.write_database(folder, "task.c", "main.c")
        return paths

    def shown(self, client, word, patience=None):
        """The next message to the user that holds the word."""
        return client.wait_for(
            lambda m: m.get("method") == "window/showMessage" and word in m["params"]["message"],
            f"a message about {word}", *([patience] if patience else []))["params"]

    def assert_leak(self, diagnostics, text=TASK_C):
        self.assertEqual(codes(diagnostics), [RULE])
        self.assertEqual(diagnostics[0]["range"], span(text, "return"))
