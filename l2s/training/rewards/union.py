"""Every kind of reward: the files of ``kinds/``, as one type that a block's ``kind`` chooses from."""

from typing import TYPE_CHECKING, Any

from l2s.core.kinds import Kinds
from l2s.training.rewards import kinds
from l2s.training.rewards.reward import Reward

REWARDS = Kinds(kinds, Reward, block="{kind: tldr, length_scale: 300}")  # type: ignore[type-abstract]
"""The class of each kind by its name."""

if TYPE_CHECKING:
    AnyReward = Reward
else:
    AnyReward = REWARDS.annotation()
"""A reward of whatever kind."""


def parse_reward(found: Any, where: str) -> Reward:
    """The reward that ``found``, a parsed YAML value, states.

    Raises:
        ConfigError: says everything that is wrong with it.
    """
    return REWARDS.parse(found, where)
