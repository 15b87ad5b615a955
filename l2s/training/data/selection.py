"""Which of a problem's samples are taken; two ids with one text are one problem."""

from collections.abc import Callable, Sequence

from l2s.benchmarks.contamination import normalised
from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.training.data.data import Dataset, Samples, T
from l2s.training.data.example import Example
from l2s.training.data.sample import Sample

Problems = dict[str, list[Sample]]
"""Normalised text to the samples of the problem, in the order of the file."""
Choice = Callable[[Sequence[Sample]], Sample | None]


def problems_of(samples: Samples, name: str) -> Problems:
    """The problems of the samples of that name.

    Raises:
        ConfigError: there are no such samples.
    """
    if name not in samples:
        raise ConfigError(f"data: there are no samples '{name}'{nearest(name, samples)}")
    found = Problems()
    for sample in samples[name]:
        found.setdefault(normalised(sample.problem), []).append(sample)
    return found


def right_ones(samples: Sequence[Sample]) -> list[Sample]:
    """The samples that are right."""
    return [sample for sample in samples if sample.right]


def shortest_right(samples: Sequence[Sample]) -> Sample | None:
    """The right one of fewest tokens, the first of them; None of an unsolved problem."""
    return min(right_ones(samples), key=lambda sample: sample.tokens, default=None)


def first_right(samples: Sequence[Sample]) -> Sample | None:
    """The right one that was sampled first."""
    return next(iter(right_ones(samples)), None)


def reference_lengths(samples: Sequence[Sample]) -> dict[str, float]:
    """Mean tokens of the right responses to each problem that was solved, by its normalised text."""
    found = dict[str, list[int]]()
    for sample in right_ones(samples):
        found.setdefault(normalised(sample.problem), []).append(sample.tokens)
    return {text: sum(lengths) / len(lengths) for text, lengths in found.items()}


def chosen_examples(problems: Problems, choose: Choice, what: str, stream: str | None = None) -> Dataset[Example]:
    """One example for each problem that was solved."""

    def make(_: str, samples: list[Sample]) -> list[Example] | str:
        best = choose(samples)
        return "unsolved" if best is None else [example_of(best, stream=stream)]

    return dataset(problems, make, what)


def example_of(sample: Sample, **more: object) -> Example:
    """A sample as it is."""
    return Example(sample.id, sample.problem, sample.prompt, sample.response, **more)  # type: ignore[arg-type]


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
        raise ConfigError(f"{what}: of {len(problems)} problems none can be trained on ({reasons}); sample more")
    return Dataset(tuple(items), len(problems), dropped)
