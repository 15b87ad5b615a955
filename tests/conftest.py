"""What every test has: a cache folder of its own, and engine auto as where vLLM is not installed."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where digests of weight files are kept."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def pytest_configure() -> None:
    """Whether vLLM is installed changes no test, nor a fixture that several share; its own tests name the engine."""
    os.environ["L2S_NO_VLLM"] = "1"
