"""The space that a search looks in: dimensions, and the recipe and control at each point of it."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from l2s.core.digests import BLAKE3, digest_text
from l2s.core.errors import ConfigError
from l2s.core.params import inside, nearest
from l2s.generation.controls.control import Control
from l2s.generation.controls.union import parse_control
from l2s.merging.recipe import MergeRecipe
from l2s.search.candidates.ranges import Choice, Number
from l2s.search.candidates.reading import Reader
from l2s.search.candidates.template import Tree, Values, filled, recognised
from l2s.search.settings import SearchParams


@dataclass(frozen=True)
class Candidate:
    """One recipe under one control."""

    recipe: dict[str, Any]
    """In mergekit's dialect, without a range."""
    control: str | dict[str, Any] = "none"
    """``none``, or what a block under ``controls:`` says."""

    @cached_property
    def key(self) -> str:
        """Digest of what it says."""
        said = {"recipe": self.recipe, "control": self.control}
        return digest_text(json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")), BLAKE3)


@dataclass(frozen=True)
class Space:
    """Dimensions in the order in which they stand in the file."""

    dimensions: tuple[Number | Choice, ...]
    recipe: Tree
    control: Tree = "none"

    def candidate(self, values: Values) -> Candidate:
        """The point with a value for each dimension's name; of a choice, the place of its option."""
        control = filled(self.control, self._named, values)
        plain = control in ({}, {"kind": "none"})
        return Candidate(filled(self.recipe, self._named, values), "none" if plain else control)

    def values_of(self, recipe: Any, control: Any = "none") -> dict[str, float | int] | None:
        """The point at which this recipe and control are, dimensions without effect at their lowest; None: outside."""
        values: dict[str, float | int] = {}
        if not recognised(self.recipe, recipe, self._named, values):
            return None
        if not recognised(self.control, control, self._named, values):
            return None
        return next(corners(self)) | values

    @cached_property
    def _named(self) -> dict[str, Number | Choice]:
        return {one.name: one for one in self.dimensions}


def corners(space: Space, end: Literal["low", "high"] = "low") -> Iterator[dict[str, float | int]]:
    """Numbers at one end of their ranges, with the first option of each choice, and with every other option once."""
    first = {one.name: getattr(one, end) if isinstance(one, Number) else 0 for one in space.dimensions}
    yield first
    for one in space.dimensions:
        if isinstance(one, Choice):
            yield from (first | {one.name: place} for place in range(1, len(one.options)))


def space_of(params: SearchParams, where: str = "search", controls: Mapping[str, Control] | None = None) -> Space:
    """The space that a search's recipe and control span.

    Args:
        where: file and key of the search, for the message.
        controls: what the names of controls stand for.

    Raises:
        ConfigError: everything that is wrong with the ranges, at once.
    """
    reader = Reader(controls or {})
    recipe = reader.recipe(params.recipe, f"{inside(where)}recipe")
    control = reader.control(params.control, f"{inside(where)}control")
    reader.finish()
    if reader.problems:
        raise ConfigError("; ".join(reader.problems))
    space = Space(tuple(reader.dimensions.values()), recipe, control)
    if not space.dimensions:
        raise ConfigError(
            f"{where}: no range, so nothing to search for; write {{low: 0, high: 1}} in the place of a number that "
            "may vary, or {any_of: [a, b]}"
        )
    if problems := dict.fromkeys(_at_the_ends(space, where)):
        raise ConfigError("; ".join(problems))
    return space


def _at_the_ends(space: Space, where: str) -> Iterator[str]:
    """What is wrong with recipe and control where all numbers are lowest, and where all are highest."""
    for points in zip(corners(space, "low"), corners(space, "high"), strict=True):
        wrong = [_wrong(space.candidate(point), where) for point in points]
        for found, end in zip(wrong, ("low", "high"), strict=True):
            if found:
                yield found if wrong[0] == wrong[1] else f"{found} (at the {end} end of the ranges)"


def recipes_of(space: Space) -> Iterator[MergeRecipe]:
    """One recipe for each option of each choice: together they name all that any candidate names."""
    for corner in corners(space):
        yield MergeRecipe.parse(space.candidate(corner).recipe, "recipe")


def unknown_inputs(space: Space, models: Collection[str], statistics: Collection[str], where: str) -> list[str]:
    """What recipes name that is not there, in sentences."""
    found = list(recipes_of(space))
    named = dict.fromkeys(name for recipe in found for name in recipe.input_names())
    needed = dict.fromkeys(name for recipe in found for name in recipe.statistics_names())
    problems = [
        f"{where}: '{name}' is not among the models{nearest(name, models)}" for name in named if name not in models
    ]
    return problems + [
        f"{where}: statistics '{name}' are not under calibration{nearest(name, statistics)}"
        for name in needed
        if name not in statistics
    ]


def _wrong(candidate: Candidate, where: str) -> str | None:
    try:
        MergeRecipe.parse(candidate.recipe, f"{inside(where)}recipe")
        if candidate.control != "none":
            parse_control(candidate.control, f"{inside(where)}control")
    except ConfigError as error:
        return str(error)
    return None
