"""What a kind of stage is. ``tasks/<kind>.py`` says it of each, in one place; :mod:`tasks.stages` lists them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2s.config import Config
from l2s.progress import Track

DATA = Path("data")
HIDDEN = Path(".l2s")
Say = Callable[[str], None]
TENSORS = ("torch", "safetensors.torch")
MODELS = (
    *TENSORS,
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llama.modeling_llama",
)


@dataclass(frozen=True)
class Stage:
    """One kind of stage of dvc.yaml."""

    kind: str
    work: Callable[[Config, Any, Track, Say], dict[str, Any] | None]
    """Calls the library for one of that kind, by its name; may return what it took besides time."""
    names: Callable[[Config], Collection[str]] | None = None
    """What stages of that kind there are; None where there is one, without a name."""
    libraries: tuple[str, ...] = ()
    """What a worker imports ahead: none that starts a thread, which a fork would lose (polars does)."""
