"""A preset with ranges in the place of its recipes' numbers: one search a method, whose recipes are tried first."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from l2s.core.errors import ConfigError
from l2s.core.yaml import parse_yaml
from l2s.presets import read_preset

RANGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "task_arithmetic": {"weight": (0.0, 1.0)},
    "ties": {"density": (0.1, 1.0), "lambda": (0.3, 1.5)},
    "dare_linear": {"density": (0.3, 1.0), "lambda": (0.3, 1.0)},
    "dare_ties": {"density": (0.3, 1.0), "lambda": (0.3, 1.5)},
    "aim": {"density": (0.1, 1.0), "lambda": (0.3, 1.5), "omega": (0.1, 0.9)},
    "sens": {"lambda": (0.2, 1.0), "temperature": (1.0, 8.0)},
}
"""Of each method, the numbers that are looked for and where; what any of the papers prints lies inside."""
SHARED = ("density",)
"""Numbers that all models of a recipe have alike."""
AVERAGE = "linear"
"""Half of both is a point of task arithmetic, too."""
BENCHMARKS = {
    "family": ("arithmetic-search", "{source: arithmetic, split: search, per_level: 80, seed: 0}"),
    "hub": ("gsm8k-train", "{source: gsm8k, split: train, sample: 400, seed: 0}"),
}
"""Problems of the searches' own, by where the models come from."""
HEAD = "searches:                    # ours: ranges about the coefficients above, tried first; see docs/search.md\n"
BUDGET = "{trials: 24, problems: 4000}"


def preset_with_searches(name: str) -> str:
    """A preset's text with searches, their problems and runs of what they find.

    Raises:
        ConfigError: there is no such preset, or it has no recipe with such numbers.
    """
    text = read_preset(name)
    params = parse_yaml(text.encode(), name)
    searches = _searches(params.get("recipes") or {})
    if not searches:
        raise ConfigError(f"preset {name} has no recipe whose numbers could be searched for; take qwen2.5-7b, or tiny")
    benchmark, problems = BENCHMARKS["family" if params["models"]["slow"]["source"] == "family" else "hub"]
    blocks = "".join(_block(search, found, benchmark) for search, found in searches.items())
    text = _after(text, "benchmarks", f"  {benchmark}: {problems}   # the searches' own: runs do not answer it\n")
    text = re.sub(r"^searches:.*\n", lambda _: f"{HEAD}{blocks}", text, count=1, flags=re.MULTILINE)
    runs = "".join(f"  {search}: {{model: merged/{search}, control: none}}\n" for search in searches)
    return _after(text, "runs", runs)


def _searches(recipes: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], list[str]]]:
    """Recipe with ranges and the recipes that lie in them, by the search's name."""
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for name, recipe in recipes.items():
        if recipe["merge_method"] not in RANGES:
            continue
        opened = _opened(recipe, RANGES[recipe["merge_method"]])
        alike = next((starts for other, starts in found.values() if other == opened), None)
        if alike is None:
            found[f"search-{name}"] = (opened, [name])
        else:
            alike.append(name)
    for recipe, starts in found.values():
        if recipe["merge_method"] == "task_arithmetic":
            starts += [name for name, other in recipes.items() if other["merge_method"] == AVERAGE]
    return found


def _opened(recipe: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """A recipe with ranges in the place of these numbers."""

    def block(parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {key: _range(key, *ranges[key]) if key in ranges else value for key, value in parameters.items()}

    opened = {**recipe, "models": [{**one, "parameters": block(one.get("parameters", {}))} for one in recipe["models"]]}
    return opened | ({"parameters": block(recipe["parameters"])} if "parameters" in recipe else {})


def _range(key: str, low: float, high: float) -> dict[str, Any]:
    return {"name": key, "low": low, "high": high} if key in SHARED else {"low": low, "high": high}


def _block(name: str, found: tuple[dict[str, Any], list[str]], benchmark: str) -> str:
    recipe, starts = found
    lines = [f"  {name}:", "    recipe:"]
    for key, value in recipe.items():
        if key == "models":
            lines += ["      models:", *(f"        - {_flow(entry)}" for entry in value)]
        else:
            lines.append(f"      {key}: {_flow(value)}")
    lines += [
        f"    start: {_flow(starts)}", f"    benchmark: {benchmark}", "    slow: slow", f"    budget: {BUDGET}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """A value on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("...\n").strip()


def _after(text: str, key: str, added: str) -> str:
    """Lines put first into a block."""
    return re.sub(rf"^({key}:.*\n)", lambda line: line[1] + added, text, count=1, flags=re.MULTILINE)
