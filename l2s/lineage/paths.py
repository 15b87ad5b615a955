"""Dotted paths in blocks of parameters: what stands at one, and at which ones two blocks differ."""

from collections.abc import Iterator, Mapping
from typing import Any


def value_at(values: Any, path: str, missing: Any = None) -> Any:
    """What stands at a dotted path; names may hold dots themselves."""
    if not path:
        return values
    parts = path.split(".")
    for depth in range(len(parts), 0, -1):
        if isinstance(values, Mapping) and ".".join(parts[:depth]) in values:
            return value_at(values[".".join(parts[:depth])], ".".join(parts[depth:]), missing)
    return missing


def differences(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path, old and new value of every leaf that differs; None where there is none."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from differences(f"{path}.{key}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(f"{path}.{place}", old, new)
    elif before != after:
        yield path, before, after
