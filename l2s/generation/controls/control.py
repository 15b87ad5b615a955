"""The protocol of a length control: the parameters of one kind, and what the kind answers when it is asked.

A kind is one file in ``kinds/``: a subclass of :class:`Control` (or of one of the other classes here) with its own
parameters, which overrides the methods in which it differs. Nothing else needs to know of it: the state machine
(:mod:`l2s.generation.controls.transcript`) asks these methods, and both engines are driven by the state machine.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field

from l2s.core.kinds import Kind
from l2s.core.params import Renamed
from l2s.generation.controls.asking import Answer, FirstQuestion, Progress, Solution
from l2s.generation.controls.delimiters import Delimiters
from l2s.generation.controls.probe import Probe
from l2s.generation.controls.speller import Speller
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import DecodingParams, PromptParams

if TYPE_CHECKING:
    from torch import Tensor


class Control(Kind):
    """One length control, as ``controls:`` in params.yaml or a YAML file states it.

    Lengths are tokens. Text is tokenised apart from the response; where the tokenizer cannot write it, it is
    taken with a leading space. The fields here are the budget, which stands under every kind.
    """

    kind: str
    max_think: int | None = Field(None, ge=0)
    """The largest number of thinking tokens of the transcript (required by ``budget``)."""
    max_answer: int = Field(256, ge=1)
    """The largest number of tokens after a control closed thinking, the forced text not counted."""
    answer_prefix: str = "\n\n**Final Answer**\n"
    """Text forced after the closing delimiter, so that an answer follows and not more thinking. Under early_exit,
    entropy_stop and fractured it is two newlines, as DEER has it. A default that the tokenizer cannot write is left
    out."""
    close_prefix: str = ""
    """Text forced before the closing delimiter (s1 and DEER have a newline there)."""

    decides_while_writing: ClassVar[bool] = False
    """The kind may act at any token, and so an engine has to stop where it might."""
    traces: ClassVar[bool] = False
    """A response is a trace: it ends where its thinking does, and :meth:`rows` writes answers from parts of it."""
    asks: ClassVar[frozenset[str]] = frozenset()
    """Parameters that decide what is asked and not how a prompt is answered: the prompt itself tells."""
    added: ClassVar[frozenset[str]] = frozenset({"close_prefix"})
    """Parameters that came later: where one is not set, stored responses are found under the key without it."""

    @classmethod
    def parse(cls, found: Any, where: str) -> Self:
        """A control of any kind, or of this kind where one is asked; see :meth:`l2s.core.params.Params.parse`."""
        if cls is not Control:
            return super().parse(found, where)
        control: Self = import_module("l2s.generation.controls.union").parse_control(found, where)
        return control

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """The parameters that a block of this kind may have, the kind's own first."""
        own = [key for key in cls.model_fields if key not in ThinkingControl.model_fields]
        shared = [key for key in ThinkingControl.model_fields if key in cls.model_fields and key != "kind"]
        return (*own, *shared)

    @property
    def takes_whole_response(self) -> bool:
        """Whether a response that opens no thinking counts as thinking as a whole."""
        return False

    @property
    def acts_on_thinking(self) -> bool:
        """Whether the control needs to know where thinking begins and ends."""
        return True

    @property
    def stops_somewhere(self) -> bool:
        """Whether the control may act while a response is written."""
        return self.max_think is not None or self.decides_while_writing

    def identity(self) -> dict[str, Any]:
        """What a response depends on besides its prompt. It is part of the store's keys, and names no folder."""
        left_out = {*self.asks, *(key for key in self.added if not getattr(self, key))}
        return self.model_dump(exclude=left_out)

    def refuse(self, decoding: DecodingParams) -> None:
        """Raise a ConfigError where the control and the way of decoding make no sense together."""

    def prompt(self, prompt: PromptParams) -> PromptParams:
        """The prompt as the control wants it."""
        return prompt

    def first_question(self) -> FirstQuestion | None:
        """What is asked before the problem is, if anything."""
        return None

    def with_words(self, delimiters: Delimiters, speller: Speller) -> Delimiters:
        """``delimiters`` with what the control looks for and writes, as token ids."""
        return delimiters

    def closes(self, response: Progress) -> bool:
        """Whether thinking, which goes on, is closed after the last token of ``response``."""
        return False

    def drops_end(self, think_tokens: int, dropped: int) -> bool:
        """Whether an end of thinking after so many tokens is taken back, ``dropped`` of them having been before."""
        return False

    def steers(self, think_tokens: int) -> bool:
        """Whether :meth:`raise_close` is asked at the next token of thinking."""
        return False

    def tokens_until_it_steers(self, think_tokens: int) -> int:
        """Thinking tokens that come for certain before that changes; 0: it does not change."""
        return 0

    def raise_close(self, logits: "Tensor", close_ids: tuple[int, ...]) -> "Tensor":
        """Logits with those of the tokens that close thinking raised, ``[rows, vocabulary]``; the input stays."""
        return logits

    def trial(self, response: Progress) -> int | None:
        """Whether an answer is tried out now, and how many of the last tokens wait for its outcome; None: no trial."""
        return None

    def new_probe(self, delimiters: Delimiters, stops: frozenset[int]) -> Probe:
        """The trial answer that :meth:`trial` asks for."""
        raise NotImplementedError(f"control {self.kind} tries no answers out")

    def ends_thinking(self, probe: Probe, trials: int) -> bool:
        """Whether a trial answer that is written, the so many-th, ends thinking."""
        return False

    @property
    def rows_per_sample(self) -> int:
        """Rows that one sample becomes."""
        return 1

    def rows(
        self, answer: Answer, prompts: Sequence[Prompt], decoding: DecodingParams, delimiters: Delimiters
    ) -> Iterator[Solution]:
        """The rows of all samples, where a response is a trace."""
        raise NotImplementedError(f"a response under control {self.kind} is its own row")


class ThinkingControl(Control):
    """A control that acts on thinking; it can be told to take a whole response for thinking."""

    thinking_scope: Literal["delimited", "response"] = "delimited"
    """``delimited``: thinking is what stands between the delimiters, and a response that never opens any is left as
    it is, with ``think_tokens`` 0. ``response``: one that does not begin with the opening delimiter counts as thinking
    as a whole, up to its end. A control that ends such thinking forces ``answer_prefix`` alone; the row says ``closed:
    false`` only where the limit of all tokens cut it."""
    earlier_keys: ClassVar = {"whole_text": Renamed("thinking_scope", {True: "response", False: "delimited"})}

    @property
    def takes_whole_response(self) -> bool:
        """See ``thinking_scope``."""
        return self.thinking_scope == "response"

    def identity(self) -> dict[str, Any]:
        """The store's keys have the parameter under its earlier name, so that stored responses stay found."""
        found = super().identity()
        del found["thinking_scope"]
        return {**found, "whole_text": True} if self.takes_whole_response else found


ControlParams = Control
"""Its name in the public API, ``l2s.ControlParams``."""
