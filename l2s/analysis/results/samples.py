"""Several samples a problem: pass@k and maj@k."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from l2s.analysis.inputs.transcript import plain
from l2s.analysis.results.rows import Part
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import Interval, columns
from l2s.analysis.statistics.bounded_mean import mean_bounds


def sample_rows(part: Part, settings: AnalysisParams) -> list[dict[str, Any]]:
    """pass@k and maj@k for k = 1, 2, 4, … and the most samples a problem has; nothing for one sample a problem."""
    if part["id"].n_unique() == part.height:
        return []
    answers = pl.Series([None if a is None else plain(a) for a in part["answer"].to_list()], dtype=pl.String)
    problems = (
        part.with_columns(answer=answers)
        .group_by("id", maintain_order=True)
        .agg("answer", "correct", pl.len().alias("n"), pl.col("correct").sum().alias("right"))
    )
    most = int(problems["n"].max() or 1)  # type: ignore[arg-type]
    names = {"run": part["run"][0], "benchmark": part["benchmark"][0]}
    steps = sorted({1 << power for power in range(most.bit_length())} | {most})
    return [names | _at(problems.filter(pl.col("n") >= k), k, settings) for k in steps]


def pass_at_k(n: NDArray[np.int64], right: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """1 − C(n − c, k) / C(n, k), unbiased (Chen et al., arXiv:2107.03374), problem by problem.

    Args:
        n: samples of each problem, at least k.
        right: of them.
        k: samples allowed.
    """
    wrong = (n - right)[:, None] - np.arange(k)
    return np.asarray(1 - np.prod(wrong.clip(0) / (n[:, None] - np.arange(k)), axis=1))


def majority(answers: list[str | None], correct: list[bool], k: int) -> float:
    """Share of right majority votes among disjoint groups of k samples, in order (unbiased for maj@k).

    Samples without an answer do not vote; where answers tie, each tied one counts its part. An answer is right
    where the grader said so of most samples that gave it.
    """
    scores = []
    for start in range(0, len(answers) - k + 1, k):
        votes: dict[str, list[bool]] = {}
        for answer, right in zip(answers[start : start + k], correct[start : start + k], strict=True):
            if answer is not None:
                votes.setdefault(answer, []).append(right)
        most = max(map(len, votes.values()), default=0)
        tied = [2 * sum(own) > len(own) for own in votes.values() if len(own) == most]
        scores.append(sum(tied) / len(tied) if tied else 0.0)
    return sum(scores) / len(scores)


def _at(problems: pl.DataFrame, k: int, settings: AnalysisParams) -> dict[str, Any]:
    passed = pass_at_k(problems["n"].to_numpy().astype(np.int64), problems["right"].to_numpy().astype(np.int64), k)
    given = zip(problems["answer"].to_list(), problems["correct"].to_list(), strict=True)
    votes = np.array([majority(answers, correct, k) for answers, correct in given])
    return {
        "k": k,
        "problems": problems.height,
        **columns("pass_at_k", _over_problems(passed, settings.confidence)),
        **columns("maj_at_k", _over_problems(votes, settings.confidence)),
    }


def _over_problems(values: NDArray[np.float64], confidence: float) -> Interval:
    """Mean of shares, one a problem, with Gaffke's interval: shares of few problems are no draws from a normal."""
    once = np.ones(len(values), dtype=np.int64)
    return Interval(float(values.mean()), *mean_bounds(values, once, (0.0, 1.0), confidence))
