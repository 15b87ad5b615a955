"""The warm worker: a stage it forks sees what the plain command would see, ends as it ends, and outlives nobody."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.warm import warm

ROOT = Path(__file__).resolve().parents[2]
CHANGING = "PYTEST_CURRENT_TEST"
"""Set anew by pytest after the worker has started."""
CLI = """
import os, signal, sys, time
def entry():
    what = sys.argv[3] if len(sys.argv) > 3 else ""
    threads = len(os.listdir("/proc/self/task"))
    if what == "show":
        print(os.getcwd(), sys.argv, os.environ.get("L2S_COLOUR"), os.environ.get("DVC_STAGE"), "numpy" in sys.modules)
        print("to stderr", threads, file=sys.stderr)
        print("read", sys.stdin.readline().strip())
    elif what == "fail":
        raise SystemExit(7)
    elif what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        try:
            print(os.getpid(), flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            raise SystemExit(130)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the scripts, and a ``flows.cli`` of our own that shows what a stage would see."""
    flows = tmp_path / "flows"
    flows.mkdir()
    for name in ("__init__.py", "stage.sh", "ask.py", "warm.py", "ending.py", "program.py"):
        (flows / name).write_text((ROOT / "flows" / name).read_text())
    (flows / "cli.py").write_text(CLI)
    plain = tmp_path / "l2s"
    plain.write_text('#!/bin/sh\necho plain "$@" ${L2S_WARM:-alone}\n')
    plain.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("L2S_COMMAND", str(plain))
    monkeypatch.setenv("VIRTUAL_ENV", "")
    monkeypatch.delenv(CHANGING, raising=False)
    return tmp_path


@pytest.fixture
def worker(project: Path) -> Iterator[Path]:
    with warm(["verify@a"]):
        yield project


def stage(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    command = ["sh", "flows/stage.sh", *arguments]
    own = {key: value for key, value in os.environ.items() if key != CHANGING}
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=own | environment)


def test_a_stage_has_the_askers_folder_environment_and_streams(worker: Path) -> None:
    run = stage("verify", "show", L2S_COLOUR="red", DVC_STAGE="verify@show")
    out, err = run.communicate("hello\n", timeout=60)
    arguments = ["l2s", "stage", "verify", "show"]
    assert out == f"{worker} {arguments} red verify@show True\nread hello\n"
    assert err == "to stderr 1\n" and run.returncode == 0


def test_exit_codes_and_signals_come_back(worker: Path) -> None:
    failed, died = stage("verify", "fail"), stage("verify", "die")
    assert failed.wait(60) == 7 and died.wait(60) == -signal.SIGKILL
    sleeping = stage("verify", "sleep")
    assert sleeping.stdout is not None
    child = int(sleeping.stdout.readline())
    assert child != sleeping.pid
    sleeping.send_signal(signal.SIGINT)
    out, _ = sleeping.communicate(timeout=60)
    assert out == "interrupted\n" and sleeping.returncode == 130


def test_the_stage_dies_with_whoever_asked_for_it(worker: Path) -> None:
    sleeping = stage("verify", "sleep")
    assert sleeping.stdout is not None
    child = int(sleeping.stdout.readline())
    sleeping.kill()
    sleeping.wait()
    _is_gone(child)


def test_the_stage_dies_with_the_run(project: Path) -> None:
    program = (
        "import subprocess, time\nfrom flows.warm import warm\n"
        "with warm(['verify@a']):\n    subprocess.run(['sh', 'flows/stage.sh', 'verify', 'sleep'])"
    )
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    child = int(run.stdout.readline())
    run.kill()
    run.wait()
    _is_gone(child)


def test_the_plain_command_runs_where_nobody_answers_or_the_environment_is_another(worker: Path) -> None:
    other = stage("verify", "show", OMP_NUM_THREADS="37")
    assert other.communicate(timeout=60)[0] == "plain stage verify show alone\n"
    nobody = stage("verify", "show", L2S_WARM="none.sock")
    assert nobody.communicate(timeout=60)[0] == "plain stage verify show none.sock\n"
    assert "OMP_NUM_THREADS" in (worker / ".l2s" / "warm.log").read_text()


def test_nothing_is_left_when_the_run_ends(project: Path) -> None:
    with warm(["verify@a"]):
        address = Path(os.environ["L2S_WARM"])
        assert address.is_socket() and address.stat().st_mode & 0o077 == 0
    assert not address.exists() and "L2S_WARM" not in os.environ


def test_sockets_of_killed_runs_are_taken_away(project: Path) -> None:
    left = [project / f".l2s/warm-{name}.sock" for name in (2**22 + 1, os.getpid(), "word", os.getppid())]
    left[0].parent.mkdir(exist_ok=True)
    for socket in left:
        socket.touch()
    with warm(["verify@x"]):
        assert left[3].exists() and not left[0].exists() and not left[2].exists(), "a run that goes on keeps its own"
    assert [file.name for file in left[0].parent.glob("warm-*.sock")] == [left[3].name]


@pytest.mark.parametrize("kind", ["problems", "verify", "analyse", "report"])
def test_stages_without_tensors_do_not_import_torch(kind: str) -> None:
    """What the stage's function imports, found by running it on a name that its files lack."""
    program = f"""
import sys
from flows.stage import run_stage
from l2s.config import Config
import flows.stage
name = {{"problems": "arithmetic-test", "verify": "base"}}.get({kind!r})
from l2s.progress import silent
run_stage({kind!r}, name, silent, lambda _: None)
print([module for module in ("torch", "transformers", "prefect", "dvc") if module in sys.modules])
"""
    import shutil
    import tempfile

    if not (ROOT / "data" / "summary" / "summary.json").is_file():
        pytest.skip("the pipeline has not run here")
    with tempfile.TemporaryDirectory() as folder:
        for needed in ("params.yaml", "dvc.yaml"):
            shutil.copy(ROOT / needed, folder)
        for needed in ("summary", "verdicts", "responses", "benchmarks", "models", "merged"):
            shutil.copytree(ROOT / "data" / needed, Path(folder) / "data" / needed)
        for needed in ("l2s", "flows"):
            (Path(folder) / needed).symlink_to(ROOT / needed)
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def _is_gone(process: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and Path(f"/proc/{process}").exists():
        time.sleep(0.1)
    assert not Path(f"/proc/{process}").exists()
