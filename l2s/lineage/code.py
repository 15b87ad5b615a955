"""Code: the sources behind a step, found by following imports in their text, and the packages they use."""

import os
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions
from pathlib import Path
from typing import NamedTuple

from l2s.files import digest_file
from l2s.versions import version_of

OURS = ("l2s", "flows", "tasks")
IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n(]*)|import[ \t]+([A-Za-z_][\w., \t]*))",
    re.MULTILINE,
)
DISTRIBUTIONS = {"yaml": "PyYAML"}
"""Packages that are called otherwise where they are installed from, and common; looking all of them up is slow."""


class Code(NamedTuple):
    """Sources and packages."""

    sources: dict[str, str]
    """Digests by path."""
    packages: dict[str, str]
    """Versions by name."""


def sources_at(path: Path) -> list[Path]:
    """A source file, or all files of a package: its data files count too."""
    if path.is_file():
        return [path]
    kept = (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return sorted(file for file in kept if not file.name.startswith(".") and file.suffix != ".pyc")


def code_behind(start: Iterable[Path], root: Path) -> Code:
    """Everything of ours that sources import, directly or not, and the packages that all of it imports.

    Imports inside functions count. An import that is only said in a docstring counts too, if there is such a module.

    Args:
        start: sources.
        root: the folder that holds our packages; paths are relative to it.
    """
    waiting = [source for source in start if source.suffix == ".py"]
    sources, packages, seen = dict.fromkeys(waiting), set[str](), set[str]()
    while waiting:
        found = _imports(waiting.pop())
        for module in found - seen:
            if module.partition(".")[0] not in OURS:
                packages.add(module.partition(".")[0])
                continue
            for source in _files(root, module):
                if source not in sources:
                    sources[source] = None
                    waiting.append(source)
        seen |= found
    names = {source: source.relative_to(root).as_posix() for source in sources}
    digests = {names[source]: digest_file(source) for source in sorted(sources)}
    return Code(digests, versions_of(packages))


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Versions of Python and of those packages that are installed and no part of Python."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in sorted(set(packages) - sys.stdlib_module_names):
        found |= _version(name)
    return found


@cache
def _version(package: str) -> dict[str, str]:
    name = DISTRIBUTIONS.get(package, package)
    try:
        return {name: version_of(name)}
    except PackageNotFoundError:
        return {name: version_of(name) for name in packages_distributions().get(package, [])[:1]}


def _imports(source: Path) -> set[str]:
    """Dotted names that may be modules."""
    found = set()
    for module, names, plain in IMPORT.findall(source.read_text(encoding="utf-8")):
        if module:
            found.add(module)
            found |= {f"{module}.{name}" for name in re.findall(r"(?:^|[(,])\s*(\w+)", names)}
        else:
            found |= {name.split()[0] for name in plain.split(",") if name.split()}
    return found


def _files(root: Path, module: str) -> list[Path]:
    """The module's file and those of the packages above it, which run first."""
    parts = module.split(".")
    names = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = [f"{root}/{name}/__init__.py" for name in names] + [f"{root}/{names[-1]}.py"]
    return [Path(file) for file in files if os.path.isfile(file)]
