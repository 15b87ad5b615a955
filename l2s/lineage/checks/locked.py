"""dvc.lock, read as the YAML it is: do parameters, outputs and records agree with what DVC wrote down?"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from l2s.core.errors import ConfigError
from l2s.core.yaml import read_yaml
from l2s.lineage.checks.finding import Finding, short
from l2s.lineage.graph import ProvenanceGraph
from l2s.lineage.paths import differences, value_at
from l2s.references import block

DVC, LOCK, PARAMS = ".dvc", "dvc.lock", "params.yaml"


def check_lock(root: Path, stages: set[str]) -> Iterator[Finding]:
    """What dvc.lock says of these stages, against the files as they are; a lock that is missing or damaged.

    Files are compared by DVC's own digest, MD5. Folders are compared by size and number of files alone: what is in
    them stands in the records, whose own digests are compared here.
    """
    if not (root / LOCK).is_file() and not (root / DVC).is_dir():
        return  # no project of DVC's: the stages' commands were called one by one
    files = dict[str, Mapping[str, Any]]()
    for name in (LOCK, PARAMS):
        try:
            files[name] = _read(root / name)
        except ConfigError as error:
            yield Finding(name, "", "a file as it was when the stages ran", _said(error, root / name))
    locked = block(files.get(LOCK), "stages")
    for name in sorted(stages) if LOCK in files else ():
        try:
            yield from _check_entry(root, name, locked.get(name), files.get(PARAMS))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            yield Finding(LOCK, name, "an entry as DVC writes it", f"something damaged ({error!r})")


def _check_entry(root: Path, name: str, entry: Any, parameters: Mapping[str, Any] | None) -> Iterator[Finding]:
    if not isinstance(entry, Mapping):
        yield Finding(LOCK, name, "an entry", "none")
        return
    for out in entry.get("outs", []):
        yield from _check_out(root, out)
    for key, expected in entry.get("params", {}).get(PARAMS, {}).items():
        if parameters is not None:
            for path, said, found in differences(key, expected, value_at(parameters, key)):
                yield Finding(PARAMS, f"{path}, which made {name}", short(said), short(found))


def _said(error: ConfigError, file: Path) -> str:
    return str(error).removeprefix(f"{file}: ")


def locked_parameters(root: Path, stage: str, file: str = PARAMS) -> Mapping[str, Any]:
    """The parameters of a file with which DVC last ran a stage, as they stood there; none if it never did."""
    locked = _read(root / LOCK) if (root / LOCK).is_file() else {}
    return block(locked, "stages", stage, "params", file)


def unrecorded(graph: ProvenanceGraph, stages: set[str]) -> Iterator[Finding]:
    """Stages that DVC ran and of which there is no record; none where dvc.lock is missing or damaged."""
    try:
        locked = block(_read(graph.root / LOCK), "stages")
    except ConfigError:
        return
    known = {kept.record.made_by for kept in graph.kept} | {_stage(file, graph.root) for file in graph.damaged}
    for name in sorted((locked.keys() & stages) - known):
        stage, _, member = name.partition("@")
        yield Finding(
            f"data/lineage/{stage}/{member}.json" if member else f"data/lineage/{stage}.json",
            "",
            "a record",
            "no such file",
        )


def _stage(file: Path, root: Path) -> str:
    parts = file.with_suffix("").relative_to(root).parts if file.is_relative_to(root) else ()
    return "@".join(parts[2:])


def _read(file: Path) -> dict[str, Any]:
    found = read_yaml(file, written_by_dvc=file.name == LOCK)
    if not isinstance(found, dict):
        raise ConfigError(f"{file}: damaged: expected keys and values")
    return found


def _check_out(root: Path, out: Mapping[str, Any]) -> Iterator[Finding]:
    path = root / str(out["path"])
    if path.is_file():
        digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        if digest != out.get("md5"):
            yield Finding(str(out["path"]), f"against {LOCK}", f"md5 {out.get('md5')}", f"md5 {digest}")
    elif path.is_dir():
        files = [file for file in path.rglob("*") if file.is_file() and not file.name.endswith((".partial", ".old"))]
        said, found = (out.get("nfiles"), out.get("size")), (len(files), sum(file.stat().st_size for file in files))
        if said != found:
            what = f"against {LOCK}"
            yield Finding(
                str(out["path"]), what, f"{said[0]} files, {said[1]} bytes", f"{found[0]} files, {found[1]} bytes"
            )
    else:
        yield Finding(str(out["path"]), "", f"md5 {out.get('md5')}", "no such file")
