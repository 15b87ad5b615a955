"""TL;DR's two streams (arXiv:2506.02678, its code at a460888), whose shares follow tokens and accuracy.

The short stream is right answers of a short model, the long one the slow model's shortest right ones. On a few
problems of their own, benefits are measured against both models: b_short = max(0, (T − T_s) / |T_l − T_s|), b_long =
max(0, (A_l − A) / |A_l − A_s|). Then log w += η b, softmax, and w ← (1 − c) w + c / 2.

Benefits never cancel, so that the short share grows as long as tokens exceed the short model's. Mended: references
that are equal would divide by zero, and are refused; η is a number (the code reads a whole one).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.benchmarks import TrainingProblems
from l2s.core.errors import ConfigError
from l2s.training.data.data import Dataset, ExampleData, Samples, Score
from l2s.training.data.example import Example
from l2s.training.data.selection import Problems, chosen_examples, first_right, problems_of, shortest_right

Weights = tuple[float, float]
"""Shares of the short and the long stream."""
EQUAL: Weights = (0.5, 0.5)


@dataclass(frozen=True)
class Measured:
    """A model on the problems that shares are decided on."""

    tokens: float
    """Mean of a response."""
    accuracy: float


class Reweight(ExampleData):
    """Examples of both streams; each problem may be in both."""

    kind: Literal["reweight"] = "reweight"
    short: str
    """Name of the short model's samples."""
    long: str
    """Name of the slow model's samples."""
    short_levels: tuple[int, ...] | None = None
    """Problems of the short stream, by their ``level`` (difficulty); None: all. TL;DR takes easy ones."""
    long_levels: tuple[int, ...] | None = None
    """The same of the long stream."""
    eta: float = Field(4.0, ge=0)
    """η."""
    smoothing: float = Field(1e-4, ge=0, le=1)
    """c; a stream's share is never below c / 2."""
    every: int = Field(32, ge=1)
    """Steps between two updates of the shares."""
    develop: TrainingProblems = TrainingProblems(split="validation", per_level=10)
    """Problems that shares are decided on."""

    example: ClassVar[dict[str, Any]] = {"short": "quick", "long": "slow"}

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of both models' samples."""
        return (self.short, self.long)

    def examples(self, samples: Samples, score: Score | None = None) -> Dataset[Example]:
        """The examples of both streams, the short one's first."""
        short = _of_levels(problems_of(samples, self.short), self.short_levels)
        long = _of_levels(problems_of(samples, self.long), self.long_levels)
        first = chosen_examples(short, first_right, f"short stream of {self.short}", "short")
        second = chosen_examples(long, shortest_right, f"long stream of {self.long}", "long")
        dropped = {f"{reason} (short)": count for reason, count in first.dropped.items()}
        dropped |= {f"{reason} (long)": count for reason, count in second.dropped.items()}
        return Dataset(first.items + second.items, first.problems + second.problems, dropped)

    def updated(self, weights: Weights, found: Measured, short: Measured, long: Measured) -> Weights:
        """The shares after the model that is trained was measured; ``short`` and ``long`` are the references.

        Raises:
            ConfigError: the references do not differ.
        """
        spans = refuse_equal(short, long)
        benefits = (
            max((found.tokens - short.tokens) / spans.tokens, 0.0),
            max((long.accuracy - found.accuracy) / spans.accuracy, 0.0),
        )
        most = max(benefits)  # taken out so that exp stays finite
        raw = [w * math.exp(self.eta * (benefit - most)) for w, benefit in zip(weights, benefits, strict=True)]
        short_share, long_share = ((1 - self.smoothing) * one / sum(raw) + self.smoothing / 2 for one in raw)
        return short_share, long_share


def refuse_equal(short: Measured, long: Measured) -> Measured:
    """How far the references are apart.

    Raises:
        ConfigError: not at all, in tokens or in accuracy.
    """
    spans = Measured(abs(long.tokens - short.tokens), abs(long.accuracy - short.accuracy))
    if not spans.tokens or not spans.accuracy:
        what = "tokens" if not spans.tokens else "accuracy"
        raise ConfigError(
            f"reweight: the short and the long model have the same {what} ({getattr(long, what):g}) on the problems "
            "that shares are decided on, which leaves nothing to weigh; take another short model"
        )
    return spans


def _of_levels(problems: Problems, levels: tuple[int, ...] | None) -> Problems:
    return {text: found for text, found in problems.items() if levels is None or found[0].level in levels}
