"""Slices: layers of the result, each from layers of the sources, with parameters of their own.

slices:
  - sources:
      - {model: base, layer_range: [0, 12]}
      - {model: slow, layer_range: [0, 12], parameters: {weight: 0.3}}
    parameters: {t: [0, 1]}          # from the first to the last of these 12 layers
  - sources: ...                     # the layers behind them

Layers may be left out, repeated, and come from models of other lengths: the result's are numbered anew. What comes
before the layers (the embedding) is merged from the first slice's sources, what follows them (last norm, head) from the
last slice's. The models that are summed are *tracks*: a track has one source in each slice, the same model as before
where a slice lists it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from l2s.core.params import Params
from l2s.merging.recipe.parameters import is_embedding, layer_of

Parameters = Annotated[dict[str, Any], BeforeValidator(lambda found: {} if found is None else found)]
"""A block of parameters, as the recipe has it; nothing under its key is none."""


class SliceSource(Params):
    """The layers of one model."""

    model: str = Field(min_length=1)
    layer_range: tuple[int, int]
    """First layer, and the one behind the last."""
    parameters: Parameters = {}

    @field_validator("layer_range")
    @classmethod
    def _has_layers(cls, found: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= found[0] < found[1]:
            raise ValueError("expected [first, end] with 0 <= first < end")
        return found


class OutputSlice(Params):
    """Consecutive layers of the result."""

    sources: tuple[SliceSource, ...] = Field(min_length=1)
    base_model: str | None = None
    """Instead of the recipe's."""
    parameters: Parameters = {}

    def __len__(self) -> int:
        return self.sources[0].layer_range[1] - self.sources[0].layer_range[0]

    def models(self) -> list[str]:
        """Names of its sources."""
        return [source.model for source in self.sources]


@dataclass(frozen=True)
class Track:
    """One of the models that are summed, or their base, through all slices."""

    sources: tuple[SliceSource, ...]
    """One for each slice."""

    @property
    def name(self) -> str:
        """The model's name; of several, all of them."""
        return ", ".join(dict.fromkeys(source.model for source in self.sources))


def base_track(slices: Sequence[OutputSlice], base: str | None) -> Track:
    """The base's layers: as it is listed, else those of the slice's first source."""
    sources = []
    for one in slices:
        model = one.base_model or base or one.sources[0].model
        listed = next((source for source in one.sources if source.model == model), None)
        sources.append(listed or SliceSource(model=model, layer_range=one.sources[0].layer_range))
    return Track(tuple(sources))


def summed_tracks(slices: Sequence[OutputSlice], base: str | None, without_base: bool) -> list[Track]:
    """The models that are summed; empty where slices sum different numbers of them.

    Args:
        slices: of the recipe.
        base: its base.
        without_base: is the base what task vectors start from, so that it is none of them?
    """
    tracks = list[list[SliceSource]]()
    for one in slices:
        left_out = (one.base_model or base) if without_base else None
        summed = [source for source in one.sources if source.model != left_out]
        if not tracks:
            tracks = [[source] for source in summed]
        elif len(summed) != len(tracks):
            return []
        else:
            for track, source in zip(tracks, _in_order(tracks, summed), strict=True):
                track.append(source)
    return [Track(tuple(track)) for track in tracks]


def _in_order(tracks: Sequence[Sequence[SliceSource]], summed: Sequence[SliceSource]) -> list[SliceSource]:
    """A slice's sources in the order of tracks: one that goes on with its model keeps its place."""
    left = list(summed)
    found = dict[int, SliceSource]()
    for place, track in enumerate(tracks):
        same = next((source for source in left if source.model == track[-1].model), None)
        if same is not None:
            found[place] = same
            left.remove(same)
    return [found[place] if place in found else left.pop(0) for place in range(len(tracks))]


def find_slice(slices: Sequence[OutputSlice], tensor: str) -> tuple[int, float]:
    """The slice that a tensor belongs to, and where in it the tensor stands: 0 for its first layer, 1 for its last.

    Embeddings stand at the start of the first slice, last norm and head at the end of the last one; a
    slice of one layer stands at 1.
    """
    layer = layer_of(tensor)
    if layer is None:
        return (0, 0.0) if is_embedding(tensor) else (len(slices) - 1, 1.0)
    for number, one in enumerate(slices):
        if layer < len(one):
            return number, layer / (len(one) - 1) if len(one) > 1 else 1.0
        layer -= len(one)
    return len(slices) - 1, 1.0


def check_slices(slices: Sequence[OutputSlice], base: str | None, without_base: bool, where: str) -> Iterator[str]:
    """Has every slice sources of one length, each model once, and as many to be summed as the first?"""
    for number, one in enumerate(slices):
        place = f"{where}.slices.{number}.sources"
        if len({source.layer_range[1] - source.layer_range[0] for source in one.sources}) > 1:
            shown = ", ".join(f"{list(source.layer_range)} of {source.model}" for source in one.sources)
            yield f"{place}: take different numbers of layers ({shown}); a layer is merged from one of each source"
        for model, count in Counter(one.models()).items():
            if count > 1:
                yield f"{place}: '{model}' is listed {count} times; a slice lists each model once"
    if not summed_tracks(slices, base, without_base):
        counts = [
            sum(model != (one.base_model or base) or not without_base for model in one.models()) for one in slices
        ]
        odd = next((number for number, count in enumerate(counts) if count != counts[0]), 0)
        yield (
            f"{where}.slices.{odd}.sources: {counts[odd]} to be merged, but {counts[0]} in the first slice; every "
            "slice must merge as many models as the others (to stack layers as they are, use merge_method: passthrough)"
        )


def slice_models(slices: Any) -> list[dict[str, Any]]:
    """The models of slices as read from YAML, as they would stand under ``models``; of what is malformed, nothing."""
    found = dict[str, None]()
    for one in slices if isinstance(slices, list) else []:
        sources = one.get("sources") if isinstance(one, dict) else None
        for source in sources if isinstance(sources, list) else []:
            if isinstance(source, dict) and isinstance(source.get("model"), str):
                found[source["model"]] = None
    return [{"model": name} for name in found]


def in_place(slices: Sequence[OutputSlice]) -> bool:
    """Does every layer stay where it is?"""
    starts = [0, *(one.sources[0].layer_range[1] for one in slices)]
    return all(
        source.layer_range == (start, start + len(one))
        for one, start in zip(slices, starts, strict=False)
        for source in one.sources
    )


def layers_of(slices: Sequence[OutputSlice]) -> int:
    """Number of layers of the result."""
    return sum(map(len, slices))
