"""O1-Pruner's weights (arXiv:2501.12570, its code at 04c0863).

Of each problem's K samples: w = (L̄ − L) / L + α (c − c̄), cut to −2 and 4; the divisor is the response's own length.
``used`` of them, in an order drawn from the seed, are trained on, their weights standardised over all the data (mean,
population deviation).

Mended: an unsolved problem's weights would reward its shorter wrong answers, and it is left out unless asked for;
samples are grouped by problem and not counted off; weights that are all equal are refused, not divided by zero.
"""

import math
import random
from dataclasses import replace

from pydantic import Field

from l2s.core.errors import ConfigError
from l2s.core.params import Params
from l2s.core.seeds import seed_for
from l2s.training.data.data import Dataset, Samples
from l2s.training.data.example import Example
from l2s.training.data.sample import Sample
from l2s.training.data.selection import dataset, example_of, problems_of

LEAST, MOST = -2.0, 4.0


class O1PrunerData(Params):
    """What O1-Pruner trains on."""

    samples: str
    """Name of the samples: several of each problem, of the start model."""
    used: int = Field(2, ge=1)
    """Samples of each problem that are trained on; the others count in the means."""
    skip_unsolved: bool = True
    """Leave out problems without a right sample."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The name of its samples."""
        return (self.samples,)

    def examples(self, samples: Samples, alpha: float, seed: int) -> Dataset[Example]:
        """Weighted examples.

        Raises:
            ConfigError: nothing is left to train on, or all weights are equal.
        """

        def make(text: str, found: list[Sample]) -> list[Example] | str:
            if self.skip_unsolved and not any(sample.right for sample in found):
                return "unsolved"
            weighted = list(
                zip(found, weights([s.right for s in found], [s.tokens for s in found], alpha), strict=True)
            )
            random.Random(seed_for(seed, "o1_pruner", text)).shuffle(weighted)
            return [example_of(sample, weight=weight) for sample, weight in weighted[: self.used]]

        found = dataset(problems_of(samples, self.samples), make, f"o1_pruner on {self.samples}")
        scaled = standardised([one.weight for one in found.items], self.samples)
        items = (replace(one, weight=weight) for one, weight in zip(found.items, scaled, strict=True))
        return Dataset(tuple(items), found.problems, found.dropped)


def weights(right: list[bool], lengths: list[int], alpha: float) -> list[float]:
    """The weight w of each of a problem's samples; a length of 0 counts as 1."""
    mean, rate = sum(lengths) / len(lengths), sum(right) / len(right)
    raw = [(mean - length) / max(length, 1) + alpha * (c - rate) for c, length in zip(right, lengths, strict=True)]
    return [max(LEAST, min(MOST, weight)) for weight in raw]


def standardised(found: list[float], name: str) -> list[float]:
    """Less their mean, over their population standard deviation.

    Raises:
        ConfigError: they are all equal.
    """
    if len(set(found)) < 2:
        raise ConfigError(
            f"o1_pruner: all {len(found)} weights of samples '{name}' are equal, so that none says what is better; "
            "take several samples of a problem at a temperature above 0"
        )
    mean = math.fsum(found) / len(found)
    deviation = math.sqrt(math.fsum((weight - mean) ** 2 for weight in found) / len(found))
    return [(weight - mean) / deviation for weight in found]
