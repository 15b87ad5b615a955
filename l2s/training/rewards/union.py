"""Every kind of reward: the files of ``kinds/``, as one type that a block's ``kind`` chooses from."""

from typing import Annotated

from l2s.core.kinds import Kinds
from l2s.training.rewards import kinds
from l2s.training.rewards.reward import Reward

REWARDS = Kinds(kinds, Reward, block="{kind: tldr, length_scale: 300}")  # type: ignore[type-abstract]
"""The class of each kind by its name."""

AnyReward = Annotated[Reward, REWARDS]
"""A reward of whatever kind."""

parse_reward = REWARDS.parse
