"""What making a run's model took, as trainings' manifests and searches tell it."""

from pathlib import Path
from typing import Any

from l2s.checkpoints.files.json_file import read_object
from l2s.config import Config

TOKENS = ("sampled", "generated", "trained")


def making_of(folder: str, config: Config, data: Path) -> dict[str, Any]:
    """A trained model's method and costs, those of the trainings that it starts from included; else nothing.

    Of a merge that was searched for, the tokens of all trials. A cost is left out where a manifest does not tell it.
    Samples count in full for each training that learns from them: it could not have been done without.
    """
    kind, _, name = folder.partition("/")
    if (
        kind == "merged"
        and (searched := data / "searches" / name / "search.json").is_file()
        and name in config.searches
    ):
        return {"tokens_generated": read_object(searched)["spent"]["tokens"]}
    if kind != "trained":
        return {}
    settings = config.training[name]
    path = data / "trained" / name / "l2s_manifest.json"
    manifest = read_object(path) if path.is_file() else {}
    told = manifest.get("tokens") or {}
    own = {f"tokens_{what}": told.get(what) for what in TOKENS}
    before = making_of(settings.model, config, data)
    if before:
        own = {what: _sum(count, before[what]) for what, count in own.items()}
    return {"training": settings.method, **own, "hardware": manifest.get("hardware")}


def _sum(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one + other
