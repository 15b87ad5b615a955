"""Direct preference optimisation (arXiv:2305.18290): −log σ(β (log-ratio of the chosen − log-ratio of the rejected)).

Log-probabilities are sums over a response's tokens, so that a long rejected response dominates; a weight of the
chosen response's own loss keeps its probability up.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from l2s.training.data import AnyPairs
from l2s.training.settings import DataParams, Rate


class Dpo(DataParams):
    """Preference of one response over another, against the start model."""

    method: Literal["dpo"]
    data: AnyPairs
    learning_rate: Rate = 2e-4
    beta: float = Field(0.1, gt=0)
    sft: float = Field(0.0, ge=0)
    """Weight of the mean negative log-likelihood of the tokens of a batch's chosen responses."""

    paper: ClassVar[str] = "arXiv:2305.18290"
    example: ClassVar[dict[str, Any]] = {"model": "models/slow", "data": {"kind": "own", "samples": "slow"}}
