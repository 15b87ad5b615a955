"""What each stage occupies of the machine, so that two big merges do not run at once."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from l2s.config import Config
from tasks.stage import GB
from tasks.stages import STAGES

Occupied = Mapping[str, int]


@dataclass(frozen=True)
class Resources:
    """Limits, needs by stage, and retries."""

    limits: Occupied = field(default_factory=dict)
    needs: Mapping[str, Occupied] = field(default_factory=dict)
    retries: int = 0
    delay: float = 5.0

    def contended(self, stages: Iterable[str], jobs: int) -> dict[str, Occupied]:
        """The needs of each stage that ``jobs`` stages together might not find; the others need no asking."""
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
    """What params.yaml says, and what the stages are taken to need where it says nothing.

    A stage that wants more than there is runs alone.
    """
    params, names = config.resources, list(stages)
    limits = {
        "cpu": params.cpu or os.cpu_count() or 1,
        "gpu": params.gpu,
        "memory": params.memory or max(1, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 4 // 5 // GB),
    }
    needs = {}
    for name in names:
        kind, _, item = name.partition("@")
        found = STAGES[kind].needs(config, item)
        for key in (kind, name):
            found |= params.needs[key].model_dump(exclude_none=True) if key in params.needs else {}
        needs[name] = found
    return Resources(limits, needs, params.retries, params.delay)
