"""A simulated trialist: outcomes whose truth is known, drawn from candidate and problem alone."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from l2s.core.digests import digest_text
from l2s.core.row import Row
from l2s.core.seeds import seed_for
from l2s.search.candidates.ranges import Choice, Number
from l2s.search.candidates.template import Open, Pick
from l2s.search.found import SearchResult
from l2s.search.outcome import Outcome
from l2s.search.search import search
from l2s.search.settings import SearchParams
from l2s.search.space import Candidate, Space

SLOW_TOKENS = 113
SLOW_ACCURACY = 0.99
POOL = 2000

Truth = Callable[[Mapping[str, Any]], tuple[float, float, float]]
"""Of a recipe: the share of problems lost, the share won, and mean tokens of a right answer over slow's."""


def problems(count: int) -> list[Row]:
    return [
        {"benchmark": "search", "id": str(k), "problem": f"problem {k}", "gold": "1", "level": k % 5 + 1}
        for k in range(count)
    ]


def line(recipe: Mapping[str, Any]) -> tuple[float, float, float]:
    """The spec's line of recipes: a cliff in accuracy below 0.3, one in length above 0.55, a plateau between."""
    s = recipe["s"]
    lost = 0.005 + max(0.0, 0.37 - s) * 0.3 + max(0.0, s - 0.57) * 0.25 * (s < 0.85)
    return lost, 0.007, 0.362 + max(0.0, s - 0.25) * 0.01 + max(0.0, s - 0.53) * 1.4


class Simulated:
    """Answers as the truth says; ``order`` permutes the work of a round, as workers do, and ``dies`` kills it."""

    inputs = "simulated"

    def __init__(self, truth: Truth, seed: int = 0, order: int = 0, dies: int | None = None) -> None:
        self.truth, self.seed, self.order, self.dies = truth, seed, order, dies
        self.answered = self.calls = 0
        self.drawn: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        rng = np.random.default_rng(seed_for(seed, "slow"))
        self.right, self.slow = rng.random(POOL) < SLOW_ACCURACY, np.rint(SLOW_TOKENS * rng.uniform(0.3, 1.7, POOL))

    def baseline(self, problems: Sequence[Row]) -> list[Outcome]:
        self._live()
        return [Outcome(row["id"], bool(self.right[k]), int(self.slow[k])) for row in problems for k in [place(row)]]

    def answer(self, asked: Sequence[tuple[Candidate, Sequence[Row]]]) -> list[list[Outcome]]:
        places = list(range(len(asked)))
        Random(self.order).shuffle(places)
        found: dict[int, list[Outcome]] = {}
        for at in places:
            self._live()
            candidate, rows = asked[at]
            right, tokens = self._drawn(candidate)
            found[at] = [Outcome(row["id"], bool(right[k]), int(tokens[k])) for row in rows for k in [place(row)]]
            self.answered += len(rows)
        return [found[at] for at in range(len(asked))]

    def digest(self, candidate: Candidate) -> str:
        self._live()
        return digest_text(f"weights {candidate.key}")

    def _live(self) -> None:
        self.calls += 1
        if self.dies is not None and self.calls > self.dies:
            raise KeyboardInterrupt

    def _drawn(self, candidate: Candidate) -> tuple[np.ndarray, np.ndarray]:
        """Right or wrong, and tokens, on all problems; a wrong answer gives up half way."""
        if candidate.key not in self.drawn:
            lost, won, share = self.truth(candidate.recipe)
            draws = np.random.default_rng(seed_for(self.seed, candidate.key)).random(POOL)
            right = np.where(self.right, draws >= lost / SLOW_ACCURACY, draws < won / (1 - SLOW_ACCURACY))
            self.drawn[candidate.key] = right, np.rint(self.slow * share * np.where(right, 1.0, 0.5))
        return self.drawn[candidate.key]


def place(row: Row) -> int:
    return int(row["id"])


def line_space(low: float = 0.0, high: float = 1.0, step: float | None = None) -> Space:
    return Space((Number("s", low, high, step),), {"s": Open("s")})


def plane_space() -> Space:
    return Space(
        (Number("s", 0.0, 1.0), Number("t", 0.0, 1.0), Choice("method", ("ties", "linear"))),
        {"s": Open("s"), "t": Open("t"), "method": Pick("method", ("ties", "linear"))},
    )


def settings(**given: Any) -> SearchParams:
    found = {"recipe": {}, "benchmark": "search", "slow": "slow", "budget": {"trials": 12, "problems": 4000}} | given
    return SearchParams.parse(found, "searches.a")


def run(folder: Path, trialist: Simulated, space: Space | None = None, count: int = 500, **given: Any) -> SearchResult:
    starts, say = given.pop("starts", ()), given.pop("say", lambda sentence: None)
    return search(
        settings(**given), space or line_space(), problems(count), trialist, folder / "out", folder / "journal.jsonl",
        starts=starts, say=say,
    )  # fmt: skip
