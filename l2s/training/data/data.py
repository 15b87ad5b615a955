"""The protocol of training data: the settings of one kind, and how they make examples or pairs of samples."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from l2s.core.kinds import Kind
from l2s.training.data.example import Example, Pair
from l2s.training.data.sample import Sample

Score = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""From (text before, answer) to the mean negative log-likelihood of the answer's tokens, nats, under a model."""
Samples = Mapping[str, Sequence[Sample]]
"""Samples by their names in params.yaml."""
T = TypeVar("T")


@dataclass(frozen=True)
class Dataset(Generic[T]):
    """What came of the samples, in the order of their file, and what did not."""

    items: tuple[T, ...]
    problems: int
    """Different problems that there were."""
    dropped: Mapping[str, int]
    """Reason to the number of problems that gave nothing, e.g. ``unsolved``."""


class Data(Kind):
    """What a training is trained on, as ``data:`` states it."""

    kind: str

    scores: ClassVar[bool] = False
    """It asks a model how likely answers are."""

    @property
    @abstractmethod
    def sources(self) -> tuple[str, ...]:
        """Names of the samples it is made from."""


class OneSource(Data):
    """Data that is made from the samples of one model."""

    samples: str
    """Name of the samples."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The name of its samples."""
        return (self.samples,)


class ExampleData(Data):
    """Data for supervised fine-tuning."""

    @abstractmethod
    def examples(self, samples: Samples, score: Score | None = None) -> Dataset[Example]:
        """What it makes of the samples.

        Raises:
            ConfigError: nothing is left to train on.
        """


class PairData(Data):
    """Data for DPO."""

    @abstractmethod
    def pairs(self, samples: Samples) -> Dataset[Pair]:
        """What it makes of the samples.

        Raises:
            ConfigError: nothing is left to train on.
        """
