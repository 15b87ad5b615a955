"""Which of a problem's samples are taken; two ids with one text are one problem."""

from collections.abc import Callable, Sequence

from l2s.core.errors import ConfigError
from l2s.training.data.data import Dataset, Samples, T
from l2s.training.data.sample import Sample
from l2s.training.data.words import normalised

Problems = dict[str, list[Sample]]
"""Normalised text to the samples of the problem, in the order of the file."""


def problems_of(samples: Samples, name: str) -> Problems:
    """The problems of the samples of that name."""
    found = Problems()
    for sample in samples[name]:
        found.setdefault(normalised(sample.problem), []).append(sample)
    return found


def right_ones(samples: Sequence[Sample]) -> list[Sample]:
    """Those that are right."""
    return [sample for sample in samples if sample.right]


def shortest_right(samples: Sequence[Sample]) -> Sample | None:
    """The right one of fewest tokens, the first of them; None of an unsolved problem."""
    return min(right_ones(samples), key=lambda sample: sample.tokens, default=None)


def longest_right(samples: Sequence[Sample]) -> Sample | None:
    """The right one of most tokens, the first of them."""
    return max(right_ones(samples), key=lambda sample: sample.tokens, default=None)


def first_right(samples: Sequence[Sample]) -> Sample | None:
    """The right one that was sampled first."""
    return next(iter(right_ones(samples)), None)


def dataset(problems: Problems, make: Callable[[str, list[Sample]], list[T] | str], what: str) -> Dataset[T]:
    """What ``make`` finds in each problem, given its text and samples; a string says why it finds nothing.

    Raises:
        ConfigError: nothing in any problem.
    """
    items, dropped = list[T](), dict[str, int]()
    for text, samples in problems.items():
        found = make(text, samples)
        if isinstance(found, str):
            dropped[found] = dropped.get(found, 0) + 1
        else:
            items.extend(found)
    if not items:
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items()) or "there are none"
        raise ConfigError(f"{what}: of {len(problems)} problems none can be trained on ({reasons})")
    return Dataset(tuple(items), len(problems), dropped)
