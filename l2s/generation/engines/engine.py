"""Engines: what turns prompts into responses. One protocol, one meaning of every control."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from l2s.errors import EngineError
from l2s.generation.prompts.tokenizer import Written
from l2s.generation.settings import ControlParams, PromptParams, SamplingParams
from l2s.params import nearest


class Prompt(NamedTuple):
    """What one response is generated from."""

    benchmark: str
    problem_id: str
    sample: int
    ids: list[int]
    opened: bool = False
    """The prompt leaves thinking open."""
    quoted: bool = False
    """It holds a thinking delimiter that is a text like any other: earlier versions took it for one."""


@dataclass(frozen=True)
class Generated:
    """One response, token ids with the stop token."""

    index: int
    """Of the prompt in the sequence given."""
    ids: list[int]
    finish: str
    closed: bool
    think_tokens: int
    tokens: int
    """All that was generated, trials and dropped text included."""
    limit: str | None = None
    """What cut the response or its thinking: ``max_tokens``, ``context``, ``max_answer``, ``max_think``."""


class Engine(Protocol):
    """A loaded model."""

    name: str
    """With versions, as it goes into rows and store keys."""
    tokenizer_digest: str
    notes: tuple[str, ...]
    """What the user should know of the model in this engine."""

    def prompt(self, problem: str, params: PromptParams) -> Written:
        """The prompt as text and as token ids."""
        ...

    def text(self, ids: list[int]) -> str:
        """Text of a response: special tokens shown, the final stop token left out."""
        ...

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: ControlParams, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        ...


ENGINES = ("auto", "transformers", "vllm")


def load_engine(
    name: str,
    model: Path,
    device: str,
    rows_at_once: int,
    *,
    threads: int = 1,
    tensor_parallel_size: int = 1,
    data_parallel_size: int = 1,
) -> Engine:
    """Load ``model`` into the engine called ``name``; ``auto`` takes vLLM where it is installed and can run it.

    Args:
        threads: of the CPU, vLLM only.
        tensor_parallel_size: GPUs that share one copy of the model, vLLM only.
        data_parallel_size: copies of the model on GPUs of their own, vLLM only.

    Raises:
        CheckpointError: the folder cannot be read.
        EngineError: no such engine, or it cannot run this model here.
    """
    if name not in ENGINES:
        raise EngineError(f"engine '{name}' is not known{nearest(name, ENGINES)}")
    refuse_device(device)
    if name != "vllm" and not (name == "auto" and vllm_takes(model, device)):
        from l2s.generation.engines.transformers.engine import TransformersEngine

        return TransformersEngine(model, device, rows_at_once)
    from l2s.generation.engines.vllm.engine import VllmEngine

    engine = VllmEngine(model, device, rows_at_once, threads=threads, tensor_parallel_size=tensor_parallel_size)
    if device == "cpu" or data_parallel_size == 1:
        return engine
    from l2s.generation.engines.vllm.copies import VllmCopies, visible_gpus

    return VllmCopies(engine, visible_gpus(tensor_parallel_size, data_parallel_size))


def refuse_device(device: str) -> None:
    """Refuse a device that is none, or that is not here.

    Raises:
        EngineError: it is not ``cpu``, ``cuda`` or ``cuda:N``, or torch has no such GPU.
    """
    import torch

    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (":" in device and (kind == "cpu" or not number.isdecimal())):
        raise EngineError(f"device {device!r}: expected cpu, cuda, or cuda:N for one GPU of several")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise EngineError(
            f"device {device}: torch {torch.__version__} sees {torch.cuda.device_count()} GPUs here; use cpu, or "
            "install a build of torch for this machine's GPUs"
        )


def vllm_takes(model: Path, device: str) -> bool:
    """What ``auto`` asks: vLLM is installed, nothing switches it off, and it can run this model on ``device``."""
    from l2s.generation.engines.vllm.support import build, switched_off, why_not

    if switched_off() or build() is None:
        return False
    from l2s.generation.prompts.tokenizer import ModelTokenizer

    return why_not(model, ModelTokenizer(model).config, device) is None
