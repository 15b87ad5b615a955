"""What is made once for all tests of the page."""

from pathlib import Path
from typing import Any

import pytest

from tests.report.sample import ONE, rich


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plotting library is put together once, and kept between runs of the tests."""
    cache = getattr(request.config, "cache", None)
    return Path(cache.mkdir("l2s-report")) if cache is not None else tmp_path_factory.mktemp("l2s-report")


@pytest.fixture(scope="session")
def summary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A summary with every table that a page can show."""
    return rich(tmp_path_factory.mktemp("summary"), ONE)
