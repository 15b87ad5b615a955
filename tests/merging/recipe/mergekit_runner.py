"""Runs mergekit merges, all in one process: ``PYTHON mergekit_runner.py JOBS.json``, with mergekit's own python.

JOBS.json lists objects with ``recipe`` (a mergekit configuration), ``out`` (a folder) and ``seed``. Into each
folder goes ``error.txt`` if the merge failed.
"""

import json
import sys
import traceback
from pathlib import Path

from mergekit.config import MergeConfiguration  # type: ignore[import-not-found,unused-ignore]
from mergekit.merge import run_merge  # type: ignore[import-not-found,unused-ignore]
from mergekit.options import MergeOptions  # type: ignore[import-not-found,unused-ignore]


def run(job: dict[str, object]) -> None:
    out = Path(str(job["out"]))
    out.mkdir(parents=True)
    try:
        options = MergeOptions(quiet=True, random_seed=job["seed"])
        run_merge(MergeConfiguration.model_validate(job["recipe"]), str(out), options)
    except Exception:
        (out / "error.txt").write_text(traceback.format_exc())


if __name__ == "__main__":
    for job in json.loads(Path(sys.argv[1]).read_text()):
        run(job)
