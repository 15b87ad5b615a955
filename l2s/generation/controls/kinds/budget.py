"""Budget forcing (s1, arXiv:2501.19393, section 3): thinking is closed when it has taken ``max_think`` tokens.

What is done then is in :mod:`l2s.generation.controls.thinking`, since a budget stands under every other kind as well.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.generation.controls.control import ThinkingControl


class Budget(ThinkingControl):
    """A budget and nothing else."""

    kind: Literal["budget"] = "budget"
    max_think: int = Field(ge=0)

    example: ClassVar[dict[str, Any]] = {"max_think": 512}
