"""What dvc.yaml declares of a stage, read without DVC, whose import would cost each small stage a second.

The part of DVC's language that dvc.yaml uses: ``foreach`` and ``matrix`` over blocks of params.yaml, and ``${…}``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from l2s.core.errors import ConfigError
from l2s.core.yaml import read_yaml
from l2s.lineage.paths import value_at

PLACEHOLDER = re.compile(r"\$\{\s*([^}]+?)\s*\}")
OUTPUTS = ("outs", "metrics", "plots")
MISSING = object()


@dataclass(frozen=True)
class Declared:
    """One stage of dvc.yaml, its placeholders filled in; paths are relative to the project."""

    parameters: tuple[str, ...]
    """Keys of params.yaml."""
    dependencies: tuple[Path, ...]
    outputs: tuple[Path, ...]


def declared(stage: str, name: str | None, root: Path = Path()) -> Declared:
    """A stage as dvc.yaml has it.

    Raises:
        ConfigError: no such stage, or one that is written in words this does not know.
    """
    where = f"{root / 'dvc.yaml'}: stages.{stage}"
    graph = read_yaml(root / "dvc.yaml") or {}
    entry = graph.get("stages", {}).get(stage)
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: no such stage")
    values = _values(graph, root)
    for key, inner, body in _members(entry, values, where):
        if key == name:
            return _resolved(body, values | inner, where)
    raise ConfigError(f"{where}: has no '{name}'")


def stage_names(root: Path = Path()) -> list[str]:
    """All stages of dvc.yaml, as DVC names them; none where there is no such file."""
    if not (root / "dvc.yaml").is_file():
        return []
    graph = read_yaml(root / "dvc.yaml") or {}
    values, entries = _values(graph, root), graph.get("stages", {})
    return [
        f"{stage}@{name}" if name else stage
        for stage, entry in entries.items()
        for name, _, _ in _members(entry, values, f"{root / 'dvc.yaml'}: stages.{stage}")
    ]


def _values(graph: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """params.yaml, over what dvc.yaml itself sets under ``vars``."""
    values: dict[str, Any] = {}
    for block in graph.get("vars") or []:
        values |= block if isinstance(block, Mapping) else {}
    return values | (read_yaml(root / "params.yaml") or {})


def _members(entry: dict[str, Any], values: Any, where: str) -> Iterator[tuple[str | None, dict[str, Any], Any]]:
    """Name, what ``key`` and ``item`` stand for, and the body, of each stage in a group."""
    if "foreach" in entry:
        items = _filled(entry["foreach"], values, where)
        pairs = items.items() if isinstance(items, Mapping) else ((item, item) for item in items)
        for key, item in pairs:
            yield str(key), {"key": key, "item": item}, entry.get("do", {})
    elif "matrix" in entry:
        axes = {axis: list(_filled(choices, values, where)) for axis, choices in entry["matrix"].items()}
        for chosen in product(*axes.values()):
            key = "-".join(map(str, chosen))
            yield key, {"key": key, "item": dict(zip(axes, chosen, strict=True))}, entry
    else:
        yield None, {}, entry


def _resolved(body: dict[str, Any], values: Mapping[str, Any], where: str) -> Declared:
    def names(kind: str) -> list[str]:
        found = [next(iter(item)) if isinstance(item, dict) else item for item in body.get(kind) or []]
        return [str(_filled(item, values, where)) for item in found]

    outputs = [name for kind in OUTPUTS for name in names(kind)]
    parameters = [_filled(item, values, where) for item in body.get("params") or [] if isinstance(item, str)]
    return Declared(tuple(parameters), tuple(map(Path, names("deps"))), tuple(map(Path, outputs)))


def _filled(template: Any, values: Mapping[str, Any], where: str) -> Any:
    """A template with its placeholders replaced; a lone placeholder gives the value itself."""
    if not isinstance(template, str):
        return template
    whole = PLACEHOLDER.fullmatch(template)
    if whole:
        return parameter(values, whole[1], where)
    return PLACEHOLDER.sub(lambda found: str(parameter(values, found[1], where)), template)


def parameter(values: Mapping[str, Any], path: str, where: str) -> Any:
    """What stands at a dotted path.

    Raises:
        ConfigError: nothing stands there.
    """
    found = value_at(values, path, MISSING)
    if found is MISSING:
        raise ConfigError(f"{where}: '{path}' stands nowhere in params.yaml")
    return found
