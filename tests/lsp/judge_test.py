#!/usr/bin/env python3
"""What leash lsp says of programs while somebody works on them."""
import json
import pathlib
import unittest

from client import CAPABILITIES, path_of, uri_of
from program import (ALONE_C, CRAWL_H, INCLUDE, MAIN_C, MENDED_C, RULE, TASK_C, Case, codes, place,
                     span)

RETURN = "return;"
ALONE = {"flags": [f"-I{INCLUDE}"]}


def edited(text, edit):
    """What a TextEdit makes of a text of ASCII."""
    lines = text.splitlines(True)
    start, end = (sum(map(len, lines[:at["line"]])) + at["character"]
                  for at in (edit["range"]["start"], edit["range"]["end"]))
    return text[:start] + edit["newText"] + text[end:]


class Diagnostics(Case):
    def test_a_finding_tells_its_story_over_files(self):
        task, main = self.program()
        client = self.session()
        diagnostics = client.published(client.open(task), 1)
        self.assert_leak(diagnostics)
        finding = diagnostics[0]
        self.assertEqual(finding["source"], "leash")
        self.assertEqual(finding["severity"], 1)
        self.assertIn("'crawl'", finding["message"])
        self.assertIn("wg_done", finding["message"])
        expected = [(task, TASK_C, "fetch(page, &text)"), (main, MAIN_C, "wg_add(&pages, 1)"),
                    (main, MAIN_C, "spawn(crawl, &pages, i)"), (main, MAIN_C, "wg_wait(&pages)")]
        steps = finding["relatedInformation"]
        self.assertEqual([(path_of(s["location"]["uri"]), s["location"]["range"]) for s in steps],
                         [(path, span(text, part)) for path, text, part in expected])
        for number, step in enumerate(steps[1:], 1):
            self.assertTrue(step["message"].startswith(f"{number}. 'main'"), step["message"])
        self.assertIn("'main' waits here", steps[3]["message"])

    def test_the_message_tells_all_to_a_client_that_shows_nothing_else(self):
        task, _ = self.program()
        client = self.session(capabilities={})
        finding = client.published(client.open(task), 1)[0]
        self.assertNotIn("relatedInformation", finding)
        lines = finding["message"].split("\n")
        self.assertEqual(len(lines), 5)
        self.assertTrue(lines[1].startswith("task.c:7: "))
        self.assertTrue(lines[4].startswith("main.c:11: 3. 'main' waits here"))

    def test_files_that_are_not_open_are_told_of_too(self):
        task, main = self.program()
        client = self.session()
        client.open(main)
        self.assert_leak(client.published(uri_of(task)))
        client.finish()

    def test_a_file_without_findings_is_told_of_as_clean(self):
        _, main = self.program()
        client = self.session()
        self.assertEqual(client.published(client.open(main), 1), [])

    def test_columns_count_as_the_client_does(self):
        line = "        /* für Ärger: 😀 𝄞 */ return;"
        text = ALONE_C.replace("        return;", line)
        for encoding in ("utf-8", "utf-16"):
            capabilities = {**CAPABILITIES, "general": {"positionEncodings": [encoding]}}
            client = self.session(capabilities=capabilities, options=ALONE)
            diagnostics = client.published(client.open(self.write("a.c", text)), 1)
            self.assertEqual(codes(diagnostics), [RULE])
            self.assertEqual(diagnostics[0]["range"], span(text, "return", encoding))
            client.finish()

    def test_latin_1_in_a_comment_does_no_harm(self):
        path = self.folder / "a.c"
        path.write_bytes(ALONE_C.replace("        return;", "        /* \udcfc */ return;")
                         .encode(errors="surrogateescape"))
        text = ALONE_C.replace("        return;", "        /* \ufffd */ return;")
        main = self.write("main.c", "int main(void) { return 0; }\n")
        self.write_database(".", "a.c", "main.c")
        client = self.session(capabilities={})  # a.c is not open: read from disk
        client.open(main)
        self.assertEqual(client.published(uri_of(path))[0]["range"], span(text, "return", "utf-16"))


class Typing(Case):
    def test_a_leak_typed_in_comes_and_mended_goes(self):
        task, _ = self.program(task=MENDED_C)
        client = self.session()
        uri = client.open(task)
        self.assertEqual(client.judged(uri), [])
        client.change(uri, TASK_C)
        self.assert_leak(client.judged(uri))
        client.change(uri, MENDED_C)
        self.assertEqual(client.judged(uri), [])
        self.assertEqual(task.read_text(), MENDED_C)  # nothing was saved

    def test_changes_come_in_pieces(self):
        """In UTF-16, behind a character of two units."""
        start = "/* 😀ä */ #\n".replace("#", "")
        client = self.session(options=ALONE,
                              capabilities={"general": {"positionEncodings": ["utf-16"]}})
        text = ALONE_C.replace("        return;", "        /* 😀ä */ return;")
        uri = client.open(self.write("a.c", start + text), start + text)
        self.assertEqual(codes(client.judged(uri)), [RULE])
        text = start + text
        at = place(text, RETURN, "utf-16")
        mend = "finish(pages);\n        "
        client.change(uri, {"range": {"start": at, "end": at}, "text": mend})
        self.assertEqual(client.judged(uri), [])
        # Away again, in two changes of one notification; the second counts on the first.
        first = {"start": at, "end": {**at, "character": at["character"] + 7}}
        rest = {"start": at, "end": {"line": at["line"] + 1, "character": 8}}
        client.change(uri, {"range": first, "text": ""}, {"range": rest, "text": ""})
        diagnostics = client.judged(uri)
        self.assertEqual(codes(diagnostics), [RULE])
        self.assertEqual(diagnostics[0]["range"], span(text, "return", "utf-16"))

    def test_many_changes_end_with_the_last(self):
        task, _ = self.program()
        client = self.session()
        uri = client.open(task)
        for count in range(1, 30):
            client.change(uri, TASK_C + "\n" * count)
        client.change(uri, "\n" + TASK_C)
        self.assert_leak(client.judged(uri), "\n" + TASK_C)

    def test_a_file_that_does_not_parse_keeps_what_was_said(self):
        task, main = self.program()
        client = self.session()
        task_uri, main_uri = client.open(task), client.open(main)
        client.until(lambda: client.codes(task_uri) == [RULE] and client.codes(main_uri) == [],
                     "a first result")
        self.assert_leak(client.diagnostics[task_uri]["diagnostics"])
        # In main.c, without which nothing spawns the task: its finding stays.
        client.change(main_uri, MAIN_C.replace("wg_add(&pages, 1);", "wg_add(&pages, 1"))
        client.change(task_uri, TASK_C + "\n")
        self.assert_leak(client.judged(task_uri))
        # And in task.c itself: nothing new is said of it.
        client.change(task_uri, TASK_C.replace("store(page, text);", "store(page, "))
        spoken = [m["params"] for m in client.quiet(1.5) if "publish" in m.get("method", "")]
        self.assertEqual([p for p in spoken if p["uri"] == task_uri], [])
        client.change(main_uri, MAIN_C)
        client.change(task_uri, MENDED_C)
        self.assertEqual(client.judged(task_uri), [])

    def test_a_file_that_never_parsed_says_so_once(self):
        text = ALONE_C.replace("#include <stdbool.h>", '#include <stdbool.h>\n#include "gone.h"')
        client = self.session(options=ALONE)
        uri = client.open(self.write("a.c", text))
        hints = [d for d in client.judged(uri) if "code" not in d]
        self.assertEqual(len(hints), 1)
        self.assertEqual(hints[0]["severity"], 3)
        self.assertIn("'gone.h' file not found", hints[0]["message"])
        self.assertEqual(hints[0]["range"]["start"], place(text, '"gone.h"'))
        # The missing file appears.
        self.write("gone.h", "")
        client.notify("workspace/didChangeWatchedFiles", {"changes": [
            {"uri": uri_of(self.folder / "gone.h"), "type": 1}]})
        self.assertEqual(codes(client.judged(uri)), [RULE])

    def test_what_libclang_crashes_on_costs_that_file_alone(self):
        deep = "int x = " + "(" * 200000 + "1" + ")" * 200000 + ";\n"
        client = self.session(options={"flags": [*ALONE["flags"], "-fbracket-depth=1000000"]})
        uri = client.open(self.write("deep.c", deep))
        diagnostics = client.judged(uri)
        self.assertEqual([d["severity"] for d in diagnostics], [3])
        self.assertIn("does not judge this file in full", diagnostics[0]["message"])
        client.change(uri, ALONE_C)
        self.assertEqual(codes(client.judged(uri)), [RULE])
        # While it is typed in, what was said stays.
        client.change(uri, ALONE_C + deep)
        client.quiet(2)
        self.assertEqual(codes(client.diagnostics[uri]["diagnostics"]), [RULE])

    def test_a_header_changed_in_the_editor_reaches_its_users(self):
        task, _ = self.program(task=MENDED_C)
        client = self.session()
        task_uri = client.open(task)
        self.assertEqual(client.judged(task_uri), [])
        header_uri = client.open(task.parent / "crawl.h")
        client.judged(header_uri)
        client.change(header_uri, CRAWL_H.replace("    wg_done(pages);\n", ""))
        self.assertIn(RULE, codes(client.judged(task_uri)))
        client.change(header_uri, CRAWL_H)
        self.assertEqual(client.judged(task_uri), [])

    def test_a_header_changed_by_others_reaches_its_users(self):
        task, _ = self.program(task=MENDED_C)
        client = self.session()
        uri = client.open(task)
        self.assertEqual(client.judged(uri), [])
        header = self.write("crawler/crawl.h", CRAWL_H.replace("    wg_done(pages);\n", ""))
        client.notify("workspace/didChangeWatchedFiles",
                      {"changes": [{"uri": uri_of(header), "type": 2}]})
        self.assertIn(RULE, codes(client.judged(uri)))
        # Without a word from the editor it is noticed with the next save.
        header.write_text(CRAWL_H)
        client.save(uri)
        self.assertEqual(client.judged(uri), [])

    def test_what_was_not_saved_is_gone_when_it_is_closed(self):
        task, main = self.program(task=MENDED_C)
        client = self.session()
        client.open(main)
        uri = client.open(task, TASK_C)
        self.assert_leak(client.judged(uri))
        client.close(uri)
        self.assertEqual(client.published(uri), [])

    def test_a_file_judged_alone_leaves_nothing_behind(self):
        client = self.session(options=ALONE)
        uri = client.open(self.write("a.c", ALONE_C))
        self.assertEqual(codes(client.judged(uri)), [RULE])
        client.close(uri)
        self.assertEqual(client.published(uri), [])


class Programs(Case):
    def test_two_programs_are_two(self):
        task, _ = self.program("one")
        other, _ = self.program("two", task=MENDED_C)
        client = self.session()
        uri, other_uri = client.open(task), client.open(other)
        client.until(lambda: client.codes(uri) == [RULE] and client.codes(other_uri) == [],
                     "a result for both")
        client.change(other_uri, TASK_C)
        self.assert_leak(client.judged(other_uri))
        self.assert_leak(client.diagnostics[uri]["diagnostics"])

    def test_a_header_of_two_programs_reaches_both(self):
        shared = self.write("shared/crawl.h", CRAWL_H)
        uris = []
        client = self.session()
        for name in ("one", "two"):
            task, _ = self.program(name, task=MENDED_C)
            self.write(f"{name}/crawl.h", '#include "../shared/crawl.h"\n')
            uris.append(client.open(task))
        client.until(lambda: all(client.codes(uri) == [] for uri in uris), "a first result")
        header = client.open(shared)
        client.change(header, CRAWL_H.replace("    wg_done(pages);\n", ""))
        client.until(lambda: all(RULE in client.codes(uri) for uri in uris), "a result for both")

    def test_the_database_in_build_is_found(self):
        task, _ = self.program("src")
        self.folder.joinpath("build").mkdir()
        (self.folder / "src/compile_commands.json").rename(
            self.folder / "build/compile_commands.json")
        client = self.session()
        self.assert_leak(client.judged(client.open(task)))

    def test_the_build_dir_can_be_set(self):
        task, _ = self.program("src")
        self.folder.joinpath("out").mkdir()
        (self.folder / "src/compile_commands.json").rename(
            self.folder / "out/compile_commands.json")
        client = self.session(options={"leash": {"buildDir": "out"}})
        self.assert_leak(client.judged(client.open(task)))

    def test_a_file_that_the_database_does_not_list_is_told_so(self):
        self.program()
        client = self.session()
        other = self.write("crawler/other.c", "int other;\n")
        diagnostics = client.judged(client.open(other))
        self.assertEqual([d["severity"] for d in diagnostics], [3])
        self.assertIn("is not listed in", diagnostics[0]["message"])
        # Built, it is.
        self.write_database("crawler", "task.c", "main.c", "other.c")
        client.save(uri_of(other))
        self.assertEqual(client.judged(uri_of(other)), [])

    def test_a_broken_database_is_told_at_its_line(self):
        task, _ = self.program()
        database = task.parent / "compile_commands.json"
        good = database.read_text()
        database.write_text("[\n {\"directory\": \"/\",\n  \"file\" \"a.c\"}\n]\n")
        client = self.session()
        uri = client.open(task)
        diagnostics = client.published(uri_of(database))
        self.assertEqual(diagnostics[0]["severity"], 1)
        self.assertEqual(diagnostics[0]["range"]["start"]["line"], 2)
        self.assertIn("compile_commands.json:3: ",
                      self.shown(client, "compile_commands")["message"])
        # Repaired: findings come, and what was said of it goes.
        database.write_text(good)
        client.notify("workspace/didChangeWatchedFiles",
                      {"changes": [{"uri": uri_of(database), "type": 2}]})
        client.until(lambda: client.codes(uri) == [RULE] and client.codes(uri_of(database)) == [],
                     "findings in place of the complaint")
        # Broken again, what was found stays.
        database.write_text("[")
        client.save(uri)
        self.shown(client, "compile_commands")
        client.quiet()
        self.assert_leak(client.diagnostics[uri]["diagnostics"])

    def test_a_document_that_gets_a_database_is_judged_with_it(self):
        task, main = self.program()
        database = task.parent / "compile_commands.json"
        kept = database.read_text()
        database.unlink()
        client = self.session(options=ALONE)
        uri = client.open(task)
        self.assertEqual(client.judged(uri), [])  # alone, nobody spawns the task
        database.write_text(kept)
        client.notify("workspace/didChangeWatchedFiles",
                      {"changes": [{"uri": uri_of(database), "type": 1}]})
        self.assert_leak(client.judged(uri))

    def test_the_path_may_hold_a_symbolic_link_and_blanks(self):
        self.program("the real crawler")
        link = self.folder / "link"
        link.symlink_to(self.folder / "the real crawler")
        client = self.session()
        uri = client.open(link / "task.c")
        self.assert_leak(client.judged(uri))
        client.change(uri, MENDED_C)
        self.assertEqual(client.judged(uri), [])

    def test_a_file_that_was_never_saved_waits_for_that(self):
        client = self.session(capabilities={}, options=ALONE)
        path = self.folder / "new.c"
        uri = client.open(path, ALONE_C)
        self.assertEqual(client.quiet(), [])
        path.write_text(ALONE_C)
        client.save(uri)
        self.assertEqual(codes(client.judged(uri)), [RULE])

    def test_files_of_other_languages_are_nothing_to_it(self):
        client = self.session(capabilities={})
        for name in ("a.cc", "a.py", "alone.h"):
            client.open(self.write(name, "#error not for leash\n"), language="other")
        self.assertEqual(client.quiet(), [])


class Settings(Case):
    def test_leash_yaml_counts(self):
        task, _ = self.program()
        yaml = self.write(".leash.yaml", f"rules: {{{RULE}: off}}\n")
        client = self.session()
        uri = client.open(task)
        self.assertEqual(client.judged(uri), [])
        yaml.unlink()
        client.save(uri)
        self.assert_leak(client.judged(uri))

    def test_a_broken_one_is_told_at_its_line(self):
        task, _ = self.program()
        yaml = self.write(".leash.yaml", "headers: own\nrules: {no-such-rule: off}\n")
        client = self.session()
        client.open(task)
        diagnostics = client.published(uri_of(yaml))
        self.assertEqual(diagnostics[0]["range"]["start"]["line"], 1)
        self.assertIn("no-such-rule", diagnostics[0]["message"])
        self.assertIn(".leash.yaml:2", self.shown(client, "no-such-rule")["message"])
        yaml.write_text("headers: own\n")
        client.save(uri_of(yaml))
        client.until(lambda: client.codes(uri_of(task)) == [RULE] and
                     client.codes(uri_of(yaml)) == [], "findings in place of the complaint")

    def test_rules_can_be_changed(self):
        task, _ = self.program()
        client = self.session(options={"rules": "all", "minConfidence": "likely"})
        uri = client.open(task)
        self.assertIn(RULE, codes(client.judged(uri)))
        client.notify("workspace/didChangeConfiguration",
                      {"settings": {"leash": {"rules": f"-{RULE}"}}})
        self.assertEqual(client.judged(uri), [])
        # As of a client that has nothing to say.
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        self.assertEqual(client.judged(uri), [])

    def test_wrong_settings_are_told(self):
        client = self.session(options={"minConfidence": 3, "rule": "leak", "flags": "-I."})
        client.quiet()
        said = [m["params"]["message"] for m in client.seen if "showMessage" in m.get("method", "")]
        for word in ("'minConfidence' is a string", "no setting 'rule'", "'flags' is a list"):
            self.assertEqual(len([s for s in said if word in s]), 1, said)
        task, _ = self.program()
        client.notify("workspace/didChangeConfiguration", {"settings": {"rules": "no-such-rule"}})
        client.open(task)
        self.shown(client, "no-such-rule")


class Assistance(Case):
    def open_alone(self):
        client = self.session(options=ALONE)
        uri = client.open(self.write("a.c", ALONE_C))
        return client, uri, client.judged(uri)

    def actions(self, client, uri, reach, **context):
        return client.request("textDocument/codeAction", {
            "textDocument": {"uri": uri}, "range": reach,
            "context": {"diagnostics": [], **context}})["result"]

    def apply(self, client, uri, action):
        change = action["edit"]["documentChanges"][0]
        self.assertEqual(change["textDocument"], {"uri": uri, "version": client.versions[uri]})
        client.change(uri, *({"range": e["range"], "text": e["newText"]} for e in change["edits"]))

    def test_suppressing_gives_silence(self):
        client, uri, diagnostics = self.open_alone()
        actions = self.actions(client, uri, diagnostics[0]["range"])
        self.assertEqual([a["kind"] for a in actions], ["quickfix"])
        self.assertIn(RULE, actions[0]["title"])
        self.assertEqual(actions[0]["diagnostics"], diagnostics)
        line = ALONE_C.replace("        return;",
                               f"        // leash:ignore {RULE} -- reason\n        return;")
        edit, = actions[0]["edit"]["documentChanges"][0]["edits"]
        self.assertEqual(edited(ALONE_C, edit), line)
        self.apply(client, uri, actions[0])
        self.assertEqual(client.judged(uri), [])  # no unused suppression either
        client.change(uri, line.replace("        return;",
                                        "        finish(pages);\n        return;"))
        unused = client.judged(uri)
        self.assertEqual(codes(unused), ["unused-suppression"])
        self.assertEqual(unused[0]["tags"], [1])

    def test_a_suppression_of_no_use_can_be_removed(self):
        mended = ALONE_C.replace("        return;", "        finish(pages);\n        return;")
        client = self.session(options=ALONE)
        uri = client.open(self.write("a.c", mended))
        self.assertEqual(client.judged(uri), [])
        comment = f"leash:ignore {RULE} -- why"
        for before, after in ((f"        // {comment}\n        return;", "        return;"),
                              (f"        return; // {comment}", "        return;"),
                              (f"        /* {comment} */ return;", "        return;"),
                              (f"\t/* {comment} */ \n        return;", "        return;"),
                              (f"        return;\t/* {comment} */ {{}}", "        return; {}")):
            text = mended.replace("        return;", before)
            client.change(uri, text)
            unused = client.judged(uri)
            self.assertEqual(codes(unused), ["unused-suppression"])
            action, = self.actions(client, uri, unused[0]["range"])
            self.assertEqual(action["title"], "Remove this suppression")
            edit, = action["edit"]["documentChanges"][0]["edits"]
            self.assertEqual(edited(text, edit), mended.replace("        return;", after))
            self.apply(client, uri, action)
            self.assertEqual(client.judged(uri), [])
        # Of two rules only one may be of no use, and prose behind it is for people.
        for comment in (f"// leash:ignore {RULE}, missing-close -- why",
                        f"/* leash:ignore {RULE} -- why\n   and more */"):
            client.change(uri, mended.replace("        return;",
                                              f"        {comment}\n        return;"))
            unused = client.judged(uri)
            self.assertEqual(set(codes(unused)), {"unused-suppression"})
            self.assertEqual(self.actions(client, uri, unused[0]["range"]), [])

    def test_a_client_without_versions_gets_plain_changes(self):
        client = self.session(options=ALONE, capabilities={})
        uri = client.open(self.write("a.c", ALONE_C))
        diagnostics = client.judged(uri)
        edit = self.actions(client, uri, diagnostics[0]["range"])[0]["edit"]
        self.assertEqual(list(edit["changes"]), [uri])

    def test_actions_are_for_what_is_asked(self):
        client, uri, diagnostics = self.open_alone()
        there = diagnostics[0]["range"]
        elsewhere = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
        self.assertEqual(self.actions(client, uri, elsewhere), [])
        self.assertEqual(self.actions(client, uri, there, only=["refactor"]), [])
        self.assertEqual(len(self.actions(client, uri, there, only=["quickfix"])), 1)
        # A text that was not judged yet could have moved away below the edit.
        client.change(uri, "\n" + ALONE_C)
        self.assertEqual(self.actions(client, uri, there), [])

    def test_none_where_a_comment_would_cut_a_macro(self):
        text = ALONE_C.replace("    if (!fetch(page, &text)) {\n        return;\n    }\n",
                               "#define LEAVE \\\n    return\n    if (!fetch(page, &text))\n"
                               "        LEAVE;\n")
        client = self.session(options=ALONE)
        uri = client.open(self.write("a.c", text))
        diagnostics = client.judged(uri)
        self.assertEqual(codes(diagnostics), [RULE])
        actions = self.actions(client, uri, diagnostics[0]["range"])
        self.assertEqual(len(actions), 1)  # it stands where the macro is used
        self.apply(client, uri, actions[0])
        self.assertEqual(client.judged(uri), [])

    def test_hover_tells_what_the_rule_is_about(self):
        client, uri, diagnostics = self.open_alone()
        document = {"uri": uri}
        hover = client.request("textDocument/hover", {
            "textDocument": document, "position": diagnostics[0]["range"]["start"]})["result"]
        self.assertEqual(hover["range"], diagnostics[0]["range"])
        self.assertEqual(hover["contents"]["kind"], "markdown")
        self.assertIn(f"**{RULE}**", hover["contents"]["value"])
        self.assertIn("defer_wg_done", hover["contents"]["value"])  # how to fix
        self.assertNotIn("##", hover["contents"]["value"])
        nothing = client.request("textDocument/hover", {
            "textDocument": document, "position": {"line": 0, "character": 0}})["result"]
        self.assertIsNone(nothing)


class Progress(Case):
    def test_the_first_look_at_a_program_is_shown(self):
        task, _ = self.program()
        client = self.session()
        uri = client.open(task)
        client.judged(uri)

        def kinds():
            return [m["params"]["value"]["kind"] for m in client.seen
                    if m.get("method") == "$/progress"]

        client.request("textDocument/hover")  # what was sent before the answer is here now
        asked = [m for m in client.seen if m.get("method") == "window/workDoneProgress/create"]
        self.assertEqual(len(asked), 1)
        if kinds():  # it may be over before the client has agreed
            client.until(lambda: kinds()[-1] == "end", "the end of what it showed")
            self.assertEqual(kinds()[0], "begin")
        client.change(uri, MENDED_C)
        client.judged(uri)
        self.assertEqual([m for m in client.quiet() if "rogress" in m.get("method", "")], [])

    def test_none_for_a_client_that_knows_none(self):
        task, _ = self.program()
        client = self.session(capabilities={})
        client.judged(client.open(task))
        client.quiet()
        self.assertEqual([m for m in client.seen if "rogress" in m.get("method", "")], [])


if __name__ == "__main__":
    unittest.main()
