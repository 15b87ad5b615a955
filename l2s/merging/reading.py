"""Reading a piece of a weight as float32: into a NumPy array, or into a tensor on any device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from l2s.checkpoints.dtypes import TORCH_NAMES
from l2s.checkpoints.finite import all_finite, told_by_bits
from l2s.checkpoints.reader import CheckpointReader
from l2s.errors import CheckpointError
from l2s.lazy import torch
from l2s.merging import kernels
from l2s.merging.method import Floats
from l2s.merging.pieces import Span

if TYPE_CHECKING:
    from torch import Tensor

    from l2s.checkpoints.open import Reader


def read_array(reader: Reader, model: str, name: str, span: Span, out: Floats, entries: slice | None = None) -> Floats:
    """Read some rows of a weight into ``out``.

    Args:
        reader: of the model.
        model: its name.
        name: the weight's.
        span: the rows.
        out: of the piece's shape, or flat, if only some entries are asked for.
        entries: of the piece, flat.

    Raises:
        CheckpointError: they hold NaN or infinite entries.
    """
    word = reader.checkpoint.entry(name).dtype
    if isinstance(reader, CheckpointReader):
        whole = reader.array(name)
        found = whole[span.start : span.stop] if whole.ndim else whole
    else:
        rows = bool(reader.checkpoint.entry(name).shape)
        found = reader.floats(name, span.start, span.stop) if rows else reader.read(name).float().numpy()
        word = "F32"
    if entries is not None:
        found = np.ascontiguousarray(found.reshape(-1)[entries])
    if word == "BF16":
        sound = kernels.widen(found.reshape(-1), out.reshape(-1))
    else:
        with np.errstate(over="ignore"):  # float64 may hold more; told below
            np.copyto(out, found, casting="same_kind")
        sound = bool(np.isfinite(out).all())
    if not sound:
        _refuse(reader, model, name)
    return out


def read_tensor(reader: Reader, model: str, name: str, span: Span, out: Tensor, entries: slice | None = None) -> Tensor:
    """The same into a tensor, on its device; columns come as rows.

    Raises:
        CheckpointError: they hold NaN or infinite entries.
    """
    if span.columns:
        found = reader.read(name)[:, span.start : span.stop].T
    else:
        rows = bool(reader.checkpoint.entry(name).shape)
        found = reader.rows(name, span.start, span.stop) if rows else reader.read(name)
    if entries is not None:
        found = found.reshape(-1)[entries]
    if out.device.type != "cpu":
        found = found.contiguous().pin_memory()
    out.copy_(found, non_blocking=True)
    if not all_finite(found if told_by_bits(found) else out):
        _refuse(reader, model, name)
    return out


def _refuse(reader: Reader, model: str, name: str) -> None:
    assert reader.checkpoint.entry(name).dtype in TORCH_NAMES
    wrong = int((~torch.isfinite(reader.read(name).float())).count_nonzero())
    raise CheckpointError(f"{model}: {name} holds {wrong} NaN or infinite entries; get a sound copy of the model")
