"""The one rounding of a merge: float32 to the format that is stored."""

from dataclasses import dataclass

from l2s.checkpoints.checks.finite import all_finite
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.core.lazy import Tensor, torch


@dataclass(frozen=True)
class Rounded:
    """A piece as it is stored."""

    stored: Tensor
    again: Tensor
    """The stored entries as float32 again."""
    wrong: int
    """Entries that are too large for the format."""


def rounded(value: Tensor, word: str) -> Rounded:
    """Round a merged piece, float32, to nearest, ties to even; ``word`` is safetensors' for the format."""
    stored = value.to(getattr(torch, TORCH_NAMES[word]))
    wrong = 0 if all_finite(stored) else int((~torch.isfinite(stored)).count_nonzero())
    return Rounded(stored, stored.float(), wrong)
