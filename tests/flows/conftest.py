"""A toy DVC project: three small stages, real DVC, no models.

No parameter is called ``size``: DVC's run cache leaves keys of that name out of its hashes, at any depth.
"""

import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import dvc.cli
import pytest
from dvc.repo import Repo

DVC = Path(sys.executable).parent / "dvc"

STAGES = """
stages:
  make:
    foreach: ${things}
    do:
      cmd: sh -c 'grep "${key}:" params.yaml > made-${key}.txt; echo made >> log.txt'
      params: ["things.${key}"]
      outs: ["made-${key}.txt"]
  join:
    cmd: sh -c 'cat made-*.txt > joined.txt; echo joined >> log.txt'
    deps: [made-one.txt, made-two.txt, code.py]
    outs: [joined.txt]
  other:
    cmd: sh -c 'echo other > other.txt; echo other >> log.txt'
    outs: [other.txt]
"""
PARAMS = "things:\n  one: {width: 1, tags: [a, b]}\n  two: {width: 2, tags: [a, b]}\n"


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC repository without stages, made once."""
    folder = tmp_path_factory.mktemp("toy") / "empty"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    Repo.init(str(folder)).close()
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    return folder


@pytest.fixture
def toy(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, made the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    write_project(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def whole(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after ``dvc repro``, made once."""
    folder = tmp_path_factory.mktemp("whole") / "toy"
    shutil.copytree(empty, folder)
    write_project(folder)
    repro(folder)
    return folder


@pytest.fixture
def made(toy: Path, whole: Path) -> None:
    """The current project is one that ``dvc repro`` has made."""
    shutil.copytree(whole, toy, dirs_exist_ok=True)


def write_project(folder: Path) -> None:
    """Its stages, parameters and code."""
    (folder / "dvc.yaml").write_text(STAGES)
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "code.py").write_text("one = 1\n")


def repro(toy: Path) -> list[str]:
    """Run plain ``dvc repro``, in this process; return what ran, in order."""
    (toy / "log.txt").write_text("")
    with chdir(toy):
        assert dvc.cli.main(["repro", "-q"]) == 0
    return (toy / "log.txt").read_text().split()
