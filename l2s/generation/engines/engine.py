"""Engines: what turns prompts into responses. One protocol, one meaning of every control."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from l2s.generation.controls.control import Control
from l2s.generation.controls.transcript import Transcript
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.prompts.tokenizer import ModelTokenizer
from l2s.generation.settings import PromptParams, SamplingParams

if TYPE_CHECKING:
    from torch import Tensor

Weights = Mapping[str, "Tensor"] | Path
"""A model's weights, all of them: by name as they are stored, or the folder in which they are."""
RELOADED = " reloaded"
"""Behind the name of an engine that took other weights in place, until a probe has shown that it answers with them."""


@dataclass(frozen=True)
class Generated:
    """One response, token ids with the stop token."""

    index: int
    """Place of the prompt in the sequence given."""
    ids: list[int]
    finish: str
    closed: bool
    think_tokens: int
    tokens: int
    """All that was generated, trials and dropped text included."""
    limit: str | None = None
    """What cut the response or its thinking: ``max_tokens``, ``context``, ``max_answer``, ``max_think``."""

    @classmethod
    def of(cls, index: int, transcript: Transcript) -> Self:
        """The response that a transcript has become."""
        if transcript.finish is None:
            raise RuntimeError("a row that goes on was taken for a finished one")
        thinking = transcript.thinking
        return cls(
            index, transcript.ids, transcript.finish, thinking.closed, thinking.tokens, transcript.tokens,
            transcript.limit,
        )  # fmt: skip


class Engine(Protocol):
    """A loaded model."""

    name: str
    """With versions, as it goes into rows and store keys."""
    notes: tuple[str, ...]
    """What the user should know of the model in this engine."""

    @property
    def words(self) -> ModelTokenizer:
        """The model's text to ids and back."""
        ...

    def generate(
        self, prompts: Sequence[Prompt], sampling: SamplingParams, control: Control, style: PromptParams
    ) -> Iterator[Generated]:
        """Responses in the order in which they finish."""
        ...

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        """Take the weights of another model with the same config and tokenizer, without a start.

        Args:
            weights: to be taken.
            digest: of the model that has them.
            proven: a probe has shown that responses after a reload are those of a fresh engine. Without it the name
                says ``reloaded``, so that a store keeps them under keys of their own.

        Raises:
            EngineError: they cannot be taken in place, and nothing was changed: start an engine from their folder.
        """
        ...

    def close(self) -> None:
        """Give memory back; nothing is asked of it afterwards."""
        ...
