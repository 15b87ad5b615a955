"""The transformers engine: any causal language model of transformers, on a CPU or one GPU."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
import transformers.utils.logging
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from l2s.errors import CheckpointError, EngineError
from l2s.files import digest_text
from l2s.generation.decoding import Request, decode
from l2s.generation.engine import Generated, Prompt
from l2s.generation.forced import delimiters_of
from l2s.generation.prompts import prompt_ids, prompt_text, stop_tokens_of
from l2s.generation.sampling import stream_for
from l2s.generation.settings import ControlParams, PromptParams, SamplingParams

REVISION = 1
"""Raised when a change here or in the decoding loop changes responses: stored ones then no longer hit."""
THREADS = 1
"""Measured on two cores with models up to 0.5 B: two processes of one thread each are 1.7 times as
fast as one of two, and one thread does not collapse when another process is busy. Being fixed, it
also keeps every sum in one order."""


class TransformersEngine:
    """One model in float32 on the CPU (in its own dtype on a GPU), decoded row by row."""

    def __init__(self, path: Path, device: str = "cpu", rows_at_once: int = 128) -> None:
        torch.set_num_threads(THREADS)
        transformers.utils.logging.disable_progress_bar()
        dtype = torch.float32 if device == "cpu" else "auto"
        try:
            self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(path)
            model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, use_safetensors=True)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise CheckpointError(f"{path}: transformers cannot load this folder: {_first_line(error)}") from None
        kinds = set(getattr(model.config, "layer_types", None) or ["full_attention"])
        if kinds != {"full_attention"}:
            raise EngineError(
                f"{path}: layers of kind {', '.join(sorted(kinds))}; this engine runs full attention only"
            )
        self.model = model.to(device).eval()
        self.rows_at_once = rows_at_once
        self.stops = stop_tokens_of(self.tokenizer, model.generation_config, model.config)
        self.name = f"transformers {transformers.__version__} torch {torch.__version__.split('+')[0]} r{REVISION}"
        self.tokenizer_digest = digest_text(_tokenizer_text(path))

    def prompt(self, problem: str, params: PromptParams) -> tuple[str, list[int]]:
        """Text and token ids of the prompt."""
        text = prompt_text(self.tokenizer, params, problem)
        return text, prompt_ids(self.tokenizer, params, text)

    def text(self, ids: list[int]) -> str:
        """Text of a response: special tokens shown, the final stop token left out."""
        shown = ids[:-1] if ids and ids[-1] in self.stops else ids
        return str(self.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: ControlParams, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        requests = [
            Request(index, prompt.ids, stream_for(sampling.seed, prompt.benchmark, prompt.problem_id, prompt.sample))
            for index, prompt in enumerate(prompts)
        ]
        self._refuse_what_does_not_fit(prompts, sampling)
        delimiters = delimiters_of(self.tokenizer, style, control)
        for done in decode(self.model, requests, sampling, control, delimiters, self.stops, self.rows_at_once):
            yield Generated(done.index, done.ids, done.finish, done.closed, done.think_tokens, done.tokens)

    def _refuse_what_does_not_fit(self, prompts: Sequence[Prompt], sampling: SamplingParams) -> None:
        """The context limit is explicit: nothing is cut in silence."""
        most: Any = getattr(self.model.config, "max_position_embeddings", None)
        longest = max(prompts, key=lambda prompt: len(prompt.ids), default=None)
        if longest and most and len(longest.ids) + sampling.max_tokens > most:
            raise EngineError(
                f"{longest.benchmark} {longest.problem_id}: {len(longest.ids)} prompt tokens and max_tokens "
                f"{sampling.max_tokens} exceed the model's context of {most}; lower max_tokens to "
                f"{most - len(longest.ids)}"
            )


def _tokenizer_text(path: Path) -> str:
    """Everything in the folder that decides how text becomes ids and back."""
    names = (
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "vocab.json",
        "merges.txt",
        "tokenizer.model",
    )
    found = {name: (path / name).read_bytes().hex() for name in names if (path / name).is_file()}
    return json.dumps(found, sort_keys=True)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
