"""MergeRecipe: what to merge and how, in mergekit's YAML dialect."""

from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, field_validator

from l2s.errors import ConfigError
from l2s.merging.aliases import in_todays_words
from l2s.merging.method import keys
from l2s.merging.methods import METHODS, MergeMethod, find_method
from l2s.merging.recipe_checks import INT8_MASK, check_models, check_parameters
from l2s.merging.setting import evaluate
from l2s.params import Params, nearest

NOT_YET = {
    "slices": "layers cannot be stacked yet; list whole models under models",
    "modules": "list whole models under models",
    "tokenizer": "say tokenizer_source: MODEL",
}
"""mergekit's keys that are known here, but not supported yet."""

DType = Literal["float32", "float16", "bfloat16", "float64"]


class ModelEntry(Params):
    """A model to be merged."""

    model: str = Field(min_length=1)
    """A name that the caller knows, or a folder."""
    parameters: dict[str, Any] = {}

    @field_validator("parameters", mode="before")
    @classmethod
    def _empty(cls, found: Any) -> Any:
        return {} if found is None else found


class MergeRecipe(Params):
    """A merge recipe. Build it by :meth:`parse`, which also checks the method's own parameters."""

    merge_method: str
    models: tuple[ModelEntry, ...] = Field(min_length=1)
    base_model: str | None = None
    """θ₀. Listed among the models too, it contributes no task vector there."""
    parameters: dict[str, Any] = {}
    """Of the whole merge, and of each model that does not say otherwise."""
    dtype: DType | None = None
    """Format of the result unless ``out_dtype`` says otherwise; arithmetic is float32 in any case."""
    out_dtype: DType | None = None
    tokenizer_source: str | None = None
    """The donor of config, tokenizer and chat template: a model's name, or ``base``."""
    chat_template: str | None = None
    """A Jinja text to write instead of the donor's; ``auto`` is the donor's."""
    random_seed: int | None = Field(None, ge=0)

    _notes: tuple[str, ...] = PrivateAttr(())

    @field_validator("dtype", "out_dtype", mode="before")
    @classmethod
    def _plain_name(cls, found: Any) -> Any:
        return found.removeprefix("torch.") if isinstance(found, str) else found

    @field_validator("parameters", mode="before")
    @classmethod
    def _empty(cls, found: Any) -> Any:
        return {} if found is None else found

    @field_validator("chat_template")
    @classmethod
    def _is_jinja(cls, found: str | None) -> str | None:
        if found not in (None, "auto") and "{{" not in found and "{%" not in found:
            raise ValueError("expected auto or a Jinja text; named templates are not supported yet")
        return found

    @classmethod
    def parse(cls, found: Any, where: str) -> Self:
        """Validate a recipe as read from YAML.

        Raises:
            ConfigError: everything that is wrong with it, at once.
        """
        if not isinstance(found, dict):
            raise ConfigError(f"{where}: found {found!r}, expected a recipe: merge_method, models, …")
        if unsupported := [f"{where}.{key}: not supported yet; {NOT_YET[key]}" for key in found if key in NOT_YET]:
            raise ConfigError("; ".join(unsupported))
        problems, method = list[str](), found.get("merge_method")
        if isinstance(method, str) and method not in METHODS:
            problems.append(f"{where}.merge_method: unknown merge method '{method}'{nearest(method, METHODS)}")
        today, notes, untranslated = in_todays_words(found, where)
        problems += untranslated
        try:
            recipe = super().parse(today, where)
        except ConfigError as error:
            raise ConfigError("; ".join([*problems, str(error)])) from None
        if recipe.merge_method in METHODS:
            problems += check_models(recipe, where)
            problems += check_parameters(recipe, where)
        if problems:
            raise ConfigError("; ".join(problems))
        recipe._notes = tuple(notes)
        return recipe

    @property
    def method(self) -> MergeMethod:
        """The merge method; with ``parameters.of``, as it acts on that method's result."""
        return find_method(self.merge_method, self.parameters.get("of"))

    def notes(self) -> tuple[str, ...]:
        """What was read otherwise than it stands, in sentences."""
        ignored = ("parameters.int8_mask: saves memory in mergekit; has no effect here",) * (
            INT8_MASK in self.parameters
        )
        return self._notes + ignored

    def merged(self) -> tuple[ModelEntry, ...]:
        """The models that are summed: those listed, the base left out where task vectors start from it.

        A method without a base averages the base too, if one is named (mergekit does the same).
        """
        if self.method.needs_base:
            return tuple(entry for entry in self.models if entry.model != self.base_model)
        if self.base_model is None or any(entry.model == self.base_model for entry in self.models):
            return self.models
        return (*self.models, ModelEntry(model=self.base_model))

    def model_names(self) -> list[str]:
        """Names of the models that are summed."""
        return [entry.model for entry in self.merged()]

    def input_names(self) -> list[str]:
        """Names of all models that are read, the base first."""
        return list(dict.fromkeys([*([self.base_model] if self.base_model else []), *self.model_names()]))

    def statistics_names(self) -> list[str]:
        """Names of all calibration statistics that are read."""
        blocks = [self.parameters, *(entry.parameters for entry in self.merged())]
        return list(dict.fromkeys(block["statistics"] for block in blocks if "statistics" in block))

    def params_for(self, tensor: str, t: float) -> tuple[Params, list[Params]]:
        """The method's parameters for one tensor, and those of each model of :meth:`merged`.

        A model's own value comes before the one for all; where no filter matches, the next one holds.

        Args:
            tensor: its name.
            t: its position between first and last layer, see :func:`l2s.merging.setting.position`.
        """
        method = self.method
        whole = _values(keys(method.params), (self.parameters,), tensor, t)
        each = [
            _values(keys(method.model_params), (entry.parameters, self.parameters), tensor, t)
            for entry in self.merged()
        ]
        return method.params.parse(whole, tensor), [method.model_params.parse(values, tensor) for values in each]

    def resolved(self) -> dict[str, Any]:
        """The recipe with every default written out, as it goes into the manifest."""
        method = self.method
        defaults = method.model_params().model_dump(by_alias=True) | method.params().model_dump(by_alias=True)
        given = {key: value for key, value in self.parameters.items() if key != INT8_MASK}
        written: dict[str, Any] = self.model_dump(exclude={"parameters"}, exclude_none=True, mode="json")
        return written | {"parameters": defaults | given}


def _values(names: set[str], levels: tuple[dict[str, Any], ...], tensor: str, t: float) -> dict[str, Any]:
    """The first level's value of each parameter that has one."""
    found = {}
    for name in sorted(names):
        at_levels = [evaluate(level[name], tensor, t) for level in levels if name in level]
        value = next((value for value in at_levels if value is not None), None)
        if value is not None:
            found[name] = value
    return found
