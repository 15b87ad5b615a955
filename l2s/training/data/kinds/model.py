"""Another model's right answers: distillation of a merge, or of the quick model.

Data of another style is learned as a style first: half-trained it costs accuracy, and a quick model's right answers
to hard problems are lucky ones.
"""

from typing import Any, ClassVar, Literal

from l2s.training.data.data import Dataset, ExampleData, OneSource, Samples, Score
from l2s.training.data.example import Example
from l2s.training.data.selection import chosen_examples, first_right, problems_of


class Model(OneSource, ExampleData):
    """One example for each problem that the other model solved."""

    kind: Literal["model"] = "model"

    example: ClassVar[dict[str, Any]] = {"samples": "quick"}

    def examples(self, samples: Samples, score: Score | None = None) -> Dataset[Example]:
        """The right one that was sampled first, whatever its length."""
        return chosen_examples(problems_of(samples, self.samples), first_right, f"right answers of {self.samples}")
