"""The recipe chosen on validation problems, and why."""

from collections.abc import Sequence
from typing import NamedTuple

from l2s.core.row import Row


class Choice(NamedTuple):
    """The chosen run (None if there was nothing to choose) and the reason, as a sentence."""

    run: str | None
    reason: str


def choose(candidates: Sequence[Row], benchmark: str, what: str = "recipe") -> Choice:
    """The shortest of those at parity or better; if none is, the one whose loss is bounded best.

    Args:
        candidates: rows of runs on the validation benchmark; nothing else is looked at. Equal ones go by name.
        benchmark: its name.
        what: a word for a candidate.
    """
    if not candidates:
        return Choice(None, f"no {what} was chosen: there is no candidate")
    good = [candidate for candidate in candidates if candidate["verdict"] in ("parity", "better")]
    if good:
        best = min(good, key=lambda candidate: (candidate["tokens"], candidate["run"]))
        return Choice(
            best["run"],
            f"{best['run']} was chosen on {benchmark}: the shortest ({best['tokens']:.1f} tokens) of the "
            f"{len(good)} of {len(candidates)} {what}s at parity with the slow model there",
        )
    best = min(candidates, key=lambda candidate: (-candidate["difference_low"], candidate["run"]))
    return Choice(
        best["run"],
        f"{best['run']} was chosen on {benchmark}: no {what} is at parity there, and its loss is bounded best "
        f"(at most {-100 * best['difference_low']:.1f} points)",
    )
