"""Versions of installed packages, asked once a process."""

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

__version__ = "0.2.0"
"""Of this package."""


@cache
def version_of(package: str) -> str:
    """A package's version; :func:`importlib.metadata.version` takes its whole description apart for it.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    found = distribution(package)
    headers = (found.read_text("METADATA") or "").partition("\n\n")[0]
    said = re.search(r"^Version: *(\S+)$", headers, re.MULTILINE)
    return said[1] if said else found.version


def installed(packages: Iterable[str]) -> dict[str, str]:
    """Versions of those packages, by the names that pip knows, that are installed."""
    found = dict[str, str]()
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version_of(package)
    return found
