"""A model's folder as far as text goes: tokenizer, chat template, stop tokens and context, without its weights."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import transformers.utils.logging
from transformers import AutoConfig, AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase

from l2s.errors import CheckpointError, EngineError
from l2s.files import digest_text
from l2s.generation.engine import Prompt
from l2s.generation.prompts import prompt_ids, prompt_text, stop_tokens_of
from l2s.generation.settings import PromptParams, SamplingParams

FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
)
"""Everything in the folder that decides how text becomes ids and back."""


class ModelTokenizer:
    """Text to ids and back, the same for every engine."""

    def __init__(self, path: Path) -> None:
        """Read the folder.

        Raises:
            CheckpointError: transformers cannot make a tokenizer or a config of it.
        """
        transformers.utils.logging.disable_progress_bar()
        self.path = path
        try:
            self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(path)
            self.config: Any = AutoConfig.from_pretrained(path)
            generation = GenerationConfig.from_pretrained(path) if (path / "generation_config.json").is_file() else None
        except (OSError, ValueError, RuntimeError) as error:
            raise cannot_load(path, error) from None
        self.stops = stop_tokens_of(self.tokenizer, generation, self.config)
        self.digest = digest_text(_text_of(path))

    @property
    def context(self) -> int | None:
        """Most tokens of prompt and response together; None: no limit is stated."""
        most: int | None = getattr(self.config.get_text_config(), "max_position_embeddings", None)
        return most

    def prompt(self, problem: str, params: PromptParams) -> tuple[str, list[int]]:
        """Text and token ids of the prompt."""
        text = prompt_text(self.tokenizer, params, problem)
        return text, prompt_ids(self.tokenizer, params, text)

    def text(self, ids: list[int]) -> str:
        """Text of a response: special tokens shown, the final stop token left out."""
        shown = ids[:-1] if ids and ids[-1] in self.stops else ids
        return str(self.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def refuse_what_does_not_fit(self, prompts: Sequence[Prompt], sampling: SamplingParams) -> None:
        """The context limit is explicit: nothing is cut in silence.

        Raises:
            EngineError: the longest prompt and ``max_tokens`` exceed the context.
        """
        longest = max(prompts, key=lambda prompt: len(prompt.ids), default=None)
        most = self.context
        if longest and most and len(longest.ids) + sampling.max_tokens > most:
            raise EngineError(
                f"{longest.benchmark} {longest.problem_id}: {len(longest.ids)} prompt tokens and max_tokens "
                f"{sampling.max_tokens} exceed the model's context of {most}; lower max_tokens to "
                f"{most - len(longest.ids)}"
            )


def cannot_load(path: Path, error: Exception) -> CheckpointError:
    """The sentence for a folder that transformers refuses."""
    said = str(error).strip()
    return CheckpointError(
        f"{path}: transformers cannot load this folder: {said.splitlines()[0] if said else type(error).__name__}"
    )


def _text_of(path: Path) -> str:
    found = {name: (path / name).read_bytes().hex() for name in FILES if (path / name).is_file()}
    return json.dumps(found, sort_keys=True)
