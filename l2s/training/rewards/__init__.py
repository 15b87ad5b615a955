"""Rewards of group-relative policy optimisation: of right answers, and of their lengths.

A kind is one file in ``kinds/``: a subclass of :class:`Reward` (or :class:`PenalisesWrong`) with its settings and
one pure function of a group. ``REWARDS`` finds it by its name.
"""

from l2s.training.rewards.advantages import advantages
from l2s.training.rewards.group import Group, State
from l2s.training.rewards.reward import PenalisesWrong, Reward
from l2s.training.rewards.union import REWARDS, AnyReward, parse_reward

__all__ = ["REWARDS", "AnyReward", "Group", "PenalisesWrong", "Reward", "State", "advantages", "parse_reward"]
