"""The tokenizer files of a model folder, and its vocabulary as token strings and ids."""

from pathlib import Path
from typing import Any

from l2s.checkpoints.files.json_file import read_object, section
from l2s.core.errors import CheckpointError

TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "tokenizer.model", "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json",
)  # fmt: skip
"""What a folder may hold of its tokenizer and chat template."""

VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
"""One of them makes a tokenizer."""

GENERATION_CONFIG = "generation_config.json"
THINK = "<think>"


def side_files(folder: Path) -> list[Path]:
    """Tokenizer, chat template and generation config files that are there."""
    return [folder / name for name in (*TOKENIZER_FILES, GENERATION_CONFIG) if (folder / name).is_file()]


def has_tokenizer(folder: Path) -> bool:
    """Does a tokenizer lie there?"""
    return any((folder / name).is_file() for name in VOCABULARIES)


def read_vocabulary(folder: Path) -> dict[int, str] | None:
    """Token string by id, added tokens included; None where no ``tokenizer.json`` holds a vocabulary.

    Raises:
        CheckpointError: ``tokenizer.json`` is damaged.
    """
    file = folder / "tokenizer.json"
    if not file.is_file():
        return None
    content = read_object(file)
    vocabulary = section(content, "model").get("vocab")
    if vocabulary is None:
        return None
    try:
        if isinstance(vocabulary, dict):  # BPE and WordPiece: string to id
            strings = {int(number): token for token, number in vocabulary.items()}
        else:  # Unigram: a list of string and score
            strings = {number: token for number, (token, _) in enumerate(vocabulary)}
        strings.update({int(token["id"]): token["content"] for token in content.get("added_tokens") or []})
        if not all(isinstance(token, str) for token in strings.values()):
            raise TypeError
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise CheckpointError(f"{file}: holds no vocabulary as the tokenizers library writes it") from None
    return strings


def read_added_tokens(folder: Path) -> dict[str, dict[str, Any]]:
    """The entries of ``added_tokens`` in ``tokenizer.json``, by token string."""
    entries = read_object(folder / "tokenizer.json").get("added_tokens") or []
    return {entry["content"]: entry for entry in entries}


def knows_thinking(folder: Path) -> bool:
    """Does the tokenizer or chat template know ``<think>``?"""
    texts = [file for file in side_files(folder) if file.name != GENERATION_CONFIG and file.suffix != ".model"]
    return any(THINK in file.read_text(encoding="utf-8", errors="replace") for file in texts)
