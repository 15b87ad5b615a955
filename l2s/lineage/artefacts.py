"""Artefacts: a file, or a model folder with everything in it; their digests, and facts that a tree shows."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.digest import combine, digest_model
from l2s.core.digests import same_algorithm
from l2s.core.errors import L2SError
from l2s.core.params import Params
from l2s.lineage.digests import WEIGHTS, FileDigest, digest_files, digest_parts, recalled

ALONE = "."
"""Name of the file of an artefact that is one file."""
UNCOUNTED = (".gitignore", ".gitkeep", ".DS_Store")
COLUMNS = ("run", "model", "benchmark", "engine", "grader", "seed")
"""Of rows: columns whose few distinct values say what made them."""
MOST = 20


class Artefact(Params):
    """Something that a step wrote."""

    path: str
    """Relative to the root of the record."""
    digest: str
    """A file's own; of a folder, over names and digests of its files."""
    size: int
    """Bytes."""
    files: dict[str, FileDigest]
    """By name; ``.`` for an artefact that is one file."""
    facts: dict[str, Any] = {}
    """Of a model: digests of its weights and of all that decides its answers, the merge's method and seed; of rows:
    their number, engines, graders, seeds; of statistics: what they were made from."""


def artefacts_in(path: Path) -> list[Path]:
    """The artefacts at a path: the file, the model folder, or those below a folder of artefacts; sorted."""
    if path.is_file() or is_model(path):
        return [path]
    if not path.is_dir():
        return []
    return [found for inner in sorted(path.iterdir()) if _counts(inner) for found in artefacts_in(inner)]


def is_model(path: Path) -> bool:
    """Is this a model folder, or an adapter's?"""
    return any((path / config).is_file() for config in ("config.json", "adapter_config.json"))


def files_of(artefact: Path) -> dict[str, Path]:
    """The artefact's files by their names in it."""
    if artefact.is_file():
        return {ALONE: artefact}
    inner = sorted(file for file in artefact.rglob("*") if file.is_file() and _counts(file))
    return {file.relative_to(artefact).as_posix(): file for file in inner}


def _counts(path: Path) -> bool:
    name = path.name
    return name not in UNCOUNTED and not name.endswith((".lineage.json", ".partial", ".old", ".partial.safetensors"))


def describe(paths: Sequence[Path], named: Callable[[Path], str]) -> list[Artefact]:
    """Digests and facts of artefacts as they lie on disk; what is known of weights that did not change is recalled.

    Args:
        paths: artefacts, as :func:`artefacts_in` gives them.
        named: what a path is called in the record.
    """
    files = {path: files_of(path) for path in paths}
    every = [file for inner in files.values() for file in inner.values()]
    found = digest_files(every, {file: recalled(file) for file in every if file.suffix == WEIGHTS})
    return [_artefact(path, named(path), {name: found[file] for name, file in files[path].items()}) for path in paths]


def _artefact(path: Path, name: str, files: dict[str, FileDigest]) -> Artefact:
    alone = files.get(ALONE)
    digest = alone.digest if alone else digest_parts({inner: file.digest for inner, file in files.items()})
    facts = _facts(path, files)
    return Artefact(path=name, digest=digest, size=sum(f.size for f in files.values()), files=files, facts=facts)


def _facts(path: Path, files: Mapping[str, FileDigest]) -> dict[str, Any]:
    if ALONE not in files:
        return manifest_facts(path) | model_facts(path, files)
    if path.suffix == ".jsonl":
        return row_facts(path)
    return statistics_facts(path) if path.suffix == WEIGHTS else {}


def model_facts(folder: Path, files: Mapping[str, FileDigest]) -> dict[str, Any]:
    """The digests by which responses are stored and merges name their inputs; empty for what is no whole model."""
    checkpoint = Checkpoint(folder)
    try:
        entries = [checkpoint.entry(name) for name in checkpoint.names()]
        parts = {e.name: files[e.file.relative_to(folder).as_posix()].parts.get(e.name) for e in entries}
        if not all(parts.values()):
            return {}
        told = [(e.name, e.dtype, e.shape, str(parts[e.name])) for e in entries]
        weights = combine(told, same_algorithm(map(str, parts.values())))
        return {"weights": weights, "model": digest_model(weights, checkpoint.config, checkpoint.side_files)}
    except (L2SError, KeyError):  # an adapter, or a folder that is damaged: its files' digests say what it is
        return {}


def manifest_facts(folder: Path) -> dict[str, Any]:
    """Method and seed of a merge or a training, as its manifest has them."""
    try:
        manifest = json.loads((folder / "l2s_manifest.json").read_text(encoding="utf-8"))
        if "recipe" not in manifest:
            return {"method": manifest["method"], "seed": manifest["seed"], "trained": True}
        return {"method": manifest["recipe"]["merge_method"], "seed": manifest["seed"]}
    except (OSError, ValueError, KeyError, TypeError):  # neither of ours
        return {}


def row_facts(path: Path) -> dict[str, Any]:
    """Number of rows, and the distinct values of a few columns; just what can be read."""
    from l2s.records import numbered_lines

    seen: dict[str, dict[Any, None]] = {column: {} for column in COLUMNS}
    count = 0
    for _, line in numbered_lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue  # rows are checked where they are used
        if isinstance(row, dict):
            count += 1
            for column in COLUMNS:
                if isinstance(row.get(column), str | int):
                    seen[column][row[column]] = None
    return {"rows": count} | {name: list(found)[:MOST] for name, found in seen.items() if found}


def statistics_facts(path: Path) -> dict[str, Any]:
    """What calibration wrote into its file's header."""
    try:
        with open(path, "rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        about = json.loads(header["__metadata__"]["l2s"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}
