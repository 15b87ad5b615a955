"""Hostile answers and killed processes: every pair gets its verdict in time and the pool goes on."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from l2s.core.errors import EngineError
from l2s.verification import grade, grade_pairs
from l2s.verification.workers import POOL, Pool
from l2s.verification.workers import pool as pools
from tests.verification.battery import HOSTILE

# Seconds a verdict may take: 3 for the pair, the rest for a busy machine.
IN_TIME = 4.5
ROOT = Path(__file__).parents[2]
EASY = {"grader": "l2s", "gold": "x+1", "answer": "1+x"}
BOMB = {"grader": "l2s", "gold": "5", "answer": r"\binom{999999999}{499999999}"}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One for all that ask it alone; the worker that was asked last stands last among the idle ones."""
    pool = Pool()
    yield pool
    pool.close()


def ordinary() -> list[dict[str, str]]:
    """200 pairs that need algebra; every seventh is wrong."""
    return [{"gold": f"{n}x+{n + 1}", "answer": f"{n + 1 + (n % 7 == 0)}+x*{n}"} for n in range(200)]


def assert_ordinary_pairs_are_right() -> None:
    correct = [row["correct"] for row in grade_pairs(ordinary(), jobs=2)]
    assert correct == [n % 7 != 0 for n in range(200)]


def test_hostile_answers_end_in_time_and_the_pool_survives(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    code = f"__import__('os').system('touch {canary}')"
    grade(gold="x+1", answer="1+x")  # warm
    for answer in (*HOSTILE, code, rf"\text{{{code}}}", f"5+{code}"):
        start = time.monotonic()
        verdict = grade(gold="5", answer=answer)
        assert time.monotonic() - start < IN_TIME, answer[:60]
        assert not verdict.correct, answer[:60]
    assert not canary.exists()
    assert_ordinary_pairs_are_right()


def test_a_pair_that_runs_out_of_time_is_a_limit_and_costs_its_worker(pool: Pool) -> None:
    start = time.monotonic()
    assert pool.ask(EASY) == "correct"
    first = pool._idle[-1].process
    assert pool.ask(EASY) == "correct"
    assert pool._idle[-1].process is first, "the pool stays warm"
    assert pool.ask(BOMB, seconds=1.5) == "limit"
    assert first.poll() == -signal.SIGKILL
    assert pool.ask(EASY) == "correct"
    assert time.monotonic() - start < 30


def test_a_worker_that_died_while_idle_is_replaced(pool: Pool) -> None:
    assert pool.ask(EASY) == "correct"
    process = pool._idle[-1].process
    os.kill(process.pid, signal.SIGKILL)
    assert pool.ask(EASY) == "correct"
    assert pool._idle[-1].process is not process


def test_works_from_threads_at_once() -> None:
    found: dict[int, list[bool]] = {}

    def compare(name: int) -> None:
        found[name] = [grade(gold=f"x+{name}", answer=f"{k}+x").correct for k in range(3)]

    threads = [threading.Thread(target=compare, args=(name,), daemon=True) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {name: [k == name for k in range(3)] for name in range(3)}


def _grade_in_child(pipe: "multiprocessing.connection.Connection") -> None:
    inherited = len(POOL._idle)
    pipe.send([inherited, grade(gold="x+1", answer="1+x").correct, grade(gold="x+1", answer="2+x").correct])


def test_a_forked_daemon_process_gets_workers_of_its_own() -> None:
    assert grade(gold="x+1", answer="1+x").correct  # so that there is a worker to share by mistake
    receiver, sender = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_grade_in_child, args=(sender,), daemon=True)
    child.start()
    assert receiver.poll(60)
    assert receiver.recv() == [0, True, False]
    child.join(20)
    assert child.exitcode == 0
    assert grade(gold="x+1", answer="1+x").correct


def _gone(pid: int) -> bool:
    try:
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads process states under /proc")
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_workers_do_not_outlive_a_killed_parent(busy: bool) -> None:
    bomb = f"POOL.ask({BOMB}, 600)" if busy else ""
    script = f"""
import time
from l2s.verification.workers import POOL
POOL.ask({EASY})
print(POOL._idle[0].process.pid, flush=True)
{bomb}
time.sleep(600)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    time.sleep(0.5)
    assert not _gone(worker)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while not _gone(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _gone(worker)


def test_nothing_is_left_running_when_the_pool_closes() -> None:
    POOL.ask(EASY)
    processes = [worker.process for worker in POOL._idle]
    assert processes
    POOL.close()
    assert all(process.poll() is not None for process in processes)
    assert grade(gold="x+1", answer="1+x").correct


def test_a_worker_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "math_verify.py").write_text("raise ImportError('broken on purpose')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EngineError, match="did not start: ImportError: broken on purpose; expected math-verify"):
        Pool().ask(EASY)


def test_a_worker_that_gives_a_pair_up_stays_warm() -> None:
    POOL.ask(EASY)
    before = {worker.process.pid for worker in POOL._idle}
    start = time.monotonic()
    assert grade(gold="5", answer=r"\int_0^1 e^{x^{x^{x}}} dx").status == "limit"
    assert time.monotonic() - start < 3
    assert before & {worker.process.pid for worker in POOL._idle}
    assert grade(gold=r"\int_0^1 x\,dx", answer="1/2").correct


def test_a_worker_that_dies_over_a_pair_costs_that_pair(pool: Pool) -> None:
    done = threading.Event()

    def kill() -> None:
        while not done.wait(0.1):
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGSEGV)

    assert pool.ask(EASY) == "correct"
    victim = pool._idle[-1].process.pid
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        assert pool.ask(BOMB) == "limit"
    finally:
        done.set()
        killer.join()
    assert pool.ask(EASY) == "correct"


def test_a_worker_that_never_gets_ready_costs_a_pair_its_time_and_no_more(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.close()
    monkeypatch.setattr(pool, "_start", 0.1)  # as after a first start
    with monkeypatch.context() as patched:
        patched.setattr(pools, "_started", lambda command, environment: _sleeping(environment))
        begun = time.monotonic()
        assert pool.ask(EASY, seconds=1.0) == "limit"
        assert time.monotonic() - begun < 3.0
    pool.close()
    monkeypatch.setattr(pool, "_start", 60.0)
    assert pool.ask(EASY) == "correct"


def test_a_worker_that_cannot_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools.sys, "executable", "/no/such/python")
    with pytest.raises(EngineError, match="did not start"):
        Pool().ask(EASY)


def _sleeping(environment: dict[str, str]) -> "pools.subprocess.Popen[bytes]":
    return pools.subprocess.Popen(
        ["sleep", "60"], stdin=pools.subprocess.PIPE, stdout=pools.subprocess.PIPE, bufsize=0, env=environment
    )
