"""What a trial costs and brings, problem by problem, and who finds it out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from l2s.core.row import Row

if TYPE_CHECKING:
    from l2s.search.space import Candidate


class Outcome(NamedTuple):
    """One problem as one model answered it."""

    problem: str
    """Its id."""
    correct: bool
    tokens: int
    """Generated ones."""


class Trialist(Protocol):
    """Merges candidates, lets them answer, and grades the answers; the same question has the same answer always."""

    @property
    def inputs(self) -> str:
        """Digest of all but candidate and problem that decides an outcome: models, decoding, grading, version."""
        ...

    def baseline(self, problems: Sequence[Row]) -> list[Outcome]:
        """Outcomes of the slow run, in the order of the problems."""
        ...

    def answer(self, asked: Sequence[tuple["Candidate", Sequence[Row]]]) -> list[list[Outcome]]:
        """Outcomes of several candidates, each on its problems; in any order or at once, returned as asked."""
        ...

    def digest(self, candidate: "Candidate") -> str:
        """Digest of the candidate's weights, as that of the folder merged from its recipe."""
        ...
