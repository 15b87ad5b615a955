"""Problems that shortening lost and won, with both transcripts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from l2s.core.row import Row

OUTCOMES = ("lost", "won", "both")


@dataclass(frozen=True)
class Example:
    """One problem as two runs answered it."""

    outcome: str
    """``lost``: only the slow run was right; ``won``: only the other one; ``both``."""
    slow: Row
    other: Row


@dataclass(frozen=True)
class Examples:
    """What of two runs is shown, and how much there is."""

    counts: dict[str, int]
    """Outcome to number of responses, ``neither`` included."""
    shown: list[Example]


def pick_examples(slow: Iterable[Row], other: Iterable[Row], benchmarks: Sequence[str], each: int) -> Examples:
    """Pair two runs' verdicts by benchmark, problem and sample, and take ``each`` of every outcome.

    Lost and won problems come with the easiest first, where an error says most; those both runs solved
    with the hardest first. Equal levels keep the order of the file, so the choice is the same every time.
    """
    mine = {_key(row): row for row in other if row["benchmark"] in benchmarks}
    pairs: dict[str, list[Example]] = {outcome: [] for outcome in (*OUTCOMES, "neither")}
    for row in slow:
        if (match := mine.get(_key(row))) is not None:
            outcome = _outcome(row["correct"], match["correct"])
            pairs[outcome].append(Example(outcome, row, match))
    pairs["both"].sort(key=_difficulty, reverse=True)
    pairs["lost"].sort(key=_difficulty)
    pairs["won"].sort(key=_difficulty)
    return Examples(
        {outcome: len(found) for outcome, found in pairs.items()},
        [example for outcome in OUTCOMES for example in pairs[outcome][:each]],
    )


def _key(row: Row) -> tuple[str, str, int]:
    return row["benchmark"], str(row["id"]), row["sample"]


def _outcome(slow: bool, other: bool) -> str:
    if slow == other:
        return "both" if slow else "neither"
    return "lost" if slow else "won"


def _difficulty(example: Example) -> tuple[bool, float, str]:
    """Numbered levels in order, then named ones by name."""
    level = example.slow.get("level")
    number = level if isinstance(level, int | float) else 0.0
    return isinstance(level, str), number, str(level)
