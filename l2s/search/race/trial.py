"""A trial: one candidate on the problems that it has answered so far, always from the first of the order on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from l2s.search.candidates.proposals import Proposal
from l2s.search.outcome import Outcome
from l2s.search.race.evidence import Counts, log_parity, log_worse

CERTIFIED, WORSE, LONG, LONGER, DOMINATED = (
    "certified", "worse", "longer than slow", "longer than the best", "dominated",
)  # fmt: skip
"""How trials end: at parity, or thrown out."""
OUT_OF_REACH, UNDECIDED = "out of reach", "undecided"
"""Or open: it could not be certified within its share if no other problem were lost or won, or the share was spent."""
OPEN = (OUT_OF_REACH, UNDECIDED)


@dataclass
class Trial:
    """A candidate, what it answered, and how its race ended; empty while it runs."""

    number: int
    """From 1."""
    batch: int
    proposal: Proposal
    ended: str = ""
    correct: list[bool] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    charged: list[int] = field(default_factory=list)
    """Tokens, but of a wrong answer at least what slow spent on that problem: giving up is not rewarded."""
    gained: list[int] = field(default_factory=list)
    """Of each problem 1 (won), 0 or −1 (lost)."""
    slow: list[int] = field(default_factory=list)
    """What slow spent on the same problems."""
    counts: Counts = field(default_factory=Counts)
    highest: float = -math.inf
    """Of the logarithm of the evidence for parity at any look."""

    def take(self, outcomes: Sequence[Outcome], slow: Sequence[Outcome], margin: float) -> None:
        """Add outcomes on the next problems, and look."""
        for one, other in zip(outcomes, slow, strict=True):
            if one.problem != other.problem:
                raise RuntimeError(f"an outcome of {one.problem} where {other.problem} was asked")
            self.correct.append(one.correct)
            self.tokens.append(one.tokens)
            self.charged.append(one.tokens if one.correct else max(one.tokens, other.tokens))
            self.slow.append(other.tokens)
            self.gained.append(one.correct - other.correct)
        self.counts = counts_of(self.gained)
        self.highest = max(self.highest, log_parity(self.counts, margin))

    @property
    def n(self) -> int:
        """Problems answered."""
        return len(self.tokens)

    @property
    def relative(self) -> float:
        """Charged tokens over slow's, on the same problems."""
        return sum(self.charged) / max(1, sum(self.slow))

    @property
    def plain(self) -> float:
        """Tokens over slow's, whether right or wrong."""
        return sum(self.tokens) / max(1, sum(self.slow))

    def counts_on(self, places: Sequence[int]) -> Counts:
        """Count outcomes on some of the problems, as far as they were answered."""
        return counts_of([self.gained[place] for place in places if place < self.n])

    def parity(self, margin: float, alpha: float) -> bool:
        """Whether the evidence for parity reached 1 / ``alpha`` at a look, and that for worse has not."""
        return self.highest >= -math.log(alpha) > log_worse(self.counts, margin)


def counts_of(gained: Sequence[int]) -> Counts:
    """Count outcomes that are 1, 0 or −1."""
    return Counts(gained.count(1), gained.count(-1), len(gained))


def array(values: Sequence[int], n: int | None = None) -> NDArray[np.float64]:
    """The first ``n`` values, to compute with."""
    return np.array(values[:n], dtype=np.float64)
