"""What a run of generation depends on: prompt, sampling, engine and length control."""

import datetime
from typing import ClassVar, Literal, Self

from pydantic import Field, JsonValue, model_validator

from l2s.core.params import Params, Renamed
from l2s.templates import DATE, RESERVED

GREEDY_BELOW = 1e-5
"""Temperatures below this take the likeliest token."""


class PromptParams(Params):
    """How a problem is put to the model."""

    style: Literal["chat", "plain", "qwen25-math-cot", "cot"] = "chat"
    """``chat``: the tokenizer's chat template; ``plain``: the text of ``template`` as it stands; ``qwen25-math-cot``
    and ``cot``: the L2S paper's two prompts, see :mod:`l2s.generation.prompts.paper`."""
    system: str | None = None
    """chat, qwen25-math-cot: the system's turn; null: none, or the paper's."""
    date: datetime.date = DATE
    """chat: what the template takes for today (``strftime_now``), so that no prompt depends on when it is made."""
    template_kwargs: dict[str, JsonValue] = {}
    """chat: variables of the model's own template, e.g. ``enable_thinking: false`` or ``reasoning_effort: high``."""
    template: str = "{problem}"
    """The user's turn; ``{problem}`` is replaced."""
    examples: Literal["auto", "gsm8k", "math", "minerva_math"] = "auto"
    """cot: the set of worked examples; ``auto``: by the benchmark's name."""
    shots: int | None = Field(None, ge=0)
    """cot: how many of the set's examples, from its first; null: all."""
    stop: tuple[str, ...] = ()
    """Texts that end a response, besides stop tokens and the style's own; none of them is part of the response."""
    prefill: str = ""
    """Text put after the generation prompt, as R1's newer templates put ``<think>``."""
    opening: str = Field("<think>", min_length=1)
    closing: str = Field("</think>", min_length=1)

    def with_delimiters(self, text: str) -> str:
        """``text`` with ``{opening}`` and ``{closing}`` replaced."""
        return text.replace("{opening}", self.opening).replace("{closing}", self.closing)

    @model_validator(mode="after")
    def _template_takes_them(self) -> Self:
        """Variables are for a chat template, and none of them is one that the template is rendered with anyway."""
        taken = [name for name in self.template_kwargs if name in RESERVED or not name.isidentifier()]
        if taken:
            raise ValueError(f"template_kwargs: {', '.join(map(repr, taken))} cannot be given; expected variables of "
                             "the model's own chat template, such as enable_thinking")  # fmt: skip
        if self.template_kwargs and self.style != "chat":
            raise ValueError(f"template_kwargs are for style chat; style {self.style} uses no chat template")
        return self


class SamplingParams(Params):
    """vLLM's names and meanings."""

    temperature: float = Field(0.0, ge=0)
    """0: greedy."""
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0)
    """0: all tokens."""
    max_tokens: int = Field(32_768, ge=1)
    """The largest number of tokens generated for one response, thinking and forced text included. The default leaves
    the limit to the model's context, up to what reasoning models are published with."""
    context: int | None = Field(None, ge=1)
    """The largest number of tokens of prompt and response (vLLM's max_model_len); null: the model's own limit. A
    response that it cuts says so in ``limit``; a prompt that leaves no room has an empty one."""
    samples: int = Field(1, ge=1, le=10_000)
    """Responses per problem."""
    seed: int = Field(0, ge=-(2**63), lt=2**63)
    """Each (problem, sample) draws from a stream of its own made of this."""

    @property
    def greedy(self) -> bool:
        """No randomness is involved; temperatures too small to divide by are 0, as vLLM has it."""
        return self.temperature < GREEDY_BELOW


class DecodingParams(Params):
    """Engine, prompt and sampling of a run."""

    earlier_keys: ClassVar = {"rows_at_once": Renamed("max_batch_size")}

    engine: str = "auto"
    """auto: vLLM where it is installed and can run the model, otherwise transformers; or one of these by name."""
    device: str = "cpu"
    max_batch_size: int = Field(128, ge=1)
    """The largest number of rows in a batch; it bounds memory and changes no response."""
    threads: int = Field(1, ge=1)
    """vLLM on a CPU: threads; the transformers engine has one, which is measured and keeps every sum in one order."""
    tensor_parallel_size: int = Field(1, ge=1)
    """vLLM on GPUs: so many share each copy of the model; no effect on a CPU."""
    data_parallel_size: int = Field(1, ge=1)
    """vLLM on GPUs: so many copies of the model, each with its share of the problems; no effect on a CPU."""
    prompt: PromptParams = PromptParams()
    sampling: SamplingParams = SamplingParams()

    def with_sampling(self, own: SamplingParams | None) -> Self:
        """These settings with what ``own`` says of sampling; what it leaves out stays as it is here."""
        given = {name: getattr(own, name) for name in own.model_fields_set} if own is not None else {}
        return self.model_copy(update={"sampling": self.sampling.model_copy(update=given)})
