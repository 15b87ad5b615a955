"""Rows for tests: written as JSONL, and the published ones where they are at hand."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from l2s.core.row import Row

SHARED = Path(os.environ.get("L2S_SHARED_DATA") or Path(__file__).parents[1] / "../shared/data")


def written(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def published(name: str) -> list[Any]:
    """Rows of a benchmark's file, or of real responses; the test is skipped without it."""
    path = SHARED / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"{name} is not at hand (L2S_SHARED_DATA)")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
