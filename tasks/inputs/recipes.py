"""The recipe behind each folder ``data/merged/<name>``: as params.yaml has it, or as a search found it."""

from pathlib import Path
from typing import Any

from l2s.config import Config
from l2s.core.yaml import read_yaml
from tasks.stage import DATA


def recipe_of(config: Config, name: str, data: Path = DATA) -> dict[str, Any]:
    """The recipe in mergekit's dialect.

    Raises:
        ConfigError: the file that a search wrote is not there, or cannot be read.
    """
    if name in config.recipes:
        return config.recipes[name]
    found: dict[str, Any] = read_yaml(found_recipe(name, data))
    return found


def found_recipe(name: str, data: Path = DATA) -> Path:
    """Where a search writes what it found."""
    return data / "searches" / name / "recipe.yaml"


def merged_names(config: Config) -> list[str]:
    """The names of all folders that merges are written to."""
    return [*config.recipes, *config.searches]
