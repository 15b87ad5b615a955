"""A project with two runs of the embedded quick model on 24 easy problems: what a night measures in seconds."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from flows.nightly.night import run_night
from l2s.benchmarks.benchmark import BenchmarkParams, write_problems
from l2s.config import Config
from l2s.core.progress import silent
from l2s.nightly.night import accept_night

MODELS = Path(__file__).resolve().parents[3] / "data" / "models"
PARAMS: dict[str, Any] = {
    "family": {"seed": 0},
    "models": {"quick": {"source": "family"}},
    "benchmarks": {"easy": {"source": "arithmetic", "per_level": 24, "limit": 24}},
    "calibration": {},
    "recipes": {},
    "controls": {"none": {"kind": "none"}},
    "runs": {
        "quick": {"model": "models/quick", "control": "none"},
        "good": {"model": "models/good", "control": "none"},
    },
    "decoding": {"sampling": {"max_tokens": 40}},
    "grading": {"grader": "l2s"},
    "analysis": {},
    "report": {},
    "nightly": {"runs": ["quick", "good"], "bootstrap": 200},
}


def make_project(folder: Path, problems: int = 24) -> None:
    """The project, nothing measured yet; ``good`` is a copy of quick."""
    params = json.loads(json.dumps(PARAMS))
    params["models"]["good"] = {"source": "path", "path": "elsewhere"}
    params["benchmarks"]["easy"]["limit"] = problems
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    for name in ("quick", "good"):
        shutil.copytree(MODELS / "quick", folder / "data" / "models" / name)
    write_problems(
        "easy", BenchmarkParams(source="arithmetic", per_level=100, limit=problems),
        folder / "data" / "benchmarks" / "easy.jsonl",
    )  # fmt: skip


def make_accepted(folder: Path) -> None:
    """The project after its first night, which is accepted."""
    make_project(folder)
    now, data = datetime.now(UTC), folder / "data"
    found = run_night(Config.read(folder / "params.yaml"), data, folder / ".l2s", now, silent, lambda sentence: None)
    assert found.outcome == "first" and found.generated == 24, "equal weights under two names answer once"
    accept_night(data / "nightly", found.night, now)


def make_worse(folder: Path, name: str = "good") -> None:
    """Other weights under the same name: mostly the base, which solves a third of the problems."""
    from safetensors.torch import load_file, save_file

    own, base = (load_file(MODELS / model / "model.safetensors") for model in ("quick", "base"))
    merged = {
        tensor: (0.02 * own[tensor].float() + 0.98 * base[tensor].float()).to(own[tensor].dtype) for tensor in own
    }
    target = folder / "data" / "models" / name / "model.safetensors"
    target.unlink()
    save_file(merged, target, metadata={"format": "pt"})


def night(folder: Path, name: str) -> dict[str, Any]:
    """A night as it stands on disk."""
    found: dict[str, Any] = json.loads((folder / "data" / "nightly" / name / "night.json").read_text())
    return found
