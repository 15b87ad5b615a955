"""No control: the model answers as it does."""

from typing import Literal

from l2s.generation.controls.control import Control


class NoControl(Control):
    """Nothing is done, and a block takes no parameters."""

    kind: Literal["none"] = "none"

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        """No budget either; what it would be is part of the store's keys all the same."""
        return ()

    @property
    def acts_on_thinking(self) -> bool:
        """Delimiters are used where the tokenizer has them."""
        return False
