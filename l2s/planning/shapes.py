"""Shapes of models: how many parameters, how much a token's keys and values take, which tensors there are.

A shape is read from a model's ``config.json``, or found by name among published ones, so that a run can be
planned without its models.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from l2s.checkpoints.files.json_file import read_object
from l2s.checkpoints.model.language import settings_of
from l2s.core.errors import CheckpointError


@dataclass(frozen=True)
class Shape:
    """A decoder of the Llama, Qwen2 or Qwen3 kind."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    head_size: int
    tied: bool
    """The embedding is also the head."""
    biased: bool = True
    """Queries, keys and values have a bias (Qwen2)."""
    normed: bool = False
    """Queries and keys are normed (Qwen3)."""
    context: int | None = None
    """Tokens that prompt and response may have together; None where nobody says."""

    def tensors(self) -> list[tuple[int, ...]]:
        """The shape of every tensor."""
        queries, keys = self.heads * self.head_size, self.kv_heads * self.head_size
        layer: list[tuple[int, ...]] = [
            (queries, self.hidden), (keys, self.hidden), (keys, self.hidden), (self.hidden, queries),
            (self.intermediate, self.hidden), (self.intermediate, self.hidden), (self.hidden, self.intermediate),
            (self.hidden,), (self.hidden,),
        ]  # fmt: skip
        if self.biased:
            layer += [(queries,), (keys,), (keys,)]
        if self.normed:
            layer += [(self.head_size,), (self.head_size,)]
        table = (self.vocabulary, self.hidden)
        return [*(layer * self.layers), table, (self.hidden,), *([] if self.tied else [table])]

    @property
    def parameters(self) -> int:
        """The number of entries of all tensors."""
        return sum(math.prod(shape) for shape in self.tensors())

    @property
    def kv_entries(self) -> int:
        """Entries of keys and values together, for one token, in all layers."""
        return 2 * self.kv_heads * self.head_size * self.layers


_SMALL = Shape(1536, 8960, 28, 12, 2, 151936, 128, tied=True)
_SEVEN = Shape(3584, 18944, 28, 28, 4, 152064, 128, tied=False)
_FOURTEEN = Shape(5120, 13824, 48, 40, 8, 152064, 128, tied=False)
_THIRTY_TWO = Shape(5120, 27648, 64, 40, 8, 152064, 128, tied=False)
_EIGHT = Shape(4096, 12288, 36, 32, 8, 151936, 128, tied=False, biased=False, normed=True)
PUBLISHED: Mapping[str, Shape] = {
    "qwen2.5-math-1.5b": _SMALL,
    "qwen2.5-1.5b": _SMALL,
    "deepseek-r1-distill-qwen-1.5b": replace(_SMALL, tied=False),
    "qwen2.5-math-7b": _SEVEN,
    "qwen2.5-7b": _SEVEN,
    "deepseek-r1-distill-qwen-7b": _SEVEN,
    "qwen2.5-14b": _FOURTEEN,
    "deepseek-r1-distill-qwen-14b": _FOURTEEN,
    "qwen2.5-32b": _THIRTY_TWO,
    "deepseek-r1-distill-qwen-32b": _THIRTY_TWO,
    "qwen3-8b": _EIGHT,
    "deepseek-r1-0528-qwen3-8b": _EIGHT,
}
"""From the models' own ``config.json`` files, as published with them."""
EMBEDDED = Shape(128, 256, 4, 4, 2, 128, 32, tied=True, biased=False, context=1024)
"""The embedded family's models, which a new project trains first."""


def published_shape(name: str) -> Shape | None:
    """The published model that a path or hub name ends with, its variant (``-Instruct``, revision) aside."""
    for part in reversed(name.partition("@")[0].split("/")):
        key = re.sub(r"-(instruct|base|chat)$", "", part.lower())
        if key in PUBLISHED:
            return PUBLISHED[key]
    return None


def folder_shape(folder: Path) -> Shape | None:
    """The shape that a model folder's ``config.json`` says; None where there is none, or of another kind."""
    try:
        config = settings_of(read_object(folder / "config.json"))
        heads = config["num_attention_heads"]
        return Shape(
            hidden=config["hidden_size"],
            intermediate=config["intermediate_size"],
            layers=config["num_hidden_layers"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            vocabulary=config["vocab_size"],
            head_size=config.get("head_dim") or config["hidden_size"] // heads,
            tied=bool(config.get("tie_word_embeddings")),
            biased=config.get("model_type") == "qwen2",
            normed=config.get("model_type") == "qwen3",
            context=_count(config.get("max_position_embeddings")),
        )
    except (CheckpointError, KeyError, TypeError, ZeroDivisionError):
        return None


def _count(found: object) -> int | None:
    return found if isinstance(found, int) and found > 0 else None
