"""Several samples a problem: pass@k and maj@k."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from l2s.analysis.accuracy import Interval, columns, wilson
from l2s.analysis.rows import Part
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.transcript import plain


def sample_rows(part: Part, settings: AnalysisParams) -> list[dict[str, Any]]:
    """pass@k and maj@k for k = 1, 2, 4, … and the most samples a problem has; nothing for one sample a problem."""
    answers = part["answer"].to_list()
    part = part.with_columns(answer=pl.Series([None if a is None else plain(a) for a in answers], dtype=pl.String))
    problems = [group for (_,), group in sorted(part.partition_by(["id"], as_dict=True).items())]
    most = max(group.height for group in problems)
    if most == 1:
        return []
    return [_row(problems, k, settings) for k in sorted({1 << power for power in range(most.bit_length())} | {most})]


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


def _row(problems: list[Part], k: int, settings: AnalysisParams) -> dict[str, Any]:
    enough = [group for group in problems if group.height >= k]
    n = np.array([group.height for group in enough])
    right = np.array([int(group["correct"].sum()) for group in enough])
    votes = np.array([majority(group["answer"].to_list(), group["correct"].to_list(), k) for group in enough])
    return {
        "run": enough[0]["run"][0],
        "benchmark": enough[0]["benchmark"][0],
        "k": k,
        "problems": len(enough),
        **columns("pass_at_k", _over_problems(pass_at_k(n, right, k), settings.confidence)),
        **columns("maj_at_k", _over_problems(votes, settings.confidence)),
    }


def _over_problems(values: NDArray[np.float64], confidence: float) -> Interval:
    """Mean of shares, one a problem; Wilson's interval with as many problems as their spread is worth, at least all."""
    value, count = float(values.mean()), len(values)
    variance = float(values.var(ddof=1)) / count if count > 1 else 0.0
    effective = max(count, value * (1 - value) / variance) if variance > 0 else count
    return wilson(value * effective, effective, confidence)
