"""Code that comes with a model: named, never run.

A folder may name Python files of its own under ``auto_map``; transformers asks on the terminal whether to run them
unless it is told. Here it is told no wherever it loads anything, and a model that cannot do without is refused.
"""

from pathlib import Path
from typing import Any

from l2s.core.files import json_or_empty

FILES = ("config.json", "tokenizer_config.json", "processor_config.json", "generation_config.json")


def own_code(folder: Path) -> str | None:
    """What a sentence says of a folder that names code of its own; None for one that does not."""
    for name in FILES:
        found = json_or_empty(folder / name).get("auto_map")
        if isinstance(found, dict) and found:
            named = sorted({str(part) for value in found.values() for part in _flat(value) if part})
            return f"brings code of its own ({name}: auto_map names {', '.join(named)[:200]}), which is never run"
    return None


def needs_own_code(folder: Path) -> str | None:
    """The sentence for a folder that transformers could not load, if it is for want of that code."""
    found = own_code(folder)
    if found is None:
        return None
    return (
        f"{folder}: {found}, and without it transformers cannot load the model; expected an architecture and a "
        "tokenizer that transformers has itself"
    )


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
