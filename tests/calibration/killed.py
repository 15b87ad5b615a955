"""Kills calibrations and resumes them, in children of a process in which torch has computed nothing.

Called as ``python -m tests.calibration.killed FOLDER``; for each kind and mode, the folder then holds ``unharmed``
statistics, and others that were killed at several moments.
"""

import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from l2s.calibration import partial
from l2s.calibration.calibrate import calibrate
from l2s.checkpoints.files import digest
from tests.calibration.models import params

CALLS = ("fsync", "replace", "unlink")
"""What changes a disk; a calibration is killed before one of them."""
KILLS = 3
"""Of each kind and mode."""


def in_a_child(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counted(spare: int | None) -> Callable[[], int]:
    """Replace the calls that change a disk; instead of call number ``spare`` comes kill -9."""
    seen = 0

    def spied(real: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen - 1 == spare:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return call

    for name in CALLS:
        setattr(os, name, spied(getattr(os, name)))
    return lambda: seen


def main(folder: Path) -> None:
    partial.EVERY, partial.SHARE = 0.0, float("inf")  # written after every step
    setattr(digest, "remember", lambda *_: None)  # noqa: B010  # whether it writes depends on the time of day
    for kind in ("activations", "sensitivities"):
        for layers in (False, True):
            of = params(kind, layers_at_a_time=layers, distance_to=["slow"] if kind == "sensitivities" else [])
            others = {"slow": folder / "slow"} if kind == "sensitivities" else {}

            def run(out: Path, spare: int | None, of: Any = of, others: Any = others) -> None:
                seen = counted(spare)
                calibrate(folder / "base", folder / "texts.jsonl", out, of, others=others)
                os._exit(min(seen(), 250) if spare is None else 0)

            name = f"{kind}-{layers}"
            total = in_a_child(lambda name=name, run=run: run(folder / name / "unharmed.safetensors", None))  # type: ignore[misc]
            for number, spare in enumerate(random.Random(name).sample(range(total), KILLS)):
                out = folder / name / f"{number}.safetensors"
                for again, expected in ((spare, -signal.SIGKILL), (-1, 0)):
                    status = in_a_child(lambda out=out, again=again, run=run: run(out, again))  # type: ignore[misc]
                    assert status == expected, f"{name}, kill {number} before call {spare} of {total}: {status}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
