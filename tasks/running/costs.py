"""What each stage took, kept for ``l2s plan``: one row a stage, appended to ``.l2s/costs.jsonl``."""

import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from l2s.planning.machine import COSTS


@contextmanager
def costed(stage: str) -> Iterator[dict[str, Any]]:
    """Time the block; what it puts into the yielded mapping is kept as well. Nothing is kept of a block that fails."""
    found: dict[str, Any] = {}
    started, busy = time.perf_counter(), time.process_time()
    yield found
    row = {
        "stage": stage,
        "seconds": round(time.perf_counter() - started, 3),
        "processor_seconds": round(time.process_time() - busy, 3),
        "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        **found,
    }
    COSTS.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(row) + "\n"
    handle = os.open(COSTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(handle, line.encode())  # one write: rows of two stages do not mix
    finally:
        os.close(handle)


def generation_cost(model: Path, responses: Path, stored: int) -> dict[str, Any]:
    """Tokens and FLOPs of a run's responses, and how many of them came from the store."""
    from l2s.planning.shapes import folder_shape
    from l2s.planning.work import Lengths, generation_work
    from l2s.records import read_rows

    tokens = [row["tokens"] for row in read_rows(responses)]
    shape = folder_shape(model)
    if shape is None or not tokens:
        return {"stored": stored}
    work = generation_work(shape, 0.0, Lengths.all_of(tokens), 1, len(tokens))
    return {"stored": stored, "tokens": int(work.tokens), "flops": work.compute}
