"""Rejection sampling: the shortest right one of a model's samples, problem by problem.

What TL;DR re-weighting takes for its long stream (arXiv:2506.02678) and SmartThinker for its first stage
(arXiv:2507.04348), the only one of its stages whose formulas are known.
"""

from typing import Any, ClassVar, Literal

from l2s.training.data.data import Dataset, ExampleData, Samples, Score
from l2s.training.data.example import Example
from l2s.training.data.sample import Sample
from l2s.training.data.selection import dataset, problems_of, shortest_right


class Shortest(ExampleData):
    """One example for each problem that was solved."""

    kind: Literal["shortest"] = "shortest"
    samples: str
    """Name of the samples."""

    example: ClassVar[dict[str, Any]] = {"samples": "slow"}

    @property
    def sources(self) -> tuple[str, ...]:
        """The one."""
        return (self.samples,)

    def examples(self, samples: Samples, score: Score | None = None) -> Dataset[Example]:
        """The first of the shortest."""

        def make(text: str, found: list[Sample]) -> list[Example] | str:
            best = shortest_right(found)
            return "unsolved" if best is None else [Example(best.id, best.problem, best.prompt, best.response)]

        return dataset(problems_of(samples, self.samples), make, f"data of kind {self.kind}")
