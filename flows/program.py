"""The program ``l2s``: the command line in a process of its own."""

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

OBJECTS = 200_000
"""New objects after which Python looks for cycles. Importing torch makes a million that stay: by default Python
would look at them a thousand times, for half a second; of a merge's own imports it looks at none."""


SHARE = 0.0005
"""Seconds for which a thread may keep Python to itself while others wait to hash or merge the next tensor."""


def main() -> None:
    """What the console script calls."""
    gc.set_threshold(OBJECTS)
    with beginning_at_once(sys.argv[1:]):
        from flows.cli import entry

        entry()


@contextmanager
def beginning_at_once(arguments: Sequence[str]) -> Iterator[None]:
    """Begin to hash what a merge reads, while the program itself is still being read."""
    recipe = next((Path(word) for word in arguments[1:] if word.endswith((".yaml", ".yml"))), None)
    with ExitStack() as begun:
        if arguments[:1] == ["merge"] and recipe is not None:
            _numpy_alone()
            os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look through all that is installed
            from l2s.checkpoints.ahead import hashing_inputs
            from l2s.errors import ConfigError
            from l2s.yaml import read_yaml

            sys.setswitchinterval(SHARE)
            with suppress(ConfigError, OSError, ValueError, RecursionError):  # the command says what is wrong
                begun.enter_context(hashing_inputs(read_yaml(recipe)))
        yield


def _numpy_alone() -> None:
    """Import NumPy without the threads of its linear algebra, which would only wait, in circles."""
    name = "OPENBLAS_NUM_THREADS"
    if name not in os.environ:
        os.environ[name] = "1"
        import numpy  # noqa: F401, which asks now and never again

        del os.environ[name]
