"""Number formats: safetensors' words for them, torch's names, and bytes per entry."""

BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
"""Bytes per entry of every format a weight file may hold."""

TORCH_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""The formats that can be merged and written, as torch and ``config.json`` call them."""

WORDS = {name: word for word, name in TORCH_NAMES.items()}
"""The other way round: ``bfloat16`` to ``BF16``."""

INTEGERS = frozenset(word for word in BYTES if word[0] in "IUB" and word != "BF16")
"""Formats of counters and masks: copied where all models agree, never averaged."""
