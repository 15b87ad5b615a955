"""Training: a start model, its data, and the folder that comes of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from l2s.generation.settings import DecodingParams
from l2s.training.settings import TrainingParams

OnStep = Callable[[Mapping[str, Any]], None]
"""Told each line of the history as it is written."""


def train(
    settings: TrainingParams,
    *,
    start: Path,
    samples: Mapping[str, Path],
    problems: Path | None,
    validation: Path | None,
    benchmarks: Sequence[Path],
    out: Path,
    work: Path,
    decoding: DecodingParams = DecodingParams(),
    on_step: OnStep | None = None,
) -> dict[str, Any]:
    """Train ``start`` as the settings say; ``out`` appears whole at the end.

    A training that was killed goes on from its newest whole state under ``work``, and ends with the same bytes.

    Args:
        start: folder of the start model.
        samples: files of verdict rows, by the names that the settings have for them.
        problems: rows to sample from, for methods that sample while they train.
        validation: problems on which a checkpoint is chosen; none: the last one is taken.
        benchmarks: problems that nothing may be trained on.
        out: a model folder like a merge's, with ``l2s_manifest.json`` and ``history.jsonl``.
        work: where states of an unfinished training lie.
        decoding: prompt and device; sampling is the settings'.
        on_step: told how training goes.

    Returns:
        The manifest.

    Raises:
        ConfigError, CheckpointError, RecordError: before anything is trained.
    """
    raise NotImplementedError
