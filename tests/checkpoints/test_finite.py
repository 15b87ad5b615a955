"""Finite or not: told as by asking each entry, whatever the format and the place of the one that is not."""

import pytest
import torch

from l2s.checkpoints.checks.finite import all_finite, told_by_bits

DTYPES = [torch.bfloat16, torch.float16, torch.float32, torch.float64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("wrong", [float("nan"), -float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", [0, 3, 11])
def test_one_entry_that_is_none_is_seen(dtype: torch.dtype, wrong: float, place: int) -> None:
    tensor = torch.randn(3, 4).to(dtype)
    assert all_finite(tensor) and all_finite(tensor.T)
    tensor.view(-1)[place] = wrong
    assert not all_finite(tensor) and not all_finite(tensor.T)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_numbers_are_finite(dtype: torch.dtype) -> None:
    info = torch.finfo(dtype)
    assert all_finite(torch.tensor([info.max, info.min, info.tiny, 0.0, -0.0], dtype=dtype))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_every_pattern_of_sixteen_bits(dtype: torch.dtype) -> None:
    patterns = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
    assert told_by_bits(patterns)
    told = torch.tensor([all_finite(patterns[n : n + 1]) for n in range(0, len(patterns), 7)])
    assert torch.equal(told, torch.isfinite(patterns[::7]))


def test_nothing_is_finite() -> None:
    assert all_finite(torch.empty(0, 3)) and all_finite(torch.tensor(1.0, dtype=torch.bfloat16))
    assert not all_finite(torch.tensor(float("nan"), dtype=torch.bfloat16))
