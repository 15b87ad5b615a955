"""The user's own files and folders that stages read by a path: code.lock tells their digests under ``given``.

dvc.yaml names them among a stage's parameters, as it does the fingerprints of code, so that another content at the same
path makes out of date what was made of it. There is an entry for each kind of stage that may read some, of digests by
paths, and none for each name: plain ``dvc repro`` looks for what dvc.yaml names, also where a name is new. Of a model
of a hub whose revision is no commit, the commit is told that the cache holds.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.checkpoints.files.digest import digest_tensors
from l2s.core.errors import CheckpointError, ConfigError
from l2s.core.files import json_or_empty
from l2s.given import given_paths
from l2s.lineage.artefacts import ALONE, files_of, is_model
from l2s.lineage.checks.locked import locked_parameters
from l2s.lineage.digests import digest_files, digest_parts, parts_of
from l2s.lineage.record import Reference
from l2s.references import block
from tasks.stage import LOCK

if TYPE_CHECKING:
    from l2s.config import Config
    from l2s.hub import HubModel

GIVEN = "given"
"""The block of code.lock; no kind of stage has this name."""
COMMIT = re.compile(r"[0-9a-f]{40}")
MEND = "write it anew (l2s code) and run again; l2s run does both"
READERS = ("family", "problems", "calibrate", "sample", "gather")
"""Kinds of stages that read what the user gives."""


def digests_of_given(params: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """The block ``given`` of code.lock.

    What is not at its path now, as in a colleague's clone, is told as dvc.lock has it, as it was when something was
    made of it: nothing is out of date by that. What is there and is not what it should be is told as nothing.

    Args:
        params: params.yaml as it stands.
        root: the project's folder.
    """
    found: dict[str, dict[str, Any]] = {kind: {} for kind in READERS}
    for one in given_paths(params):
        path, seen = one.path.as_posix(), _reference(one.path, root)
        if seen is not None or _lies(root / one.path):
            digest = seen.digest if seen is not None else None
        else:
            digest = _as_made(root, one.stage, path)
        found[_kind(one.stage)][path] = digest
    for model in _moving(params):
        found["family"][model.reference] = _commit(model) or _as_made(root, "family", model.reference)
    return found


def _kind(stage: str) -> str:
    return stage.partition("@")[0]


def absent(params: Any) -> list[str]:
    """A sentence on everything of the user's own that is not at its path: its results are of what it was."""
    gone = dict.fromkeys(str(one.path) for one in given_paths(params) if not _lies(one.path))
    return [f"{path} is not there; what was made of it is not compared with it" for path in gone]


def _lies(place: Path) -> bool:
    try:
        return os.path.exists(place)
    except ValueError:  # a name that no file can have
        return False


def _as_made(root: Path, stage: str, name: str) -> Any:
    """The digest of a path, or the commit of a model, with which the stage ran last; None if it never did."""
    with suppress(ConfigError):  # a damaged dvc.lock is told, or mended, by those that need it
        locked = locked_parameters(root, stage, str(LOCK))
        return block(locked, f"{GIVEN}.{_kind(stage)}").get(name)
    return None


def _moving(params: Any) -> list["HubModel"]:
    """Models of a hub that may be others tomorrow."""
    from l2s.checkpoints.hub import NAME
    from l2s.hub import HubModel

    hub = [block(params, "models", name) for name in block(params, "models")]
    named = [HubModel(str(one.get("name")), one.get("revision")) for one in hub if one.get("source") == "hub"]
    return [one for one in named if NAME.fullmatch(one.reference) and not COMMIT.fullmatch(str(one.revision))]


def _commit(model: "HubModel") -> str | None:
    from l2s.checkpoints.hub import cached_folder

    try:
        return cached_folder(model.reference).name
    except CheckpointError:
        return None


def check_given(stage: str, config: "Config") -> list[Reference]:
    """What of the user's own a stage reads; what code.lock tells nothing of, whose name is new, is taken as it is.

    Raises:
        ConfigError: code.lock tells of another content.
    """
    found, kind, params = [], _kind(stage), config.model_dump(mode="json")
    told = block(json_or_empty(LOCK), GIVEN, kind)
    for model in _moving(params) if kind == "family" else ():
        commit = _commit(model)
        if commit is not None and told.get(model.reference) not in (None, commit):
            raise ConfigError(f"{LOCK}: {GIVEN}.{kind}: tells of another commit of {model.reference}; {MEND}")
    for one in given_paths(params):
        seen = _reference(one.path, Path()) if one.stage == stage else None
        if seen is None:
            continue  # the stage says itself that it is not there
        if told.get(seen.path) not in (None, seen.digest):
            raise ConfigError(f"{LOCK}: {GIVEN}.{kind}: tells of another content than lies at {one.path}; {MEND}")
        name = one.key.removeprefix("models.").removesuffix(".path")
        found.append(seen.model_copy(update={"into": f"data/models/{name}" if kind == "family" else None}))
    return found


def changed_given(key: str, before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Files and folders that stages of a kind were given, and how each differs from what it was.

    Args:
        key: where code.lock tells of them.
        before: what it told when the stage ran; None: nothing.
        now: what it tells.
    """
    if before is None:
        return [(f"{LOCK}: {key}", "not told of yet when it ran")]
    return [
        (path, "no longer read" if path not in now else "modified" if before.get(path) else "added")
        for path in {**before, **now}
        if before.get(path) != now.get(path) or (path in before) != (path in now)
    ]


def _reference(path: Path, root: Path) -> Reference | None:
    """A file, or a model's own files, as they lie there; None for what is not there. Nothing is hashed twice."""
    place = root / path
    try:
        if not (place.is_file() or is_model(place)):
            return None
    except OSError:  # a name that the system does not take
        return None
    files = {name: file for name, file in files_of(place).items() if "/" not in name}
    parts = [part for file in files.values() for part in parts_of(file)]
    known: dict[Path, dict[str, str]] = {}
    for part, digest in zip(parts, digest_tensors(parts), strict=True):
        known.setdefault(part.file, {})[part.name] = digest
    hashed = digest_files(files.values(), known)
    found = {name: hashed[file].digest for name, file in files.items()}
    whole = found.get(ALONE) or digest_parts(found)
    return Reference(path=path.as_posix(), digest=whole, files=found)
