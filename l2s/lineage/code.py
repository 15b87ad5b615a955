"""Code: what is behind a step, found by following imports, and the packages that all of it uses.

A source counts by its meaning (:mod:`l2s.lineage.meaning`), a data file beside it by its bytes.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions
from pathlib import Path
from typing import NamedTuple

from l2s.core.versions import version_of
from l2s.lineage.digests import digest_parts
from l2s.lineage.meaning import OURS, Reading

DISTRIBUTIONS = {"yaml": "PyYAML"}
"""Packages that are called otherwise where they are installed from, and common; looking all of them up is slow."""
Gathering = Mapping[str, tuple[str, ...]]
"""Modules that gather others: patterns of the names that they import, and that count only where they are asked for."""


class Code(NamedTuple):
    """Sources and packages."""

    sources: dict[str, str]
    """Digests by path."""
    imported: frozenset[str]
    """Packages of others."""

    @property
    def packages(self) -> dict[str, str]:
        """Versions by name of those that are installed and no part of Python; and Python's, without its patches."""
        found = {"python": ".".join(map(str, sys.version_info[:2]))}
        for name in sorted(self.imported - sys.stdlib_module_names):
            found |= _version(name)
        return found


def fingerprint(sources: Mapping[str, str]) -> str:
    """One digest of all sources behind something."""
    return digest_parts(dict(sources))


def code_behind(start: Iterable[str], reading: Reading, gathering: Gathering | None = None) -> Code:
    """Everything of ours that modules import, directly or not, and the packages that all of it imports.

    Imports inside functions count, those for type checkers alone do not. Of a package that a module merely lies in,
    only what is imported with it counts; the topmost package does not count at all.

    Args:
        start: dotted names of modules.
        reading: of the folder that holds our packages; paths are relative to it.
        gathering: which imports do not count.

    Raises:
        ConfigError: a source is no Python.
    """
    packages, seen = set[str](), dict[Path, bool]()
    waiting = [found for module in start for found in _files(reading, module)]
    while waiting:
        file, whole = waiting.pop()
        if file in seen and (seen[file] or not whole):
            continue
        seen[file] = whole
        source = reading.source(file)
        left_out = (gathering or {}).get(_module(reading.name(file)), ())
        texts = [name for name in source.texts if reading.file(name) is not None]
        for name in [*source.runs, *([*source.uses, *texts] if whole else ())]:
            if name.partition(".")[0] not in OURS:
                packages.add(name.partition(".")[0])
            elif not any(fnmatchcase(name, pattern) for pattern in left_out):
                waiting += _files(reading, name)
    digests = {file: reading.source(file).meaning for file in seen}
    for folder in {file.parent for file in seen}:
        digests |= reading.data(folder)
    return Code(
        {name: digests[file] for name, file in sorted((reading.name(file), file) for file in digests)},
        frozenset(packages),
    )


def _files(reading: Reading, name: str) -> Iterator[tuple[Path, bool]]:
    """The file of a module, or of that in which a name is defined; and those of the packages it lies in."""
    while name:
        file, above = reading.file(name), name.rpartition(".")[0]
        if file is not None:
            yield file, True
            while "." in above:
                package, above = reading.file(above), above.rpartition(".")[0]
                if package is not None:
                    yield package, False
        name = above if file is None else ""


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


_distributions = cache(packages_distributions)
"""By name of a top-level module; it reads what every installed package has written down."""


@cache
def _version(package: str) -> dict[str, str]:
    name = DISTRIBUTIONS.get(package, package)
    try:
        return {name: version_of(name)}
    except PackageNotFoundError:
        return {name: version_of(name) for name in _distributions().get(package, [])[:1]}
