"""The program ``l2s``: the command line in a process of its own."""

import gc
import sys

OBJECTS = 200_000
"""New objects after which Python looks for cycles. Importing torch makes a million that stay: by default Python
would look at them a thousand times, for half a second; of a merge's own imports it looks at none."""


def main() -> None:
    """What the console script calls."""
    gc.set_threshold(OBJECTS)
    try:
        from flows.cli.app import entry

        entry()
    except KeyboardInterrupt:  # while it was being imported
        print("stopped", file=sys.stderr)
        raise SystemExit(130) from None
