"""Seeds: one stream per thing drawn, so that order, sharding and threads change nothing."""

import hashlib


def seed_for(seed: int, *names: str | int) -> int:
    """A 63-bit seed from the run's seed and the names of the thing drawn, e.g. ``("mask", tensor)``."""
    text = "\0".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
