"""One order of problems for all trials, so that trials are pairs: shuffled, with benchmarks and levels interleaved."""

from collections import defaultdict
from collections.abc import Sequence

from l2s.core.row import Row
from l2s.core.seeds import seed_for


def in_order(problems: Sequence[Row], seed: int) -> list[Row]:
    """The problems in an order that depends on seed and ids alone, not on how they stood.

    Each level of a benchmark is spread evenly over the order, so that any part of it holds them in their shares.
    """
    levels = defaultdict[tuple[str, int | None], list[tuple[int, Row]]](list)
    for row in problems:
        levels[row["benchmark"], row.get("level")].append((seed_for(seed, "order", row["benchmark"], row["id"]), row))
    placed = [
        ((place + 0.5) / len(drawn), draw, row)
        for drawn in levels.values()
        for place, (draw, row) in enumerate(sorted(drawn, key=lambda one: one[0]))
    ]
    return [row for _, _, row in sorted(placed, key=lambda one: one[:2])]
