"""The vocabulary of a merged model: its rows, and the tokenizer that names them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.files.json_file import read_object
from l2s.checkpoints.vocabulary import Vocabulary, Way, align_vocabulary
from l2s.core.files import write_json, write_text
from l2s.merging.recipe import MergeRecipe
from l2s.merging.recipe.tokens import token_rows


def merged_vocabulary(recipe: MergeRecipe, models: Mapping[str, Checkpoint], donor: str) -> Vocabulary:
    """The recipe's models in the rows of the merged vocabulary.

    Args:
        recipe: the merge.
        models: by the recipe's names, as they are.
        donor: whose tokenizer the result gets.

    Raises:
        CheckpointError: rows shall be aligned by token, and the donor has no ``tokenizer.json``; or a token shall
            take the row of one that its model lacks.
        ConfigError: a token shall take a row of a model that is not merged.
    """
    ways: dict[str | None, Way] = {None: "ids", "union": "union"}
    multiple = recipe.tokenizer.pad_to_multiple_of if recipe.tokenizer else None
    way = ways.get(recipe.token_source, "donor")
    rows = token_rows(recipe.tokenizer.tokens if recipe.tokenizer else None, models, recipe.base_model)
    return align_vocabulary(models, donor, way, base=recipe.base_model, pad_to_multiple_of=multiple, rows=rows)


def add_tokens(folder: Path, added: Sequence[Mapping[str, Any]]) -> None:
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
