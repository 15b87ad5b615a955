"""The vLLM engine: the same prompts, controls and rows as the transformers engine, decoded by vLLM.

vLLM decodes runs of tokens (rounds); the control's decisions are taken by the same code as in the other
engine (:mod:`l2s.generation.controls.rounds`). A round that continues a text finds it in vLLM's prefix cache. Only
a control that steers (eot_temperature) acts within a round, as a logits processor.

In float32 greedy responses are those of the transformers engine. Sampled ones are not: each round has a
seed of its own, made of the run's seed, problem, sample and the number of the round, and vLLM draws with it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from l2s.core.errors import CheckpointError, EngineError
from l2s.core.seeds import seed_for
from l2s.generation.controls.control import Control
from l2s.generation.controls.probe import Likeliest
from l2s.generation.controls.rounds import Round, append_round, next_round
from l2s.generation.controls.transcript import Transcript
from l2s.generation.controls.words import delimiters_of
from l2s.generation.engines.engine import RELOADED, Engine, Generated, Weights
from l2s.generation.engines.gpus import share_gpus
from l2s.generation.engines.vllm.copies import VllmCopies
from l2s.generation.engines.vllm.environment import build
from l2s.generation.engines.vllm.support import why_not
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import DecodingParams, PromptParams, SamplingParams

REVISION = 1
"""Raised when a change here changes responses: stored ones then no longer hit."""
REHEARSED = 4
"""Tokens of the text whose continuation shows whether the model's logits are numbers."""
STEP = 256
"""The context that vLLM is started for is a multiple of this, so that a few more tokens start nothing anew."""


def load(path: Path, decoding: DecodingParams) -> Engine:
    """The engine, in a process of its own; on GPUs in as many as there are copies of it.

    Raises:
        EngineError: it cannot run this model here, or there are too few GPUs.
    """
    kind = decoding.device.partition(":")[0]  # a copy sees its own GPUs alone, and counts them from none
    each, copies = decoding.tensor_parallel_size, decoding.data_parallel_size
    make = partial(VllmEngine, path, kind, decoding.max_batch_size, threads=decoding.threads, tensor_parallel_size=each)
    sizes = f"tensor_parallel_size {each} times data_parallel_size {copies}"
    devices = [""] if kind == "cpu" else share_gpus(decoding.device, each, copies, sizes)
    return VllmCopies(make, devices, path)


class VllmEngine:
    """One model in float32 on the CPU (in its own dtype on GPUs); vLLM starts with the first response asked for."""

    def __init__(
        self, path: Path, device: str = "cpu", max_batch_size: int = 128, *, threads: int = 1,
        tensor_parallel_size: int = 1,
    ) -> None:  # fmt: skip
        """Read the folder.

        Raises:
            EngineError: vLLM is not installed, or does not run this model on this device.
        """
        self.words = ModelTokenizer(path)
        if reason := why_not(path, self.words.config, device):
            raise EngineError(f"engine 'vllm': {reason}")
        version, _ = build() or ("", "")
        many = f" threads {threads}" if device == "cpu" and threads > 1 else ""
        self._fresh = f"vllm {version} torch {torch.__version__.split('+')[0]} r{REVISION}{many}"
        self.name = self._fresh
        self.notes: tuple[str, ...] = ()
        self._path, self._device = path, device
        self._rows, self._threads, self._gpus = max_batch_size, threads, tensor_parallel_size
        self._runner: Any = None

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: Control, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        if not prompts:
            return
        delimiters = delimiters_of(self.words.tokenizer, style, control)
        engine = self._started(max(self.words.whole_length(prompt.ids, sampling) for prompt in prompts))

        def transcript_of(prompt: Prompt) -> Transcript:
            left = self.words.context_left(prompt.ids, sampling)
            return Transcript(control, delimiters, self.words.stops, sampling.max_tokens, left, prompt.opened)

        rows = (_Row(index, prompt, transcript_of(prompt)) for index, prompt in enumerate(prompts))
        yield from _decode(engine, rows, sampling, self._rows)

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        """Take the weights in a folder, see :class:`~l2s.generation.engines.engine.Engine`; the folder must stay."""
        if not isinstance(weights, Path):
            raise EngineError("vLLM takes weights from a folder alone; write them into one")
        if self._runner is not None:
            from l2s.generation.engines.vllm.reloading import reload_weights

            tied = bool(getattr(self.words.config.get_text_config(), "tie_word_embeddings", False))
            try:
                packed = tied and self._device == "cpu"
                reload_weights(self._runner.engine, weights, digest, packed_tied_head=packed)
            except BaseException:
                self.close()  # what it holds is half of each; it starts again with the next response
                raise
        self._path = weights
        self.name = self._fresh + ("" if proven else RELOADED)

    def close(self) -> None:
        """Stop vLLM, if it runs; the next response starts it again."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _started(self, context: int) -> Any:
        from l2s.generation.engines.vllm.runner import Runner, Shape

        if self._runner is not None and self._runner.shape.context < context:
            self.close()
        if self._runner is None:
            rounded = -(-context // STEP) * STEP
            most = min(rounded, self.words.context or rounded)
            shape = Shape(most, self._rows, self._threads, self._gpus)
            self._runner = Runner(self._path, self.words.config, self._device, shape)
            _refuse_nan(self._path, self._runner.engine, self.words.ordinary[:REHEARSED])
        return self._runner.engine


def _refuse_nan(path: Path, engine: Any, ids: list[int]) -> None:
    """Ask for one token and its probability.

    Raises:
        CheckpointError: it is no number.
    """
    from vllm import SamplingParams as VllmParams

    params = VllmParams(temperature=0.0, max_tokens=1, logprobs=1, ignore_eos=True, detokenize=False)
    engine.add_request("rehearsal", {"prompt_token_ids": ids}, params)
    outputs = [output for output in engine.step() if output.finished]
    while not outputs:
        outputs = [output for output in engine.step() if output.finished]
    told = [entry.logprob for place in outputs[0].outputs[0].logprobs or () for entry in place.values()]
    if not told or any(map(math.isnan, told)):
        raise CheckpointError(
            f"{path}: the model's logits are not numbers (NaN); fetch or make the model again; engine 'transformers' "
            "names the weights"
        )


@dataclass
class _Row:
    index: int
    prompt: Prompt
    transcript: Transcript
    rounds: int = 0
    asked: Round | None = None

    def seed(self, sampling: SamplingParams) -> int:
        prompt = self.prompt
        return seed_for(
            sampling.seed, "sample", prompt.benchmark, prompt.problem_id, prompt.sample, "round", self.rounds
        )  # fmt: skip


def _decode(engine: Any, waiting: Iterator[_Row], sampling: SamplingParams, most: int) -> Iterator[Generated]:
    """Keep ``most`` rows in vLLM; a row's next round enters as soon as its last one is taken."""
    live: dict[str, _Row] = {}
    try:
        while True:
            for row in islice(waiting, most - len(live)):
                yield from _ask(engine, live, row, sampling)
            if not live:
                return
            for output in engine.step():
                if output.finished:
                    row = live.pop(output.request_id)
                    _take(row, output.outputs[0])
                    yield from _ask(engine, live, row, sampling)
    finally:
        if live:
            engine.abort_request(list(live))


def _ask(engine: Any, live: dict[str, _Row], row: _Row, sampling: SamplingParams) -> Iterator[Generated]:
    """Give a row's next round to vLLM; yield the response where there is none."""
    row.asked = next_round(row.transcript)
    if row.asked is None:
        yield Generated.of(row.index, row.transcript)
        return
    name = f"{row.index}-{row.rounds}"
    ids = row.prompt.ids + row.transcript.text
    engine.add_request(name, {"prompt_token_ids": ids}, _params(row, row.asked, sampling))
    live[name] = row
    row.rounds += 1


def _params(row: _Row, asked: Round, sampling: SamplingParams) -> Any:
    from vllm import SamplingParams as VllmParams
    from vllm.sampling_params import RequestOutputKind

    from l2s.generation.engines.vllm.steering import steering

    sampled: dict[str, Any] = {"temperature": 0.0}
    if asked.samples and not sampling.greedy:
        sampled = {
            "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k,
            "seed": row.seed(sampling),
        }  # fmt: skip
    return VllmParams(
        **sampled, max_tokens=asked.max_tokens, stop_token_ids=sorted(asked.ends), ignore_eos=True,
        logprobs=asked.top_k or None, detokenize=False, output_kind=RequestOutputKind.FINAL_ONLY,
        extra_args=steering(asked.close_ids, row.transcript.control) if asked.close_ids else None,
    )  # fmt: skip


def _take(row: _Row, output: Any) -> None:
    if row.asked is None:
        raise RuntimeError("vLLM answered a row that had not asked")
    if not output.token_ids:
        raise EngineError(
            f"{row.prompt.benchmark} {row.prompt.problem_id}: vLLM ended without a token ({output.finish_reason}); "
            "engine 'transformers' may answer it"
        )
    likeliest = [_likeliest(place, row.asked.top_k) for place in output.logprobs or ()]
    append_round(row.transcript, row.asked, list(output.token_ids), likeliest)


def _likeliest(place: dict[int, Any], count: int) -> Likeliest:
    """Equal ones come in the order of their ids; the one chosen, which vLLM gives too, is not among them for itself."""
    found = sorted(((token, entry.logprob) for token, entry in place.items()), key=lambda one: (-one[1], one[0]))
    return [(token, math.exp(logprob)) for token, logprob in found[:count]]
