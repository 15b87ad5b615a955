"""Rejection sampling: the shortest right one of a model's samples, problem by problem.

What TL;DR re-weighting takes for its long stream (arXiv:2506.02678), expert iteration in each round, and SmartThinker
for its first stage (arXiv:2507.04348), the only one of its stages whose formulas are known.
"""

from typing import Any, ClassVar, Literal

from l2s.training.data.data import Dataset, ExampleData, OneSource, Samples, Score
from l2s.training.data.example import Example
from l2s.training.data.selection import chosen_examples, problems_of, shortest_right


class Shortest(OneSource, ExampleData):
    """One example for each problem that was solved."""

    kind: Literal["shortest"] = "shortest"

    example: ClassVar[dict[str, Any]] = {"samples": "slow"}

    def examples(self, samples: Samples, score: Score | None = None) -> Dataset[Example]:
        """Each problem's shortest right sample; of equal ones the first."""
        return chosen_examples(problems_of(samples, self.samples), shortest_right, f"shortest of {self.samples}")
