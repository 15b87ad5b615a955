"""MergeRecipe: a merge in mergekit's YAML dialect, checked down to every parameter before anything is read."""

from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

import l2s.merging.methods  # noqa: F401 - registers every method
from l2s.errors import ConfigError
from l2s.merging.method import MergeMethod, find_method
from l2s.merging.setting import Setting, value_at
from l2s.params import Params, nearest

DTYPES = Literal["float32", "bfloat16", "float16"]
ALIASES = {
    "scaling_coefficient": ("lambda", False),
    "param_value_mask_rate": ("density", True),
    "weight_mask_rate": ("density", True),
}
"""Words of the L2S code: today's name, and whether the value is 1 minus it."""


class RecipeModel(Params):
    """One model of a recipe."""

    model: str
    """A name from ``models:`` in params.yaml, or a folder."""
    parameters: dict[str, Setting] = {}


class MergeRecipe(Params):
    """One merge."""

    merge_method: str
    models: list[RecipeModel] = Field(min_length=1)
    base_model: str | None = None
    parameters: dict[str, Setting] = {}
    dtype: DTYPES | None = None
    """Of the result, unless ``out_dtype`` says otherwise; arithmetic is float32 whatever it is."""
    out_dtype: DTYPES | None = None
    tokenizer_source: str | None = None
    """``base`` or a model: whose tokenizer, chat template and config the result gets."""
    chat_template: str | None = None
    """A template's text, in place of the donor's; ``auto`` is the donor's."""
    where: str = Field("", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _todays_words(cls, found: Any) -> Any:
        """Rename aliases, so that everything after speaks one language."""
        if not isinstance(found, dict):
            raise ValueError("expected a mapping with merge_method and models")
        if "slices" in found:
            raise ValueError("slices are not supported yet; list whole models under 'models'")
        models = found.get("models")
        if isinstance(models, list):
            models = [
                {**model, "parameters": _renamed(model.get("parameters"))} if isinstance(model, dict) else model
                for model in models
            ]
        return {**found, "models": models, "parameters": _renamed(found.get("parameters"))}

    @classmethod
    def parse(cls, found: Any, where: str) -> Self:
        """Validate a recipe and every parameter in it; see :meth:`Params.parse`."""
        recipe = super().parse(found, where).model_copy(update={"where": where})
        problems = recipe._problems()
        if problems:
            raise ConfigError("; ".join(problems))
        return recipe

    @property
    def method(self) -> MergeMethod:
        """The merge method."""
        return find_method(self.merge_method, self.where)

    def model_names(self) -> list[str]:
        """The models that are merged; a base listed among them adds nothing to methods that subtract it."""
        names = [model.model for model in self.models]
        return [name for name in names if name != self.base_model] if self.method.needs_base else names

    def params_for(self, tensor: str, layers: int) -> Params:
        """The method's parameters for one tensor: a model's own value, else the recipe's, else the default.

        Raises:
            ConfigError: a value out of bounds, named with its tensor.
        """
        merged = {model.model: model.parameters for model in self.models}
        values: dict[str, Any] = {}
        for key, field in _fields(self.method).items():
            shared = value_at(self.parameters.get(key), tensor, layers)
            if not _is_per_model(field):
                values |= {} if shared is None else {key: shared}
                continue
            default = field.default[0] if shared is None else shared
            own = [value_at(merged[name].get(key), tensor, layers) for name in self.model_names()]
            values[key] = tuple(default if value is None else value for value in own)
            self._check_bounds(key, values[key], field, tensor)
        try:
            return self.method.params.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"{self.where}.parameters, for {tensor}: {_sentence(error)}") from None

    def _check_bounds(self, key: str, values: tuple[Any, ...], field: Any, tensor: str) -> None:
        checks = {"gt": float.__gt__, "ge": float.__ge__, "lt": float.__lt__, "le": float.__le__}
        words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
        for name, value in zip(self.model_names(), values, strict=True):
            place = f"{self.where}: {key} of {name} for {tensor}"
            if isinstance(value, (bool, str)):
                raise ConfigError(f"{place}: found {value!r}, expected a number")
            for bound, limit in field.json_schema_extra["bounds"].items():
                if not checks[bound](float(value), float(limit)):
                    raise ConfigError(f"{place}: found {value}, expected a number {words[bound]} {limit:g}")

    def _problems(self) -> list[str]:
        """Everything wrong with names, beyond what the types say."""
        fields = _fields(self.method)
        per_model = [key for key, field in fields.items() if _is_per_model(field)]
        problems = [
            f"{self.where}.parameters.{key}: {self.merge_method} takes no such parameter{nearest(key, fields)}"
            for key in self.parameters
            if key not in fields
        ]
        for place, model in enumerate(self.models):
            problems += [
                f"{self.where}.models[{place}].parameters.{key}: {self.merge_method} takes no such parameter of one model"
                f"{nearest(key, per_model)}"
                for key in model.parameters
                if key not in per_model
            ]
        names = [model.model for model in self.models]
        problems += [f"{self.where}.models: '{name}' is listed twice" for name in {n for n in names if names.count(n) > 1}]
        if self.method.needs_base and self.base_model is None:
            problems.append(f"{self.where}.base_model: {self.merge_method} needs one, the common ancestor of the models")
        if self.tokenizer_source not in (None, "base", self.base_model, *names):
            problems.append(
                f"{self.where}.tokenizer_source: '{self.tokenizer_source}' is no model of this recipe"
                f"{nearest(str(self.tokenizer_source), ['base', *names])}"
            )
        if not problems and not self.model_names():
            problems.append(f"{self.where}.models: nothing but the base is listed")
        return problems


def _fields(method: MergeMethod) -> dict[str, Any]:
    return {field.alias or name: field for name, field in method.params.model_fields.items()}


def _is_per_model(field: Any) -> bool:
    return bool(field.json_schema_extra and field.json_schema_extra.get("per_model"))


def _renamed(parameters: Any) -> Any:
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        return parameters
    renamed = {}
    for key, value in parameters.items():
        name, complement = ALIASES.get(key, (key, False))
        if complement and not isinstance(value, (int, float)):
            raise ValueError(f"{key} takes one number (density is 1 minus it)")
        renamed[name] = 1 - value if complement else value
    return renamed


def _sentence(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: found {e['input']!r}, {e['msg'].lower()}" for e in error.errors())
