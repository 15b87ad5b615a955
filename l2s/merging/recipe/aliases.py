"""Words of the long-to-short paper's code (and of MergeLM before it), read as the canonical ones."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from l2s.core.numbers import is_number
from l2s.merging.recipe.parameters import map_leaves


def _same(value: Any) -> Any:
    return value


def _rest(value: Any) -> Any:
    """1 − value, as written: 0.2 for 0.8. What is no number is left for the validation."""
    return float(1 - Decimal(str(value))) if is_number(value) else value


@dataclass(frozen=True)
class Alias:
    """An old word."""

    canonical: str
    change: Callable[[Any], Any]
    methods: tuple[str, ...]
    """Methods in which it means that."""


ALIASES = {
    "scaling_coefficient": Alias("lambda", _same, ("task_arithmetic", "ties", "dare_linear", "dare_ties")),
    "param_value_mask_rate": Alias("density", _rest, ("ties",)),
    "weight_mask_rate": Alias("density", _rest, ("dare_linear", "dare_ties")),
}


METHOD_ALIASES = {"average_merging": "linear", "ties_merging": "ties", "ties_merging_dare": "dare_ties"}
"""Merge methods as that code names them."""


def in_canonical_words(parameters: Any, method: Any, place: str, notes: list[str], problems: list[str]) -> Any:
    """A block of parameters in the canonical words; says in sentences what was translated, and what could not be."""
    if not isinstance(parameters, dict):
        return parameters
    translated = dict(parameters)
    for old, value in parameters.items():
        alias = ALIASES.get(old)
        if alias is None or method not in alias.methods:
            continue
        if alias.canonical in parameters:
            problems.append(f"{place}.{old}: means {alias.canonical}, which is given too; keep one")
        else:
            translated[alias.canonical] = map_leaves(value, alias.change)
            notes.append(f"{place}.{old}: {value} is read as {alias.canonical}: {translated[alias.canonical]}")
        del translated[old]
    return translated
