"""Levels of length that a trained model is asked for: whether they are distinct and in order, and parity at each."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from l2s.analysis.inputs.facts import Facts
from l2s.analysis.results.comparisons import Parts, compare_pair, pairs_of
from l2s.analysis.results.differences import same_problems
from l2s.analysis.results.rows import Part, has_tokens
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.statistics.accuracy import columns
from l2s.analysis.statistics.paired import holm, mcnemar
from l2s.core.row import Row
from l2s.core.summary import with_ends

ORDER = ("short", "medium", "long")
COPIED = with_ends("run", "n", "accuracy~", "tokens~", "difference~", "verdict")


def asked_rows(rows: Sequence[Row], parts: Parts, facts: Facts, settings: AnalysisParams) -> list[Row]:
    """One row per level of each model that was asked for two levels or more, by benchmark, from short to long.

    A level is *distinct* from the one below where its mean length is greater with the paired interval of their ratio,
    and the sign test over problems (exact, Holm over a model's steps) agrees. The curve is *ordered* where each is.

    Args:
        rows: of the summary.
        parts: the verdicts behind them.
        facts: which run asks for which level.
        settings: confidence, bootstrap and seed.
    """
    known = {(row["run"], row["benchmark"]): row for row in rows if has_tokens(parts[row["run"], row["benchmark"]])}
    found = []
    for (benchmark, model), runs in sorted(_curves(known, facts).items()):
        levels = [level for level in ORDER if level in runs]
        steps = _steps([parts[runs[level], benchmark] for level in levels], benchmark, settings)
        distinct = [step["distinct"] for step in steps]
        for level, step in zip(levels, [_step(None, None, settings), *steps], strict=True):
            row = known[runs[level], benchmark]
            found.append(
                {"model": model, "benchmark": benchmark, "length_level": level}
                | {name: row.get(name) for name in COPIED}
                | step
                | {"ordered": None if None in distinct else all(distinct)}
            )
    return found


def _curves(known: Mapping[tuple[str, str], Row], facts: Facts) -> dict[tuple[str, str], dict[str, str]]:
    """(benchmark, model) to level to run, where there are two levels or more; without a length control."""
    curves: dict[tuple[str, str], dict[str, str]] = {}
    for (run, benchmark), row in sorted(known.items()):
        own = facts.get(run)
        if own is not None and own.length_level in ORDER and not own.controlled:
            curves.setdefault((benchmark, row["model"]), {}).setdefault(own.length_level, run)
    return {key: runs for key, runs in curves.items() if len(runs) > 1}


def _steps(levels: Sequence[Part], benchmark: str, settings: AnalysisParams) -> list[Row]:
    """Each level but the first beside the one below; nothing is said of those that did not answer the same problems."""
    pairs = {number: pair for number, pair in enumerate(pairwise(levels)) if same_problems(*pair)}
    tested = {number: compare_pair(longer, below, settings, benchmark) for number, (below, longer) in pairs.items()}
    p_values = holm({str(number): _sign_test(longer, below) for number, (below, longer) in pairs.items()})
    return [
        _step(tested[number].ratio, p_values[str(number)], settings)
        if number in tested
        else _step(None, None, settings)
        for number in range(len(levels) - 1)
    ]


def _step(ratio: Any, p: float | None, settings: AnalysisParams) -> Row:
    distinct = None if ratio is None or p is None else bool(ratio.low > 1 and p < 1 - settings.confidence)
    return {**columns("ratio_to_shorter", ratio), "p_step": p, "distinct": distinct}


def _sign_test(longer: Part, below: Part) -> float:
    pairs = pairs_of(longer, below)
    return mcnemar(np.bincount(pairs.problem, pairs.tokens - pairs.tokens_slow).astype(np.float64))
