"""Thinking as the prompt has it, already closed (NoThinking, arXiv:2504.09858)."""

from typing import Literal

from pydantic import Field

from l2s.generation.controls.control import Control
from l2s.generation.settings import PromptParams


class NoThink(Control):
    """The answer begins behind an empty thought."""

    kind: Literal["no_think"] = "no_think"
    prefill: str = Field("{opening}\n\n{closing}\n\n", min_length=1)
    """Thinking as the prompt has it; ``{opening}`` and ``{closing}`` are replaced."""

    def prompt(self, prompt: PromptParams) -> PromptParams:
        """The prompt with thinking in it."""
        return prompt.model_copy(update={"prefill": prompt.with_delimiters(self.prefill)})
