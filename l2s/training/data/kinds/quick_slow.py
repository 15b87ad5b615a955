"""Pairs of two models: a quick model's answer against the slow model's (L2S's DPO baseline, arXiv:2503.20641).

As published the chosen answer may be wrong. Where the two models write in different forms, the first token alone
fulfils the preference, and little else is learned.
"""

from typing import Any, ClassVar, Literal

from l2s.training.data.data import Dataset, PairData, Samples
from l2s.training.data.example import Pair
from l2s.training.data.sample import Sample
from l2s.training.data.selection import dataset, first_right, problems_of


class QuickSlow(PairData):
    """One pair for each problem that both answered."""

    kind: Literal["quick-slow"] = "quick-slow"
    chosen: str
    """Name of the samples of which one is chosen."""
    rejected: str
    """Name of the samples of which one is rejected: the first, be it right or wrong."""
    filter: Literal["none", "right"] = "none"
    """Of which samples the first is chosen: of all, or of the right ones."""

    example: ClassVar[dict[str, Any]] = {"chosen": "quick", "rejected": "slow"}

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of both models' samples."""
        return (self.chosen, self.rejected)

    def pairs(self, samples: Samples) -> Dataset[Pair]:
        """One pair a problem, in the order of the rejected samples."""
        answered = problems_of(samples, self.chosen)

        def make(text: str, found: list[Sample]) -> list[Pair] | str:
            if text not in answered:
                return f"not answered by {self.chosen}"
            best = first_right(answered[text]) if self.filter == "right" else answered[text][0]
            if best is None:
                return f"not solved by {self.chosen}"
            worst = found[0]
            if best.response == worst.response:
                return "answered alike"
            return [Pair(worst.id, worst.problem, worst.prompt, best.response, worst.response)]

        return dataset(problems_of(samples, self.rejected), make, f"pairs of {self.chosen} and {self.rejected}")
