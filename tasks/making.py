"""What making a run's model took: tokens as trainings' manifests tell them, seconds as past stages were timed."""

from pathlib import Path
from typing import Any

from l2s.checkpoints.files.json_file import read_object
from l2s.config import Config
from l2s.planning.machine import Past

TOKENS = ("sampled", "generated", "trained")


def making_of(folder: str, config: Config, data: Path) -> dict[str, Any]:
    """Of a trained model its method and costs, those of the trainings that it starts from included; else nothing.

    A cost is left out where a manifest does not tell it. Samples count in full for each training that learns from
    them: it could not have been done without.
    """
    kind, _, name = folder.partition("/")
    if kind != "trained":
        return {}
    settings = config.training[name]
    path = data / "trained" / name / "l2s_manifest.json"
    manifest = read_object(path) if path.is_file() else {}
    told = manifest.get("tokens") or {}
    own = {f"tokens_{what}": told.get(what) for what in TOKENS} | {"making_seconds": manifest.get("seconds")}
    before = making_of(settings.model, config, data)
    if before:
        own = {what: _sum(count, before[what]) for what, count in own.items()}
    return {"training": settings.method, **own, "hardware": manifest.get("hardware")}


def seconds_of(config: Config, past: Past) -> dict[str, float]:
    """Run to the seconds of the stages that made its model, where all of them were timed on this machine."""
    found = {run: [past.own_seconds(stage) for stage in _stages(params.model, config)]
             for run, params in config.runs.items()}  # fmt: skip
    return {run: sum(filter(None, times)) for run, times in found.items() if times and None not in times}


def _stages(folder: str, config: Config) -> list[str]:
    """Those that merged, sampled and trained, from a given model on."""
    kind, _, name = folder.partition("/")
    if kind == "trained":
        settings = config.training[name]
        own = [f"train@{name}", *(f"sample@{one}" for one in dict.fromkeys(settings.sources))]
        return [*own, *_stages(settings.model, config)]
    return [f"merge@{name}"] if kind == "merged" else []


def _sum(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one + other
