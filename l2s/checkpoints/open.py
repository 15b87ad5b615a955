"""Opening a model by what a recipe calls it, and reading it whatever it is made of."""

import re
from collections.abc import Mapping
from pathlib import Path

from l2s.checkpoints.checkpoint import Checkpoint
from l2s.checkpoints.hub import NAME, cached_folder
from l2s.checkpoints.reader import CheckpointReader, Reader
from l2s.checkpoints.views.adapted import AdaptedCheckpoint, AdaptedReader
from l2s.checkpoints.views.adapter import CONFIG, WEIGHTS, Adapter
from l2s.checkpoints.views.aligned import AlignedCheckpoint, AlignedReader
from l2s.checkpoints.views.layered import LayeredCheckpoint, LayeredReader
from l2s.core.errors import CheckpointError


def open_checkpoint(reference: str | Path, known: Mapping[str, Path] | None = None) -> Checkpoint:
    """Open a model; of its weights nothing is read yet.

    Args:
        reference: a folder; ``org/name`` or ``org/name@revision`` in the Hugging Face cache; or
            ``MODEL+ADAPTER`` with a LoRA adapter in peft's format, each of the two a folder or a name.
        known: folders by the names that the caller's models have.

    Raises:
        CheckpointError: a name that is not in the cache, or an adapter where a model was expected.
    """
    text, names = str(reference), known or {}
    parts = _parts(text, names)
    if parts is None:
        folder = _folder(text, names)
        if (folder / CONFIG).is_file() and not (folder / "config.json").is_file():
            raise CheckpointError(f"{folder}: is a LoRA adapter, not a model; name its base before it: BASE+{text}")
        return Checkpoint(folder)
    base, adapter = (_folder(part, names) for part in parts)
    if not (adapter / CONFIG).is_file():
        raise CheckpointError(f"{adapter}: no {CONFIG}, so this is no LoRA adapter; expected it and {WEIGHTS} there")
    return AdaptedCheckpoint(base, Adapter(adapter))


def open_reader(checkpoint: Checkpoint) -> Reader:
    """A reader of a model: a folder, an adapted model, or one that is read in other rows or with other layers."""
    if isinstance(checkpoint, AlignedCheckpoint):
        return AlignedReader(checkpoint, [open_reader(source) for source in checkpoint.sources])
    if isinstance(checkpoint, LayeredCheckpoint):
        return LayeredReader(checkpoint, [open_reader(part) for part in checkpoint.parts])
    if isinstance(checkpoint, AdaptedCheckpoint):
        return AdaptedReader(checkpoint)
    return CheckpointReader(checkpoint)


def _parts(text: str, known: Mapping[str, Path]) -> tuple[str, str] | None:
    """Base and adapter; None where the text names one model. A folder may have a plus in its name."""
    if "+" not in text or text in known or Path(text).is_dir():
        return None
    splits = [(text[: plus.start()], text[plus.end() :]) for plus in re.finditer(r"\+", text)]
    splits = [(base, adapter) for base, adapter in splits if base and adapter]
    if not splits:
        return None
    return max(reversed(splits), key=lambda pair: sum(part in known or Path(part).is_dir() for part in pair))


def _folder(text: str, known: Mapping[str, Path]) -> Path:
    text = str(known.get(text, text))
    folder = Path(text)
    if folder.exists() or folder.is_absolute() or not NAME.fullmatch(text):
        return folder
    return cached_folder(text)
