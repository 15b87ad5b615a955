"""Engines are imported when they are asked for by name: what one of them does is no part of another's code."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from l2s.generation.engines.load import MODULES


def imports(module: str) -> Iterator[str]:
    """The modules of l2s that a module's text imports, anywhere in it."""
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    for node in ast.walk(ast.parse(Path(spec.origin).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def closure(*roots: str) -> set[str]:
    found, waiting = set[str](), list(roots)
    while waiting:
        module = waiting.pop()
        if module not in found and module.startswith("l2s.generation") and is_module(module):
            found.add(module)
            waiting += imports(module)
    return found


def is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is a module, and this a name in it
        return False


@pytest.mark.parametrize("name", MODULES)
def test_an_engine_is_imported_with_itself_alone(name: str) -> None:
    assert not [module for module in closure("l2s.generation.generate") for other in MODULES.values()
                if module.startswith(other.rpartition(".")[0])], "no engine before one is asked for"  # fmt: skip
    others = [other.rpartition(".")[0] for key, other in MODULES.items() if key != name]
    found = closure("l2s.generation.generate", MODULES[name])
    assert not [module for module in found if module.startswith(tuple(others))]
