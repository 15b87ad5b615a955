"""One row never ends a file: not by its digits, not by a grader that fails, not by a worker that dies or hangs."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest

from l2s.core.errors import EngineError
from l2s.verification import grade_pairs, grader_names, verify_rows
from l2s.verification.graders import Grader, grader
from l2s.verification.workers import Pool
from l2s.verification.workers import pool as pools

ODD = ["②", "²", "②③", "५", "½", "Ⅷ", "１②", "٣²", "\u0bf0", "10\u00b2", "²³", "\x00", "\ud800", "①,②", "𝟙", "𝟚²"]


@pytest.mark.parametrize("name", grader_names())
def test_digits_that_are_no_decimals_end_no_file(name: str) -> None:
    rows = [{"gold": gold, "answer": answer} for gold in ODD for answer in ("1", "2, 3", gold)]
    assert len(grade_pairs(rows, name)) == len(rows)
    responses = [{"gold": gold, "response": rf"so \boxed{{{gold}}}"} for gold in ODD]
    assert len(verify_rows(responses, name)) == len(ODD)


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError, ZeroDivisionError, IndexError])
def test_a_grader_that_fails_on_a_row_costs_that_row(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def failing(gold: str, answer: str) -> str:
        if answer == "2":
            raise error("boom")
        return "correct"

    def extract(response: str, benchmark: str) -> str:
        if response == "3":
            raise error("boom")
        return response

    monkeypatch.setitem(sys.modules, "odd", SimpleNamespace(GRADER=Grader("odd", failing, extract)))
    monkeypatch.setitem(grader.MODULES, "odd", "odd")
    rows = verify_rows([{"gold": "1", "response": text} for text in ("1", "2", "3", "4")], "odd")
    assert [row["correct"] for row in rows] == [True, False, False, True]
    assert {row["status"] for row in rows[1:3]} <= {"unparsed", "limit"}


def test_a_worker_that_dies_over_a_pair_costs_that_pair() -> None:
    pool = Pool()
    ordinary = {"grader": "l2s", "gold": "x+1", "answer": "1+x"}
    bomb = {"grader": "l2s", "gold": "5", "answer": r"\binom{999999999}{499999999}"}
    done = threading.Event()

    def kill() -> None:
        while not done.wait(0.1):
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGSEGV)

    try:
        assert pool.ask(ordinary) == "correct"
        victim = pool._idle[0].process.pid
        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        assert pool.ask(bomb) == "limit"
        done.set()
        killer.join()
        assert pool.ask(ordinary) == "correct"
    finally:
        done.set()
        pool.close()


def test_a_worker_that_never_gets_ready_costs_a_pair_its_time_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool()
    ordinary = {"grader": "l2s", "gold": "x+1", "answer": "1+x"}
    try:
        assert pool.ask(ordinary) == "correct"
        pool.close()
        pool._start = 0.1
        with monkeypatch.context() as patched:
            patched.setattr(pools, "_started", lambda command, environment: _sleeping(environment))
            begun = time.monotonic()
            assert pool.ask(ordinary, seconds=1.0) == "limit"
            assert time.monotonic() - begun < 3.0
        pool.close()
        pool._start = 60.0
        assert pool.ask(ordinary) == "correct"
    finally:
        pool.close()


def test_a_worker_that_cannot_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools.sys, "executable", "/no/such/python")
    with pytest.raises(EngineError, match="did not start"):
        Pool().ask({"grader": "l2s", "gold": "1", "answer": "1"})


def _sleeping(environment: dict[str, str]) -> "pools.subprocess.Popen[bytes]":
    return pools.subprocess.Popen(
        ["sleep", "60"], stdin=pools.subprocess.PIPE, stdout=pools.subprocess.PIPE, bufsize=0, env=environment
    )
