"""DAPO's soft overlong punishment (arXiv:2503.14476, equation 13), added to c.

0 up to L_max − L_cache tokens, from there linearly down to −1 at L_max, and −1 beyond. It acts near the limit alone,
and so is no control of length.
"""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import PenalisesWrong


class Overlong(PenalisesWrong):
    """Responses that come near the limit lose."""

    kind: Literal["overlong"] = "overlong"
    max_length: PositiveInt
    """L_max, in tokens."""
    cache: PositiveInt
    """L_cache, tokens below it at which the punishment begins."""
    weight: float = Field(1.0, ge=0, le=1)
    """Factor on the punishment; the paper has 1 beside rewards of −1 and 1."""

    paper: ClassVar[str] = "arXiv:2503.14476"
    example: ClassVar[dict[str, Any]] = {"max_length": 320, "cache": 80}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.cache > self.max_length:
            raise ValueError(f"cache {self.cache} is more than max_length {self.max_length}")
        return self

    def rewards(self, group: Group, state: State) -> list[float]:
        """Right answers, and punishments of the overlong."""
        return [right + self.weight * self.punishment(length) for right, length in group.rows]

    def punishment(self, length: int) -> float:
        """What a length costs, from 0 to −1."""
        return max(-1.0, min(0.0, (self.max_length - self.cache - length) / self.cache))
