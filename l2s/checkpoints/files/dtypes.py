"""Number formats: safetensors' words for them, torch's names, and bytes per entry."""

from __future__ import annotations

from l2s.core.lazy import torch

BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "C64": 64,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip
"""Bits per entry of every format a weight file may hold."""

BYTES = {word: bits // 8 for word, bits in BITS.items() if bits % 8 == 0}
"""The same in bytes, of the formats whose entries fill them."""

TORCH_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""The formats that can be merged and written, as torch and ``config.json`` call them."""

WORDS = {name: word for word, name in TORCH_NAMES.items()}
"""The other way round: ``bfloat16`` to ``BF16``."""

EXPONENTS = {"BF16": 0x7F80, "F16": 0x7C00}
"""Of formats of 16 bits those that are all set in NaN and in infinity, and in no other number."""

INTEGERS = frozenset(word for word in BYTES if word[0] in "IUB" and word != "BF16")
"""Formats of counters and masks: copied where all models agree, never averaged."""
OTHERS = {"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
          "U16": "uint16", "U32": "uint32", "U64": "uint64",
          "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}  # fmt: skip
"""Formats that are read but not merged, as torch calls them."""


def torch_dtype(word: str) -> torch.dtype:
    """Torch's format of that word."""
    found: torch.dtype = getattr(torch, TORCH_NAMES.get(word) or OTHERS[word])
    return found
