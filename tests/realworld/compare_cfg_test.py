#!/usr/bin/env python3
"""compare_cfg.py must see a difference where there is one, and none where its rules level it out.

Pairs of dumps, as clang and as leash print them.  Each rule is shown with a near miss: a dump that
was doctored in one place, whose difference must be named.
"""
import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import compare_cfg  # noqa: E402 the folder has to be on the path first

# void f(int n) { open(n); if (n) return; close(n, 0); }
CLANG = """\
static void f(int n)
 [B4 (ENTRY)]
   Succs (1): B3

 [B1]
   1: close
   2: [B1.1] (ImplicitCastExpr, FunctionToPointerDecay, void (*)(int, int))
   3: n
   4: [B1.3] (ImplicitCastExpr, LValueToRValue, int)
   5: 0
   6: [B1.2]([B1.4], [B1.5])
   Preds (1): B3
   Succs (1): B0

 [B2]
   1: return;
   Preds (1): B3
   Succs (1): B0

 [B3]
   1: open
   2: [B3.1] (ImplicitCastExpr, FunctionToPointerDecay, void (*)(int))
   3: n
   4: [B3.3] (ImplicitCastExpr, LValueToRValue, int)
   5: [B3.2]([B3.4])
   6: n
   7: [B3.6] (ImplicitCastExpr, LValueToRValue, int)
   T: if [B3.7]
   Preds (1): B4
   Succs (2): B2 B1

 [B0 (EXIT)]
   Preds (2): B1 B2

"""
LEASH = """\
unit f.c
function f(int n) at 1:13 static
  b0:
    open(n)                                                     # 1:23
    if n goto b1 else b2                                        # 1:36
  b1: from b0
    return                                                      # 1:39
  b2: from b0
    close(n, 0)                                                 # 1:47
    return                                                      # 1:59
"""


def clang_dump(name, entry, blocks):
    """A dump from {number: (calls, terminator, successors)}; a call is a name, or the text of an
    element where it begins with ' '."""
    lines = [f"void {name}(void)", f" [B{entry} (ENTRY)]", f"   Succs (1): B{entry - 1}", ""]
    for number, (calls, terminator, successors) in sorted(blocks.items()):
        mark = " (NORETURN)" if terminator == "NORETURN" else ""
        lines.append(f" [B{number}{mark}]")
        elements = []
        for call in calls:
            if call.startswith(" "):
                elements.append(call[1:])
                continue
            at = f"[B{number}.{len(elements) + 1}]"
            decayed = f"[B{number}.{len(elements) + 2}]"
            elements += [call, f"{at} (ImplicitCastExpr, FunctionToPointerDecay, void (*)(void))",
                         f"{decayed}()"]
        lines += [f"   {i}: {element}" for i, element in enumerate(elements, 1)]
        if terminator and not mark:
            lines.append(f"   T: {terminator}")
        words = successors.split()
        lines.append(f"   Succs ({len(words)}): " + " ".join(words[:8]))
        lines += ["     " + " ".join(words[i:i + 8]) for i in range(8, len(words), 8)]
        lines.append("")
    return "\n".join(lines + [" [B0 (EXIT)]", "   Preds (1): B1", ""])


def leash_dump(name, *blocks):
    lines = ["unit x.c", f"function {name}(void) at 1:6"]
    for number, block in enumerate(blocks):
        lines.append(f"  b{number}:")
        lines += [f"    {line}" + ("" if line.startswith("goto b") else "   # 1:1")
                  for line in block.split("; ")]
    return "\n".join(lines) + "\n"


class Comparison(unittest.TestCase):
    def verdict(self, clang, leash):
        results = list(compare_cfg.compare_dumps(clang, leash))
        self.assertEqual(len(results), 1)
        return results[0].verdict, results[0].lines

    def assert_agree(self, clang, leash, how=compare_cfg.AGREE):
        self.assertEqual(self.verdict(clang, leash), (how, []))

    def assert_differ(self, clang, leash, *lines):
        verdict, found = self.verdict(clang, leash)
        self.assertEqual(verdict, compare_cfg.DIFFER)
        for line in lines:
            self.assertIn(line, [text.split("  [")[0] for text in found])


class Relation(Comparison):
    def test_equal(self):
        self.assert_agree(CLANG, LEASH)

    def test_an_edge_too_few(self):
        self.assert_differ(CLANG, LEASH.replace("if n goto b1 else b2", "goto b2"),
                           "only clang: open/1 -> EXIT")

    def test_an_edge_too_many(self):
        self.assert_differ(CLANG, LEASH.replace("    return      ", "    goto b2  ", 1),
                           "only clang: open/1 -> EXIT")

    def test_a_call_too_few(self):
        self.assert_differ(CLANG, LEASH.replace("    open(n) ", "    begin n "),
                           "only clang: ENTRY -> open/1", "only leash: ENTRY -> EXIT")

    def test_an_argument_too_few(self):
        self.assert_differ(CLANG, LEASH.replace("close(n, 0)", "close(n)"),
                           "only leash: close/1 -> EXIT", "only clang: close/2 -> EXIT")

    def test_order(self):
        clang = clang_dump("f", 2, {1: (["a", "b"], "", "B0")})
        self.assert_agree(clang, leash_dump("f", "a(); b(); return"))
        self.assert_differ(clang, leash_dump("f", "b(); a(); return"), "only leash: b/0 -> a/0")

    def test_same_pairs_of_names_at_other_sites(self):
        clang = clang_dump("f", 2, {1: (["a", "b", "a", "c", "a"], "", "B0")})
        self.assert_agree(clang, leash_dump("f", "a(); b(); a(); c(); a(); return"))
        self.assert_differ(clang, leash_dump("f", "a(); c(); a(); b(); a(); return"),
                           "the same pairs of names, but other sites of these names")

    def test_a_missing_function(self):
        self.assertEqual(self.verdict(CLANG, "unit f.c\n")[0], compare_cfg.MISSING)

    def test_a_function_that_clang_has_no_graph_of(self):
        self.assertEqual(self.verdict("", LEASH), (compare_cfg.UNKNOWN, []))

    def test_a_function_without_exit(self):
        clang = clang_dump("f", 2, {1: (["a"], "", "B1")})
        self.assert_agree(clang, leash_dump("f", "goto b1", "a(); goto b1"))
        self.assert_differ(clang, leash_dump("f", "a(); return"), "only leash: a/0 -> EXIT")


class Rules(Comparison):
    def test_builtins_are_no_calls(self):
        calls = ["__builtin_trap", "a", " __atomic_load_n([B1.1], 5)"]
        clang = clang_dump("f", 2, {1: (calls, "", "B0")})
        self.assert_agree(clang, leash_dump("f", "a(); return"))

    def test_nothing_follows_a_call_that_does_not_return(self):
        clang = clang_dump("f", 2, {1: (["die"], "NORETURN", "B0")})
        self.assert_agree(clang, leash_dump("f", "die(); stop"))
        self.assert_differ(clang, leash_dump("f", "die(); return"), "only leash: die/0 -> EXIT")

    def test_branches_on_constants(self):
        clang = clang_dump("f", 5, {4: ([" 1"], "while [B4.1]", "B3 NULL"), 3: (["a"], "", "B4"),
                                    1: (["b"], "", "B0")})
        self.assert_agree(clang, leash_dump("f", "if 1 goto b1 else b2", "a(); goto b0",
                                            "b(); return"))
        self.assert_differ(clang, leash_dump("f", "if n goto b1 else b2", "a(); goto b0",
                                             "b(); return"), "only leash: a/0 -> b/0")

    def test_a_switch_over_all_enumerators_has_a_default(self):
        clang = clang_dump("f", 4, {3: ([" n"], "switch [B3.1]", "B2 B1(Unreachable)"),
                                    2: (["a"], "", "B1"), 1: (["b"], "", "B0")})
        self.assert_agree(clang, leash_dump("f", "switch n: 0 -> b1, default -> b2",
                                            "a(); goto b2", "b(); return"))

    def test_a_switch_over_a_constant_has_none(self):
        clang = clang_dump("f", 4, {3: ([" 7"], "switch [B3.1]", "B2 B1(Unreachable)"),
                                    2: (["a"], "", "B1"), 1: (["b"], "", "B0")})
        self.assert_agree(clang, leash_dump("f", "switch 7: 0..3 -> b2, 7 -> b1, default -> b2",
                                            "a(); goto b2", "b(); return"))

    # if (!(a() && b())) c(); d();
    NEGATED = {5: (["a"], "[B5.3] && ...", "B4 B3"), 4: (["b"], "", "B3"),
               3: ([" [B5.3] && [B4.3]", " !([B3.1])"], "if [B3.2]", "B2 B1"),
               2: (["c"], "", "B1"), 1: (["d"], "", "B0")}

    def test_a_join_of_ways_that_differ_in_value(self):
        clang = clang_dump("f", 6, self.NEGATED)
        blocks = ["t1 = b(); if t1 goto b3 else b2", "c(); goto b3", "d(); return"]
        self.assert_agree(clang, leash_dump("f", "t0 = a(); if t0 goto b1 else b2", *blocks),
                          compare_cfg.AGREE_THREADED)
        self.assert_differ(clang, leash_dump("f", "t0 = a(); if t0 goto b1 else b3", *blocks),
                           "only leash: a/0 -> d/0", "only clang: a/0 -> c/0")

    def test_a_join_followed_by_a_call_is_one(self):
        blocks = dict(self.NEGATED)
        blocks[3] = ([" [B5.3] && [B4.3]", " !([B3.1])", "e"], "if [B3.2]", "B2 B1")
        self.assert_agree(clang_dump("f", 6, blocks), leash_dump(
            "f", "t0 = a(); if t0 goto b1 else b2", "t1 = b(); goto b2",
            "e(); if n goto b3 else b4", "c(); goto b4", "d(); return"))

    def test_a_constant_arm(self):
        # if (a() ? (n = 0, 1) : b()) c(); d();
        clang = clang_dump("f", 7, {
            6: (["a"], "[B6.3] ? ... : ...", "B5 B4"), 5: ([" 1", " ... , [B5.1]"], "", "B3"),
            4: (["b"], "", "B3"), 3: ([" [B6.3] ? ([B5.2]) : [B4.3]"], "if [B3.1]", "B2 B1"),
            2: (["c"], "", "B1"), 1: (["d"], "", "B0")})
        blocks = ["n = 0; goto b3", "t1 = b(); if t1 goto b3 else b4", "c(); goto b4",
                  "d(); return"]
        self.assert_agree(clang, leash_dump("f", "t0 = a(); if t0 goto b1 else b2", *blocks),
                          compare_cfg.AGREE_THREADED)
        blocks[0] = "n = 0; goto b4"
        self.assert_differ(clang, leash_dump("f", "t0 = a(); if t0 goto b1 else b2", *blocks),
                           "only leash: a/0 -> d/0", "only clang: a/0 -> c/0")


class Reading(Comparison):
    def test_names_of_functions(self):
        for line, name in (("int main(int c, char **v)", "main"), ("extern int (get)(int)", "get"),
                           ("int (*table(int x))(void)", "table"),
                           ("__attribute__((format(printf, 1, 2))) void say(const char *, ...)",
                            "say")):
            self.assertEqual(compare_cfg.declared_name(line), name)

    def test_long_lists_of_edges(self):
        blocks = {number: ([f"c{number}"], "", "B0") for number in range(1, 12)}
        blocks[12] = ([" n"], "switch [B12.1]", " ".join(f"B{n}" for n in range(11, 0, -1)))
        cases = ", ".join(f"{n} -> b{n}" for n in range(1, 11)) + ", default -> b11"
        ours = [f"c{n}(); return" for n in range(1, 12)]
        self.assert_agree(clang_dump("f", 13, blocks), leash_dump("f", f"switch n: {cases}", *ours))

    def test_whom_a_call_names(self):
        for text, label in (("t[i].run(p, 1)", ".run/2"), ("p->q->run()", ".run/0"),
                            ("t3 = (*pp)(x)", "*/1"), ("hook.2(a, (b, c), \"),(\")", "hook/3"),
                            ("t3(x)", "*/1"), ("cleanup close(&fd)", "close/1"),
                            ("(&a)[i](x)", "*/1")):
            self.assertEqual(compare_cfg.leash_call(text), label, text)

    def test_what_is_no_call(self):
        for text in ("t1 = (int)(a + b)", "x = 1", "t1 = *p", "a[f] = (b)", "s = \"f(x)\"",
                     "t1 = -(a)"):
            self.assertIsNone(compare_cfg.leash_call(text), text)

    def test_calls_through_pointers(self):
        # void f(struct s *p) { p->run(1); (*p->run)(2); hook(3); }
        clang = """\
void f(struct s *p)
 [B2 (ENTRY)]
   Succs (1): B1

 [B1]
   1: p
   2: [B1.1] (ImplicitCastExpr, LValueToRValue, struct s *)
   3: [B1.2]->run
   4: [B1.3] (ImplicitCastExpr, LValueToRValue, void (*)(int))
   5: 1
   6: [B1.4]([B1.5])
   7: p
   8: [B1.7] (ImplicitCastExpr, LValueToRValue, struct s *)
   9: [B1.8]->run
  10: [B1.9] (ImplicitCastExpr, LValueToRValue, void (*)(int))
  11: *[B1.10]
  12: ([B1.11]) (ImplicitCastExpr, FunctionToPointerDecay, void (*)(int))
  13: 2
  14: [B1.12]([B1.13])
  15: hook
  16: [B1.15] (ImplicitCastExpr, LValueToRValue, void (*)(int))
  17: 3
  18: [B1.16]([B1.17])
  19: int x[2] = {1, ({
    2;
})};
   Preds (1): B2
   Succs (1): B0

 [B0 (EXIT)]
   Preds (1): B1
"""
        self.assert_agree(clang, leash_dump("f", "p->run(1); p->run(2); hook(3); return"))


class Program(unittest.TestCase):
    def run_on(self, clang, leash):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("clang", "leash")]
            for path, text in zip(paths, (clang, leash)):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            out, arguments = io.StringIO(), sys.argv
            sys.argv = ["compare_cfg.py", "--dumps", *paths]
            try:
                with contextlib.redirect_stdout(out):
                    return compare_cfg.main(), out.getvalue()
            finally:
                sys.argv = arguments

    def test_status_and_report(self):
        status, out = self.run_on(CLANG, LEASH)
        self.assertEqual(status, 0)
        self.assertIn("1 functions", out)
        status, out = self.run_on(CLANG, LEASH.replace("close(n, 0)", "open(n)"))
        self.assertEqual(status, 1)
        self.assertIn("f at 1:13 differs", out)
        self.assertIn("only clang: open/1 -> close/2", out)

    def test_nothing_compared_is_no_success(self):
        self.assertEqual(self.run_on("", "")[0], 1)


if __name__ == "__main__":
    unittest.main()
