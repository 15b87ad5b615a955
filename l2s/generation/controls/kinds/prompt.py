"""Prompted brevity: an instruction behind the problem in the user's turn, with no worked examples.

The instructions are the papers' own: "Be concise." (concise chain of thought, arXiv:2401.05618), the system text of
Chain of Draft (arXiv:2502.18600; departure: it has some worked examples), and TALE's budget (arXiv:2412.18547).

With ``estimate`` (TALE-EP) the model itself is asked first how many tokens it needs, in double square brackets. The
last such number behind its thinking is the budget. Where there is none, the control's ``tokens`` is, and without that
no number is stated. The wording of the question is ours.
"""

import re
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from l2s.generation.controls.asking import FirstQuestion
from l2s.generation.controls.control import ThinkingControl
from l2s.generation.settings import PromptParams

INSTRUCTIONS = {
    "concise": "Be concise.",
    "chain-of-draft": (
        "Think step by step, but only keep a minimum draft for each thinking step, with 5 words at most. "
        "Return the answer at the end of the response after a separator ####."
    ),
    "token-budget": "Let's think step by step and use less than {tokens} tokens:",
}
NO_NUMBER = "Let's think step by step:"
"""Stands for style token-budget where there is no number to state."""
ESTIMATE = (
    "{problem}\n\nDo not solve this problem. Estimate the smallest number of tokens in which a complete and "
    "correct solution can be written, and give it in double square brackets, for example [[60]]."
)
_NUMBER = re.compile(r"\[\[\s*([1-9]\d{0,5})\s*\]\]")


class Prompted(ThinkingControl):
    """The model is asked to be short."""

    kind: Literal["prompt"] = "prompt"
    style: Literal["concise", "chain-of-draft", "token-budget"]
    """The instruction put behind the problem."""
    tokens: int | None = Field(None, ge=1)
    """The number that style token-budget states; with ``estimate``, where the model gives none."""
    estimate: bool = False
    """The model is first asked how many tokens style token-budget is to state; this call's tokens are counted too."""
    estimate_tokens: int = Field(32, ge=1)
    """The largest number of tokens of the estimate."""

    example: ClassVar[dict[str, Any]] = {"style": "concise"}
    asks: ClassVar[frozenset[str]] = frozenset({"estimate", "estimate_tokens"})

    @model_validator(mode="after")
    def _style_takes_them(self) -> Self:
        if self.style == "token-budget" and self.tokens is None and not self.estimate:
            raise ValueError("style token-budget takes tokens, the number that the prompt states, or estimate: true")
        problems = [f"style {self.style} takes no tokens"] if self.tokens is not None else []
        problems += ["estimate is for style token-budget"] if self.estimate else []
        if problems and self.style != "token-budget":
            raise ValueError("; ".join(problems))
        return self

    @property
    def acts_on_thinking(self) -> bool:
        """Only its budget does."""
        return self.max_think is not None

    def prompt(self, prompt: PromptParams) -> PromptParams:
        """The prompt with the instruction, unless the estimate is to be part of it."""
        if self.estimate:
            return prompt
        instruction = INSTRUCTIONS[self.style].replace("{tokens}", str(self.tokens))
        return prompt.model_copy(update={"template": prompt.template.replace("{problem}", "{problem}\n" + instruction)})

    def first_question(self) -> FirstQuestion | None:
        """How many tokens the solution takes."""
        if not self.estimate:
            return None
        return FirstQuestion(lambda problem: ESTIMATE.replace("{problem}", problem), self._stated, self.estimate_tokens)

    def _stated(self, problem: str, said: str) -> str:
        numbers = _NUMBER.findall(said)
        tokens = int(numbers[-1]) if numbers else self.tokens
        budget = NO_NUMBER if tokens is None else INSTRUCTIONS["token-budget"].replace("{tokens}", str(tokens))
        return f"{problem}\n{budget}"
