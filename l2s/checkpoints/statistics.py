"""Statistics: what calibration measured of a model, as one safetensors file."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from safetensors import SafetensorError, safe_open

from l2s.checkpoints.files.index import listed
from l2s.core.digests import digest_file
from l2s.core.errors import CheckpointError
from l2s.core.files import replacing
from l2s.core.lazy import Tensor, torch

Kind = Literal["activations", "sensitivities"]
DISTANCE = "distance:"
"""What a distance's name begins with; the digest of the other model's weights follows."""
LAYER = re.compile(r"^(.*?\.(?:layers|h|blocks|block)\.\d+)\.")


@dataclass(frozen=True, eq=False)
class Statistics:
    """Calibration statistics of one model."""

    kind: Kind
    tensors: Mapping[str, Tensor]
    """``activations``: by weight name, float32 ``[in]``, Σ over blocks of the mean |x| of each input channel.
    ``sensitivities``: by :func:`layer_group`, float32 scalars, mean over texts of Σ |θ ⊙ ∂L/∂θ|; and by
    ``distance:<weights digest of another model>``, the mean distance of the two models' logits."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What they were made from: the model's name and ``weights`` digest, the ``texts`` file's and the ``token_ids``'
    digests, counts, seed, device, versions."""
    digest: str = ""
    """Digest of the file."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file of ours.

        Raises:
            CheckpointError: no such file, or not such a file.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {}).get("l2s", "{}"))
                tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        except FileNotFoundError:
            raise CheckpointError(f"{path}: no such file; make it with l2s calibrate") from None
        except (OSError, SafetensorError, ValueError, RecursionError) as error:
            raise CheckpointError(f"{path}: not a safetensors file of statistics: {error}") from None
        kind = about.pop("kind", None) if isinstance(about, dict) else None
        if kind not in ("activations", "sensitivities"):
            raise CheckpointError(f"{path}: holds no calibration statistics; make them with l2s calibrate")
        for name, tensor in tensors.items():
            if not torch.isfinite(tensor).all():
                raise CheckpointError(f"{path}: {name} holds NaN or infinite entries; calibrate again")
        return cls(kind, tensors, about, digest_file(path))

    def write(self, path: Path) -> None:
        """Write atomically; the same content gives the same bytes."""
        from safetensors.torch import save  # which imports torch

        about = json.dumps({"kind": self.kind, **dict(sorted(self.about.items()))}, ensure_ascii=False)
        content = save({name: self.tensors[name].contiguous() for name in sorted(self.tensors)}, {"l2s": about})
        with replacing(path) as file:
            file.write(content)


def coverage(statistics: Statistics, names: Iterable[str]) -> str:
    """How many of a model's weights have statistics, and which have none: a part of a sentence."""
    every = list(names)
    if statistics.kind == "sensitivities":
        without = [name for name in every if layer_group(name) not in statistics.tensors]
    else:
        without = [name for name in every if name not in statistics.tensors]
    said = f"{len(every) - len(without)} of {len(every)} weights have statistics"
    return f"{said}; none have {listed(without)}" if without else said


def layer_group(name: str) -> str:
    """A weight's layer, e.g. ``model.layers.7``; else its module, e.g. ``model.embed_tokens``, ``lm_head``."""
    layer = LAYER.match(name)
    return layer[1] if layer else name.rsplit(".", 1)[0]
