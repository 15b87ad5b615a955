"""Whose config, tokenizer, chat template and generation config the merged model gets."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.checks.compatible import Finding
from l2s.checkpoints.files.json_file import read_object
from l2s.checkpoints.model.language import with_dtype, with_rows, with_tie
from l2s.checkpoints.model.tokenizer import GENERATION_CONFIG, has_tokenizer, knows_thinking
from l2s.core.errors import ConfigError
from l2s.core.files import write_json, write_text
from l2s.core.params import nearest
from l2s.merging.plan.vocabulary import add_tokens
from l2s.merging.recipe import MergeRecipe

PROCESSORS = ("preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json")
"""What a model of several parts needs beside its tokenizer."""


@dataclass(frozen=True)
class Donor:
    """The model whose side files are taken, and why."""

    model: str
    """As the recipe names it."""
    reason: str
    tokenizer: str = ""
    """The model whose tokenizer is taken; another one where this has none."""

    def findings(self) -> list[Finding]:
        """What should be said of it."""
        if self.tokenizer == self.model:
            return []
        return [Finding(f"{self.model} has no tokenizer; that of {self.tokenizer}, the last model with one, is taken")]


def choose_donor(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> Donor:
    """The model that the recipe's ``tokenizer_source`` names, else the reasoning model.

    ``tokenizer_source: union`` names none. The reasoning model is the only one that knows ``<think>``;
    where none or several do, it is the last one listed. Where it has no tokenizer, the last model that has one
    gives its own.

    Raises:
        ConfigError: the one that is named is not among the models.
    """
    chosen = _chosen(recipe, models)
    having = [name for name, model in models.items() if has_tokenizer(model.tokenizer_folder)]
    named = recipe.token_source not in (None, "union")  # then its tokens are meant
    tokenizer = chosen.model if named or chosen.model in having else next(reversed(having), chosen.model)
    return replace(chosen, tokenizer=tokenizer)


def _chosen(recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> Donor:
    source = recipe.token_source
    if source and (source != "union" or source in models):
        return Donor(_named(source, recipe, models), "tokenizer_source names it")
    thinking = [name for name, model in models.items() if knows_thinking(model.tokenizer_folder)]
    if len(thinking) == 1:
        return Donor(thinking[0], "the only model whose tokenizer or chat template knows <think>")
    last = recipe.models[-1].model if recipe.slices else recipe.model_names()[-1]
    return Donor(last, "the last model listed, which is where the reasoning model stands")


def _named(name: str, recipe: MergeRecipe, models: Mapping[str, Checkpoint]) -> str:
    if name in models:
        return name
    if name == "base" and recipe.base_model:
        return recipe.base_model
    raise ConfigError(f"tokenizer_source: '{name}' is not among the models{nearest(name, [*models, 'base', 'union'])}")


def write_side_files(
    folder: Path,
    donor: Checkpoint,
    tokenizer: Checkpoint,
    *,
    dtype: str | None,
    tied: bool | None,
    rows: int | None,
    chat_template: str | None,
    added_tokens: Sequence[Mapping[str, Any]] = (),
    config: Mapping[str, Any] | None = None,
) -> list[str]:
    """Write config, tokenizer, chat template and generation config into ``folder``; returns their names.

    Args:
        folder: where to.
        donor: where from.
        tokenizer: where tokenizer and chat template come from, where the donor has none.
        dtype: torch's name of the format the weights have, None if they have several.
        tied: what the config says of embedding and head; None for nothing.
        rows: rows of the embedding.
        chat_template: a Jinja text, written instead of the donor's.
        added_tokens: to append to the donor's tokenizer.
        config: in place of the donor's, where the result has other layers.
    """
    files = donor.side_files
    if tokenizer is not donor:
        there = {file.name for file in files} | {GENERATION_CONFIG}
        files = [*(file for file in tokenizer.side_files if file.name not in there), *files]
    files += [donor.path / name for name in PROCESSORS if (donor.path / name).is_file()]
    if "auto_map" in donor.config:  # the architecture's code lies beside the weights
        files += sorted(donor.path.glob("*.py"))
    for file in files:
        shutil.copyfile(file, folder / file.name)
    write_json(folder / "config.json", _config(donor, config or donor.config, dtype, tied, rows))
    if chat_template is not None:
        _replace_template(folder, chat_template)
    if added_tokens:
        add_tokens(folder, added_tokens)
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".safetensors")


def _config(
    donor: Checkpoint, config: Mapping[str, Any], dtype: str | None, tied: bool | None, rows: int | None
) -> dict[str, Any]:
    written = {key: value for key, value in config.items() if key != "_name_or_path"}
    written = with_dtype(with_tie(written, tied), dtype)
    return written if rows is None else with_rows(written, rows, donor.rows)


def _replace_template(folder: Path, template: str) -> None:
    """Write the chat template, and take the old one out of the tokenizer's config."""
    write_text(folder / "chat_template.jinja", template)
    (folder / "chat_template.json").unlink(missing_ok=True)
    file = folder / "tokenizer_config.json"
    if file.is_file():
        config = read_object(file)
        config.pop("chat_template", None)
        write_json(file, config)
