"""What a merge did to one tensor, in numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from l2s.merging.method import Merged, Weight
from l2s.params import Params


class ModelDiagnostics(Params):
    """What one model brought to one tensor."""

    delta_norm: float
    """Euclidean length of its task vector."""
    kept_share: float
    """Share of the task vector's entries that are not zero after trimming or dropping."""


class TensorDiagnostics(Params):
    """What the merge did to one tensor, against the reference: the base, or the first model without one."""

    digest: str
    """SHA-256 of the bytes written."""
    dtype: str
    shape: tuple[int, ...]
    delta_norm: float = 0.0
    """Euclidean length of merged − reference, before rounding."""
    kept_share: float = 0.0
    """Share of all task vectors' entries that entered the sum."""
    sign_conflict_share: float = 0.0
    """Share of entries where task vectors that entered the sum point both ways."""
    unchanged_share: float = 0.0
    """Share of entries that the merge moved, and rounding to the stored format put back."""
    models: dict[str, ModelDiagnostics] = {}


def diagnose(
    weight: Weight, merged: Merged, stored: Tensor, reference: Tensor, names: Sequence[str], digest: str, dtype: str
) -> TensorDiagnostics:
    """Compare a merged tensor with the reference.

    Args:
        weight: what was merged, K task vectors.
        merged: float32, before rounding.
        stored: as written.
        reference: float32, ``[*shape]``.
        names: of the K models.
        digest: of the bytes written.
        dtype: safetensors' word for the stored format.
    """
    signs = merged.summands.sign()
    conflict = (signs == 1).any(0) & (signs == -1).any(0)
    moved = merged.value != reference
    undone = moved & (stored == reference.to(stored.dtype))
    models = {
        name: ModelDiagnostics(delta_norm=_norm(tau), kept_share=_share(kept != 0))
        for name, tau, kept in zip(names, weight.task_vectors, signs, strict=True)
    }
    return TensorDiagnostics(
        digest=digest,
        dtype=dtype,
        shape=tuple(stored.shape),
        delta_norm=_norm(merged.value - reference),
        kept_share=_share(signs != 0),
        sign_conflict_share=_share(conflict),
        unchanged_share=_share(undone),
        models=models,
    )


def _norm(tensor: Tensor) -> float:
    return float(f"{torch.linalg.vector_norm(tensor, dtype=torch.float64).item():.9g}")


def _share(entries: Tensor) -> float:
    return float(f"{int(entries.count_nonzero()) / max(1, entries.numel()):.9g}")
