"""How a run is answered: ``decoding`` with what the run says itself."""

from collections.abc import Callable
from pathlib import Path

from l2s.config import Config
from l2s.generation.settings import DecodingParams


def run_decoding(
    config: Config, run: str, data: Path, say: Callable[[str], None] = lambda sentence: None
) -> DecodingParams:
    """``decoding`` with the run's own sampling, in the words that ask its model for its level."""
    from l2s.generation.levels import at_level

    own, decoding = config.runs[run], config.decoding_of(run)
    return decoding if own.level is None else at_level(decoding, data / own.model, own.level, say)
