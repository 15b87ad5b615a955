"""Where NaN and infinity come from: the sentence for a statistic that is not a number."""

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.checks.soundness import count_wrong
from l2s.checkpoints.open import open_reader
from l2s.core.errors import CheckpointError


def not_finite(checkpoint: Checkpoint, what: str) -> CheckpointError:
    """The error to raise: names the first weight that holds NaN or infinity, if one does.

    Args:
        checkpoint: the model measured.
        what: the statistic, e.g. ``activations of model.norm.weight``.
    """
    with open_reader(checkpoint) as reader:
        for name in checkpoint.names():
            if count := count_wrong(reader, name):
                return CheckpointError(
                    f"{checkpoint.path}: {name} holds {count} NaN or infinite entries, so {what} are no numbers; "
                    "nothing was written; fetch or make the model again"
                )
    return CheckpointError(
        f"{checkpoint.path}: {what} are no numbers, though all its weights are: float32 overflows on these texts; "
        "nothing was written; is it the right model?"
    )
