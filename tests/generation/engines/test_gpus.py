"""Which GPUs the copies of vLLM see, and the workers of a search."""

import pytest

from l2s.core.errors import EngineError
from l2s.generation.engines.gpus import share_gpus


@pytest.mark.parametrize(
    "device, tensor, data, found",
    [
        ("cuda", 1, 1, ["4"]),
        ("cuda:1", 1, 1, ["5"]),
        ("cuda:1", 2, 1, ["5,6"]),
        ("cuda:2", 1, 2, ["6", "7"]),
        ("cuda", 2, 2, ["4,5", "6,7"]),
    ],
)
def test_the_numbered_gpu_is_the_first(
    monkeypatch: pytest.MonkeyPatch, device: str, tensor: int, data: int, found: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    assert share_gpus(device, tensor, data, "sizes") == found


def test_too_few_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    with pytest.raises(EngineError, match="takes 2 GPUs, and 1 are visible from cuda:3 on"):
        share_gpus("cuda:3", 2, 1, "tensor_parallel_size 2")
