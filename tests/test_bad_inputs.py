"""Hundreds of bad inputs: each ends soon with a sentence and exit code 2 (or 1), and changes no file."""

import contextlib
import io
import random
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.cli import console
from flows.cli.app import entry
from tests import bad_project
from tests.bad_inputs import Case, files_in

SECONDS = 10.0
"""Of processor time that one input may take."""
LONGEST = 6000
"""Characters of a message."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    bad_project.make_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("L2S_NO_VLLM", "1")
    return tmp_path


def called(case: Case, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The exit code of a command in this process, and what it said of it."""
    monkeypatch.setattr(sys, "argv", ["l2s", *case.command])
    for name in ("out", "err"):
        console.__dict__.pop(name, None)  # made for the streams of the call before
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            entry()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0, err.getvalue()
    finally:
        for name in ("out", "err"):
            console.__dict__.pop(name, None)
    return 0, err.getvalue()


def problems_of(case: Case, before: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What is wrong with how a command takes a bad input; the folder is as before afterwards."""
    expected = dict(before)
    if case.file is not None:
        expected[case.file] = case.content()
        (folder / case.file).unlink(missing_ok=True)  # a new file, so that nothing remembered of the old one counts
        (folder / case.file).write_bytes(expected[case.file])
    begun = time.process_time()
    try:
        code, said = called(case, monkeypatch)
    except Exception as error:
        yield "".join(traceback.format_exception(error))[-1500:]
        code, said = 2, ""
    if time.process_time() - begun > SECONDS:
        yield f"took {time.process_time() - begun:.0f} s"
    if code not in (0, 1, 2):
        yield f"ended with {code}"
    if "Traceback" in said or "\x1b" in said or len(said) > LONGEST:
        yield f"said {said[:300]!r}"
    after = files_in(folder)
    if changed := sorted(name for name, content in expected.items() if after.get(name) != content):
        yield f"changed {changed}"
    if code == 2 and (left := sorted(after.keys() - expected.keys())):
        yield f"left {left[:3]}"
    _put_back(folder, before, after)


def _put_back(folder: Path, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    for name in after.keys() - before.keys():
        (folder / name).unlink()
    for name, content in before.items():
        if not (folder / name).is_file() or (folder / name).read_bytes() != content:
            if (folder / name).is_dir():
                shutil.rmtree(folder / name)
            (folder / name).unlink(missing_ok=True)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    for made in ("out", "outdir"):
        shutil.rmtree(folder / made, ignore_errors=True)


def all_problems(cases: Iterable[Case], folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    before = files_in(folder)
    told = {f"{n}: {' '.join(case.command)[:60]}: {case.name}": case for n, case in enumerate(cases)}
    found = {name: list(problems_of(case, before, folder, monkeypatch)) for name, case in told.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def drawn(cases: Iterable[Case], count: int) -> list[Case]:
    """Always the same ones, of all kinds."""
    found = list(cases)
    return random.Random(0).sample(found, min(count, len(found)))


GROUPS: dict[str, Any] = {
    "params": lambda _: bad_project.of_params(), "recipes": lambda _: bad_project.of_recipes(),
    "models": bad_project.of_models, "rows": lambda _: bad_project.of_rows(), "flags": lambda _: bad_project.of_flags(),
}  # fmt: skip
SLOW_GROUPS: dict[str, Any] = {
    "generation": bad_project.of_generation, "calibration": lambda _: bad_project.of_calibration(),
    "training": lambda _: bad_project.of_training(), "slow flags": lambda _: bad_project.of_slow_flags(),
}  # fmt: skip
COUNTS = {"params": 100, "recipes": 60, "models": 60, "rows": 60, "flags": 60}


def test_there_are_hundreds(folder: Path) -> None:
    sizes = {name: len(list(group(folder))) for name, group in (GROUPS | SLOW_GROUPS).items()}
    assert all(sizes[name] >= count for name, count in COUNTS.items()) and sum(COUNTS.values()) > 300
    assert sum(sizes.values()) > 4000


@pytest.mark.parametrize("group", GROUPS)
def test_bad_inputs_are_told(group: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all_problems(drawn(GROUPS[group](folder), COUNTS[group]), folder, monkeypatch) == {}


@pytest.mark.slow
@pytest.mark.parametrize("group", [*GROUPS, *SLOW_GROUPS])
def test_all_bad_inputs_are_told(group: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all_problems((GROUPS | SLOW_GROUPS)[group](folder), folder, monkeypatch) == {}


@pytest.mark.parametrize("name", ["bomb", "brackets"])
def test_the_real_command_ends_as_well(name: str, folder: Path) -> None:
    (folder / "ties.yaml").write_bytes(bad_project.TEXTS[name])
    before = files_in(folder)
    program = [sys.executable, "-c", "from flows.program import main; main()", "merge", "ties.yaml", "out"]
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=120, env={"PYTHONPATH": str(bad_project.ROOT), "PATH": ""}
    )
    assert done.returncode == 2 and "ties.yaml: " in done.stderr and "Traceback" not in done.stderr
    assert files_in(folder) == before
