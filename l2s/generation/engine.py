"""Engines: what turns prompts into responses. One protocol, one meaning of every control."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from l2s.errors import EngineError
from l2s.generation.settings import ControlParams, PromptParams, SamplingParams
from l2s.params import nearest


class Prompt(NamedTuple):
    """What one response is generated from."""

    benchmark: str
    problem_id: str
    sample: int
    ids: list[int]


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


class Engine(Protocol):
    """A loaded model."""

    name: str
    """With versions, as it goes into rows and store keys."""
    tokenizer_digest: str

    def prompt(self, problem: str, params: PromptParams) -> tuple[str, list[int]]:
        """Text and token ids of the prompt."""
        ...

    def text(self, ids: list[int]) -> str:
        """Text of a response: special tokens shown, the final stop token left out."""
        ...

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: ControlParams, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        ...


ENGINES = ("auto", "transformers")


def load_engine(name: str, model: Path, device: str, rows_at_once: int) -> Engine:
    """Load ``model`` into the engine called ``name``; ``auto`` takes the fastest that is installed.

    Raises:
        EngineError: no such engine.
    """
    if name not in ENGINES:
        raise EngineError(f"engine '{name}' is not known{nearest(name, ENGINES)}")
    from l2s.generation.transformers_engine import TransformersEngine

    return TransformersEngine(model, device, rows_at_once)
