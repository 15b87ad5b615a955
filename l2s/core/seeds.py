"""Seeds: one stream per thing drawn, so that order, sharding and threads change nothing."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def seed_for(seed: int, *names: str | int) -> int:
    """A 63-bit seed from the run's seed and the names of the thing drawn, e.g. ``("mask", tensor)``."""
    text = "\0".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator_for(seed: int, *names: str | int) -> "torch.Generator":
    """A CPU generator seeded by :func:`seed_for`."""
    import torch

    return torch.Generator().manual_seed(seed_for(seed, *names))
