"""What slices make of the models' layers: each track read as one model, and a config that says so."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.files.index import listed
from l2s.checkpoints.views.layered import LayeredCheckpoint
from l2s.merging.plan.layer_config import Source, config_of_layers
from l2s.merging.recipe import MergeRecipe
from l2s.merging.recipe.parameters import LAYER, is_embedding, layer_of
from l2s.merging.recipe.slices import Track, in_place, layers_of

Shapes = dict[str, set[tuple[int, ...]]]


def restacks(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> bool:
    """Do the slices leave layers out, repeat or move them, or go from one model to another?"""
    if not recipe.slices:
        return False
    tracks = [*recipe.tracks, *([recipe.base] if recipe.base else [])]
    used = {source.model for track in tracks for source in track.sources}
    same = all(len({source.model for source in track.sources}) == 1 for track in tracks)
    whole = all(own_layers(models[name]) == layers_of(recipe.slices) for name in used)
    return not (same and whole and in_place(recipe.slices))


def layered(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> dict[str, Checkpoint]:
    """The models that are merged, the base first, by what the recipe calls them.

    Args:
        recipe: the merge.
        models: all that are read, by name.
    """
    if not restacks(recipe, models):
        merged = {recipe.base_name, *recipe.model_names()}
        return {name: model for name, model in models.items() if name in merged}
    tracks = [*([recipe.base] if recipe.base else []), *recipe.tracks]
    return {track.name: _stacked(track, models) for track in tracks}


def _stacked(track: Track, models: Mapping[str, Checkpoint]) -> LayeredCheckpoint:
    names = list(dict.fromkeys(source.model for source in track.sources))
    origins, count = dict[str, tuple[int, str]](), 0
    first, last = (names.index(track.sources[end].model) for end in (0, -1))
    layers = {name: _layer_names(models[name]) for name in names}
    for name in models[names[first]].names():
        if name not in layers[names[first]] and is_embedding(name):
            origins[name] = first, name
    for source in track.sources:
        start, end = source.layer_range
        part = names.index(source.model)
        for name, layer in layers[source.model].items():
            if start <= layer < end:
                origins[renumbered(name, count + layer - start)] = part, name
        count += end - start
    model, tied = models[names[last]], models[names[first]].tied
    for name in _after_the_layers(model, layers[names[last]].keys(), stays_tied=tied):
        origins[name] = last, name
    parts = tuple(models[name] for name in names)
    return LayeredCheckpoint(parts[0].path, parts, origins)


def _after_the_layers(model: Checkpoint, layers: Container[str], stays_tied: bool) -> Iterator[str]:
    """Last norm, head and all else; a tied head stays tied, to the first slice's embedding, if that is tied too."""
    yield from (name for name in model.names() if name not in layers and not is_embedding(name))
    if model.tied and not stays_tied:
        yield model.head


def _layer_names(model: Checkpoint) -> dict[str, int]:
    """The layer of each tensor of the layers that the embedding leads to; a vision tower's are not among them."""
    root = "".join(f"{part}." for part in (model.embedding or "").split(".")[:-2])  # e.g. ``model.``
    found = ((name, layer_of(name)) for name in model.names() if name.startswith(root))
    return {name: layer for name, layer in found if layer is not None}


def own_layers(model: Checkpoint) -> int:
    """Number of layers of a model."""
    return 1 + max(_layer_names(model).values(), default=-1)


def renumbered(name: str, layer: int) -> str:
    """A tensor's name in another layer."""
    found = LAYER.search(name)
    assert found is not None, name
    return f"{name[: found.start(1)]}{layer}{name[found.end(1) :]}"


def check_layers(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> list[Finding]:
    """Are the layers there that slices name, and of one kind where they come from several models?"""
    if not recipe.slices:
        return list(_whole_ranges(recipe, models))
    counts = {name: own_layers(model) for name, model in models.items()}
    findings = [
        Finding(
            f"slices.{number}: takes layers {list(source.layer_range)} of {source.model}, "
            f"which has {counts[source.model]}",
            fatal=True,
        )
        for number, one in enumerate(recipe.slices)
        for source in one.sources
        if source.model in counts and source.layer_range[1] > counts[source.model]
    ]
    if findings or not restacks(recipe, models):
        return findings
    if any("statistics" in block for block in (recipe.parameters, *(one.parameters for one in recipe.models))):
        sentence = (
            f"{recipe.merge_method} goes by statistics of whole models; slices must leave each layer in its place"
        )
        findings.append(Finding(sentence, fatal=True))
    findings += _other_shapes(recipe, models)
    used = [name for name in recipe.input_names() if any(name in one.models() for one in recipe.slices)]
    had = ", ".join(f"{name} has {counts[name]}" for name in used)
    return [*findings, Finding(f"the result has {layers_of(recipe.slices)} layers; {had}")]


def _whole_ranges(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> Iterator[Finding]:
    """Models are merged whole; a ``layer_range`` beside one must not say otherwise."""
    for number, entry in enumerate(recipe.models):
        if entry.layer_range is not None and entry.layer_range != (0, count := own_layers(models[entry.model])):
            sentence = (
                f"models.{number}.layer_range: found {list(entry.layer_range or ())}, but {entry.model} has {count} "
            )
            yield Finding(f"{sentence}layers, and models are merged whole; choose layers under slices", fatal=True)


def _other_shapes(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> Iterator[Finding]:
    """Layers of one model must fit on those of another."""
    used = [name for name in models if any(name in one.models() for one in recipe.slices or ())]
    first, *others = used
    ours = _shapes(models[first])
    for name in others:
        theirs = _shapes(models[name])
        if odd := sorted(part for part in ours.keys() & theirs.keys() if not ours[part] & theirs[part]):
            shown = [f"{part} {_shown(ours[part])} in {first}, {_shown(theirs[part])} in {name}" for part in odd]
            yield Finding(f"layers of other shapes cannot be stacked: {listed(shown)}", fatal=True)


def _shapes(model: Checkpoint) -> Shapes:
    """The shapes of the parts of layers, whichever layer they stand in; rows of a vocabulary do not count."""
    found: Shapes = {}
    for name in _layer_names(model):
        found.setdefault(LAYER.split(name)[-1], set()).add(model.entry(name).shape)
    if model.embedding is not None:
        found[model.embedding] = {model.entry(model.embedding).shape[1:]}
    return found


def _shown(shapes: set[tuple[int, ...]]) -> str:
    return " or ".join(str(list(shape)) for shape in sorted(shapes))


def layered_config(recipe: MergeRecipe, models: Mapping[str, Checkpoint], donor: str) -> dict[str, Any] | None:
    """The donor's config with the layers of the result; None where layers stay in their places.

    A layer is what the donor says of it where the donor is one of its sources, else what its first source says.

    Raises:
        ConfigError: what makes a layer another kind cannot be said of these layers.
    """
    if not restacks(recipe, models):
        return None
    sources = list[Source]()
    for one in recipe.slices or ():
        source = next((source for source in one.sources if source.model == donor), one.sources[0])
        sources += [(models[source.model].config, layer) for layer in range(*source.layer_range)]
    return config_of_layers(models[donor].config, sources)
