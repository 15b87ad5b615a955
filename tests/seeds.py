"""Other seeds of the embedded family, trained and measured in scratch clones: the table in the README.

``python -m tests.seeds 1 2`` trains the family of each seed, runs the whole pipeline, and prints what
the report of each says. Nothing is chosen on test problems, in any seed.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.scratch import clone, edit_params, run

BENCHMARK = "arithmetic-test"
RUNS = ("quick", "slow", "average", "ta-s30", "found")
"""Printed beside the chosen one."""


def measure(seed: int) -> None:
    """Train and run one seed, and print its rows."""
    with tempfile.TemporaryDirectory(prefix=f"l2s-seed-{seed}-") as scratch:
        folder = clone(Path(scratch) / "l2s")

        def reseed(params: dict[str, Any]) -> None:
            params["family"]["seed"] = seed

        edit_params(folder, reseed)
        started = time.monotonic()
        run(folder, "l2s", "run", "family")
        trained = time.monotonic()
        run(folder, "l2s", "run")
        rows = json.loads((folder / "data/summary/summary.json").read_text())["rows"]
        print(f"seed {seed}: trained in {trained - started:.0f} s, pipeline {time.monotonic() - trained:.0f} s")
        for row in rows:
            if row["benchmark"] == BENCHMARK and (row["chosen"] or row["run"] in RUNS):
                print(json.dumps({key: row[key] for key in SHOWN if key in row}))
        sys.stdout.flush()


SHOWN = (
    "run", "n", "accuracy", "accuracy_low", "accuracy_high", "tokens", "reduction", "difference", "difference_low",
    "difference_high", "reflective", "truncated", "verdict", "chosen",
)  # fmt: skip

if __name__ == "__main__":
    for argument in sys.argv[1:]:
        measure(int(argument))
