"""Does a model descend from a base? From the length of its task vector, on a sample of matrices."""

import numpy as np

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.checkpoints.open import open_reader

SAMPLED = 8
"""Matrices looked at, evenly spaced over the layers."""

ROWS = 256
"""Of each matrix, the first so many rows."""

UNRELATED = 0.7
"""Relative distance from which a model is no fine-tune of the base.

Fine-tunes lie at 0.1 or below, strangers of equal norm at √2; 0.7 is a cosine of 0.75.
"""


def relative_distance(base: Checkpoint, model: Checkpoint) -> float | None:
    """‖θ − θ₀‖ / ‖θ₀‖ over sampled matrices; None where the models share no matrix."""
    matrices = [
        name
        for name in base.names()
        if name in model.index.entries and _is_matrix(base, name) and base.entry(name).shape == model.entry(name).shape
    ]
    step = max(1, len(matrices) // SAMPLED)
    difference = length = 0.0
    with open_reader(base) as ours, open_reader(model) as theirs:
        for name in matrices[step // 2 :: step][:SAMPLED]:
            theta = ours.floats(name, 0, ROWS).astype(np.float64)
            difference += float(np.square(theirs.floats(name, 0, ROWS) - theta).sum())
            length += float(np.square(theta).sum())
    return (difference / length) ** 0.5 if length else None


def _is_matrix(model: Checkpoint, name: str) -> bool:
    entry = model.entry(name)
    return len(entry.shape) == 2 and entry.dtype in TORCH_NAMES and name != model.embedding
