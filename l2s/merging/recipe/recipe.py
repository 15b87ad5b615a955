"""MergeRecipe: what to merge and how, in mergekit's YAML dialect."""

from typing import Any, Self

from pydantic import PrivateAttr

from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.merging.methods import METHODS
from l2s.merging.recipe.checks import check_recipe
from l2s.merging.recipe.content import RecipeContent
from l2s.merging.recipe.dialect import INT8_MASK, in_one_way
from l2s.merging.recipe.slices import slice_models


class MergeRecipe(RecipeContent):
    """A merge recipe. Build it by :meth:`parse`, which also checks the method's own parameters."""

    _notes: tuple[str, ...] = PrivateAttr(())

    @classmethod
    def parse(cls, found: Any, where: str) -> Self:
        """Validate a recipe as read from YAML.

        Raises:
            ConfigError: everything that is wrong with it, at once.
        """
        if not isinstance(found, dict):
            raise ConfigError(f"{where}: found {found!r}, expected a recipe: merge_method, models, …")
        if "experts" in found:
            raise ConfigError(f"{where}.experts: a mixture of experts is built by mergekit-moe; here models are merged")
        found, notes, problems = in_one_way(found, where)
        method = found.get("merge_method")
        if isinstance(method, str) and method not in METHODS:
            problems.append(f"{where}.merge_method: unknown merge method '{method}'{nearest(method, METHODS)}")
        if found.get("slices") is not None and found.get("models"):
            problems.append(f"{where}: models and slices are both given; keep one")
        if found.get("slices") is not None:
            found = {**found, "models": slice_models(found["slices"]) or [{"model": "of slices"}]}
        try:
            recipe = super().parse(found, where)
        except ConfigError as error:
            raise ConfigError("; ".join([*problems, str(error)])) from None
        if recipe.merge_method in METHODS:
            problems += check_recipe(recipe, where)
        if problems:
            raise ConfigError("; ".join(problems))
        recipe._notes = tuple(notes)
        return recipe

    def notes(self) -> tuple[str, ...]:
        """What was read otherwise than it stands, in sentences."""
        ignored = ("parameters.int8_mask: saves memory in mergekit; has no effect here",) * (
            INT8_MASK in self.parameters
        )
        return self._notes + ignored
