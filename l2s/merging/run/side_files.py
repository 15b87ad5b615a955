"""The files of a merged folder beside its weights: the donor's, changed where the merge changes what they say."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.dtypes import TORCH_NAMES
from l2s.checkpoints.files.json_file import read_object
from l2s.checkpoints.model.language import with_dtype, with_rows, with_tie
from l2s.checkpoints.model.tokenizer import GENERATION_CONFIG
from l2s.core.files import write_json, write_text
from l2s.merging.plan.merge_plan import Layout
from l2s.merging.plan.tensors import only_dtype, tie_flag_of
from l2s.merging.recipe.templates import template_of

PROCESSORS = ("preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json")
"""What a model of several parts needs beside its tokenizer."""


def write_side_files(folder: Path, layout: Layout, chat_template: str | None) -> list[str]:
    """Write config, tokenizer, chat template and generation config into ``folder``; returns their names.

    Args:
        folder: where to.
        layout: says where from: the donor; where that has none, tokenizer and chat template come from another model.
        chat_template: as the recipe asks for it.
    """
    models = layout.vocabulary.models
    donor, tokenizer = models[layout.donor.model], models[layout.donor.tokenizer]
    files = donor.side_files
    if tokenizer is not donor:
        there = {file.name for file in files} | {GENERATION_CONFIG}
        files = [*(file for file in tokenizer.side_files if file.name not in there), *files]
    files += [donor.path / name for name in PROCESSORS if (donor.path / name).is_file()]
    if "auto_map" in donor.config:  # the architecture's code lies beside the weights
        files += sorted(donor.path.glob("*.py"))
    for file in files:
        shutil.copyfile(file, folder / file.name)
    write_json(folder / "config.json", _config(layout, donor))
    if (template := template_of(chat_template, models, layout.donor.tokenizer)) is not None:
        _replace_template(folder, template)
    if layout.vocabulary.added:
        _add_tokens(folder, layout.vocabulary.added)
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".safetensors")


def _config(layout: Layout, donor: Checkpoint) -> dict[str, Any]:
    """The donor's, or that of other layers, with the result's format, tie and rows."""
    written = {key: value for key, value in (layout.config or donor.config).items() if key != "_name_or_path"}
    dtype = only_dtype(layout.tensors)
    written = with_dtype(with_tie(written, tie_flag_of(layout.tensors, donor)), TORCH_NAMES[dtype] if dtype else None)
    rows = next((plan.shape[0] for plan in layout.tensors if plan.name == donor.embedding), None)
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


def _add_tokens(folder: Path, added: Sequence[Mapping[str, Any]]) -> None:
    """Append tokens to the tokenizer files in ``folder``.

    Args:
        folder: holds a ``tokenizer.json``, and perhaps files of older tokenizers beside it.
        added: entries of ``added_tokens``, with ids behind all that are there.
    """
    tokenizer = read_object(folder / "tokenizer.json")
    tokenizer["added_tokens"] = [*(tokenizer.get("added_tokens") or []), *added]
    write_text(folder / "tokenizer.json", json.dumps(tokenizer, ensure_ascii=False) + "\n")
    by_id = {str(token["id"]): {k: v for k, v in token.items() if k != "id"} for token in added}
    _extend(folder / "tokenizer_config.json", "added_tokens_decoder", by_id)
    _extend(folder / "added_tokens.json", None, {token["content"]: token["id"] for token in added})


def _extend(file: Path, key: str | None, entries: Mapping[str, Any]) -> None:
    """Add entries to a mapping in a JSON file, where both are there."""
    if not file.is_file():
        return
    content = read_object(file)
    if key is None:
        write_json(file, content | dict(entries))
    elif key in content:
        write_json(file, content | {key: content[key] | dict(entries)})
