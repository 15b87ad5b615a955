"""Donors: whose config, tokenizer and chat template the merged model gets, and why."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checkpoint import TOKENIZER_FILES
from l2s.files import write_json
from l2s.merging.recipe import MergeRecipe

COPIED = ("generation_config.json", *TOKENIZER_FILES)


class Donor(NamedTuple):
    """The model that gives everything but the weights."""

    name: str
    reason: str


def choose_donor(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> Donor:
    """The recipe's tokenizer_source; else the reasoning model: the last listed that knows ``</think>``."""
    if recipe.tokenizer_source is not None:
        name = recipe.base_model if recipe.tokenizer_source == "base" and recipe.base_model else recipe.tokenizer_source
        return Donor(name, "tokenizer_source of the recipe")
    listed = [model.model for model in recipe.models]
    thinking = [name for name in listed if _knows_thinking(models[name].path)]
    if thinking:
        return Donor(thinking[-1], "the last model listed whose tokenizer knows </think>")
    return Donor(listed[-1], "the last model listed; no tokenizer knows </think>")


def copy_from_donor(donor: Checkpoint, out: Path, *, dtype: str, tied: bool, chat_template: str | None) -> None:
    """Config, generation config, tokenizer and chat template; dtype and tie flag as the result has them."""
    config = dict(donor.config)
    config["dtype" if "torch_dtype" not in config else "torch_dtype"] = dtype
    config["tie_word_embeddings"] = tied
    write_json(out / "config.json", config)
    for name in COPIED:
        if (donor.path / name).is_file():
            shutil.copyfile(donor.path / name, out / name)
    if chat_template not in (None, "auto"):
        (out / "chat_template.jinja").write_text(str(chat_template), encoding="utf-8")


def _knows_thinking(folder: Path) -> bool:
    for name in ("tokenizer.json", "tokenizer_config.json", "added_tokens.json"):
        file = folder / name
        if file.is_file() and "</think>" in json.dumps(file.read_text(encoding="utf-8", errors="replace")):
            return True
    return False
