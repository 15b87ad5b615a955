"""Every kind of training data: the files of ``kinds/``, as types that a block's ``kind`` chooses from."""

from typing import Annotated

from l2s.core.kinds import Kinds
from l2s.training.data import kinds
from l2s.training.data.data import ExampleData, PairData

EXAMPLES = Kinds(kinds, ExampleData, block="{kind: shortest, samples: slow}")  # type: ignore[type-abstract]
PAIRS = Kinds(kinds, PairData, block="{kind: own, samples: slow}")  # type: ignore[type-abstract]
EXAMPLES.elsewhere = dict.fromkeys(PAIRS, "data of method dpo")
PAIRS.elsewhere = dict.fromkeys(EXAMPLES, "data of method sft")

AnyExamples = Annotated[ExampleData, EXAMPLES]
AnyPairs = Annotated[PairData, PAIRS]
"""Data of whatever kind, for SFT and for DPO."""
