"""A training that kills itself: `python -m tests.training.kill METHOD START INPUTS OUT STEP`."""

import os
import signal
import sys
from pathlib import Path

from tests.training import small


def main() -> None:
    method, start, inputs, out, step = sys.argv[1:]
    named = {name: Path(inputs) / f"{name}.jsonl" for name in small.FILES}

    def die(line: object) -> None:
        if line["step"] == int(step):  # type: ignore[index]
            os.kill(os.getpid(), signal.SIGKILL)

    small.run(method, Path(start), named, Path(out), on_step=die)


if __name__ == "__main__":
    main()
