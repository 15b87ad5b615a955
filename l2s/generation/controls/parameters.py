"""What a length control takes: one flat YAML block, its keys chosen by ``kind``."""

from typing import Any, Literal

from pydantic import Field, model_validator

from l2s.params import Params, nearest

Kind = Literal[
    "none", "budget", "min_think", "eot_temperature", "early_exit", "no_think", "prompt", "entropy_stop",
    "cothink", "fractured",
]  # fmt: skip

BUDGET = ("max_think", "max_answer", "answer_prefix", "close_prefix")
"""A budget stands under any kind but ``none``."""
OWN: dict[str, tuple[str, ...]] = {
    "none": (),
    "budget": (*BUDGET, "whole_text"),
    "min_think": ("min_think", "ignores", "continuation", *BUDGET, "whole_text"),
    "eot_temperature": ("form", "value", "min_think", "top_k_gate", *BUDGET, "whole_text"),
    "early_exit": (
        "transitions", "probe", "probe_tokens", "probe_closes", "mean", "threshold", "max_probes", *BUDGET,
        "whole_text",
    ),
    "no_think": ("prefill", *BUDGET),
    "prompt": ("style", "tokens", "estimate", "estimate_tokens", *BUDGET, "whole_text"),
    "entropy_stop": (
        "separator", "every", "probe", "probe_tokens", "candidates", "alpha", "max_probes", *BUDGET, "whole_text",
    ),
    "cothink": ("outliner", "outline_tokens", *BUDGET, "whole_text"),
    "fractured": ("depths", "solutions", *BUDGET, "whole_text"),
}  # fmt: skip
"""The keys of each kind."""
DEFAULTS: dict[str, dict[str, Any]] = {
    "early_exit": {"probe": "\n**Final Answer**\n\\boxed", "probe_tokens": 20, "answer_prefix": "\n\n"},
    "entropy_stop": {
        "probe": "{closing}\n\n**Final Answer**\n\\boxed{", "probe_tokens": 10, "answer_prefix": "\n\n",
    },
    "fractured": {"max_answer": 2048, "answer_prefix": "\n\n"},
}  # fmt: skip
"""Where a kind's default is not the field's."""
VALUES = {"gap": (0.0, 1.0), "bias": (0.0, float("inf")), "divide": (1e-6, 1.0)}
"""Allowed values of eot_temperature's forms."""


class ControlParams(Params):
    """One length control, as ``controls:`` in params.yaml or a YAML file states it.

    Lengths are tokens. Text is tokenised apart from the response; where the tokenizer cannot write it, it is
    taken with a leading space. Unless ``whole_text`` is set, a control acts only on a response that opens
    thinking: one that never does is left as it is, with ``think_tokens`` 0.
    """

    kind: Kind = "none"
    max_think: int | None = Field(None, ge=0)
    """Most thinking tokens of the transcript (required by ``budget``)."""
    max_answer: int = Field(256, ge=1)
    """Most tokens after a control closed thinking, the forced text not counted."""
    answer_prefix: str = "\n\n**Final Answer**\n"
    """Text forced after the closing delimiter, so that an answer follows and not more thinking. Under early_exit,
    entropy_stop and fractured two newlines, as DEER has it. A default that the tokenizer cannot write is left out."""
    close_prefix: str = ""
    """Text forced before the closing delimiter (s1 and DEER have a newline there)."""
    whole_text: bool = False
    """A response that does not begin with the opening delimiter counts as thinking as a whole, up to its end.
    A control that ends such thinking forces ``answer_prefix`` alone; the row says ``closed: false`` only where
    the limit of all tokens cut it."""

    min_think: int = Field(0, ge=0)
    """min_think: thinking tokens before which thinking may not end. eot_temperature: before which it does not act."""
    ignores: int = Field(0, ge=0)
    """min_think: the first so many ends of thinking are dropped, however late (s1's unit)."""
    continuation: str = Field("Wait", min_length=1)
    """min_think: text put where an end was dropped."""

    form: Literal["gap", "bias", "divide"] = "gap"
    """eot_temperature: see :mod:`l2s.generation.controls.kinds.eot_temperature`; ``gap`` changes no greedy choice."""
    value: float | None = None
    """eot_temperature: T of ``gap`` (0 to 1) and ``divide`` (above 0, to 1); b of ``bias`` (0 or more)."""
    top_k_gate: int | None = Field(None, ge=1)
    """eot_temperature: act only where the closing token is among the so many likeliest (the study: 5)."""

    transitions: tuple[str, ...] = Field(("Wait",), min_length=1)
    """early_exit: words at which the answer is tried out."""
    probe: str = Field("\n**Final Answer**\n\\boxed", min_length=1)
    """early_exit, entropy_stop: text before a trial answer; ``{opening}`` and ``{closing}`` are replaced."""
    probe_tokens: int = Field(20, ge=1)
    """early_exit, entropy_stop: most tokens of a trial answer."""
    probe_closes: bool = False
    """early_exit: a trial goes on to where the model itself closes thinking, and one that does not get there has
    confidence 0 (DEER for Qwen3)."""
    mean: Literal["geometric", "arithmetic", "min"] = "geometric"
    """early_exit: how the probabilities of a trial answer's tokens become its confidence."""
    threshold: float = Field(0.95, ge=0, le=1)
    """early_exit: thinking ends where the confidence is above this."""
    max_probes: int | None = Field(None, ge=1)
    """early_exit, entropy_stop: thinking ends at the so many-th trial, whatever it says (DEER's code: 10)."""

    prefill: str = Field("{opening}\n\n{closing}\n\n", min_length=1)
    """no_think: thinking as the prompt has it; ``{opening}`` and ``{closing}`` are replaced."""

    style: Literal["concise", "chain-of-draft", "token-budget"] | None = None
    """prompt: the instruction put behind the problem."""
    tokens: int | None = Field(None, ge=1)
    """prompt: the number that style token-budget states; with ``estimate``, where the model gives none."""
    estimate: bool = False
    """prompt: the model is first asked how many tokens style token-budget is to state (TALE-EP); this call's tokens
    are counted in ``tokens``. See :mod:`l2s.generation.controls.kinds.styles`."""
    estimate_tokens: int = Field(32, ge=1)
    """prompt: most tokens of the estimate."""

    separator: str = Field("\n\n", min_length=1)
    """entropy_stop: text that ends a paragraph."""
    every: int = Field(50, ge=1)
    """entropy_stop: fewest thinking tokens between two trials."""
    candidates: int = Field(5, ge=2)
    """entropy_stop: how many answers are tried out."""
    alpha: float = Field(0.3, ge=0, le=1)
    """entropy_stop: thinking ends where the answers' mean entropy is below this share of the largest."""

    outliner: str | None = Field(None, min_length=1)
    """cothink: folder of the model that writes the outline. See :mod:`l2s.generation.controls.kinds.styles`."""
    outline_tokens: int = Field(128, ge=1)
    """cothink: most tokens of the outline."""

    depths: int = Field(16, ge=1)
    """fractured: at how many evenly spaced depths a trace of thinking is cut, its end included (H).
    See :mod:`l2s.generation.controls.kinds.fractured`."""
    solutions: int = Field(4, ge=1)
    """fractured: how many answers are drawn at each cut (m), each of at most ``max_answer`` tokens."""

    @model_validator(mode="before")
    @classmethod
    def _keys_are_the_kinds(cls, found: Any) -> Any:
        """Refuse keys of other kinds; fill in the kind's own defaults."""
        if not isinstance(found, dict) or str(found.get("kind", "none")) not in OWN:
            return found
        kind = str(found.get("kind", "none"))
        wrong = [str(key) for key in found if key != "kind" and key not in OWN[kind]]
        if not wrong:
            return {**DEFAULTS.get(kind, {}), **found}
        if not OWN[kind]:
            raise ValueError(f"kind {kind} takes no parameters")
        hints = ", ".join(f"'{key}'{_suggestion(key, OWN[kind])}" for key in wrong)
        raise ValueError(f"kind {kind} takes {', '.join(OWN[kind])}, and not {hints}")

    @model_validator(mode="after")
    def _parameters_fit_together(self) -> "ControlParams":
        problems = [*_missing(self)]
        if self.kind == "min_think" and self.max_think is not None and self.min_think > self.max_think:
            problems.append(f"min_think {self.min_think} is more than max_think {self.max_think}")
        if self.kind == "eot_temperature" and self.value is not None:
            low, high = VALUES[self.form]
            if not low <= self.value <= high:
                bounds = "of 0 or more" if high > 1 else f"{'above' if low else 'from'} 0 and up to 1"
                problems.append(f"form {self.form} takes a value {bounds}")
        if self.kind == "prompt" and self.style not in (None, "token-budget") and self.tokens is not None:
            problems.append(f"style {self.style} takes no tokens")
        if self.kind == "prompt" and self.style != "token-budget" and self.estimate:
            problems.append("estimate is for style token-budget")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def is_default(self, key: str) -> bool:
        """``key`` is what it is where nothing is said."""
        return bool(getattr(self, key) == DEFAULTS.get(self.kind, {}).get(key, type(self).model_fields[key].default))

    @property
    def thinks(self) -> bool:
        """It acts on thinking, and so has to know its delimiters."""
        return self.kind not in ("none", "prompt", "cothink") or self.max_think is not None

    def identity(self) -> dict[str, Any]:
        """What a response depends on besides its prompt: the budget, and what else the kind takes; no folder's name."""
        own = {"kind", *BUDGET, *OWN[self.kind]} - {
            key for key in ("whole_text", "close_prefix", "probe_closes") if not getattr(self, key)
        }
        own -= {"outliner", "outline_tokens", "depths", "solutions", "estimate", "estimate_tokens"}
        return self.model_dump(include=own)


def _missing(control: ControlParams) -> list[str]:
    """What the kind cannot do without."""
    if control.kind == "budget" and control.max_think is None:
        return ["kind budget takes max_think, the most thinking tokens"]
    if control.kind == "min_think" and not control.min_think and not control.ignores:
        return ["kind min_think takes min_think, the fewest thinking tokens, or ignores, how many ends are dropped"]
    if control.kind == "eot_temperature" and control.value is None:
        return ["kind eot_temperature takes a value, e.g. form: gap with value: 0.8"]
    if control.kind == "prompt" and control.style is None:
        return ["kind prompt takes a style: concise, chain-of-draft or token-budget"]
    if control.style == "token-budget" and control.tokens is None and not control.estimate:
        return ["style token-budget takes tokens, the number that the prompt states, or estimate: true"]
    if control.kind == "cothink" and control.outliner is None:
        return ["kind cothink takes an outliner, the folder of the model that writes the outline"]
    return []


def _suggestion(key: str, known: tuple[str, ...]) -> str:
    """The nearest key only: the sentence lists all of them already."""
    hint = nearest(key, known)
    return f" (did you mean '{hint.split(chr(39))[1]}'?)" if "did you mean" in hint else ""
