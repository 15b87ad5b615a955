"""What each stage occupies of the machine, so that two big merges do not run at once."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from l2s.config import Config

GB = 10**9
PROGRAM_GB = 1
"""Of a stage that holds nothing big."""
Occupied = Mapping[str, int]


@dataclass(frozen=True)
class Resources:
    """Limits, needs by stage, and retries."""

    limits: Occupied = field(default_factory=dict)
    needs: Mapping[str, Occupied] = field(default_factory=dict)
    retries: int = 0
    delay: float = 5.0

    def contended(self, stages: Iterable[str], jobs: int) -> dict[str, Occupied]:
        """Of each stage, the needs that ``jobs`` stages together might not find; the others need no asking."""
        wanted = {stage: self.needs.get(stage, {}) for stage in stages}
        scarce = {
            kind
            for kind, limit in self.limits.items()
            if sum(sorted((need.get(kind, 0) for need in wanted.values()), reverse=True)[:jobs]) > limit
        }
        return {
            stage: {kind: min(count, self.limits[kind]) for kind, count in need.items() if kind in scarce and count}
            for stage, need in wanted.items()
        }


def resources_of(config: Config, stages: Iterable[str]) -> Resources:
    """What params.yaml says, and estimates where it says nothing.

    A merge occupies the bytes of the models it maps and of the one it writes, a generation the bytes of its
    model and, on a GPU, one device. A stage that wants more than there is runs alone.
    """
    params, names = config.resources, list(stages)
    limits = {
        "cpu": params.cpu or os.cpu_count() or 1,
        "gpu": params.gpu,
        "memory": params.memory or max(1, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 4 // 5 // GB),
    }
    needs = {}
    for name in names:
        found = _estimated(config, name)
        for key in (name.partition("@")[0], name):
            found |= params.needs[key].model_dump(exclude_none=True) if key in params.needs else {}
        needs[name] = found
    return Resources(limits, needs, params.retries, params.delay)


def _estimated(config: Config, stage: str) -> dict[str, int]:
    kind, _, name = stage.partition("@")
    if kind == "merge":
        recipe = config.recipes[name]
        models = {recipe.get("base_model"), *(entry.get("model") for entry in recipe.get("models") or [])} - {None}
        sizes = [_bytes_of(config, str(model)) for model in models]
        return {"cpu": 1, "memory": PROGRAM_GB + (sum(sizes) + max(sizes, default=0)) // GB}
    if kind == "generate":
        folder, _, model = config.runs[name].model.partition("/")
        if folder == "merged":
            model = str((config.recipes[model].get("models") or [{}])[-1].get("model"))
        found = {"cpu": 1, "memory": PROGRAM_GB + _bytes_of(config, model) // GB}
        return found if config.decoding.device == "cpu" else found | {"gpu": 1}
    return {"cpu": 1, "memory": PROGRAM_GB}


def _bytes_of(config: Config, model: str) -> int:
    """Of a model's weights, where they are at hand; small ones are trained by the family stage."""
    params = config.models.get(model)
    folder = params.path if params is not None and params.path is not None else Path("data/models") / model
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
