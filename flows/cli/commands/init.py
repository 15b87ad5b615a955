"""``l2s init``: a project of the user's own, in a folder of its own."""

import logging
import os
import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import say
from l2s.core.errors import ConfigError

GITIGNORE, DVC = ".gitignore", ".dvc"


def init(
    folder: Annotated[Path, typer.Argument(help="Where; made if it is not there.")] = Path(),
    preset: Annotated[str, typer.Option(help="The params.yaml to begin with, see l2s preset.")] = "tiny",
) -> None:
    """Make a project: params.yaml, dvc.yaml, code.lock, prefect.yaml, ignore files; git and DVC where missing."""
    from l2s.core.extras import naming_extras
    from l2s.core.files import write_text
    from l2s.presets import project_files, read_preset

    contents = {"params.yaml": read_preset(preset), **project_files()}
    _check_free(folder, [*contents, "code.lock", "dvc.lock"])
    with naming_extras("l2s init"):
        from dvc.repo import Repo  # noqa: F401, before anything is written

        from tasks.running.code import refresh
    folder.mkdir(parents=True, exist_ok=True)
    _begin_git(folder)
    _begin_dvc(folder)
    for name, text in contents.items():
        write_text(folder / name, text)
    refresh(folder)
    where = "" if folder.resolve() == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    steps = f"{where}git add . && git commit -m 'l2s init' && l2s run"
    say(f"{folder}: a project with preset {preset}; params.yaml says what it does. Next: {steps}")


def _check_free(folder: Path, names: list[str]) -> None:
    """Nothing is written over.

    Raises:
        ConfigError: some of it is there, or a folder that it needs is none.
    """
    folders = [folder, *sorted({folder / inner for name in names for inner in Path(name).parents})]
    if files := [str(one) for one in folders if os.path.lexists(one) and not one.is_dir()]:
        raise ConfigError(
            f"l2s init: {files[0]} is no folder: it is a file or a dead link; name a folder that is empty or not there"
        )
    above = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
    if not os.access(above, os.W_OK | os.X_OK):
        raise ConfigError(f"l2s init: {above} may not be written to; name a folder that you may write to")
    there = [name for name in names if os.path.lexists(folder / name)]
    if there:
        raise ConfigError(f"l2s init: {folder} holds {', '.join(there)} already; name another folder")


def _begin_git(folder: Path) -> None:
    if _git(folder, "rev-parse", "--git-dir"):
        return
    if not _git(folder, "init", "-q"):
        raise ConfigError(f"l2s init: git cannot make a repository in {folder}; DVC needs one: install git")


def _git(folder: Path, *arguments: str) -> bool:
    try:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False).returncode == 0
    except OSError:
        return False  # there is no git


def _begin_dvc(folder: Path) -> None:
    """A repository of DVC's in the folder itself, even where a folder above has one."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    from flows.pipeline.repository.graph import one_line
    from l2s.core.files import write_text
    from l2s.presets import project_config

    if (folder / DVC).is_dir():
        return
    logging.getLogger("dvc").setLevel(logging.ERROR)  # it tells what to do next, and so does this command
    try:
        Repo.init(str(folder), subdir=not (folder / ".git").exists()).close()
    except DvcException as error:
        raise ConfigError(f"l2s init: {folder}: DVC cannot begin here: {one_line(error)}") from None
    _git(folder, "reset", "-q", "--", DVC, ".dvcignore")  # which DVC stages, and nobody asked for
    write_text(folder / DVC / "config", project_config())
