"""Rotary embeddings whose frequencies depend on how long the text is: what was read before must be read anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Rope:
    """Where the frequencies of a model change."""

    turns: frozenset[int] = frozenset()
    """Lengths that are the first with other frequencies (longrope)."""
    grows_past: int | None = None
    """Past this length they change with every token (dynamic)."""

    @classmethod
    def of(cls, config: Any) -> Self:
        """That of a model with this config."""
        own: int = getattr(config, "max_position_embeddings", None) or 0
        turns, grows = set[int](), list[int]()
        for found in _tables(getattr(config, "rope_parameters", None)):
            kind = str(found.get("rope_type"))
            original = int(
                found.get("original_max_position_embeddings")
                or getattr(config, "original_max_position_embeddings", None)
                or own
            )
            if kind == "longrope":
                turns.add(original + 1)
            elif "dynamic" in kind:
                grows.append(own)
        return cls(frozenset(turns), min(grows, default=None))

    @property
    def follows_length(self) -> bool:
        """Frequencies are those of the longest row of a batch: rows may not share one."""
        return bool(self.turns) or self.grows_past is not None

    @property
    def remembers(self) -> bool:
        """The model keeps the frequencies of the longest text it has read."""
        return self.grows_past is not None

    def grown(self, length: int) -> bool:
        """At ``length`` every token has frequencies of its own: nothing that was read before can be kept."""
        return self.grows_past is not None and length > self.grows_past

    def moves_at(self, length: int) -> bool:
        """Frequencies at ``length`` are others than one token before."""
        return length in self.turns or self.grown(length)


def _tables(found: Any) -> Iterator[dict[str, Any]]:
    """One, or one for each kind of layer."""
    if isinstance(found, dict):
        if "rope_type" in found:
            yield found
        for inner in found.values():
            yield from _tables(inner)
