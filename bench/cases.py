"""What is merged, by whom, and what it may cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

COPYING, OURS, AGAIN, PEER = "copying", "l2s", "l2s, again", "mergekit"
"""Who runs a case. ``OURS`` has never seen the inputs; ``AGAIN`` remembers their digests, from the run before."""
MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a merge of ours may cost; None: no limit."""

    copying: float | None = None
    """Times the seconds of copying, for a merge of inputs whose digests are known."""
    peer: float | None = None
    """Times the seconds of mergekit."""
    anonymous: int | None = None
    """Bytes."""


@dataclass(frozen=True)
class Case:
    """One merge of base, quick and slow."""

    name: str
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    base: bool = True
    """Does the method start from the base?"""
    peer: bool = True
    """Does mergekit have it?"""
    once: bool = False
    """Is one run enough to say whether it takes minutes or hours?"""
    again: bool = True
    """Is a second merge of the same inputs measured too?"""
    options: tuple[str, ...] = ()
    """Of ``l2s merge``."""
    limits: Limits = Limits()

    def recipe(self, models: Mapping[str, Path]) -> dict[str, Any]:
        """The recipe in mergekit's dialect, the same for both tools; the result is bfloat16.

        mergekit then also computes in bfloat16, which is its fastest way; we compute in float32.
        """
        merged = [{"model": str(models[name]), "parameters": {"weight": 0.5}} for name in ("quick", "slow")]
        base = {"base_model": str(models["base"])} if self.base else {}
        parameters = {"parameters": dict(self.parameters)} if self.parameters else {}
        return {"merge_method": self.method, **base, "models": merged, **parameters, "dtype": "bfloat16"}


BOUNDED = 1200 * MB
"""Memory of ours for the 0.5B shape."""

SMALL = (
    Case("task_arithmetic", "task_arithmetic", limits=Limits(copying=2, peer=1 / 3, anonymous=BOUNDED)),
    Case("ties", "ties", {"density": 0.2}, limits=Limits(peer=1 / 6, anonymous=BOUNDED)),
    Case("dare_ties", "dare_ties", {"density": 0.7}, limits=Limits(peer=1 / 6, anonymous=BOUNDED)),
    Case("ties, global", "ties", {"density": 0.2, "scope": "global"}, peer=False, limits=Limits(anonymous=BOUNDED)),
    Case("lore", "lore", base=False, peer=False, once=True, again=False),
    Case("twin", "twin", peer=False, once=True, again=False),
)
"""For 0.5B."""

LARGE = tuple(
    Case(
        name, method, parameters, peer=False, again=False,
        options=("--max-memory", "4GB"), limits=Limits(anonymous=4000 * MB),
    )
    for name, method, parameters in (
        ("task_arithmetic", "task_arithmetic", {}),
        ("ties, global", "ties", {"density": 0.2, "scope": "global"}),
    )
)  # fmt: skip
"""For 7B, where the question is memory."""


def cases_for(shape: str) -> tuple[Case, ...]:
    """The cases of a shape; at tiny sizes, where starting up is all, without limits."""
    if shape == "7b":
        return LARGE
    if shape == "tiny":
        return tuple(replace(case, limits=Limits()) for case in SMALL)
    return SMALL
