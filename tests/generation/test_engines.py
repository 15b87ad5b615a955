"""Engines are imported when they are asked for by name: what one of them does is no part of another's code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from l2s.generation.engines.load import MODULES

ROOT = Path(__file__).parents[2]


def file_of(module: str) -> Path:
    """Where a module's text is, if it is one: nothing is imported to find it."""
    place = ROOT.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def imports(module: str) -> Iterator[str]:
    """The modules of l2s that a module's text imports, anywhere in it."""
    for node in ast.walk(ast.parse(file_of(module).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def closure(*roots: str) -> set[str]:
    found, waiting = set[str](), list(roots)
    while waiting:
        module = waiting.pop()
        if module not in found and module.startswith("l2s.generation") and file_of(module).is_file():
            found.add(module)
            waiting += imports(module)
    return found


@pytest.mark.parametrize("name", MODULES)
def test_an_engine_is_imported_with_itself_alone(name: str) -> None:
    assert not [module for module in closure("l2s.generation.generate") for other in MODULES.values()
                if module.startswith(other.rpartition(".")[0])], "no engine before one is asked for"  # fmt: skip
    others = [other.rpartition(".")[0] for key, other in MODULES.items() if key != name]
    found = closure("l2s.generation.generate", MODULES[name])
    assert not [module for module in found if module.startswith(tuple(others))]
