"""A model's folder as far as text goes: tokenizer, chat template, stop tokens and context, without its weights."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import transformers.utils.logging
from transformers import AutoConfig, GenerationConfig

from l2s.checkpoints.files.json_file import read_object
from l2s.checkpoints.model.language import refuse_layers
from l2s.core.digests import BLAKE3, digest_text
from l2s.core.errors import CheckpointError, line_of
from l2s.foreign_code import needs_own_code
from l2s.generation.prompts.text import prompt_ids, prompt_text, stop_tokens_of
from l2s.generation.settings import PromptParams, SamplingParams
from l2s.templates import ChatTemplate
from l2s.thinking import leaves_open
from l2s.tokenizing import open_tokenizer, tokenizing

FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
)
"""Everything in the folder that decides how text becomes ids and back."""


class Written(NamedTuple):
    """A prompt."""

    text: str
    ids: list[int]
    opened: bool
    """Its generation prompt or prefill opened thinking."""
    quoted: bool
    """A delimiter that stands elsewhere in it would say otherwise."""


class ModelTokenizer:
    """Text to ids and back, the same for every engine."""

    def __init__(self, path: Path) -> None:
        """Read the folder.

        Raises:
            CheckpointError: transformers cannot make a tokenizer or a config of it, or it has no room for a token.
        """
        transformers.utils.logging.disable_progress_bar()
        self.path = path
        if not (path / "config.json").is_file():  # transformers would look for it on the hub
            raise CheckpointError(f"{path}: no model folder; expected one with config.json, tokenizer and weights")
        refuse_layers(path, read_object(path / "config.json"))
        try:
            self.config: Any = AutoConfig.from_pretrained(path, trust_remote_code=False)
            generation = GenerationConfig.from_pretrained(path) if (path / "generation_config.json").is_file() else None
        except Exception as error:  # a config may be wrong in as many ways as there are architectures
            said = needs_own_code(path) or f"{path}: transformers cannot load this folder: {line_of(error)}"
            raise CheckpointError(said) from None
        if self.context is not None and self.context < 1:
            where = f"{path / 'config.json'}: max_position_embeddings"
            raise CheckpointError(f"{where}: expected a number of tokens from 1, found {self.context}")
        self.tokenizer = open_tokenizer(path)
        self.template = ChatTemplate(self.tokenizer)
        self.stops = stop_tokens_of(self.tokenizer, generation, self.config)
        self.digest = tokenizer_digest(path)

    @property
    def ordinary(self) -> list[int]:
        """Ids of the model's tokens that stand for text alone: no end, no image."""
        vocabulary = getattr(self.config.get_text_config(), "vocab_size", None) or len(self.tokenizer)
        special = {*self.tokenizer.added_tokens_decoder, *self.tokenizer.all_special_ids, *self.stops}
        return [token for token in range(min(vocabulary, len(self.tokenizer))) if token not in special]

    @property
    def context(self) -> int | None:
        """The largest number of tokens of prompt and response, as the config states it; None: it states none."""
        limit: int | None = getattr(self.config.get_text_config(), "max_position_embeddings", None)
        return limit

    def context_left(self, prompt: Sequence[int], sampling: SamplingParams) -> int | None:
        """What ``prompt`` leaves of the context for a response, in tokens; 0 or less: nothing. None: no limit."""
        limit = sampling.context if sampling.context is not None else self.context
        return None if limit is None else limit - len(prompt)

    def whole_length(self, prompt: Sequence[int], sampling: SamplingParams) -> int:
        """The largest number of tokens of ``prompt`` and a response to it."""
        left = self.context_left(prompt, sampling)
        return len(prompt) + (sampling.max_tokens if left is None else min(sampling.max_tokens, left))

    def prompt(self, problem: str, params: PromptParams) -> Written:
        """The prompt as text and as token ids.

        Raises:
            CheckpointError: the tokenizer gives ids that the model has no embedding for.
            EngineError: there is no chat template, or it fails.
        """
        found = prompt_text(self.template, params, problem)
        with tokenizing(self.tokenizer):
            ids = prompt_ids(self.tokenizer, params, found.text)
        vocabulary = getattr(self.config.get_text_config(), "vocab_size", None)
        if vocabulary is not None and max(ids) >= vocabulary:
            raise CheckpointError(
                f"{self.path}: the tokenizer gives token {max(ids)}, and the model has embeddings for {vocabulary}; "
                "tokenizer and weights are not of the same model"
            )
        as_whole, opened = (leaves_open(part, params.opening, params.closing) for part in found)
        return Written(found.text, ids, opened, as_whole != opened)

    def text(self, ids: list[int]) -> str:
        """Text of a response: special tokens shown, the final stop token left out."""
        shown = ids[:-1] if ids and ids[-1] in self.stops else ids
        return str(self.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def length(self, text: str) -> int:
        """Tokens of ``text`` when it is tokenised anew, the tokenizer's own special tokens included."""
        with tokenizing(self.tokenizer):
            return len(self.tokenizer(text)["input_ids"])


def tokenizer_digest(path: Path, algorithm: str = BLAKE3) -> str:
    """Digest of a model folder's tokenizer files: names and bytes."""
    found = {name: (path / name).read_bytes().hex() for name in FILES if (path / name).is_file()}
    return digest_text(json.dumps(found, sort_keys=True), algorithm)
