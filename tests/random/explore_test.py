#!/usr/bin/env python3
"""The exhaustive answers of tiny programs whose answers are plain to see."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compile import TooLarge  # noqa: E402 the folder has to be on the path first
from explore import Explorer, Misuse  # noqa: E402
from program import (COIN, Arm, Break, Call, Cond, CvWait, Defer, Do, For, Function,  # noqa: E402
                     If, Let, Object, Program, Recv, RecvLoop, Return, Select, Send, Spawn, WaitCtx,
                     While)

CHAN, ROOM, DONE = Object("chan", "ch"), Object("chan", "room", capacity=1), Object("done", "done")
WG, MU, RW, CV = Object("wg", "wg"), Object("mu", "mu"), Object("rw", "rw"), Object("cv", "cv")
CTX, FLAG, OTHER = Object("ctx", "ctx"), Object("int", "flag"), Object("mu", "other")
ALL = [CHAN, ROOM, DONE, WG, MU, RW, CV, CTX, FLAG, OTHER, Object("chan", "null", is_null=True),
       Object("ctx", "timed", timeout=True), Object("ctx", "child", parent="ctx")]


def lock(name="mu"):
    return Do("lock", name)


def unlock(name="mu"):
    return Do("unlock", name)


class Explore(unittest.TestCase):
    def answer(self, run, states=20000, objects=None, **tasks):
        functions = [Function(name, body) for name, body in tasks.items()] + [Function("run", run)]
        program = Program("test", objects or ALL, functions)
        program.count_statements()
        return Explorer(program, states).answer()

    def assert_stuck(self, stmts, run, **tasks):
        """Exactly at these statements tasks can be parked for good."""
        answer = self.answer(run, **tasks)
        self.assertEqual(sorted(answer.stuck), sorted(stmt.number for stmt in stmts))
        self.assertEqual(answer.unsettled, {})
        return answer

    # ---- channels

    def test_chan__receive_without_sender(self):
        recv = Recv("ch")
        self.assert_stuck([recv], [recv])

    def test_chan__send_without_receiver(self):
        send = Send("ch")
        self.assert_stuck([send], [Send("room"), send])

    def test_chan__rendezvous(self):
        self.assert_stuck([], [Spawn("task"), Recv("ch")], task=[Send("ch")])

    def test_chan__both_send_first(self):
        one, two = Send("ch"), Send("ch")
        self.assert_stuck([one, two], [Spawn("task"), one, Recv("ch")], task=[two, Recv("ch")])

    def test_chan__room_takes_one_and_no_more(self):
        second = Send("room")
        self.assert_stuck([second], [Send("room"), second])

    def test_chan__close_wakes_all_receivers(self):
        self.assert_stuck([], [For(2, [Spawn("task", wg="wg")]), Do("close", "ch"),
                               Do("wait", "wg")],
                          task=[RecvLoop("ch", [])])

    def test_chan__close_wakes_senders_and_keeps_values(self):
        sent = Send("room", 5, otherwise="return")
        dead = Recv("ch")
        answer = self.assert_stuck(
            [dead], [Send("room", 7), Spawn("task", wg="wg"), Do("sleep"), Do("close", "room"),
                     Do("wait", "wg"), Recv("room", into="v"),
                     If(Cond("local", "v", "==", 7), [dead])], task=[sent])
        self.assertEqual(answer.never, set())

    def test_chan__closed_gives_zero(self):
        dead = Recv("ch")
        self.assert_stuck([dead], [Do("close", "room"), Recv("room", into="v"),
                                   If(Cond("local", "v", "==", 0), [dead])])

    def test_chan__order_is_kept(self):
        dead = Recv("ch")
        self.assert_stuck([], [Spawn("task"), Recv("room", into="v"), Recv("room", into="w"),
                               If(Cond("local", "v", "!=", 1), [dead]),
                               If(Cond("local", "w", "!=", 2), [dead])],
                          task=[Send("room", 1), Send("room", 2)])

    def test_chan__null_parks_for_ever(self):
        recv, send = Recv("null"), Send("null")
        self.assert_stuck([recv, send], [Spawn("task"), recv], task=[send])

    def test_chan__nobody_closes(self):
        loop = RecvLoop("ch", [])
        self.assert_stuck([loop], [Spawn("task"), Send("ch")], task=[loop])

    # ---- select

    def test_select__null_arm_never_goes(self):
        select = Select([Arm("recv", "null"), Arm("recv", "ch")])
        self.assert_stuck([select], [select])

    def test_select__default_never_parks(self):
        self.assert_stuck([], [Select([Arm("recv", "ch"), Arm("default")])])

    def test_select__default_only_when_nothing_can_go(self):
        dead = Recv("ch")
        self.assert_stuck([], [Send("room"), Select([Arm("recv", "room"),
                                                     Arm("default", None, [dead])])])

    def test_select__default_misses_who_is_not_yet_parked(self):
        send = Send("ch")
        self.assert_stuck([send], [Spawn("task"), Select([Arm("recv", "ch"), Arm("default")])],
                          task=[send])

    def test_select__timeout_abandons_the_send(self):
        send = Send("ch")
        self.assert_stuck([send], [Spawn("task"), Select([Arm("recv", "ch"), Arm("after")])],
                          task=[send])

    def test_select__room_saves_the_send(self):
        self.assert_stuck([], [Spawn("task"), Select([Arm("recv", "room"), Arm("after")])],
                          task=[Send("room")])

    def test_select__done_channel(self):
        self.assert_stuck([], [Spawn("task", wg="wg"), Do("close", "done"), Do("wait", "wg")],
                          task=[While(None, [Select([Arm("recv", "ch"),
                                                     Arm("done", "done", [Return()])])])])

    def test_select__both_sides_are_selects(self):
        self.assert_stuck([], [Spawn("task"), Select([Arm("send", "ch"), Arm("recv", "null")])],
                          task=[Select([Arm("recv", "ch"), Arm("recv", "null")])])

    def test_select__sees_the_close(self):
        self.assert_stuck([], [Spawn("task"), Do("close", "ch")],
                          task=[While(None, [Select([Arm("recv", "ch", closed=[Return()])])])])

    # ---- contexts

    def test_ctx__cancel_wakes(self):
        self.assert_stuck([], [Spawn("task"), Do("cancel", "ctx")], task=[Recv("ch", ctx="ctx")])

    def test_ctx__parent_ends_child(self):
        self.assert_stuck([], [Spawn("task"), Do("cancel", "ctx")], task=[Recv("ch", ctx="child")])

    def test_ctx__child_does_not_end_parent(self):
        recv = Recv("ch", ctx="ctx")
        self.assert_stuck([recv], [Spawn("task"), Do("cancel", "child")], task=[recv])

    def test_ctx__time_ends_it(self):
        self.assert_stuck([], [Recv("ch", ctx="timed")])

    def test_ctx__wait_is_given_up(self):
        recv = Recv("ch")
        self.assert_stuck([recv], [Spawn("task", wg="wg"), WaitCtx("wg", "timed")], task=[recv])

    def test_ctx__free_by_defer_cancels(self):
        self.assert_stuck([], [Defer(Do("free", "ctx")), Spawn("task")],
                          task=[Recv("ch", ctx="ctx")])

    # ---- wait groups

    def test_wg__early_return_misses_done(self):
        wait = Do("wait", "wg")
        self.assert_stuck([wait], [Do("add", "wg", 1), Spawn("task"), wait],
                          task=[If(COIN, [Return()]), Do("done", "wg")])

    def test_wg__defer_does_not_miss_it(self):
        self.assert_stuck([], [Do("add", "wg", 1), Spawn("task"), Do("wait", "wg")],
                          task=[Defer(Do("done", "wg")), If(COIN, [Return()])])

    def test_wg__defer_after_the_return_is_none(self):
        wait = Do("wait", "wg")
        self.assert_stuck([wait], [Do("add", "wg", 1), Spawn("task"), wait],
                          task=[If(COIN, [Return()]), Defer(Do("done", "wg"))])

    def test_wg__add_too_many(self):
        wait = Do("wait", "wg")
        self.assert_stuck([wait], [Do("add", "wg", 2), Spawn("task"), wait],
                          task=[Do("done", "wg")])

    def test_wg__below_zero_is_misuse(self):
        self.assertRaises(Misuse, self.answer, [Do("done", "wg")])

    def test_wg__wait_before_drain(self):
        wait, send = Do("wait", "wg"), Send("ch")
        self.assert_stuck([wait, send], [Spawn("task", wg="wg"), wait, Recv("ch")], task=[send])

    # ---- locks

    def test_mu__two_orders(self):
        one, two, wait = lock("other"), lock("mu"), Do("wait", "wg")
        self.assert_stuck([one, two, wait], [Spawn("a", wg="wg"), Spawn("b", wg="wg"), wait],
                          a=[lock("mu"), one, unlock("other"), unlock("mu")],
                          b=[lock("other"), two, unlock("mu"), unlock("other")])

    def test_mu__one_order(self):
        body = [lock("mu"), lock("other"), unlock("other"), unlock("mu")]
        self.assert_stuck([], [For(3, [Spawn("a", wg="wg")]), Do("wait", "wg")], a=body)

    def test_mu__locked_twice(self):
        again = lock()
        self.assert_stuck([again], [lock(), again])

    def test_mu__helper_locks_again(self):
        again = lock()
        self.assert_stuck([again], [lock(), Call("helper"), unlock()], helper=[again, unlock()])

    def test_mu__another_task_unlocks(self):
        self.assert_stuck([], [lock(), Spawn("task"), lock()], task=[unlock()])

    def test_mu__unlocked_twice_is_misuse(self):
        self.assertRaises(Misuse, self.answer, [lock(), unlock(), unlock()])

    def test_mu__try_does_not_park(self):
        self.assert_stuck([], [lock(), If(Cond("try", "mu"), [Recv("ch")])])

    def test_rw__reads_again_with_a_writer_between(self):
        again, write = Do("rlock", "rw"), Do("wlock", "rw")
        self.assert_stuck([again, write], [Spawn("writer"), Do("rlock", "rw"), again,
                                           Do("runlock", "rw"), Do("runlock", "rw")],
                          writer=[write, Do("wunlock", "rw")])

    def test_rw__readers_share(self):
        self.assert_stuck([], [Do("rlock", "rw"), Spawn("task", wg="wg"), Do("wait", "wg")],
                          task=[Do("rlock", "rw"), Do("runlock", "rw")])

    def test_rw__unlock_of_the_writer_lets_all_go(self):
        self.assert_stuck([], [Do("wlock", "rw"), For(2, [Spawn("reader", wg="wg")]),
                               Spawn("writer", wg="wg"), Do("wunlock", "rw"), Do("wait", "wg")],
                          reader=[Do("rlock", "rw"), Do("runlock", "rw")],
                          writer=[Do("wlock", "rw"), Do("wunlock", "rw")])

    # ---- conditions

    def test_cv__predicate_in_a_loop(self):
        self.assert_stuck([], [Spawn("task"), lock(),
                               CvWait("cv", "mu", Cond("shared", "flag", "!=")),
                               unlock()],
                          task=[lock(), Do("set", "flag", 1), Do("signal", "cv"), unlock()])

    def test_cv__signal_before_the_flag(self):
        wait = CvWait("cv", "mu", Cond("shared", "flag", "!="))
        self.assert_stuck([wait], [Spawn("task"), lock(), wait, unlock()],
                          task=[Do("signal", "cv"), lock(), Do("set", "flag", 1), unlock()])

    def test_cv__flag_without_the_lock(self):
        wait = CvWait("cv", "mu", Cond("shared", "flag", "!="))
        self.assert_stuck([wait], [Spawn("task"), lock(), wait, unlock()],
                          task=[Do("set", "flag", 1), Do("signal", "cv")])

    def test_cv__one_signal_for_two(self):
        wait = CvWait("cv", "mu", Cond("shared", "flag", "!="))
        self.assert_stuck([wait], [For(2, [Spawn("task")]), lock(), Do("set", "flag", 1),
                                   Do("signal", "cv"), unlock()], task=[lock(), wait, unlock()])

    def test_cv__broadcast_for_two(self):
        wait = CvWait("cv", "mu", Cond("shared", "flag", "!="))
        self.assert_stuck([], [For(2, [Spawn("task")]), lock(), Do("set", "flag", 1),
                               Do("broadcast", "cv"), unlock()], task=[lock(), wait, unlock()])

    def test_cv__lock_is_free_while_waiting(self):
        wait = CvWait("cv", "mu", Cond("shared", "flag", "!="))
        answer = self.assert_stuck([wait], [Spawn("task"), Do("sleep"), lock(), unlock()],
                                   task=[lock(), wait, unlock()])
        self.assertTrue(answer.outlives)

    def test_cv__context_ends_the_wait(self):
        wait = CvWait("cv", "mu", Cond("shared", "flag", "!="), ctx="timed")
        self.assert_stuck([], [Spawn("task", wg="wg"), Do("wait", "wg"), lock(), unlock()],
                          task=[lock(), wait, unlock()])

    # ---- conditions of branches

    def test_branch__coin_in_a_variable_is_one_coin(self):
        is_locked = Cond("local", "locked", "!=")
        self.assert_stuck([], [Let("locked", "coin"), If(is_locked, [lock()]),
                               If(is_locked, [unlock()]),
                               lock()])

    def test_branch__two_coins_are_two(self):
        last = lock()
        run = [If(COIN, [lock()]), If(COIN, [unlock()]), last]
        self.assertRaises(Misuse, self.answer, run)
        self.assert_stuck([last], [If(COIN, [lock()]), last])

    def test_branch__argc_stays_as_it_is(self):
        many = Cond("argc", number=1)
        self.assert_stuck([], [If(many, [lock()]), If(many, [unlock()]), lock()])

    def test_branch__sentinel(self):
        self.assert_stuck([], [Spawn("task"), Send("ch", 7), Send("ch", 0)],
                          task=[While(None, [Recv("ch", into="v"),
                                             If(Cond("local", "v"), [Break()])])])

    # ---- the whole

    def test_run__return_ends_that_task_alone(self):
        recv = Recv("ch")
        answer = self.assert_stuck([recv], [Spawn("task")], task=[recv])
        self.assertTrue(answer.outlives)

    def test_run__others_go_on_after_it(self):
        self.assert_stuck([], [Spawn("a"), Spawn("b")], a=[Send("ch")], b=[Recv("ch")])

    def test_run__a_loop_elsewhere_leaves_it_unsettled(self):
        wait = Do("wait", "wg")
        answer = self.answer([Spawn("spin", wg="wg"), wait],
                             spin=[While(None, [lock(), unlock()])])
        self.assertEqual(answer.stuck, {})
        self.assertEqual(list(answer.unsettled), [wait.number])

    def test_run__who_can_still_be_woken_is_not_stuck(self):
        answer = self.answer([Spawn("spin"), Recv("ch")], spin=[While(COIN, [lock(), unlock()]),
                                                                Send("ch")])
        self.assertEqual((answer.stuck, answer.unsettled), ({}, {}))

    def test_run__calls_behind_a_stuck_one_are_never_come_to(self):
        behind = Recv("room")
        answer = self.answer([Recv("ch"), behind])
        self.assertEqual(answer.never, {behind.number})

    def test_run__close_twice_is_misuse(self):
        self.assertRaises(Misuse, self.answer, [Spawn("task"), Do("close", "ch")],
                          task=[Do("close", "ch")])

    def test_run__bound(self):
        body = [For(3, [Send("room"), Recv("room")])]
        self.assertRaises(TooLarge, self.answer, [For(3, [Spawn("task")])], 20, task=body)

    def test_run__spawn_arguments_are_objects(self):
        eat = Function("eat", [lock("first"), lock("second"), unlock("second"), unlock("first")],
                       [("first", "mu"), ("second", "mu")])

        def stuck(*pairs):
            run = Function("run", [Spawn("eat", list(pair)) for pair in pairs])
            program = Program("test", ALL, [eat, run])
            program.count_statements()
            return sorted(Explorer(program).answer().stuck)

        self.assertEqual(stuck(("mu", "other"), ("mu", "other")), [])
        self.assertEqual(stuck(("mu", "other"), ("other", "mu")), [1])


if __name__ == "__main__":
    unittest.main()
