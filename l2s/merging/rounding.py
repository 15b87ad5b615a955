"""The one rounding of a merge: float32 to the format that is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from l2s.checkpoints.dtypes import TORCH_NAMES
from l2s.checkpoints.finite import all_finite
from l2s.lazy import torch
from l2s.merging import kernels
from l2s.merging.method import Entries, Floats


@dataclass(frozen=True)
class Rounded(Generic[Entries]):
    """A piece as it is stored."""

    stored: Any
    """A tensor; or an array, of bfloat16 the bits."""
    again: Entries
    """The same as float32."""
    wrong: int
    """Entries that are too large for the format."""


def rounded(value: Entries, word: str) -> Rounded[Entries]:
    """Round a merged piece, float32, to nearest, ties to even; ``word`` is safetensors' for the format."""
    if isinstance(value, np.ndarray):
        return _rounded_array(value, word)
    stored = value.to(getattr(torch, TORCH_NAMES[word]))
    wrong = 0 if all_finite(stored) else int((~torch.isfinite(stored)).count_nonzero())
    return Rounded(stored, stored.float(), wrong)


def _rounded_array(value: Floats, word: str) -> Rounded[Floats]:
    if word == "BF16":
        stored, again = np.empty(value.shape, np.uint16), np.empty(value.shape, np.float32)
        sound = kernels.narrow(value.reshape(-1), stored.reshape(-1), again.reshape(-1))
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            stored = value.astype(TORCH_NAMES[word])
            again = stored.astype(np.float32)
        sound = bool(np.isfinite(again).all())
    return Rounded(stored, again, 0 if sound else int(np.count_nonzero(~(np.isfinite(again) & np.isfinite(value)))))
