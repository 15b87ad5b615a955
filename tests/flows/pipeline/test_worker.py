"""A process for each stage: how it ends is told, what it prints is kept, and nobody outlives who asked for it."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.running import worker
from tasks.running.watched import log_of
from tasks.running.worker import Job
from tests.flows.running import here, nobody_left


def job(folder: Path, command: str | None, name: str = "one") -> Job:
    return Job(name, str(folder), command, str(folder), (), (), environment={"L2S_TOLD": "told"})


def ended(folder: Path, command: str | None, name: str = "one") -> tuple[int, str]:
    code = worker.run(job(folder, command, name))
    return code, (folder / log_of(name)).read_text()


def test_how_a_command_ends_and_what_it_prints(tmp_path: Path) -> None:
    python = f"{sys.executable} -c 'import os; os.kill(os.getpid(), 11)'"
    assert ended(tmp_path, "echo said; echo $L2S_TOLD >&2") == (0, "said\ntold\n")
    assert ended(tmp_path, "exit 2", "two")[0] == 2 and ended(tmp_path, "no-such-command", "three")[0] == 127
    assert ended(tmp_path, f"exec {python}", "crash")[0] == 128 + signal.SIGSEGV


def test_a_stage_of_ours_whose_input_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    code, said = ended(tmp_path, None, "verify@slow")
    assert code == 2 and said.startswith("error: ") and "params.yaml" in said and len(said.splitlines()) == 1


def test_many_at_once_each_tell_their_own_end(tmp_path: Path) -> None:
    """multiprocessing lets whoever starts a process look at how the others ended, which can be read once."""
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda n: worker.run(job(tmp_path, f"exit {n}", f"n{n}")), range(24)))
    assert codes == list(range(24))


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    assert ended(tmp_path, "sleep 600 & exit 1")[0] == 1
    nobody_left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_who_asked_for_it_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "from pathlib import Path; from tests.flows.pipeline.test_worker import job; from tasks.running import worker\n"
        f"worker.run(job(Path({str(tmp_path)!r}), 'echo > begun; sleep 600'))"
    )
    asker = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=here())
    while not (tmp_path / "begun").exists():
        assert asker.poll() is None
        time.sleep(0.05)
    asker.send_signal(number)
    asker.wait()
    nobody_left(tmp_path)
