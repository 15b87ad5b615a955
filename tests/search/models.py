"""The embedded family, as it is and with heads of their own, and merges of it."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from l2s.benchmarks.arithmetic import problem_rows
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.engine import Engine, Generated
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import PromptParams, SamplingParams
from l2s.merging.recipe import MergeRecipe

FAMILY = Path(__file__).parents[2] / "data/models"
NAMES = ("base", "quick", "slow")
MOST = 110
"""Tokens of an answer: half of slow's are shorter, and what is cut must be the same too."""


def family(folder: Path, tied: bool) -> dict[str, Path]:
    """base, quick and slow; untied, each with a head that is a copy of its embedding."""
    if tied:
        return {name: FAMILY / name for name in NAMES}
    return {name: untied(FAMILY / name, folder / name) for name in NAMES}


def untied(model: Path, out: Path) -> Path:
    shutil.copytree(model, out)
    weights = load_file(out / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    return out


def arithmetic(quick: Any, slow: Any, dtype: str = "bfloat16") -> dict[str, Any]:
    models = [{"model": name, "parameters": {"weight": weight}} for name, weight in (("quick", quick), ("slow", slow))]
    return {"merge_method": "task_arithmetic", "base_model": "base", "models": models, "dtype": dtype}


def ranged(low: float = 0.2, high: float = 0.6) -> dict[str, Any]:
    """The line of recipes from quick to slow, by the share of slow."""
    return arithmetic({"rest": "s"}, {"name": "s", "low": low, "high": high})


def recipe(quick: float, slow: float, dtype: str = "bfloat16") -> MergeRecipe:
    return MergeRecipe.parse(arithmetic(quick, slow, dtype), "recipe")


def prompts(engine: Engine, per_level: int = 6) -> list[Prompt]:
    """Five times ``per_level``."""
    rows = problem_rows("b", 0, "test", per_level)
    return [Prompt("b", row["id"], 0, engine.words.prompt(row["problem"], PromptParams())[1]) for row in rows]


def answers(engine: Engine, asked: Sequence[Prompt], control: Control | None = None) -> list[Generated]:
    found = engine.generate(asked, SamplingParams(max_tokens=MOST), control or NoControl(), PromptParams())
    return sorted(found, key=lambda one: one.index)


def alike(one: Sequence[Generated], other: Sequence[Generated]) -> int:
    return sum(first == second for first, second in zip(one, other, strict=True))
