"""A recipe or a control in which numbers are open, and how it is filled in and recognised."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from l2s.core.numbers import is_number
from l2s.search.candidates.ranges import Choice, Number

Tree = Any
"""What YAML holds, with the classes here in the place of ranges."""
Dimensions = Mapping[str, Number | Choice]
Values = Mapping[str, float | int]
REST_DIGITS = 12


@dataclass(frozen=True)
class Open:
    """The number of a dimension."""

    name: str


@dataclass(frozen=True)
class Rest:
    """1 less the number of a dimension."""

    name: str


@dataclass(frozen=True)
class Pick:
    """One of several, by a dimension that is a choice."""

    name: str
    options: tuple[Tree, ...]


def filled(tree: Tree, dimensions: Dimensions, values: Values) -> Any:
    """The tree with the values in their places."""
    match tree:
        case Open(name):
            return _number(name, dimensions, values)
        case Rest(name):
            return float(f"{1 - _number(name, dimensions, values):.{REST_DIGITS}g}")
        case Pick(name, options):
            return filled(options[int(values[name])], dimensions, values)
        case dict():
            return {key: filled(value, dimensions, values) for key, value in tree.items()}
        case list():
            return [filled(value, dimensions, values) for value in tree]
    return tree


def _number(name: str, dimensions: Dimensions, values: Values) -> float | int:
    dimension = dimensions[name]
    if isinstance(dimension, Number):
        return dimension.value(values[name])
    option: float | int = dimension.options[int(values[name])]
    return option


def recognised(tree: Tree, found: Any, dimensions: Dimensions, values: dict[str, float | int]) -> bool:
    """Whether ``found`` is the tree with some values, which are added to those that are known."""
    match tree:
        case Open(name):
            return _is_value(name, found, dimensions, values)
        case Rest(name):
            return is_number(found) and _is_value(name, round(1 - found, REST_DIGITS), dimensions, values)
        case Pick(name, options):
            return any(_is_option(name, place, one, found, dimensions, values) for place, one in enumerate(options))
        case dict():
            same = isinstance(found, dict) and tree.keys() == found.keys()
            return same and all(recognised(value, found[key], dimensions, values) for key, value in tree.items())
        case list():
            if not isinstance(found, list) or len(tree) != len(found):
                return False
            return all(recognised(*pair, dimensions, values) for pair in zip(tree, _in_order(tree, found), strict=True))
    return bool(tree == found)


def _is_value(name: str, found: Any, dimensions: Dimensions, values: dict[str, float | int]) -> bool:
    dimension = dimensions[name]
    if isinstance(dimension, Number):
        return dimension.holds(found) and _agrees(name, found, values)
    places = [place for place, option in enumerate(dimension.options) if math.isclose(option, found, abs_tol=1e-12)]
    return bool(places) and _agrees(name, places[0], values)


def _is_option(name: str, place: int, tree: Tree, found: Any, dimensions: Dimensions, values: dict[str, Any]) -> bool:
    trial = dict(values)
    if not _agrees(name, place, trial) or not recognised(tree, found, dimensions, trial):
        return False
    values |= trial
    return True


def _agrees(name: str, found: float | int, values: dict[str, float | int]) -> bool:
    """Whether a dimension has this value in all of its places."""
    return math.isclose(values.setdefault(name, found), found, abs_tol=1e-12)


def _in_order(tree: list[Tree], found: list[Any]) -> list[Any]:
    """Entries that name models, in the tree's order; anything else as it stands."""
    names = [one.get("model") if isinstance(one, dict) else None for one in tree]
    by_name = {one.get("model"): one for one in found if isinstance(one, dict)}
    if None in names or len(by_name) < len(found) or set(by_name) != set(names):
        return found
    return [by_name[name] for name in names]
