"""Words of the long-to-short paper's code (and of MergeLM before it), read as the canonical ones."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from l2s.merging.recipe.parameters import map_leaves


def _same(value: Any) -> Any:
    return value


def _rest(value: Any) -> Any:
    """1 − value, as written: 0.2 for 0.8. What is no number is left for the validation."""
    return float(1 - Decimal(str(value))) if isinstance(value, int | float) and not isinstance(value, bool) else value


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


def canonicalize_aliases(recipe: dict[str, Any], where: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """A recipe's parameters in the canonical words, what was translated, and what could not be, in sentences."""
    method, notes, problems = recipe.get("merge_method"), list[str](), list[str]()

    def canonical(block: Any, place: str) -> Any:
        if isinstance(block, dict) and isinstance(block.get("parameters"), dict):
            return {**block, "parameters": _translate(block["parameters"], method, place, notes, problems)}
        return block

    def canonical_entries(block: Any, key: str, place: str = "") -> Any:
        if not isinstance(block, dict) or not isinstance(block.get(key), list):
            return block
        entries = [canonical(entry, f"{place}{key}.{number}.parameters") for number, entry in enumerate(block[key])]
        return {**block, key: entries}

    recipe = canonical_entries(canonical_entries(canonical(recipe, "parameters"), "models"), "slices")
    if isinstance(recipe.get("slices"), list):
        slices = [canonical_entries(one, "sources", f"slices.{number}.") for number, one in enumerate(recipe["slices"])]
        recipe = {**recipe, "slices": slices}
    return recipe, notes, [f"{where}.{problem}" for problem in problems]


def _translate(
    parameters: dict[str, Any], method: Any, place: str, notes: list[str], problems: list[str]
) -> dict[str, Any]:
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
