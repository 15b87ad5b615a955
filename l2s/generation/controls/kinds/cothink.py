"""CoThink (arXiv:2505.22017): another model writes an outline, and this one solves the problem along it.

What stands behind the other model's thinking is the outline; without one the problem is put as it stands. The tokens of
both are counted. The wording of the question is ours: CoThink's prompts could not be had.
"""

import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.generation.controls.asking import FirstQuestion
from l2s.generation.controls.control import ThinkingControl

OUTLINE = (
    "{problem}\n\nDo not solve this problem. Write a short plan for solving it: two to four steps, one a line, "
    "each in a few words. No calculations, no numbers, no final answer."
)
FOLLOW = "{problem}\n\nA plan for solving it:\n{outline}\n\nFollow this plan and solve the problem."


class CoThink(ThinkingControl):
    """Another model plans."""

    kind: Literal["cothink"] = "cothink"
    outliner: str = Field(min_length=1)
    """Folder of the model that writes the outline."""
    outline_tokens: int = Field(128, ge=1)
    """The largest number of tokens of the outline."""

    example: ClassVar[dict[str, Any]] = {"outliner": "models/quick"}
    asks: ClassVar[frozenset[str]] = frozenset({"outliner", "outline_tokens"})

    @property
    def acts_on_thinking(self) -> bool:
        """Only its budget does."""
        return self.max_think is not None

    def first_question(self) -> FirstQuestion:
        """The outline."""
        return FirstQuestion(
            lambda problem: OUTLINE.replace("{problem}", problem), followed, self.outline_tokens, self.outliner
        )


def followed(problem: str, outline: str) -> str:
    """The problem with the outline to follow."""
    if not outline:
        return problem
    return re.sub(r"\{(problem|outline)\}", lambda found: problem if found[1] == "problem" else outline, FOLLOW)
