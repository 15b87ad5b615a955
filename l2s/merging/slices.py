"""Slices: layers of the result with parameters of their own, as far as each layer stays where it is.

slices:
  - sources:
      - {model: base, layer_range: [0, 12]}
      - {model: slow, layer_range: [0, 12], parameters: {weight: 0.3}}
    parameters: {t: [0, 1]}          # from the first to the last of these 12 layers
  - sources: ...                     # layers 12 to 24
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field, field_validator

from l2s.merging.setting import is_embedding, layer_of
from l2s.params import Params


class SliceSource(Params):
    """The layers of one model."""

    model: str = Field(min_length=1)
    layer_range: tuple[int, int]
    """First layer, and the one behind the last."""
    parameters: dict[str, Any] = {}

    @field_validator("parameters", mode="before")
    @classmethod
    def _empty(cls, found: Any) -> Any:
        return {} if found is None else found

    @field_validator("layer_range")
    @classmethod
    def _has_layers(cls, found: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= found[0] < found[1]:
            raise ValueError("expected [first, end] with 0 <= first < end")
        return found


class OutputSlice(Params):
    """Consecutive layers of the result, each merged from the same layer of every source."""

    sources: tuple[SliceSource, ...] = Field(min_length=1)
    base_model: str | None = None
    parameters: dict[str, Any] = {}

    @field_validator("parameters", mode="before")
    @classmethod
    def _empty(cls, found: Any) -> Any:
        return {} if found is None else found

    @property
    def layer_range(self) -> tuple[int, int]:
        """First layer, and the one behind the last."""
        return self.sources[0].layer_range

    def of(self, model: str) -> dict[str, Any]:
        """A source's own parameters; none for a model that is no source, such as the base."""
        return next((source.parameters for source in self.sources if source.model == model), {})


def find_slice(slices: Sequence[OutputSlice], tensor: str) -> tuple[OutputSlice, float]:
    """The slice that a tensor belongs to, and where in it the tensor stands: 0 for its first layer, 1 for its last.

    Embeddings stand at the start of the first slice, last norm and head at the end of the last one; a
    slice of one layer stands at 1.
    """
    layer = layer_of(tensor)
    if layer is None:
        return (slices[0], 0.0) if is_embedding(tensor) else (slices[-1], 1.0)
    found = next(one for one in slices if one.layer_range[0] <= layer < one.layer_range[1])
    first, end = found.layer_range
    return found, (layer - first) / (end - first - 1) if end - first > 1 else 1.0


def check_slices(slices: Sequence[OutputSlice], base: str | None, where: str) -> Iterator[str]:
    """Do the slices cover the model once, each layer from the same layer of the same models?"""
    stays = "here every layer stays where it is, so layers can be neither stacked nor left out"
    for number, one in enumerate(slices):
        place = f"{where}.slices.{number}"
        if len({source.layer_range for source in one.sources}) > 1:
            shown = ", ".join(f"{list(source.layer_range)} of {source.model}" for source in one.sources)
            yield f"{place}.sources: take different layers ({shown}); {stays}"
        if one.base_model not in (None, base):
            yield f"{place}.base_model: found '{one.base_model}', but all slices take the recipe's base_model, {base}"
        if {source.model for source in one.sources} != {source.model for source in slices[0].sources}:
            names = ", ".join(source.model for source in slices[0].sources)
            yield f"{place}.sources: other models than in the first slice; every slice must list {names}"
    starts = [0, *(one.layer_range[1] for one in slices)]
    for number, (one, start) in enumerate(zip(slices, starts, strict=False)):
        if one.layer_range[0] != start:
            yield f"{where}.slices.{number}: begins with layer {one.layer_range[0]}, expected {start}; {stays}"


def slice_models(slices: Any) -> list[dict[str, Any]]:
    """The models of slices as read from YAML, as they would stand under ``models``; of what is malformed, nothing."""
    found = dict[str, None]()
    for one in slices if isinstance(slices, list) else []:
        sources = one.get("sources") if isinstance(one, dict) else None
        for source in sources if isinstance(sources, list) else []:
            if isinstance(source, dict) and isinstance(source.get("model"), str):
                found[source["model"]] = None
    return [{"model": name} for name in found]


def layers_of(slices: Sequence[OutputSlice]) -> int:
    """Number of layers that the slices cover."""
    return slices[-1].layer_range[1]
