"""Where NaN and infinity come from: the sentence for a statistic that is not a number."""

import torch

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.open import open_reader
from l2s.core.errors import CheckpointError

ROWS = 4096
"""Rows of a weight looked at at a time."""


def not_finite(checkpoint: Checkpoint, what: str) -> CheckpointError:
    """The error to raise: names the first weight that holds NaN or infinity, if one does.

    Args:
        checkpoint: the model measured.
        what: the statistic, e.g. ``activations of model.norm.weight``.
    """
    for name in checkpoint.names():
        if count := _bad_entries(checkpoint, name):
            return CheckpointError(
                f"{checkpoint.path}: {name} holds {count} NaN or infinite entries, so {what} are no numbers; "
                "nothing was written; fetch or make the model again"
            )
    return CheckpointError(
        f"{checkpoint.path}: {what} are no numbers, though all its weights are: float32 overflows on these texts; "
        "nothing was written; is it the right model?"
    )


def _bad_entries(checkpoint: Checkpoint, name: str) -> int:
    with open_reader(checkpoint) as reader:
        rows = (checkpoint.entry(name).shape or (1,))[0]
        pieces = [reader.rows(name, start, start + ROWS) for start in range(0, rows, ROWS)]
        return sum(int((~torch.isfinite(piece)).sum()) for piece in pieces if piece.is_floating_point())
