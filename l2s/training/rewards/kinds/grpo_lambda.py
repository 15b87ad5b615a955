"""GRPO-λ (arXiv:2505.18086): length counts only in groups that are mostly right; elsewhere R = c.

Reconstructed from the abstract: where the share of right responses is low, a penalty costs reasoning. The form of the
penalty is that of ``efficient``, and the share at which it begins is a setting; the paper takes a part of the batch.
"""

from typing import ClassVar, Literal

from pydantic import Field

from l2s.training.rewards.group import Group, State
from l2s.training.rewards.kinds.efficient import Efficient


class GrpoLambda(Efficient):
    """The reward ``efficient``, asked for in groups that are solved."""

    kind: Literal["grpo_lambda"] = "grpo_lambda"  # type: ignore[assignment]
    alpha: float = Field(0.2, ge=0, lt=1)
    """α of ``efficient``."""
    solved: float = Field(0.75, ge=0, le=1)
    """Share of right responses from which on length counts."""

    paper: ClassVar[str] = "arXiv:2505.18086"
    reconstructed: ClassVar[bool] = True

    def rewards(self, group: Group, state: State) -> list[float]:
        """The reward of each response, by the group's pass rate."""
        if group.pass_rate >= self.solved:
            return super().rewards(group, state)
        return [float(right) for right in group.right]
