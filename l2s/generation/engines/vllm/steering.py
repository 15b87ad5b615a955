"""eot_temperature inside vLLM: the closing token's logit is raised, by the same code as in the other engine."""

from functools import cache
from typing import Any

import torch
from torch import Tensor
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates

from l2s.generation.controls.kinds.eot_temperature import raise_close
from l2s.generation.controls.parameters import ControlParams

KEY = "l2s_close"
"""In the extra arguments of a request."""

Steering = tuple[tuple[int, ...], str, float, int | None]
"""Closing tokens; form, value and top_k_gate of the control."""


def steering(closers: tuple[int, ...], control: ControlParams) -> dict[str, Any]:
    """The extra arguments of a request whose closing tokens are to be raised at each of its tokens."""
    return {KEY: [list(closers), control.form, control.value, control.top_k_gate]}


class RaiseClose(LogitsProcessor):
    """Acts on the rows whose request asks for it, all with the same wishes at once."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        self.wishes: dict[int, Steering] = {}

    def is_argmax_invariant(self) -> bool:
        """``bias``, ``divide`` and ``gap`` at 0 change what is likeliest."""
        return False

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Rows come, go and move."""
        process_dict_updates(self.wishes, batch_update, lambda params, _, __: _wish(params.extra_args))

    def apply(self, logits: Tensor) -> Tensor:
        """Raise in place, ``[rows, vocabulary]``, float32."""
        places: dict[Steering, list[int]] = {}
        for row, wish in self.wishes.items():
            places.setdefault(wish, []).append(row)
        for (closers, form, value, gate), rows in places.items():
            logits[rows] = raise_close(logits[rows], closers, _control(form, value, gate))
        return logits


def _wish(extra: dict[str, Any] | None) -> Steering | None:
    if not extra or KEY not in extra:
        return None
    closers, form, value, gate = extra[KEY]
    return tuple(closers), form, value, gate


@cache
def _control(form: str, value: float, gate: int | None) -> ControlParams:
    return ControlParams.model_validate(
        {"kind": "eot_temperature", "form": form, "value": value, "top_k_gate": gate}
    )  # fmt: skip
