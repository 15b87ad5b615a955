"""What a kill -9 leaves of DVC's locks, at every byte, is survived; what running processes hold stays."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.pipeline.repository.graph import Graph
from flows.pipeline.repository.locks import mend_lock_file, reads, void_dead_locks
from flows.pipeline.run import plan
from l2s.core.errors import ConfigError
from tests.flows.conftest import DVC, repro

GONE = 2**22 + 1
"""No process has this number."""


def rwlock(toy: Path) -> Path:
    path = toy / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(exist_ok=True)
    return path


def entry(pid: int, command: str = "dvc repro") -> dict[str, Any]:
    return {"pid": pid, "cmd": command}


def held(pid: int, command: str = "dvc repro") -> dict[str, Any]:
    return {"write": {"/a/made.txt": entry(pid, command)}, "read": {"/a/code.py": [entry(pid, command)]}}


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs and is not DVC."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def test_a_file_cut_at_any_byte_is_survived(toy: Path) -> None:
    whole = json.dumps(held(GONE)).encode()
    for end in range(len(whole) + 1):
        rwlock(toy).write_bytes(whole[:end])
        void_dead_locks(rwlock(toy).parent, False)
        assert json.loads(rwlock(toy).read_text()) == {"read": {}, "write": {}}, end


REFUSED = (b"\0" * 90, b"\xff\xfe", b"[" * 100_000, b"[]", b'{"write": {"a": 1}}', b'{"pid": 1}', b"{} {}")
"""By DVC, with an error at every command."""


def test_what_dvc_would_refuse_is_survived(toy: Path) -> None:
    for content in REFUSED:
        rwlock(toy).write_bytes(content)
        void_dead_locks(rwlock(toy).parent, False)
        assert json.loads(rwlock(toy).read_text()) == {"read": {}, "write": {}}, content[:20]


@pytest.mark.parametrize("content", [b"", REFUSED[0]])
def test_the_commands_survive_it(toy: Path, content: bytes) -> None:
    rwlock(toy).write_bytes(content)
    assert list(plan(["make@two"])[2]) == ["make@two"]
    assert len(repro(toy)) == 4


def test_dvcs_other_lock_may_hold_anything(toy: Path) -> None:
    whole = b" 123456\n"
    for end in range(len(whole) + 1):
        rwlock(toy).with_name("lock").write_bytes(whole[:end])
        rwlock(toy).with_name("rwlock.lock").write_bytes(whole[:end])
        rwlock(toy).write_bytes(b"")
        assert len(Graph().stale(["other"])) == 1


def test_entries_of_dead_processes_are_void(toy: Path, other: subprocess.Popen[bytes]) -> None:
    """A number that no process has, a zombie's, our own, and one that another program has by now."""
    dead = subprocess.Popen(["true"])
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)
    for pid in (GONE, dead.pid, os.getpid(), other.pid, 1, -5, 10**30):
        rwlock(toy).write_text(json.dumps(held(pid, "/usr/bin/dvc repro")))
        void_dead_locks(rwlock(toy).parent, False)
        assert json.loads(rwlock(toy).read_text()) == {"read": {}, "write": {}}, pid
    dead.wait()


def test_a_process_that_began_after_the_entry_is_another_one(toy: Path, other: subprocess.Popen[bytes]) -> None:
    rwlock(toy).write_text(json.dumps(held(other.pid, "sleep 600")))
    os.utime(rwlock(toy), (10**9, 10**9))
    void_dead_locks(rwlock(toy).parent, False)
    assert json.loads(rwlock(toy).read_text())["write"] == {}


@pytest.mark.parametrize("command", [[str(DVC)], [sys.executable, "-m", "dvc"]])
def test_what_a_running_process_holds_stays(toy: Path, command: list[str]) -> None:
    (toy / "dvc.yaml").write_text("stages:\n  long:\n    cmd: touch begun && sleep 600\n    outs: [long.txt]\n")
    running = subprocess.Popen([*command, "repro", "-q"], start_new_session=True)
    try:
        while not (toy / "begun").exists():
            assert running.poll() is None
        before = rwlock(toy).read_bytes()
        assert str(running.pid).encode() in before
        void_dead_locks(rwlock(toy).parent, False)
        assert rwlock(toy).read_bytes() == before
    finally:
        os.killpg(running.pid, 9)
        running.wait()
    assert list(Graph().stale(["long"])) == ["long"]
    assert json.loads(rwlock(toy).read_text())["write"] == {}


@pytest.mark.long
def test_a_dvc_lock_cut_at_any_byte_is_survived(toy: Path) -> None:
    """Plain ``dvc repro`` writes it in place; what is lost is run again, and the file is what it was."""
    assert len(repro(toy)) == 4
    path = toy / "dvc.lock"
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        mend_lock_file(path)
        assert reads(path) and (not path.exists() or whole.startswith(path.read_bytes())), end
    for end in (0, 5, 18, 26, 60, len(whole) - 3):
        path.write_bytes(whole[:end])
        graph = Graph()
        assert "make@one" in graph.stale(graph.stages) or end > 100
    path.write_bytes(whole[: len(whole) // 2])
    assert list(Graph().stale(["make@one"])) == [] and Graph().stale(["other"])
    repro(toy)
    assert {*path.read_bytes().splitlines()} == {*whole.splitlines()}


@pytest.mark.parametrize("damage", ["<<<<<<< HEAD\nstages: {}\n>>>>>>> other\n", "stages: [\n  a: {}\n", "\xff"])
def test_a_dvc_lock_that_is_damaged_otherwise_is_left_and_told(toy: Path, damage: str) -> None:
    (toy / "dvc.lock").write_text(damage)
    with pytest.raises(ConfigError, match=r"dvc\.lock"):
        Graph().stale(["other"])
    assert (toy / "dvc.lock").read_text() == damage


def test_a_file_that_another_process_edits_is_waited_for(toy: Path) -> None:
    lock = str(rwlock(toy).with_name("rwlock.lock"))
    script = f"import sys, zc.lockfile as z; l = z.LockFile({lock!r}); print(1, flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline()
    rwlock(toy).write_bytes(b"")
    with pytest.raises(ConfigError, match="held by another DVC process"):
        void_dead_locks(rwlock(toy).parent, False)
    holder.communicate()
