"""Pairs of a model's own samples: the shortest right one against the longest right one (O1-Pruner's DPO baseline)."""

from typing import Any, ClassVar, Literal

from l2s.training.data.data import Dataset, OneSource, PairData, Samples
from l2s.training.data.example import Pair
from l2s.training.data.sample import Sample
from l2s.training.data.selection import dataset, problems_of, right_ones, shortest_right


class Own(OneSource, PairData):
    """One pair for each problem with two right samples of different lengths."""

    kind: Literal["own"] = "own"
    longest: Literal["right", "any"] = "right"
    """Among which samples the longest is rejected: among the right ones, or all."""

    example: ClassVar[dict[str, Any]] = {"samples": "slow"}

    def pairs(self, samples: Samples) -> Dataset[Pair]:
        """One pair a problem; of samples of one length the first is taken."""

        def make(text: str, found: list[Sample]) -> list[Pair] | str:
            best = shortest_right(found)
            if best is None:
                return "unsolved"
            among = right_ones(found) if self.longest == "right" else found
            worst = max(among, key=lambda sample: sample.tokens)
            if worst.tokens <= best.tokens:
                return "of one length"
            return [Pair(best.id, best.problem, worst.prompt, best.response, worst.response)]

        return dataset(problems_of(samples, self.samples), make, f"data of kind {self.kind}")
