"""A control that steers, inside vLLM: the closing tokens' logits are raised by the same code as in the other engine."""

import json
from functools import cache
from typing import Any

import torch
from torch import Tensor
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates

from l2s.generation.controls.control import Control
from l2s.generation.controls.union import parse_control

KEY = "l2s_close"
"""In the extra arguments of a request."""

Steering = tuple[tuple[int, ...], str]
"""The closing tokens, and the control as JSON."""


def steering(close_ids: tuple[int, ...], control: Control) -> dict[str, Any]:
    """The extra arguments of a request whose closing tokens are to be raised at each of its tokens."""
    return {KEY: [list(close_ids), control.model_dump_json()]}


class RaiseClose(LogitsProcessor):
    """Acts on the rows whose request asks for it; rows that ask for the same are steered at once."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        self.wishes: dict[int, Steering] = {}

    def is_argmax_invariant(self) -> bool:
        """A control may change what is likeliest."""
        return False

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Rows come, go and move."""
        process_dict_updates(self.wishes, batch_update, lambda params, _, __: _wish(params.extra_args))

    def apply(self, logits: Tensor) -> Tensor:
        """Raise in place, ``[rows, vocabulary]``, float32."""
        places: dict[Steering, list[int]] = {}
        for row, wish in self.wishes.items():
            places.setdefault(wish, []).append(row)
        for (close_ids, control), rows in places.items():
            logits[rows] = _control(control).raise_close(logits[rows], close_ids)
        return logits


def _wish(extra: dict[str, Any] | None) -> Steering | None:
    if not extra or KEY not in extra:
        return None
    close_ids, control = extra[KEY]
    return tuple(close_ids), control


@cache
def _control(found: str) -> Control:
    return parse_control(json.loads(found), "control")
