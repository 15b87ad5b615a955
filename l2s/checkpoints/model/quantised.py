"""Is a model quantised? By its config, by formats, and by the names that quantised layouts give their tensors."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from l2s.checkpoints.files.dtypes import INTEGERS, TORCH_NAMES
from l2s.checkpoints.files.index import TensorEntry
from l2s.checkpoints.model.parts import is_recomputed

CONFIGS = ("quantization_config", "compression_config", "quantization")
"""What a config calls the way in which its weights are stored."""

LAYOUTS = re.compile(
    r".*\.(?:qweight|qzeros|g_idx|W_q|Qidxs|SCB|weight_packed|weight_scale_inv|weight_scale_2|weight_zero_point"
    r"|weight_global_scale|dqweight|absmax|quant_map|nested_absmax|nested_quant_map|quant_state\..+|_data|_scale)"
)
"""Names that no plain model has: GPTQ, AWQ, HQQ, QuIP, bitsandbytes, compressed-tensors, FP8, NVFP4, Quanto."""

SCALES = re.compile(r"(?:.*_)?(?:scale|scales|zero|zeros|zero_point|codebook|codebooks|centroids|s|meta|absmax)")
"""Last parts of names that stand beside packed integers."""
PACKED = frozenset({"I8", "U8", "I16", "U16", "I32", "U32", "U64"})
"""Formats that weights are packed into; indices and masks are I64 and BOOL."""


def quantised_by(config: Mapping[str, Any], entries: Mapping[str, TensorEntry]) -> str | None:
    """The way in which a model is quantised, or stored in formats that cannot be merged; None if it is not."""
    return ", ".join(_ways(config, entries)) or None


def _ways(config: Mapping[str, Any], entries: Mapping[str, TensorEntry]) -> Iterator[str]:
    if named := next(_named(config), None):
        yield f"quantised by its config ({named})"
    odd = [entry for entry in entries.values() if entry.dtype not in TORCH_NAMES and entry.dtype not in INTEGERS]
    if odd:
        yield f"stored as {odd[0].dtype} ({_shown(odd)})"
    if packed := list(_packed(entries)):
        yield f"quantised, going by {_shown(packed)} ({packed[0].dtype})"


def _named(config: object, place: str = "") -> Iterator[str]:
    if not isinstance(config, dict):
        return
    for key, found in config.items():
        if key in CONFIGS and isinstance(found, dict) and found:
            yield f"{place}{key}"
        yield from _named(found, f"{place}{key}.")


def _packed(entries: Mapping[str, TensorEntry]) -> Iterator[TensorEntry]:
    beside = {name.rpartition(".")[0] for name in entries if SCALES.fullmatch(name.rpartition(".")[2])}
    for name, entry in entries.items():
        module, _, last = name.rpartition(".")
        matrix = entry.dtype in PACKED and len(entry.shape) > 1 and not is_recomputed(name, entry.shape)
        if LAYOUTS.fullmatch(name) or (matrix and (last == "weight" or module in beside)):
            yield entry


def _shown(entries: list[TensorEntry]) -> str:
    more = f" and {len(entries) - 2} more" if len(entries) > 2 else ""
    return ", ".join(entry.name for entry in entries[:2]) + more
