"""What TRL and its libraries say that is nothing to a user of ours: known sentences and progress bars, no others."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

WARNINGS = (
    "TRL currently supports vLLM versions",  # rollouts are our own engine's
    "You are using 'rollout_func', which is an experimental feature",  # its release is pinned
)
"""How they begin."""
LOGGED = {
    "transformers.trainer": "There were missing keys in the checkpoint model loaded: ['lm_head.weight']",  # it is tied
    "transformers.trainer_utils": "mtime may not be reliable on this filesystem",  # numbers are what is asked for
}
"""The same of what loggers are told, by their names."""
NO_BARS = "TQDM_DISABLE"


@contextmanager
def quiet() -> Iterator[None]:
    """While a model is trained; afterwards everything is as it was."""
    from datasets import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    showed, before = not are_progress_bars_disabled(), os.environ.get(NO_BARS)
    filters = {logging.getLogger(name): _Without(beginning) for name, beginning in LOGGED.items()}
    disable_progress_bars()
    os.environ[NO_BARS] = "1"  # TRL looks at it when it makes a bar
    for logger, one in filters.items():
        logger.addFilter(one)
    try:
        with warnings.catch_warnings():
            for beginning in WARNINGS:
                warnings.filterwarnings("ignore", beginning, UserWarning)
            yield
    finally:
        for logger, one in filters.items():
            logger.removeFilter(one)
        os.environ.pop(NO_BARS)
        os.environ.update({} if before is None else {NO_BARS: before})
        if showed:
            enable_progress_bars()


class _Without(logging.Filter):
    def __init__(self, beginning: str) -> None:
        super().__init__()
        self.beginning = beginning

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(self.beginning)
