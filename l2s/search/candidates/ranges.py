"""Ranges as a user writes them in the place of a number, a control or a method."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from l2s.core.numbers import is_number
from l2s.core.params import Params

DIGITS = 6
"""Significant digits of a number that is tried: recipes stay readable."""


@dataclass(frozen=True)
class Number:
    """A dimension: a number between two bounds, both included; whole numbers where all of its fields are."""

    name: str
    low: float
    high: float
    step: float | None = None
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return isinstance(self.low, int)

    def value(self, found: float) -> float | int:
        """``found`` as it is tried: on the grid, with few digits, within the bounds."""
        step = self.step or (1 if self.whole else None)
        if step is not None:
            most = math.floor((self.high - self.low) / step + 1e-9)
            found = self.low + min(round((found - self.low) / step), most) * step
        found = min(max(found if self.whole else short(found), self.low), self.high)
        return int(found) if self.whole else found

    def holds(self, found: Any) -> bool:
        """Whether a recipe's number is one of these."""
        if not is_number(found) or not self.low <= found <= self.high:
            return False
        return (self.step is None and not self.whole) or math.isclose(self.value(found), found, rel_tol=1e-9)


@dataclass(frozen=True)
class Choice:
    """A dimension: one of several options, by its place among them."""

    name: str
    options: tuple[Any, ...]


class RangeParams(Params):
    """``{low: 0, high: 1}``."""

    low: float
    high: float
    step: float | None = Field(None, gt=0)
    log: bool = False
    """Even in the logarithm."""
    name: str | None = Field(None, pattern=r"^[A-Za-z][\w.-]*$")
    """Ranges of the same name are the same number."""

    @field_validator("low", "high", "step", mode="before")
    @classmethod
    def _is_number(cls, found: Any) -> Any:
        if isinstance(found, bool):
            raise ValueError("expected a number")
        return found

    @model_validator(mode="after")
    def _is_range(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"expected low below high; write {{low: {self.high:g}, high: {self.low:g}}}")
        if self.low == self.high:
            raise ValueError(f"a range of a single number; write {self.low:g} in its place")
        if self.log and self.low <= 0:
            raise ValueError("log takes a low above 0")
        if self.log and self.step is not None:
            raise ValueError("log and step are both given; keep one")
        if self.step is not None and self.step > self.high - self.low:
            raise ValueError("a step beyond high leaves only low; take a smaller one")
        return self

    def number(self, name: str, whole: bool) -> Number:
        """The dimension; ``whole``: what stands there takes whole numbers only."""
        bounds = (self.low, self.high, self.step or 1)
        if whole and all(float(bound).is_integer() for bound in bounds):
            return Number(name, int(self.low), int(self.high), int(self.step or 1), self.log)
        return Number(name, self.low, self.high, self.step, self.log)


class AnyOfParams(Params):
    """``{any_of: [a, b]}``."""

    any_of: tuple[Any, ...]
    name: str | None = Field(None, pattern=r"^[A-Za-z][\w.-]*$")

    @field_validator("any_of")
    @classmethod
    def _is_a_choice(cls, found: tuple[Any, ...]) -> tuple[Any, ...]:
        if not found:
            raise ValueError("expected at least one option")
        return found


class RestParams(Params):
    """``{rest: s}``: 1 - s."""

    rest: str


KEYS: dict[str, type[Params]] = {"any_of": AnyOfParams, "rest": RestParams, "low": RangeParams, "high": RangeParams}
"""What says that a mapping is a range, and of which form."""


def form_of(node: Any) -> type[Params] | None:
    """The form of range that a mapping has; None where it is none."""
    if not isinstance(node, Mapping):
        return None
    return next((form for key, form in KEYS.items() if key in node), None)


def short(number: float) -> float:
    """A number with few digits."""
    return float(f"{number:.{DIGITS}g}")
