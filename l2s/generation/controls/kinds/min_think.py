"""Budget forcing's other half (s1, arXiv:2501.19393, section 3): thinking that ends too early goes on.

An end of thinking, by the closing delimiter or by a stop token, is taken back, and ``continuation`` stands in its
place.
"""

from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from l2s.generation.controls.control import ThinkingControl
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.speller import Speller


class MinThink(ThinkingControl):
    """Thinking has a smallest number of tokens, or its first ends are dropped."""

    kind: Literal["min_think"] = "min_think"
    min_think: int = Field(0, ge=0)
    """Thinking tokens before which thinking may not end."""
    ignores: int = Field(0, ge=0)
    """The first so many ends of thinking are dropped, however late (s1's unit)."""
    continuation: str = Field("Wait", min_length=1)
    """Text put where an end was dropped."""

    example: ClassVar[dict[str, Any]] = {"min_think": 256}
    decides_while_writing: ClassVar[bool] = True

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        if not self.min_think and not self.ignores:
            raise ValueError(
                "kind min_think takes min_think, the smallest number of thinking tokens, or ignores, how many ends "
                "are dropped"
            )
        if self.max_think is not None and self.min_think > self.max_think:
            raise ValueError(f"min_think {self.min_think} is more than max_think {self.max_think}")
        return self

    def with_words(self, delimiters: Delimiters, speller: Speller) -> Delimiters:
        """The text that stands for a dropped end."""
        return replace(delimiters, continuation=speller.forced(self, "continuation"))

    def drops_end(self, think_tokens: int, dropped: int) -> bool:
        """The end is too early, or one of the first."""
        return think_tokens < self.min_think or dropped < self.ignores
