"""A tiny project, run once by its stages' own functions, without DVC; tests put back what they change."""

import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest

from tests.lineage.projects import STAGES, do, make_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder, every stage done."""
    folder = make_project(tmp_path_factory.mktemp("lineage") / "project")
    with chdir(folder):
        do(*STAGES)
    for name in ("base", "quick", "slow"):  # files of their own: the family stage has linked those that it was given
        shutil.rmtree(folder / "given" / name)
        shutil.copytree(folder / "data" / "models" / name, folder / "given" / name)
    return folder


@pytest.fixture
def project(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The finished project, made the current folder."""
    monkeypatch.chdir(finished)
    return finished


@contextmanager
def changed(file: Path, content: bytes | None) -> Iterator[None]:
    """A file with other content (None: without the file), put back afterwards."""
    before = file.read_bytes() if file.exists() else None
    try:
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        yield
    finally:
        file.unlink(missing_ok=True)
        if before is not None:
            file.write_bytes(before)


def flipped(content: bytes, bit: int) -> bytes:
    """The same bytes but for one bit."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def both(ended: tuple[int, str, str]) -> tuple[int, str]:
    """An exit code, and what was printed on either stream."""
    return ended[0], ended[1] + ended[2]
