"""What training is done on: examples, and pairs of a chosen and a rejected response."""

from dataclasses import dataclass

from l2s.generation.levels import Level


@dataclass(frozen=True)
class Example:
    """A prompt, and the completion whose tokens, the stop token among them, are trained on."""

    id: str
    problem: str
    """What the user's turn holds; where ``level`` is set, its line is added and the prompt rendered anew."""
    prompt: str
    """The whole prompt as the sampling model had it, chat template and all."""
    completion: str
    weight: float = 1.0
    """O1-Pruner's weight of the response."""
    level: Level | None = None
    stream: str | None = None
    """Of re-weighting: ``short`` or ``long``."""


@dataclass(frozen=True)
class Pair:
    """A prompt, the completion that is to become likelier, and the one that is not."""

    id: str
    problem: str
    prompt: str
    """As the model that is trained has it: the prompt of the rejected response."""
    chosen: str
    rejected: str
