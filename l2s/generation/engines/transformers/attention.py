"""Attention over rows that stand at places of their own: masks, and the function that applies them.

The masks are those of transformers' models (full, sliding window, chunks), for rows that do not begin together.
Models call :data:`ROWS` through transformers' registry of attention functions. What they ask of it besides masks
and scale is noted and not done: a model that asks for more is not decoded with it (see
:mod:`l2s.generation.engines.transformers.forward`).
"""

import re
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface

ROWS_NAME = "l2s_rows"
WITHOUT_EFFECT = frozenset({
    "cache_position", "dropout", "is_causal", "output_attentions", "output_hidden_states", "output_router_logits",
    "position_ids", "return_dict", "sliding_window", "use_cache",
})  # fmt: skip
"""Arguments that change nothing: dropout is 0, and windows are in the masks."""
Masks = Tensor | dict[str, Tensor]
"""One for all layers, or one for each kind of layer; true where a token is seen, ``[rows, 1, new, slots]``."""


class RowAttention:
    """Attention with the rows' own mask; grouped heads are not copied out."""

    def __init__(self) -> None:
        self.calls = 0
        self.asked: set[str] = set()
        """Names of arguments that mean something else than what is done here."""

    def __call__(
        self,
        module: torch.nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None,
        scaling: float | None = None,
        **others: Any,
    ) -> tuple[Tensor, None]:
        """What transformers calls in a layer."""
        self.calls += 1
        self.asked |= {name for name, given in others.items() if given is not None and name not in WITHOUT_EFFECT}
        if attention_mask is None:
            self.asked.add("no mask")
        grouped = query.shape[1] != key.shape[1]
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask, scale=scaling, enable_gqa=grouped
        )
        return mixed.transpose(1, 2).contiguous(), None


ROWS = RowAttention()
AttentionInterface.register(ROWS_NAME, ROWS)


def masks_for(config: Any, seen: Tensor, positions: Tensor) -> Masks:
    """The masks of a model's layers.

    Args:
        config: of the text model.
        seen: the causal mask, ``[rows, 1, new, slots]``.
        positions: where the new tokens stand, ``[rows, new]``.

    Raises:
        NotImplementedError: layers of a kind that has none here.
    """
    kinds = set(getattr(config, "layer_types", None) or ())
    if not kinds:
        return seen if not window_of(config) else _windowed(seen, positions, window_of(config))
    if kinds == {"full_attention"}:
        return seen
    return {kind: _mask(kind, config, seen, positions) for kind in kinds}


def window_of(config: Any) -> int:
    """Tokens that a layer with a sliding window sees; 0: no window."""
    used = getattr(config, "use_sliding_window", True) is not False
    return int(getattr(config, "sliding_window", None) or 0) if used else 0


def other_windows(config: Any) -> list[str]:
    """Keys of a config that name a window or chunk which no mask here knows of."""
    known = {
        "sliding_window", "use_sliding_window", "max_window_layers", "attention_chunk_size", "chunk_size_feed_forward",
    }  # fmt: skip
    return sorted(
        key
        for key, found in config.to_dict().items()
        if re.search("window|chunk|local_attention", key) and not key.endswith("pattern") and key not in known and found
    )


def additive(masks: Masks, dtype: torch.dtype) -> Masks:
    """Masks as numbers to add, as transformers' own eager attention takes them."""
    if isinstance(masks, dict):
        return {kind: _additive(mask, dtype) for kind, mask in masks.items()}
    return _additive(masks, dtype)


def _additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, torch.finfo(dtype).min)


def _mask(kind: str, config: Any, seen: Tensor, positions: Tensor) -> Tensor:
    if kind == "full_attention":
        return seen
    if kind == "sliding_attention":
        return _windowed(seen, positions, int(config.sliding_window))
    if kind == "chunked_attention":
        chunk = int(config.attention_chunk_size)
        return seen & (_slots(seen) // chunk == positions[:, None, :, None] // chunk)
    raise NotImplementedError(f"layers of kind {kind}")


def _windowed(seen: Tensor, positions: Tensor, window: int) -> Tensor:
    return seen & (_slots(seen) > positions[:, None, :, None] - window)


def _slots(seen: Tensor) -> Tensor:
    return torch.arange(seen.shape[-1], device=seen.device)
