"""The protocol of a reward: the settings of one kind, and the function that they parametrise."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ConfigDict

from l2s.core.kinds import Kind
from l2s.generation.levels import LEVELS, Level
from l2s.training.rewards.group import Group, State

START = State()


class Reward(Kind):
    """One reward, as ``reward:`` of a training states it; lengths are tokens, right answers are worth 1."""

    model_config = ConfigDict(serialize_by_alias=True)  # so that what is recorded can be read again

    kind: str

    paper: ClassVar[str] = ""
    reconstructed: ClassVar[bool] = False
    """The formula is ours, or read at second hand: the paper does not print it, or was not to be had."""
    needs_reference: ClassVar[bool] = False
    """It asks for the lengths of the start model's right responses."""

    def __call__(self, group: Group, state: State = START) -> list[float]:
        """The reward of each response, ``[G]``."""
        return self.rewards(group, state)

    @abstractmethod
    def rewards(self, group: Group, state: State) -> list[float]:
        """What the kind makes of a group."""

    def next_state(self, state: State, accuracy: float) -> State:
        """The state after a step in which the share ``accuracy`` of responses was right."""
        return state.after(accuracy)

    def turn(self, state: State) -> str | None:
        """The user's turn at this step, with ``{problem}`` in it; None: problems are put as they are."""
        return None

    @property
    def trained_levels(self) -> tuple[Level, ...]:
        """The levels that prompts ask for in turn; none: prompts have no level line."""
        found: Mapping[Level, Any] = getattr(self, "levels", {})
        return tuple(level for level in LEVELS if level in found)


class PenalisesWrong(Reward):
    """A reward that asks for length in wrong responses too, and must not where a group has no right one."""

    skip_unsolved: bool = True
    """A group without a right response is rewarded 0 throughout: shorter wrong answers would be all it learned."""

    def __call__(self, group: Group, state: State = START) -> list[float]:
        """The reward of each response, ``[G]``."""
        if self.skip_unsolved and not any(group.right):
            return [0.0] * len(group.right)
        return self.rewards(group, state)
