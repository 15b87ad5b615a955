"""Recipes: what to merge and how, in mergekit's dialect."""

from l2s.merging.recipe.recipe import MergeRecipe

__all__ = ["MergeRecipe"]
