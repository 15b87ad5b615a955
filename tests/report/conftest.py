"""The plotting library is put together once, and kept between runs of the tests."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest) -> Path:
    cache = getattr(request.config, "cache", None)
    assert cache is not None
    return Path(cache.mkdir("l2s-report"))
