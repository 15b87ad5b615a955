"""Pairs of a merge and the slow model: the merge's right answer against the slow model's."""

from typing import Any, ClassVar, Literal

from l2s.training.data.kinds.quick_slow import QuickSlow


class MergedSlow(QuickSlow):
    """Pairs as of ``quick-slow``; what is chosen is right where nothing else is said."""

    kind: Literal["merged-slow"] = "merged-slow"  # type: ignore[assignment]
    filter: Literal["none", "right"] = "right"

    example: ClassVar[dict[str, Any]] = {"chosen": "merged", "rejected": "slow"}
