"""The plotting library is put together once, and kept between runs of the tests."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = getattr(request.config, "cache", None)
    return Path(cache.mkdir("l2s-report")) if cache is not None else tmp_path_factory.mktemp("l2s-report")
