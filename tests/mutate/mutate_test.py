"""The parts of the mutation oracle that need no compiler: tokens, operators, dumps, verdicts."""
import types
import unittest

import ctext
import findings
import mistakes
import mutate
import programs
from programs import libleash


def mutants(name, text):
    """The texts that one operator makes of a file."""
    program = types.SimpleNamespace(sources=[ctext.Source(text)])
    return [mutation.apply(text) for _, mutation in mistakes.mutations(program, [name])]


class Tokens(unittest.TestCase):
    def test_source__comments_strings_and_directives_hold_no_calls(self):
        source = ctext.Source('#define x chan_close(a) \\\n chan_close(b)\n// chan_close(c);\n'
                              'void f(void) { puts("chan_close(d);"); /* chan_close(e); */ }\n')
        self.assertEqual([call.name for call in source.calls], ["f", "puts"])

    def test_source__long_names_are_the_short_ones(self):
        source = ctext.Source("void f(void) { LEASH_CHAN_CLOSE(a); leash_mu_unlock(&m); }")
        self.assertEqual([call.name for call in source.calls], ["f", "chan_close", "mu_unlock"])

    def test_source__arguments_with_commas_inside(self):
        source = ctext.Source("void f(void) { chan_send(a, &(struct p){1, 2}); }")
        self.assertEqual(source.argument(source.calls[1], 1), "&(struct p){1, 2}")
        self.assertEqual(len(source.calls[1].arguments), 2)

    def test_source__statements_are_whole_calls(self):
        source = ctext.Source("void f(void) { if (g(1)) g(2); (void)g(3); x = g(4); g(5) + 1; "
                              "else g(6); case 1: g(7); }")
        whole = [source.argument(call, 0) for call in source.calls
                 if call.name == "g" and source.statement_of(call)]
        self.assertEqual(whole, ["2", "3", "6", "7"])

    def test_source__end_of_statement(self):
        for text in ["g(1);", "{ g(1); g(2); }", "if (a) g(1); else g(2);", "for (;;) { g(1); }",
                     "do g(1); while (a);", "while (a) if (b) { g(1); } else g(2);"]:
            source = ctext.Source(f"void f(void) {{ {text} rest(); }}")
            begin = next(i for i, t in enumerate(source.tokens) if t.text == "{") + 1
            self.assertEqual(source.word(source.end_of_statement(begin)), "rest", text)

    def test_source__functions(self):
        source = ctext.Source("static int f(int a);\nvoid g(void) { f(1); }\nint f(int a) { }\n")
        self.assertEqual([function.name for function in source.functions], ["g", "f"])
        self.assertEqual(source.function_of(source.calls[2].at).name, "g")


class Operators(unittest.TestCase):
    def test_drop_close(self):
        self.assertEqual(mutants("drop-close", "void f(void)\n{\n    defer_close(a);\n    b();\n"
                                               "    if (c)\n        chan_close(a);\n}\n"),
                         ["void f(void)\n{\n    ;\n    b();\n    if (c)\n"
                          "        chan_close(a);\n}\n",
                          "void f(void)\n{\n    defer_close(a);\n    b();\n    if (c)\n"
                          "        ;\n}\n"])

    def test_drop_send__keeps_the_number_of_lines(self):
        self.assertEqual(mutants("drop-send", "void f(void) {\nchan_send(a,\n    &b);\n}"),
                         ["void f(void) {\n;\n\n}"])

    def test_uncounted_spawn(self):
        self.assertEqual(mutants("uncounted-spawn",
                                 "void f(void) { wg_spawn(&w, g, 1, h(2, 3)); }"),
                         ["void f(void) { { wg_add(&w, 1); spawn(g, 1, h(2, 3)); } }"])

    def test_drop_arm__renumbers_the_cases(self):
        text = ("void f(void) { switch (chan_select(RECV(a, &x), DONE(b), AFTER_MS(1))) {"
                " case 0: g(); case 1: switch (x) { case 1: h(); } default: i(); } }")
        first, second, third = mutants("drop-arm", text)
        self.assertIn("(chan_select( DONE(b), AFTER_MS(1)))", first)
        self.assertIn("case -1: g(); case 0: switch (x) { case 1: h(); }", first)
        self.assertIn("chan_select(RECV(a, &x),  AFTER_MS(1))", second)
        self.assertIn("case 0: g(); case -1: switch", second)
        self.assertIn("chan_select(RECV(a, &x), DONE(b))", third)
        self.assertIn("case 0: g(); case 1: switch", third)

    def test_drop_arm__renumbers_what_is_compared(self):
        self.assertEqual(mutants("drop-arm",
                                 "void f(void) { while (chan_select(A(), B()) == 1) ; }"),
                         ["void f(void) { while (chan_select( B()) == 0) ; }",
                          "void f(void) { while (chan_select(A()) == -1) ; }"])

    def test_drop_arm__drops_only_the_last_where_the_index_is_kept(self):
        self.assertEqual(mutants("drop-arm", "void f(void) { int i = chan_select(A(), B()); }"),
                         ["void f(void) { int i = chan_select(A()); }"])

    def test_shrink_capacity(self):
        self.assertEqual(mutants("shrink-capacity", "void f(void) { a = chan_make(int, n); }"),
                         ["void f(void) { a = chan_make(int, 0); }",
                          "void f(void) { a = chan_make(int, 1); }"])
        self.assertEqual(mutants("shrink-capacity", "void f(void) { a = chan_make(int, 0); }"), [])

    def test_count_more(self):
        self.assertEqual(mutants("count-more", "void f(void) { wg_add(&w, n); }"),
                         ["void f(void) { wg_add(&w, (n) + 1); }"])

    def test_swap_locks(self):
        self.assertEqual(
            mutants("swap-locks", "void f(void) { mu_lock(&a); defer_unlock(&a); mu_lock(&b); }"),
            ["void f(void) { mu_lock(&b); defer_unlock(&a); mu_lock(&a); }"])
        self.assertEqual(
            mutants("swap-locks", "void f(void) { mu_lock(&a); mu_unlock(&a); mu_lock(&b); }"), [])

    def test_wait_before_drain(self):
        self.assertEqual(
            mutants("wait-before-drain",
                    "void f(void) {\nfor (;;) g();\nwhile (chan_recv(a, &b))\n    c();\n"
                    "wg_wait(&w);\n}"),
            ["void f(void) {\nfor (;;) g();\nwg_wait(&w); while (chan_recv(a, &b))\n    c();\n"
             ";\n}"])

    def test_return_early__in_tasks_alone(self):
        text = ("static int t(int a) { g(); chan_close(c); }\nvoid u(void) { chan_close(c); }\n"
                "void f(void) { spawn(t, 1); u(); }")
        self.assertEqual(mutants("return-early", text),
                         [text.replace("g(); chan", "g(); return 0; chan")])
        self.assertEqual(mutants("return-sometimes", text),
                         [text.replace("g(); chan", "g(); { extern int step_fails(void); "
                                       "if (step_fails()) return 0; } chan")])

    def test_return_early__within_the_body_of_a_loop(self):
        text = "void t(void) { for (;;) chan_close(c); g(); }\nvoid f(void) { spawn(t); }"
        self.assertEqual(mutants("return-early", text),
                         [text.replace("chan_close(c);", "{ return; chan_close(c); }")])


class Dumps(unittest.TestCase):
    STILL = "task 2 [chan send]: f, parked at a.c:4, spawned at a.c:7 by task 1\n"
    READS = "task 3 [io wait]: g, parked at a.c:5, spawned at a.c:8 by task 1\n"
    RUNS = "task 4 [running]: h, spawned at a.c:8 by task 1\n"

    def places(self, said, how):
        return programs.stuck_places(libleash.tasks_in(said), how)

    def test_stuck_places__of_a_leak_report(self):
        self.assertEqual(self.places(self.STILL + "leash: 1 task was left", "left"), {("a.c", 4)})
        self.assertEqual(self.places(self.READS, "left"), {("a.c", 5)})

    def test_stuck_places__of_a_program_that_stays(self):
        self.assertEqual(self.places(self.STILL + self.RUNS + self.READS, "late"),
                         {("a.c", 4), ("a.c", 5)})
        self.assertEqual(self.places(self.READS + self.RUNS, "late"), set())


class Verdicts(unittest.TestCase):
    TEXT = "void f(void)\n{\n    chan_send(a,\n              &b);\n    g();\n}\n"

    def finding(self, line, group="leak", notes=()):
        return {"rule": "r", "group": group, "file": "a.c", "line": line, "end_line": line,
                "message": "m", "notes": [{"file": "a.c", "line": note} for note in notes]}

    def verdict(self, *found):
        return findings.verdict(found, [["a.c", 4]], {"a.c": self.TEXT})

    def test_verdict__at_a_line_of_the_call(self):
        self.assertEqual(self.verdict(self.finding(3)), findings.AT_LINE)
        self.assertEqual(self.verdict(self.finding(5, notes=[4])), findings.AT_LINE)

    def test_verdict__elsewhere_and_missed(self):
        self.assertEqual(self.verdict(self.finding(5)), findings.ELSEWHERE)
        self.assertEqual(self.verdict(self.finding(5, "convention")), findings.MISSED)
        self.assertEqual(self.verdict(), findings.MISSED)

    def test_new_findings__counts_equal_ones(self):
        one = self.finding(1)
        self.assertEqual(findings.new_findings([one, one], [one]), [one])
        self.assertEqual(findings.new_findings([one], [one]), [])


class Samples(unittest.TestCase):
    ALL = [types.SimpleNamespace(name=f"program-{number:03}") for number in range(100)]

    def names(self, mutants, count, seed):
        return [mutant.name for mutant in mutate.sample(mutants, count, seed)]

    def test_sample__is_the_same_each_time_and_in_order(self):
        names = self.names(self.ALL, 10, 1)
        self.assertEqual(len(names), 10)
        self.assertEqual(names, sorted(names))
        self.assertEqual(names, self.names(self.ALL[::-1], 10, 1)[::-1])

    def test_sample__other_seeds_choose_others(self):
        self.assertNotEqual(self.names(self.ALL, 10, 1), self.names(self.ALL, 10, 2))

    def test_sample__of_few_is_all(self):
        self.assertEqual(len(self.names(self.ALL[:5], 10, 1)), 5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
