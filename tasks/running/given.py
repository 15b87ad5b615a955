"""The user's own files and folders that stages read by a path: code.lock tells their digests under ``given``.

dvc.yaml names them among a stage's parameters, as it does the fingerprints of code, so that another content at the same
path makes out of date what was made of it. For each stage that may read some there is an entry: digests by the keys of
params.yaml that name a path; of a model of a hub whose revision is no commit, the commit that its cache holds.
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
from l2s.core.yaml import read_yaml
from l2s.given import Given, given_paths
from l2s.lineage.artefacts import ALONE, files_of, is_model
from l2s.lineage.checks.locked import locked_parameters
from l2s.lineage.digests import digest_files, digest_parts, parts_of
from l2s.lineage.paths import value_at
from l2s.lineage.record import Reference
from l2s.references import block, stage_names
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
    found: dict[str, Any] = {"family": {}}
    for stage in sorted(stage_names(params)):
        kind, _, name = stage.partition("@")
        if name and kind in READERS:
            found.setdefault(kind, {})[name] = {}
    for one in given_paths(params):
        seen = _reference(one.path, root)
        digest = seen.digest if seen is not None else None if _lies(root / one.path) else _as_made(root, one)
        value_at(found, key_of(one.stage)[len(GIVEN) + 1 :])[one.key] = digest
    for key, model in _moving(params).items():
        found["family"][key] = _commit(model) or _as_made(root, Given("family", key, Path()))
    return found


def absent(params: Any) -> list[str]:
    """A sentence on everything of the user's own that is not at its path: its results are of what it was."""
    gone = dict.fromkeys(str(one.path) for one in given_paths(params) if not _lies(one.path))
    return [f"{path} is not there; what was made of it is not compared with it" for path in gone]


def _lies(place: Path) -> bool:
    try:
        return os.path.exists(place)
    except ValueError:  # a name that no file can have
        return False


def _as_made(root: Path, one: Given) -> Any:
    """The digest with which the stage ran last; None if it never did."""
    with suppress(ConfigError):  # a damaged dvc.lock is told, or mended, by those that need it
        return block(locked_parameters(root, one.stage, str(LOCK)), key_of(one.stage)).get(one.key)
    return None


def _moving(params: Any) -> dict[str, "HubModel"]:
    """Models of a hub that may be others tomorrow, by the keys that name them."""
    from l2s.checkpoints.hub import NAME
    from l2s.hub import HubModel

    found = dict[str, HubModel]()
    for name in block(params, "models"):
        model = block(params, "models", name)
        if model.get("source") == "hub":
            one = HubModel(str(model.get("name")), model.get("revision"))
            if NAME.fullmatch(one.reference) and not COMMIT.fullmatch(str(one.revision)):
                found[f"models.{name}.name"] = one
    return found


def _commit(model: "HubModel") -> str | None:
    from l2s.checkpoints.hub import cached_folder

    try:
        return cached_folder(model.reference).name
    except CheckpointError:
        return None


def key_of(stage: str) -> str:
    """Where code.lock tells of what a stage, as DVC names it, was given."""
    return f"{GIVEN}.{stage.replace('@', '.', 1)}"


def check_given(stage: str, config: "Config") -> list[Reference]:
    """What of the user's own a stage reads, if code.lock tells of it.

    Raises:
        ConfigError: it tells of another content.
    """
    found = []
    told = block(value_at(json_or_empty(LOCK), key_of(stage)))
    params = config.model_dump(mode="json")
    for key, model in _moving(params).items() if stage == "family" else ():
        if (commit := _commit(model)) is not None and told.get(key) not in (None, commit):
            raise ConfigError(
                f"{LOCK}: {key_of(stage)}: {key}: tells of another commit than the cache holds of {model.reference}; "
                f"{MEND}"
            )
    for one in given_paths(params):
        seen = _reference(one.path, Path()) if one.stage == stage else None
        if seen is None:
            continue  # the stage says itself that it is not there
        if told.get(one.key) != seen.digest:
            raise ConfigError(
                f"{LOCK}: {key_of(stage)}: {one.key}: tells of another content than lies at {one.path}; {MEND}"
            )
        name = one.key.removeprefix("models.").removesuffix(".path")
        into = f"data/models/{name}" if stage == "family" else None
        found.append(seen.model_copy(update={"into": into}))
    return found


def changed_given(key: str, before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Files and folders that a stage was given, and how each differs from what it read.

    Args:
        key: where code.lock tells of them.
        before: what it told when the stage ran; None: nothing.
        now: what it tells.
    """
    if before is None:
        return [(f"{LOCK}: {key}", "not told of yet when it ran")]
    params = read_yaml(Path("params.yaml"))
    paths = {one.key: str(one.path) for one in given_paths(params)}
    paths |= {key: model.reference for key, model in _moving(params).items()}
    changes = []
    for setting in {**before, **now}:
        if before.get(setting) != now.get(setting):
            how = "no longer read" if setting not in now else "modified" if before.get(setting) else "added"
            changes.append((f"{paths[setting]} ({setting})" if setting in paths else setting, how))
    return changes


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
