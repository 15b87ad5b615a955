"""Answers to the problems, out of the journal where they are there."""

from collections.abc import Sequence

from l2s.core.row import Row
from l2s.search.journal import Journal, kept, key_of, restored
from l2s.search.outcome import Outcome, Trialist
from l2s.search.space import Candidate

SLOW = "slow"


class Answers:
    """Asks a trialist only what no earlier run has found out."""

    def __init__(self, trialist: Trialist, journal: Journal, problems: Sequence[Row]) -> None:
        self.trialist, self.journal, self.problems = trialist, journal, problems
        self._slow = list[Outcome]()

    def slow(self, end: int) -> list[Outcome]:
        """What the slow run brings on the problems up to ``end``; those that nobody else needs are not answered."""
        rows = self.problems[len(self._slow) : end]
        if rows:
            key = key_of(self.trialist.inputs, SLOW, rows)
            if self.journal.get(key) is None:
                self.journal.add({key: kept(self.trialist.baseline(rows))})
            self._slow += restored(self.journal.get(key), rows)
        return self._slow[:end]

    def of(self, asked: Sequence[tuple[Candidate, int, int]]) -> list[list[Outcome]]:
        """What candidates bring, each on the problems from a place up to another; all that is new at once."""
        parts = [(candidate, self.problems[start:end]) for candidate, start, end in asked]
        keys = [key_of(self.trialist.inputs, candidate.key, rows) for candidate, rows in parts]
        new = [place for place, key in enumerate(keys) if self.journal.get(key) is None]
        if new:
            found = self.trialist.answer([parts[place] for place in new])
            self.journal.add({keys[place]: kept(one) for place, one in zip(new, found, strict=True)})
        return [restored(self.journal.get(key), rows) for key, (_, rows) in zip(keys, parts, strict=True)]

    def digest(self, candidate: Candidate) -> str:
        """Digest of a candidate's weights."""
        key = key_of(self.trialist.inputs, f"weights of {candidate.key}", [])
        if self.journal.get(key) is None:
            self.journal.add({key: self.trialist.digest(candidate)})
        found: str = self.journal.get(key)
        return found
