"""docs/extending.md does what it says: its files, put where their titles say into a copy of the sources, work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "extending.md"
BLOCK = re.compile(r"```(\w+)(?: title=\"(.*?)\")?\n(.*?)```", re.DOTALL)
LONGEST = 30


def sections() -> dict[str, list[tuple[str, str, str]]]:
    """Blocks under each heading: language, title, text."""
    _, *parts = PAGE.read_text(encoding="utf-8").split("\n## ")
    return {part.partition("\n")[0]: BLOCK.findall(part) for part in parts}


def apply(change: str, file: Path) -> None:
    """Put the lines marked ``+`` behind the line before them."""
    text, before = "\n" + file.read_text(encoding="utf-8"), ""
    for line in change.splitlines():
        if line.startswith("+"):
            assert text.count(before) == 1, f"{file}: expected once: {before}"
            text = text.replace(before, f"{before}{line[1:]}\n")
            before += line[1:] + "\n"
        else:
            before = f"\n{line[1:]}\n"
    file.write_text(text[1:], encoding="utf-8")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources."""
    folder = tmp_path_factory.mktemp("extending") / "sources"
    for name in ("l2s", "flows", "tasks"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.long
@pytest.mark.parametrize("section", sections())
def test_a_section_does_what_it_says(section: str, copied: Path, tmp_path: Path) -> None:
    shutil.copytree(copied, tmp_path / "project", symlinks=True)
    (tmp_path / "project" / "models").symlink_to(ROOT / "data" / "models")
    programs = []
    for language, title, text in sections()[section]:
        file = tmp_path / "project" / title
        if not title:
            programs.append(text)
        elif language == "diff":
            apply(text, file)
        else:
            assert not file.exists() and len(text.splitlines()) <= LONGEST, title
            file.write_text(text, encoding="utf-8")
    assert programs
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(programs)], cwd=tmp_path / "project", capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "project"), "OMP_NUM_THREADS": "1"}, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_what_is_shown_is_formatted(tmp_path: Path) -> None:
    for number, (language, title, text) in enumerate(block for found in sections().values() for block in found):
        if language == "python" and title:
            (tmp_path / f"file{number}.py").write_text(text, encoding="utf-8")
    config = ["--config", str(ROOT / "pyproject.toml")]
    for command in (["format", "--check"], ["check", "--ignore", "D"]):
        done = subprocess.run(
            [str(Path(sys.executable).parent / "ruff"), *command, *config, str(tmp_path)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
