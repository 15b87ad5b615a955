"""Temperature of the stop decision: the closing token's logit is raised while thinking goes on.

A reconstruction. 2505.07961 (version 3) scales the end-of-thinking token's logit by a temperature and
nothing else; its formula could not be had, so three forms stand to choose from. With z_E the closing
token's logit and z_max the largest of all others:

- ``gap`` (default): z_E' = z_max − (z_max − z_E)·T for z_E < z_max, 0 ≤ T ≤ 1. T = 1 changes nothing; T = 0
  lifts z_E one float above z_max. It does not change when all logits are shifted.
- ``bias``: z_E' = z_E + b, b ≥ 0: the odds of closing are multiplied by e^b.
- ``divide``: z_E' = z_E / T for z_E > 0, else z_E·T, 0 < T ≤ 1: the most literal, and dependent on the
  arbitrary offset of the logits.

``gap`` acts on sampling: short of T = 0 the token stays behind the largest, so a greedy choice never
changes; ``bias`` and ``divide`` act on both. No form lowers z_E. Temperature, top_p and top_k come after
it. Of a delimiter of several tokens the first is raised and the rest is forced.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from l2s.core.lazy import torch
from l2s.generation.controls.control import ThinkingControl

if TYPE_CHECKING:
    from torch import Tensor

VALUES = {"gap": (0.0, 1.0), "bias": (0.0, float("inf")), "divide": (1e-6, 1.0)}
"""Allowed values of each form."""


class EotTemperature(ThinkingControl):
    """The end of thinking is made likelier."""

    kind: Literal["eot_temperature"] = "eot_temperature"
    form: Literal["gap", "bias", "divide"] = "gap"
    """See above; ``gap`` changes no greedy choice."""
    value: float
    """T of ``gap`` (0 to 1) and ``divide`` (above 0, to 1); b of ``bias`` (0 or more)."""
    min_think: int = Field(0, ge=0)
    """Thinking tokens before which the control does not act."""
    top_k_gate: int | None = Field(None, ge=1)
    """The control acts only where the closing token is among the so many likeliest (the L2S paper: 5)."""

    example: ClassVar[dict[str, Any]] = {"value": 0.8}
    decides_while_writing: ClassVar[bool] = True

    @model_validator(mode="after")
    def _value_is_of_the_form(self) -> Self:
        low, high = VALUES[self.form]
        if not low <= self.value <= high:
            bounds = "of 0 or more" if high > 1 else f"{'above' if low else 'from'} 0 and up to 1"
            raise ValueError(f"form {self.form} takes a value {bounds}")
        return self

    def steers(self, think_tokens: int) -> bool:
        """Thinking has gone on for long enough."""
        return think_tokens >= self.min_think

    def tokens_until_it_steers(self, think_tokens: int) -> int:
        """What is left until then."""
        return max(0, self.min_think - think_tokens)

    def raise_close(self, logits: "Tensor", close_ids: tuple[int, ...]) -> "Tensor":
        """Logits with the closing token's raised, ``[rows, vocabulary]``, float32; the input stays as it is.

        Where there are several ``close_ids`` (stop tokens, where a whole response counts as thinking), each row's
        likeliest is raised.
        """
        ids = torch.tensor(close_ids, device=logits.device)
        end, place = logits[:, ids].max(-1)  # [rows]
        others = logits.index_fill(1, ids, -torch.inf)
        top = others.max(-1).values  # [rows]
        raised = self._raised(end, top)
        if self.top_k_gate is not None:
            ahead = (others > end[:, None]).sum(-1)
            raised = torch.where(ahead < self.top_k_gate, raised, end)
        return logits.scatter(1, ids[place][:, None], raised[:, None])

    def _raised(self, end: "Tensor", top: "Tensor") -> "Tensor":
        if self.form == "bias":
            return end + self.value
        if self.form == "divide":
            return torch.where(end > 0, end / self.value, end * self.value)
        if self.value == 0:
            return torch.where(end <= top, top.nextafter(torch.full_like(top, torch.inf)), end)
        return torch.where(end < top, top - (top - end) * self.value, end)
