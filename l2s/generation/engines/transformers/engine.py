"""The transformers engine: any causal language model of transformers, on a CPU or one GPU."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import transformers

from l2s.causal_lm import load_causal_lm, not_a_number, quiet
from l2s.core.errors import CheckpointError, EngineError
from l2s.generation.controls.control import Control
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.words import delimiters_of
from l2s.generation.engines.engine import RELOADED, Generated, Weights
from l2s.generation.engines.memory import free_memory, ran_out, rows_that_fit
from l2s.generation.engines.transformers.cache import blocks
from l2s.generation.engines.transformers.choosing import choose_path
from l2s.generation.engines.transformers.decoding import NotANumber, Request, decode
from l2s.generation.engines.transformers.forward import Forward
from l2s.generation.engines.transformers.own_forward import decode_one_by_one
from l2s.generation.engines.transformers.reloading import copy_weights
from l2s.generation.engines.transformers.sampling import stream_for
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import DecodingParams, PromptParams, SamplingParams

REVISION = 3
"""Raised when a change here or in the decoding loop changes responses: stored ones then no longer hit."""
THREADS = 1
"""Measured on two cores with models up to 0.5 B: two processes of one thread each are 1.7 times as
fast as one of two, and one thread does not collapse when another process is busy. Being fixed, it
also keeps every sum in one order."""


def load(path: Path, decoding: DecodingParams) -> "TransformersEngine":
    """The engine; threads and parallel copies are vLLM's."""
    return TransformersEngine(path, decoding.device, decoding.max_batch_size)


class TransformersEngine:
    """One model in float32 on the CPU (in its own dtype on a GPU), decoded row by row.

    Which path decodes it is found out at once, by comparing logits with the model's own; see
    :mod:`l2s.generation.engines.transformers.choosing`.
    """

    def __init__(self, path: Path, device: str = "cpu", max_batch_size: int = 128) -> None:
        torch.set_num_threads(THREADS)
        self.path, self.words = path, ModelTokenizer(path)
        loaded = load_causal_lm(path, torch.float32 if device == "cpu" else "auto")
        self.model = loaded.model.to(device)
        self.device, self.max_batch_size = device, max_batch_size
        with quiet():
            chosen = choose_path(path, self.model, self.words.ordinary)
        self.forward = chosen.path
        self.notes = (*loaded.notes, *([chosen.note] if chosen.note else []))
        version = torch.__version__.split("+")[0]
        self._fresh = f"transformers {transformers.__version__} torch {version} r{REVISION}{chosen.name}"
        self.name = self._fresh

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: Control, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        if not prompts:
            return
        delimiters = delimiters_of(self.words.tokenizer, style, control)
        rows = self._rows(prompts, sampling)
        left = set(range(len(prompts)))
        while left:
            # A row that is begun anew draws the same numbers and depends on no other: it ends as it would have.
            again = [self._request(index, prompts[index], sampling) for index in sorted(left)]
            try:
                for done in self._decode(again, sampling, control, delimiters, rows):
                    left.remove(done.index)
                    yield done
            except NotANumber:
                raise CheckpointError(f"{self.path}: {not_a_number(self.model)}") from None
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error):
                    raise
                if rows == 1:
                    raise EngineError(
                        "memory ran out with a single response at a time; lower max_tokens or free memory"
                    ) from error  # fmt: skip
                rows //= 2

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        """Take the weights of another model with the same config and tokenizer, see :class:`~.engine.Engine`."""
        copy_weights(self.model, weights)
        self.name = self._fresh + ("" if proven else RELOADED)

    def close(self) -> None:
        """Its memory goes with it: nothing runs beside it."""

    def _decode(
        self, requests: Sequence[Request], sampling: SamplingParams, control: Control, delimiters: Delimiters,
        rows: int,
    ) -> Iterator[Generated]:  # fmt: skip
        if isinstance(self.forward, Forward):
            return decode(self.forward, requests, sampling, control, delimiters, self.words.stops, rows)
        return decode_one_by_one(self.forward, requests, sampling, control, delimiters, self.words.stops)

    def _rows(self, prompts: Sequence[Prompt], sampling: SamplingParams) -> int:
        """How many go at once: as many as memory holds when all are as long as they may become."""
        if not isinstance(self.forward, Forward):
            return 1
        longest = max(self.words.whole_length(prompt.ids, sampling) for prompt in prompts)
        return rows_that_fit(self.forward.bytes_a_token, blocks(longest), free_memory(self.device), self.max_batch_size)

    def _request(self, index: int, prompt: Prompt, sampling: SamplingParams) -> Request:
        stream = stream_for(sampling.seed, prompt.benchmark, prompt.problem_id, prompt.sample)
        return Request(index, prompt.ids, stream, self.words.context_left(prompt.ids, sampling), prompt.opened)
