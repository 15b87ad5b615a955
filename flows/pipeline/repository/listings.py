"""Which files of a folder changed since a stage ran: DVC's lock keeps one digest a folder, not its files.

Listings of folders that stages depend on are kept under ``.l2s/listings/<digest>.json`` whenever a stage is
seen up to date; where there is none, git knows, if the lock was committed.
"""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from dvc.stage import PipelineStage

from l2s.checkpoints.files.index import listed
from l2s.core.files import write_json

LISTINGS = Path(".l2s/listings")
LARGEST = 16_000_000
"""Bytes of the largest folder that is listed: models are larger, and take long to read."""
Listing = dict[str, str]


def remember(stage: PipelineStage) -> None:
    """Keep listings of the folders that an up-to-date stage depends on."""
    for dependency in stage.deps:
        digest = folder_digest(dependency)
        if digest is not None and not _place(digest).exists():
            listing = _list(Path(str(dependency)))
            if listing is not None:
                write_json(_place(digest), listing)


def folder_digest(dependency: Any) -> str | None:
    """DVC's digest of a folder as it was when the stage ran; None of other dependencies."""
    digest = getattr(dependency.hash_info, "value", None)
    return digest if isinstance(digest, str) and digest.endswith(".dir") else None


def changed_files(folder: Path, digest: str) -> str | None:
    """``ties.py modified, wide.py added``; None if what the folder held is not known.

    Args:
        folder: as it is now.
        digest: DVC's, of the folder as it was.
    """
    now = _list(folder)
    try:
        before: Listing = json.loads(_place(digest).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _by_git(folder, digest)
    if now is None:
        return None
    changes = [f"{name} added" for name in now if name not in before]
    changes += [f"{name} deleted" for name in before if name not in now]
    changes += [f"{name} modified" for name in now if name in before and now[name] != before[name]]
    return listed(sorted(changes)) or None


def _by_git(folder: Path, digest: str) -> str | None:
    """What changed since the commit that brought the digest into dvc.lock."""
    commit = commit_with(digest)
    if commit is None:
        return None
    words = {"A": "added", "D": "deleted"}
    changes = []
    for line in git("diff", "--relative", "--name-status", "--no-renames", commit, "--", str(folder)).splitlines():
        kind, _, name = line.partition("\t")
        changes.append(f"{Path(name).relative_to(folder).as_posix()} {words.get(kind, 'modified')}")
    for name in git("ls-files", "--others", "--exclude-standard", "--", str(folder)).splitlines():
        changes.append(f"{Path(name).relative_to(folder).as_posix()} added")
    return listed(sorted(changes)) or None


def commit_with(text: str) -> str | None:
    """The commit that brought a text into dvc.lock, if dvc.lock holds it there; None where git knows of none."""
    commit = git("log", "-1", "--format=%H", f"-S{text}", "--", "dvc.lock").strip()
    return commit if commit and text in git("show", f"{commit}:./dvc.lock") else None


def git(*arguments: str) -> str:
    """What git says; nothing where it fails."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""  # no git on this machine
    return done.stdout if done.returncode == 0 else ""


def _list(folder: Path) -> Listing | None:
    """Every file's path within the folder and digest; None if it is no folder, or too large."""
    if not folder.is_dir():
        return None
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and "__pycache__" not in file.parts]
    if sum(file.stat().st_size for file in files) > LARGEST:
        return None
    return {file.relative_to(folder).as_posix(): hashlib.md5(file.read_bytes()).hexdigest() for file in files}


def _place(digest: str) -> Path:
    return LISTINGS / f"{digest}.json"
