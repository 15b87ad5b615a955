"""The transformers engine: any causal language model of transformers, on a CPU or one GPU."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM

from l2s.errors import EngineError
from l2s.generation.cache import blocks
from l2s.generation.decoding import Request, decode
from l2s.generation.engine import Generated, Prompt
from l2s.generation.forced import delimiters_of
from l2s.generation.memory import free_memory, ran_out, rows_that_fit
from l2s.generation.sampling import stream_for
from l2s.generation.settings import ControlParams, PromptParams, SamplingParams
from l2s.generation.tokenizer import ModelTokenizer, Written, cannot_load

REVISION = 2
"""Raised when a change here or in the decoding loop changes responses: stored ones then no longer hit."""
THREADS = 1
"""Measured on two cores with models up to 0.5 B: two processes of one thread each are 1.7 times as
fast as one of two, and one thread does not collapse when another process is busy. Being fixed, it
also keeps every sum in one order."""


class TransformersEngine:
    """One model in float32 on the CPU (in its own dtype on a GPU), decoded row by row."""

    def __init__(self, path: Path, device: str = "cpu", rows_at_once: int = 128) -> None:
        torch.set_num_threads(THREADS)
        self._words = ModelTokenizer(path)
        dtype = torch.float32 if device == "cpu" else "auto"
        try:
            model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, use_safetensors=True)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise cannot_load(path, error) from None
        kinds = set(getattr(model.config, "layer_types", None) or ["full_attention"])
        if kinds != {"full_attention"}:
            raise EngineError(
                f"{path}: layers of kind {', '.join(sorted(kinds))}; this engine runs full attention only"
            )
        self.model = model.to(device).eval()
        self.device, self.rows_at_once = device, rows_at_once
        self.tokenizer, self.stops = self._words.tokenizer, self._words.stops
        self.tokenizer_digest = self._words.digest
        self.name = f"transformers {transformers.__version__} torch {torch.__version__.split('+')[0]} r{REVISION}"

    def prompt(self, problem: str, params: PromptParams) -> Written:
        """The prompt as text and as token ids."""
        return self._words.prompt(problem, params)

    def text(self, ids: list[int]) -> str:
        """Text of a response: special tokens shown, the final stop token left out."""
        return self._words.text(ids)

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: ControlParams, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        if not prompts:
            return
        delimiters = delimiters_of(self.tokenizer, style, control)
        length = blocks(max(len(prompt.ids) for prompt in prompts) + sampling.max_tokens)
        rows = rows_that_fit(
            self.model.config.get_text_config(), self.model.dtype.itemsize, length, free_memory(self.device),
            self.rows_at_once,
        )  # fmt: skip
        left = dict(enumerate(prompts))
        while left:
            # A row that is begun anew draws the same numbers and depends on no other: it ends as it would have.
            requests = [self._request(index, prompt, sampling) for index, prompt in left.items()]
            try:
                for done in decode(self.model, requests, sampling, control, delimiters, self.stops, rows):
                    del left[done.index]
                    yield Generated(
                        done.index, done.ids, done.finish, done.closed, done.think_tokens, done.tokens, done.limit
                    )
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error):
                    raise
                if rows == 1:
                    raise EngineError(
                        "memory ran out with a single response at a time; lower max_tokens or free memory"
                    ) from error  # fmt: skip
                rows //= 2

    def _request(self, index: int, prompt: Prompt, sampling: SamplingParams) -> Request:
        stream = stream_for(sampling.seed, prompt.benchmark, prompt.problem_id, prompt.sample)
        return Request(index, prompt.ids, stream, self._words.room(prompt.ids, sampling), prompt.opened)
