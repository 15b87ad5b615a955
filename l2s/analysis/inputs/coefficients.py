"""Coefficients: a recipe's numbers as one flat mapping, so that two recipes can be told apart."""

from collections.abc import Mapping
from typing import Any

from l2s.analysis.inputs.facts import Value
from l2s.core.numbers import is_number

IGNORED = ("dtype", "out_dtype", "tokenizer_source", "chat_template", "merge_method", "base_model", "models")


def coefficients_of(
    recipe: Mapping[str, Any], calibrations: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Value]:
    """A recipe's parameters, flat: ``lambda``, ``density.slow``, ``weight.slow``.

    Two weights that sum to 1 are one choice, not two: they become ``share.<last model>``. A parameter equal for
    all models stands once, under its own name. Names of statistics become the calibration behind them, as
    ``calibration.samples`` and so on, so that recipes that differ only there differ in that number. Values that
    are no scalar (gradients, filters) stand as text.

    Args:
        recipe: in mergekit's dialect (YAML as read).
        calibrations: statistics by name, with their parameters.
    """
    found: dict[str, Value] = {}
    models = [model for model in recipe.get("models") or [] if isinstance(model, Mapping)]
    own = {str(model.get("model")): dict(model.get("parameters") or {}) for model in models}
    for name in dict.fromkeys(name for parameters in own.values() for name in parameters):
        values = {model: parameters[name] for model, parameters in own.items() if name in parameters}
        found |= _of_models(name, values, len(own))
    for name, value in {**(recipe.get("parameters") or {}), **_rest(recipe)}.items():
        found[name] = _plain(value)
    return _with_calibrations(found, calibrations or {})


def _rest(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name not in (*IGNORED, "parameters")}


def _of_models(name: str, values: Mapping[str, Any], models: int) -> dict[str, Value]:
    numbers = [value for value in values.values() if is_number(value)]
    if name == "weight" and models == len(numbers) == 2 and abs(sum(numbers) - 1) < 1e-9:
        return {f"share.{list(values)[-1]}": numbers[-1]}
    plain = {model: _plain(value) for model, value in values.items()}
    if len(plain) == models > 1 and len(set(map(repr, plain.values()))) == 1:
        return {name: next(iter(plain.values()))}
    return {f"{name}.{model}": value for model, value in plain.items()}


def _with_calibrations(found: dict[str, Value], calibrations: Mapping[str, Mapping[str, Any]]) -> dict[str, Value]:
    named = [key for key in found if key.partition(".")[0] == "statistics" and found[key] in calibrations]
    for key in named:
        for name, value in calibrations[str(found.pop(key))].items():
            where = key.partition(".")[2]
            full = f"calibration.{name}" + (
                f".{where}" if where and name not in ("samples", "max_tokens", "seed") else ""
            )
            if full in found and found[full] != _plain(value):
                full = f"calibration.{name}.{where}"
            found[full] = _plain(value)
    return found


def _plain(value: Any) -> Value:
    return value if isinstance(value, bool | int | float | str) else repr(value)
