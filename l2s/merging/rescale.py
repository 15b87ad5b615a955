"""Stretching thinned task vectors to the length they had."""

from torch import Tensor


def match_l1(thinned: Tensor, whole: Tensor) -> Tensor:
    """Scale each of K thinned task vectors to its L1 norm before; ``[K, *shape]`` both.

    mergekit's rescaling. A task vector that was thinned to zero stays zero.
    """
    rows = thinned.shape[0]
    before, after = (vectors.abs().reshape(rows, -1).sum(1) for vectors in (whole, thinned))  # [K]
    return thinned * (before / after.clamp(min=1e-30)).view(-1, *[1] * (thinned.dim() - 1))
