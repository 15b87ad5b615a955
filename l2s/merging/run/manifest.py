"""MergeManifest: what a merged folder was made from; written last, so its presence means the folder is whole."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from l2s.core.errors import CheckpointError, ConfigError
from l2s.core.params import Params
from l2s.core.versions import __version__, installed
from l2s.merging.run.diagnostics import TensorDiagnostics

MANIFEST = "l2s_manifest.json"
PACKAGES = ("numba", "numpy", "safetensors", "torch")


class InputDigests(Params):
    """A model that was read."""

    digest: str
    """The digest of everything that decides what it answers, see :attr:`l2s.checkpoints.Checkpoint.digest`."""
    weights: str
    """The digest of its weights alone."""
    masks: str | None = None
    """What random masks are drawn from, if any are: the SHA-256 of its weights, as ever, so that they stay the same."""


class DonorRecord(Params):
    """Whose config, tokenizer, chat template and generation config the folder has."""

    model: str
    reason: str
    files: tuple[str, ...]


class OutputRecord(Params):
    """What was written."""

    weights: str
    """Digest of the weights, as :attr:`l2s.checkpoints.Checkpoint.weights_digest` gives it."""
    total_size: int
    """Bytes of all tensors."""
    tied: bool
    """Is the embedding also the head?"""


class MergeManifest(Params):
    """``l2s_manifest.json``. It holds no absolute path: models are named as in the recipe, and by digest."""

    format: int = 1
    recipe: dict[str, Any]
    """As resolved: canonical words, every default written out."""
    seed: int
    inputs: dict[str, InputDigests]
    statistics: dict[str, str] = {}
    """Digests of the calibration statistics that were read."""
    donor: DonorRecord
    output: OutputRecord
    notes: tuple[str, ...]
    """What the merge's user should know."""
    versions: dict[str, str]
    tensors: dict[str, TensorDiagnostics]
    seconds: float | None = None
    peak_memory_bytes: int | None = None
    """Anonymous memory, looked at after every tensor: mapped inputs, whose pages give way, do not count."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The manifest of a merged folder.

        Raises:
            CheckpointError: there is none, or it is damaged.
        """
        file = folder / MANIFEST
        try:
            return cls.parse(json.loads(file.read_text(encoding="utf-8")), str(file))
        except FileNotFoundError:
            raise CheckpointError(f"{folder}: no {MANIFEST}, so this is no whole merge of ours") from None
        except (ValueError, ConfigError) as error:
            raise CheckpointError(f"{file}: damaged: {error}") from None

    def with_public_names(self) -> Self:
        """The manifest with models that the recipe names by an absolute path under names that may travel."""
        public = public_names(list(self.inputs))
        shown = {name: public[name] for name in sorted(public, key=len, reverse=True) if Path(name).is_absolute()}
        if not shown:
            return self

        def renamed(value: Any) -> Any:
            if isinstance(value, str):
                for name, short in shown.items():
                    value = value.replace(name, short)
                return value
            if isinstance(value, dict):
                return {renamed(key): renamed(inner) for key, inner in value.items()}
            return [renamed(inner) for inner in value] if isinstance(value, list) else value

        tensors = {
            name: tensor.model_copy(update={"models": {renamed(m): found for m, found in tensor.models.items()}})
            for name, tensor in self.tensors.items()
        }
        return type(self).model_validate(
            renamed(self.model_dump(mode="json", exclude={"tensors"})) | {"tensors": tensors}
        )


def versions() -> dict[str, str]:
    """Versions of what computed the merge, of what is installed: a common merge needs no torch."""
    return {"l2s": __version__} | installed(PACKAGES)


def public_names(names: Sequence[str]) -> dict[str, str]:
    """Model names as they may stand in a folder that travels: of an absolute path, the last part.

    Two that then are the same keep as much of their paths as tells them apart; two texts of one path are numbered.
    """
    different, shown = dict.fromkeys(names), dict[str, str]()
    for parts in range(1, 1 + max((len(Path(name).parts) for name in different), default=1)):
        shown = {name: _last(name, parts) for name in different}
        if len(set(shown.values())) == len(different):
            return shown
    texts = list(shown.values())
    return {
        name: text if texts.index(text) == place else f"{text} ({texts[: place + 1].count(text)})"
        for place, (name, text) in enumerate(shown.items())
    }


def _last(name: str, parts: int) -> str:
    path = Path(name)
    return "/".join(path.parts[1:][-parts:]) if path.is_absolute() else name
