"""Versions as the packages' own descriptions say them."""

import importlib.metadata

import pytest

from l2s.core.versions import version_of


def test_they_are_the_ones_that_the_library_reads() -> None:
    names = {found.name for found in importlib.metadata.distributions()}
    assert len(names) > 50
    for name in names:
        assert version_of(name) == importlib.metadata.version(name)


def test_a_package_that_is_not_there_is_said() -> None:
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        version_of("no-such-package")
