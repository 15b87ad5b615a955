"""Reading a piece of a weight as float32, into a tensor on any device."""

from l2s.checkpoints.checks.finite import all_finite, count_not_finite, told_by_bits
from l2s.checkpoints.reader import Reader
from l2s.core.errors import CheckpointError
from l2s.core.lazy import Tensor
from l2s.merging.plan.pieces import Span


def read_tensor(reader: Reader, model: str, name: str, span: Span, out: Tensor, entries: slice | None = None) -> Tensor:
    """Read some rows of a weight into ``out``, on its device; columns come as rows.

    Args:
        reader: of the model.
        model: its name.
        name: the weight's.
        span: the rows, or columns.
        out: of the piece's shape, or flat, if only some entries are asked for.
        entries: of the piece, flat.

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
        raise not_finite(reader, model, name)
    return out


def not_finite(reader: Reader, model: str, name: str) -> CheckpointError:
    """The error to raise of a weight that holds NaN or infinite entries."""
    wrong = count_not_finite(reader.read(name).float())
    return CheckpointError(f"{model}: {name} holds {wrong} NaN or infinite entries; get a sound copy of the model")
