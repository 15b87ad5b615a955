"""The project that a command of the pipeline works on: its folder, and whether this program is the one for it."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from l2s.core.errors import ConfigError

FILES = ("params.yaml", "dvc.yaml")
OURS = Path(__file__)
SOURCE = OURS.parents[3]


def in_project(command: Callable[..., None]) -> Callable[..., None]:
    """The command, run in the project's folder; paths that it is given are those of where the user is."""

    @wraps(command)
    def run(**options: Any) -> None:
        here = {name: Path.cwd() / value for name, value in options.items() if isinstance(value, Path)}
        root = project_root()
        if root is not None:
            os.chdir(root)
            check_own_code(root)
        command(**options | here)

    return run


def project_root() -> Path | None:
    """The nearest folder, at or above the current one, that holds a project; None if there is none."""
    here = Path.cwd()
    return next((place for place in (here, *here.parents) if all((place / name).is_file() for name in FILES)), None)


def check_own_code(root: Path) -> None:
    """Refuse the code of another clone: its stages would be recorded as this one's.

    Raises:
        ConfigError: the project has code of its own, and this program is not it.
    """
    own = root / OURS.relative_to(SOURCE)
    if own.is_file() and not own.samefile(OURS):
        raise ConfigError(
            f"{root}: this l2s runs the code of {SOURCE}, and the project has its own; "
            "make an environment here (make run), or run .venv/bin/l2s"
        )


def no_repository(said: str) -> str:
    """What is missing where DVC finds no repository of its own, or none of git's, and how to get it."""
    root = Path.cwd()
    if not (root / "dvc.yaml").is_file():
        return (
            f"{root}: no project here or in a folder above: expected {' and '.join(FILES)}; go to the project's folder"
        )
    if any((place / ".dvc").is_dir() for place in (root, *root.parents)):
        return f"{root}: DVC needs the project to be in a git repository; make one: git init ({said})"
    return f"{root}: not a DVC repository; make one: git init && dvc init ({said})"
