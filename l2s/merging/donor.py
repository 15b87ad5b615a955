"""Whose config, tokenizer, chat template and generation config the merged model gets."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.tokenizer import knows_thinking
from l2s.errors import ConfigError
from l2s.files import write_json, write_text
from l2s.merging.recipe import MergeRecipe
from l2s.merging.vocabulary import add_tokens
from l2s.params import nearest

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""``chat_template: chatml``."""


@dataclass(frozen=True)
class Donor:
    """The model whose side files are taken, and why."""

    model: str
    """As the recipe names it."""
    reason: str


def choose_donor(recipe: MergeRecipe, models: Mapping[str, Checkpoint], asked: str | None = None) -> Donor:
    """The model that the recipe's ``tokenizer_source`` names, else ``asked``, else the reasoning model.

    ``tokenizer_source: union`` names none. The reasoning model is the only one that knows ``<think>``;
    where none or several do, it is the last one listed.

    Raises:
        ConfigError: the one asked for is not among the models.
    """
    source = recipe.token_source
    if source and (source != "union" or source in models):
        return Donor(_named(source, recipe, models), "tokenizer_source names it")
    if asked:
        return Donor(_named(asked, recipe, models), "it was asked for")
    thinking = [name for name, model in models.items() if knows_thinking(model.tokenizer_folder)]
    if len(thinking) == 1:
        return Donor(thinking[0], "the only model whose tokenizer or chat template knows <think>")
    return Donor(recipe.model_names()[-1], "the last model listed, which is where the reasoning model stands")


def _named(name: str, recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> str:
    if name in models:
        return name
    if name == "base" and recipe.base_model:
        return recipe.base_model
    raise ConfigError(f"tokenizer_source: '{name}' is not among the models{nearest(name, [*models, 'base', 'union'])}")


def write_side_files(
    folder: Path,
    donor: Checkpoint,
    *,
    dtype: str | None,
    tied: bool,
    rows: int | None,
    chat_template: str | None,
    added_tokens: Sequence[Mapping[str, Any]] = (),
) -> list[str]:
    """Write config, tokenizer, chat template and generation config into ``folder``; returns their names.

    Args:
        folder: where to.
        donor: where from.
        dtype: torch's name of the format the weights have, None if they have several.
        tied: is the embedding also the head?
        rows: rows of the embedding.
        chat_template: written instead of the donor's.
        added_tokens: to append to the donor's tokenizer.
    """
    files = donor.side_files
    if "auto_map" in donor.config:  # the architecture's code lies beside the weights
        files += sorted(donor.path.glob("*.py"))
    for file in files:
        shutil.copyfile(file, folder / file.name)
    write_json(folder / "config.json", _config(donor.config, dtype, tied, rows))
    if chat_template not in (None, "auto"):
        _replace_template(folder, CHATML if chat_template == "chatml" else chat_template)
    if added_tokens:
        add_tokens(folder, added_tokens)
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".safetensors")


def _config(config: Mapping[str, Any], dtype: str | None, tied: bool, rows: int | None) -> dict[str, Any]:
    written = {key: value for key, value in config.items() if key != "_name_or_path"}
    written["tie_word_embeddings"] = tied
    if dtype:
        written["dtype" if "dtype" in config else "torch_dtype"] = dtype
    if rows is not None and "vocab_size" in config:
        written["vocab_size"] = rows
    return written


def _replace_template(folder: Path, template: str) -> None:
    """Write the chat template, and take the old one out of the tokenizer's config."""
    write_text(folder / "chat_template.jinja", template)
    (folder / "chat_template.json").unlink(missing_ok=True)
    file = folder / "tokenizer_config.json"
    if file.is_file():
        config = json.loads(file.read_text(encoding="utf-8"))
        config.pop("chat_template", None)
        write_json(file, config)
