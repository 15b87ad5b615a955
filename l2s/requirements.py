"""What stages need beside params.yaml: models, files, an engine, a device; looked for before the first one runs."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from l2s.checkpoints.files.index import listed
from l2s.core.devices import DEVICE, device_problem
from l2s.core.errors import ConfigError, L2SError, RecordError
from l2s.core.files import looked_for, nearest_beside
from l2s.core.params import nearest
from l2s.given import given_paths
from l2s.references import Block, block


def missing(params: Any, stages: Collection[str] | None, *, elsewhere: bool = False) -> list[str]:
    """What is not there, as ``key: what is missing``.

    Args:
        params: params.yaml as it stands; of blocks with another form their own check says so.
        stages: those that will run; None: all, since nobody knows.
        elsewhere: stages run on other machines, whose devices and packages cannot be looked at.
    """
    found = [*_hub_models(params, stages), *_given(params, stages)]
    return found if elsewhere else [*found, *_misfits(params, stages), *_engine(params, stages)]


def broken_recipes(params: Any) -> list[str]:
    """Everything that is wrong with the recipes, and what they name that is not in the file."""
    from l2s.merging.recipe import MergeRecipe

    problems: list[str] = []
    models, statistics = block(params, "models"), block(params, "calibration")
    for name, recipe in block(params, "recipes").items():
        try:
            parsed = MergeRecipe.parse(recipe, f"recipes.{name}")
        except ConfigError as error:
            problems.append(str(error))
            continue
        problems += [
            f"recipes.{name}: '{model}' is not among the models{nearest(model, models)}"
            for model in parsed.input_names()
            if model not in models
        ]
        problems += [
            f"recipes.{name}: statistics '{found}' are not under calibration{nearest(found, statistics)}"
            for found in parsed.statistics_names()
            if found not in statistics
        ]
    return problems


def _hub_models(params: Any, stages: Collection[str] | None) -> Iterator[str]:
    from l2s.hub import DOWNLOAD, HubModel, find_snapshot

    for name in block(params, "models") if _runs("family", stages) else ():
        model = block(params, "models", name)
        if model.get("source") == "hub" and isinstance(model.get("name"), str) and os.environ.get(DOWNLOAD) != "1":
            try:
                find_snapshot(HubModel(model["name"], model.get("revision")))
            except L2SError as error:
                yield f"models.{name}: {error}"


def _given(params: Any, stages: Collection[str] | None) -> Iterator[str]:
    """The user's own files and folders: are they there, and what they are taken for?"""
    from l2s.benchmarks.benchmark import own_problems

    for one in given_paths(params):
        if not _runs(one.stage, stages):
            continue
        kind, is_kind = ("folder", Path.is_dir) if one.stage == "family" else ("file", Path.is_file)
        if not _there(one.path, is_kind):
            more = "; l2s texts makes one from responses" if one.stage.startswith("calibrate@") else ""
            yield f"{one.key}: {_absent(one.path, kind)}{more}"
        elif one.stage == "family" and not (one.path / "config.json").is_file():
            yield f"{one.key}: {one.path} is no model folder (no config.json there)"
        elif one.source in ("file", "jsonl"):
            try:
                own_problems(one.stage.partition("@")[2], one.path)
            except RecordError as error:
                yield f"{one.key}: {error}"


def _misfits(params: Any, stages: Collection[str] | None) -> Iterator[str]:
    """Why recipes whose models are here already give no merge; where statistics must be made first, merging tells."""
    from l2s.merging.plan.preflight import plan_merge
    from l2s.merging.recipe import MergeRecipe

    paths = {name: block(params, "models", name).get("path") for name in block(params, "models")}
    folders = {name: Path(path) for name, path in paths.items() if isinstance(path, str)}
    found: dict[str, list[str]] = {}
    for name, said in block(params, "recipes").items():
        with suppress(L2SError):  # of which others tell
            recipe = MergeRecipe.parse(said, name) if _runs(f"merge@{name}", stages) else None
            if recipe is None or recipe.statistics_names() or not _all_here(folders, recipe.input_names()):
                continue
            for finding in plan_merge(recipe, folders).findings:
                if finding.fatal and not finding.forcible:
                    found.setdefault(finding.sentence, []).append(f"recipes.{name}")
    yield from (f"{listed(names)}: {sentence}" for sentence, names in found.items())


def _all_here(folders: Mapping[str, Path], names: Iterable[str]) -> bool:
    return all(name in folders and _there(folders[name] / "config.json", Path.is_file) for name in names)


def _engine(params: Any, stages: Collection[str] | None) -> Iterator[str]:
    """Where responses are generated: can it be done here?"""
    decoding: Block = block(params, "decoding")
    generating = [f"generate@{name}" for name in block(params, "runs")]
    generating += [
        f"{kind}@{name}" for kind, of in (("sample", "samples"), ("train", "training")) for name in block(params, of)
    ]
    if not any(_runs(stage, stages) for stage in generating):
        return
    if decoding.get("engine") == "vllm":
        from l2s.generation.engines.vllm.environment import NOT_INSTALLED, build

        if build() is None:
            yield f"decoding.engine: {NOT_INSTALLED}; or take engine: transformers"
    device = decoding.get("device", "cpu")
    if isinstance(device, str) and DEVICE.fullmatch(device) and (wrong := device_problem(device)):
        yield f"decoding.device: {wrong}"


def _runs(stage: str, stages: Collection[str] | None) -> bool:
    return stages is None or stage in stages


def _there(path: Path, kind: Callable[[Path], bool]) -> bool:
    """Is it there, of that kind? A name that the system does not take is not."""
    try:
        return kind(path)
    except OSError:
        return False


def _absent(path: Path, kind: str) -> str:
    """A path that leads to nothing, from where it was looked for, and what there is of nearly that name."""
    shown = str(path) if len(str(path)) <= 120 else f"{str(path)[:120]}…"
    return f"no such {kind}: {shown}{looked_for(path)}{nearest_beside(path)}"
