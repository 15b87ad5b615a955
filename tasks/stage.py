"""What a kind of stage is. ``tasks/<kind>.py`` says it of each, in one place; :mod:`tasks.stages` has them all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.core.files import json_or_empty
from l2s.core.progress import Track
from l2s.lineage.paths import value_at

if TYPE_CHECKING:
    from l2s.config import Config
    from l2s.planning.estimates import Estimate, Estimator

DATA = Path("data")
HIDDEN = Path(".l2s")
LOCK = Path("code.lock")
"""Fingerprints of the code behind stages; see :mod:`tasks.running.code`."""
RAY = "L2S_RAY"
"""Set in the environment of a stage that a Ray cluster was given: its address, for work that the stage shares out."""
GB = 10**9
PROGRAM_GB = 1
"""Memory of a stage that holds nothing big."""
Say = Callable[[str], None]
TENSORS = ("torch", "safetensors.torch")
MODELS = (
    *TENSORS,
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llama.modeling_llama",
)


def code_told(kind: str, *member: str) -> str:
    """The fingerprint in code.lock that a stage was checked by: what another code left unfinished is begun anew."""
    return str(value_at(json_or_empty(LOCK), ".".join((kind, *member)), ""))


def folders_of_runs(config: Config, name: Any) -> dict[str, set[str]]:
    """What most stages read: of the folders of benchmarks and of runs, what params.yaml names."""
    runs = set(config.runs)
    return {"data/benchmarks": set(config.measured()), "data/responses": runs, "data/verdicts": runs}


def no_estimate(config: Config, name: Any, stage: str, estimator: Estimator, data: Path | None) -> Estimate:
    """The estimate of a stage that takes little."""
    return estimator.other(stage)


@dataclass(frozen=True)
class Stage:
    """One kind of stage of dvc.yaml."""

    kind: str
    work: Callable[[Config, Any, Track, Say], dict[str, Any] | None]
    """Calls the library for one of that kind, by its name; may return what it took besides time."""
    names: Callable[[Config], Collection[str]] | None = None
    """What stages of that kind there are; None where there is one, without a name."""
    reads: Callable[[Config, Any], Mapping[str, set[str]]] = folders_of_runs
    """Of folders in dvc.yaml that hold more than one reads: the names of what it reads there, for its record."""
    recorded: Callable[[Config, Any], dict[str, Any]] = lambda config, name: {}
    """Parameters that its record tells otherwise than params.yaml has them."""
    repeats: Callable[[Mapping[str, Any], str], bool] = lambda parameters, name: False
    """Whether an audit does one again that was run with these parameters: it is cheap, and reads nothing from afar."""
    needs: Callable[[Config, Any], dict[str, int]] = lambda config, name: {"cpu": 1, "memory": PROGRAM_GB}
    """What one occupies of the machine; memory in GB."""
    estimate: Callable[[Config, Any, str, Estimator, Path | None], Estimate] = no_estimate
    """What one will take, by its title; the last is the folder with past responses, where they are of this project."""
    libraries: tuple[str, ...] = ()
    """What a worker imports ahead: none that starts a thread, which a fork would lose (polars does)."""
