"""What every test has: a cache folder of its own, and engine auto as where vLLM is not installed."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where digests of weight files are kept."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_vllm_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is installed changes no test; those of the vLLM engine name it."""
    monkeypatch.setenv("L2S_NO_VLLM", "1")
