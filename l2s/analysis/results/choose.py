"""The recipe chosen on validation problems, and why."""

from collections.abc import Sequence
from typing import NamedTuple


class Candidate(NamedTuple):
    """A run on the validation benchmark."""

    run: str
    verdict: str
    tokens: float
    difference_low: float
    """Lower end of the accuracy difference against the slow run."""


class Choice(NamedTuple):
    """The chosen run (None if there was nothing to choose) and the reason, as a sentence."""

    run: str | None
    reason: str


def choose(candidates: Sequence[Candidate], benchmark: str, what: str = "recipe") -> Choice:
    """The shortest of those at parity or better; if none is, the one whose loss is bounded best.

    Nothing else than the validation benchmark is looked at. Equal candidates go by name; ``what`` names one of them.
    """
    if not candidates:
        return Choice(None, f"no {what} was chosen: there is no candidate")
    good = [candidate for candidate in candidates if candidate.verdict in ("parity", "better")]
    if good:
        best = min(good, key=lambda candidate: (candidate.tokens, candidate.run))
        return Choice(
            best.run,
            f"{best.run} was chosen on {benchmark}: the shortest ({best.tokens:.1f} tokens) of the {len(good)} of "
            f"{len(candidates)} {what}s at parity with the slow model there",
        )
    best = min(candidates, key=lambda candidate: (-candidate.difference_low, candidate.run))
    return Choice(
        best.run,
        f"{best.run} was chosen on {benchmark}: no {what} is at parity there, and its loss is bounded best "
        f"(at most {-100 * best.difference_low:.1f} points)",
    )
