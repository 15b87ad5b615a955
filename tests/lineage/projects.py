"""A tiny project: the repository's own code, dvc.yaml and models, few problems, two recipes."""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from l2s.core.progress import silent
from tasks.running.code import refresh
from tasks.stages import run_stage

ROOT = Path(__file__).resolve().parents[2]
CODE = ("l2s", "flows", "tasks")
STAGES = (
    "family", "problems@dev", "problems@test", "calibrate@activations", "merge@average", "merge@aim-ties",
    "generate@slow", "generate@average", "generate@aim-ties", "verify@slow", "verify@average", "verify@aim-ties",
    "analyse", "report",
)  # fmt: skip


def params(small: bool = False) -> dict[str, Any]:
    """The repository's parameters, shrunk; with ``small`` to one recipe."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())
    models = {name: {"source": "path", "path": f"given/{name}"} for name in ("base", "quick", "slow")}
    recipes = ["average"] if small else ["average", "aim-ties"]
    benchmark = {"source": "arithmetic", "per_level": 1, "seed": 0}
    return {
        "family": found["family"],
        "models": models,
        "benchmarks": {"dev": benchmark | {"split": "validation"}, "test": benchmark | {"split": "test"}},
        "calibration": {"activations": found["calibration"]["activations"] | {"samples": 2}},
        "recipes": {name: found["recipes"][name] for name in recipes},
        "controls": {"none": {"kind": "none"}},
        "runs": {name: found["runs"][name] for name in ["slow", *recipes]},
        "decoding": found["decoding"],
        "grading": found["grading"],
        "analysis": found["analysis"] | {"quick": None, "validation": "dev", "bootstrap": 100},
        "report": {"title": "Tiny", "examples": 1},
    }


def make_project(folder: Path, small: bool = False, copied: bool = False) -> Path:
    """Write the project's files; nothing is run. With ``copied`` it has its own copy of the code, not a link."""
    folder.mkdir(parents=True)
    for name in CODE:
        if copied:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / name).symlink_to(ROOT / name)
    return begin(folder, params(small))


def begin(folder: Path, params: dict[str, Any]) -> Path:
    """Write the models, dvc.yaml, params.yaml and code.lock of a project."""
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("base", "quick", "slow"):  # copies: the family stage links them, and tests change them in place
        shutil.copytree(ROOT / "data" / "models" / name, folder / "given" / name)
    write(params, folder)
    refresh(folder)
    return folder


def write(params: dict[str, Any], folder: Path = Path()) -> None:
    """Write a project's params.yaml."""
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def do(*stages: str) -> None:
    """Work the stages of the project in the current folder by their own functions, without DVC."""
    for stage in stages:
        kind, _, name = stage.partition("@")
        run_stage(kind, name or None, silent, lambda sentence: None)


def inputs_of(stage: str) -> set[str]:
    """What the record of a stage, ``merge/average``, says was read."""
    return {one["path"] for one in json.loads(Path(f"data/lineage/{stage}.json").read_text())["inputs"]}
