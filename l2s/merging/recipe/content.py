"""What a recipe says once it is read, and what follows from it."""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from l2s.core.params import Params
from l2s.merging.method import MergeMethod, keys
from l2s.merging.methods import find_method
from l2s.merging.recipe.dialect import INT8_MASK
from l2s.merging.recipe.parameters import evaluate
from l2s.merging.recipe.slices import OutputSlice, Parameters, Track, base_track, find_slice, summed_tracks
from l2s.merging.recipe.templates import NAMED
from l2s.merging.recipe.tokens import TokenParams

DType = Literal["float32", "float16", "bfloat16", "float64"]


class ModelEntry(Params):
    """A model to be merged."""

    model: str = Field(min_length=1)
    """A name that the caller knows, or a folder."""
    layer_range: tuple[int, int] | None = None
    """All of its layers, if it is said; others are chosen under ``slices``."""
    parameters: Parameters = {}


class TokenizerParams(Params):
    """mergekit's newer way to say ``tokenizer_source``."""

    source: str = Field("union", min_length=1)
    pad_to_multiple_of: int | None = Field(None, ge=1)
    """Fill embedding and head up to a multiple of so many rows; none is cut."""
    tokens: dict[str, TokenParams] | None = None
    """Whose rows single tokens take; those that the vocabulary lacks are added to it."""

    @field_validator("tokens", mode="before")
    @classmethod
    def _nothing_said(cls, found: Any) -> Any:
        return {name: said or {} for name, said in found.items()} if isinstance(found, dict) else found


class RecipeContent(Params):
    """The keys of a merge recipe in one dialect; not yet checked against its method."""

    merge_method: str
    models: tuple[ModelEntry, ...] = Field(min_length=1)
    """Whole models; with ``slices``, the models that stand there."""
    slices: Annotated[tuple[OutputSlice, ...], Field(min_length=1)] | None = None
    """Parameters by layers, see :mod:`l2s.merging.recipe.slices`."""
    base_model: str | None = None
    """θ₀. Listed among the models too, it contributes no task vector there."""
    parameters: Parameters = {}
    """Parameters of the whole merge, and of each model that does not say otherwise."""
    dtype: DType | None = None
    """Format of the result unless ``out_dtype`` says otherwise; arithmetic is float32 in any case."""
    out_dtype: DType | None = None
    tokenizer_source: str | None = None
    """Whose tokens the merged rows stand for: a model's name, ``base``, or ``union``.

    Rows are then aligned by token string. A model named here gives config and chat template too.
    """
    tokenizer: TokenizerParams | None = None
    """What ``tokenizer_source`` says, and more."""
    chat_template: str | None = None
    """A name (chatml, llama3, …) or a Jinja text, to write instead of the donor's; ``auto``: that of most models."""
    random_seed: int | None = Field(None, ge=0)

    @field_validator("models", mode="before")
    @classmethod
    def _listed(cls, found: Any) -> Any:
        if not isinstance(found, list | tuple) or any(isinstance(one, str) for one in found):
            raise ValueError("expected a list of models, e.g. [{model: quick}, {model: slow}]")
        return found

    @field_validator("dtype", "out_dtype", mode="before")
    @classmethod
    def _plain_name(cls, found: Any) -> Any:
        return found.removeprefix("torch.") if isinstance(found, str) else found

    @field_validator("chat_template")
    @classmethod
    def _is_jinja(cls, found: str | None) -> str | None:
        if found is not None and found not in ("auto", *NAMED) and "{{" not in found and "{%" not in found:
            raise ValueError(f"expected a Jinja text or one of auto, {', '.join(sorted(NAMED))}")
        return found

    @property
    def method(self) -> MergeMethod:
        """The merge method; with ``parameters.of``, as it acts on that method's result."""
        return find_method(self.merge_method, self.parameters.get("of"))

    @property
    def token_source(self) -> str | None:
        """``tokenizer_source``, wherever it stands."""
        return self.tokenizer.source if self.tokenizer else self.tokenizer_source

    @property
    def has_base(self) -> bool:
        """Do task vectors start from a base?"""
        return self.method.needs_base or (self.method.optional_base and self.base_model is not None)

    @property
    def leaves_base_out(self) -> bool:
        """Is a base that is listed among the models none of those that are summed?"""
        return self.has_base and not self.method.keeps_base

    @cached_property
    def tracks(self) -> tuple[Track, ...]:
        """With slices: the models that are summed, from slice to slice."""
        return tuple(summed_tracks(self.slices or (), self.base_model, self.leaves_base_out))

    @cached_property
    def base(self) -> Track | None:
        """With slices: the base that task vectors start from, from slice to slice."""
        return base_track(self.slices, self.base_model) if self.slices and self.has_base else None

    @property
    def base_name(self) -> str | None:
        """What the base that task vectors start from is called: with slices it may be several models."""
        if not self.has_base:
            return None
        return self.base.name if self.base else self.base_model

    def merged(self) -> tuple[ModelEntry, ...]:
        """The models that are summed: those listed, the base left out where task vectors start from it.

        A method without a base averages the base too, if one is named (mergekit does the same); with slices,
        only where they list it.
        """
        if self.slices:
            return tuple(ModelEntry(model=track.name) for track in self.tracks)
        if self.method.keeps_base:
            return self.models
        if self.has_base:
            return tuple(entry for entry in self.models if entry.model != self.base_model)
        listed = self.base_model is None or any(entry.model == self.base_model for entry in self.models)
        if listed or len(self.models) == self.method.counts[1]:
            return self.models
        return (*self.models, ModelEntry(model=str(self.base_model)))

    def model_names(self) -> list[str]:
        """Names of the models that are summed; with slices, a name may stand for several, see :attr:`tracks`."""
        return [entry.model for entry in self.merged()]

    def input_names(self) -> list[str]:
        """Names of all models that are read, the base first."""
        alone = [self.tokenizer_only] if self.tokenizer_only else []
        return [*self._merged_names, *alone]

    @property
    def tokenizer_only(self) -> str | None:
        """A model of which config and tokenizer are taken, but which is not merged.

        ``tokenizer_source`` must name it by its path, or by its name on the hub.
        """
        source = self.token_source
        return source if source is not None and "/" in source and source not in self._merged_names else None

    @cached_property
    def _merged_names(self) -> list[str]:
        bases = [self.base_model, *(one.base_model for one in self.slices or ())]
        summed = [name for one in self.slices for name in one.models()] if self.slices else self.model_names()
        return [name for name in dict.fromkeys([*bases, *summed]) if name is not None]

    def statistics_names(self) -> list[str]:
        """Names of all calibration statistics that are read."""
        blocks = [self.parameters, *(entry.parameters for entry in self.merged())]
        return list(dict.fromkeys(block["statistics"] for block in blocks if block.get("statistics") is not None))

    @cached_property
    def varies(self) -> bool:
        """Has any parameter a gradient, filters, or a slice's own value, so that tensors differ in it?"""
        blocks = [self.parameters, *(entry.parameters for entry in self.models)]
        return self.slices is not None or any(isinstance(value, list) for block in blocks for value in block.values())

    def params_for(self, tensor: str, t: float) -> tuple[Params, list[Params]]:
        """The method's parameters for one tensor, and those of each model of :meth:`merged`.

        A model's own value comes before the slice's, and that before the one for all; where no filter
        matches, the next one holds.

        Args:
            tensor: its name.
            t: its position between first and last layer, see :func:`l2s.merging.recipe.parameters.position`; with
                slices its position there counts instead.
        """
        method, shared = self.method, [self.parameters]
        own = [entry.parameters for entry in self.merged()]
        if self.slices:
            number, t = find_slice(self.slices, tensor)
            shared = [self.slices[number].parameters, self.parameters]
            own = [track.sources[number].parameters for track in self.tracks]
        whole = _values(keys(method.params), shared, tensor, t)
        each = [_values(keys(method.model_params), (first, *shared), tensor, t) for first in own]
        return method.params.parse(whole, tensor), [method.model_params.parse(values, tensor) for values in each]

    def resolved(self) -> dict[str, Any]:
        """The recipe with every default written out, as it goes into the manifest."""
        given = {key: value for key, value in self.parameters.items() if key != INT8_MASK}
        left_out = {"parameters", "models"} if self.slices else {"parameters"}
        written: dict[str, Any] = self.model_dump(exclude=left_out, exclude_none=True, mode="json")
        return written | {"parameters": self.method.defaults() | given}


def _values(names: set[str], levels: Sequence[dict[str, Any]], tensor: str, t: float) -> dict[str, Any]:
    """The first level's value of each parameter that has one."""
    found = {}
    for name in sorted(names):
        at_levels = [evaluate(level[name], tensor, t) for level in levels if name in level]
        value = next((value for value in at_levels if value is not None), None)
        if value is not None:
            found[name] = value
    return found
