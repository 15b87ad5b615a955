"""A training as it is carried out: what was read, and what is counted meanwhile."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.core.row import Row
from l2s.generation.levels import Level
from l2s.generation.settings import DecodingParams
from l2s.training.data import Sample
from l2s.training.settings import TrainingParams
from l2s.training.stop import Stop
from l2s.training.words import Words

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Costs:
    """What a training has spent; it is saved with each checkpoint."""

    generated: int = 0
    """Tokens."""
    trained: int = 0
    """Tokens whose loss counted, each as often as it did."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    started: tuple[float, float] = field(default_factory=lambda: (time.perf_counter(), time.process_time()))

    def spent(self) -> dict[str, Any]:
        """What was spent up to now, as a checkpoint and the manifest say it."""
        return {
            "generated": self.generated,
            "trained": self.trained,
            "seconds": round(self.seconds + time.perf_counter() - self.started[0], 3),
            "cpu_seconds": round(self.cpu_seconds + time.process_time() - self.started[1], 3),
        }


@dataclass(frozen=True)
class Job:
    """What a method needs."""

    settings: TrainingParams
    start: Path
    words: Words
    samples: Mapping[str, Sequence[Sample]]
    """By name."""
    problems: Sequence[Row]
    validation: Sequence[Row]
    decoding: DecodingParams
    work: Path
    """Where its checkpoints lie: of these settings and inputs alone."""
    costs: Costs = field(default_factory=Costs)
    stop: Stop = field(default_factory=Stop)
    notes: dict[str, Any] = field(default_factory=dict)
    """What the manifest says besides, e.g. how many problems gave nothing."""

    @property
    def device(self) -> str:
        """Where it is trained."""
        return self.decoding.device


@dataclass(frozen=True)
class Done:
    """What came of it."""

    weights: Mapping[str, "Tensor"]
    history: Sequence[Mapping[str, Any]]
    levels: Sequence[Level] = ()
    """What the model was trained to be asked for."""
    shown: Sequence[Mapping[str, Any]] = ()
    """Some responses that it was trained on, where it gave them while it was trained."""
