"""SIGTERM while a model is trained: its step is finished, its state is kept, and the process ends with 143.

A second SIGTERM ends it at once. Wherever a training ends, it goes on from its newest whole state.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

EXIT = 128 + signal.SIGTERM


class Stop:
    """Whether the training shall stop."""

    asked = False

    def leave(self) -> None:
        """End the process, if that is asked for."""
        if self.asked:
            raise SystemExit(EXIT)

    @contextmanager
    def on_signal(self) -> Iterator[None]:
        """Within the block the first SIGTERM asks; signals reach a program's main thread alone."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(*_: Any) -> None:
            self.asked = True
            signal.signal(signal.SIGTERM, before)

        before = signal.signal(signal.SIGTERM, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
